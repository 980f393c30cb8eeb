import type { AttemptOutcome } from '@graphlinks/core'

/**
 * Whether an attempt says that its endpoint is unwell: no answer, or none in time; a status from 500 without a GraphQL
 * body; 502, 503 or 504 with one, since a gateway wrote it. Never a GraphQL error, a status of the 400s, or what has to
 * do with credentials: those are answers.
 *
 * @example
 * ```ts
 * import { circuitBreakerLink, isOutage } from '@graphlinks/circuit-breaker-link'
 *
 * export const breaker = circuitBreakerLink({
 *   isFailure: ({ result, error }) =>
 *     isOutage({ result, error }) || result?.errors?.[0]?.extensions?.['code'] === 'OVERLOADED',
 * })
 * ```
 */
export function isOutage({ result, error }: AttemptOutcome): boolean {
  if (result) return isGatewayStatus(result.http?.status)
  const { status, code, retryable } = Object(error) as {
    readonly status?: unknown
    readonly code?: unknown
    readonly retryable?: unknown
  }
  if (typeof status === 'number' && status >= 400) return status >= 500
  // Of a connection that failed or broke, of a stream, of a socket; and of links that say so.
  return retryable === true || code === 'TIMEOUT'
}

function isGatewayStatus(status: number | undefined): boolean {
  return status === 502 || status === 503 || status === 504
}

/** Whether an error that is no failure is about an answer of the endpoint, such as 404: the endpoint is there. */
export function isRefusal(error: unknown): boolean {
  const { status } = Object(error) as { readonly status?: unknown }
  return typeof status === 'number' && status >= 400
}
