/**
 * The part of a token source that renews tokens. Loaded when they are to be renewed, or were refused, for the first time:
 * most pages are left before that. It is built on its own, so it is given what must not be there twice, such as classes.
 */
import { instantOf } from '../clock.ts'
import type { GraphLinksError } from '../errors.ts'
import type { Operation, OperationValue } from '../operation.ts'
import type { ReplayRefusal } from '../results.ts'
import { RefreshFlights } from './refreshFlights.ts'
import type { RefresherHost } from './refresherHost.ts'
import type { AttemptOutcome } from './rejection.ts'
import { read } from './renewal.ts'
import { refusalOf } from './replayRefusal.ts'
import { nextDueMs, transition, type Effect, type Event } from './sessionMachine.ts'
import { admit, baseOf, isUsable, ticketOf, type Circumstances, type Ticket } from './sessionState.ts'
import { credentialOf } from './tokens.ts'
import type { TokenStore } from './tokenStore.ts'
import { WaitingLine } from './waitingLine.ts'

/** One of the at most two times that an operation is sent. */
export interface Attempt {
  /** A function, so that nothing that prints an attempt, or makes JSON of it, comes to the tokens. */
  readonly ticket: () => Ticket
  /** Whether the terminal link has it sent again by itself. */
  isDelegated?: boolean
  readonly isReplay: boolean
  /** Whether the consumer has a result of it. */
  isDelivered?: boolean
}

/** `'replay'`: the operation is to be sent again. Otherwise why it is not. */
export type Verdict = ReplayRefusal | 'replay'

/** Runs the refreshes that the state machine asks for, and keeps what waits for them. */
export class Refresher {
  readonly #host: RefresherHost
  readonly #store: TokenStore
  readonly #line = new WaitingLine()
  /** What was sent again: a retry link further out must not multiply that. */
  readonly #replayed = new WeakSet<object>()
  readonly #flights: RefreshFlights

  constructor(host: RefresherHost) {
    const { state, options } = host
    this.#host = host
    // Without a store, what the session is counts as stored, and nobody else replaces it.
    this.#store = options.store ?? {
      read: () => ticketOf(state()).stored,
      write: () => {},
      replace: () => true,
    }
    this.#flights = new RefreshFlights(host, this.#store, (event) => this.#dispatch(event))
  }

  /** An operation starts, or time has passed. */
  use(): void {
    this.#dispatch({ type: 'use' })
  }

  /** In how many milliseconds {@link use} would do something by itself; `undefined` where it never would. */
  get dueMs(): number | undefined {
    return nextDueMs(this.#host.state(), this.#circumstances)
  }

  /**
   * Waits until an operation that came with a ticket may be sent, now or when there are new tokens; or until its session
   * is over, which is for whoever called to say.
   */
  async admit({ epoch, generation }: Ticket, operation: Operation | undefined): Promise<void> {
    const { parts, options, state: latest } = this.#host
    const isThere = (): boolean => latest().epoch === epoch && latest().session.status !== 'disposed'
    while (isThere()) {
      this.use()
      // A listener that was told may have signed in or out.
      if (!isThere()) return
      const state = latest()
      const circumstances = this.#circumstances
      // A token that was renewed for whoever waited is used, however little of its life is left.
      const isRenewed = state.generation !== generation && isUsable(state, circumstances.present)
      const verdict = isRenewed ? 'send' : admit(state, circumstances)
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
  run(effect: Extract<Effect, { type: 'refresh' | 'wake' }>): void {
    if (effect.type === 'wake') this.#line.wake()
    else this.#flights.start(effect.reason)
  }

  /** A server refused what an operation was sent with: what is to become of the operation. */
  judge(operation: Operation, outcome: AttemptOutcome, { ticket, isReplay, isDelivered }: Attempt): Verdict {
    const isBetterNear = this.refused(ticket(), isReplay) !== undefined
    const { execution } = operation as OperationValue
    if (isReplay || (execution && this.#replayed.has(execution))) return 'replayed'
    if (isDelivered) return 'delivered'
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
  refused({ epoch, generation }: Ticket, again: boolean): 'replaced' | 'renewable' | undefined {
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
  isRefreshCall(operation: Operation): boolean {
    return this.#flights.isCall(operation)
  }

  /** Looks into the store, because another tab said that something happened. */
  async look(): Promise<void> {
    const base = baseOf(this.#host.state())
    try {
      // What this tab is about to store is newer than what is there.
      await this.#host.store.written
      const stored = await read(this.#store)
      const { options } = this.#host
      const credential = stored ? credentialOf(stored, instantOf(options.clock), options) : undefined
      if (stored?.version !== ticketOf(this.#host.state()).stored?.version) {
        this.#dispatch({ type: 'stored', base, credential })
      }
    } catch {
      // It is looked into again before the next refresh.
    }
  }

  /** When the refresh that is running has ended. It is given a moment. */
  dispose(reason: Error): Promise<void> {
    return this.#flights.end(reason)
  }

  get #circumstances(): Circumstances {
    const { clock, random, fetchToken, readonly } = this.#host.options
    return { present: instantOf(clock), random: random(), canRefresh: !readonly, canAcquire: fetchToken !== undefined }
  }

  #dispatch(event: Event): void {
    this.#host.apply(transition(this.#host.state(), event, this.#circumstances))
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
