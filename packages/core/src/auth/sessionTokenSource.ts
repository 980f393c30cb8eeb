import { instantOf, type Instant } from '../clock.ts'
import { DisposedError, TimeoutError } from '../errors.ts'
import type { Operation, OperationValue } from '../operation.ts'
import { inTime } from './inTime.ts'
import { longestTickMs, planAhead } from './planAhead.ts'
import type { Attempt, Refresher, Verdict } from './refresher.ts'
import type { RefresherHost } from './refresherHost.ts'
import type { AttemptOutcome } from './rejection.ts'
import { AuthExpiredError, AuthQueueFullError, AuthRefreshError, IdentityChangedError } from './sessionErrors.ts'
import { SessionEvents } from './sessionEvents.ts'
import { begin, dispose, emit, switchTo, type Transition } from './sessionMachine.ts'
import { checkOptions, checkTokens, type SessionOptions, type SessionOwner } from './sessionOptions.ts'
import { initialState, phaseOf, ticketOf, type Phase, type State, type Ticket } from './sessionState.ts'
import { SessionStore } from './sessionStore.ts'
import { credentialOf, storedTokens, type Tokens } from './tokens.ts'
import type { SessionEvent, SessionState, TokenSource, TokenSourceOptions } from './tokenSource.ts'
import { urgent } from '../urgent.ts'
import { onWake } from '../wakeEvents.ts'

/**
 * Holds the tokens of a session, from the beginning to the end of it: everything that must be there at once, and that an
 * operation with a good token needs. What renews the tokens is loaded when that is needed.
 */
export class SessionTokenSource implements TokenSource {
  readonly #options: SessionOptions
  readonly #store: SessionStore
  #state: State = initialState
  /** What ends when the session does. */
  readonly running = new Set<Operation>()
  readonly events: SessionEvents = new SessionEvents()
  #refresher: Refresher | undefined
  #loading: Promise<Refresher | undefined> | undefined
  #loadFailure: unknown
  /** Has an eager session look at the clocks again when something is due. */
  readonly #plan: (leastMs?: number) => void
  /** What is to be undone in the end. */
  readonly #releases: Set<() => void>
  /** When it is known what the store had in the beginning, or does not matter any more. */
  readonly #opened: Promise<void>
  #open!: () => void

