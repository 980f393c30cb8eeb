import { ClientError, GraphQLClient } from 'graphql-request'
import { query, renew, type Contestant, type TokenPair } from './contestant.ts'
import { url } from './server.ts'

/**
 * Its documentation has no recipe, and its responseMiddleware cannot send again (graffle-js/graffle issue 1043): what is
 * left is what its users write, a function around the request that renews the token and asks once more.
 */
export const graphqlRequest: Contestant = {
  name: 'graphql-request, a catch around it',
  connect(server) {
    let tokens: TokenPair = server.tokens
    const client = new GraphQLClient(url, {
      fetch: server.fetch,
      // Of each request, as its documentation has it for tokens that change.
      requestMiddleware: (request) => ({
        ...request,
        headers: { ...headersOf(request.headers), authorization: `Bearer ${tokens.accessToken}` },
      }),
    })
    return async (id) => {
      try {
        return await client.request(query, { id })
      } catch (error) {
        if (!isRefused(error)) throw error
        tokens = await renew(server, tokens.refreshToken)
        return client.request(query, { id })
      }
    }
  },
}

function isRefused(error: unknown): boolean {
  return (
    error instanceof ClientError &&
    (error.response.status === 401 ||
      (error.response.errors?.some(({ extensions }) => extensions?.['code'] === 'UNAUTHENTICATED') ?? false))
  )
}

function headersOf(headers: HeadersInit | undefined): Record<string, string> {
  return Object.fromEntries(new Headers(headers).entries())
}
