import { GraphLinksError } from '@graphlinks/core'

/**
 * There was no response: the server could not be reached, or the connection broke.
 *
 * @example
 * ```ts
 * import { NetworkError } from '@graphlinks/http-link'
 *
 * export const isOffline = (error: unknown): boolean => NetworkError.is(error)
 * ```
 */
export class NetworkError extends GraphLinksError {
  static override readonly name: string = 'NetworkError'
  static override readonly code: string = 'NETWORK'
  /** Always worth another try; a mutation may have been executed all the same. */
  readonly retryable: boolean = true
}
