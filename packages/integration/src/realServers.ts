/** Real GraphQL servers, each in a process of its own, for tests. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** The servers of the folder `servers`, where each says what it has. `grafserv` has to be installed, as it says there. */
export type ServerName =
  | 'apollo'
  | 'apollo-alpha2'
  | 'apollo-alpha9'
  | 'grafserv'
  | 'graphql-http'
  | 'graphql-sse'
  | 'graphql-upload'
  | 'hono'
  | 'login'
  | 'mercurius'
  | 'ws-persisted'
  | 'yoga'
  | 'yoga-graphql17'
  | WebSocketServerName

/** Those with WebSockets: `ws-legacy` speaks the legacy protocol, the others graphql-transport-ws. */
export type WebSocketServerName = 'ws-graphql-ws' | 'ws-graphql-ws-17' | 'ws-legacy' | 'ws-mercurius' | 'ws-yoga'

/** What a server saw. */
export interface ServerEvent {
  /**
   * `aborted`: a client went before it had the whole answer. `unsubscribed`: the source of a subscription was closed.
   * `held`: an answer waits until it is released. `opened` and `closed`: a WebSocket. The others are messages that came
   * in on one, by their `type`, which is that of graphql-transport-ws also where the server speaks the legacy protocol.
   */
  readonly what: 'request' | 'aborted' | 'unsubscribed' | 'held' | 'opened' | 'closed' | MessageType
  readonly method?: string
  readonly url?: string
  readonly headers?: Readonly<Record<string, string>>
  /** The number of the WebSocket, from 1 on. */
  readonly socket?: number
  /** Of a message. */
  readonly id?: string
  readonly payload?: unknown
  /** Of `closed`. */
  readonly code?: number
  readonly reason?: string
}

type MessageType = 'connection_init' | 'subscribe' | 'complete' | 'ping' | 'pong' | 'connection_terminate'

/** What a server can be told to do. All but `stop` and `listen` are for those with WebSockets. */
type Command =
  /** Cuts all connections and stops listening. What the server has in memory stays. */
  | { readonly stop: true }
  /** Listens again, on the port that it had. */
  | { readonly listen: true }
  /** Closes all WebSockets with this code. */
  | { readonly closeAll: number; readonly reason?: string }
  /** Cuts all WebSockets without a word. */
  | { readonly cutAll: true }
  /** The tokens that are good from now on, at first `secret-token`; others are refused by `false` or by an exception. */
  | { readonly accept: readonly string[]; readonly byThrowing?: boolean }
  /** Of `login`: nobody is logged in any more. */
  | { readonly expireSessions: true }
  /** Of `login`: what it answers for these paths. */
  | { readonly pages: Readonly<Record<string, { readonly headers: object; readonly body: string }>> }
  /** Lets all that is held be answered. */
  | { readonly release: true }

export interface RealServer {
  readonly url: string
  /** What it has seen since it was started: all of it, since what a process tells may come later than what it answers. */
  readonly events: () => Promise<readonly ServerEvent[]>
  /** Waits until the server has seen something, that often since it was started. */
  readonly saw: (what: ServerEvent['what'] | ((event: ServerEvent) => boolean), times?: number) => Promise<void>
  /** Tells the server to do something, and waits until it is done. */
  readonly tell: (command: Command) => Promise<void>
  /** Resolves when the process has ended, by itself or by `close`. */
  readonly ended: Promise<unknown>
  readonly close: () => Promise<void>
}

/** @throws Error with what the process wrote, when it ends before it serves. */
export async function startServer(name: ServerName): Promise<RealServer> {
  const child = fork(join(__dirname, 'servers', 'serve.mjs'), [name], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
  })
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = once(child, 'close')

  const events: ServerEvent[] = []
  const waiting = new Set<() => void>()
  const asking: (() => void)[] = []
  const started = new Promise<string>((resolve) => {
    child.on('message', (message: { readonly url: string } | 'told' | ServerEvent) => {
      if (message === 'told') return asking.shift()?.()
      if (!('what' in message)) return resolve(message.url)
      events.push(message)
      for (const wake of waiting) wake()
      waiting.clear()
    })
  })
  const failed = ended.then(() => {
    throw new Error(`${name} ended: ${stderr}`)
  })
  failed.catch(() => {})
  const send = async (command: Command | object): Promise<void> =>
    Promise.race([
      failed,
      new Promise<void>((resolve) => {
        asking.push(resolve)
        child.send(command)
      }),
    ])
  return {
    url: await Promise.race([started, failed]),
    tell: send,
    async events() {
      await send({})
      return [...events]
    },
    async saw(what, times = 1) {
      const isMeant = typeof what === 'function' ? what : (event: ServerEvent) => event.what === what
      while (events.filter(isMeant).length < times)
        await Promise.race([failed, new Promise<void>((resolve) => waiting.add(resolve))])
    },
    ended,
    async close() {
      child.kill()
      await ended
    },
  }
}

/**
 * Starts each server once for all tests of a file, when it is first asked for, and closes them after the last test. One
 * that ends by itself, as graphql-sse does where a source fails, costs one test and no more: the next one gets another.
 */
export function sharedServers(): (name: ServerName) => Promise<RealServer> {
  const servers = new Map<ServerName, Promise<RealServer>>()
  afterAll(async () => {
    for (const server of servers.values()) await server.then(({ close }) => close())
  })
  const start = async (name: ServerName): Promise<RealServer> => {
    const server = await startServer(name)
    void server.ended.then(() => servers.delete(name))
    return server
  }
  return (name) => {
    const server = servers.get(name) ?? start(name)
    servers.set(name, server)
    return server
  }
}
