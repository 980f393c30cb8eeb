/**
 * The part of a token source that renews tokens. Loaded when they are to be renewed, or were refused, for the first time:
 * most pages are left before that. It is built on its own, so it is given what must not be there twice, such as classes.
 */
import { instantOf } from '../clock.ts'
import { contextKey, emptyContext } from '../context.ts'
import type { GraphLinksError, TimeoutError } from '../errors.ts'
import type { Operation, OperationValue } from '../operation.ts'
import type { ReplayRefusal } from '../results.ts'
import { holdsValue } from './holdsValue.ts'
import type { AttemptOutcome } from './rejection.ts'
import { renew, type Renewal } from './renewal.ts'
import { refusalOf } from './replayRefusal.ts'
import type { AuthExpiredError, AuthQueueFullError, AuthRefreshError } from './sessionErrors.ts'
import * as machine from './sessionState.ts'
import type { CheckedOptions } from './sessionTokenSource.ts'
import { credentialOf, type Credential } from './tokens.ts'
import type { SessionMessage, TokenSourceOptions } from './tokenSource.ts'
import type { StoredTokens, TokenStore } from './tokenStore.ts'
import type { urgent } from '../urgent.ts'
import { WaitingLine } from './waitingLine.ts'

/** What others know as well, and is there once, however often the code that uses it was copied. */
export interface SharedParts {
  readonly urgent: typeof urgent
  readonly AuthExpiredError: typeof AuthExpiredError
  readonly AuthQueueFullError: typeof AuthQueueFullError
  readonly AuthRefreshError: typeof AuthRefreshError
  readonly TimeoutError: typeof TimeoutError
}

/** The token source, as its refresher sees it. */
export interface RefresherHost {
  readonly options: CheckedOptions
  readonly parts: SharedParts
  readonly state: () => machine.State
  readonly apply: (transition: machine.Transition) => void
  /** When the store has what the session was; `undefined` if it does. */
  readonly written: () => Promise<void> | undefined
  /** Stores what the session is now. */
  readonly write: () => Promise<void>
  readonly post: (event: SessionMessage['event']) => void
}

/** One of the at most two times that an operation is sent. */
export interface Attempt {
  ticket: machine.Ticket
  /** Whether the terminal link has it sent again by itself. */
  isDelegated?: boolean
  readonly isReplay: boolean
  /** Whether the consumer has nothing yet. */
  isFirst: boolean
}

/** `'replay'`: the operation is to be sent again. Otherwise why it is not. */
export type Verdict = ReplayRefusal | 'replay'

interface Flight {
  /** Never rejects. */
  readonly done: Promise<void>
  readonly cancel: (reason: Error) => void
}

const disposalMs = 5_000

/** Marks the call that renews the tokens of a source. */
const renews = contextKey<unknown>('refresh')

/** Runs the refreshes that the state machine asks for, and keeps what waits for them. */
export class Refresher {
  readonly #host: RefresherHost
  readonly #store: TokenStore
  readonly #line = new WaitingLine()
  /** What was sent again: a retry link further out must not multiply that. */
  readonly #replayed = new WeakSet<object>()
  #flight: Flight | undefined = undefined
  /** Whether the application's refresh function is on the stack. */
  #isAsking = false

