import type { DocumentIdSource } from './documentIdSource.ts'
import { documentHashes, type Sha256 } from './sha256.ts'

/**
 * An id that is made of the text, `sha256:` and its SHA-256: for a server that has the same documents and knows them so.
 * It needs the text, so an AST is printed for it, once.
 *
 * @throws `OptionsError` where there is no WebCrypto and no `sha256` is given.
 *
 * @see https://github.com/graphql/graphql-over-http/blob/main/spec/Appendix%20A%20--%20Persisted%20Documents.md
 *
 * @example
 * ```ts
 * import { hashedId, persistedLink } from '@graphlinks/persisted-link'
 *
 * export const link = persistedLink({ documentId: hashedId() })
 * ```
 */
export function hashedId({ sha256 }: { readonly sha256?: Sha256 | undefined } = {}): DocumentIdSource {
  const hashOf = documentHashes('hashedId', sha256)
  return async ({ document }) => `sha256:${await hashOf(document)}`
}
