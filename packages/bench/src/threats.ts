import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { createClient, type Client as GraphLinksClient } from '@graphlinks/core'
import { httpLink } from '@graphlinks/http-link'
import { Client as UrqlClient, fetchExchange } from '@urql/core'
import { GraphQLClient } from 'graphql-request'
import type { Part, Row } from './outcome.ts'

type Headers = Readonly<Record<string, string>>

/** A client for one URL, asked the same query by several people. */
interface Contestant {
  readonly name: string
  readonly connect: (url: string) => (headers: Headers, variables?: object) => Promise<unknown>
}

const query = 'query Q($a: String) { a(a: $a) }'

const contestants: readonly Contestant[] = [
  {
    name: 'graphlinks',
    connect(url) {
      let client: GraphLinksClient | undefined
      return async (headers, variables) => {
        client ??= createClient({ link: httpLink({ url }) })
        return (await client.query(query, { ...variables }, { headers })).data
      }
    },
  },
  {
    name: 'Apollo Client',
    connect(url) {
      const client = new ApolloClient({ link: new HttpLink({ uri: url }), cache: new InMemoryCache() })
      const document = gql(query)
      return async (headers, variables) =>
        (
          await client.query({
            query: document,
            variables: { ...variables },
            context: { headers },
            fetchPolicy: 'network-only',
          })
        ).data
    },
  },
  {
    name: 'urql',
    connect(url) {
      const client = new UrqlClient({ url, exchanges: [fetchExchange], preferGetMethod: false })
      return async (headers, variables) => {
        const { data, error } = await client.query(query, { ...variables }, { fetchOptions: { headers } }).toPromise()
        if (error) throw error
        return data as unknown
      }
    },
  },
  {
    name: 'graphql-request',
    connect: (url) => async (headers, variables) =>
      new GraphQLClient(url).request(query, { ...variables }, headers) as Promise<unknown>,
  },
]

/** What can go wrong: whether it did, by a client. */
interface Observation {
  readonly threat: number
  readonly what: string
  readonly observe: (contestant: Contestant) => Promise<boolean>
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void

async function withServer<Value>(handle: Handler, run: (url: string) => Promise<Value>): Promise<Value> {
  const server: Server = createServer((request, response) => {
    request.resume().on('end', () => handle(request, response))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    return await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const json = { 'content-type': 'application/json' }
const secret = 'canary-4711-canary'

/** All that a log would have of an error. */
async function printedError(asked: Promise<unknown>): Promise<string> {
  try {
    await asked
    return ''
  } catch (error) {
    return inspect(error, { depth: 20, maxStringLength: null }) + JSON.stringify(error)
  }
}

const observations: readonly Observation[] = [
  {
    threat: 2,
    what: 'x-api-key follows a 307 to another port',
    async observe({ connect }) {
      let seen: unknown
      return withServer(
        ({ headers }, response) => {
          seen = headers['x-api-key']
          response.writeHead(200, json).end('{"data":{"a":"1"}}')
        },
        (there) =>
          withServer(
            (_, response) => response.writeHead(307, { location: there }).end(),
            async (here) => {
              await connect(here)({ 'x-api-key': secret }).catch(() => {})
              return seen === secret
            },
          ),
      )
    },
  },
  {
    threat: 7,
    what: 'a token with a line feed is in the error that refuses it',
    observe: async ({ connect }) =>
      (await printedError(connect('http://127.0.0.1:9/')({ authorization: `Bearer ${secret}\nx` }))).includes(secret),
  },
  {
    threat: 8,
    what: 'variables are in the error of a page with status 500',
    observe: ({ connect }) =>
      withServer(
        (_, response) => response.writeHead(500, { 'content-type': 'text/html' }).end('<p>no'),
        async (url) => (await printedError(connect(url)({}, { a: secret }))).includes(secret),
      ),
  },
  {
    threat: 8,
    what: 'a token that the server echoes is in the error',
    observe: ({ connect }) =>
      withServer(
        ({ headers }, response) => response.writeHead(500, { 'content-type': 'text/html' }).end(headers.authorization),
        async (url) => (await printedError(connect(url)({ authorization: `Bearer ${secret}` }))).includes(secret),
      ),
  },
  {
    threat: 9,
    what: 'a password in the URL is in the error',
    observe: async ({ connect }) => {
      const asked = (async () => connect(`http://user:${secret}@127.0.0.1:9/`)({}))()
      return (await printedError(asked)).includes(secret)
    },
  },
  {
    threat: 13,
    what: '64 kB of gzip become a body of 64 MB',
    observe: ({ connect }) => {
      const bomb = gzipSync(`{"data":{"a":"${'x'.repeat(64 * 1_048_576)}"}}`)
      return withServer(
        (_, response) => response.writeHead(200, { ...json, 'content-encoding': 'gzip' }).end(bomb),
        async (url) =>
          connect(url)({}).then(
            () => true,
            () => false,
          ),
      )
    },
  },
  {
    threat: 15,
    what: 'B, who asks the same at the same time, gets the data of A',
    observe: ({ connect }) =>
      withServer(
        ({ headers }, response) => {
          const body = JSON.stringify({ data: { a: headers.authorization } })
          setTimeout(() => response.writeHead(200, json).end(body), 50)
        },
        async (url) => {
          const ask = connect(url)
          const [, b] = await Promise.all([ask({ authorization: 'A' }), ask({ authorization: 'B' })])
          return (b as { readonly a: string }).a !== 'B'
        },
      ),
  },
  {
    threat: 23,
    what: 'escape sequences of an error reach its message',
    observe: ({ connect }) =>
      withServer(
        (_, response) => response.writeHead(500, { 'content-type': 'text/plain' }).end('\u001b[2J'),
        async (url) =>
          connect(url)({}).then(
            () => false,
            (error: unknown) => String(error).includes('\u001b') || String((error as Error).stack).includes('\u001b'),
          ),
      ),
  },
]

export const threats: Part = {
  method:
    'Some rows of [security](security.md), and whether they happen: against servers that try, with each client as it comes.' +
    ' Nothing here depends on the machine.',
  async run(add) {
    const rows: Row[] = []
    const own: string[] = []
    for (const { threat, what, observe } of observations) {
      for (const contestant of contestants) {
        const happened = await observe(contestant)
        rows.push({ contestant: `${threat} ${what}`, measure: contestant.name, value: happened ? 'yes' : 'no' })
        if (happened && contestant === contestants[0]) own.push(what)
      }
    }
    add({ title: 'threat', rows })
    return [{ what: 'threats that happen to us', value: own.join(', ') || 'none', limit: 'none', holds: !own.length }]
  },
}
