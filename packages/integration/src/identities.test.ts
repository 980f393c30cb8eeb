import { bearerLink, chain, contextKey, createClient, emptyContext, type TerminalLink } from '@graphlinks/core'
import { httpLink } from '@graphlinks/http-link'
import { wsLink } from '@graphlinks/ws-link'
import { setTimeout } from 'node:timers/promises'
import { startGraphQLServer } from './servers.ts'

let server: Awaited<ReturnType<typeof startGraphQLServer>>
beforeEach(async () => {
  server = await startGraphQLServer()
})
afterEach(() => server.close())

const user = contextKey<number>('user')
const identities = Array.from({ length: 200 }, (_, id) => id)

// Random, but the same in each run.
function randomLatencies(seed: number): () => number {
  let state = seed
  return () => (state = (state * 16_807) % 2_147_483_647) % 25
}

const transports: readonly (readonly [string, () => TerminalLink])[] = [
  ['HTTP', () => httpLink({ url: server.url })],
  // A busy machine needs a while for 200 handshakes, and an attempt that is repeated is another socket.
  ['WebSocket', () => wsLink({ url: server.wsUrl, connectTimeoutMs: 60_000 })],
]

it.each(transports)(
  'AUTH-18 threats 15 200 interleaved calls with 200 identities over %s, none mixed up',
  async (name, terminal) => {
    const latency = randomLatencies(42)
    // Half of them say who they are on the call, half through a token function that takes its time.
    const link = chain(
      bearerLink(async (operation) => {
        const id = operation.context.get(user)
        await setTimeout(latency())
        return `user-${id}`
      }),
      terminal(),
    )
    const client = createClient({ link })
    const finished: number[] = []
    const answers = await Promise.all(
      identities.map(async (id) => {
        const options =
          id % 2 ? { context: emptyContext.with(user, id) } : { headers: { authorization: `Bearer user-${id}` } }
        const { data } = await client.query(
          'query Who($ms: Int) { whoami(latencyMs: $ms) }',
          { ms: latency() },
          options,
        )
        finished.push(id)
        return data
      }),
    )
    await client.dispose()
    expect(answers).toEqual(identities.map((id) => ({ whoami: [`bearer user-${id}`] })))
    expect(finished).not.toEqual(identities)
    if (name === 'WebSocket') {
      const tokens = server.log.of('message', 'connection_init').map(({ payload }) => JSON.stringify(payload))
      expect(new Set(tokens).size).toBe(200)
      expect(server.log.of('socket')).toHaveLength(200)
    }
  },
  60_000,
)

it('AUTH-45 threats 15 200 interleaved operations of four identities share four sockets', async () => {
  const client = createClient({ link: wsLink({ url: server.wsUrl }) })
  const latency = randomLatencies(7)
  const answers = await Promise.all(
    identities.map((id) =>
      client.query(
        'query Who($ms: Int) { whoami(latencyMs: $ms) }',
        { ms: latency() },
        { headers: { 'x-session': `s${id % 4}` } },
      ),
    ),
  )
  await client.dispose()
  expect(answers.map(({ data }) => data)).toEqual(identities.map((id) => ({ whoami: [`custom s${id % 4}`] })))
  expect(server.log.of('socket')).toHaveLength(4)
})
