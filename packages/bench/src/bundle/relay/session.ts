import { authMiddleware, retryMiddleware, urlMiddleware } from 'react-relay-network-modern'
import type { Settings } from '../app.ts'

/** Its middlewares as its README has them. */
export function sessionOf({ url, session, renew }: Settings) {
  let tokens = session
  return {
    accessToken: (): string => tokens.accessToken,
    middlewares: [
      urlMiddleware({ url }),
      retryMiddleware({ retryDelays: (attempt) => 2 ** attempt * 100, statusCodes: [500, 503, 504], logger: false }),
      authMiddleware({
        token: () => tokens.accessToken,
        async tokenRefreshPromise() {
          tokens = await renew(tokens.refreshToken)
          return tokens.accessToken
        },
      }),
    ],
  }
}
