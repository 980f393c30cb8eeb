// What the code of the documentation talks to: one server for all snippets. scripts/snippets-preload.mjs leads them here.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { useServer } from 'graphql-ws/use/ws'
import { useDeferStream } from '@graphql-yoga/plugin-defer-stream'
import { createSchema, createYoga } from 'graphql-yoga'
import { WebSocketServer } from 'ws'

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

/** @returns its port on loopback. It keeps no process alive. */
export async function startServer() {
  const server = createServer(createYoga({ schema, logging: false, batching: true, plugins: [useDeferStream()] }))
  useServer({ schema }, new WebSocketServer({ server }))
  server.listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  return server.address().port
}
