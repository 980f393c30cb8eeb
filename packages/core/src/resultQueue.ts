import { OptionsError, QueueOverflowError } from './errors.ts'
import { inDevelopment } from './inDevelopment.ts'
import { finished, type Result } from './results.ts'

/** Options of a {@link ResultQueue}. */
export interface ResultQueueOptions {
  /** How many results wait at most for a slow consumer. Default: 1,000. `Infinity`: no limit. */
  readonly limit?: number | undefined
  /**
   * What happens to a result that finds the queue full: `'error'` ends the stream with a {@link QueueOverflowError},
   * after what is waiting has been read; `'drop-oldest'` forgets the result that has waited longest.
   * Default: `'error'`.
   */
  readonly overflow?: 'error' | 'drop-oldest' | undefined
  /** Runs once when the consumer stops early or the queue overflows: stop the source here. */
  readonly onClose?: (() => void) | undefined
}

/**
 * Results that are pushed by a source, such as a socket, to a consumer that reads at its own pace. One iteration.
 * Linear in the number of results, whatever waits.
 *
 * @throws {@link OptionsError} when the limit is no positive integer.
 *
 * @example
 * ```ts
 * import { ResultQueue, type TerminalLink } from '@graphlinks/core'
 *
 * export const ticker: TerminalLink = () => {
 *   const timer = setInterval(() => queue.push({ data: { now: Date.now() } }), 1_000)
 *   const queue = new ResultQueue({ limit: 10, overflow: 'drop-oldest', onClose: () => clearInterval(timer) })
 *   return queue
 * }
 * ```
 */
export class ResultQueue implements AsyncIterableIterator<Result> {
  readonly #limit: number
  readonly #overflow: 'error' | 'drop-oldest'
  readonly #onClose: (() => void) | undefined
  /** What waits, by number: an array's shift() is linear once it is large. */
  readonly #waiting = new Map<number, Result>()
  #first = 0
  #next = 0
  #readers: PromiseWithResolvers[] = []
  #ended = false
  #failure: { readonly error: unknown } | undefined = undefined

  constructor({ limit = 1_000, overflow = 'error', onClose }: ResultQueueOptions = {}) {
    if (!((Number.isInteger(limit) || limit === Infinity) && limit > 0))
      throw new OptionsError(inDevelopment(() => `the limit of a queue is a positive integer, not ${limit}`) ?? 'limit')
    this.#limit = limit
    this.#overflow = overflow
    this.#onClose = onClose
  }

  /** Adds a result. After the end it is ignored. */
  push(value: Result): void {
    if (this.#ended) return
    const reader = this.#readers.shift()
    if (reader) return reader.resolve({ done: false, value })
    if (this.#waiting.size === this.#limit) {
      if (this.#overflow === 'error') {
        this.fail(
          new QueueOverflowError(
            inDevelopment(
              () =>
                `${this.#limit} results wait and the consumer does not read them: read faster, raise the limit or drop the oldest`,
            ) ?? `${this.#limit} results wait`,
          ),
        )
        this.#onClose?.()
        return
      }
      this.#take()
    }
    this.#waiting.set(this.#next++, value)
  }

  /** Ends the stream: what is waiting can still be read. */
  end(): void {
    this.#finish()
  }

  /** Ends the stream with an error, which comes after what is waiting. */
  fail(error: unknown): void {
    if (this.#ended) return
    this.#failure = { error }
    this.#finish()
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Result> {
    return this
  }

  next(): Promise<IteratorResult<Result>> {
    if (this.#waiting.size > 0) return Promise.resolve({ done: false, value: this.#take() })
    if (!this.#ended) return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }))
    const failure = this.#failure
    this.#failure = undefined
    return failure ? Promise.reject(failure.error) : finished()
  }

  return(): Promise<IteratorResult<Result>> {
    const wasOpen = !this.#ended
    this.#waiting.clear()
    this.#failure = undefined
    this.#finish()
    if (wasOpen) this.#onClose?.()
    return finished()
  }

  #finish(): void {
    this.#ended = true
    for (const reader of this.#readers.splice(0)) this.next().then(reader.resolve, reader.reject)
  }

  #take(): Result {
    const value = this.#waiting.get(this.#first) as Result
    this.#waiting.delete(this.#first++)
    return value
  }
}

interface PromiseWithResolvers {
  readonly resolve: (step: IteratorResult<Result>) => void
  readonly reject: (error: unknown) => void
}
