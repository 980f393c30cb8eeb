import { ExecutionState } from './executionState.ts'
import { LinkError } from './errors.ts'
import { cold, type TerminalLink } from './link.ts'
import { withExecution, type Operation, type OperationValue } from './operation.ts'
import { FailedIterator, finished, type Result, type Results } from './results.ts'

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
  let iterated = false
  return {
    [Symbol.asyncIterator]() {
      if (iterated)
        return new FailedIterator(new LinkError('results can be iterated once: execute the operation again'))
      iterated = true
      return new EdgeIterator(link, operation, scope)
    },
  }
}

/** The executions of one client, so that disposing it can end them. */
export class ExecutionScope {
  readonly #running = new Set<Execution>()

  add(execution: Execution): void {
    this.#running.add(execution)
  }

  delete(execution: Execution): void {
    this.#running.delete(execution)
  }

  /** Ends every execution that is running with this error. */
  abort(reason: unknown): void {
    for (const execution of this.#running) execution.abort(reason)
  }
}

/**
 * Runs an operation and gives its last result: the only one of a query or mutation, the complete one with incremental
 * delivery.
 */
export function lastResult(link: TerminalLink, operation: Operation, scope?: ExecutionScope): Promise<Result> {
  return new Promise((resolve, reject) => {
    const execution = new Execution(link, operation, reject, scope)
    let last: Result | undefined
    const onStep = (step: IteratorResult<Result>): void => {
      if (!isStep(step)) return onError(noStep(operation))
      if (!step.done) {
        last = step.value
        execution.next().then(onStep, onError)
        return
      }
      execution.end()
      if (last) return resolve(last)
      const { operationName } = operation
      reject(new LinkError('the chain completed without a result: its terminal link must give one', { operationName }))
    }
    const onError = (error: unknown): void => {
      execution.end()
      reject(error)
    }
    if (execution.begin()) execution.next().then(onStep, onError)
  })
}

/** One run of a chain: its state, the caller's signal, and the iterator of its results. */
class Execution {
  readonly #state = new ExecutionState()
  readonly #link: TerminalLink
  readonly #operation: OperationValue
  readonly #onAbort: (reason: unknown) => void
  readonly #scope: ExecutionScope | undefined
  #iterator: AsyncIterator<Result> | undefined = undefined

  constructor(link: TerminalLink, operation: Operation, onAbort: (reason: unknown) => void, scope?: ExecutionScope) {
    this.#link = link
    this.#operation = operation as OperationValue
    this.#onAbort = onAbort
    this.#scope = scope
  }

  /** Joins the caller's signal and starts the chain. @returns false when the signal was aborted before. */
  begin(): boolean {
    const signal = this.#operation.callerSignal
    if (signal?.aborted) {
      this.#onSignal()
      return false
    }
    signal?.addEventListener('abort', this.#onSignal)
    this.#scope?.add(this)
    this.#iterator = cold(this.#link)(withExecution(this.#operation, this.#state))[Symbol.asyncIterator]()
    return true
  }

  next(): Promise<IteratorResult<Result>> {
    try {
      return Promise.resolve((this.#iterator as AsyncIterator<Result>).next())
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** The chain ended by itself: nothing is left to cancel. */
  end(): void {
    this.#operation.callerSignal?.removeEventListener('abort', this.#onSignal)
    this.#scope?.delete(this)
  }

  /** Stops the chain without waiting for it: a link that does not listen must not hold up the caller. */
  cancel(reason?: unknown): void {
    this.end()
    this.#state.abort(reason)
    try {
      Promise.resolve(this.#iterator?.return?.()).catch(ignore)
    } catch {
      // The consumer has left, so there is nobody to tell.
    }
  }

  /** Stops the chain and tells the consumer why. */
  abort(reason: unknown): void {
    this.cancel(reason)
    this.#onAbort(reason)
  }

  // A property, so that the same function is added and removed.
  readonly #onSignal = (): void => this.abort(this.#operation.callerSignal?.reason)
}

/** By hand, since `return()` on an async generator waits for the pending `next()`. */
class EdgeIterator implements AsyncIterator<Result> {
  readonly #execution: Execution
  readonly #operation: Operation
  #state: 'idle' | 'running' | 'over' = 'idle'
  // Set by an abort that finds nobody waiting; the next reader gets it.
  #failure: { readonly error: unknown } | undefined = undefined
  #pending: { resolve(step: IteratorResult<Result>): void; reject(error: unknown): void } | undefined = undefined
  // Concurrent calls of next() are answered one after the other, as the protocol of async iterators asks.
  #queue: Promise<unknown> = Promise.resolve()
  #queued = 0

  constructor(link: TerminalLink, operation: Operation, scope?: ExecutionScope) {
    this.#operation = operation
    this.#execution = new Execution(link, operation, (error) => this.#fail(error), scope)
  }

  next(): Promise<IteratorResult<Result>> {
    if (this.#pending === undefined && this.#queued === 0) return this.#read()
    this.#queued++
    const step = this.#queue.then(this.#readQueued, this.#readQueued)
    this.#queue = step
    return step
  }

  return(): Promise<IteratorResult<Result>> {
    const running = this.#state === 'running'
    this.#state = 'over'
    this.#failure = undefined
    if (running) this.#execution.cancel()
    this.#settle()?.resolve({ done: true, value: undefined })
    return finished()
  }

  #read(): Promise<IteratorResult<Result>> {
    if (this.#state === 'idle') {
      this.#state = 'running'
      this.#execution.begin()
    }
    if (this.#failure) {
      const { error } = this.#failure
      this.#failure = undefined
      return Promise.reject(error)
    }
    if (this.#state === 'over') return finished()
    const step = new Promise<IteratorResult<Result>>((resolve, reject) => {
      this.#pending = { resolve, reject }
      this.#execution.next().then(this.#onStep, this.#onError)
    })
    this.#queue = step
    return step
  }

  readonly #readQueued = (): Promise<IteratorResult<Result>> => {
    this.#queued--
    return this.#read()
  }

  readonly #onStep = (step: IteratorResult<Result>): void => {
    if (this.#state === 'over') return
    if (!isStep(step)) return this.#onError(noStep(this.#operation))
    if (step.done) this.#finish()
    this.#settle()?.resolve(step)
  }

  readonly #onError = (error: unknown): void => {
    if (this.#state === 'over') return
    this.#finish()
    this.#settle()?.reject(error)
  }

  #fail(error: unknown): void {
    this.#state = 'over'
    const pending = this.#settle()
    if (pending) pending.reject(error)
    else this.#failure = { error }
  }

  #finish(): void {
    this.#state = 'over'
    this.#execution.end()
  }

  #settle(): { resolve(step: IteratorResult<Result>): void; reject(error: unknown): void } | undefined {
    const pending = this.#pending
    this.#pending = undefined
    return pending
  }
}

function isStep(step: unknown): step is IteratorResult<Result> {
  return (
    typeof step === 'object' &&
    step !== null &&
    (('done' in step && step.done === true) || typeof (step as { value?: unknown }).value === 'object')
  )
}

function noStep({ operationName }: Operation): LinkError {
  return new LinkError('a link gave something that is no result: results are objects such as { data }', {
    operationName,
  })
}

function ignore(): void {}
