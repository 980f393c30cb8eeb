import {
  ApolloClient,
  ApolloLink,
  CombinedGraphQLErrors,
  gql,
  HttpLink,
  InMemoryCache,
  ServerError,
} from '@apollo/client'
import { SetContextLink } from '@apollo/client/link/context'
import { ErrorLink } from '@apollo/client/link/error'
import { filter, firstValueFrom, from, mergeMap } from 'rxjs'
import { query, renew, type Contestant, type TokenPair } from './contestant.ts'
import { url, type Server } from './server.ts'

/** Apollo's links alone, without the cache of its client. */
export const apollo: Contestant = {
  name: 'Apollo Link, onError and isRefreshing',
  connect(server) {
    let tokens: TokenPair = server.tokens
    const authLink = new SetContextLink((previous) => ({
      headers: { ...(previous['headers'] as object | undefined), authorization: `Bearer ${tokens.accessToken}` },
    }))
    const refresh = async (): Promise<string> => {
      tokens = await renew(server, tokens.refreshToken)
      return tokens.accessToken
    }
    const link = ApolloLink.from([refreshLink(refresh), authLink, httpLink(server)])
    const client = new ApolloClient({ link, cache: new InMemoryCache() })
    const document = gql(query)
    return async (id) =>
      (await firstValueFrom(ApolloLink.execute(link, { query: document, variables: { id } }, { client }))).data
  },
}

function httpLink({ fetch }: Server): HttpLink {
  return new HttpLink({ uri: url, fetch })
}

/** The recipe that its users pass on to each other, in the terms of today's Apollo: its documentation has none. */
function refreshLink(refresh: () => Promise<string>): ErrorLink {
  let isRefreshing = false
  let pending: (() => void)[] = []
  return new ErrorLink(({ error, operation, forward }) => {
    const isRefused =
      (ServerError.is(error) && error.statusCode === 401) ||
      (CombinedGraphQLErrors.is(error) &&
        error.errors.some(({ extensions }) => extensions?.['code'] === 'UNAUTHENTICATED'))
    if (!isRefused) return
    if (isRefreshing) {
      return from(new Promise<void>((resolve) => pending.push(resolve))).pipe(mergeMap(() => forward(operation)))
    }
    isRefreshing = true
    const renewed = refresh()
      .then((accessToken) => {
        for (const resolve of pending) resolve()
        return accessToken
      })
      .catch(() => undefined)
      .finally(() => {
        pending = []
        isRefreshing = false
      })
    return from(renewed).pipe(
      filter(Boolean),
      mergeMap(() => forward(operation)),
    )
  })
}
