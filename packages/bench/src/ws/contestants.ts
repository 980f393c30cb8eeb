import { ApolloClient, gql, InMemoryCache } from '@apollo/client'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { bearerLink, chain, createClient as createGraphlinksClient } from '@graphlinks/core'
import { wsLink } from '@graphlinks/ws-link'
import { createClient as createUrqlClient, subscriptionExchange } from '@urql/core'
import { createClient as createWsClient, type Client } from 'graphql-ws/client'
import { pipe, subscribe } from 'wonka'
import { WebSocket } from 'ws'
import { subscription, type Contestant, type EventData } from './contestant.ts'

/** The socket, JSON, and a map: what nobody can do without. */
export const raw: Contestant = {
  name: 'ws and JSON.parse',
  connect(url) {
    const sinks = new Map<string, (data: EventData) => void>()
    const socket = new WebSocket(url, 'graphql-transport-ws')
    const ready = new Promise<void>((resolve) => {
      socket.on('open', () => socket.send('{"type":"connection_init"}'))
      socket.on('message', (text: Buffer) => {
        const { type, id, payload } = JSON.parse(text.toString()) as {
          readonly type: string
          readonly id: string
          readonly payload: { readonly data: EventData }
        }
        if (type === 'next') sinks.get(id)?.(payload.data)
        else if (type === 'complete') sinks.delete(id)
        else resolve()
      })
    })
    let lastId = 0
    return {
      subscribe(variables, onData) {
        const id = String(++lastId)
        sinks.set(id, onData)
        const message = JSON.stringify({ id, type: 'subscribe', payload: { query: subscription, variables } })
        void ready.then(() => socket.send(message))
      },
      close: () => socket.terminate(),
    }
  },
}

const bareClient = (url: string): Client => createWsClient({ url, webSocketImpl: WebSocket, lazy: false })

export const graphqlWs: Contestant = {
  name: 'graphql-ws, through its sink',
  connect(url) {
    const client = bareClient(url)
    return {
      subscribe(variables, onData) {
        client.subscribe<EventData>(
          { query: subscription, variables },
          { next: ({ data }) => data && onData(data), error: fail, complete() {} },
        )
      },
      close: () => client.dispose(),
    }
  },
}

export const graphlinks: Contestant = {
  name: 'graphlinks',
  connect(url) {
    const link = chain(bearerLink('secret-token'), wsLink({ url, webSocket: WebSocket }))
    const client = createGraphlinksClient({ link })
    let isClosed = false
    return {
      subscribe(variables, onData) {
        const read = async (): Promise<void> => {
          for await (const { data } of client.subscribe(subscription, variables)) onData(data as EventData)
        }
        // Some may still wait for the last message of their subscription.
        read().catch((error: unknown) => isClosed || fail(error))
      },
      close() {
        isClosed = true
        return client.dispose()
      },
    }
  },
}

export const urql: Contestant = {
  name: 'urql',
  connect(url) {
    const ws = bareClient(url)
    const exchange = subscriptionExchange({
      forwardSubscription: ({ query = '', variables, operationName }) => ({
        subscribe: (sink) => {
          const input = { query, variables: variables as Record<string, unknown>, operationName }
          return { unsubscribe: ws.subscribe(input, { ...sink, next: (result) => sink.next(result as never) }) }
        },
      }),
    })
    const client = createUrqlClient({ url: 'http://unused.invalid/', exchanges: [exchange], preferGetMethod: false })
    return {
      subscribe(variables, onData) {
        pipe(
          client.subscription<EventData>(subscription, variables),
          subscribe(({ data, error }) => {
            if (error) fail(error)
            else if (data) onData(data)
          }),
        )
      },
      close: () => ws.dispose(),
    }
  },
}

export const apollo: Contestant = {
  name: 'Apollo Client',
  connect(url) {
    const ws = bareClient(url)
    const client = new ApolloClient({ cache: new InMemoryCache(), link: new GraphQLWsLink(ws) })
    const query = gql(subscription)
    return {
      subscribe(variables, onData) {
        client.subscribe<EventData>({ query, variables }).subscribe({
          next: ({ data, error }) => (error ? fail(error) : data && onData(data)),
          error: fail,
        })
      },
      close: () => ws.dispose(),
    }
  },
}

/** A contestant that fails would look fast. */
function fail(error: unknown): never {
  console.error(error)
  process.exit(1)
}
