import { GraphLinksError, type ErrorDetails } from '@graphlinks/core'

/** What is known of the socket that an error is about. */
export interface SocketDetails extends ErrorDetails {
  readonly closeCode?: number | undefined
  readonly reason?: string | undefined
  readonly wasClean?: boolean | undefined
}

/**
 * The socket was closed while operations were running.
 *
 * @example
 * ```ts
 * import { SocketClosedError } from '@graphlinks/ws-link'
 *
 * export const report = (error: unknown): void => {
 *   if (SocketClosedError.is(error)) console.error(error.closeCode, error.reason, error.retryable)
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
  /** How many attempts were made to run the operation. Always 1: reconnection is not part of this version. */
  readonly attempts: number = 1
  /** Whether the same operation may succeed on a new socket. A mutation that was sent may have been executed. */
  readonly retryable: boolean

  constructor(message: string, details: SocketDetails, retryable: boolean) {
    super(message, details)
    this.closeCode = details.closeCode ?? 1006
    this.reason = details.reason ?? ''
    this.wasClean = details.wasClean ?? false
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
  /** How many attempts were made. Always 1: reconnection is not part of this version. */
  readonly attempts: number = 1
  /** Whether another attempt may succeed. */
  readonly retryable: boolean

  constructor(message: string, details: ErrorDetails, retryable: boolean) {
    super(message, details)
    this.retryable = retryable
  }
}
