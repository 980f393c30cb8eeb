import { urgent } from '../urgent.ts'
import { replay } from './rejection.ts'
import { SessionTokenSource } from './sessionTokenSource.ts'
import type { TokenSource, TokenSourceOptions } from './tokenSource.ts'

/**
 * Makes the source of a session's tokens. However many operations need a new token, over however many links, one refresh
 * is made; a token that is still good is used while it runs, and nothing that belongs to one session is delivered to
 * another.
 *
 * @throws {@link OptionsError} when an option is no good.
 *
 * @example
 * ```ts
 * import { chain, createTokenSource, tokenRefreshLink } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * export const session = createTokenSource({
 *   refresh: async ({ refreshToken, signal }) => {
 *     const response = await fetch('https://api.example.com/refresh', {
 *       method: 'POST',
 *       body: JSON.stringify({ refreshToken }),
 *       signal,
 *     })
 *     return response.json() // { accessToken, refreshToken, expiresInSeconds }
 *   },
 *   onSessionEnded: () => location.assign('/sign-in'),
 * })
 * export const link = chain(tokenRefreshLink(session), httpLink({ url: 'https://api.example.com/graphql' }))
 * ```
 */
export function createTokenSource(options: TokenSourceOptions): TokenSource {
  return new SessionTokenSource(options, { link: 'tokenRefreshLink', replay, urgent })
}
