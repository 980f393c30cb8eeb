import type { AttemptOutcome, Clock } from '@graphlinks/core'

/**
 * How long the server asks to wait, in milliseconds: `Retry-After` in seconds, or as a date.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function retryAfterMs({ result, error }: AttemptOutcome, clock: Clock): number {
  const { retryAfter } = Object(error) as { readonly retryAfter?: unknown }
  const text = retryAfter ?? result?.http?.headers.get('retry-after')
  if (typeof text !== 'string') return 0
  const ms = /^\s*\d+\s*$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - clock.date()
  return ms > 0 ? ms : 0
}
