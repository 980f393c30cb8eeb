import { Client, fetchExchange } from '@urql/core'
import { viewerQuery, type Connect, type ViewerData } from '../app.ts'

export const connect: Connect = ({ url, session }) => {
  const client = new Client({
    url,
    exchanges: [fetchExchange],
    fetchOptions: () => ({ headers: { authorization: `Bearer ${session.accessToken}` } }),
    preferGetMethod: false,
  })
  return {
    viewer: async () => (await client.query<ViewerData>(viewerQuery, {}).toPromise()).data?.viewer.name ?? '',
  }
}