  constructor(given: TokenSourceOptions, owner: SessionOwner) {
    this.#options = checkOptions(given, owner)
    const { onSessionEnded, initial, mode } = this.#options
    this.events.subscribe((event) => event.type === 'sessionEnded' && onSessionEnded?.(event))
    this.#opened = new Promise((resolve) => (this.#open = resolve))
    this.#plan = planAhead(this.#options, this)
    this.#releases = new Set(mode === 'eager' ? onWake(() => this.check()) : [])
    this.#store = new SessionStore(
      this.#options,
      this.#releases,
      () => ticketOf(this.#state),
      () => void this.load().then((refresher) => refresher?.look()),
    )
    this.#store.read((found) => {
      if (this.#phase !== 'loading') return
      const first = found ?? (initial && storedTokens(initial, this.#present))
      this.#apply(begin(this.#state, first && credentialOf(first, this.#present, this.#options)))
      if (first && !found) void this.#store.write(undefined, true)
    })
  }

  get current(): SessionState {
    const { epoch, generation, stored } = ticketOf(this.#state)
    return { status: this.#phase, epoch, generation, subject: stored?.subject, expiresAt: stored?.expiresAt }
  }

  set(tokens: Tokens): Promise<void> {
    this.#checkDisposed()
    checkTokens(tokens)
    const before = ticketOf(this.#state).stored
    const isSame = tokens.subject !== undefined && tokens.subject === before?.subject
    const stored = storedTokens(tokens, this.#present, isSame ? before : undefined)
    this.#apply(switchTo(this.#state, credentialOf(stored, this.#present, this.#options)))
    return this.#store.write('set')
  }

  clear(): Promise<void> {
    this.#checkDisposed()
    this.#apply(switchTo(this.#state, undefined))
    return this.#store.write('cleared')
  }

  async accessToken(): Promise<string | undefined> {
    return (await this.admit()).stored?.accessToken
  }

  check(): void {
    if (this.#needsRefresher(this.#phase)) void this.load().then((refresher) => refresher?.use())
  }

  async dispose(): Promise<void> {
    for (const release of this.#releases) release()
    this.#apply(dispose(this.#state))
    await this.#refresher?.dispose(this.#disposed())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  /** What renews the tokens, once it was needed. */
  get refresher(): Refresher | undefined {
    return this.#refresher
  }

  /** What an operation is to be sent with, now or when there are new tokens. */
  async admit(operation?: Operation): Promise<Ticket> {
    const before = ticketOf(this.#state)
    if (this.#phase === 'loading') await this.#opened
    this.#checkDisposed()
    this.checkEpoch(before, operation)
    const phase = this.#phase
    // A token that is to be renewed soon is good meanwhile.
    if (phase === 'soft') this.check()
    else if (this.#needsRefresher(phase)) {
      const refresher = await this.load()
      if (!refresher) {
        throw new AuthRefreshError('the code that renews tokens could not be loaded; see cause', {
          link: this.#options.link,
          operationName: operation?.operationName,
          retryAfterMs: 0,
          cause: this.#loadFailure,
        })
      }
      await refresher.admit(before, operation)
      this.#checkDisposed()
      this.checkEpoch(before, operation)
    }
    return ticketOf(this.#state)
  }

  /** What an outcome means: `'replay'` to send the operation again, why not to, or nothing that has to do with tokens. */
  judge(
    operation: Operation,
    outcome: AttemptOutcome,
    attempt: Attempt,
    isRefused: (outcome: AttemptOutcome, operation: Operation) => boolean,
  ): Promise<Verdict> | undefined {
    this.checkEpoch(attempt.ticket, operation)
    try {
      if (attempt.isDelegated || !attempt.ticket.stored || isRefused(outcome, operation) !== true) return undefined
    } catch {
      return undefined
    }
    return this.load().then((refresher) => {
      this.checkEpoch(attempt.ticket, operation)
      // Where it cannot be loaded, what the server said is worth more than why nothing can be done about it.
      return refresher?.judge(operation, outcome, attempt) ?? 'not-renewed'
    })
  }

  /** What renews the tokens, or nothing where it cannot be loaded; it is tried again at the next occasion. */
  load(): Promise<Refresher | undefined> {
    return (this.#loading ??= inTime(
      this.#options,
      this.#releases,
      import('./refresher.ts'),
      'the code that renews tokens',
    ).then(
      (module) => {
        this.#refresher = new module.Refresher(this.#host)
        this.#plan()
        return this.#refresher
      },
      (error: unknown) => {
        this.#loading = undefined
        this.#loadFailure = error
        if (this.#phase !== 'disposed') this.#apply([this.#state, [emit('refreshFailed', error)]])
        this.#plan(longestTickMs)
        return undefined
      },
    ))
  }

  /** @throws {@link IdentityChangedError} when the session of a result is no longer there. */
  checkEpoch({ epoch }: Ticket, operation: Operation | undefined): void {
    if (epoch !== this.#state.epoch) throw this.#identityChanged(operation)
  }

  /** In how many milliseconds to look at the clocks again. */
  get dueMs(): number | undefined {
    // While it is being loaded, nothing is due.
    if (this.#loading) return this.#refresher?.dueMs
    const { session } = this.#state
    const soft = session.status === 'live' && session.credential.deadlines?.soft
    return soft ? soft.now - this.#present.now + 1 : undefined
  }

  get #present(): Instant {
    return instantOf(this.#options.clock)
  }

  get #phase(): Phase {
    return phaseOf(this.#state, this.#present)
  }

  #checkDisposed(): void {
    if (this.#phase === 'disposed') throw this.#disposed()
  }

  #needsRefresher(phase: Phase): boolean {
    return /soft|hard|dead/.test(phase) || (phase === 'none' && this.#options.fetchToken !== undefined)
  }

  get #host(): RefresherHost {
    return {
      options: this.#options,
      parts: { urgent, AuthExpiredError, AuthQueueFullError, AuthRefreshError, TimeoutError },
      store: this.#store,
      state: () => this.#state,
      apply: (transition) => this.#apply(transition),
    }
  }

  #apply([state, effects]: Transition): void {
    const { epoch, generation } = state
    const events: SessionEvent[] = []
    this.#state = state
    this.#open()
    for (const effect of effects) {
      if (effect.type === 'emit') events.push({ type: effect.event, epoch, generation, error: effect.error })
      else if (effect.type === 'disown') this.#disown()
      else this.#refresher?.run(effect)
    }
    this.#plan()
    this.events.tell(events)
  }

  /** Ends what runs: it belongs to a session that is no longer there. */
  #disown(): void {
    const running = [...this.running]
    this.running.clear()
    for (const operation of running) {
      ;(operation as OperationValue).execution?.abort(
        this.#phase === 'disposed' ? this.#disposed() : this.#identityChanged(operation),
      )
    }
  }

  #disposed(): DisposedError {
    return new DisposedError('the token source was disposed', { link: this.#options.link })
  }

  #identityChanged(operation?: Operation): IdentityChangedError {
    return new IdentityChangedError('somebody signed in or out meanwhile', {
      link: this.#options.link,
      operationName: operation?.operationName,
    })
  }
}
