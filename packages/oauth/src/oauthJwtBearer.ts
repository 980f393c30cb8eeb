import { OptionsError, ownOptions, type RefreshRequest, type Tokens } from '@graphlinks/core'
import { askLater } from './askLater.ts'
import { isSecret, type OAuthSecret } from './clientAuth.ts'
import type { OAuthOptions } from './options.ts'

/** Options of {@link oauthJwtBearer} beside those of the other grants. */
export interface OAuthJwtSettings {
  /** The signed JWT that says in whose name tokens are asked for, or a function that makes one for each request. */
  readonly assertion: OAuthSecret
}

/**
 * A `fetchToken` function for `createTokenSource` and `tokenRefreshLink`: gets tokens for a JWT that you or somebody whom
 * the server trusts has signed (RFC 7523 section 2.1), as service accounts do. Needs the package `oauth4webapi`.
 *
 * @throws {@link OptionsError} when an option is no good, {@link InsecureTransportError} when an address is not https.
 * The function rejects with an {@link OAuthError}, `CredentialError`, `MissingPackageError`, or the reason of its signal.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7523#section-2.1
 *
 * @example
 * ```ts
 * import { tokenRefreshLink } from '@graphlinks/core'
 * import { oauthJwtBearer } from '@graphlinks/oauth'
 *
 * // Made by jose, for instance, with the key of the service account.
 * export const serviceAccount = (sign: () => Promise<string>) =>
 *   tokenRefreshLink({
 *     fetchToken: oauthJwtBearer({ issuer: 'https://id.example.com', clientId: 'nightly-report', assertion: sign }),
 *   })
 * ```
 */
export function oauthJwtBearer(
  options: OAuthOptions & OAuthJwtSettings,
): (request: Pick<RefreshRequest, 'signal'>) => Promise<Tokens> {
  const link = 'oauthJwtBearer'
  const { assertion } = ownOptions(options)
  if (!isSecret(assertion))
    throw new OptionsError('assertion is a string that is not empty, or a function that gives one', { link })
  const ask = askLater(link, options)
  const type = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
  return ({ signal }) => ask({ type, secrets: { assertion }, signal })
}
