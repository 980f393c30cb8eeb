import { chain, createClient, createTokenSource, split, tokenRefreshLink } from '@graphlinks/core'
import { httpLink } from '@graphlinks/http-link'
import { retryLink } from '@graphlinks/retry-link'
import { wsLink } from '@graphlinks/ws-link'
import { eventSubscription, viewerQuery, type Connect, type EventData, type ViewerData } from '../app.ts'

export const connect: Connect = ({ url, wsUrl, session, renew }) => {
  const source = createTokenSource({
    initial: session,
    refresh: ({ refreshToken = '' }) => renew(refreshToken),
  })
  const client = createClient({
    link: chain(
      retryLink(),
      tokenRefreshLink(source),
      split(({ kind }) => kind === 'subscription', wsLink({ url: wsUrl }), httpLink({ url })),
    ),
  })
  return {
    viewer: async () => (await client.request<ViewerData>(viewerQuery)).viewer.name,
    async listen(onEvent) {
      for await (const { data } of client.subscribe<EventData>(eventSubscription)) if (data) onEvent(data.event)
    },
  }
}
