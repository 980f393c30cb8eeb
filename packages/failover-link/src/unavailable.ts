import type { AttemptOutcome } from '@graphlinks/core'

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
  if (result) return [502, 503, 504].includes(result.http?.status ?? 0)
  const { status, code, retryable } = factsOf(error)
  // 408 and 429 may be tried again, but at the endpoint that said so.
  const blamesRequest = typeof status === 'number' && status >= 400 && status < 500
  return (retryable === true && !blamesRequest) || code === 'TIMEOUT'
}

/** Whether an error that says nothing of the kind is about an answer, such as 404: the endpoint is there. */
export function isAnswer(error: unknown): boolean {
  return typeof factsOf(error).status === 'number'
}

/** Whether it is certain that nothing was executed, since nothing was sent. */
export function isUnsent(error: unknown): boolean {
  const { code, mayHaveRun } = factsOf(error)
  if (typeof mayHaveRun === 'boolean') return !mayHaveRun
  return code === 'SOCKET_CONNECT' || hasNoConnection(error)
}

/** Codes that Node and undici have for connections that were never made. Browsers do not tell. */
const connecting: readonly unknown[] = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']

function hasNoConnection(error: unknown, depth = 4): boolean {
  const { code, cause } = factsOf(error)
  return connecting.includes(code) || (depth > 0 && cause !== undefined && hasNoConnection(cause, depth - 1))
}

interface Facts {
  readonly status?: unknown
  readonly code?: unknown
  readonly retryable?: unknown
  readonly mayHaveRun?: unknown
  readonly cause?: unknown
}

function factsOf(error: unknown): Facts {
  return Object(error) as Facts
}
