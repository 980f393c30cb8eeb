import type { Operation, OperationValue } from './operation.ts'

/**
 * One run of an operation, for authors of links: the same object for every copy and every attempt, so that it can be a
 * key of a `WeakMap`. See {@link executionOf}.
 */
export interface OperationExecution {
  /** Whether the operation was cancelled: by the caller, by an early end of reading, or by the client's `dispose`. */
  readonly aborted: boolean
  /** Why it was. */
  readonly reason: unknown
  /** Calls back when the operation is cancelled. Cheaper than its signal. @returns a function that takes it back. */
  onAbort(callback: () => void): () => void
  /** Calls back when the operation is over, however it ended. */
  onEnd(callback: () => void): void
  /** How often terminal links have sent the operation. */
  readonly attempts: number
  /**
   * The operation as terminal links sent it, once for each attempt, its credentials boxed: for those who have to know
   * whose it was, by `identityOf`, or what must not be printed. The last 64 of them.
   */
  readonly sent: readonly Operation[]
  /** How often links did something for the operation: `'replay'` of `tokenRefreshLink`, `'retry'` of `retryLink`, ... */
  readonly notes: ReadonlyMap<string, number>
  /** Counts something that a link did for the operation. */
  note(what: string): void
  /** Of a {@link detached} copy: the run that it was made in. */
  readonly parent: OperationExecution | undefined
}

/** What all copies of an operation share while it runs. */
export interface ExecutionState extends OperationExecution {
  readonly parent: ExecutionState | undefined
  readonly notes: Map<string, number>
  readonly signal: AbortSignal
  readonly sent: Operation[]
  /** A terminal link begins to send the operation. */
  sends(operation: Operation): void
  /** Asks the terminal link to let the operation through, once for all attempts. */
  admit(operation: Operation): Promise<void> | undefined
  /** What it said, once it was asked. */
  readonly admission: { readonly ready: Promise<void> | undefined } | undefined
  /** How it is asked. */
  readonly ask: ((operation: Operation) => Promise<void> | undefined) | undefined
  /** Ends the operation with this error, wherever it is. */
  abort(reason: unknown): void
}

/**
 * The run that an operation belongs to; `undefined` for one that is not run by a client, `execute` or `lastResult`.
 *
 * @example
 * ```ts
 * import { executionOf, type Link } from '@graphlinks/core'
 *
 * const attempts = new WeakMap<object, number>()
 * export const count: Link = (operation, next) => {
 *   const execution = executionOf(operation)
 *   if (execution) attempts.set(execution, (attempts.get(execution) ?? 0) + 1)
 *   return next(operation)
 * }
 * ```
 */
export function executionOf(operation: Operation): OperationExecution | undefined {
  return (operation as OperationValue).execution
}

/**
 * Waits until the terminal link has room for the operation, where it limits how many are on the wire. A link that
 * fetches a credential waits for it first, so that the credential does not age in a queue; the links of this package do.
 *
 * @returns `undefined` where there is nothing to wait for.
 *
 * @example
 * ```ts
 * import { admission, withCredential, type Link } from '@graphlinks/core'
 *
 * export const session: Link = async (operation, next) => {
 *   await admission(operation)
 *   return next(withCredential(operation, { name: 'x-session', value: await readSession() }))
 * }
 *
 * const readSession = async (): Promise<string> => 'abc123'
 * ```
 */
export function admission(operation: Operation): Promise<void> | undefined {
  return (operation as OperationValue).execution?.admit(operation)
}
