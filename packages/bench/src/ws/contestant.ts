/** What every contestant subscribes to, with another `id` each time: urql runs equal ones once. */
export const subscription = `subscription Events($id: ID!, $subscriptions: Int!, $events: Int!) {
  event(id: $id, subscriptions: $subscriptions, events: $events) { n text }
}`

interface Variables {
  readonly id: string
  readonly subscriptions: number
  readonly events: number
  readonly [name: string]: unknown
}

export interface EventData {
  readonly event: { readonly n: number; readonly text: string }
}

/** One way to subscribe over WebSocket. */
export interface Contestant {
  readonly name: string
  /** Makes a client of the endpoint. */
  readonly connect: (url: string) => WsConnection
}

export interface WsConnection {
  /** Starts a subscription that calls back with the data of each event, until all have come. */
  readonly subscribe: (variables: Variables, onData: (data: EventData) => void) => void
  readonly close: () => unknown
}
