// Loaded before each snippet: https://<anything>.example.com/graphql and its wss: twin are answered in this process, so
// that documentation is checked as it is written, without a network.
import { createServer } from 'node:http'
import { useServer } from 'graphql-ws/use/ws'
import { useDeferStream } from '@graphql-yoga/plugin-defer-stream'
import { createSchema, createYoga } from 'graphql-yoga'
import { WebSocket, WebSocketServer } from 'ws'

const cities = ['Lima', 'Oslo', 'Pune', 'Quito'].map((name, index) => ({ id: String(index + 1), name }))

const schema = createSchema({
  typeDefs: /* GraphQL */ `
    type Query {
      hello: String!
      me: User
      cities(first: Int!): [City!]!
    }
    type Mutation {
      addCity(name: String!): City!
      upload(file: Upload!): UploadedFile!
    }
    scalar Upload
    type UploadedFile {
      name: String!
      size: Int!
    }
    type Subscription {
      countdown(from: Int!): Int!
    }
    type User {
      id: ID!
      name: String!
    }
    type City {
      id: ID!
      name: String!
    }
  `,
  resolvers: {
    Query: {
      hello: () => 'Hello',
      me: () => ({ id: '1', name: 'Ada' }),
      cities: (_, { first }) => cities.slice(0, first),
    },
    Mutation: { addCity: (_, { name }) => ({ id: '5', name }), upload: (_, { file }) => file },
    Subscription: {
      countdown: {
        async *subscribe(_, { from }) {
          for (let count = from; count >= 0; count--) yield { countdown: count }
        },
      },
    },
  },
})

function check(url, protocol) {
  const { protocol: actual, hostname, pathname } = new URL(url)
  if (actual === protocol && /(^|\.)example\.com$/.test(hostname) && pathname === '/graphql') return
  throw new TypeError(`snippets reach only ${protocol}//api.example.com/graphql, not ${url}`)
}

const yoga = createYoga({ schema, logging: false, batching: true, plugins: [useDeferStream()] })
const { fetch } = globalThis
globalThis.fetch = async (url, init) => {
  // A server that the snippet itself started.
  if (new URL(url).hostname === '127.0.0.1') return fetch(url, init)
  if (/^https:\/\/api\.example\.com\/(login\/?|sanctum\/csrf-cookie)$/.test(url))
    return new Response('', { headers: { 'set-cookie': 'sid=abc123; Path=/; Secure; HttpOnly' } })
  check(url, 'https:')
  return yoga.fetch(url, init)
}

const http = createServer()
useServer({ schema }, new WebSocketServer({ server: http }))
await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve))
// The snippet ends the process by being over.
http.unref()
const { port } = http.address()

globalThis.WebSocket = class extends WebSocket {
  constructor(url, protocols) {
    check(url, 'wss:')
    super(`ws://127.0.0.1:${port}/graphql`, protocols)
  }
}
