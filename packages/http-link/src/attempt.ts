import { executionOf, TimeoutError, type Clock, type Operation } from '@graphlinks/core'

/**
 * One try at an operation, and everything that can end it early: the operation's own cancellation, time, or whoever
 * reads the response. Its signal is made when somebody asks for it; callbacks are cheaper.
 */
export class Attempt {
  aborted = false
  reason: unknown
  readonly #operationName: string | undefined
  readonly #clock: Clock
  #callbacks: (() => void)[] = []
  #forget: () => void
  #leave: () => void
  #cancelTimer: (() => void) | undefined
  #controller: AbortController | undefined

  /**
   * @param operation - `undefined`: no operation's cancellation ends it.
   * @param leave - gives back the place on the wire.
   */
  constructor(operation: Operation | undefined, clock: Clock, leave: () => void) {
    this.#operationName = operation?.operationName
    this.#clock = clock
    this.#leave = leave
    const execution = operation && executionOf(operation)
    const signal = execution ? undefined : operation?.signal
    const source = execution ?? signal
    const onAbort = (): void => this.abort(source?.reason)
    signal?.addEventListener('abort', onAbort)
    this.#forget = execution?.onAbort(onAbort) ?? (() => signal?.removeEventListener('abort', onAbort))
    if (source?.aborted) onAbort()
  }

  /** For `fetch`. */
  get signal(): AbortSignal {
    const controller = (this.#controller ??= new AbortController())
    if (this.aborted) controller.abort(this.reason)
    return controller.signal
  }

  /** Calls back when the attempt is aborted, or at once where it was. */
  onAbort(callback: () => void): void {
    if (this.aborted) callback()
    else this.#callbacks.push(callback)
  }

  /** Waits for something, but no longer than the attempt lasts: what does not listen must not hold up its end. */
  until<Value>(promise: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.onAbort(() => reject(this.reason as Error))
      promise.then(resolve, reject)
    })
  }

  /** Aborts the attempt after so many milliseconds from now; a limit that was set before no longer counts. */
  limit(ms: number, option: string, what: string): void {
    this.#cancelTimer?.()
    const operationName = this.#operationName
    const onTime = (): void =>
      this.abort(new TimeoutError(`${what} within ${ms} ms (${option})`, { link: 'httpLink', operationName }))
    this.#cancelTimer = ms < Infinity ? this.#clock.after(ms, onTime) : undefined
  }

  /** @throws the reason of the abort, when there was one. */
  check(): void {
    if (this.aborted) throw this.reason
  }

  abort(reason: unknown): void {
    const callbacks = this.#callbacks
    this.end()
    this.aborted = true
    this.reason = reason
    this.#controller?.abort(reason)
    for (const callback of callbacks) callback()
  }

  /** The attempt is over: no timer and no listener is left behind, and an abort that comes later means nothing. */
  end(): void {
    this.#cancelTimer?.()
    this.#forget()
    this.leave()
    this.#callbacks = []
    // A socket remembers its last request until the next, and with it must not remember the operation and its results.
    this.#forget = this.#cancelTimer = nothing
  }

  /** Gives the place on the wire back before the end. */
  leave(): void {
    const leave = this.#leave
    this.#leave = nothing
    leave()
  }
}

function nothing(): void {}
