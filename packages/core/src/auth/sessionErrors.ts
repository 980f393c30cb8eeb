import { GraphLinksError, type ErrorDetails } from '../errors.ts'

/**
 * A token could not be renewed, and what is left of the old one is no good. The session itself goes on: the same
 * operation may succeed later.
 *
 * @example
 * ```ts
 * import { AuthRefreshError } from '@graphlinks/core'
 *
 * export const waitMs = (error: unknown): number | undefined =>
 *   AuthRefreshError.is(error) ? error.retryAfterMs : undefined
 * ```
 */
export class AuthRefreshError extends GraphLinksError {
  static override readonly name: string = 'AuthRefreshError'
  static override readonly code: string = 'AUTH_REFRESH'
  /** How long no refresh is tried, in milliseconds from the failure of the operation. */
  declare readonly retryAfterMs: number

  constructor(message: string, details: ErrorDetails & { readonly retryAfterMs: number }) {
    super(message, details)
    this.retryAfterMs = details.retryAfterMs
  }
}

/**
 * The session is over: its tokens are no good and cannot be renewed. Nothing but a new sign-in helps.
 *
 * @example
 * ```ts
 * import { AuthExpiredError } from '@graphlinks/core'
 *
 * export const mustSignIn = (error: unknown): boolean => AuthExpiredError.is(error)
 * ```
 */
export class AuthExpiredError extends GraphLinksError {
  static override readonly name: string = 'AuthExpiredError'
  static override readonly code: string = 'AUTH_EXPIRED'
}

/**
 * Too many operations wait for one refresh (`maxQueued`).
 *
 * @example
 * ```ts
 * import { AuthQueueFullError } from '@graphlinks/core'
 *
 * export const isOverloaded = (error: unknown): boolean => AuthQueueFullError.is(error)
 * ```
 */
export class AuthQueueFullError extends GraphLinksError {
  static override readonly name: string = 'AuthQueueFullError'
  static override readonly code: string = 'AUTH_QUEUE_FULL'
}

/**
 * Somebody signed in, out, or as somebody else while the operation was running: its result belongs to a session that is
 * no longer there, and is not delivered. A mutation may have been executed.
 *
 * @example
 * ```ts
 * import { IdentityChangedError } from '@graphlinks/core'
 *
 * export const isOfFormerUser = (error: unknown): boolean => IdentityChangedError.is(error)
 * ```
 */
export class IdentityChangedError extends GraphLinksError {
  static override readonly name: string = 'IdentityChangedError'
  static override readonly code: string = 'IDENTITY_CHANGED'
}

/**
 * For functions that renew tokens to throw, where a server says in words of its own that the refresh token is no longer
 * good. It ends the session, as `invalid_grant` does (RFC 6749 section 5.2); any other error is taken for a passing one.
 *
 * @example
 * ```ts
 * import { createTokenSource, RefreshRejectedError } from '@graphlinks/core'
 *
 * export const session = createTokenSource({
 *   refresh: async ({ refreshToken, signal }) => {
 *     const response = await fetch('/refresh', { method: 'POST', body: refreshToken ?? null, signal })
 *     if (response.status === 401) throw new RefreshRejectedError('the server wants a new sign-in')
 *     return response.json()
 *   },
 * })
 * ```
 */
export class RefreshRejectedError extends GraphLinksError {
  static override readonly name: string = 'RefreshRejectedError'
  static override readonly code: string = 'REFRESH_REJECTED'
}
