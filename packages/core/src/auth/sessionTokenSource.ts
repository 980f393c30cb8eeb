import { instantOf, systemClock, type Instant } from '../clock.ts'
import { contextKey, emptyContext } from '../context.ts'
import { DisposedError, OptionsError, TimeoutError, type GraphLinksError } from '../errors.ts'
import { inBrowser } from '../headers.ts'
import type { Operation, OperationValue } from '../operation.ts'
import { inDevelopment } from '../inDevelopment.ts'
import { ownOptions } from '../ownOptions.ts'
import { holdsValue } from './holdsValue.ts'
import { isPromise } from '../results.ts'
import type { Renewal } from './renewal.ts'
import { AuthExpiredError, AuthRefreshError, IdentityChangedError, RefreshRejectedError } from './sessionErrors.ts'
import { SessionEvents } from './sessionEvents.ts'
import * as machine from './sessionState.ts'
import { checkTokens, credentialOf, storedTokens, type Credential, type Tokens } from './tokens.ts'
import type { SessionMessage, SessionState, TokenSource, TokenSourceOptions } from './tokenSource.ts'
import { memoryTokenStore, type StoredTokens, type TokenStore } from './tokenStore.ts'
import { WaitingLine } from './waitingLine.ts'
import { listen, onWake } from './wakeEvents.ts'

/** What an operation was sent with. */
export interface Ticket {
  readonly epoch: number
  readonly generation: number
  /** `undefined` where nobody is signed in. */
  readonly stored: StoredTokens | undefined
}

const link = 'tokenRefreshLink'
const longestTickMs = 60_000
const disposalMs = 5_000

/** Marks the call that renews the tokens of a source. */
const renews = contextKey<unknown>('refresh')

interface Flight {
  /** Never rejects. */
  readonly done: Promise<void>
  readonly cancel: () => void
}

/** Runs the effects of the state machine, and keeps what waits for them. */
export class SessionTokenSource implements TokenSource {
  readonly #options: ReturnType<typeof checkOptions>
  #state: machine.State = machine.initialState
  readonly #running = new Set<OperationValue>()
  readonly #line: WaitingLine
  readonly events: SessionEvents = new SessionEvents()
  #flight: Flight | undefined = undefined
  /** Whether the application's refresh function is on the stack. */
  #isAsking = false
  #cancelTick: (() => void) | undefined = undefined
  readonly #release: readonly (() => void)[]
  readonly #timers = new Set<() => void>()
  /** When the store has what the session is; `undefined` if it does. */
  #written: Promise<void> | undefined = undefined

