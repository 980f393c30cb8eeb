import type { DocumentIdSource } from './documentIdSource.ts'

/**
 * The id that a build wrote into the document, as GraphQL Code Generator does with `persistedDocuments`: in its
 * `__meta__`, also where nothing else is left of the document (`replaceDocumentWithHash`).
 *
 * @param property - the name of it in `__meta__`. Default: `'hash'`.
 *
 * @example
 * ```ts
 * import { embeddedId, persistedLink } from '@graphlinks/persisted-link'
 *
 * export const link = persistedLink({ documentId: embeddedId() })
 * ```
 */
export function embeddedId(property = 'hash'): DocumentIdSource {
  return ({ document }) => {
    const { __meta__ } = document.source as { readonly __meta__?: Readonly<Record<string, string>> }
    return __meta__ && Object.hasOwn(__meta__, property) ? __meta__[property] : undefined
  }
}
