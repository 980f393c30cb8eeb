/**
 * Loaded with the first operation of a cookieLink that can sign in again, and built on its own: what renews tokens is there
 * once more, so that no page has it for cookies that it may never need to renew.
 */
import type { Clock } from '../clock.ts'
import { sendWith, type CredentialSource } from '../credentialSource.ts'
import { LinkError } from '../errors.ts'
import { blame } from '../invoke.ts'
import type { Next } from '../link.ts'
import type { Operation } from '../operation.ts'
import type { Results } from '../results.ts'
import type { RefreshRequest } from './renewal.ts'
import { isTokenRefused } from './rejection.ts'
import { sendRenewed, type RenewedSending } from './sendRenewed.ts'
import type { SessionOwner } from './sessionOptions.ts'
import { SessionTokenSource } from './sessionTokenSource.ts'

/** What a function that signs in is given. */
export type LoginRequest = Pick<RefreshRequest, 'signal' | 'context'>

/** What {@link Login} needs. */
export interface LoginOptions {
  /** Where the cookies come from. */
  readonly source: CredentialSource
  readonly replay: SessionOwner['replay']
  readonly urgent: SessionOwner['urgent']
  readonly onUnauthenticated: (request: LoginRequest) => unknown
  /** Default: {@link isTokenRefused}. */
  readonly isUnauthenticated: RenewedSending['isRefused'] | undefined
  readonly timeoutMs: number
  readonly clock: Clock
}

/**
 * Signs in again for all operations that need it. A session of cookies is one of tokens that never leave it: each sign-in
 * gives another, by which operations that were sent before it are told from those that were sent after.
 */
export class Login {
  readonly #source: CredentialSource
  readonly #sending: RenewedSending
  #count = 0

  constructor({ source, replay, urgent, onUnauthenticated, isUnauthenticated, timeoutMs, clock }: LoginOptions) {
    const session = new SessionTokenSource(
      {
        initial: this.#nextTokens(),
        fetchToken: async ({ signal, context }) => {
          await onUnauthenticated({ signal, context })
          return this.#nextTokens()
        },
        mode: 'lazy',
        // `Infinity` is no limit; a session has one, of 24 days.
        timeoutMs: Math.min(timeoutMs, 2 ** 31 - 1),
        clock,
      },
      { link: 'cookieLink', replay, urgent, isEndless: true },
    )
    this.#source = source
    this.#sending = {
      session,
      // For each attempt anew: signing in changes the token against cross-site request forgery.
      attach: async (operation) => {
        try {
          return await source.attach(operation)
        } catch (error) {
          throw blame(error, LinkError, 'the cookies could not be attached; see cause', 'cookieLink', operation)
        }
      },
      isRefused: isUnauthenticated ?? isTokenRefused,
    }
  }

  send(operation: Operation, next: Next): Results | Promise<Results> {
    const { session } = this.#sending
    if (session.refresher?.isRefreshCall(operation)) return sendWith(this.#source, operation, next)
    return sendRenewed(operation, next, this.#sending)
  }

  dispose(): Promise<void> {
    return this.#sending.session.dispose()
  }

  #nextTokens() {
    return { accessToken: `cookie-session-${++this.#count}` }
  }
}
