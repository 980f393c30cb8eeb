import { GraphLinksError, type ErrorDetails } from '@graphlinks/core'

/** What an {@link OAuthError} keeps. */
export interface OAuthErrorDetails extends ErrorDetails {
  readonly error?: string | undefined
  readonly status?: number | undefined
  readonly retryAfter?: string | null | undefined
}

/**
 * An authorization server gave no tokens: it refused, was overloaded, could not be reached, or answered with something
 * that is no token response. A token source reads the fields below, and decides by them whether the session is over.
 *
 * @example
 * ```ts
 * import { OAuthError } from '@graphlinks/oauth'
 *
 * export const mustRegister = (error: unknown): boolean =>
 *   OAuthError.is(error) && error.error === 'unauthorized_client'
 * ```
 */
export class OAuthError extends GraphLinksError {
  static override readonly name: string = 'OAuthError'
  static override readonly code: string = 'OAUTH'
  /** The server's word for it, such as `invalid_grant` (RFC 6749 section 5.2), where it gave one. */
  readonly error: string | undefined
  /** The HTTP status of the answer, where there was a whole one. */
  readonly status: number | undefined
  /** The `Retry-After` header as it came: seconds, or an HTTP date. */
  readonly retryAfter: string | null

  constructor(message: string, details: OAuthErrorDetails = {}) {
    super(message, details)
    this.error = details.error
    this.status = details.status
    this.retryAfter = details.retryAfter ?? null
  }
}

/**
 * A package that is needed is not installed. The message has the command that installs it.
 *
 * @example
 * ```ts
 * import { MissingPackageError } from '@graphlinks/oauth'
 *
 * export const isIncomplete = (error: unknown): boolean => MissingPackageError.is(error)
 * ```
 */
export class MissingPackageError extends GraphLinksError {
  static override readonly name: string = 'MissingPackageError'
  static override readonly code: string = 'MISSING_PACKAGE'
}
