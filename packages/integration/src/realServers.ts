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
  | 'mercurius'
  | 'ws-graphql-ws'
  | 'ws-graphql-ws-17'
  | 'ws-legacy'
  | 'ws-mercurius'
  | 'ws-yoga'
  | 'yoga'
  | 'yoga-graphql17'

/** What a server saw. */
export interface ServerEvent {
  /** `aborted`: a client went before it had the whole answer. `unsubscribed`: the source of a subscription was closed. */
  readonly what: 'request' | 'aborted' | 'unsubscribed' | 'upgrade' | 'init' | 'accepting' | 'stopped' | 'started'
  readonly method?: string
  readonly url?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Of `init`: the payload of `connection_init`, and whether it was good enough. */
  readonly payload?: unknown
  readonly may?: boolean
}

/** What a server over WebSocket does when a test says so. */
export type ServerRequest =
  | { readonly closeAll: number }
  /** The token that is good from then on. */
  | { readonly accept: string }
  | { readonly restart: 'stop' | 'start' }

export interface RealServer {
  readonly url: string
  /** What it has seen since it was started: all of it, since what a process tells may come later than what it answers. */
  readonly events: () => Promise<readonly ServerEvent[]>
  /** Has the server do something. */
  readonly tell: (request: ServerRequest) => void
  /** Waits until the server has seen something, that often since it was started. */
  readonly saw: (what: ServerEvent['what'], times?: number) => Promise<void>
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
  return {
    url: await Promise.race([started, failed]),
    async events() {
      await Promise.race([
        failed,
        new Promise<void>((resolve) => {
          asking.push(resolve)
          child.send('tell')
        }),
      ])
      return [...events]
    },
    tell: (request) => void child.send(request),
    async saw(what, times = 1) {
      while (events.filter((event) => event.what === what).length < times)
        await Promise.race([failed, new Promise<void>((resolve) => waiting.add(resolve))])
    },
    ended,
    async close() {
      child.kill()
      await ended
    },
  }
}

/** Starts each server once for all tests of a file, when it is first asked for, and closes them after the last test. */
export function sharedServers(): (name: ServerName) => Promise<RealServer> {
  const servers = new Map<ServerName, Promise<RealServer>>()
  afterAll(async () => {
    for (const server of servers.values()) await server.then(({ close }) => close())
  })
  return (name) => {
    const server = servers.get(name) ?? startServer(name)
    servers.set(name, server)
    return server
  }
}
