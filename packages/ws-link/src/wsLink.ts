import {
  inBrowser,
  inDevelopment,
  OptionsError,
  ownOptions,
  parseUrl,
  systemClock,
  type Clock,
  type Operation,
  type TerminalLink,
} from '@graphlinks/core'
import type { Assembler } from './assembler.ts'
import { Connection } from './connection.ts'
import { disposed, notConnected, peerOf, unsendable } from './failures.ts'
import { createHandshake, type Handshake, type Payload } from './handshake.ts'
import { loadSocketClass, type SocketClass } from './socket.ts'

/** Options of {@link wsLink}. */
export interface WsLinkOptions {
  /** Where to connect: `wss:`, or `ws:` on loopback. */
  readonly url: string | URL
  /**
   * How headers and credentials are put into the `connection_init` payload: `'nested'` under the key `headers`,
   * `'flat'` at the top, or as a function of the operation gives it. Default: `'nested'`.
   */
  readonly payload?: Payload | undefined
  /** The WebSocket class. Default: the platform's; isomorphic-ws where there is none, as in Node 20. */
  readonly webSocket?: unknown
  /** Sends headers and credentials on the HTTP upgrade too. Not in browsers, which cannot. Default: `false`. */
  readonly handshakeHeaders?: boolean | undefined
  /** How long connecting may take until the server's `connection_ack`, in milliseconds. Default: 10,000. */
  readonly connectTimeoutMs?: number | undefined
  /** How long a socket without operations is kept for the next one, in milliseconds. Default: 3,000. */
  readonly idleCloseMs?: number | undefined
  /** How many results of one operation may wait for a slow consumer before it fails. Default: 1,000. */
  readonly maxQueuedResults?: number | undefined
  /** How large one message may be, in bytes. Default: 16,777,216 (16 MiB). */
  readonly maxMessageBytes?: number | undefined
  /** Lets credentials go over plain ws to other hosts than loopback. Default: `false`. */
  readonly allowInsecure?: boolean | undefined
  /** Time for the durations above. Default: the platform's. */
  readonly clock?: Clock | undefined
}

/**
 * The terminal link of GraphQL over WebSocket (protocol graphql-transport-ws): queries, mutations and subscriptions.
 * Credentials of auth links travel in the `connection_init` payload. Operations of one identity share a socket, two
 * identities never do. With `@defer` and `@stream`, each result is all of the data so far.
 *
 * A socket that is lost fails its operations with a {@link SocketClosedError} that says whether another attempt may
 * succeed; the link does not reconnect by itself.
 *
 * @throws {@link OptionsError} when an option is no good, when the link is built. Operations fail with a
 * {@link SocketClosedError}, {@link SocketConnectError}, `QueueOverflowError`, `InsecureTransportError` or
 * `IncrementalDeliveryError`, or with the reason of the caller's own signal.
 *
 * @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
 *
 * @example
 * ```ts
 * import { bearerLink, chain, createClient } from '@graphlinks/core'
 * import { wsLink } from '@graphlinks/ws-link'
 *
 * const client = createClient({ link: chain(bearerLink('secret-token'), wsLink({ url: 'wss://api.example.com/graphql' })) })
 * for await (const { data } of client.subscribe('subscription { countdown(from: 3) }')) console.log(data)
 * await client.dispose()
 * ```
 */
export function wsLink(options: WsLinkOptions): TerminalLink {
  const settings = checkOptions(options)
  const connections = new Map<string, Connection>()
  // Sockets that take no more operations and are not gone yet.
  const closing = new Set<Promise<void>>()
  let disposals = 0

  const connect = (handshake: Handshake, socketClass: SocketClass): Connection => {
    const { identity } = handshake
    const known = connections.get(identity)
    if (known) return known
    const options = { ...settings, url: settings.endpoint.href, socketClass }
    const connection = new Connection(handshake, options, (closed) => {
      connections.delete(identity)
      closing.add(closed)
      void closed.then(() => closing.delete(closed))
    })
    connections.set(identity, connection)
    return connection
  }

  const named: TerminalLink = async function wsLink(operation) {
    checkJson(operation)
    const startedAfter = disposals
    const [handshake, socketClass, query] = await Promise.all([
      createHandshake(operation, settings),
      loadSocketClass(settings.webSocket, settings.handshakeHeaders),
      operation.document.text(),
    ])
    const assembler = mayHaveParts(query) ? await assemblerOf(operation) : undefined
    const open = (): Connection => {
      // A generator in the chain may come back here after all: nothing is opened for what is over.
      operation.signal.throwIfAborted()
      if (disposals !== startedAfter) throw disposed(operation)
      try {
        return connect(handshake, socketClass)
      } catch (error) {
        throw notConnected({ error }, peerOf(settings.endpoint.href, handshake.payload, [operation]))(operation)
      }
    }
    return { [Symbol.asyncIterator]: () => open().subscribe(operation, query, assembler) }
  }
  return Object.assign(named, {
    stage: 'terminal' as const,
    async dispose() {
      disposals++
      for (const connection of connections.values()) connection.close()
      await Promise.all(closing)
    },
  })
}

