import { Client, makeOperation, makeResult, mapExchange, type Exchange, type Operation } from '@urql/core'
import { filter, map, pipe } from 'wonka'
import { checkHeaders, data, headersOf, query, variables, type Contestant, type InFlight } from './contestant.ts'

/** urql without its cache, with one `mapExchange` for each header. */
export function urql(count: number): Contestant {
  return { name: 'urql, mapExchange', run: clientOf(exchanges(count), answering(count)) }
}

/** The same with exchanges that answer a promise of the operation. */
export function urqlAsync(count: number): Contestant {
  const waiting = headersOf(count).map(([name, value]) =>
    mapExchange({ onOperation: async (operation) => withHeader(operation, name, value) }),
  )
  return { name: 'urql, mapExchange', run: clientOf(waiting, answering(count)) }
}

/** Queries that wait for an answer. Each is of another query, since urql runs equal ones once. */
export function urqlInFlight(count: number): InFlight {
  const never: Exchange = () => (operations) =>
    pipe(
      operations,
      filter(() => false),
      map((operation) => makeResult(operation, { data })),
    )
  const client = new Client({ ...options, exchanges: [...exchanges(count), never] })
  let lastId = 0
  return {
    start: () => client.query(query, { id: String(++lastId) }).toPromise(),
    stop: async () => {},
  }
}

const options = {
  url: 'https://api.example.com/graphql',
  requestPolicy: 'network-only',
  preferGetMethod: false,
} as const

function clientOf(before: readonly Exchange[], terminal: Exchange): () => Promise<unknown> {
  const client = new Client({ ...options, exchanges: [...before, terminal] })
  return async () => (await client.query(query, variables).toPromise()).data as unknown
}

function exchanges(count: number): Exchange[] {
  return headersOf(count).map(([name, value]) =>
    mapExchange({ onOperation: (operation) => withHeader(operation, name, value) }),
  )
}

function withHeader(operation: Operation, name: string, value: string): Operation {
  return makeOperation(operation.kind, operation, {
    ...operation.context,
    fetchOptions: { headers: { ...headersIn(operation), [name]: value } },
  })
}

function answering(count: number): Exchange {
  return () => (operations) =>
    pipe(
      operations,
      filter(({ kind }) => kind === 'query'),
      map((operation) => {
        checkHeaders(headersIn(operation), count)
        return makeResult(operation, { data })
      }),
    )
}

function headersIn({ context: { fetchOptions } }: Operation): Record<string, string> {
  return (typeof fetchOptions === 'object' ? (fetchOptions.headers ?? {}) : {}) as Record<string, string>
}
