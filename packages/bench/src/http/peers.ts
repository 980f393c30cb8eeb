import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { SetContextLink } from '@apollo/client/link/context'
import { Client, fetchExchange } from '@urql/core'
import { authExchange } from '@urql/exchange-auth'
import { GraphQLClient } from 'graphql-request'
import { query, token, type Contestant } from './contestant.ts'

const authorization = `Bearer ${token}`

/** As its documentation has it, but for the cache, which nobody else here has. */
export const apollo: Contestant = {
  name: 'Apollo Client',
  connect(uri) {
    const auth = new SetContextLink((previous) => ({
      headers: { ...(previous['headers'] as object | undefined), authorization },
    }))
    const client = new ApolloClient({
      link: ApolloLink.from([auth, new HttpLink({ uri })]),
      cache: new InMemoryCache(),
      defaultOptions: { query: { fetchPolicy: 'no-cache' } },
    })
    const document = gql(query)
    return {
      run: async (id) => (await client.query({ query: document, variables: { id } })).data,
      close: () => client.stop(),
    }
  },
}

/** As its documentation has it, without the cache. */
export const urql: Contestant = {
  name: 'urql',
  connect(url) {
    const auth = authExchange(async (utilities) => ({
      addAuthToOperation: (operation) => utilities.appendHeaders(operation, { authorization }),
      didAuthError: () => false,
      refreshAuth: async () => {},
    }))
    const client = new Client({
      url,
      exchanges: [auth, fetchExchange],
      requestPolicy: 'network-only',
      preferGetMethod: false,
    })
    return { run: async (id) => (await client.query(query, { id }).toPromise()).data as unknown }
  },
}

export const graphqlRequest: Contestant = {
  name: 'graphql-request',
  connect(url) {
    const client = new GraphQLClient(url, { headers: { authorization } })
    return { run: async (id) => client.request(query, { id }) }
  },
}
