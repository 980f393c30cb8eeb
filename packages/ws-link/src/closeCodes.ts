/**
 * What the link does when a socket closes. `'retry'`: opens another, after a pause, and starts what ran again.
 * `'refresh'`: asks the links that gave the credentials for better ones first; without any, or when those are refused as
 * well, as `'fail'`. `'isolate'`: fails the operation that was sent last, within the last `connectTimeoutMs`, and had no
 * answer yet, and retries the others. `'fail'`: fails all operations of the connection.
 */
export type CloseAction = 'retry' | 'refresh' | 'isolate' | 'fail'

/** What a WebSocket close code means, and what is done about it. */
export interface CloseCode {
  readonly meaning: string
  readonly action: CloseAction
  /** How many times in a row a connection is retried for this code. Default: as often as for any other. */
  readonly limit?: number | undefined
}

/** A close code that a specification defines. */
export type KnownCloseCode =
  | 1000
  | 1001
  | 1002
  | 1003
  | 1005
  | 1006
  | 1007
  | 1008
  | 1009
  | 1010
  | 1011
  | 1012
  | 1013
  | 1014
  | 1015
  | 4004
  | 4005
  | 4400
  | 4401
  | 4403
  | 4406
  | 4408
  | 4409
  | 4429
  | 4499
  | 4500
  | 4504

/**
 * All that is known about close codes: RFC 6455 section 7.4.1, the WebSocket close code registry, and the
 * graphql-transport-ws protocol. Any other code belongs to an application, and is retried. `closeCodes` of
 * {@link WsLinkOptions} wins over it.
 *
 * @example
 * ```ts
 * import { closeCodes, wsLink } from '@graphlinks/ws-link'
 *
 * export const link = wsLink({
 *   url: 'wss://api.example.com/graphql',
 *   closeCodes: { 4100: { meaning: 'banned', action: 'fail' }, 1011: { ...closeCodes[1011], action: 'fail' } },
 * })
 * ```
 */
export const closeCodes: Readonly<Record<KnownCloseCode, CloseCode>> = /* @__PURE__ */ Object.freeze({
  1000: { meaning: 'normal closure', action: 'retry' }, // something was still running, so it was not normal to us
  1001: { meaning: 'going away', action: 'retry' }, // a server that restarts
  1002: { meaning: 'protocol error; does it speak only the legacy subprotocol "graphql-ws"?', action: 'fail' },
  1003: { meaning: 'unsupported data', action: 'fail' }, // the next frame would be the same
  1005: { meaning: 'no code given', action: 'retry' },
  1006: { meaning: 'the connection broke', action: 'retry' },
  1007: { meaning: 'invalid encoding', action: 'fail' },
  1008: { meaning: 'policy violation', action: 'fail' },
  1009: { meaning: 'message too big', action: 'fail' }, // it would be as big again
  1010: { meaning: 'missing extension', action: 'fail' },
  1011: { meaning: 'internal error', action: 'retry', limit: 5 }, // of one request, or of all that will ever come
  1012: { meaning: 'service restart', action: 'retry' },
  1013: { meaning: 'try again later', action: 'retry' },
  1014: { meaning: 'bad gateway', action: 'retry' },
  1015: { meaning: 'TLS handshake failed', action: 'fail' },
  4004: { meaning: 'the server sent a message that is not of the protocol', action: 'fail' },
  4005: { meaning: 'internal client error', action: 'fail' },
  4400: { meaning: 'bad request', action: 'fail' },
  4401: { meaning: 'unauthorized', action: 'refresh' }, // by the protocol: subscribed too early, which the link never does
  4403: { meaning: 'forbidden', action: 'refresh' },
  4406: { meaning: 'subprotocol not acceptable', action: 'fail' },
  4408: { meaning: 'connection initialisation timeout', action: 'retry' },
  4409: { meaning: 'subscriber already exists', action: 'fail' },
  4429: { meaning: 'too many initialisation requests', action: 'fail' },
  4499: { meaning: 'terminated', action: 'retry' },
  4500: { meaning: 'internal server error, or a syntax error in a document', action: 'isolate', limit: 1 },
  4504: { meaning: 'the server did not acknowledge the connection in time', action: 'retry' },
})

/** A code that no protocol defines belongs to the application. */
export function closeCodeOf(code: number, overrides: Readonly<Record<number, CloseCode>> = {}): CloseCode {
  const table: Readonly<Record<number, CloseCode>> = { ...closeCodes, ...overrides }
  // Not what somebody put into Object.prototype.
  return (Object.hasOwn(table, code) && table[code]) || applicationCode
}

const applicationCode: CloseCode = { meaning: 'a code of the application', action: 'retry' }
