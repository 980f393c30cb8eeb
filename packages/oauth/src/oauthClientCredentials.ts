import type { RefreshRequest, Tokens } from '@graphlinks/core'
import { askLater } from './askLater.ts'
import type { OAuthOptions } from './options.ts'

/**
 * A `fetchToken` function for `createTokenSource` and `tokenRefreshLink`: gets tokens for the client itself, with nobody
 * signed in, from an OAuth 2.0 authorization server (RFC 6749 section 4.4). Needs the package `oauth4webapi`. For
 * servers: such a client has a secret or a key, and a browser can keep no secret.
 *
 * @throws {@link OptionsError} when an option is no good, {@link InsecureTransportError} when an address is not https.
 * The function rejects with an {@link OAuthError}, `MissingPackageError`, or the reason of its signal.
 *
 * @example
 * ```ts
 * import { chain, tokenRefreshLink } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 * import { oauthClientCredentials } from '@graphlinks/oauth'
 *
 * const fetchToken = oauthClientCredentials({
 *   issuer: 'https://id.example.com',
 *   clientId: 'nightly-report',
 *   clientAuth: { secret: () => process.env['CLIENT_SECRET'] ?? '' },
 *   scope: 'orders:read',
 * })
 * export const link = chain(tokenRefreshLink({ fetchToken }), httpLink({ url: 'https://api.example.com/graphql' }))
 * ```
 */
export function oauthClientCredentials(
  options: OAuthOptions,
): (request: Pick<RefreshRequest, 'signal'>) => Promise<Tokens> {
  const ask = askLater('oauthClientCredentials', options)
  return ({ signal }) => ask({ type: 'client_credentials', signal })
}
