import { LinkError } from './errors.ts'
import { Execution, type ExecutionScope } from './execution.ts'
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

/** As {@link lastResult}, for a client that ends what is running when it is disposed. */
export function lastResultIn(
  scope: ExecutionScope | undefined,
  link: TerminalLink,
  operation: Operation,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const execution = new Execution(operation, scope, reject)
    const source = execution.begin(link)
    if (!source) return
    // Ended before the caller hears of it: an abort that comes then means nothing.
    drain(source, execution, operation).then(
      (result) => {
        execution.end()
        resolve(result)
      },
      (error: unknown) => {
        execution.end()
        reject(error as Error)
      },
    )
  })
}

async function drain(source: AsyncIterator<Result>, execution: Execution, operation: Operation): Promise<Result> {
  let last: Result | undefined
  for (let step = await source.next(); !step.done && !execution.aborted; step = await source.next()) {
    last = checkResult(step.value, execution, operation)
  }
  if (last) return last
  throw new LinkError('the chain completed without a result: its terminal link must give one', operation)
}

function checkResult(result: unknown, execution: Execution, { operationName }: Operation): Result {
  if (typeof result === 'object' && result !== null) return result
  const error = new LinkError('a link gave something that is no result, such as { data }', { operationName })
  execution.stop(error)
  throw error
}

interface Waiter {
  resolve(step: IteratorResult<Result>): void
  reject(error: unknown): void
}

/** The edge of a stream, by hand: `return()` on an async generator would wait for the pending `next()`. */
class EdgeIterator extends OneShotIterator {
  readonly #link: TerminalLink
  readonly #operation: Operation
  readonly #execution: Execution
  #source: AsyncIterator<Result> | undefined = undefined
  #over = false
  // Set by an end that finds nobody waiting; the next reader gets it.
  #failure: { readonly error: unknown } | undefined = undefined
  // Concurrent calls of next() are answered one after the other, as the protocol of async iterators asks.
  #waiters: Waiter[] = []

  constructor(link: TerminalLink, operation: Operation, scope: ExecutionScope | undefined) {
    super()
    this.#link = link
    this.#operation = operation
    this.#execution = new Execution(operation, scope, (error) => this.#end({ error }))
  }

  next(): Promise<IteratorResult<Result>> {
    return new Promise((resolve, reject) => {
      if (this.#waiters.push({ resolve, reject }) === 1) void this.#advance()
    })
  }

  return(): Promise<IteratorResult<Result>> {
    if (!this.#over && this.#source) this.#execution.stop()
    this.#failure = undefined
    this.#end()
    return finished()
  }

  async #advance(): Promise<void> {
    try {
      if (!this.#over) this.#source ??= this.#execution.begin(this.#link)
      if (this.#over || !this.#source) return this.#end()
      const step = await this.#source.next()
      if (this.#over) return
      if (!step.done) {
        checkResult(step.value, this.#execution, this.#operation)
        this.#waiters.shift()?.resolve(step)
        if (this.#waiters.length > 0) void this.#advance()
        return
      }
      this.#execution.end()
      this.#end()
    } catch (error) {
      if (this.#over) return
      this.#execution.end()
      this.#end({ error })
    }
  }

  /** Answers everybody who waits: the first with the failure, if there is one. */
  #end(failure = this.#failure): void {
    this.#over = true
    const [first, ...others] = this.#waiters.splice(0)
    this.#failure = first ? undefined : failure
    if (failure) first?.reject(failure.error)
    else first?.resolve({ done: true, value: undefined })
    for (const waiter of others) waiter.resolve({ done: true, value: undefined })
  }
}
