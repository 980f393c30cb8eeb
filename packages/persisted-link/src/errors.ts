import { GraphLinksError } from '@graphlinks/core'

/**
 * A document has no id, and its text must not be sent: it was not published with the others.
 *
 * @example
 * ```ts
 * import { UnknownDocumentError } from '@graphlinks/persisted-link'
 *
 * export const isUnpublished = (error: unknown): boolean => UnknownDocumentError.is(error)
 * ```
 */
export class UnknownDocumentError extends GraphLinksError {
  static override readonly name: string = 'UnknownDocumentError'
  static override readonly code: string = 'UNKNOWN_DOCUMENT'
}
