import type { Operation } from '../operation.ts'
import type { ReplayRefusal } from '../results.ts'
import { isOneShot } from './isOneShot.ts'
import type { AttemptOutcome } from './rejection.ts'
import { isUnexecuted } from './isUnexecuted.ts'

/** What an operation may say about being sent again. */
export type ReplayPolicy = 'always' | 'never'

/** Why an operation may not be sent again; `undefined` where it may. */
export function refusalOf(
  operation: Operation,
  outcome: AttemptOutcome,
  policy: ReplayPolicy | undefined,
): ReplayRefusal | undefined {
  if (policy === 'never') return 'never'
  if (isOneShot(operation)) return 'one-shot'
  if (operation.kind !== 'mutation' || policy === 'always' || isUnexecuted(outcome)) return undefined
  return 'executed'
}
