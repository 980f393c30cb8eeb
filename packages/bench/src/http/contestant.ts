/** One way to send a query over HTTP. */
export interface Contestant {
  readonly name: string
  /** Makes a client of the endpoint. */
  readonly connect: (url: string) => Connection
}

export interface Connection {
  /** Runs one query. @returns its data. */
  readonly run: (id: string) => Promise<unknown>
  readonly close?: () => unknown
}

/** The query that every contestant runs, with another `id` each time: urql sends equal ones once. */
export const query = 'query Item($id: ID!) { item(id: $id) { id content } }'

export const token = 'secret-token'
