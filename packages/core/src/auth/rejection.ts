import { contextKey, type ContextKey } from '../context.ts'
import type { Result } from '../results.ts'

/** How an attempt ended, as far as it says something about the token: a result, or the error that came in its place. */
export interface AttemptOutcome {
  readonly result?: Result | undefined
  readonly error?: unknown
}

/**
 * Whether one operation may be sent again with a new token, under this key of its context: `'always'`, also a mutation
 * that may have run; `'never'`, nothing. Default: queries and subscriptions, and mutations that certainly did not run.
 *
 * @example
 * ```ts
 * import { emptyContext, replay } from '@graphlinks/core'
 *
 * // A mutation that may run twice, as it carries an idempotency key.
 * export const context = emptyContext.with(replay, 'always')
 * ```
 */
export const replay: ContextKey<'always' | 'never'> = /* @__PURE__ */ contextKey('replay')

/**
 * Whether a server refused the token: HTTP 401, or a GraphQL error with the code `UNAUTHENTICATED` (Hasura:
 * `invalid-jwt`); over WebSocket, a close with 4401 or 4403. Never what says that the token is good and not enough: 403,
 * `FORBIDDEN`, `insufficient_scope`; nor what is wrong with a DPoP proof (RFC 9449 sections 7.1 and 9).
 */
export function isTokenRefused({ result, error }: AttemptOutcome): boolean {
  const { status, closeCode, wwwAuthenticate, errors } = Object(error) as {
    readonly status?: unknown
    readonly closeCode?: unknown
    readonly wwwAuthenticate?: string | null
    readonly errors?: Result['errors']
  }
  const challenge = wwwAuthenticate ?? result?.http?.headers.get('www-authenticate')
  if (/insufficient_scope|_dpop_/.test(challenge ?? '')) return false
  const codes = (result?.errors ?? errors)?.map(({ extensions }) => extensions?.['code']) ?? []
  return (
    status === 401 ||
    closeCode === 4401 ||
    closeCode === 4403 ||
    result?.http?.status === 401 ||
    codes.includes('UNAUTHENTICATED') ||
    codes.includes('invalid-jwt')
  )
}
