/** Subscriptions as server-sent events, in both modes, against the servers that speak them, by each transport. */
import { createClient, type Client, type Result } from '@graphlinks/core'
import { httpLink, type Fetch, type HttpLinkBaseOptions } from '@graphlinks/http-link'
import { undiciTransport } from '@graphlinks/http-link/undici'
import crossFetch from 'cross-fetch'
import { sharedServers, startServer, type RealServer, type ServerName } from './realServers.ts'

const shared = sharedServers()

const stacks: readonly (readonly [name: string, stackOf: () => HttpLinkBaseOptions])[] = [
  ['global fetch', () => ({})],
  ['cross-fetch', () => ({ fetch: crossFetch as Fetch })],
  ['undici', () => ({ transport: undiciTransport() })],
]

const clients: Client[] = []
afterEach(async () => {
  await Promise.all(clients.splice(0).map(async (client) => client.dispose()))
})

function clientOf(url: string | URL, options: HttpLinkBaseOptions): Client {
  const client = createClient({ link: httpLink({ csrf: 'yoga', ...options, url }) })
  clients.push(client)
  return client
}

interface Collected {
  readonly results: readonly Result[]
  readonly error: unknown
}

async function collect(source: AsyncIterable<Result>): Promise<Collected> {
  const results: Result[] = []
  try {
    for await (const result of source) results.push(result)
    return { results, error: undefined }
  } catch (error) {
    return { results, error }
  }
}

/** What a server has seen of a kind so far. */
async function timesOf(server: RealServer, what: string): Promise<number> {
  return (await server.events()).filter((event) => event.what === what).length
}

const counts = (from: number, to: number): object[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({ data: { count: from + index } }))

type Subscriptions = HttpLinkBaseOptions['subscriptions']
const endpoints: readonly (readonly [mode: Subscriptions, name: ServerName, path: string])[] = [
  ['auto', 'yoga', '/graphql'],
  ['sse', 'yoga', '/graphql'],
  ['sse', 'yoga-graphql17', '/graphql'],
  ['sse', 'graphql-sse', '/graphql'],
  ['single-connection', 'graphql-sse', '/graphql'],
  ['single-connection', 'yoga', '/graphql/stream'],
  ['single-connection', 'yoga-graphql17', '/graphql/stream'],
]

