import type { ResultError } from '@graphlinks/core'
import { ResponseError, type ResponseDetails } from './index.ts'

/** What a {@link BatchError} keeps of its response. */
export interface BatchErrorDetails extends ResponseDetails {
  readonly unsupported?: boolean | undefined
  readonly errors?: readonly ResultError[] | undefined
}

/**
 * Several operations were sent as one request, and the answer is no list with a result for each: the server takes no
 * batches, takes smaller ones, or refused the request as a whole.
 *
 * @example
 * ```ts
 * import { BatchError } from '@graphlinks/http-link/batch'
 *
 * export const isForbidden = (error: unknown): boolean =>
 *   BatchError.is(error) && error.errors.some(({ extensions }) => extensions?.['code'] === 'FORBIDDEN')
 * ```
 */
export class BatchError extends ResponseError {
  static override readonly name: string = 'BatchError'
  static override readonly code: string = 'BATCH'
  /** Whether the server takes no batches, as far as can be told. It has executed nothing then. */
  declare readonly unsupported: boolean
  readonly #errors: readonly ResultError[]

  constructor(message: string, details: BatchErrorDetails = {}) {
    super(message, details)
    this.unsupported = details.unsupported ?? false
    this.#errors = details.errors ?? []
  }

  /** The errors that the server sent, as they came. Not printed with the error. */
  get errors(): readonly ResultError[] {
    return this.#errors
  }

  /** Node prints `errors` of any error, and the server's words may repeat credentials and variables. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.stack ?? this.message
  }
}
