import { Client, subscriptionExchange } from '@urql/core'
import { createClient } from 'graphql-ws'
import { eventSubscription, viewerQuery, type Connect, type EventData, type ViewerData } from '../app.ts'
import { sessionOf } from './session.ts'

export const connect: Connect = (settings) => {
  const { accessToken, exchanges } = sessionOf(settings)
  const socket = createClient({
    url: settings.wsUrl,
    connectionParams: () => ({ authorization: `Bearer ${accessToken()}` }),
  })
  const subscriptions = subscriptionExchange({
    forwardSubscription: ({ query = '', variables }) => ({
      subscribe: (sink) => {
        const input = { query, variables: variables as Record<string, unknown> }
        return { unsubscribe: socket.subscribe(input, { ...sink, next: (result) => sink.next(result as never) }) }
      },
    }),
  })
  const client = new Client({ url: settings.url, exchanges: [...exchanges, subscriptions], preferGetMethod: false })
  return {
    viewer: async () => (await client.query<ViewerData>(viewerQuery, {}).toPromise()).data?.viewer.name ?? '',
    listen(onEvent) {
      client.subscription<EventData>(eventSubscription, {}).subscribe(({ data }) => data && onEvent(data.event))
    },
  }
}
