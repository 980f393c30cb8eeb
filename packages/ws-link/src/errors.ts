import { GraphLinksError, type ErrorDetails } from '@graphlinks/core'

/** What is known of the socket that an error is about. */
export interface SocketDetails extends ErrorDetails {
  readonly closeCode?: number | undefined
  readonly reason?: string | undefined
  readonly wasClean?: boolean | undefined
  readonly attempts?: number | undefined
  readonly mayHaveRun?: boolean | undefined
}

/** What is known of a connection that could not be made. */
export interface ConnectDetails extends ErrorDetails {
  readonly status?: number | undefined
  readonly attempts?: number | undefined
}

/**
 * The socket was closed while the operation was running, and another one is no help, or must not be tried: the server
 * would close it again, all attempts are used up, or the operation is a mutation that may have run.
 *
 * @example
 * ```ts
 * import { SocketClosedError } from '@graphlinks/ws-link'
 *
 * export const report = (error: unknown): void => {
 *   if (SocketClosedError.is(error)) console.error(error.closeCode, error.reason, error.mayHaveRun)
 * }
 * ```
 */
export class SocketClosedError extends GraphLinksError {
  static override readonly name: string = 'SocketClosedError'
  static override readonly code: string = 'SOCKET_CLOSED'
  /** The WebSocket close code; 1006 when the connection broke without one. */
  readonly closeCode: number
  /** The reason that came with it, redacted and shortened. */
  readonly reason: string
  /** Whether the closing handshake was completed. */
  readonly wasClean: boolean
  /** How many sockets were opened in a row, the last one included, without one that stayed. */
  readonly attempts: number
  /** Whether the server may have run the operation, a mutation: it was sent, and its result did not come, or not all of it. */
  readonly mayHaveRun: boolean
  /** Whether the same operation may succeed on a new socket. */
  readonly retryable: boolean

  constructor(message: string, details: SocketDetails, retryable: boolean) {
    super(message, details)
    this.closeCode = details.closeCode ?? 1006
    this.reason = details.reason ?? ''
    this.wasClean = details.wasClean ?? false
    this.attempts = details.attempts ?? 1
    this.mayHaveRun = details.mayHaveRun ?? false
    this.retryable = retryable
  }
}

/**
 * No WebSocket connection could be made: the server is away, refuses the handshake, or speaks another protocol.
 *
 * @example
 * ```ts
 * import { SocketConnectError } from '@graphlinks/ws-link'
 *
 * export const mayTryAgain = (error: unknown): boolean => SocketConnectError.is(error) && error.retryable
 * ```
 */
export class SocketConnectError extends GraphLinksError {
  static override readonly name: string = 'SocketConnectError'
  static override readonly code: string = 'SOCKET_CONNECT'
  /** What the handshake was answered with; `undefined` where there was no answer, and in browsers, which do not tell. */
  readonly status: number | undefined
  /** How many attempts were made in a row. */
  readonly attempts: number
  /** Whether another attempt may succeed. */
  readonly retryable: boolean

  constructor(message: string, details: ConnectDetails, retryable: boolean) {
    super(message, details)
    this.status = details.status
    this.attempts = details.attempts ?? 1
    this.retryable = retryable
  }
}

/**
 * The operation would need one more socket than the link may have: each identity has its own.
 *
 * @example
 * ```ts
 * import { SocketLimitError } from '@graphlinks/ws-link'
 *
 * export const isBusy = (error: unknown): boolean => SocketLimitError.is(error)
 * ```
 */
export class SocketLimitError extends GraphLinksError {
  static override readonly name: string = 'SocketLimitError'
  static override readonly code: string = 'SOCKET_LIMIT'
}
