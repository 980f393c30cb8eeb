import type { RequestParameters } from 'relay-runtime'
import { eventSubscription, viewerQuery } from '../app.ts'

const common = { id: null, metadata: {} }

/** What Relay's compiler makes of the query. */
export const viewer: RequestParameters = {
  ...common,
  name: 'Viewer',
  cacheID: 'viewer',
  operationKind: 'query',
  text: viewerQuery,
}

/** The same of the subscription. */
export const events: RequestParameters = {
  ...common,
  name: 'Events',
  cacheID: 'events',
  operationKind: 'subscription',
  text: eventSubscription,
}
