import type { Operation } from '../operation.ts'
import { isOneShot } from './isOneShot.ts'
import { isTokenRefused, replay, type AttemptOutcome } from './rejection.ts'
import { isUnexecuted } from './isUnexecuted.ts'

/**
 * Whether a link may send an operation again after this outcome, without doing harm. Never a stream that was read, what
 * the context forbids ({@link replay}), or what `tokenRefreshLink` has dealt with already; a mutation only where it
 * certainly did not run.
 *
 * @param hasKey - whether the server knows the mutation by its idempotency key when it comes again.
 *
 * @example
 * ```ts
 * import { isTransient, mayRepeat, type Link } from '@graphlinks/core'
 *
 * export const tryTwice: Link = async function* tryTwice(operation, next) {
 *   let isDelivered = false
 *   try {
 *     for await (const result of next(operation)) {
 *       isDelivered = true
 *       yield result
 *     }
 *   } catch (error) {
 *     if (isDelivered || !isTransient(error) || !mayRepeat(operation, { error })) throw error
 *     yield* next(operation)
 *   }
 * }
 * ```
 */
export function mayRepeat(operation: Operation, outcome: AttemptOutcome, hasKey = false): boolean {
  const { code, mayHaveRun } = Object(outcome.error) as { readonly code?: unknown; readonly mayHaveRun?: unknown }
  return !(
    operation.context.get(replay) === 'never' ||
    isOneShot(operation) ||
    isTokenRefused(outcome) ||
    outcome.result?.notReplayed ||
    /^(AUTH|IDENTITY)_/.test(String(code)) ||
    // Over WebSocket the key goes nowhere, so that the server would not know a mutation that ran before.
    (operation.kind === 'mutation' && (hasKey ? mayHaveRun : !isUnexecuted(outcome)))
  )
}
