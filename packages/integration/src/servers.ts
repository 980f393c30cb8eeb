/** The servers of these tests: real GraphQL over HTTP and WebSocket on one port, and raw ones that misbehave. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { GraphQLError, type ExecutionArgs } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { createSchema, createYoga, type Plugin } from 'graphql-yoga'
import { WebSocketServer } from 'ws'

/** Something that a server saw, in order. */
interface Seen {
  readonly what: 'request' | 'aborted' | 'slow' | 'socket' | 'message' | 'closed' | 'introspection'
  readonly headers?: Readonly<Record<string, unknown>>
  readonly url?: string | undefined
  readonly type?: string
  readonly payload?: unknown
  readonly code?: number
}

/** What a server saw. A test waits for an entry, and not for a while. */
class ServerLog {
  readonly entries: Seen[] = []
  readonly #waiting = new Set<() => void>()

  add(entry: Seen): void {
    this.entries.push(entry)
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }

  /** The entries of one kind; for messages, also of one type. */
  of(what: Seen['what'], type?: string): Seen[] {
    return this.entries.filter((entry) => entry.what === what && (type === undefined || entry.type === type))
  }

  async wait(what: Seen['what'], type?: string): Promise<Seen> {
    for (;;) {
      const [entry] = this.of(what, type)
      if (entry) return entry
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }
}

interface Caller {
  /** The credentials that arrived, as readable text: `bearer t0ken`, `basic user:password`, ... */
  readonly credentials: readonly string[]
}

interface GraphQLServer {
  readonly url: string
  readonly wsUrl: string
  readonly log: ServerLog
  /** How often the mutation was executed. */
  readonly executions: () => number
  /** Lets every `slow` query go on. */
  readonly release: () => void
  readonly close: () => Promise<void>
}

const typeDefs = /* GraphQL */ `
  type User {
    name: String!
  }
  type Query {
    hello: String!
    me: User!
    whoami(latencyMs: Int): [String!]!
    slow: String!
    complain: String
  }
  type Mutation {
    increment(by: Int! = 1): Int!
  }
  type Subscription {
    countdown(from: Int!): Int!
    whoami: [String!]!
    idle: Int!
  }
`

/** Starts graphql-yoga on node:http, with graphql-ws on the same port. Introspection needs a credential. */
export async function startGraphQLServer(): Promise<GraphQLServer> {
  const log = new ServerLog()
  let executions = 0
  let release = (): void => {}
  const released = new Promise<void>((resolve) => (release = resolve))

  const yoga = createYoga({
    logging: false,
    landingPage: false,
    graphiql: false,
    plugins: [guardIntrospection(log)],
    context: callerOf,
    schema: createSchema<Caller>({
      typeDefs,
      resolvers: {
        Query: {
          hello: () => 'world',
          me: (_, __, { credentials }) => {
            const [name] = credentials
            if (name === undefined) throw new GraphQLError('sign in first', { extensions: { code: 'UNAUTHENTICATED' } })
            return { name }
          },
          whoami: async (_, { latencyMs = 0 }: { latencyMs?: number }, { credentials }) => {
            if (latencyMs > 0) await setTimeout(latencyMs)
            return credentials
          },
          slow: async () => {
            log.add({ what: 'slow' })
            await released
            return 'at last'
          },
          complain: (_, __, { credentials }) => {
            throw new GraphQLError(`I do not like ${credentials.join()}`)
          },
        },
        Mutation: { increment: (_, { by }: { by: number }) => (executions += by) },
        Subscription: {
          countdown: {
            async *subscribe(_: unknown, { from }: { from: number }) {
              for (let n = from; n > 0; n--) yield { countdown: n }
            },
          },
          whoami: {
            async *subscribe(_: unknown, __: unknown, { credentials }: Caller) {
              yield { whoami: credentials }
            },
          },
          idle: { subscribe: () => ({ [Symbol.asyncIterator]: idle }) },
        },
      },
    }),
  })

  const server = createServer((request, response) => {
    log.add({ what: 'request', headers: request.headers, url: request.url })
    response.on('close', () => response.writableFinished || log.add({ what: 'aborted' }))
    void yoga(request, response)
  })
  const sockets = new WebSocketServer({ server, path: '/graphql' })
  sockets.on('connection', (socket, { headers }) => {
    log.add({ what: 'socket', headers })
    socket.on('message', (data) => {
      const { type, payload } = JSON.parse(String(data as Buffer)) as { type: string; payload?: unknown }
      log.add({ what: 'message', type, payload })
    })
    socket.on('close', (code) => log.add({ what: 'closed', code }))
  })
  const protocol = useServer(
    {
      execute: (args) => (args.rootValue as ReturnType<typeof yoga.getEnveloped>).execute(args),
      subscribe: (args) => (args.rootValue as ReturnType<typeof yoga.getEnveloped>).subscribe(args),
      async onSubscribe(context, _id, params) {
        const enveloped = yoga.getEnveloped({ ...context, params })
        const { schema, contextFactory, parse, validate } = enveloped
        const document = parse(params.query) as ExecutionArgs['document']
        const errors = validate(schema, document) as GraphQLError[]
        if (errors.length > 0) return errors
        const { operationName, variables: variableValues } = params
        const contextValue: unknown = await contextFactory()
        return { schema, operationName, document, variableValues, contextValue, rootValue: enveloped } as ExecutionArgs
      },
    },
    sockets,
    0,
  )
  const port = await listen(server)
  return {
    url: `http://127.0.0.1:${port}/graphql`,
    wsUrl: `ws://127.0.0.1:${port}/graphql`,
    log,
    executions: () => executions,
    release,
    async close() {
      release()
      for (const socket of sockets.clients) socket.terminate()
      await protocol.dispose()
      await stop(server)
    },
  }
}

function idle(): AsyncIterator<never> {
  let end: (step: IteratorResult<never>) => void = () => {}
  const done = { done: true, value: undefined } as const
  return {
    next: () => new Promise((resolve) => (end = resolve)),
    return: async () => (end(done), done),
  }
}

/** Who calls: over HTTP by the headers, over WebSocket by the `headers` of the `connection_init` payload. */
function callerOf(context: object): Caller {
  const { request, connectionParams } = context as { request?: Request; connectionParams?: { headers?: object } }
  const headers = new Headers({
    ...(connectionParams ? connectionParams.headers : Object.fromEntries(request?.headers ?? [])),
  })
  const [scheme, value = ''] = headers.get('authorization')?.split(' ') ?? []
  const credentials = [
    scheme === 'Basic'
      ? `basic ${Buffer.from(value, 'base64').toString()}`
      : scheme && `${scheme.toLowerCase()} ${value}`,
    headers.has('x-api-key') && `api key ${headers.get('x-api-key')}`,
    headers.has('x-session') && `custom ${headers.get('x-session')}`,
  ]
  return { credentials: credentials.filter((credential) => typeof credential === 'string') }
}

function guardIntrospection(log: ServerLog): Plugin {
  return {
    onExecute({ args, setResultAndStopExecution }) {
      if (!JSON.stringify(args.document).includes('"__schema"')) return
      log.add({ what: 'introspection' })
      if ((args.contextValue as unknown as Caller).credentials.length > 0) return
      const error = new GraphQLError('introspection is for members', { extensions: { code: 'UNAUTHENTICATED' } })
      setResultAndStopExecution({ errors: [error] })
    },
  }
}

/** Starts an HTTP server that does as it is told. */
export async function startHttpServer(
  onRequest: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => onRequest(request, response, Buffer.concat(chunks).toString()))
  })
  // Where ten thousand requests keep the process busy for longer, idle sockets would be closed that a client is about to use.
  server.keepAliveTimeout = 0
  const port = await listen(server)
  return { url: `http://127.0.0.1:${port}/graphql`, close: () => stop(server) }
}

