import { finished, type Result, type Results } from './results.ts'

/**
 * Changes each result. Written by hand so that a wrapper costs one promise per result; for work that awaits, write an
 * async generator.
 *
 * An error that `change` throws becomes the operation's error, and the attempt is closed.
 *
 * @example
 * ```ts
 * import { mapResults, type Link } from '@graphlinks/core'
 *
 * export const stamp: Link = (operation, next) =>
 *   mapResults(next(operation), (result) => ({ ...result, extensions: { ...result.extensions, seen: true } }))
 * ```
 */
export function mapResults(results: Results, change: (result: Result) => Result): Results {
  return { [Symbol.asyncIterator]: () => new MappingIterator(results[Symbol.asyncIterator](), change) }
}

class MappingIterator implements AsyncIterator<Result> {
  readonly #source: AsyncIterator<Result>
  readonly #step: (step: IteratorResult<Result>) => IteratorResult<Result> | Promise<IteratorResult<Result>>

  constructor(source: AsyncIterator<Result>, change: (result: Result) => Result) {
    this.#source = source
    this.#step = (step) => {
      if (step.done) return step
      try {
        return { done: false, value: change(step.value) }
      } catch (error) {
        return closeAndThrow(source, error)
      }
    }
  }

  next(): Promise<IteratorResult<Result>> {
    return this.#source.next().then(this.#step)
  }

  return(): Promise<IteratorResult<Result>> {
    return close(this.#source)
  }
}

/** How an attempt ended. `cancelled` means that the consumer stopped reading. */
export type Outcome =
  | { readonly status: 'completed' }
  | { readonly status: 'failed'; readonly error: unknown }
  | { readonly status: 'cancelled' }

/**
 * Calls back once when an attempt is over: completed, failed or cancelled. Results and the error pass unchanged.
 *
 * @example
 * ```ts
 * import { onSettled, type Link } from '@graphlinks/core'
 *
 * export const count: Link = (operation, next) => onSettled(next(operation), ({ status }) => console.log(status))
 * ```
 */
export function onSettled(results: Results, callback: (outcome: Outcome) => void): Results {
  return { [Symbol.asyncIterator]: () => new ObservedIterator(results[Symbol.asyncIterator](), callback) }
}

class ObservedIterator implements AsyncIterator<Result> {
  readonly #source: AsyncIterator<Result>
  #callback: ((outcome: Outcome) => void) | undefined
  readonly #step: (step: IteratorResult<Result>) => IteratorResult<Result>
  readonly #fail: (error: unknown) => never

  constructor(source: AsyncIterator<Result>, callback: (outcome: Outcome) => void) {
    this.#source = source
    this.#callback = callback
    this.#step = (step) => {
      if (step.done) this.#settle({ status: 'completed' })
      return step
    }
    this.#fail = (error) => {
      this.#settle({ status: 'failed', error })
      throw error
    }
  }

  #settle(outcome: Outcome): void {
    const callback = this.#callback
    this.#callback = undefined
    callback?.(outcome)
  }

  next(): Promise<IteratorResult<Result>> {
    return this.#source.next().then(this.#step, this.#fail)
  }

  return(): Promise<IteratorResult<Result>> {
    this.#settle({ status: 'cancelled' })
    return close(this.#source)
  }
}

function close(iterator: AsyncIterator<Result>): Promise<IteratorResult<Result>> {
  return iterator.return?.() ?? finished()
}

function closeAndThrow(iterator: AsyncIterator<Result>, error: unknown): Promise<never> {
  const rethrow = (): never => {
    throw error
  }
  return close(iterator).then(rethrow, rethrow)
}
