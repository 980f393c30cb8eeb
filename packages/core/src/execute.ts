import { LinkError } from './errors.ts'
import { ExecutionState } from './executionState.ts'
import { cold, type TerminalLink } from './link.ts'
import { withExecution, type Operation, type OperationValue } from './operation.ts'
import { finished, once, type Result, type Results } from './results.ts'

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
export function execute(link: TerminalLink, operation: Operation, scope?: ExecutionScope): Results {
  return once(new Execution(link, operation, scope))
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
export async function lastResult(link: TerminalLink, operation: Operation, scope?: ExecutionScope): Promise<Result> {
  const execution = new Execution(link, operation, scope)
  let last: Result | undefined
  for (let step = await execution.next(); !step.done; step = await execution.next()) last = step.value
  if (last) return last
  throw new LinkError('the chain completed without a result: its terminal link must give one', operation)
}

/** The executions of one client that are running, so that disposing it can end them. */
export type ExecutionScope = Set<{ abort(reason: unknown): void }>

interface Waiter {
  resolve(step: IteratorResult<Result>): void
  reject(error: unknown): void
}

/** One run of a chain, by hand: `return()` on an async generator would wait for the pending `next()`. */
class Execution implements AsyncIterator<Result> {
  readonly #state = new ExecutionState()
  readonly #link: TerminalLink
  readonly #operation: OperationValue
  readonly #scope: ExecutionScope | undefined
  #source: AsyncIterator<Result> | undefined = undefined
  #over = false
  // Set by an abort that finds nobody waiting; the next reader gets it.
  #failure: { readonly error: unknown } | undefined = undefined
  // Concurrent calls of next() are answered one after the other, as the protocol of async iterators asks.
  #waiters: Waiter[] = []

  constructor(link: TerminalLink, operation: Operation, scope: ExecutionScope | undefined) {
    this.#link = link
    this.#operation = operation as OperationValue
    this.#scope = scope
  }

  next(): Promise<IteratorResult<Result>> {
    return new Promise((resolve, reject) => {
      if (this.#waiters.push({ resolve, reject }) === 1) this.#advance()
    })
  }

  return(): Promise<IteratorResult<Result>> {
    this.#failure = undefined
    this.#stop()
    this.#flush()
    return finished()
  }

  /** Ends the run and tells the consumer why. */
  abort(reason: unknown): void {
    if (this.#over) return
    this.#stop(reason)
    this.#failure = { error: reason }
    if (this.#waiters.length > 0) this.#flush()
  }

  #advance(): void {
    if (!this.#over && !this.#source) this.#begin()
    if (this.#over) return this.#flush()
    try {
      // A link may give something else than a promise.
      Promise.resolve((this.#source as AsyncIterator<Result>).next()).then(this.#onStep, this.#onError)
    } catch (error) {
      this.#onError(error)
    }
  }

  #begin(): void {
    const { callerSignal } = this.#operation
    if (callerSignal?.aborted) return this.#onSignal()
    callerSignal?.addEventListener('abort', this.#onSignal)
    this.#scope?.add(this)
    this.#source = cold(this.#link)(withExecution(this.#operation, this.#state))[Symbol.asyncIterator]()
  }

  // Properties, so that the signal's listener can be removed and a step makes no closures.
  readonly #onSignal = (): void => this.abort(this.#operation.callerSignal?.reason)

  readonly #onStep = (step: IteratorResult<Result>): void => {
    if (this.#over) return
    if (step?.done) return this.#finish()
    if (typeof step?.value !== 'object') {
      return this.#onError(new LinkError('a link gave something that is no result, such as { data }', this.#operation))
    }
    this.#waiters.shift()?.resolve(step)
    if (this.#waiters.length > 0) this.#advance()
  }

  readonly #onError = (error: unknown): void => {
    if (this.#over) return
    this.#failure = { error }
    this.#finish()
  }

  /** The chain ended by itself: nothing is left to cancel. */
  #finish(): void {
    this.#end()
    this.#flush()
  }

  #end(): void {
    this.#over = true
    this.#operation.callerSignal?.removeEventListener('abort', this.#onSignal)
    this.#scope?.delete(this)
  }

  /** Stops the chain without waiting for it: a link that does not listen must not hold up the caller. */
  #stop(reason?: unknown): void {
    if (this.#over) return
    this.#end()
    if (!this.#source) return
    this.#state.abort(reason)
    // The consumer has left, so there is nobody to tell of an error.
    new Promise((resolve) => resolve(this.#source?.return?.())).catch(() => {})
  }

  /** Answers everybody who waits: the first with the failure, if there is one. */
  #flush(): void {
    for (const { resolve, reject } of this.#waiters.splice(0)) {
      const failure = this.#failure
      this.#failure = undefined
      if (failure) reject(failure.error)
      else resolve({ done: true, value: undefined })
    }
  }
}
