import { GraphLinksError, type ErrorDetails } from '@graphlinks/core'

/**
 * The endpoint failed too often, and is left alone for a while. The operation was not sent.
 *
 * @example
 * ```ts
 * import { CircuitOpenError } from '@graphlinks/circuit-breaker-link'
 *
 * export const waitMs = (error: unknown): number | undefined =>
 *   CircuitOpenError.is(error) ? error.retryAfterMs : undefined
 * ```
 */
export class CircuitOpenError extends GraphLinksError {
  static override readonly name: string = 'CircuitOpenError'
  static override readonly code: string = 'CIRCUIT_OPEN'
  /** In how many milliseconds the endpoint is tried again. */
  declare readonly retryAfterMs: number
  /** The same in whole seconds, as the header `Retry-After` has it. */
  declare readonly retryAfter: string
  /** Always worth another try, later. */
  declare readonly retryable: boolean
  /** Nothing was sent: a mutation did not run. */
  declare readonly mayHaveRun: boolean

  constructor(retryAfterMs: number, details?: ErrorDetails) {
    super('not sent, as the endpoint failed too often', details)
    this.retryAfterMs = retryAfterMs
    this.retryAfter = `${Math.ceil(retryAfterMs / 1_000)}`
    this.retryable = true
    this.mayHaveRun = false
  }
}
