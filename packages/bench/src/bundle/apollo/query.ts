import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { SetContextLink } from '@apollo/client/link/context'
import { viewerQuery, type Connect, type ViewerData } from '../app.ts'

const viewer = gql(viewerQuery)

export const connect: Connect = ({ url, session }) => {
  const auth = new SetContextLink(({ headers }) => ({
    headers: { ...(headers as object | undefined), authorization: `Bearer ${session.accessToken}` },
  }))
  const client = new ApolloClient({ link: auth.concat(new HttpLink({ uri: url })), cache: new InMemoryCache() })
  return {
    viewer: async () => (await client.query<ViewerData>({ query: viewer })).data?.viewer.name ?? '',
  }
}
