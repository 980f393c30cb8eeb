// While keys are being rotated, a client has two: where the server does not know the first, the second is tried once.
import { apiKeyLink, chain, createClient } from '@graphlinks/core'
import { httpLink } from '@graphlinks/http-link'
import type { DemoServer } from './server.ts'

export async function apiKeyRotation({ url, apiKey }: DemoServer): Promise<unknown> {
  const rejected: number[] = []
  const keys = apiKeyLink({
    key: ['a-key-that-is-not-known-yet', apiKey],
    onRejected: ({ index }) => rejected.push(index),
  })
  const client = createClient({ link: chain(keys, httpLink({ url })) })
  return { data: await client.request('{ viewer { name } }'), rejected }
}
