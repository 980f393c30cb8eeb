// One session for HTTP and WebSocket. Its first token is one that the server refuses: ten queries, one refresh, ten results.
import { chain, createClient, createTokenSource, split, tokenRefreshLink } from '@graphlinks/core'
import { httpLink } from '@graphlinks/http-link'
import { wsLink } from '@graphlinks/ws-link'
import type { DemoServer } from './server.ts'

export async function tokenRefresh({ url, wsUrl, adaToken }: DemoServer): Promise<unknown> {
  const events: string[] = []
  const session = createTokenSource({
    initial: { accessToken: 'a-token-that-was-revoked', refreshToken: 'r1', expiresInSeconds: 3_600 },
    // Of a real application: a POST to its authorization server, as oauthRefresh of @graphlinks/oauth makes it.
    refresh: async ({ reason, refreshToken }) => {
      events.push(`refresh of ${refreshToken}, because the token is ${reason}`)
      return { accessToken: adaToken, refreshToken: 'r2', expiresInSeconds: 3_600 }
    },
  })
  session.events.subscribe(({ type, generation }) => events.push(`${type}, generation ${generation}`))
  const terminal = split(({ kind }) => kind === 'subscription', wsLink({ url: wsUrl }), httpLink({ url }))
  const client = createClient({ link: chain(tokenRefreshLink(session), terminal) })

  const viewers = await Promise.all(Array.from({ length: 10 }, () => client.request('{ viewer { name } }')))
  const { status } = session.current
  await client.dispose()
  await session.dispose()
  return { viewers: viewers.length, first: viewers[0], status, events }
}
