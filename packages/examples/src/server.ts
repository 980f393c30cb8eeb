// A GraphQL server that checks credentials and remembers what it saw: graphql-yoga over HTTP, graphql-ws over WebSocket.
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { GraphQLError } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { createSchema, createYoga } from 'graphql-yoga'
import { WebSocketServer } from 'ws'

/** Where the server listens, what it accepts, and what it saw. */
export interface DemoServer {
  readonly url: string
  readonly wsUrl: string
  /** Sets the cookie of a session, for a user name and a password as JSON. */
  readonly loginUrl: string
  /** Bearer token of Ada, a user. */
  readonly adaToken: string
  /** Bearer token of Grace, an administrator. */
  readonly adminToken: string
  /** Password of the user `zoë`. It is not ASCII. */
  readonly zoePassword: string
  /** API key of a service. */
  readonly apiKey: string
  /** Cuts every WebSocket, as a server does that restarts. */
  readonly cutSockets: () => void
  /** One line for each request and each socket, secrets masked. */
  readonly seen: readonly string[]
  close(): Promise<void>
}

interface Viewer {
  readonly name: string
  readonly role: string
}

type ReadHeader = (name: string) => string | null | undefined

interface Context {
  readonly viewer: Viewer | null
  readonly tenant: string | null
}

/** Starts the server on a free port of this machine. Its secrets are new each time. */
export async function startServer(): Promise<DemoServer> {
  const newSecret = (): string => randomBytes(16).toString('hex')
  const secrets = {
    adaToken: newSecret(),
    adminToken: newSecret(),
    zoePassword: `pässwörd-${newSecret()}`,
    apiKey: newSecret(),
  }
  const zoe = Buffer.from(`zoë:${secrets.zoePassword}`, 'utf8').toString('base64')
  const accounts = new Map<string, Viewer>([
    [`authorization: Bearer ${secrets.adaToken}`, { name: 'Ada', role: 'user' }],
    [`authorization: Bearer ${secrets.adminToken}`, { name: 'Grace', role: 'admin' }],
    [`authorization: Basic ${zoe}`, { name: 'Zoë', role: 'user' }],
    [`x-api-key: ${secrets.apiKey}`, { name: 'reports', role: 'service' }],
  ])
  const seen: string[] = []
  const login = (body: string): string | undefined => {
    const { user, password } = JSON.parse(body) as { readonly user: string; readonly password: string }
    if (user !== 'zoë' || password !== secrets.zoePassword) return undefined
    const session = `sid=${newSecret()}`
    accounts.set(`cookie: ${session}`, { name: 'Zoë', role: 'user' })
    return session
  }

  /** Who sent these headers? Somebody, nobody (no credential), or an error (one that is wrong). */
  const identify = (transport: string, read: ReadHeader): Context => {
    const credential = ['authorization', 'x-api-key', 'cookie'].flatMap((name) =>
      read(name) ? [`${name}: ${read(name)}`] : [],
    )
    const viewer = credential[0] === undefined ? null : accounts.get(credential[0])
    const tenant = read('x-tenant') ?? null
    const headers = [...credential.map(mask), ...(tenant === null ? [] : [`x-tenant: ${tenant}`])]
    const who = viewer === undefined ? 'refused' : viewer === null ? 'nobody' : `${viewer.name}, ${viewer.role}`
    seen.push(`${transport}  ${headers.join('; ') || 'no credential'}  -> ${who}`)
    if (viewer !== undefined) return { viewer, tenant }
    throw new GraphQLError('this credential is not known here', {
      extensions: { code: 'UNAUTHENTICATED', http: { status: 401 } },
    })
  }

  const yoga = createYoga({
    schema,
    logging: false,
    graphiql: false,
    context: ({ request }) => identify('HTTP', (name) => request.headers.get(name)),
  })
  const http = createServer((request, response) => {
    if (request.url !== '/login') return void yoga(request, response)
    void text(request).then((body) => {
      const session = login(body)
      seen.push(`HTTP  POST /login  -> ${session === undefined ? 'refused' : 'set-cookie: sid=****'}`)
      response.writeHead(session === undefined ? 403 : 204, { 'set-cookie': `${session}; HttpOnly; Path=/` }).end()
    })
  })
  const sockets = new WebSocketServer({ server: http, path: '/graphql' })
  const contexts = new WeakMap<object, Context>()
  const webSocket = useServer(
    {
      schema,
      // `false` closes the socket with 4403.
      onConnect({ connectionParams, extra }) {
        const headers = (connectionParams?.['headers'] ?? {}) as Readonly<Record<string, string>>
        try {
          contexts.set(
            extra,
            identify('WebSocket', (name) => (name === 'cookie' ? extra.request.headers.cookie : headers[name])),
          )
          return true
        } catch {
          return false
        }
      },
      context: ({ extra }) => contexts.get(extra),
    },
    sockets,
  )

  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { port } = http.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/graphql`,
    wsUrl: `ws://127.0.0.1:${port}/graphql`,
    loginUrl: `http://127.0.0.1:${port}/login`,
    ...secrets,
    seen,
    cutSockets: () => {
      for (const socket of sockets.clients) socket.terminate()
    },
    async close() {
      await webSocket.dispose()
      const closed = new Promise((resolve) => http.close(resolve))
      http.closeAllConnections()
      await closed
    },
  }
}

/** The name of the header and of the scheme, and stars. */
function mask(header: string): string {
  return header.replace(/^(.*?: (?:Bearer |Basic |sid=)?).*$/, '$1****')
}

const schema = createSchema<Context>({
  typeDefs: /* GraphQL */ `
    type Query {
      viewer: Viewer
      tenant: String
    }
    type Viewer {
      name: String!
      role: String!
    }
    type Subscription {
      countdown(from: Int!): Int!
      "One event, and then silence."
      news: String!
    }
  `,
  resolvers: {
    Query: {
      viewer: (_root, _args, { viewer }) => viewer,
      tenant: (_root, _args, { tenant }) => tenant,
    },
    Subscription: {
      countdown: {
        subscribe(_root: unknown, { from }: { from: number }, { viewer }) {
          if (viewer === null) throw new GraphQLError('sign in to see the countdown')
          return countdown(from)
        },
      },
      news: { subscribe: () => news() },
    },
  },
})

async function* news(): AsyncGenerator<{ readonly news: string }> {
  yield { news: 'all is well' }
  await new Promise(() => {})
}

async function* countdown(from: number): AsyncGenerator<{ readonly countdown: number }> {
  for (let left = from; left > 0; left--) yield { countdown: left }
}
