import { GraphLinksError } from '@graphlinks/core'

/**
 * As many operations wait for a place as may (`maxQueued`). The operation was not sent.
 *
 * @example
 * ```ts
 * import { QueueFullError } from '@graphlinks/concurrency-link'
 *
 * export const isOverloaded = (error: unknown): boolean => QueueFullError.is(error)
 * ```
 */
export class QueueFullError extends GraphLinksError {
  static override readonly name: string = 'QueueFullError'
  static override readonly code: string = 'QUEUE_FULL'
}
