import { GraphQLClient } from 'graphql-request'
import { viewerQuery, type Connect, type ViewerData } from '../app.ts'

export const connect: Connect = ({ url, session }) => {
  const client = new GraphQLClient(url, { headers: { authorization: `Bearer ${session.accessToken}` } })
  return { viewer: async () => (await client.request<ViewerData>(viewerQuery)).viewer.name }
}