/** Whether results may come in parts. A text or a comment that looks like it does no harm. */
function mayHaveParts(query: string): boolean {
  return /@[\s,\uFEFF]*(defer|stream)\b/.test(query)
}

/** Before the operation is sent: its messages can't wait. */
async function assemblerOf(operation: Operation): Promise<Assembler> {
  const { Assembler } = await import('./assembler.ts')
  return new Assembler(operation)
}

/** Up front: graphql-ws leaves a rejected promise behind that nobody handles when it finds out for itself. */
function checkJson(operation: Operation): void {
  const { variables, extensions } = operation
  if (variables === undefined && extensions === undefined) return
  try {
    JSON.stringify([variables, extensions])
  } catch (error) {
    throw unsendable(error)(operation)
  }
}

function checkOptions(given: WsLinkOptions) {
  if (typeof given !== 'object' || given === null || given.url == null)
    throw wrong(
      'url',
      inDevelopment(() => 'give it { url }, such as "wss://api.example.com/graphql"'),
    )
  const options = ownOptions(given)
  const { payload = 'nested', handshakeHeaders = false, allowInsecure = false, clock = systemClock } = options
  const endpoint = parseEndpoint(options.url)
  if (payload !== 'nested' && payload !== 'flat' && typeof payload !== 'function') {
    throw wrong(
      'payload',
      inDevelopment(() => 'payload is "nested", "flat" or a function of the operation'),
    )
  }
  if (options.webSocket !== undefined && typeof options.webSocket !== 'function')
    throw wrong(
      'webSocket',
      inDevelopment(() => 'webSocket is a WebSocket class'),
    )
  if (handshakeHeaders && inBrowser()) {
    throw wrong(
      'handshakeHeaders',
      inDevelopment(
        () =>
          'browsers cannot send headers with a WebSocket handshake: leave handshakeHeaders out, the payload carries the credentials',
      ),
    )
  }
  const defaults = {
    connectTimeoutMs: 10_000,
    idleCloseMs: 3_000,
    maxQueuedResults: 1_000,
    maxMessageBytes: 16_777_216,
  }
  const numbers = Object.fromEntries(
    Object.entries(defaults).map(([name, fallback]) => {
      const value = options[name as keyof typeof defaults] ?? fallback
      // setTimeout takes no more, and would fire at once.
      if (!(Number.isInteger(value) && value >= (name === 'idleCloseMs' ? 0 : 1) && value < 2 ** 31))
        throw wrong(
          name,
          inDevelopment(() => `${name} is a positive integer below 2,147,483,648, not ${value}`),
        )
      return [name, value]
    }),
  ) as typeof defaults
  return {
    ...numbers,
    endpoint,
    payload,
    handshakeHeaders,
    allowInsecure,
    clock,
    webSocket: options.webSocket as SocketClass | undefined,
  }
}

function parseEndpoint(url: string | URL): URL {
  const base = (globalThis as { location?: { href?: string } }).location?.href
  const endpoint = parseUrl(String(url), base)
  // A host, and nothing before it.
  if (endpoint && /^wss?:\/\/[^/@]+\//.test(endpoint.href) && !endpoint.hash) return endpoint
  throw wrong(
    'url',
    inDevelopment(() => {
      if (!endpoint) return 'url is no absolute URL such as "wss://api.example.com/graphql"'
      if (!/^wss?:$/.test(endpoint.protocol)) return `url has the scheme "${endpoint.protocol}", not wss: or ws:`
      if (endpoint.hash) return 'url has a fragment (#), which WebSocket URLs cannot have'
      return 'url has a user name or password in it: use basicAuthLink'
    }),
  )
}

function wrong(option: string, sentence: string | undefined): OptionsError {
  return new OptionsError(sentence ?? option, { link: 'wsLink' })
}
