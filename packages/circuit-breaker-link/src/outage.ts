import { isTransient, type AttemptOutcome } from '@graphlinks/core'

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
 *   isFailure: (outcome) => isOutage(outcome) || outcome.result?.errors?.[0]?.extensions?.['code'] === 'OVERLOADED',
 * })
 * ```
 */
export function isOutage({ result, error }: AttemptOutcome): boolean {
  if (result) return [502, 503, 504].includes(result.http?.status as number)
  return isAnswer(error) ? error.status >= 500 : isTransient(error)
}

/** Whether an error is about an answer that blames somebody: the endpoint is there. */
export function isAnswer(error: unknown): error is { readonly status: number } {
  return (Object(error) as { readonly status: number }).status >= 400
}
