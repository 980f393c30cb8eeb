import type { Operation } from '../operation.ts'
import { holdsValue } from './holdsValue.ts'

/**
 * Whether an operation can be sent only once: its variables hold a stream, which can be read once. A `Blob` can be read
 * again. For links that call `next` again.
 *
 * @example
 * ```ts
 * import { isOneShot, type Link } from '@graphlinks/core'
 *
 * export const fallBack: Link = async function* fallBack(operation, next) {
 *   try {
 *     yield* next(operation)
 *   } catch (error) {
 *     if (operation.kind !== 'query' || isOneShot(operation)) throw error
 *     yield* next(operation)
 *   }
 * }
 * ```
 */
export function isOneShot({ variables }: Operation): boolean {
  return holdsValue(variables, isStream)
}

function isStream(value: unknown): boolean {
  const { getReader } = Object(value) as { readonly getReader?: unknown }
  return (
    typeof getReader === 'function' || (typeof value === 'object' && value !== null && Symbol.asyncIterator in value)
  )
}
