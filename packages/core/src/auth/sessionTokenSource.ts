import { instantOf, type Instant } from '../clock.ts'
import { DisposedError, TimeoutError } from '../errors.ts'
import type { Operation, OperationValue } from '../operation.ts'
import { inTime } from './inTime.ts'
import { longestTickMs, planAhead } from './planAhead.ts'
import type { Attempt, Refresher, Verdict } from './refresher.ts'
import type { AttemptOutcome } from './rejection.ts'
import { AuthExpiredError, AuthQueueFullError, AuthRefreshError, IdentityChangedError } from './sessionErrors.ts'
import { SessionEvents } from './sessionEvents.ts'
import { begin, dispose, emit, switchTo, type Transition } from './sessionMachine.ts'
import { checkOptions, checkTokens, type SessionOptions, type SessionOwner } from './sessionOptions.ts'
import { initialState, phaseOf, ticketOf, type Phase, type State, type Ticket } from './sessionState.ts'
import { SessionStore } from './sessionStore.ts'
import { credentialOf, hasAccessToken, storedTokens, type Tokens } from './tokens.ts'
import type { SessionEvent, SessionState, TokenSource, TokenSourceOptions } from './tokenSource.ts'
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
  running: Set<Operation> = new Set()
  readonly events: SessionEvents = new SessionEvents()
  /** What renews the tokens, once it was needed. */
  refresher: Refresher | undefined
  #loading: Promise<Refresher | undefined> | undefined
  #loadFailure: unknown
  /** Has an eager session look at the clocks again when something is due. */
  readonly #plan: (leastMs?: number) => void
  /** What is to be undone in the end. */
  readonly #releases: Set<() => void>
  /** Until the next change. */
  #changed!: Promise<void>
  #tell: (() => void) | undefined
  /** What each operation was sent with the first time. */
  readonly #sent = new WeakMap<object, Ticket>()

  constructor(given: TokenSourceOptions, owner: SessionOwner) {
    this.#options = checkOptions(given, owner)
    const { onSessionEnded, initial, mode } = this.#options
    this.events.subscribe((event) => event.type === 'sessionEnded' && onSessionEnded?.(event))
    this.#plan = planAhead(this.#options, this)
    this.#releases = new Set(mode === 'eager' ? onWake(() => this.check()) : [])
    this.#store = new SessionStore(
      this.#options,
      this.#releases,
      () => ticketOf(this.#state),
      () => void this.load().then((refresher) => refresher?.look()),
    )
    this.#apply([this.#state, []])
    this.#store.read((found) => {
      if (this.#phase !== 'loading') return
      // What is no token is nothing: another program, or an old version of this one, may have left it there.
      const first = hasAccessToken(found) ? found : initial && storedTokens(initial, this.#present)
      this.#apply(begin(this.#state, first && credentialOf(first, this.#present, this.#options)))
      if (first && first !== found) void this.#store.write(undefined, true)
    })
  }

  get current(): SessionState {
    const { stored, ...ticket } = ticketOf(this.#state)
    return { ...ticket, status: this.#phase, subject: stored?.subject, expiresAt: stored?.expiresAt }
  }

  set(tokens: Tokens): Promise<void> {
    this.checkEpoch(this.#state)
    checkTokens(tokens)
    const before = this.#state.session.credential?.stored
    const isSame = tokens.subject !== undefined && tokens.subject === before?.subject
    const stored = storedTokens(tokens, this.#present, isSame ? before : undefined)
    this.#apply(switchTo(this.#state, credentialOf(stored, this.#present, this.#options)))
    return this.#store.write('set')
  }

  clear(): Promise<void> {
    this.checkEpoch(this.#state)
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
    await this.refresher?.dispose(this.#gone())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  /** What an operation is to be sent with, now or when there are new tokens. */
  async admit(operation?: Operation): Promise<Ticket> {
    const before = ticketOf(this.#state)
    // One list for all that is sent on behalf of an operation, also by copies that have a run of their own.
    const attempts = (operation as OperationValue | undefined)?.execution?.sent
    while (this.#phase === 'loading') await this.#changed
    // A link further out may send an operation again after somebody else signed in.
    this.checkEpoch(this.#sent.get(attempts as object) ?? before, operation)
    const phase = this.#phase
    // A token that is to be renewed soon is good meanwhile.
    if (phase === 'soft') this.check()
    else if (this.#needsRefresher(phase)) {
      const refresher = await Promise.race([this.load(), this.#changed])
      this.checkEpoch(before, operation)
      if (!refresher) {
        if (this.#loading) return this.admit(operation)
        throw new AuthRefreshError('the code that renews tokens could not be loaded; see cause', {
          link: this.#options.link,
          operationName: operation?.operationName,
          retryAfterMs: 0,
          cause: this.#loadFailure,
        })
      }
      await refresher.admit(before, operation)
      this.checkEpoch(before, operation)
    }
    const ticket = ticketOf(this.#state)
    if (attempts && ticket.stored) this.#sent.set(attempts, ticket)
    return ticket
  }

  /** What an outcome means: `'replay'` to send the operation again, why not to, or nothing that has to do with tokens. */
  judge(
    operation: Operation,
    outcome: AttemptOutcome,
    attempt: Attempt,
    isRefused: (outcome: AttemptOutcome, operation: Operation) => boolean,
  ): Promise<Verdict> | undefined {
    this.checkEpoch(attempt.ticket(), operation)
    try {
      if (attempt.isDelegated || !attempt.ticket().stored || isRefused(outcome, operation) !== true) return undefined
    } catch {
      return undefined
    }
    return this.load().then((refresher) => {
      this.checkEpoch(attempt.ticket(), operation)
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
        this.refresher = new module.Refresher({
          options: this.#options,
          parts: { AuthExpiredError, AuthQueueFullError, AuthRefreshError, TimeoutError },
          store: this.#store,
          state: () => this.#state,
          apply: (transition) => this.#apply(transition),
        })
        this.#plan()
        return this.refresher
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

  /** @throws {@link IdentityChangedError} or {@link DisposedError} when the session of a result is no longer there. */
  checkEpoch({ epoch }: Pick<Ticket, 'epoch'>, operation?: Operation): void {
    if (epoch !== this.#state.epoch || this.#phase === 'disposed') throw this.#gone(operation)
  }

  /** In how many milliseconds to look at the clocks again. */
  get dueMs(): number | undefined {
    // While it is being loaded, nothing is due.
    if (this.#loading) return this.refresher?.dueMs
    const soft = this.#state.session.credential?.deadlines?.soft
    return soft && soft.now - this.#present.now + 1
  }

  get #present(): Instant {
    return instantOf(this.#options.clock)
  }

  get #phase(): Phase {
    return phaseOf(this.#state, this.#present)
  }

  #needsRefresher(phase: Phase): boolean {
    return /soft|hard|dead/.test(phase) || (phase === 'none' && this.#options.fetchToken !== undefined)
  }

  #apply([state, effects]: Transition): void {
    const { epoch, generation } = state
    const events: SessionEvent[] = []
    const isOver = epoch !== this.#state.epoch || state.session.status === 'disposed'
    this.#state = state
    this.#tell?.()
    this.#changed = new Promise((resolve) => (this.#tell = resolve))
    if (isOver) {
      // What runs belongs to a session that is no longer there.
      const { running } = this
      this.running = new Set()
      for (const operation of running) (operation as OperationValue).execution?.abort(this.#gone(operation))
    }
    for (const effect of effects) {
      if (effect.type === 'emit') events.push({ type: effect.event, epoch, generation, error: effect.error })
      else this.refresher?.run(effect)
    }
    this.#plan()
    this.events.tell(events)
  }

  /** Why there is nothing more for an operation. */
  #gone(operation?: Operation): DisposedError | IdentityChangedError {
    const details = { link: this.#options.link, operationName: operation?.operationName }
    return this.#phase === 'disposed'
      ? new DisposedError('the token source was disposed', details)
      : new IdentityChangedError('somebody signed in or out meanwhile', details)
  }
}
