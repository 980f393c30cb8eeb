/**
 * Whether the same operation may succeed on another try, in the words of its error: `retryable`, where the error has it,
 * as those of the terminal links do; otherwise a timeout, or HTTP status 408, 429, 502, 503 or 504. A mutation may have
 * been executed all the same.
 *
 * @example
 * ```ts
 * import { isTransient } from '@graphlinks/core'
 *
 * export const advice = (error: unknown): string => (isTransient(error) ? 'Try again later.' : 'This will not work.')
 * ```
 */
export function isTransient(error: unknown): boolean {
  const { retryable, code, status } = Object(error) as {
    readonly retryable?: unknown
    readonly code?: unknown
    readonly status?: unknown
  }
  if (typeof retryable === 'boolean') return retryable
  return code === 'TIMEOUT' || [408, 429, 502, 503, 504].includes(status as number)
}
