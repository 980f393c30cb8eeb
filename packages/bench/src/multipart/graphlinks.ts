import { chain, createClient } from '@graphlinks/core'
import { httpLink } from '@graphlinks/http-link'
// The package does not export it.
import { createMultipartDecoder } from '../../../http-link/src/multipartDecoder.ts'
import { boundary } from './body.ts'
import { subscription, url, type Contestant } from './contestant.ts'

const maxBytes = 2 ** 26

/** The decoder alone. */
export const decoder: Contestant = {
  name: 'graphlinks, its decoder',
  async read({ body }) {
    const multipart = createMultipartDecoder(boundary, maxBytes)
    let payloads = 0
    if (body) for await (const chunk of body) payloads += multipart.push(chunk).length
    multipart.end()
    return payloads
  },
}

/** All of the link. */
export const link: Contestant = {
  name: 'graphlinks, httpLink',
  async read(response) {
    const client = createClient({
      link: chain(httpLink({ url, maxResponseBytes: maxBytes, fetch: async () => response })),
    })
    let payloads = 0
    for await (const result of client.subscribe(subscription)) if (result.data) payloads++
    await client.dispose()
    return payloads
  },
}
