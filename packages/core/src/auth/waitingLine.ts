import type { Operation, OperationValue } from '../operation.ts'
import { AuthQueueFullError } from './sessionErrors.ts'

/** Operations that wait for a token, first come, first served. */
export class WaitingLine {
  readonly #limit: number
  #waiters = new Set<() => void>()

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Until the next {@link wake}. An operation that is cancelled leaves the line. */
  wait(operation: Operation | undefined): Promise<void> {
    if (this.#waiters.size >= this.#limit) {
      throw new AuthQueueFullError(`${this.#limit} operations wait for a token already (maxQueued)`, {
        link: 'tokenRefreshLink',
        operationName: operation?.operationName,
      })
    }
    return new Promise((resolve, reject) => {
      const execution = (operation as OperationValue | undefined)?.execution
      const wake = (): void => {
        forget?.()
        resolve()
      }
      const forget = execution?.onAbort(() => {
        this.#waiters.delete(wake)
        reject(execution.reason as Error)
      })
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
