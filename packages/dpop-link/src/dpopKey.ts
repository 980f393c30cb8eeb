import { inDevelopment, OptionsError } from '@graphlinks/core'

/** The part of a key, as far as types need to know: a `CryptoKey`. */
export interface DpopKeyPart {
  readonly algorithm: { readonly name: string; readonly namedCurve?: string }
  readonly extractable: boolean
  readonly type: 'private' | 'public' | 'secret'
  readonly usages: ('sign' | 'verify')[]
}

/**
 * A key that tokens are bound to: a `CryptoKeyPair`, with what else proofs need. Nobody can read its private part, this
 * program included.
 */
export interface DpopKey {
  readonly privateKey: DpopKeyPart
  readonly publicKey: DpopKeyPart
  /** The public key as proofs carry it (RFC 7517). */
  readonly publicJwk: Readonly<Record<'kty' | 'crv' | 'x' | 'y', string>>
  /** Tells the key from others (RFC 7638): what access tokens name as `jkt`. */
  readonly thumbprint: string
}

/** A pair of keys that was made elsewhere: a `CryptoKeyPair`. */
export interface GivenKeyPair {
  readonly privateKey: GivenKey
  readonly publicKey: GivenKey
}

/** A `CryptoKey`. */
export interface GivenKey {
  readonly algorithm: { readonly name: string }
  readonly extractable: boolean
  readonly type: string
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const

/**
 * Makes a key for DPoP (ES256), which never leaves the platform's cryptography. It lasts as long as the program; browsers
 * keep one with `@graphlinks/dpop-link/indexeddb`.
 *
 * @param pair - one that was made elsewhere. Default: a new one.
 * @throws {@link OptionsError} when a given one is not of ECDSA with P-256, or its private part can be read.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-4.2
 *
 * @example
 * ```ts
 * import { createDpopKey } from '@graphlinks/dpop-link'
 *
 * const key = await createDpopKey()
 * console.log(key.thumbprint.length) // 43
 * ```
 */
export async function createDpopKey(pair?: GivenKeyPair): Promise<DpopKey> {
  const { privateKey, publicKey } = (pair ??
    (await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify']))) as CryptoKeyPair
  const { name, namedCurve } = Object(privateKey?.algorithm) as Partial<typeof algorithm>
  // A public key can always be read.
  if (name !== algorithm.name || namedCurve !== algorithm.namedCurve || privateKey.extractable) {
    const sentence = inDevelopment(() => 'the pair is one of ECDSA with P-256 whose private key is not extractable')
    throw new OptionsError(sentence ?? 'pair', { link: 'createDpopKey' })
  }
  const { kty, crv, x, y } = (await crypto.subtle.exportKey('jwk', publicKey)) as DpopKey['publicJwk']
  // In this order: RFC 7638 section 3.
  const publicJwk = { crv, kty, x, y }
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(publicJwk)))
  return { privateKey, publicKey, publicJwk, thumbprint: toBase64Url(digest) } as DpopKey
}

/** Whether something was made by {@link createDpopKey}. */
export function isDpopKey(given: unknown): given is DpopKey {
  const { thumbprint, publicJwk, privateKey } = Object(given) as Partial<DpopKey>
  return typeof thumbprint === 'string' && Boolean(publicJwk && privateKey)
}

/** Base64url without padding (RFC 7515 section 2). */
export function toBase64Url(bytes: ArrayBuffer | Uint8Array): string {
  const encoded = btoa(String.fromCharCode(...new Uint8Array(bytes)))
  return encoded.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
