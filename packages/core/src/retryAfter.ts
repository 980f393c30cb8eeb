// As long as MSAL waits.
const longestMs = 3_600_000

/**
 * How long a server asks to wait, in milliseconds and at most an hour: `Retry-After` in seconds, or as a date.
 *
 * @param value - the header as it came.
 * @param date - the present, in milliseconds since 1970.
 * @returns `undefined` where it asks for nothing.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 *
 * @example
 * ```ts
 * import { retryAfterMs } from '@graphlinks/core'
 *
 * console.log(retryAfterMs('120', Date.now())) // 120000
 * ```
 */
export function retryAfterMs(value: unknown, date: number): number | undefined {
  if (value == null || value === '') return undefined
  const seconds = Number(value)
  const delayMs = Number.isNaN(seconds) ? Date.parse(value as string) - date : seconds * 1_000
  return delayMs >= 0 ? Math.min(delayMs, longestMs) : undefined
}
