// Queries and mutations over HTTP, subscriptions over WebSocket, and one session for both.
import { bearerLink, chain, createClient, split } from '@graphlinks/core'
import { httpLink } from '@graphlinks/http-link'
import { wsLink } from '@graphlinks/ws-link'
import type { DemoServer } from './server.ts'

export async function splitTransports({ url, wsUrl, adaToken }: DemoServer): Promise<unknown> {
  const client = createClient({
    link: chain(
      bearerLink(async () => adaToken),
      split((operation) => operation.kind === 'subscription', wsLink({ url: wsUrl }), httpLink({ url })),
    ),
  })

  const { data } = await client.query('{ viewer { name } }')
  const events: unknown[] = []
  for await (const event of client.subscribe('subscription { countdown(from: 3) }')) events.push(event.data)
  await client.dispose()
  return { data, events }
}
