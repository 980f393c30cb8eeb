import type { Operation, OperationValue } from '../operation.ts'

/** Operations that wait for a token, first come, first served. */
export class WaitingLine {
  #waiters = new Set<() => void>()

  get length(): number {
    return this.#waiters.size
  }

  /** Until the next {@link wake}. An operation that is cancelled leaves the line. */
  wait(operation: Operation | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const execution = (operation as OperationValue | undefined)?.execution
      const wake = (): void => {
        forget?.()
        resolve()
      }
      const leave = (): void => {
        this.#waiters.delete(wake)
        reject(execution?.reason as Error)
      }
      // Cancelled before it came here.
      if (execution?.aborted) return leave()
      const forget = execution?.onAbort(leave)
      this.#waiters.add(wake)
    })
  }

  /** Lets everybody go on. */
  wake(): void {
    const waiters = this.#waiters
    this.#waiters = new Set()
    for (const wake of waiters) wake()
  }
}
