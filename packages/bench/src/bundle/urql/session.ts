import { fetchExchange, type Exchange } from '@urql/core'
import { authExchange } from '@urql/exchange-auth'
import { retryExchange } from '@urql/exchange-retry'
import type { Settings } from '../app.ts'

/** The exchanges that its documentation recommends, without its cache. */
export function sessionOf({ session, renew }: Settings) {
  let tokens = session
  const auth = authExchange(async (utilities) => ({
    addAuthToOperation: (operation) =>
      utilities.appendHeaders(operation, { authorization: `Bearer ${tokens.accessToken}` }),
    didAuthError: ({ response, graphQLErrors }) =>
      (response as Response | undefined)?.status === 401 ||
      graphQLErrors.some(({ extensions }) => extensions['code'] === 'UNAUTHENTICATED'),
    async refreshAuth() {
      tokens = await renew(tokens.refreshToken)
    },
  }))
  const exchanges: Exchange[] = [retryExchange({}), auth, fetchExchange]
  return { accessToken: (): string => tokens.accessToken, exchanges }
}
