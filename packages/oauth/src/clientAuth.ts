import { CredentialError, inBrowser } from '@graphlinks/core'
import type { ClientAuth } from 'oauth4webapi'
import type { OAuth4WebApi } from './library.ts'

/** A private `CryptoKey` that signs, as `crypto.subtle.importKey` and `generateKey` give it. */
export interface SigningKey {
  readonly type: string
  readonly algorithm: { readonly name: string }
  readonly usages: readonly string[]
  readonly extractable: boolean
}

/** A text that nobody else may see, or a function that gives or promises it, which is called for each request. */
export type OAuthSecret = string | (() => string | Promise<string>)

/**
 * How a client shows who it is (RFC 6749 section 2.3):
 *
 * - `'none'`: not at all. For apps that people have in their hands, where a secret would be none.
 * - a secret, in the `Authorization` header (`'basic'`, the default, which every server has) or in the body (`'post'`).
 *   A function is asked for each request.
 * - a key, which signs an assertion for each request (`private_key_jwt`, RFC 7523). It needs `issuer`.
 */
export type OAuthClientAuth =
  | 'none'
  | {
      readonly secret: OAuthSecret
      readonly method?: 'basic' | 'post' | undefined
      readonly key?: undefined
    }
  | { readonly key: SigningKey; readonly keyId?: string | undefined; readonly secret?: undefined }

/** @returns what is wrong with it, if anything. */
export function problemOf(auth: OAuthClientAuth, hasIssuer: boolean): string | false {
  if (auth === 'none') return false
  if (typeof auth !== 'object' || auth === null) return "clientAuth is 'none', or an object with a secret or a key"
  const { secret, key } = auth
  if ((secret === undefined) === (key === undefined)) return 'clientAuth has a secret or a key, one of them'
  if (key) {
    if (key.type !== 'private' || !key.usages.includes('sign')) {
      return 'clientAuth.key is a private CryptoKey with the usage "sign"'
    }
    return !hasIssuer && 'clientAuth.key needs issuer, for which its assertions are meant'
  }
  if (!isSecret(secret)) return 'clientAuth.secret is a string that is not empty, or a function that gives one'
  const { method } = auth as { readonly method?: unknown }
  if (method !== undefined && method !== 'basic' && method !== 'post') return "clientAuth.method is 'basic' or 'post'"
  return (
    inBrowser() &&
    "clientAuth.secret has no place in a browser: everybody who loads the page can read it. Register a public client (clientAuth: 'none'), whose refresh tokens rotate"
  )
}

/** For one request. The secret goes into `secrets`. */
export async function authenticate(
  link: string,
  { ClientSecretBasic, ClientSecretPost, None, PrivateKeyJwt }: OAuth4WebApi,
  auth: OAuthClientAuth,
  secrets: Set<string>,
): Promise<ClientAuth> {
  if (auth === 'none') return None()
  if (auth.key) {
    return PrivateKeyJwt({ key: auth.key as CryptoKey, ...(auth.keyId !== undefined && { kid: auth.keyId }) })
  }
  const secret = await secretOf(link, 'clientAuth.secret', auth.secret, secrets)
  return auth.method === 'post' ? ClientSecretPost(secret) : ClientSecretBasic(secret)
}

export function isSecret(given: unknown): given is OAuthSecret {
  return typeof given === 'function' || (typeof given === 'string' && given !== '')
}

/** The text for one request. It goes into `secrets`. */
export async function secretOf(link: string, name: string, given: OAuthSecret, secrets: Set<string>): Promise<string> {
  const secret: unknown = typeof given === 'function' ? await given() : given
  if (typeof secret !== 'string' || secret === '') throw new CredentialError(`${name} gave no string`, { link })
  secrets.add(secret)
  return secret
}
