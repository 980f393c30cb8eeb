import { bearerLink, chain, createClient } from '@graphlinks/core'
import { httpLink } from '@graphlinks/http-link'
import { viewerQuery, type Connect, type ViewerData } from '../app.ts'

export const connect: Connect = ({ url, session }) => {
  const client = createClient({ link: chain(bearerLink(session.accessToken), httpLink({ url })) })
  return { viewer: async () => (await client.request<ViewerData>(viewerQuery)).viewer.name }
}
