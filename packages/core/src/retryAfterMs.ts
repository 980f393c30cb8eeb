import type { AttemptOutcome } from './auth/rejection.ts'
import type { Clock } from './clock.ts'

// As long as MSAL waits.
const longestMs = 3_600_000

/**
 * How long the server asks to wait before another try, in milliseconds and at most an hour: `Retry-After` of an error or
 * of a result, in seconds or as a date.
 *
 * @returns `undefined` where it asks for nothing.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 *
 * @example
 * ```ts
 * import { retryAfterMs, systemClock } from '@graphlinks/core'
 *
 * export const advice = (error: unknown): string => {
 *   const waitMs = retryAfterMs({ error }, systemClock)
 *   return waitMs === undefined ? 'Try again.' : `Try again in ${Math.ceil(waitMs / 1_000)} seconds.`
 * }
 * ```
 */
export function retryAfterMs({ result, error }: AttemptOutcome, clock: Clock): number | undefined {
  const { retryAfter } = Object(error) as { readonly retryAfter?: unknown }
  return readRetryAfter(retryAfter ?? result?.http?.headers.get('retry-after'), clock.date())
}

/** The header as it came, in milliseconds. */
export function readRetryAfter(value: unknown, date: number): number | undefined {
  if ((typeof value !== 'string' && typeof value !== 'number') || value === '') return undefined
  const seconds = Number(value)
  const delayMs = Number.isNaN(seconds) ? Date.parse(String(value)) - date : seconds * 1_000
  return delayMs >= 0 ? Math.min(delayMs, longestMs) : undefined
}
