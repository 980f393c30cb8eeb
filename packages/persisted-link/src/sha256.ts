import { inDevelopment, OptionsError, type GraphQLDocument } from '@graphlinks/core'

/** Gives the SHA-256 of a text in UTF-8, as 64 hexadecimal digits in lower case, now or later. */
export type Sha256 = (text: string) => string | Promise<string>

/**
 * Makes a function that hashes documents, each once.
 *
 * @throws {@link OptionsError} when there is nothing to hash with.
 */
export function documentHashes(
  link: string,
  sha256: Sha256 | undefined,
): (document: GraphQLDocument) => Promise<string> {
  if (!sha256 && !globalThis.crypto?.subtle) {
    throw new OptionsError(
      inDevelopment(
        () =>
          'there is no WebCrypto here, which browsers have on https pages and on localhost only: give it sha256, such as that of @noble/hashes',
      ) ?? 'sha256',
      { link },
    )
  }
  const known = new WeakMap<GraphQLDocument, Promise<string>>()
  const hash = async (document: GraphQLDocument): Promise<string> => {
    const hashed = await (sha256 ?? webSha256)(await document.text())
    if (/^[\da-f]{64}$/.test(hashed)) return hashed
    throw new OptionsError(
      inDevelopment(() => 'sha256 gave something else than 64 hexadecimal digits in lower case') ?? 'sha256',
      { link },
    )
  }
  return (document) => {
    const before = known.get(document)
    if (before) return before
    const hashing = hash(document)
    known.set(document, hashing)
    // What failed may work the next time.
    hashing.catch(() => known.delete(document))
    return hashing
  }
}

async function webSha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
