import { ApolloClient, gql, InMemoryCache } from '@apollo/client'
import { viewerQuery, type Connect, type ViewerData } from '../app.ts'
import { sessionOf } from './session.ts'

const viewer = gql(viewerQuery)

export const connect: Connect = (settings) => {
  const client = new ApolloClient({ link: sessionOf(settings).link, cache: new InMemoryCache() })
  return {
    viewer: async () => (await client.query<ViewerData>({ query: viewer })).data?.viewer.name ?? '',
  }
}