  constructor(given: TokenSourceOptions) {
    this.#options = checkOptions(given)
    const { onSessionEnded, mode, channel, maxQueued } = this.#options
    if (onSessionEnded) {
      this.events.subscribe((event) => (event.type === 'sessionEnded' ? onSessionEnded(event) : undefined))
    }
    this.#line = new WaitingLine(maxQueued)
    this.#release = [
      ...(mode === 'eager' ? onWake(() => this.check()) : []),
      ...(channel ? [listen(channel, 'message', () => void this.#look()), () => channel.close()] : []),
    ]
    this.#load()
  }

  get current(): SessionState {
    const { epoch, generation, session } = this.#state
    const { subject, expiresAt } = session.status === 'live' ? session.credential.stored : ({} as Partial<StoredTokens>)
    return { status: machine.phaseOf(this.#state, this.#present), epoch, generation, subject, expiresAt }
  }

  set(tokens: Tokens): Promise<void> {
    if (this.#isDisposed) throw disposed()
    checkTokens(tokens)
    const before = this.#stored
    const isSame = tokens.subject !== undefined && tokens.subject === before?.subject
    const stored = storedTokens(tokens, this.#present, isSame ? before : undefined)
    this.#dispatch({ type: 'set', credential: credentialOf(stored, this.#present, this.#options) })
    return this.#write('set')
  }

  clear(): Promise<void> {
    if (this.#isDisposed) throw disposed()
    this.#dispatch({ type: 'clear' })
    return this.#write('cleared')
  }

  async accessToken(): Promise<string | undefined> {
    return (await this.admit()).stored?.accessToken
  }

  check(): void {
    this.#dispatch({ type: 'use' })
  }

  async dispose(): Promise<void> {
    for (const release of [...this.#release, ...this.#timers]) release()
    this.#dispatch({ type: 'dispose' })
    const flight = this.#flight
    if (!flight) return
    // A refresh token that was sent may be used up: what comes back for it is worth a moment.
    await new Promise<void>((resolve) => {
      const cancelTimer = this.#options.clock.after(disposalMs, () => {
        flight.cancel()
        resolve()
      })
      void flight.done.then(cancelTimer).then(resolve)
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  /** Whether an operation is the call that renews the tokens: it must not wait for itself. */
  isRefreshCall({ context, variables }: Operation): boolean {
    if (this.#isAsking || context.get(renews) === this) return true
    const refreshToken = this.#stored?.refreshToken
    const isRenewing = this.#state.refresher.status === 'inflight' && refreshToken !== undefined
    return isRenewing && holdsValue(variables, (value) => value === refreshToken)
  }

  /** What an operation is to be sent with, now or when there are new tokens. */
  async admit(operation?: Operation): Promise<Ticket> {
    const { epoch, generation } = this.#state
    for (;;) {
      this.#dispatch({ type: 'use' })
      const state = this.#state
      if (state.epoch !== epoch) throw identityChanged(operation)
      const circumstances = this.#circumstances
      // A token that was renewed for whoever waited is used, however little of its life is left.
      const isRenewed = state.generation !== generation && machine.isUsable(state, circumstances.present)
      const verdict = isRenewed ? 'send' : machine.admit(state, circumstances)
      if (verdict === 'send') return { epoch, generation: state.generation, stored: this.#stored }
      if (verdict === 'fail') throw this.#refusal(operation)
      await this.#line.wait(operation)
    }
  }

  /** A server refused what an operation was sent with. @returns whether there is, or may soon be, something better. */
  refuse({ epoch, generation }: Ticket, isReplay: boolean): boolean {
    this.#dispatch({ type: 'refuse', epoch, generation, isReplay })
    const { session, generation: present } = this.#state
    return !isReplay && (present !== generation || session.status === 'dead' || (session.status === 'live' && session.isRejected)) // prettier-ignore
  }

  /** An operation that was sent again got its result. */
  accept(): void {
    this.#dispatch({ type: 'accept' })
  }

  /** @throws {@link IdentityChangedError} when the session of a result is no longer there. */
  checkEpoch({ epoch }: Ticket, operation: Operation): void {
    if (epoch !== this.#state.epoch) throw identityChanged(operation)
  }

  /** Ends the operation when its session does. @returns a function that takes it back. */
  track(operation: Operation): () => void {
    this.#running.add(operation as OperationValue)
    return () => this.#running.delete(operation as OperationValue)
  }

  get #present(): Instant {
    return instantOf(this.#options.clock)
  }

  get #isDisposed(): boolean {
    return this.#state.session.status === 'disposed'
  }

  get #stored(): StoredTokens | undefined {
    const { session } = this.#state
    return session.status === 'live' ? session.credential.stored : undefined
  }

  get #circumstances(): machine.Circumstances {
    const { random, renewTokens, canAcquire } = this.#options
    return { present: this.#present, random: random(), canRefresh: renewTokens !== undefined, canAcquire }
  }

  #credentialOf(stored: StoredTokens | undefined | null): Credential | undefined {
    return stored ? credentialOf(stored, this.#present, this.#options) : undefined
  }

  #dispatch(event: machine.Event): void {
    const [state, effects] = machine.transition(this.#state, event, this.#circumstances)
    if (state === this.#state && effects.length === 0) return
    this.#state = state
    for (const effect of effects) this.#run(effect)
    this.#arm()
    this.events.tell()
  }

  #run(effect: machine.Effect): void {
    if (effect.type === 'refresh') this.#refresh(effect.reason)
    else if (effect.type === 'emit') {
      const { epoch, generation } = this.#state
      const { event: type, error } = effect
      this.events.add({ type, epoch, generation, ...(error !== undefined && { error }) })
    } else if (effect.type === 'wake') {
      this.#line.wake()
    } else {
      const running = [...this.#running]
      this.#running.clear()
      for (const operation of running) {
        operation.execution?.abort(this.#isDisposed ? disposed() : identityChanged(operation))
      }
    }
  }

  #arm(): void {
    this.#cancelTick?.()
    this.#cancelTick = undefined
    const { mode, clock } = this.#options
    const dueMs = mode === 'eager' ? machine.nextDueMs(this.#state, this.#circumstances) : undefined
    if (dueMs === undefined) return
    // Long waits in short steps: a timer knows nothing of a date that was set, or of a sleep.
    this.#cancelTick = clock.inBackground(Math.min(Math.max(dueMs, 1), longestTickMs), () => {
      this.#arm()
      this.check()
    })
  }

  /** Why an operation is not sent. */
  #refusal(operation: Operation | undefined): GraphLinksError {
    const { session, refresher } = this.#state
    const details = { link, operationName: operation?.operationName }
    if (session.status === 'disposed') return disposed()
    if (!('until' in refresher)) return new AuthExpiredError('the session is over: sign in again', details)
    const { until, oauthError, error } = refresher
    const retryAfterMs = Math.max(0, until.now - this.#present.now)
    const why = oauthError
      ? `the authorization server answers ${oauthError}: check how the client is registered`
      : 'see cause'
    return new AuthRefreshError(
      `the token could not be renewed, and it is not tried again for ${Math.ceil(retryAfterMs / 1_000)} s; ${why}`,
      { ...details, retryAfterMs, cause: error },
    )
  }

  #refresh(reason: machine.RefreshReason): void {
    const { renewTokens, clock, timeoutMs } = this.#options
    const before = this.#stored
    const base = machine.baseOf(this.#state)
    const isCurrent = (): boolean => machine.baseOf(this.#state) === base
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
      if (isNews) this.#post('refreshed')
    }
    const fail = (error: unknown): void => settle({ type: 'failed', failure: machine.passing, error })
    const cancelTimer = clock.after(timeoutMs, () => {
      const error = new TimeoutError(`the refresh did not end within ${timeoutMs} ms (timeoutMs)`, { link })
      fail(error)
      isLate = true
      this.#flight = undefined
      controller.abort(error)
    })
    const request = {
      refreshToken: before?.refreshToken,
      signal: controller.signal,
      reason,
      context: emptyContext.with(renews, this),
    }
    const done = import('./renewal.ts')
      .then(({ renew }) =>
        renew(before, request, {
          ...this.#options,
          parts: { checkTokens, instantOf, storedTokens, RefreshRejectedError, TimeoutError },
          renewTokens: (asked) => {
            this.#isAsking = true
            try {
              return (renewTokens as NonNullable<typeof renewTokens>)(asked)
            } finally {
              this.#isAsking = false
            }
          },
          // What comes back after the end is stored for whoever begins again.
          isCurrent: () => isCurrent() || this.#isDisposed,
          stored: async () => this.#written,
          restore: async () => (this.#isDisposed ? undefined : this.#write()),
        }),
      )
      .then(settle, fail)
      .finally(cancelTimer)
    const flight: Flight = {
      done,
      cancel: () => {
        cancelTimer()
        controller.abort(disposed())
      },
    }
    this.#flight = flight
    void done.then(() => {
      if (this.#flight === flight) this.#flight = undefined
    })
  }

  /** Begins with what the store has, or else with the initial tokens. Synchronous if the store is. */
  #load(): void {
    const { store, initial } = this.#options
    const begin = (found: StoredTokens | undefined | null): void => {
      if (this.#state.session.status !== 'loading') return
      const first = found ?? (initial && storedTokens(initial, this.#present, undefined))
      this.#dispatch({ type: 'loaded', credential: this.#credentialOf(first) })
      if (first && !found) void this.#write(undefined, true)
    }
    let found: ReturnType<TokenStore['read']>
    try {
      found = store.read()
    } catch {
      return begin(undefined)
    }
    if (!isPromise(found)) return begin(found)
    // A store that cannot be read is an empty one.
    this.#inTime(found).then(begin, () => begin(undefined))
  }

  /** Looks into the store, because another tab said that something happened. */
  async #look(): Promise<void> {
    const base = machine.baseOf(this.#state)
    try {
      const stored = await this.#options.store.read()
      if (stored?.version !== this.#stored?.version) {
        this.#dispatch({ type: 'stored', base, credential: this.#credentialOf(stored) })
      }
    } catch {
      // It is looked into again before the next refresh.
    }
  }

  /** Stores what the session is now, after what was to be stored before, and tells the other tabs. */
  #write(event?: SessionMessage['event'], replacing = false): Promise<void> {
    const { store } = this.#options
    const stored = this.#stored
    const write = async (): Promise<void> => {
      await this.#inTime(replacing && stored ? store.replace(stored, undefined) : store.write(stored))
      if (event) this.#post(event)
    }
    const written = this.#written ? this.#written.then(write, write) : write()
    this.#written = written
    const forget = (): void => {
      if (this.#written === written) this.#written = undefined
    }
    // Whoever does not wait for it has no use for its error; the next refresh makes up for it.
    written.then(forget, () => {})
    return written
  }

  /** What a store answers, or an error where it does not: nothing waits for a store for ever. */
  #inTime<Value>(answer: Value | Promise<Value>): Promise<Value> {
    if (!isPromise(answer)) return Promise.resolve(answer)
    const { clock, timeoutMs } = this.#options
    return new Promise((resolve, reject) => {
      const cancelTimer = clock.after(timeoutMs, () =>
        reject(new TimeoutError(`the store did not answer within ${timeoutMs} ms (timeoutMs)`, { link })),
      )
      this.#timers.add(cancelTimer)
      const release = (): void => {
        cancelTimer()
        this.#timers.delete(cancelTimer)
      }
      answer.then(resolve, reject).finally(release)
    })
  }

  #post(event: SessionMessage['event']): void {
    try {
      const { generation } = this.#state
      this.#options.channel?.postMessage({ session: this.#stored?.session, generation, event })
    } catch {
      // Other tabs learn of it when they look into the store.
    }
  }
}

function disposed(): DisposedError {
  return new DisposedError('the token source was disposed: create a new one', { link })
}

function identityChanged({ operationName }: Partial<Operation> = {}): IdentityChangedError {
  return new IdentityChangedError(
    'somebody signed in or out while the operation was running, so its result is not delivered',
    { link, operationName },
  )
}

function checkOptions(given: TokenSourceOptions) {
  const options = ownOptions(given)
  const { skewMs, timeoutMs = 30_000, maxQueued = 10_000, mode = inBrowser() ? 'eager' : 'lazy' } = options
  const { refresh, fetchToken, store = memoryTokenStore(), clock = systemClock, random = Math.random } = options
  const renewTokens = refresh ?? fetchToken
  const ways = [refresh, fetchToken, options.readonly || undefined].filter((way) => way !== undefined)
  const isRight: Readonly<Record<string, boolean>> = {
    refresh: ways.length === 1 && (renewTokens === undefined || typeof renewTokens === 'function'),
    skewMs: skewMs === undefined || skewMs >= 0,
    timeoutMs: timeoutMs > 0 && timeoutMs < 2 ** 31,
    maxQueued: maxQueued > 0,
    mode: mode === 'eager' || mode === 'lazy',
    store: typeof store?.replace === 'function',
  }
  const wrong = Object.keys(isRight).find((name) => !isRight[name])
  if (wrong) {
    const words = inDevelopment(() => ({
      refresh: 'give it one of refresh, fetchToken (functions) and readonly: true',
      skewMs: `skewMs is a number of milliseconds, not ${skewMs}`,
      timeoutMs: `timeoutMs is a positive number of milliseconds below 2,147,483,648, not ${timeoutMs}`,
      maxQueued: `maxQueued is a positive number, not ${maxQueued}`,
      mode: 'mode is "eager" or "lazy"',
      store: 'store has read, write and replace',
    }))
    throw new OptionsError(words?.[wrong as keyof typeof words] ?? wrong, { link: 'createTokenSource' })
  }
  if (options.initial) checkTokens(options.initial)
  const { initial, lock, channel, revoke, onSessionEnded } = options
  return {
    initial,
    lock,
    channel,
    revoke,
    onSessionEnded,
    skewMs,
    timeoutMs,
    maxQueued,
    mode,
    store,
    clock,
    random,
    renewTokens,
    canAcquire: fetchToken !== undefined,
  }
}
