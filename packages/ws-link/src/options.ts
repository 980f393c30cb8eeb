import { inBrowser, inDevelopment, OptionsError, ownOptions, parseUrl, systemClock, type Clock } from '@graphlinks/core'
import type { CloseCode } from './closeCodes.ts'
import type { ConnectionListener, SocketMessage } from './connectionEvents.ts'
import type { Payload, Ticket } from './handshake.ts'
import type { Protocol } from './protocol.ts'
import type { SocketClass } from './socket.ts'

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
  /**
   * Query parameters of one connection, such as a one-time ticket, for servers that look at the URL alone. Asked for
   * once before each attempt. Default: none; the URL is as given, as servers and proxies log it.
   */
  readonly ticket?: Ticket | undefined
  /**
   * What is spoken. Default: graphql-transport-ws. Others come from entries of their own: `legacyProtocol` of
   * `@graphlinks/ws-link/legacy`, `appSyncProtocol` of `@graphlinks/ws-link/appsync`.
   */
  readonly protocol?: Protocol | undefined
  /**
   * Reads a document before it is sent, such as `parse` of graphql, and throws where it is malformed: some servers close
   * the whole socket for a syntax error in one document. Default: documents are not read.
   */
  readonly parse?: ((document: string) => unknown) | undefined
  /** How long connecting may take until the server's acknowledgement, in milliseconds. Default: 10,000. */
  readonly connectTimeoutMs?: number | undefined
  /**
   * How many sockets are opened in a row before operations fail, while none was ever useful: delivered a result, or
   * stayed for `healthyMs`. Default: 5. `Infinity`: no limit.
   */
  readonly connectAttempts?: number | undefined
  /** As `connectAttempts`, for a connection that was useful before. Default: `Infinity`. */
  readonly reconnectAttempts?: number | undefined
  /**
   * The longest pause before the second attempt, in milliseconds; it doubles with each. Each pause is random, from 0 to
   * that. Default: 1,000.
   */
  readonly retryDelayMs?: number | undefined
  /** What the longest pause does not exceed, in milliseconds. Default: 30,000. */
  readonly maxRetryDelayMs?: number | undefined
  /** How long a socket must stay so that attempts and pauses count from the beginning, in milliseconds. Default: 30,000. */
  readonly healthyMs?: number | undefined
  /** After how long without any message the server is asked whether it lives, in milliseconds. Default: 30,000. */
  readonly pingMs?: number | undefined
  /** How long it may take to answer, in milliseconds. Default: 10,000. */
  readonly pongTimeoutMs?: number | undefined
  /** What is done about the close codes of a server, where it is not what {@link closeCodes} says. */
  readonly closeCodes?: Readonly<Record<number, CloseCode>> | undefined
  /** How long a socket without operations is kept for the next one, in milliseconds. Default: 3,000. */
  readonly idleCloseMs?: number | undefined
  /** How many identities may have a socket at one time. Default: 1,000. `Infinity`: no limit. */
  readonly maxSockets?: number | undefined
  /** How many results of one operation may wait for a slow consumer. Default: 1,000. `Infinity`: no limit. */
  readonly maxQueuedResults?: number | undefined
  /**
   * What happens when more wait: `'error'` fails the operation after what waits was read; `'drop-oldest'` forgets the
   * one that has waited longest. Default: `'error'`.
   */
  readonly overflow?: 'error' | 'drop-oldest' | undefined
  /** How much may wait in the socket before operations that start have to wait, in bytes. Default: 1,048,576 (1 MiB). */
  readonly maxBufferedBytes?: number | undefined
  /** How large one message may be, in bytes. Default: 16,777,216 (16 MiB). */
  readonly maxMessageBytes?: number | undefined
  /** Lets credentials go over plain ws to other hosts than loopback. Default: `false`. */
  readonly allowInsecure?: boolean | undefined
  /** Hears of connections: for logs, and for users to see. */
  readonly onEvent?: ConnectionListener | undefined
  /**
   * Hears of every message on every socket, in both directions: its type and length, never what is in it. For finding out
   * what happens: each is parsed once more for that. What it throws is ignored. Default: none.
   */
  readonly onMessage?: ((message: SocketMessage) => void) | undefined
  /** Time for the durations above. Default: the platform's. */
  readonly clock?: Clock | undefined
  /** Gives numbers from 0 to 1 that spread out attempts. Default: `Math.random`. */
  readonly random?: (() => number) | undefined
}

/** Of numbers: the default, the least, and whether there may be no limit. */
const numbers = {
  connectTimeoutMs: [10_000, 1],
  connectAttempts: [5, 1, true],
  reconnectAttempts: [Infinity, 1, true],
  retryDelayMs: [1_000, 1],
  maxRetryDelayMs: [30_000, 1],
  healthyMs: [30_000, 1],
  pingMs: [30_000, 1],
  pongTimeoutMs: [10_000, 1],
  idleCloseMs: [3_000, 0],
  maxSockets: [1_000, 1, true],
  maxQueuedResults: [1_000, 1, true],
  maxMessageBytes: [16_777_216, 1],
  maxBufferedBytes: [1_048_576, 1],
} as const

