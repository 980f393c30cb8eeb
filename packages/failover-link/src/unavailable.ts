import { isTransient, type AttemptOutcome } from '@graphlinks/core'

/**
 * Whether an attempt says that its endpoint cannot be used now: no connection, no answer in time; 502, 503 or 504, also
 * with a GraphQL body, since a gateway wrote it; an open circuit. Never a GraphQL error, another status, or what has to
 * do with credentials: the next endpoint would say the same.
 *
 * @example
 * ```ts
 * import { failoverLink, isUnavailable } from '@graphlinks/failover-link'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * export const link = failoverLink(
 *   [httpLink({ url: 'https://eu.example.com/graphql' }), httpLink({ url: 'https://us.example.com/graphql' })],
 *   { isUnavailable: (outcome) => isUnavailable(outcome) || outcome.result?.http?.status === 500 },
 * )
 * ```
 */
export function isUnavailable({ result, error }: AttemptOutcome): boolean {
  if (result) return [502, 503, 504].includes(result.http?.status as number)
  // 408 and 429 may be tried again, but at the endpoint that said so.
  return isTransient(error) && !(isAnswer(error) && error.status < 500)
}

/** Whether an error is about an answer that blames somebody: the endpoint is there. */
export function isAnswer(error: unknown): error is { readonly status: number } {
  return (Object(error) as { readonly status: number }).status >= 400
}
