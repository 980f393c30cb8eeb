import { invoke, type TerminalLink } from './link.ts'
import { withExecution, type Operation, type OperationValue } from './operation.ts'
import { iteratorOf, type Result } from './results.ts'

type ExecutionState = NonNullable<OperationValue['execution']>

/** The executions of one client that are running, so that disposing it can end them. */
export type ExecutionScope = Set<Execution>

/**
 * One run of an operation: what every copy of the operation shares, and what ends it. The `AbortController` is made on
 * the first read of `signal`: most operations end by themselves, and a chain in memory needs no signal at all.
 */
export class Execution implements ExecutionState {
  aborted = false
  reason: unknown = undefined
  readonly #operation: OperationValue
  readonly #scope: ExecutionScope | undefined
  readonly #onAbort: (reason: unknown) => void
  #source: AsyncIterator<Result> | undefined = undefined
  #onSignal: (() => void) | undefined = undefined
  #controller: AbortController | undefined = undefined
  #sent: Operation[] | undefined = undefined
  #abortCallbacks: Set<() => void> | undefined = undefined

  constructor(operation: Operation, scope: ExecutionScope | undefined, onAbort: (reason: unknown) => void) {
    this.#operation = operation as OperationValue
    this.#scope = scope
    this.#onAbort = onAbort
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.aborted) this.#controller.abort(this.reason)
    }
    return this.#controller.signal
  }

  get sent(): readonly Operation[] {
    return this.#sent ?? []
  }

  addSent(operation: Operation): void {
    if (this.#sent) this.#sent.push(operation)
    else this.#sent = [operation]
  }

  onAbort(callback: () => void): () => void {
    const callbacks = (this.#abortCallbacks ??= new Set())
    callbacks.add(callback)
    return () => callbacks.delete(callback)
  }

  /** Joins the caller's signal and calls the chain. @returns nothing when the signal was aborted before. */
  begin(link: TerminalLink): AsyncIterator<Result> | undefined {
    const { callerSignal } = this.#operation
    if (callerSignal) {
      const onSignal = (): void => this.abort(callerSignal.reason)
      if (callerSignal.aborted) {
        onSignal()
        return undefined
      }
      callerSignal.addEventListener('abort', onSignal)
      this.#onSignal = onSignal
    }
    this.#scope?.add(this)
    try {
      return (this.#source = iteratorOf(invoke(link, withExecution(this.#operation, this))))
    } catch (error) {
      this.end()
      throw error
    }
  }

  /** The chain ended by itself: nothing is left to cancel, and an abort that comes later means nothing. */
  end(): void {
    if (this.#onSignal) this.#operation.callerSignal?.removeEventListener('abort', this.#onSignal)
    this.#scope?.delete(this)
  }

  /** Stops the chain without waiting for it: a link that does not listen must not hold up the caller. */
  stop(reason?: unknown): void {
    this.end()
    this.aborted = true
    this.reason = reason
    this.#controller?.abort(reason)
    if (reason === undefined) this.reason = this.#controller?.signal.reason
    for (const callback of this.#abortCallbacks ?? []) callback()
    // The consumer has left, so there is nobody to tell of an error.
    new Promise((resolve) => resolve(this.#source?.return?.())).catch(() => {})
  }

  /** Stops the chain and tells the consumer why. */
  abort(reason: unknown): void {
    this.stop(reason)
    this.#onAbort(reason)
  }
}