/** The options, with defaults. `protocol` is left to whoever loads one. */
export type Settings = ReturnType<typeof checkOptions>

/** The options, with defaults. @throws {@link OptionsError} naming the one that is no good. */
export function checkOptions(given: WsLinkOptions) {
  if (typeof given !== 'object' || given === null || given.url == null)
    throw wrong(
      'url',
      inDevelopment(() => 'give it { url }, such as "wss://api.example.com/graphql"'),
    )
  const options = ownOptions(given)
  const { payload = 'nested', overflow = 'error', protocol, closeCodes = {} } = options
  const { handshakeHeaders = false, allowInsecure = false, clock = systemClock, random = Math.random } = options
  const endpoint = parseEndpoint(options.url, protocol)
  if (payload !== 'nested' && payload !== 'flat' && typeof payload !== 'function')
    throw wrong(
      'payload',
      inDevelopment(() => 'payload is "nested", "flat" or a function of the operation'),
    )
  if (overflow !== 'error' && overflow !== 'drop-oldest')
    throw wrong(
      'overflow',
      inDevelopment(() => 'overflow is "error" or "drop-oldest"'),
    )
  if (protocol !== undefined && typeof protocol.start !== 'function')
    throw wrong(
      'protocol',
      inDevelopment(() => 'protocol is one of this package, such as legacyProtocol()'),
    )
  for (const name of ['webSocket', 'ticket', 'parse', 'onEvent', 'onMessage', 'random'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'function')
      throw wrong(
        name,
        inDevelopment(() => `${name} is a ${name === 'webSocket' ? 'WebSocket class' : 'function'}`),
      )
  }
  for (const [code, known] of Object.entries(closeCodes)) {
    if (!['retry', 'refresh', 'isolate', 'fail'].includes(known?.action))
      throw wrong(
        'closeCodes',
        inDevelopment(() => `closeCodes[${code}].action is "retry", "refresh", "isolate" or "fail"`),
      )
  }
  if (handshakeHeaders && inBrowser()) {
    throw wrong(
      'handshakeHeaders',
      inDevelopment(
        () =>
          'browsers cannot send headers with a WebSocket handshake: leave handshakeHeaders out, the payload carries the credentials',
      ),
    )
  }
  const { parse, ticket, onEvent, onMessage } = options
  const webSocket = options.webSocket as SocketClass | undefined
  const own = { endpoint, payload, overflow, protocol, closeCodes, handshakeHeaders, allowInsecure, clock, random }
  return { ...checkNumbers(options), ...own, parse, ticket, onEvent, onMessage, webSocket }
}

function checkNumbers(options: WsLinkOptions): Record<keyof typeof numbers, number> {
  const entries = Object.entries(numbers).map(([name, [fallback, least, mayBeUnlimited]]) => {
    const value = options[name as keyof typeof numbers] ?? fallback
    const isUnlimited = value === Infinity && mayBeUnlimited === true
    // setTimeout takes no more, and would fire at once.
    if (isUnlimited || (Number.isInteger(value) && value >= least && value < 2 ** 31)) return [name, value]
    throw wrong(
      name,
      inDevelopment(() => `${name} is a positive integer below 2,147,483,648, not ${value}`),
    )
  })
  return Object.fromEntries(entries) as Record<keyof typeof numbers, number>
}

function parseEndpoint(url: string | URL, protocol: Protocol | undefined): URL {
  const base = (globalThis as { location?: { href?: string } }).location?.href
  const endpoint = parseUrl(String(url), base)
  // Some protocols make the address of their socket of that of the API.
  const schemes = protocol?.address ? /^(ws|http)s?:$/ : /^wss?:$/
  // A host, and nothing before it.
  if (endpoint && schemes.test(endpoint.protocol) && /^\w+:\/\/[^/@]+\//.test(endpoint.href) && !endpoint.hash)
    return endpoint
  throw wrong(
    'url',
    inDevelopment(() => {
      if (!endpoint) return 'url is no absolute URL such as "wss://api.example.com/graphql"'
      if (!schemes.test(endpoint.protocol)) return `url has the scheme "${endpoint.protocol}", not wss: or ws:`
      if (endpoint.hash) return 'url has a fragment (#), which WebSocket URLs cannot have'
      return 'url has a user name or password in it: use basicAuthLink'
    }),
  )
}

/** @param sentence - what to do about it, for whoever develops. */
function wrong(option: string, sentence: string | undefined): OptionsError {
  return new OptionsError(sentence ?? option, { link: 'wsLink' })
}
