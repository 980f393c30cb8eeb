import type { Operation, OperationValue } from './operation.ts'

/**
 * Waits for a value for as long as the operation runs: a link that waits for something of its own, such as a function of
 * the application, ends with its operation, at once.
 *
 * @param cancel - called where the operation is cancelled first.
 * @throws what the promise rejects with; the reason of the operation's signal, when it is cancelled.
 *
 * @example
 * ```ts
 * import { whileRunning, type Link } from '@graphlinks/core'
 *
 * export const confirmed: Link = async (operation, next) => {
 *   if (operation.kind === 'mutation') await whileRunning(operation, askTheUser())
 *   return next(operation)
 * }
 *
 * const askTheUser = async (): Promise<boolean> => true
 * ```
 */
export function whileRunning<Value>(
  operation: Operation,
  value: Value | Promise<Value>,
  cancel?: () => void,
): Promise<Value> {
  const { execution } = operation as OperationValue
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      cancel?.()
      reject(execution?.reason as Error)
    }
    const forget = execution?.onAbort(onAbort)
    Promise.resolve(value).then(resolve, reject).finally(forget)
    if (execution?.aborted) onAbort()
  })
}
