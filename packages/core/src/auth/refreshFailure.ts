import { readRetryAfter } from '../retryAfterMs.ts'

/** What a failed refresh means for the session. */
export interface RefreshFailure {
  /**
   * `'rejected'`: the refresh token is no good any more, and the session over. `'misconfigured'`: the request is wrong
   * and will stay so. `'transient'`: it may work later.
   */
  readonly kind: 'rejected' | 'misconfigured' | 'transient'
  /** What an authorization server calls it (RFC 6749 section 5.2), where it does. */
  readonly oauthError: string | undefined
  /** Whether the answer may have been lost on its way: the token was perhaps renewed all the same. */
  readonly isLost: boolean
  /** What the server asked for, in milliseconds. */
  readonly retryAfterMs: number | undefined
}

// RFC 6749 section 5.2: about the request and the client, not about the grant.
const misconfigurations = /^(invalid_(request|client|scope)|unauthorized_client|unsupported_grant_type)$/

/** Reads an error of a refresh function, and what caused it. The one place that decides whether a session is over. */
export function readFailure(error: unknown, date: number): RefreshFailure {
  let kind: RefreshFailure['kind'] = 'transient'
  let oauthError: string | undefined
  let isLost = false
  let retryAfterMs: number | undefined
  try {
    let link = Object(error) as FailureLike
    for (let depth = 0; depth < 5; depth++) {
      // Where oauth4webapi, openid-client and RefreshRejectedError say it.
      const { status } = link
      // A server that is busy says nothing about the grant, whatever its body repeats.
      const isBusy = typeof status === 'number' && (status === 408 || status === 429 || status >= 500)
      for (const code of isBusy ? [] : [link.error, link.code].map(String)) {
        // Only these end a session: whatever else goes wrong, the refresh token may be good.
        if (code === 'invalid_grant' || code === 'REFRESH_REJECTED') kind = 'rejected'
        if (misconfigurations.test(code)) kind = 'misconfigured'
        if (code === 'invalid_grant' || misconfigurations.test(code)) oauthError = code
        // httpLink says NETWORK, sockets ECONNRESET and the like.
        if (/^(NETWORK|E[A-Z]{5,}|UND_ERR_\w+)$/.test(code)) isLost = true
        // Nobody received the question.
        if (code === 'ECONNREFUSED' || code === 'ENOTFOUND') isLost = false
      }
      if (depth === 0 && error instanceof TypeError) isLost = true // how fetch rejects
      // An answer, whatever it says, was not lost.
      if (typeof status === 'number') isLost = false
      retryAfterMs ??= readRetryAfter(
        link.retryAfter ?? (link.headers ?? link.response?.headers)?.get?.('retry-after'),
        date,
      )
      link = Object(link.cause) as FailureLike
    }
  } catch {
    // What was thrown does not want to be read.
  }
  return { kind, oauthError, isLost, retryAfterMs }
}

interface FailureLike {
  readonly error?: unknown
  readonly code?: unknown
  readonly status?: unknown
  readonly retryAfter?: unknown
  readonly headers?: { readonly get?: (name: string) => unknown }
  readonly response?: { readonly headers?: FailureLike['headers'] }
  readonly cause?: unknown
}
