/** A thousand and ten thousand operations on one token that was voided, against real servers. */
import { Agent, request as sendRequest } from 'node:http'
import {
  chain,
  createClient,
  createTokenSource,
  systemClock,
  tokenRefreshLink,
  type Client,
  type Clock,
  type Tokens,
} from '@graphlinks/core'
import { httpLink } from '@graphlinks/http-link'
import { FakeClock } from '@graphlinks/testing'
import { startHttpServer } from './servers.ts'

type Refusal = 'HTTP 401' | 'HTTP 200 and UNAUTHENTICATED'

/** A token endpoint and a GraphQL endpoint that believes it: each refresh voids the token before. */
async function startStory(refusal: Refusal, clock: Clock = systemClock) {
  const counts = { refreshes: 0, requests: 0, executions: 0 }
  let valid = 'access0'
  const tokenServer = await startHttpServer((_, response, body) => {
    const { refreshToken } = JSON.parse(body) as { refreshToken: string }
    const isReuse = refreshToken !== `refresh${counts.refreshes}`
    counts.refreshes++
    valid = `access${counts.refreshes}`
    response.writeHead(isReuse ? 400 : 200, { 'content-type': 'application/json' })
    response.end(
      JSON.stringify({ accessToken: valid, refreshToken: `refresh${counts.refreshes}`, expiresInSeconds: 3_600 }),
    )
  })
  const graphql = await startHttpServer(({ headers }, response, body) => {
    counts.requests++
    setTimeout(() => {
      const isValid = headers.authorization === `Bearer ${valid}`
      response.setHeader('content-type', 'application/graphql-response+json')
      response.statusCode = isValid || refusal !== 'HTTP 401' ? 200 : 401
      const { id } = (JSON.parse(body) as { variables?: { id?: number } }).variables ?? {}
      const errors = [{ message: 'sign in', extensions: { code: 'UNAUTHENTICATED' } }]
      const isMutation = body.includes('mutation')
      if (isMutation) counts.executions++
      // The mutation runs before its server looks at the token of a field.
      if (isMutation && !isValid) response.end(JSON.stringify({ data: { done: null }, errors }))
      else response.end(JSON.stringify(isValid ? { data: { id: id ?? null } } : { errors }))
    }, 20)
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const session = createTokenSource({
    clock,
    initial: { accessToken: 'access0', refreshToken: 'refresh0', expiresInSeconds: 3_600 },
    refresh: async ({ refreshToken, signal }) => {
      const response = await fetch(tokenServer.url, { method: 'POST', body: JSON.stringify({ refreshToken }), signal })
      if (!response.ok) throw new Error(`the token endpoint answered ${response.status}`)
      return (await response.json()) as Tokens
    },
  })
  const client = createClient({
    link: chain(tokenRefreshLink(session), httpLink({ url: graphql.url, fetch: pooledFetch(agent) })),
  })
  return {
    client,
    session,
    counts,
    voidToken: () => (valid = 'none'),
    async close() {
      await client.dispose()
      await session.dispose()
      agent.destroy()
      await Promise.all([tokenServer.close(), graphql.close()])
    },
  }
}

/** `fetch` over a bounded pool: Node's own would open a socket for each of ten thousand requests. */
function pooledFetch(agent: Agent) {
  return (url: string, { method, headers, body }: RequestInit): Promise<Response> =>
    new Promise((resolve, reject) => {
      const options = { agent, method: method ?? 'GET', headers: headers as Record<string, string> }
      const sent = sendRequest(url, options, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const received = new Headers({ 'content-type': response.headers['content-type'] ?? '' })
          resolve(new Response(Buffer.concat(chunks), { status: response.statusCode ?? 0, headers: received }))
        })
      })
      sent.on('error', reject)
      sent.end(body as string)
    })
}

async function idsOf(client: Client, count: number, spreadMs: number): Promise<unknown[]> {
  const running = Array.from({ length: count }, async (_, id) => {
    if (spreadMs > 0) await new Promise((resolve) => setTimeout(resolve, (id / count) * spreadMs))
    return (await client.query('query Q($id: Int) { id(of: $id) }', { id })).data
  })
  return Promise.all(running)
}

test.each<[Refusal, number, number]>([
  ['HTTP 401', 1_000, 0],
  ['HTTP 401', 1_000, 500],
  ['HTTP 401', 10_000, 500],
  ['HTTP 200 and UNAUTHENTICATED', 1_000, 0],
  ['HTTP 200 and UNAUTHENTICATED', 1_000, 500],
  ['HTTP 200 and UNAUTHENTICATED', 10_000, 0],
])(
  'threats 17 TR-1 TR-2 a voided token, %s: %d operations within %d ms, one refresh, all succeed',
  async (refusal, count, spreadMs) => {
    const story = await startStory(refusal)
    try {
      story.voidToken()
      expect(await idsOf(story.client, count, spreadMs)).toEqual(Array.from({ length: count }, (_, id) => ({ id })))
      expect(story.counts.refreshes).toBe(1)
      expect(story.counts.requests).toBeLessThanOrEqual(2 * count)
    } finally {
      await story.close()
    }
  },
  60_000,
)

test('TR-3 a token that is known to be expired is not sent', async () => {
  const clock = new FakeClock()
  const story = await startStory('HTTP 401', clock)
  try {
    await clock.advance(3_600_001)
    await idsOf(story.client, 1_000, 0)
    expect(story.counts).toMatchObject({ refreshes: 1, requests: 1_000 })
  } finally {
    await story.close()
  }
})

test('TR-6 threats 16 a mutation with data beside UNAUTHENTICATED is executed once', async () => {
  const story = await startStory('HTTP 200 and UNAUTHENTICATED')
  try {
    story.voidToken()
    const { data, notReplayed } = await story.client.mutate('mutation Do { done }')
    expect([data, notReplayed, story.counts.executions]).toEqual([{ done: null }, 'executed', 1])
    expect(await idsOf(story.client, 1, 0)).toEqual([{ id: 0 }])
  } finally {
    await story.close()
  }
})
