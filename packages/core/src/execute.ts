import { LinkError } from './errors.ts'
import { Execution, type ExecutionScope } from './execution.ts'
import { inDevelopment } from './inDevelopment.ts'
import type { TerminalLink } from './link.ts'
import type { Operation } from './operation.ts'
import { finished, OneShotIterator, type Result, type Results } from './results.ts'

/**
 * Runs an operation through a link or chain. This is the edge of the pipeline: cold, one-shot, and in charge of
 * cancellation. Whatever a link does, an early `return()` and an abort of the caller's signal settle at once, and
 * exactly one of completion, error or cancellation reaches the consumer.
 *
 * @example
 * ```ts
 * import { createOperation, execute } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * const operation = createOperation({ document: '{ hello }' })
 * for await (const result of execute(httpLink({ url: 'https://api.example.com/graphql' }), operation)) {
 *   console.log(result.data)
 * }
 * ```
 */
export function execute(link: TerminalLink, operation: Operation): Results {
  return executeIn(undefined, link, operation)
}

/**
 * Runs an operation and gives its last result: the only one of a query or mutation, the complete one with incremental
 * delivery.
 *
 * @throws {@link LinkError} when the chain completes without a result; otherwise what the chain failed with.
 *
 * @example
 * ```ts
 * import { createOperation, lastResult } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * const link = httpLink({ url: 'https://api.example.com/graphql' })
 * const { data } = await lastResult(link, createOperation({ document: '{ hello }' }))
 * console.log(data)
 * ```
 */
export function lastResult(link: TerminalLink, operation: Operation): Promise<Result> {
  return lastResultIn(undefined, link, operation)
}

/** As {@link execute}, for a client that ends what is running when it is disposed. */
export function executeIn(scope: ExecutionScope | undefined, link: TerminalLink, operation: Operation): Results {
  return new EdgeIterator(link, operation, scope)
}

/**
 * As {@link lastResult}, for a client that ends what is running when it is disposed.
 *
 * @param onStart - is told of the run.
 */
export function lastResultIn(
  scope: ExecutionScope | undefined,
  link: TerminalLink,
  operation: Operation,
  onStart?: (execution: Execution) => void,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const execution = new Execution(link, operation, scope, reject)
    onStart?.(execution)
    drain(execution, operation).then(resolve, reject)
  })
}

async function drain(execution: Execution, operation: Operation): Promise<Result> {
  try {
    let last: Result | undefined
    const { source } = execution
    for (let step = await source.next(); execution.check(step) && !execution.aborted; step = await source.next()) {
      last = step.value as Result
    }
    if (last) {
      const result = last
      // After a long wait this frame is old for the collector of garbage, and would keep the result with it.
      last = undefined
      return result
    }
    throw new LinkError(
      inDevelopment(
        () => 'the chain completed without a result: its terminal link must give one, and the others must pass it on',
      ) ?? 'no result',
      operation,
    )
  } finally {
    // Before the caller hears of it: an abort that comes then means nothing.
    execution.end()
  }
}

interface Waiter {
  resolve(step: IteratorResult<Result>): void
  reject(error: unknown): void
}

/** The edge of a stream, by hand: `return()` on an async generator would wait for the pending `next()`. */
class EdgeIterator extends OneShotIterator {
  readonly #execution: Execution
  #over = false
  // Set by an end that finds nobody waiting; the next reader gets it.
  #failure: { readonly error: unknown } | undefined
  // Concurrent calls of next() are answered one after the other, as the protocol of async iterators asks.
  #waiters: Waiter[] = []
  // Made once. What is made for each step, a collection of garbage copies for each of a thousand streams that wait.
  readonly #take = (step: IteratorResult<Result>): void => {
    if (this.#over) return
    try {
      if (!this.#execution.check(step)) return this.#end()
      this.#waiters.shift()?.resolve(step)
      if (this.#waiters.length > 0) this.#advance()
    } catch (error) {
      this.#fail(error)
    }
  }
  readonly #fail = (error: unknown): void => {
    if (!this.#over) this.#end({ error })
  }

  constructor(link: TerminalLink, operation: Operation, scope: ExecutionScope | undefined) {
    super()
    this.#execution = new Execution(link, operation, scope, this.#fail)
  }

  next(): Promise<IteratorResult<Result>> {
    return new Promise((resolve, reject) => {
      if (this.#waiters.push({ resolve, reject }) === 1) this.#advance()
    })
  }

  return(): Promise<IteratorResult<Result>> {
    if (!this.#over) this.#execution.stop()
    this.#end()
    this.#failure = undefined
    return finished()
  }

  #advance(): void {
    try {
      if (this.#over) return this.#end(this.#failure)
      // A link may give a step that is no promise.
      Promise.resolve(this.#execution.source.next()).then(this.#take, this.#fail)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Answers everybody who waits: the first with the failure, if there is one. */
  #end(failure?: { readonly error: unknown }): void {
    this.#over = true
    this.#execution.end()
    for (const waiter of this.#waiters.splice(0)) {
      if (failure) waiter.reject(failure.error)
      else waiter.resolve({ done: true, value: undefined })
      failure = undefined
    }
    this.#failure = failure
  }
}
