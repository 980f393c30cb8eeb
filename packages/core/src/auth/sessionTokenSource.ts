import { instantOf, systemClock, type Instant } from '../clock.ts'
import { DisposedError, OptionsError, TimeoutError } from '../errors.ts'
import { inBrowser } from '../headers.ts'
import { inDevelopment } from '../inDevelopment.ts'
import type { Operation, OperationValue } from '../operation.ts'
import { ownOptions } from '../ownOptions.ts'
import { isPromise } from '../results.ts'
import type { Refresher, Attempt, RefresherHost, Verdict } from './refresher.ts'
import type { AttemptOutcome, replay } from './rejection.ts'
import { AuthExpiredError, AuthQueueFullError, AuthRefreshError, IdentityChangedError } from './sessionErrors.ts'
import { SessionEvents } from './sessionEvents.ts'
import {
  begin,
  dispose,
  emit,
  initialState,
  phaseOf,
  switchTo,
  ticketOf,
  type Phase,
  type State,
  type Ticket,
  type Transition,
} from './sessionState.ts'
import { credentialOf, hasAccessToken, storedTokens, type Tokens } from './tokens.ts'
import type { SessionEvent, SessionMessage, SessionState, TokenSource, TokenSourceOptions } from './tokenSource.ts'
import type { StoredTokens, TokenStore } from './tokenStore.ts'
import { urgent } from '../urgent.ts'
import { listen, onWake } from '../wakeEvents.ts'

export type CheckedOptions = ReturnType<typeof checkOptions>

const longestTickMs = 60_000

/** What a session is for. */
export interface SessionOwner {
  /** The link, for errors. */
  readonly link: string
  /** Handed over, because the source of a `cookieLink` is a copy that is loaded lazily. */
  readonly replay: typeof replay
}

/**
 * Holds the tokens of a session, from the beginning to the end of it: everything that must be there at once, and that an
 * operation with a good token needs. What renews the tokens is loaded when that is needed.
 */
export class SessionTokenSource implements TokenSource {
  readonly #options: CheckedOptions
  #state: State = initialState
  /** What ends when the session does. */
  readonly running = new Set<Operation>()
  readonly events: SessionEvents = new SessionEvents()
  #refresher: Refresher | undefined
  #loading: Promise<Refresher | undefined> | undefined
  #loadFailure: unknown
  #cancelTick: (() => void) | undefined
  /** What is to be undone in the end. */
  readonly #release: Set<() => void>
  /** When the store has what the session is; `undefined` if it does. */
  #written: Promise<void> | undefined
  /** When it is known what the store had in the beginning, or does not matter any more. */
  readonly #opened: Promise<void>
  #open!: () => void

  constructor(given: TokenSourceOptions, owner: SessionOwner) {
    this.#options = checkOptions(given, owner)
    const { onSessionEnded, mode, channel } = this.#options
    this.events.subscribe((event) => event.type === 'sessionEnded' && onSessionEnded?.(event))
    this.#opened = new Promise((resolve) => (this.#open = resolve))
    this.#release = new Set(mode === 'eager' ? onWake(() => this.check()) : [])
    if (channel) {
      this.#release.add(listen(channel, 'message', () => void this.load().then((refresher) => refresher?.look())))
      this.#release.add(() => channel.close())
    }
    this.#begin()
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
    return this.#write('set')
  }

  clear(): Promise<void> {
    this.#checkDisposed()
    this.#apply(switchTo(this.#state, undefined))
    return this.#write('cleared')
  }

  async accessToken(): Promise<string | undefined> {
    return (await this.admit()).stored?.accessToken
  }

