import {
  executionOf,
  GraphLinksError,
  isOverridden,
  LinkError,
  withHeader,
  type AttemptOutcome,
  type Operation,
  type Result,
} from '@graphlinks/core'
import { isBarred, mayPass } from './judgement.ts'
import type { GiveUpEvent, RetrySettings } from './options.ts'
import { retryAfterMs } from './retryAfter.ts'

const keyHeader = 'idempotency-key'

/** One operation with all of its attempts. Nothing of it is shared: neither with other operations nor with other links. */
export class RetryRun {
  readonly #operation: Operation
  readonly #settings: RetrySettings
  #hasKey = false
  #attempt = 1
  #attemptedAt: number
  /** Where time and replays are counted from. */
  #startedAt: number
  #replaysBefore: number
  /** Whether the consumer has results: of any attempt, and of this one. */
  #isDelivered = false
  #isUseful = false
  /** Since when a subscription that had results is interrupted. */
  #interruptedAt: number | undefined

  constructor(operation: Operation, settings: RetrySettings) {
    this.#operation = operation
    this.#settings = settings
    this.#startedAt = this.#attemptedAt = settings.clock.now()
    this.#replaysBefore = this.#replays
    settings.budget?.earn()
  }

  /** The operation as it is sent each time: a mutation with its key. */
  async prepare(): Promise<Operation> {
    const operation = this.#operation
    const { idempotencyKey } = this.#settings
    if (operation.kind !== 'mutation' || !idempotencyKey || isOverridden(operation, keyHeader)) return operation
    const key = await this.#call('idempotencyKey', () => idempotencyKey(operation))
    if (key == null || key === '') return operation
    this.#hasKey = true
    return withHeader(operation, keyHeader, key)
  }

  /** How long to wait before the next attempt; `undefined` where the outcome is the operation's. */
  async delayAfter(outcome: AttemptOutcome): Promise<number | undefined> {
    const operation = this.#operation
    const { retryIf, onRetry, onGiveUp } = this.#settings
    const isRetryable = !outcome.result && mayPass(outcome.error)
    if (!isRetryable && !retryIf) return undefined
    if (this.#isDelivered && (outcome.result || !this.#mayResubscribe)) return undefined
    if (operation.signal.aborted || isBarred(operation, outcome, this.#hasKey)) return undefined
    this.#interrupt()
    const report = { operation, attempt: this.#attempt, outcome }
    const again = retryIf ? await this.#call('retryIf', () => retryIf({ ...report, isRetryable })) : true
    if (again !== true) return undefined
    const delayMs = this.#delayMs(outcome)
    const reason = this.#exhausted(delayMs)
    if (reason) await this.#call('onGiveUp', () => onGiveUp?.({ ...report, reason }))
    else await this.#call('onRetry', () => onRetry?.({ ...report, delayMs }))
    return reason ? undefined : delayMs
  }

  /** Waits for the next attempt. @throws the reason of the signal, when the operation is cancelled meanwhile. */
  async wait(delayMs: number): Promise<void> {
    const { clock } = this.#settings
    let cancel: (() => void) | undefined
    try {
      await this.#whileRunning(new Promise<void>((resolve) => (cancel = clock.after(delayMs, resolve))))
    } finally {
      cancel?.()
    }
    executionOf(this.#operation)?.note('retry')
    this.#attempt++
    this.#attemptedAt = clock.now()
    this.#isUseful = false
  }

  /** A result, as the consumer gets it. */
  deliver(result: Result): Result {
    this.#isDelivered = this.#isUseful = true
    if (this.#interruptedAt === undefined) return result
    const gapMs = this.#attemptedAt - this.#interruptedAt
    this.#interruptedAt = undefined
    return { ...result, resumed: { gapMs } }
  }

  get #mayResubscribe(): boolean {
    return this.#operation.kind === 'subscription' && this.#settings.resubscribe
  }

  /** What other links sent in the course of an attempt. */
  get #replays(): number {
    return executionOf(this.#operation)?.notes.get('replay') ?? 0
  }

  /** An attempt failed. One that was well for long enough leaves nothing to count against the next ones. */
  #interrupt(): void {
    const { clock, healthyMs } = this.#settings
    const now = clock.now()
    if (this.#isDelivered) this.#interruptedAt ??= now
    if (!this.#isUseful || now - this.#attemptedAt < healthyMs) return
    this.#attempt = 1
    this.#startedAt = now
    this.#replaysBefore = this.#replays
  }

  /** Full jitter, beyond what the server asks for. */
  #delayMs(outcome: AttemptOutcome): number {
    const { baseDelayMs, maxDelayMs, maxRetryAfterMs, random, clock } = this.#settings
    const longestMs = Math.min(maxDelayMs, baseDelayMs * 2 ** (this.#attempt - 1))
    return Math.min(maxRetryAfterMs, retryAfterMs(outcome, clock)) + random() * longestMs
  }

  #exhausted(delayMs: number): GiveUpEvent['reason'] | undefined {
    const { maxAttempts, maxElapsedMs, clock, budget } = this.#settings
    if (this.#attempt + this.#replays - this.#replaysBefore >= maxAttempts) return 'attempts'
    if (clock.now() + delayMs - this.#startedAt > maxElapsedMs) return 'time'
    return !budget || budget.spend() ? undefined : 'budget'
  }

  /** Calls a function of the application. @throws what it throws, as the operation's error. */
  async #call<Value>(name: string, run: () => Value | Promise<Value>): Promise<Value> {
    try {
      return await this.#whileRunning((async () => run())())
    } catch (error) {
      const { operationName, signal } = this.#operation
      if (signal.aborted || GraphLinksError.is(error)) throw error
      throw new LinkError(`${name} failed; see cause`, { link: 'retryLink', operationName, cause: error })
    }
  }

  /** Waits for a promise, or for the end of the operation: whoever left is not waited with. */
  #whileRunning<Value>(promise: Promise<Value>): Promise<Value> {
    const { signal } = this.#operation
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason as Error)
      signal.addEventListener('abort', onAbort)
      promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
      if (signal.aborted) onAbort()
    })
  }
}
