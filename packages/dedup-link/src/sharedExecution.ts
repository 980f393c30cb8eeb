import { executionOf, type Operation, type OperationExecution, type Result, type Results } from '@graphlinks/core'
import { copyOf } from './copyOf.ts'

/** One execution for several operations. */
export interface SharedExecution {
  /** How many are, or were, its members. Known for good once there is a result. */
  members: number
  /** The last one to leave ends the execution, if it is not over. */
  leave(): void
  /** A step of the execution, by its index. */
  step(index: number): Promise<IteratorResult<Result>>
}

/**
 * Shares results: they are read as far as the fastest of the members reads, and kept for the others.
 *
 * @param close - called when nobody may join any more.
 */
export function sharedExecution(results: Results, close: () => unknown): SharedExecution {
  const source = results[Symbol.asyncIterator]()
  const steps: Promise<IteratorResult<Result>>[] = []
  let left = 0
  const shared: SharedExecution = {
    members: 0,
    leave() {
      if (++left < shared.members) return
      close()
      void source.return?.()
    },
    step: (index) => (steps[index] ??= source.next().finally(close)),
  }
  return shared
}

/** The results of one of the operations that share an execution, which it joins when they are first read. */
export function memberOf(
  operation: Operation,
  find: (run: OperationExecution | undefined) => SharedExecution,
): Results {
  let shared: SharedExecution | undefined
  let isOver = false
  let position = 0
  /** Ends what waits for a step before that is there. */
  let interrupt: ((failed?: boolean, error?: unknown) => void) | undefined
  /** What was copied: what does not change from one result to the next stays the same object. */
  const copies = new Map<object, object>()

  const enter = (): SharedExecution => {
    const run = executionOf(operation)
    const found = find(run)
    found.members++
    run?.onAbort(() => interrupt?.(true, run.reason))
    return found
  }
  const leave = (): void => {
    if (!isOver) shared?.leave()
    isOver = true
  }
  const results: AsyncIterableIterator<Result> = {
    [Symbol.asyncIterator]: () => results,
    next: () =>
      new Promise((resolve, reject) => {
        if (isOver) return resolve(over)
        const from = (shared ??= enter())
        const end = (interrupt = (failed?: boolean, error?: unknown) => {
          leave()
          if (failed) reject(error as Error)
          else resolve(over)
        })
        from
          .step(position++)
          .then((step) => {
            if (step.done) end()
            // What one of them does to a result must not reach another.
            else resolve(from.members === 1 ? step : { ...step, value: copyOf(step.value, copies) })
          })
          // Also of a result that cannot be copied, such as lists within lists within ... deeper than the stack.
          .catch((error: unknown) => end(true, error))
      }),
    async return() {
      leave()
      interrupt?.()
      return over
    },
  }
  return results
}

const over = { done: true, value: undefined } as const
