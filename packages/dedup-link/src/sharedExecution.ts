import { executionOf, type Operation, type Result, type Results } from '@graphlinks/core'
import { copyOf } from './copyOf.ts'

/** One execution for several operations. It is read as far as the fastest of them reads, and kept for the others. */
export class SharedExecution {
  readonly #source: AsyncIterator<Result>
  readonly #close: () => void
  readonly #steps: Promise<IteratorResult<Result>>[] = []
  #members = 0
  /** Those who have ever joined. */
  #joined = 0

  /** @param close - called when nobody may join any more. */
  constructor(results: Results, close: () => void) {
    this.#source = results[Symbol.asyncIterator]()
    this.#close = close
  }

  /** Whether what it gives is for one alone. Known for good once there is a result. */
  get isAlone(): boolean {
    return this.#joined === 1
  }

  join(): void {
    this.#members++
    this.#joined++
  }

  /** The last one to leave ends the execution. */
  leave(): void {
    if (--this.#members > 0) return
    this.#close()
    // One that is over does not mind.
    void this.#source.return?.()
  }

  /** A step of the execution, by its index. */
  step(index: number): Promise<IteratorResult<Result>> {
    return (this.#steps[index] ??= index === 0 ? this.#first() : this.#source.next())
  }

  async #first(): Promise<IteratorResult<Result>> {
    try {
      return await this.#source.next()
    } finally {
      this.#close()
    }
  }
}

interface Waiter {
  resolve(step: IteratorResult<Result>): void
  reject(error: unknown): void
}

/** The results of one of the operations that share an execution, which it joins when they are first read. */
export class Member implements AsyncIterableIterator<Result> {
  readonly #operation: Operation
  #join: (() => SharedExecution) | undefined
  #shared: SharedExecution | undefined
  #position = 0
  #waiting: Waiter[] = []
  #forget: (() => void) | undefined
  /** What was copied of results with more to come: what does not change from one to the next stays the same object. */
  #copies: Map<object, object> | undefined

  constructor(operation: Operation, join: () => SharedExecution) {
    this.#operation = operation
    this.#join = join
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Result> {
    return this
  }

  next(): Promise<IteratorResult<Result>> {
    this.#enter()
    const shared = this.#shared
    if (!shared) return over()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      shared.step(this.#position++).then(
        (step) => {
          if (step.done) this.#leave()
          this.#waiting.shift()
          resolve(step.done || shared.isAlone ? step : { done: false, value: this.#ownCopy(step.value) })
        },
        (error: unknown) => {
          this.#leave()
          this.#waiting.shift()
          reject(error as Error)
        },
      )
    })
  }

  return(): Promise<IteratorResult<Result>> {
    this.#join = undefined
    this.#leave()
    for (const waiter of this.#waiting.splice(0)) waiter.resolve({ done: true, value: undefined })
    return over()
  }

  /** What one of them does to a result must not reach another. */
  #ownCopy(result: Result): Result {
    if (result.hasNext) this.#copies ??= new Map()
    return copyOf(result, this.#copies)
  }

  #enter(): void {
    const join = this.#join
    this.#join = undefined
    if (!join) return
    this.#shared = join()
    this.#shared.join()
    const execution = executionOf(this.#operation)
    this.#forget = execution?.onAbort(() => {
      this.#leave()
      for (const waiter of this.#waiting.splice(0)) waiter.reject(execution.reason)
    })
  }

  #leave(): void {
    this.#forget?.()
    this.#shared?.leave()
    this.#forget = this.#shared = undefined
  }
}

function over(): Promise<IteratorReturnResult<undefined>> {
  return Promise.resolve({ done: true, value: undefined })
}
