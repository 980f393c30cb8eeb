import { OptionsError, ownOptions, type RefreshRequest, type Tokens } from '@graphlinks/core'
import { askLater } from './askLater.ts'
import { isSecret, type OAuthSecret } from './clientAuth.ts'
import type { OAuthOptions } from './options.ts'

/** Options of {@link oauthTokenExchange} beside those of the other grants. */
export interface OAuthExchangeSettings {
  /** The token that is exchanged, or a function that gives the one of now: it says in whose name tokens are asked for. */
  readonly subjectToken: OAuthSecret
  /** What the subject token is. Default: `'urn:ietf:params:oauth:token-type:access_token'`. */
  readonly subjectTokenType?: string | undefined
}

/**
 * A `fetchToken` function for `createTokenSource` and `tokenRefreshLink`: exchanges a token for one that another service
 * takes, in the name of the same user (RFC 8693). Needs the package `oauth4webapi`. `audience`, `requested_token_type` and
 * the token of an actor go into `parameters`.
 *
 * @throws {@link OptionsError} when an option is no good, {@link InsecureTransportError} when an address is not https.
 * The function rejects with an {@link OAuthError}, `CredentialError`, `MissingPackageError`, or the reason of its signal.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8693#section-2.1
 *
 * @example
 * ```ts
 * import { tokenRefreshLink } from '@graphlinks/core'
 * import { oauthTokenExchange } from '@graphlinks/oauth'
 *
 * // One link for each user: whoever shares it shares the token.
 * export const onBehalfOf = (subjectToken: string) =>
 *   tokenRefreshLink({
 *     fetchToken: oauthTokenExchange({
 *       issuer: 'https://id.example.com',
 *       clientId: 'gateway',
 *       clientAuth: { secret: () => process.env['CLIENT_SECRET'] ?? '' },
 *       subjectToken,
 *       parameters: { audience: 'orders' },
 *     }),
 *   })
 * ```
 */
export function oauthTokenExchange(
  options: OAuthOptions & OAuthExchangeSettings,
): (request: Pick<RefreshRequest, 'signal'>) => Promise<Tokens> {
  const link = 'oauthTokenExchange'
  const { subjectToken, subjectTokenType = 'urn:ietf:params:oauth:token-type:access_token' } = ownOptions(options)
  if (!isSecret(subjectToken))
    throw new OptionsError('subjectToken is a string that is not empty, or a function that gives one', { link })
  if (typeof subjectTokenType !== 'string' || subjectTokenType === '')
    throw new OptionsError('subjectTokenType is a string that is not empty', { link })
  const ask = askLater(link, options)
  const type = 'urn:ietf:params:oauth:grant-type:token-exchange'
  const parameters = { subject_token_type: subjectTokenType }
  return ({ signal }) => ask({ type, parameters, secrets: { subject_token: subjectToken }, signal })
}
