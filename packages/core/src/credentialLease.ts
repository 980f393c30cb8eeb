import type { Attempt } from './auth/refresher.ts'
import type { SessionTokenSource } from './auth/sessionTokenSource.ts'
import type { SessionState } from './auth/tokenSource.ts'
import type { CredentialSource } from './credentialSource.ts'

/** What a terminal link has to do with the session whose tokens it uses for as long as a connection lives. */
export interface CredentialLease {
  /**
   * A server refused what was attached last. From then on it is the terminal link that has the operation sent again: no
   * other link does, whatever comes of it.
   *
   * @param again - whether it was attached because what was attached before had been refused.
   * @returns `'replaced'` when what was refused was no longer the best there is, `'renewable'` when something better can
   * be had (`attach` waits for it), `undefined` when it cannot.
   */
  refused(again: boolean): Promise<'replaced' | 'renewable' | undefined>
  /** In how many milliseconds to {@link check}; `undefined` where there is no need to. */
  readonly dueMs: number | undefined
  /** Has a token that is due renewed, in the background. */
  check(): void
  /**
   * Calls back, also at once, with `'renewed'` when there is something better than what was attached, and with `'ended'`
   * when it must not be used any more, because somebody signed in or out. @returns a function that ends it.
   */
  subscribe(listener: (change: 'renewed' | 'ended') => void): () => void
}

/** The source of a `tokenRefreshLink`: an attempt to send an operation with the tokens of a session. */
export interface LeasedSource extends CredentialSource, Attempt {
  readonly session: SessionTokenSource
}

/**
 * For authors of terminal links: what to do about credentials that are the tokens of a session; `undefined` for others.
 *
 * @example
 * ```ts
 * import { credentialSources, leaseOf, type Operation } from '@graphlinks/core'
 *
 * export const onRenewed = (operation: Operation, reconnect: () => void): void => {
 *   for (const source of credentialSources(operation)) {
 *     leaseOf(source)?.subscribe((change) => change === 'renewed' && reconnect())
 *   }
 * }
 * ```
 */
export function leaseOf(source: CredentialSource): CredentialLease | undefined {
  if (!('session' in source)) return undefined
  const attempt = source as LeasedSource
  const { session } = attempt
  return {
    async refused(again) {
      attempt.isDelegated = true
      const refresher = attempt.ticket().stored && (await session.load())
      return refresher?.refused(attempt.ticket(), again)
    },
    get dueMs() {
      return session.dueMs
    },
    check: () => session.check(),
    subscribe(listener) {
      const compare = ({ epoch, generation }: Pick<SessionState, 'epoch' | 'generation'>): void => {
        const ticket = attempt.ticket()
        if (epoch !== ticket.epoch) listener('ended')
        else if (generation !== ticket.generation) listener('renewed')
      }
      // It may have changed since it was attached.
      compare(session.current)
      return session.events.subscribe(compare)
    },
  }
}
