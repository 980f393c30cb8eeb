import { RefreshRejectedError, type RefreshRequest, type Tokens } from '@graphlinks/core'
import { askLater } from './askLater.ts'
import type { OAuthOptions } from './options.ts'

/**
 * A `refresh` function for `createTokenSource`: renews tokens with the refresh token of the session, at an OAuth 2.0
 * authorization server (RFC 6749 section 6). Needs the package `oauth4webapi`.
 *
 * A public client (`clientAuth: 'none'`, the default) must have refresh tokens that rotate, or that are bound to a key
 * (RFC 9700 section 2.2.2): see to it at the server. A token that the server replaced is never presented again.
 *
 * @throws {@link OptionsError} when an option is no good, {@link InsecureTransportError} when an address is not https.
 * The function rejects with an {@link OAuthError}, `MissingPackageError`, `RefreshRejectedError` where the session has
 * no refresh token, or the reason of its signal.
 *
 * @example
 * ```ts
 * import { chain, createTokenSource, tokenRefreshLink } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 * import { oauthRefresh } from '@graphlinks/oauth'
 *
 * export const session = createTokenSource({
 *   refresh: oauthRefresh({ issuer: 'https://id.example.com', clientId: 'mobile-app' }),
 * })
 * export const link = chain(tokenRefreshLink(session), httpLink({ url: 'https://api.example.com/graphql' }))
 * ```
 */
export function oauthRefresh(
  options: OAuthOptions,
): (request: Pick<RefreshRequest, 'refreshToken' | 'signal'>) => Promise<Tokens> {
  const link = 'oauthRefresh'
  const ask = askLater(link, options)
  return async ({ refreshToken, signal }) => {
    if (!refreshToken) throw new RefreshRejectedError('the session has no refresh token', { link })
    return ask({ type: 'refresh_token', secrets: { refresh_token: refreshToken }, signal })
  }
}
