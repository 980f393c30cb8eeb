/**
 * What every copy of an operation shares while it runs. The `AbortController` is made on the first read of `signal`:
 * most operations end by themselves, and a chain in memory needs no signal at all.
 */
export class ExecutionState {
  aborted = false
  reason: unknown = undefined
  #controller: AbortController | undefined = undefined
  #secrets: string[] | undefined = undefined

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.aborted) this.#controller.abort(this.reason)
    }
    return this.#controller.signal
  }

  /** What terminal links sent in this execution: it is cut out of every text that comes back in an error. */
  get secrets(): readonly string[] {
    return this.#secrets ?? []
  }

  addSecrets(secrets: readonly string[]): void {
    if (secrets.length > 0) (this.#secrets ??= []).push(...secrets)
  }

  /** Aborts once; later calls change nothing. Without a reason, a signal that somebody reads makes an `AbortError`. */
  abort(reason?: unknown): void {
    if (this.aborted) return
    this.aborted = true
    this.reason = reason
    this.#controller?.abort(reason)
    if (reason === undefined) this.reason = this.#controller?.signal.reason
  }
}
