import type { identityOf, Operation } from '@graphlinks/core'

/** How many identities are remembered. */
const limit = 1_000

/**
 * Makes a function that hashes the identities of operations, each once: HMAC-SHA-256 with a key that nobody has and that
 * never leaves the platform's cryptography. Who reads a log cannot try out tokens, nor compare it with another log.
 *
 * @returns a function that gives `undefined` where there are no credentials, or no such cryptography, as on pages
 * without https.
 */
export function identityHash(reveal: typeof identityOf): (operation: Operation) => Promise<string | undefined> {
  const known = new Map<string, Promise<string | undefined>>()
  let key: Promise<CryptoKey> | undefined

  const hash = async (identity: string): Promise<string> => {
    const { subtle } = crypto
    key ??= subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign']) as Promise<CryptoKey>
    const bytes = await subtle.sign('HMAC', await key, new TextEncoder().encode(identity))
    return Array.from(new Uint8Array(bytes, 0, 6), (byte) => byte.toString(16).padStart(2, '0')).join('')
  }
  return async (operation) => {
    const identity = reveal(operation).reveal()
    // No credentials.
    if (identity === '[]') return undefined
    if (known.size > limit) known.delete([...known.keys()][0] as string)
    const hashing = known.get(identity) ?? hash(identity).catch(() => undefined)
    known.set(identity, hashing)
    return hashing
  }
}