  constructor(host: RefresherHost) {
    const { state, options } = host
    this.#host = host
    // Without a store, what the session is counts as stored, and tokens that come after its end are nobody's.
    this.#store = options.store ?? {
      read: () => machine.ticketOf(state()).stored,
      write: () => {},
      replace: (_, version) => this.#isDisposed || machine.ticketOf(state()).stored?.version === version,
    }
  }

  /** An operation starts, or time has passed. */
  use(): void {
    this.#dispatch({ type: 'use' })
  }

  /** In how many milliseconds {@link use} would do something by itself; `undefined` where it never would. */
  get dueMs(): number | undefined {
    return machine.nextDueMs(this.#host.state(), this.#circumstances)
  }

  /**
   * Waits until an operation that came with a ticket may be sent, now or when there are new tokens; or until its session
   * is over, which is for whoever called to say.
   */
  async admit({ epoch, generation }: machine.Ticket, operation: Operation | undefined): Promise<void> {
    const { parts, options } = this.#host
    for (;;) {
      this.use()
      const state = this.#host.state()
      if (state.epoch !== epoch || this.#isDisposed) return
      const circumstances = this.#circumstances
      // A token that was renewed for whoever waited is used, however little of its life is left.
      const isRenewed = state.generation !== generation && machine.isUsable(state, circumstances.present)
      const verdict = isRenewed ? 'send' : machine.admit(state, circumstances)
      if (verdict === 'send') return
      if (verdict === 'fail') throw this.#refusal(operation)
      if (this.#line.length >= options.maxQueued) {
        throw new parts.AuthQueueFullError(`${options.maxQueued} operations wait for a token already (maxQueued)`, {
          link: options.link,
          operationName: operation?.operationName,
        })
      }
      await this.#line.wait(operation)
    }
  }

  /** Does what the state machine asks for: a refresh, or that everybody who waits looks again. */
  run(effect: Extract<machine.Effect, { type: 'refresh' | 'wake' }>): void {
    if (effect.type === 'wake') this.#line.wake()
    else this.#refresh(effect.reason)
  }

  /** A server refused what an operation was sent with: what is to become of the operation. */
  judge(operation: Operation, outcome: AttemptOutcome, { ticket, isReplay, isFirst }: Attempt): Verdict {
    const isBetterNear = this.refused(ticket, isReplay) !== undefined
    const { execution } = operation as OperationValue
    if (isReplay || (execution && this.#replayed.has(execution))) return 'replayed'
    if (!isFirst) return 'delivered'
    const policy = operation.context.get(this.#host.options.replay)
    const refusal = refusalOf(operation, outcome, policy) ?? (isBetterNear ? 'replay' : 'not-renewed')
    if (refusal === 'replay' && execution) {
      this.#replayed.add(execution)
      execution.note('replay')
    }
    return refusal
  }

  /**
   * A server refused a token. `again`: it was renewed because the one before had been refused.
   *
   * @returns whether there is a better one, or may soon be.
   */
  refused({ epoch, generation }: machine.Ticket, again: boolean): 'replaced' | 'renewable' | undefined {
    this.#dispatch({ type: 'refuse', epoch, generation, isReplay: again })
    const { session, generation: present } = this.#host.state()
    if (present !== generation) return 'replaced'
    const isRenewable = session.status === 'dead' || (session.status === 'live' && session.isRejected)
    return isRenewable && !again ? 'renewable' : undefined
  }

  /** An operation that was sent again got its result. */
  accept(): void {
    this.#dispatch({ type: 'accept' })
  }

  /** Whether an operation is the call that renews the tokens: it must not wait for itself. */
  isRefreshCall({ context, variables }: Operation): boolean {
    if (this.#isAsking || context.get(renews) === this) return true
    const state = this.#host.state()
    const refreshToken = machine.ticketOf(state).stored?.refreshToken
    const isRenewing = state.refresher.status === 'inflight' && refreshToken !== undefined
    return isRenewing && holdsValue(variables, (value) => value === refreshToken)
  }

  /** Looks into the store, because another tab said that something happened. */
  async look(): Promise<void> {
    const base = machine.baseOf(this.#host.state())
    try {
      // What this tab is about to store is newer than what is there.
      await this.#host.written()
      const stored = await this.#store.read()
      if (stored?.version !== machine.ticketOf(this.#host.state()).stored?.version) {
        this.#dispatch({ type: 'stored', base, credential: this.#credentialOf(stored) })
      }
    } catch {
      // It is looked into again before the next refresh.
    }
  }

  /** When the refresh that is running has ended. It is given a moment. */
  async dispose(reason: Error): Promise<void> {
    const flight = this.#flight
    if (!flight) return
    // A refresh token that was sent may be used up: what comes back for it is worth a moment.
    await new Promise<void>((resolve) => {
      const cancelTimer = this.#host.options.clock.after(disposalMs, () => {
        flight.cancel(reason)
        resolve()
      })
      void flight.done.then(cancelTimer).then(resolve)
    })
  }

  #refresh(reason: machine.RefreshReason): void {
    const { options, parts, state, written, write, post } = this.#host
    const { clock, timeoutMs } = options
    const before = machine.ticketOf(state()).stored
    const base = machine.baseOf(state())
    const isCurrent = (): boolean => machine.baseOf(state()) === base
    const controller = new AbortController()
    let isLate = false
    const settle = (renewal: Renewal): void => {
      if (renewal.type === 'failed') {
        if (!isLate) this.#dispatch({ ...renewal, base })
        return
      }
      // Tokens are welcome also after the time was up.
      const isNews = renewal.type === 'refreshed' && isCurrent()
      this.#dispatch({ type: renewal.type, base, credential: this.#credentialOf(renewal.stored) })
      if (isNews) post('refreshed')
    }
    const cancelTimer = clock.after(timeoutMs, () => {
      const error = new parts.TimeoutError(`the refresh did not end within ${timeoutMs} ms (timeoutMs)`, {
        link: options.link,
      })
      settle({ type: 'failed', failure: machine.passing, error })
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
          return (this.#renewTokens as NonNullable<TokenSourceOptions['refresh']>)(asked)
        } finally {
          this.#isAsking = false
        }
      },
      // What comes back after the end is stored for whoever begins again.
      isCurrent: () => isCurrent() || this.#isDisposed,
      stored: async () => written(),
      restore: async () => (this.#isDisposed ? undefined : write()),
    })
      .then(settle)
      .finally(cancelTimer)
    const flight: Flight = {
      done,
      cancel: (reason) => {
        cancelTimer()
        controller.abort(reason)
      },
    }
    this.#flight = flight
    void done.then(() => {
      if (this.#flight === flight) this.#flight = undefined
    })
  }

  get #isDisposed(): boolean {
    return this.#host.state().session.status === 'disposed'
  }

  get #circumstances(): machine.Circumstances {
    const { clock, random, fetchToken } = this.#host.options
    const canRefresh = this.#renewTokens !== undefined
    return { present: instantOf(clock), random: random(), canRefresh, canAcquire: fetchToken !== undefined }
  }

  get #renewTokens(): TokenSourceOptions['refresh'] {
    const { refresh, fetchToken } = this.#host.options
    return refresh ?? fetchToken
  }

  #credentialOf(stored: StoredTokens | undefined | null): Credential | undefined {
    const { options } = this.#host
    return stored ? credentialOf(stored, instantOf(options.clock), options) : undefined
  }

  #dispatch(event: machine.Event): void {
    this.#host.apply(machine.transition(this.#host.state(), event, this.#circumstances))
  }

  /** Why an operation is not sent. */
  #refusal(operation: Operation | undefined): GraphLinksError {
    const { options, parts, state } = this.#host
    const { refresher } = state()
    const details = { link: options.link, operationName: operation?.operationName }
    if (!('until' in refresher)) return new parts.AuthExpiredError('the session is over: sign in again', details)
    const { until, oauthError, error } = refresher
    const retryAfterMs = Math.max(0, until.now - options.clock.now())
    const why = oauthError
      ? `the authorization server answers ${oauthError}: check how the client is registered`
      : 'see cause'
    return new parts.AuthRefreshError(
      `the token could not be renewed, and it is not tried again for ${Math.ceil(retryAfterMs / 1_000)} s; ${why}`,
      { ...details, retryAfterMs, cause: error },
    )
  }
}
