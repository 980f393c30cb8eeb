import { QueueOverflowError, type Result } from '@graphlinks/core'

const limit = 1_000

interface Reader {
  readonly resolve: (step: IteratorResult<Result>) => void
  readonly reject: (error: unknown) => void
}

/**
 * The results of one subscription, as its stream brings them, for a consumer who reads at its own pace. Core has a queue
 * for that, but what a lazily loaded file imports from core, everybody has in the first chunk.
 */
export class EventQueue implements AsyncIterableIterator<Result> {
  readonly #onClose: () => void
  #waiting: Result[] = []
  #readers: Reader[] = []
  #isOver = false
  #failure: { readonly error: unknown } | undefined

  /** @param onClose - runs once when the consumer stops early, or does not read. */
  constructor(onClose: () => void) {
    this.#onClose = onClose
  }

  push(result: Result): void {
    if (this.#isOver) return
    if (this.#waiting.push(result) <= limit) return this.#serve()
    this.#waiting.pop()
    this.fail(new QueueOverflowError(`${limit} results wait and the consumer does not read them`, { link: 'httpLink' }))
    this.#onClose()
  }

  /** Nothing follows: what waits can still be read. */
  end(): void {
    this.#isOver = true
    this.#serve()
  }

  /** The same, with an error at the end. */
  fail(error: unknown): void {
    if (!this.#isOver) this.#failure = { error }
    this.end()
  }

  next(): Promise<IteratorResult<Result>> {
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject })
      this.#serve()
    })
  }

  async return(): Promise<IteratorResult<Result>> {
    const wasOpen = !this.#isOver
    this.#waiting = []
    this.#failure = undefined
    this.end()
    if (wasOpen) this.#onClose()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #serve(): void {
    while (this.#readers.length > 0 && (this.#waiting.length > 0 || this.#isOver)) {
      const { resolve, reject } = this.#readers.shift() as Reader
      const value = this.#waiting.shift()
      const failure = this.#failure
      if (value) resolve({ done: false, value })
      else if (failure) {
        this.#failure = undefined
        reject(failure.error)
      } else resolve({ done: true, value: undefined })
    }
  }
}