  check(): void {
    if (this.#needsRefresher(this.#phase)) void this.load().then((refresher) => refresher?.use())
  }

  async dispose(): Promise<void> {
    for (const release of this.#release) release()
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
    this.#loading ??= this.#inTime(import('./refresher.ts'), 'the code that renews tokens').then(
      (module) => {
        this.#refresher = new module.Refresher(this.#host)
        this.#arm()
        return this.#refresher
      },
      (error: unknown) => {
        this.#loading = undefined
        this.#loadFailure = error
        if (this.#phase !== 'disposed') this.#apply([this.#state, [emit('refreshFailed', error)]])
        this.#arm(longestTickMs)
        return undefined
      },
    )
    return this.#loading
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
      parts: {
        urgent,
        AuthExpiredError,
        AuthQueueFullError,
        AuthRefreshError,
        TimeoutError,
      },
      state: () => this.#state,
      apply: (transition) => this.#apply(transition),
      written: () => this.#written,
      write: () => this.#write(),
      post: (event) => this.#post(event),
    }
  }

  #apply([state, effects]: Transition): void {
    if (state === this.#state && effects.length === 0) return
    const { epoch, generation } = state
    const events: SessionEvent[] = []
    this.#state = state
    this.#open()
    for (const effect of effects) {
      if (effect.type === 'emit') events.push({ type: effect.event, epoch, generation, error: effect.error })
      else if (effect.type === 'disown') this.#disown()
      else this.#refresher?.run(effect)
    }
    this.#arm()
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

  #arm(leastMs = 1): void {
    this.#cancelTick?.()
    const { mode, clock } = this.#options
    const dueMs = mode === 'eager' ? this.dueMs : undefined
    if (dueMs === undefined) return
    // Long waits in short steps: a timer knows nothing of a date that was set, or of a sleep.
    this.#cancelTick = clock.inBackground(Math.min(Math.max(dueMs, leastMs), longestTickMs), () => {
      this.check()
      this.#arm()
    })
  }

  /** Begins with what the store has, or else with the initial tokens. Synchronous if the store is. */
  #begin(): void {
    const { store, initial } = this.#options
    const start = (found?: StoredTokens | null): void => {
      if (this.#phase !== 'loading') return
      const first = found ?? (initial && storedTokens(initial, this.#present))
      this.#apply(begin(this.#state, first && credentialOf(first, this.#present, this.#options)))
      if (first && !found) void this.#write(undefined, true)
    }
    let found: ReturnType<TokenStore['read']>
    try {
      found = store?.read()
    } catch {
      // A store that cannot be read is an empty one.
    }
    if (isPromise(found)) this.#inTime(found).then(start, () => start())
    else start(found)
  }

  /** Stores what the session is now, after what was to be stored before, and tells the other tabs. */
  #write(event?: SessionMessage['event'], replacing = false): Promise<void> {
    const { store } = this.#options
    const { stored } = ticketOf(this.#state)
    const write = async (): Promise<void> => {
      await this.#inTime(replacing && stored ? store?.replace(stored, undefined) : store?.write(stored))
      if (event) this.#post(event)
      if (this.#written === written) this.#written = undefined
    }
    const written = this.#written ? this.#written.then(write, write) : write()
    this.#written = written
    // Whoever does not wait for it has no use for its error; the next refresh makes up for it.
    written.catch(() => {})
    return written
  }

  /** What comes of a promise, or an error where nothing does: nothing is waited for for ever. */
  #inTime<Value>(answer: Value | Promise<Value>, who = 'the store'): Promise<Value> {
    if (!isPromise(answer)) return Promise.resolve(answer)
    const { link, clock, timeoutMs } = this.#options
    return new Promise((resolve, reject) => {
      const cancelTimer = clock.after(timeoutMs, () =>
        reject(new TimeoutError(`${who} did not answer within ${timeoutMs} ms (timeoutMs)`, { link })),
      )
      const release = (): void => {
        cancelTimer()
        this.#release.delete(release)
      }
      this.#release.add(release)
      answer.then(resolve, reject).finally(release)
    })
  }

  #post(event: SessionMessage['event']): void {
    try {
      const { generation, stored } = ticketOf(this.#state)
      this.#options.channel?.postMessage({ session: stored?.session, generation, event })
    } catch {
      // Other tabs learn of it when they look into the store.
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

function checkOptions(given: TokenSourceOptions, owner: SessionOwner) {
  const options = ownOptions(given)
  const { timeoutMs = 30_000, maxQueued = 10_000, mode = inBrowser() ? 'eager' : 'lazy' } = options
  const { skewMs = 0, store, clock = systemClock, random = Math.random } = options
  const [way, another] = [options.refresh, options.fetchToken, options.readonly].filter(Boolean)
  const isGood = {
    refresh: !another && (way === true || typeof way === 'function'),
    skewMs: skewMs >= 0,
    timeoutMs: timeoutMs > 0 && timeoutMs < 2 ** 31,
    maxQueued: maxQueued > 0,
    mode: mode === 'eager' || mode === 'lazy',
    store: !store || typeof store.replace === 'function',
  }
  const wrong = (Object.keys(isGood) as (keyof typeof isGood)[]).find((option) => !isGood[option])
  if (wrong) {
    const words = inDevelopment(
      () =>
        ({
          refresh: 'give it one of refresh, fetchToken (functions) and readonly: true',
          skewMs: `skewMs is a number of milliseconds, not ${skewMs}`,
          timeoutMs: `timeoutMs is a positive number of milliseconds below 2,147,483,648, not ${timeoutMs}`,
          maxQueued: `maxQueued is a positive number, not ${maxQueued}`,
          mode: 'mode is "eager" or "lazy"',
          store: 'store has read, write and replace',
        })[wrong],
    )
    throw new OptionsError(words ?? wrong, { link: 'createTokenSource' })
  }
  if (options.initial) checkTokens(options.initial)
  return Object.assign(options, { ...owner, timeoutMs, maxQueued, mode, clock, random })
}

/** Says what is missing, never what is there. */
function checkTokens(tokens: Tokens): void {
  if (hasAccessToken(tokens)) return
  throw new OptionsError(inDevelopment(() => 'there is no accessToken, a string, in the tokens') ?? 'accessToken')
}