describe.each(stacks)('by %s', (_, stackOf) => {
  describe.each(endpoints)('subscriptions: %p at %s', (subscriptions, name, path) => {
    // On a busy machine a process takes long to start, which is no test's time.
    beforeAll(async () => void (await shared(name)), 60_000)

    const clientHere = async (): Promise<{ client: Client; server: RealServer }> => {
      const server = await shared(name)
      return { client: clientOf(new URL(path, server.url), { ...stackOf(), subscriptions }), server }
    }

    test('S1, S4, S10, S13 every event is a result, and complete is the end', async () => {
      const { client } = await clientHere()
      const { results, error } = await collect(client.subscribe('subscription { count(to: 5) }'))
      expect(error).toBeUndefined()
      expect(results).toMatchObject(counts(1, 5))
      expect(results[0]?.http).toMatchObject({ status: 200 })
    })

    test('S1, S13 many at once, each with its own events in order', async () => {
      const { client } = await clientHere()
      const each = Array.from({ length: 20 }, (__, index) => index + 1)
      const all = await Promise.all(
        each.map(async (to) => collect(client.subscribe('subscription ($to: Int!) { count(to: $to) }', { to }))),
      )
      for (const [index, { results, error }] of all.entries()) {
        expect(error).toBeUndefined()
        expect(results.map(({ data }) => ({ data }))).toEqual(counts(1, index + 1))
      }
    })

    test('S4, S12 what the server refuses is a result with its errors', async () => {
      const { client } = await clientHere()
      // Yoga's plugin of the single connection answers 500 to a syntax error, and names no other.
      const isPlugin = path.endsWith('/stream')
      const unreadable = isPlugin ? [] : ['subscription { count(']
      const message = expect.stringMatching(isPlugin ? /operation AST/ : /nothing|"x"|Syntax Error/)
      for (const document of ['subscription { nothing }', 'subscription { count(to: "x") }', ...unreadable]) {
        const { results, error } = await collect(client.subscribe(document))
        expect(error).toBeUndefined()
        expect(results).toMatchObject([{ errors: [{ message }] }])
      }
    })

    test('S8, S14 a subscription that its consumer leaves is closed on the server, and others go on', async () => {
      const { client, server } = await clientHere()
      const before = await timesOf(server, 'unsubscribed')
      const other = client.subscribe('subscription { count(to: 1000000, everyMs: 20) }')[Symbol.asyncIterator]()
      expect((await other.next()).value).toMatchObject({ data: { count: 1 } })
      for await (const { data } of client.subscribe('subscription { count(to: 1000000, everyMs: 1) }')) {
        if ((data as { count: number }).count === 3) break
      }
      await server.saw('unsubscribed', before + 1)
      expect((await other.next()).value).toMatchObject({ data: { count: 2 } })
      await other.return?.()
      await server.saw('unsubscribed', before + 2)
    })

    test('S8, S14 an abort ends a subscription without events, and the server sees it', async () => {
      const { client, server } = await clientHere()
      const [requests, before] = [await timesOf(server, 'request'), await timesOf(server, 'unsubscribed')]
      const controller = new AbortController()
      const silent = collect(client.subscribe('subscription { silence }', {}, { signal: controller.signal }))
      const isSingle = subscriptions === 'single-connection'
      await server.saw('request', requests + (isSingle ? 3 : 1))
      // The server has the request, and needs some turns until it has subscribed.
      await (await fetch(`${server.url}?query={hello}`)).text()
      const reason = new Error('enough')
      controller.abort(reason)
      expect((await silent).error).toBe(reason)
      await server.saw('unsubscribed', before + 1)
    })

    test('S8, S10 each attempt has the credentials of its time', async () => {
      const { client, server } = await clientHere()
      const before = (await server.events()).length
      for (const token of ['first', 'second']) {
        const headers = { authorization: `Bearer ${token}` }
        await collect(client.subscribe('subscription { count(to: 1) }', {}, { headers }))
      }
      const requests = (await server.events()).slice(before).filter(({ what }) => what === 'request')
      const sent = requests.map(({ method, headers }) => `${method} ${headers?.['authorization']}`)
      const methods = subscriptions === 'single-connection' ? ['GET', 'POST', 'PUT'] : ['POST']
      expect(sent.toSorted()).toEqual(
        methods.flatMap((method) => ['first', 'second'].map((token) => `${method} Bearer ${token}`)),
      )
    })
  })

  test('S10 subscriptions of one client share one stream', async () => {
    const server = await shared('graphql-sse')
    const before = (await server.events()).length
    const client = clientOf(server.url, { ...stackOf(), subscriptions: 'single-connection' })
    await Promise.all(
      Array.from({ length: 10 }, async () => collect(client.subscribe('subscription { count(to: 2) }'))),
    )
    const requests = (await server.events()).slice(before).filter(({ what }) => what === 'request')
    const methods = requests.map(({ method }) => method)
    expect(methods.toSorted((a, b) => String(a).localeCompare(String(b)))).toEqual([
      'GET',
      ...Array.from({ length: 10 }, () => 'POST'),
      'PUT',
    ])
  })

  test('S15 disposing the client closes the stream and all that came by it', async () => {
    const server = await shared('graphql-sse')
    const before = await timesOf(server, 'unsubscribed')
    const client = clientOf(server.url, { ...stackOf(), subscriptions: 'single-connection' })
    const running = ['a', 'b'].map((alias) =>
      client.subscribe(`subscription { ${alias}: count(to: 1000000, everyMs: 5) }`)[Symbol.asyncIterator](),
    )
    await Promise.all(running.map(async (results) => results.next()))
    await client.dispose()
    await server.saw('unsubscribed', before + 2)
  })

  test.each<Subscriptions>(['sse', 'single-connection'])(
    'S6, S15 with subscriptions: %p, a server that ends amid a subscription is an interruption',
    async (subscriptions) => {
      const server = await startServer('graphql-sse')
      const client = clientOf(server.url, { ...stackOf(), subscriptions })
      // Its source throws, which ends the process.
      const { results, error } = await collect(client.subscribe('subscription OnFailing { failing }'))
      await server.ended
      expect(results.length).toBeLessThanOrEqual(2)
      expect(error).toMatchObject({ name: 'StreamInterruptedError', retryable: true, operationName: 'OnFailing' })
    },
  )
})
