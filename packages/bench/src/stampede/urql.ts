import { Client, fetchExchange } from '@urql/core'
import { authExchange } from '@urql/exchange-auth'
import { query, renew, type Contestant, type TokenPair } from './contestant.ts'
import { url } from './server.ts'

/**
 * urql without its cache, with the exchange that its documentation recommends. It offers each result to every operation
 * that waits, so the time grows with the square of their number: 2 s for 2,000, 13 s for 5,000, more than 60 s for 10,000.
 */
export const urql: Contestant = {
  name: 'urql, authExchange, 2,000 operations',
  operations: 2_000,
  connect(server) {
    let tokens: TokenPair = server.tokens
    const auth = authExchange(async (utilities) => ({
      addAuthToOperation: (operation) =>
        utilities.appendHeaders(operation, { authorization: `Bearer ${tokens.accessToken}` }),
      didAuthError: ({ response, graphQLErrors }) =>
        (response as Response | undefined)?.status === 401 ||
        graphQLErrors.some(({ extensions }) => extensions['code'] === 'UNAUTHENTICATED'),
      async refreshAuth() {
        tokens = await renew(server, tokens.refreshToken)
      },
    }))
    const client = new Client({
      url,
      exchanges: [auth, fetchExchange],
      fetch: server.fetch,
      requestPolicy: 'network-only',
      preferGetMethod: false,
    })
    return async (id) => (await client.query(query, { id }).toPromise()).data as unknown
  },
}
