import {
  chain,
  createClient,
  createTokenSource,
  tokenRefreshLink,
  withHeader,
  type Link,
  type Result,
} from '@graphlinks/core'
import { httpLink } from '@graphlinks/http-link'
import { query, renew, SingleFlight, type Contestant } from './contestant.ts'
import { url, type Server } from './server.ts'

/** The link that is measured. */
export const graphlinks = contestant('graphlinks, tokenRefreshLink', (server) => {
  const refresh = ({ refreshToken }: { readonly refreshToken: string | undefined }) => renew(server, refreshToken)
  return tokenRefreshLink(createTokenSource({ initial: server.tokens, refresh }))
})

/** A link for this server and nothing else, as short as it can be and still be right. */
export const graphlinksByHand = contestant('graphlinks, a link written by hand', (server) => {
  const flight = new SingleFlight(server)
  return async function* singleFlight(operation, next) {
    if (flight.settled) await flight.settled
    const used = flight.accessToken
    for await (const result of next(withHeader(operation, 'authorization', `Bearer ${used}`))) {
      if (!isRefused(result)) {
        yield result
        continue
      }
      await flight.renew(used)
      return yield* next(withHeader(operation, 'authorization', `Bearer ${flight.accessToken}`))
    }
  }
})

function isRefused({ http, errors }: Result): boolean {
  return http?.status === 401 || (errors?.some(({ extensions }) => extensions?.['code'] === 'UNAUTHENTICATED') ?? false)
}

function contestant(name: string, auth: (server: Server) => Link): Contestant {
  return {
    name,
    connect(server) {
      const client = createClient({ link: chain(auth(server), httpLink({ url, fetch: server.fetch })) })
      return async (id) => (await client.query(query, { id })).data
    },
  }
}
