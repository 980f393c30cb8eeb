import { withExecution } from './copies.ts'
import { LinkError } from './errors.ts'
import { inDevelopment } from './inDevelopment.ts'
import { invoke, isResults } from './invoke.ts'
import type { TerminalLink } from './link.ts'
import type { Operation, OperationValue } from './operation.ts'
import { iteratorOf, type Result } from './results.ts'

type ExecutionState = NonNullable<OperationValue['execution']>

/**
 * The executions of one client that are running, so that disposing it can end them. A linked list and not a set: a set
 * copies its table as members come and go, and old tables keep executions and their results alive through every minor
 * collection of garbage, which doubles the cost of large results.
 */
export class ExecutionScope {
  #first: Execution | undefined
  /** Set by {@link abort}: what comes later is over at once. */
  #reason: Error | undefined

  add(execution: Execution): void {
    if (this.#reason) return execution.abort(this.#reason)
    execution.following = this.#first
    if (this.#first) this.#first.preceding = execution
    this.#first = execution
  }

  delete(execution: Execution): void {
    const { preceding, following } = execution
    if (preceding) preceding.following = following
    else if (this.#first === execution) this.#first = following
    if (following) following.preceding = preceding
    execution.preceding = execution.following = undefined
  }

  /** Ends all that runs, and all that is still to be added. */
  abort(reason: Error): void {
    this.#reason = reason
    while (this.#first) this.#first.abort(reason)
  }
}

/**
 * One run of an operation: what every copy of the operation shares, and what ends it. The `AbortController` is made on
 * the first read of `signal`: most operations end by themselves, and a chain in memory needs no signal at all.
 */
export class Execution implements ExecutionState {
  aborted = false
  attempts = 0
  reason: unknown
  /** Neighbours in the scope. */
  preceding: Execution | undefined
  following: Execution | undefined
  readonly parent: ExecutionState | undefined
  readonly sent: Operation[]
  readonly ask: ExecutionState['ask']
  admission: ExecutionState['admission']
  readonly #link: TerminalLink
  readonly #operation: OperationValue
  readonly #scope: ExecutionScope | undefined
  readonly #onAbort: (reason: unknown) => void
  #source: AsyncIterator<Result> | undefined
  #leaveCaller: (() => void) | undefined
  #controller: AbortController | undefined
  #abortCallbacks: (() => void)[] | undefined
  #endCallbacks: (() => void)[] | undefined
  #notes: Map<string, number> | undefined

  constructor(
    link: TerminalLink,
    operation: Operation,
    scope: ExecutionScope | undefined,
    onAbort: (reason: unknown) => void,
  ) {
    this.#link = link
    this.#operation = operation as OperationValue
    this.parent = this.#operation.origin.parent
    this.sent = this.parent?.sent ?? []
    this.ask = link.admit ?? this.parent?.ask
    this.#scope = scope
    this.#onAbort = onAbort
  }

  get signal(): AbortSignal {
    const controller = (this.#controller ??= new AbortController())
    if (this.aborted) controller.abort(this.reason)
    return controller.signal
  }

  onAbort(callback: () => void): () => void {
    const callbacks = (this.#abortCallbacks ??= [])
    callbacks.push(callback)
    return () => {
      const index = callbacks.indexOf(callback)
      if (index >= 0) callbacks.splice(index, 1)
    }
  }

  sends(operation: Operation): void {
    this.attempts++
    // What a detached copy sends, whoever it was copied from sends, too. Both have one list.
    if (this.parent) this.parent.sends(operation)
    // A subscription may live for weeks, and be sent again every few minutes: the last 64 are remembered.
    else if (this.sent.push(operation) > 64) this.sent.splice(0, this.sent.length - 64)
  }

  note(what: string): void {
    this.notes.set(what, (this.notes.get(what) ?? 0) + 1)
  }

  get notes(): Map<string, number> {
    return (this.#notes ??= this.parent?.notes ?? new Map())
  }

  onEnd(callback: () => void): void {
    ;(this.#endCallbacks ??= []).push(callback)
  }

  admit(operation: Operation): Promise<void> | undefined {
    return (this.admission ??= this.parent?.admission ?? { ready: this.ask?.(operation) }).ready
  }

  /** The results of the chain, which is called at the first read. @throws the reason of the signal when it aborted before. */
  get source(): AsyncIterator<Result> {
    return this.#source ?? this.#begin()
  }

  /** Joins the caller's signal and calls the chain. */
  #begin(): AsyncIterator<Result> {
    const { callerSignal } = this.#operation.origin
    if (callerSignal) {
      if (callerSignal.aborted) throw callerSignal.reason
      const onSignal = (): void => this.abort(callerSignal.reason)
      callerSignal.addEventListener('abort', onSignal)
      this.#leaveCaller = () => callerSignal.removeEventListener('abort', onSignal)
    }
    this.#scope?.add(this)
    return (this.#source = iteratorOf(invoke(this.#link, withExecution(this.#operation, this))))
  }

  /** Whether a step has a result. One that is none ends the chain. */
  check({ done, value }: IteratorResult<Result>): boolean {
    if (done || (typeof value === 'object' && (value as Result | null) && !isResults(value))) return !done
    const error = new LinkError(
      inDevelopment(() =>
        isResults(value)
          ? 'a link gave results in the place of a result: yield* next(operation), with its star'
          : 'a link gave something that is no result, such as { data }',
      ) ?? 'no result',
      this.#operation,
    )
    this.stop(error)
    throw error
  }

  /** The chain ended by itself: nothing is left to cancel, and an abort that comes later means nothing. */
  end(): void {
    this.#leaveCaller?.()
    this.#scope?.delete(this)
    callEach(this.#endCallbacks)
  }

  /** Stops the chain without waiting for it: a link that does not listen must not hold up the caller. */
  stop(reason?: unknown): void {
    this.end()
    this.aborted = true
    this.reason = reason
    this.#controller?.abort(reason)
    if (reason === undefined) this.reason = this.#controller?.signal.reason
    callEach(this.#abortCallbacks)
    // The consumer has left, so there is nobody to tell of an error.
    void (async () => this.#source?.return?.())().catch(() => {})
  }

  /** Stops the chain and tells the consumer why. */
  abort(reason: unknown): void {
    this.stop(reason)
    this.#onAbort(reason)
  }
}

/** Each once, also where one takes back others. One that throws keeps nobody else from hearing of it. */
function callEach(callbacks: (() => void)[] | undefined): void {
  for (let callback = callbacks?.shift(); callback; callback = callbacks?.shift()) {
    try {
      callback()
    } catch {
      // The operation is over: there is no result that this could be the error of.
    }
  }
}
