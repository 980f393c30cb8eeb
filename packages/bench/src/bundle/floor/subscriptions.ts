import { createClient } from 'graphql-ws'
import { eventSubscription, viewerQuery, type Connect, type EventData, type ViewerData } from '../app.ts'
import { sessionOf } from './session.ts'

export const connect: Connect = (settings) => {
  const session = sessionOf(settings)
  const socket = createClient({
    url: settings.wsUrl,
    connectionParams: () => ({ authorization: `Bearer ${session.accessToken}` }),
  })
  return {
    viewer: async () => (await session.request<ViewerData>(viewerQuery)).viewer.name,
    listen(onEvent) {
      socket.subscribe<EventData>(
        { query: eventSubscription },
        { next: ({ data }) => data && onEvent(data.event), error: console.error, complete() {} },
      )
    },
  }
}
