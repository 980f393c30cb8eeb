import { Client } from '@urql/core'
import { viewerQuery, type Connect, type ViewerData } from '../app.ts'
import { sessionOf } from './session.ts'

export const connect: Connect = (settings) => {
  const client = new Client({ url: settings.url, exchanges: sessionOf(settings).exchanges, preferGetMethod: false })
  return {
    viewer: async () => (await client.query<ViewerData>(viewerQuery, {}).toPromise()).data?.viewer.name ?? '',
  }
}
