import { Client, makeOperation, makeResult, mapExchange, type Exchange, type OperationContext } from '@urql/core'
import { filter, map, pipe } from 'wonka'
import { checkHeaders, data, headersOf, query, variables, type Contestant } from './contestant.ts'

/** urql without its cache, with one `mapExchange` for each header. */
export function urql(count: number): Contestant {
  const exchanges = headersOf(count).map(([name, value]) =>
    mapExchange({
      onOperation: (operation) =>
        makeOperation(operation.kind, operation, {
          ...operation.context,
          fetchOptions: { headers: { ...headersIn(operation.context), [name]: value } },
        }),
    }),
  )
  const memory: Exchange = () => (operations) =>
    pipe(
      operations,
      filter(({ kind }) => kind === 'query'),
      map((operation) => {
        checkHeaders(headersIn(operation.context), count)
        return makeResult(operation, { data })
      }),
    )
  const client = new Client({
    url: 'https://api.example.com/graphql',
    exchanges: [...exchanges, memory],
    requestPolicy: 'network-only',
    preferGetMethod: false,
  })
  return {
    name: `urql, ${count} exchanges`,
    run: async () => (await client.query(query, variables).toPromise()).data as unknown,
  }
}

function headersIn({ fetchOptions }: OperationContext): Record<string, string> {
  return (typeof fetchOptions === 'object' ? (fetchOptions.headers ?? {}) : {}) as Record<string, string>
}