/** Starts a WebSocket server that does as it is told. Without a subprotocol it accepts any that is offered. */
export async function startSocketServer(
  onMessage: (
    message: { readonly type: string; readonly id?: string },
    text: string,
    socket: import('ws').WebSocket,
  ) => void,
  { protocol = 'graphql-transport-ws', status = 101 }: { protocol?: string; status?: number } = {},
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const server = createServer()
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => protocol })
  server.on('upgrade', (request, socket, head) => {
    if (status !== 101) {
      socket.end(`HTTP/1.1 ${status} ${JSON.stringify(request.headers)}\r\nconnection: close\r\n\r\n`)
      return
    }
    sockets.handleUpgrade(request, socket, head, (accepted) => {
      accepted.on('error', () => {})
      accepted.on('message', (data) => {
        const text = String(data as Buffer)
        onMessage(JSON.parse(text) as { type: string }, text, accepted)
      })
    })
  })
  const port = await listen(server)
  return {
    url: `ws://127.0.0.1:${port}/graphql`,
    async close() {
      for (const socket of sockets.clients) socket.terminate()
      await stop(server)
    },
  }
}

/** A port of loopback on which nobody listens. */
export async function unusedPort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  await stop(server)
  return port
}

async function listen(server: Server): Promise<number> {
  // A server waits for idle keep-alive connections before it closes, and fetch keeps them.
  const open = new Set<Socket>()
  server.on('connection', (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })
  server.on('stop', () => open.forEach((socket) => socket.destroy()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function stop(server: Server): Promise<void> {
  server.emit('stop')
  await new Promise((resolve) => server.close(resolve))
}
