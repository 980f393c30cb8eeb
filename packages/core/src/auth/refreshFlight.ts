import { instantOf } from '../clock.ts'
import { contextKey, emptyContext } from '../context.ts'
import type { Operation } from '../operation.ts'
import { holdsValue } from './holdsValue.ts'
import type { RefresherHost } from './refresherHost.ts'
import { renew, type Renewal } from './renewal.ts'
import { passing, type Event, type RefreshReason } from './sessionMachine.ts'
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

/** The refresh that is on its way: how long it may take, and what comes of an answer for which it is too late. */
export class RefreshFlight {
  readonly #host: RefresherHost
  readonly #store: TokenStore
  readonly #dispatch: (event: Event) => void
  #flight: Flight | undefined = undefined
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

  /** A refresh. The state machine sees to it that there is one at a time. */
  start(reason: RefreshReason): void {
    const { options, parts, state, store } = this.#host
    const { clock, timeoutMs, refresh, fetchToken } = options
    const before = ticketOf(state()).stored
    const base = baseOf(state())
    const isCurrent = (): boolean => baseOf(state()) === base
    const { epoch } = state()
    // What comes back after the end is stored for whoever begins again; not after a sign-out.
    const isEnd = (): boolean => state().session.status === 'disposed' && state().epoch === epoch
    const controller = new AbortController()
    let isLate = false
    const settle = (renewal: Renewal): void => {
      if (renewal.type === 'failed') {
        if (!isLate) this.#dispatch({ ...renewal, base })
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
      settle({ type: 'failed', failure: passing, error })
      isLate = true
      this.#flight = undefined
      controller.abort(error)
    })
    const request = {
      refreshToken: before?.refreshToken,
      signal: controller.signal,
      reason,
      // Where the call goes through the same client, what waits for new tokens must not hold it up.
      context: emptyContext.with(parts.urgent, true).with(renews, this),
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
      stored: async () => store.written,
      restore: async () => (isEnd() ? undefined : store.write()),
    })
      .then(settle)
      .finally(cancelTimer)
    this.#flight = {
      done,
      cancel: (reason) => {
        cancelTimer()
        controller.abort(reason)
      },
    }
  }

  /** When it has ended. It is given a moment: a refresh token that was sent may be used up, and what comes back is for it. */
  async end(reason: Error): Promise<void> {
    const flight = this.#flight
    if (!flight) return
    await new Promise<void>((resolve) => {
      const cancelTimer = this.#host.options.clock.after(disposalMs, () => {
        flight.cancel(reason)
        resolve()
      })
      void flight.done.then(cancelTimer).then(resolve)
    })
  }
}
