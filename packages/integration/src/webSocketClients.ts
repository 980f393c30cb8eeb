/** Clients of the WebSocket servers, and what the tests of wsLink ask of both. */
import { bearerLink, chain, createClient, type Client, type Link, type Result } from '@graphlinks/core'
import { wsLink, type ConnectionEvent, type WsLinkOptions } from '@graphlinks/ws-link'
import { legacyProtocol } from '@graphlinks/ws-link/legacy'
import { sharedServers, type RealServer, type WebSocketServerName } from './realServers.ts'
import { watchSockets, type SocketLog } from './socketLog.ts'

export const serverNames: readonly WebSocketServerName[] = [
  'ws-graphql-ws',
  'ws-graphql-ws-17',
  'ws-legacy',
  'ws-mercurius',
  'ws-yoga',
]

/** Mercurius and the legacy server say in messages what graphql-ws, which Yoga has too, says by closing the socket. */
export const closes = (name: WebSocketServerName): boolean => name !== 'ws-mercurius' && name !== 'ws-legacy'

export const servesHttp = (name: WebSocketServerName): boolean => name === 'ws-mercurius' || name === 'ws-yoga'

/** The options that a server needs. */
const protocolOf = (name: WebSocketServerName): Partial<WsLinkOptions> =>
  name === 'ws-legacy' ? { protocol: legacyProtocol() } : {}

/** A client of a server that other tests use too. */
interface Connected {
  readonly client: Client
  readonly server: RealServer
  /** What the server sees of the sockets that are opened from now on. */
  readonly sockets: SocketLog
  /** Waits until the client was told of this, that often. */
  readonly heard: (type: ConnectionEvent['type'], times?: number) => Promise<void>
}

interface ConnectOptions extends Partial<WsLinkOptions> {
  /** Relative to the path of the server. Default: that. */
  readonly path?: string
}

export interface WebSocketClients {
  /** There are no pauses between attempts. Default of `link`: the token that the servers take. */
  readonly connect: (name: WebSocketServerName, options?: ConnectOptions, link?: Link) => Promise<Connected>
  /** Makes a server take these tokens, and no others, until the end of the test. */
  readonly accept: (server: RealServer, tokens: readonly string[], byThrowing?: boolean) => Promise<void>
  /** Has something done after the test. */
  readonly cleanUp: (run: () => Promise<unknown>) => void
}

/** Starts each server once for all tests of a file, and disposes each client after its test. */
export function webSocketClients(): WebSocketClients {
  const shared = sharedServers()
  const cleanUps: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
  })
  return {
    cleanUp: (run) => void cleanUps.push(run),
    async connect(name, { path = '', ...options } = {}, link = bearerLink('secret-token')) {
      const server = await shared(name)
      const sockets = await watchSockets(server)
      const { onEvent, heard } = listen()
      const terminal = wsLink({
        url: new URL(path, sockets.url),
        random: () => 0,
        onEvent,
        ...protocolOf(name),
        ...options,
      })
      const client = createClient({ link: chain(link, terminal) })
      cleanUps.push(() => client.dispose())
      return { client, server, sockets, heard }
    },
    async accept(server, tokens, byThrowing = false) {
      cleanUps.push(() => server.tell({ accept: ['secret-token'] }))
      await server.tell({ accept: tokens, byThrowing })
    },
  }
}

function listen(): Pick<Connected, 'heard'> & { readonly onEvent: (event: ConnectionEvent) => void } {
  const events: ConnectionEvent[] = []
  const waiting = new Set<() => void>()
  return {
    onEvent(event) {
      events.push(event)
      for (const wake of waiting) wake()
      waiting.clear()
    },
    async heard(type, times = 1) {
      while (events.filter((event) => event.type === type).length < times)
        await new Promise<void>((resolve) => waiting.add(resolve))
    },
  }
}

export async function collect(results: AsyncIterable<Result>): Promise<Result[]> {
  const collected: Result[] = []
  for await (const result of results) collected.push(result)
  return collected
}

/** The error that results end with. */
export const endOf = (results: AsyncIterable<Result>): Promise<unknown> =>
  collect(results).then(
    () => 'complete',
    (error: unknown) => error,
  )

export const iterate = (client: Client, document: string): AsyncIterator<Result> =>
  client.subscribe(document)[Symbol.asyncIterator]()
