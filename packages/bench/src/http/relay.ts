import { authMiddleware, RelayNetworkLayer, urlMiddleware, type Middleware } from 'react-relay-network-modern'
import type { RequestParameters } from 'relay-runtime'
import { query, token, type Contestant } from './contestant.ts'

/** The network layer alone, as Apollo and urql are without their caches: Relay's store is no part of this. */
export const relay: Contestant = {
  name: 'react-relay-network-modern',
  connect(url) {
    const run = layerOf([urlMiddleware({ url }), authMiddleware({ token })], query)
    return { run: (id) => run({ id }) }
  },
}

/** Relay's compiler makes such parameters of a query. @returns what runs it and gives its data. */
export function layerOf(
  middlewares: readonly Middleware[],
  text: string,
): (variables: Record<string, string>) => Promise<unknown> {
  const layer = new RelayNetworkLayer([...middlewares])
  const name = /^query (\w+)/.exec(text)?.[1] ?? 'Query'
  const parameters: RequestParameters = { name, text, id: null, cacheID: name, operationKind: 'query', metadata: {} }
  return async (variables) => {
    const response = await layer.execute(parameters, variables, {}, null).toPromise()
    return response && 'data' in response ? response.data : undefined
  }
}
