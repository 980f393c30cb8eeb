import { createClient } from 'graphql-ws'
import { RelayNetworkLayer } from 'react-relay-network-modern'
import { Observable, type GraphQLResponse } from 'relay-runtime'
import type { Connect, EventData, ViewerData } from '../app.ts'
import { events, viewer } from './parameters.ts'
import { sessionOf } from './session.ts'

export const connect: Connect = (settings) => {
  const { middlewares, accessToken } = sessionOf(settings)
  const socket = createClient({
    url: settings.wsUrl,
    connectionParams: () => ({ authorization: `Bearer ${accessToken()}` }),
  })
  const layer = new RelayNetworkLayer(middlewares, {
    // Its types call this a promise; Relay, and the README of graphql-ws, an observable.
    subscribeFn: ({ text, name: operationName }, variables) =>
      Observable.create<GraphQLResponse>((sink) =>
        socket.subscribe(
          { query: text ?? '', operationName, variables },
          {
            next: (result) => sink.next(result as GraphQLResponse),
            error: (error) => sink.error(error as Error),
            complete: () => sink.complete(),
          },
        ),
      ) as never,
  })
  return {
    async viewer() {
      const response = (await layer.execute(viewer, {}, {}, null).toPromise()) as { data: ViewerData } | undefined
      return response?.data.viewer.name ?? ''
    },
    listen(onEvent) {
      layer.execute(events, {}, {}, null).subscribe({
        next: (response) => onEvent((response as unknown as { readonly data: EventData }).data.event),
      })
    },
  }
}
