import { bearerLink, chain, createClient } from '@graphlinks/core'
import { httpLink, type HttpLinkBaseOptions } from '@graphlinks/http-link'
import { undiciTransport } from '@graphlinks/http-link/undici'
import { query, token, type Contestant } from './contestant.ts'

function contestant(name: string, options: () => HttpLinkBaseOptions): Contestant {
  return {
    name,
    connect(url) {
      const client = createClient({ link: chain(bearerLink(token), httpLink({ ...options(), url })) })
      return { run: async (id) => (await client.query(query, { id })).data, close: () => client.dispose() }
    },
  }
}

export const overFetch = contestant('httpLink over fetch', () => ({}))
export const overUndici = contestant('httpLink over undici', () => ({ transport: undiciTransport() }))

/** With as many on the wire as that. */
export const overFetchOf = (maxInFlight: number): Contestant =>
  contestant(`httpLink over fetch, maxInFlight ${maxInFlight}`, () => ({ maxInFlight }))

export const overUndiciOf = (maxInFlight: number): Contestant =>
  contestant(`httpLink over undici, maxInFlight ${maxInFlight}`, () => ({
    maxInFlight,
    transport: undiciTransport({ connections: maxInFlight }),
  }))
