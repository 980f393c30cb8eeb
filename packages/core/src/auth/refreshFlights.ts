import { instantOf } from '../clock.ts'
import { contextKey, emptyContext } from '../context.ts'
import type { Operation } from '../operation.ts'
import { holdsValue } from './holdsValue.ts'
import { readFailure } from './refreshFailure.ts'
import type { RefresherHost } from './refresherHost.ts'
import { renew, type Renewal } from './renewal.ts'
import type { Event, RefreshReason } from './sessionMachine.ts'
import { baseOf, ticketOf } from './sessionState.ts'
import { credentialOf } from './tokens.ts'
import type { TokenStore } from './tokenStore.ts'

interface Flight {
  /** Never rejects. */
  readonly done: Promise<void>
  readonly cancel: (reason: Error) => void
}

const disposalMs = 5_000

/** Marks the call that renews the tokens of a source. */
const renews = contextKey<unknown>('refresh')

/** The refreshes that are on their way: how long each may take, and what comes of an answer for which it is too late. */
export class RefreshFlights {
  readonly #host: RefresherHost
  readonly #store: TokenStore
  readonly #dispatch: (event: Event) => void
  /** One of the session, and perhaps one of a former session. */
  readonly #flights = new Set<Flight>()
  /** Whether the application's refresh function is on the stack. */
  #isAsking = false

  constructor(host: RefresherHost, store: TokenStore, dispatch: (event: Event) => void) {
    this.#host = host
    this.#store = store
    this.#dispatch = dispatch
  }

  /** Whether an operation is the call that renews the tokens. */
  isCall({ context, variables }: Operation): boolean {
    if (this.#isAsking || context.get(renews) === this) return true
    const state = this.#host.state()
    const refreshToken = ticketOf(state).stored?.refreshToken
    const isRenewing = state.refresher.status === 'inflight' && refreshToken !== undefined
    return isRenewing && holdsValue(variables, (value) => value === refreshToken)
  }

  /** Begins one. The state machine sees to it that a session has one at a time. */
  start(reason: RefreshReason): void {
    const { options, parts, state, store } = this.#host
    const { clock, timeoutMs, refresh, fetchToken } = options
    const before = ticketOf(state()).stored
    const base = baseOf(state())
    const isCurrent = (): boolean => baseOf(state()) === base
    const { epoch } = state()
    const isSame = (): boolean => state().epoch === epoch
    // What comes back after the end is stored for whoever begins again; not after a sign-out.
    const isEnd = (): boolean => state().session.status === 'disposed' && isSame()
    const controller = new AbortController()
    let isLate = false
    const settle = (renewal: Renewal): void => {
      if (renewal.type === 'failed') {
        // Without a refresh token, `invalid_grant` is no word about one, and there is nobody who could sign in again.
        const isEndless = options.isEndless || (fetchToken && renewal.failure.oauthError === 'invalid_grant')
        const failure = isEndless ? { ...renewal.failure, kind: 'transient' as const } : renewal.failure
        if (!isLate) this.#dispatch({ ...renewal, failure, base })
        return
      }
      // Tokens are welcome also after the time was up.
      const isNews = renewal.type === 'refreshed' && isCurrent()
      const credential = renewal.stored && credentialOf(renewal.stored, instantOf(clock), options)
      this.#dispatch({ type: renewal.type, base, credential })
      if (isNews) store.post('refreshed')
    }
    const cancelTimer = clock.after(timeoutMs, () => {
      const error = new parts.TimeoutError(`the refresh did not end within ${timeoutMs} ms (timeoutMs)`, {
        link: options.link,
      })
      settle({ type: 'failed', failure: readFailure(error, clock.date()), error })
      isLate = true
      this.#flights.delete(flight)
      controller.abort(error)
    })
    const request = {
      refreshToken: before?.refreshToken,
      signal: controller.signal,
      reason,
      // Where the call goes through the same client, what waits for new tokens must not hold it up.
      context: emptyContext.with(options.urgent, true).with(renews, this),
    }
    const done = renew(before, request, {
      ...options,
      store: this.#store,
      renewTokens: (asked) => {
        this.#isAsking = true
        try {
          return (refresh ?? (fetchToken as NonNullable<typeof fetchToken>))(asked)
        } finally {
          this.#isAsking = false
        }
      },
      isCurrent: () => isCurrent() || isEnd(),
      isSame,
      stored: async () => store.written,
      restore: async () => (isEnd() ? undefined : store.write()),
    })
      .then(settle)
      .finally(() => {
        cancelTimer()
        this.#flights.delete(flight)
      })
    const flight: Flight = {
      done,
      cancel: (reason) => {
        cancelTimer()
        controller.abort(reason)
      },
    }
    this.#flights.add(flight)
  }

  /** When all have ended. They are given a moment: refresh tokens that were sent may be used up, and others come for them. */
  async end(reason: Error): Promise<void> {
    const ends = [...this.#flights].map(({ done, cancel }) => {
      return new Promise<void>((resolve) => {
        const cancelTimer = this.#host.options.clock.after(disposalMs, () => {
          cancel(reason)
          resolve()
        })
        void done.then(cancelTimer).then(resolve)
      })
    })
    await Promise.all(ends)
  }
}
