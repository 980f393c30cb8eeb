import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { subscription, url, type Contestant } from './contestant.ts'

const document = gql(subscription)

/** Apollo's link alone, without the cache of its client. */
export const apollo: Contestant = {
  name: 'Apollo Client, HttpLink',
  isQuadratic: true,
  read(response) {
    const link = new HttpLink({ uri: url, fetch: async () => response })
    const client = new ApolloClient({ link, cache: new InMemoryCache() })
    return new Promise((resolve, reject) => {
      let payloads = 0
      ApolloLink.execute(link, { query: document }, { client }).subscribe({
        next: ({ data }) => {
          if (data) payloads++
        },
        complete: () => resolve(payloads),
        error: reject,
      })
    })
  },
}
