import { chain, createClient, createTokenSource, tokenRefreshLink } from '@graphlinks/core'
import { httpLink } from '@graphlinks/http-link'
import { retryLink } from '@graphlinks/retry-link'
import { viewerQuery, type Connect, type ViewerData } from '../app.ts'

export const connect: Connect = ({ url, session, renew }) => {
  const source = createTokenSource({
    initial: session,
    refresh: ({ refreshToken = '' }) => renew(refreshToken),
  })
  const client = createClient({ link: chain(retryLink(), tokenRefreshLink(source), httpLink({ url })) })
  return { viewer: async () => (await client.request<ViewerData>(viewerQuery)).viewer.name }
}
