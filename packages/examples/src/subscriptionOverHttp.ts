// A subscription without a WebSocket: server-sent events, with the same credentials as everything else.
import { bearerLink, chain, createClient } from '@graphlinks/core'
import { httpLink } from '@graphlinks/http-link'
import type { DemoServer } from './server.ts'

export async function subscriptionOverHttp({ url, adaToken }: DemoServer): Promise<unknown> {
  const client = createClient({ link: chain(bearerLink(adaToken), httpLink({ url })) })
  const events: unknown[] = []
  for await (const { data } of client.subscribe('subscription { countdown(from: 3) }')) events.push(data)
  return events
}
