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
 * @param terms - what else is to be known of it.
 */
export function sharedExecution<Terms>(results: Results, close: () => unknown, terms: Terms): SharedExecution & Terms {
  const source = results[Symbol.asyncIterator]()
  const steps: Promise<IteratorResult<Result>>[] = []
  let left = 0
  const shared: SharedExecution & Terms = {
    ...terms,
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
  /** Of the step that is waited for, or was: it is ended before it is there. */
  let finish: ((step: IteratorResult<Result>) => void) | undefined
  let fail: ((error: unknown) => void) | undefined
  /** What was copied: what does not change from one result to the next stays the same object. */
  const copies = new Map<object, object>()

  const leave = (): void => {
    if (!isOver) shared?.leave()
    isOver = true
  }
  const enter = (): SharedExecution => {
    const run = executionOf(operation)
    run?.onAbort(() => {
      leave()
      fail?.(run.reason)
    })
    return find(run)
  }
  const results: AsyncIterableIterator<Result> = {
    [Symbol.asyncIterator]: () => results,
    next: () =>
      new Promise((resolve, reject) => {
        if (isOver) return resolve(over)
        finish = resolve
        fail = reject
        const from = (shared ??= enter())
        from
          .step(position++)
          .then((step) => {
            if (step.done) leave()
            // What one of them does to a result must not reach another.
            resolve(from.members === 1 ? step : { ...step, value: copyOf(step.value, copies) })
          })
          // Also of a result that cannot be copied, such as lists within lists within ... deeper than the stack.
          .catch((error: unknown) => {
            leave()
            reject(error as Error)
          })
      }),
    async return() {
      leave()
      finish?.(over)
      return over
    },
  }
  return results
}

const over = { done: true } as IteratorReturnResult<undefined>
