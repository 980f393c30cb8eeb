/** wsLink against real WebSocket servers that close sockets, are away for a while, and take other tokens than before. */
import {
  bearerLink,
  createTokenSource,
  tokenRefreshLink,
  type Client,
  type Result,
  type TokenSource,
} from '@graphlinks/core'
import { FakeClock, secretCanary } from '@graphlinks/testing'
import { SocketClosedError } from '@graphlinks/ws-link'
import { closes, collect, endOf, iterate, serverNames, webSocketClients } from './webSocketClients.ts'

const { accept, cleanUp, connect } = webSocketClients()

const ticking = 'subscription Ticking { ticker }'

/** The first result after a gap. Those before it have come in order. */
async function nextAfterGap(results: AsyncIterator<Result>): Promise<Result> {
  for (let before = 0; ; before++) {
    const { value } = (await results.next()) as { readonly value: Result }
    if (value.resumed) return value
    const { ticker } = value.data as { readonly ticker: number }
    if (before > 0) expect(ticker).toBe(before + 1)
    else before = ticker - 1
  }
}

/** A subscription of which the first result is there. */
async function tick(client: Client): Promise<AsyncIterator<Result>> {
  const results = iterate(client, ticking)
  expect((await results.next()).value).toEqual({ data: { ticker: 1 } })
  return results
}

interface Session {
  readonly source: TokenSource
  readonly refreshes: () => number
}

/** A session that begins with `token-0` and gets `token-1`, `token-2`, and so on. */
function sessionOf(options: { readonly clock?: FakeClock; readonly expiresInSeconds?: number } = {}): Session {
  let refreshes = 0
  const { clock, expiresInSeconds } = options
  const tokens = (): { accessToken: string; refreshToken: string; expiresInSeconds: number | undefined } => ({
    accessToken: `token-${refreshes}`,
    refreshToken: 'secret-refresh-token',
    expiresInSeconds,
  })
  const source = createTokenSource({
    initial: tokens(),
    refresh: async () => {
      refreshes++
      return tokens()
    },
    clock,
  })
  cleanUp(() => source.dispose())
  return { source, refreshes: () => refreshes }
}

const tokensOf = (greetings: readonly { readonly payload?: unknown }[]): string[] =>
  greetings.map(
    ({ payload }) => (payload as { readonly headers: Readonly<Record<string, string>> }).headers['authorization'] ?? '',
  )

describe.each(serverNames)('%s', (name) => {
  test.each([1000, 1001, 1011, 1012, 1013, 4408, 4499, 4500, 4999])(
    'W15, W17 the server closes with %d: subscriptions go on, and the first result after the gap says so',
    async (code) => {
      const { client, server, sockets } = await connect(name)
      const all = await Promise.all([tick(client), tick(client)])
      await server.tell({ closeAll: code, reason: 'because a test says so' })
      for (const results of all) {
        const resumed = { gapMs: expect.any(Number) as number }
        expect(await nextAfterGap(results)).toEqual({ data: { ticker: 1 }, resumed })
        expect((await results.next()).value).toEqual({ data: { ticker: 2 } })
      }
      expect(await sockets.of('opened')).toHaveLength(2)
      expect(await sockets.of('connection_init')).toHaveLength(2)
      expect(await sockets.of('subscribe')).toHaveLength(4)
      for (const results of all) await results.return?.()
    },
  )

  test('W15, W17 the connection breaks without a word: the subscription goes on', async () => {
    const { client, server, sockets } = await connect(name)
    const results = await tick(client)
    await server.tell({ cutAll: true })
    expect(await nextAfterGap(results)).toMatchObject({ data: { ticker: 1 } })
    expect(await sockets.of('opened')).toHaveLength(2)
    await results.return?.()
  })

  test('W11, W20 who leaves after the gap ends the subscription on the server, where it is now', async () => {
    const { client, server, sockets } = await connect(name)
    const results = await tick(client)
    await server.tell({ closeAll: 1012 })
    await nextAfterGap(results)
    await results.return?.()
    await sockets.saw('unsubscribed', 2)
    const [first, second] = await sockets.of('opened')
    expect((await sockets.of('complete')).map(({ socket }) => socket)).toEqual([second?.socket])
    expect(first?.socket).not.toBe(second?.socket)
  })

  test('W17 a query without a result is sent again', async () => {
    const { client, server, sockets } = await connect(name)
    cleanUp(() => server.tell({ release: true }))
    const held = client.query('{ held }')
    await sockets.saw('held')
    await server.tell({ closeAll: 1012 })
    await sockets.saw('held', 2)
    await server.tell({ release: true })
    expect(await held).toEqual({ data: { held: 'released' } })
    expect(await sockets.of('subscribe')).toHaveLength(2)
  })

  test('W17 threats 16 a mutation that was sent fails, and is never run twice', async () => {
    const { client, server, sockets } = await connect(name)
    cleanUp(() => server.tell({ release: true }))
    await client.mutate('mutation { reset }')
    const results = await tick(client)
    const added = endOf(client.execute('mutation Add { addCity(name: "Kyoto", held: true) { name } }'))
    await sockets.saw('held')
    await server.tell({ closeAll: 1012, reason: 'restart' })
    const error = await added
    expect(SocketClosedError.is(error)).toBe(true)
    expect(error).toMatchObject({ operationName: 'Add', closeCode: 1012, mayHaveRun: true })
    // Its neighbour is back, so it would be by now.
    await nextAfterGap(results)
    expect(await client.query('{ citiesAdded }')).toEqual({ data: { citiesAdded: 1 } })
    const sent = (await sockets.of('subscribe')).map(
      ({ payload }) => (payload as { operationName?: string }).operationName,
    )
    expect(sent.filter((operationName) => operationName === 'Add')).toHaveLength(1)
    await results.return?.()
  })

  test('W17, W18 the server is away and comes back: what waits is sent, a mutation once', async () => {
    const { client, server, sockets, heard } = await connect(name)
    await client.mutate('mutation { reset }')
    const results = await tick(client)
    await server.tell({ stop: true })
    // What is sent before the client knows may have run.
    await heard('retrying')
    const added = client.mutate('mutation Add { addCity(name: "Kyoto") { name } }')
    const hello = client.query('{ hello }')
    // Each of these was refused.
    await heard('retrying', 5)
    await server.tell({ listen: true })
    expect(await added).toEqual({ data: { addCity: { name: 'Kyoto' } } })
    expect(await hello).toEqual({ data: { hello: 'world' } })
    expect(await nextAfterGap(results)).toMatchObject({ data: { ticker: 1 } })
    expect(await client.query('{ citiesAdded }')).toEqual({ data: { citiesAdded: 1 } })
    expect(await sockets.of('opened')).toHaveLength(2)
    await results.return?.()
  })

  test('W20 nothing is opened again when everything was left while the server was away', async () => {
    const { client, server, sockets, heard } = await connect(name)
    const results = await tick(client)
    await server.tell({ stop: true })
    await heard('retrying', 2)
    await results.return?.()
    await server.tell({ listen: true })
    await client.dispose()
    expect(await sockets.of('opened')).toHaveLength(1)
  })

  test('AUTH-44 functions of credentials and of the payload are called for each socket', async () => {
    const canary = secretCanary()
    let greetings = 0
    const { client, server, sockets } = await connect(
      name,
      { payload: async (_, { headers }) => ({ headers, greeting: ++greetings }) },
      bearerLink(async () => `${canary.value}-${greetings}`),
    )
    await accept(
      server,
      [0, 1].map((number) => `${canary.value}-${number}`),
    )
    const results = await tick(client)
    await server.tell({ closeAll: 1012 })
    await nextAfterGap(results)
    expect((await sockets.of('connection_init')).map(({ payload }) => payload)).toEqual(
      [0, 1].map((number) => ({
        headers: { authorization: `Bearer ${canary.value}-${number}` },
        greeting: number + 1,
      })),
    )
    await results.return?.()
  })

  test('AUTH-46 a credential that is refused is asked for once more, and not tried for ever', async () => {
    const canary = secretCanary()
    const { client, sockets } = await connect(
      name,
      {},
      bearerLink(() => canary.value),
    )
    const error = await canary.watch(() => endOf(client.execute('query Refused { hello }')))
    canary.check(error)
    expect(error).toMatchObject({ name: 'SocketClosedError', operationName: 'Refused', closeCode: 4403, attempts: 2 })
    expect(await sockets.of('opened')).toHaveLength(2)
  })

  test('AUTH-46, TR-53 the token expires amid subscriptions: one refresh, another socket, and events go on', async () => {
    const { source, refreshes } = sessionOf()
    const { client, server, sockets } = await connect(name, {}, tokenRefreshLink(source))
    await accept(server, ['token-0'])
    const all = await Promise.all(Array.from({ length: 5 }, () => tick(client)))
    await server.tell({ accept: ['token-1'] })
    await server.tell({ closeAll: 4403, reason: 'expired' })
    for (const results of all) expect(await nextAfterGap(results)).toMatchObject({ data: { ticker: 1 } })
    expect(await client.query('{ viewer }')).toEqual({ data: { viewer: 'token-1' } })
    expect(refreshes()).toBe(1)
    expect(tokensOf(await sockets.of('connection_init'))).toEqual(['Bearer token-0', 'Bearer token-1'])
    for (const results of all) await results.return?.()
  })

  test('AUTH-46, TR-53 the token is no good from the beginning: one refresh for all', async () => {
    const { source, refreshes } = sessionOf()
    const { client, server, sockets } = await connect(name, {}, tokenRefreshLink(source))
    await accept(server, ['token-1'])
    const all = await Promise.all(Array.from({ length: 20 }, () => client.query('{ viewer }')))
    expect(all).toEqual(Array.from({ length: 20 }, () => ({ data: { viewer: 'token-1' } })))
    expect(refreshes()).toBe(1)
    expect(tokensOf(await sockets.of('connection_init'))).toEqual(['Bearer token-0', 'Bearer token-1'])
  })

  test('AUTH-46, W15 the server refuses by an exception: with 4500 as a refusal, one refresh', async () => {
    const { source, refreshes } = sessionOf()
    // graphql-ws closes with 4500 for what `onConnect` throws, as it does for all else that goes wrong.
    const refused = { meaning: 'refused, or an error', action: 'refresh' } as const
    const { client, server, sockets } = await connect(name, { closeCodes: { 4500: refused } }, tokenRefreshLink(source))
    await accept(server, ['token-1'], true)
    expect(await client.query('{ viewer }')).toEqual({ data: { viewer: 'token-1' } })
    expect(refreshes()).toBe(1)
    expect(await sockets.of('opened')).toHaveLength(2)
  })

  test('AUTH-46, TR-53 threats 22 a fresh token that is refused as well is the end: one refresh, two sockets', async () => {
    const canary = secretCanary()
    const { source, refreshes } = sessionOf()
    const { client, server, sockets } = await connect(name, {}, tokenRefreshLink(source))
    await accept(server, [])
    const errors = await canary.watch(() =>
      Promise.all([endOf(client.execute('{ hello }')), endOf(client.subscribe(ticking))]),
    )
    for (const error of errors) expect(error).toMatchObject({ name: 'SocketClosedError', closeCode: 4403 })
    expect(JSON.stringify(errors) + String(errors)).not.toMatch(/token-\d/)
    await client.dispose()
    expect(refreshes()).toBe(1)
    expect(await sockets.of('opened')).toHaveLength(2)
  })

  test('TR-57 threats 15 session.clear() closes the sockets at once, and what ran on them is over', async () => {
    const { source } = sessionOf()
    const { client, server, sockets } = await connect(name, {}, tokenRefreshLink(source))
    await accept(server, ['token-0', 'token-of-bob'])
    const results = await tick(client)
    await source.clear()
    await sockets.saw('closed')
    await sockets.saw('unsubscribed')
    await expect(collect({ [Symbol.asyncIterator]: () => results })).rejects.toMatchObject({ code: 'IDENTITY_CHANGED' })
    expect(await sockets.of('closed')).toMatchObject([{ code: 1000 }])
    await source.set({ accessToken: 'token-of-bob' })
    expect(await client.query('{ viewer }')).toEqual({ data: { viewer: 'token-of-bob' } })
    expect(tokensOf(await sockets.of('connection_init'))).toEqual(['Bearer token-0', 'Bearer token-of-bob'])
  })

  test('TR-52 the session was renewed: the socket is replaced when no query runs, and subscriptions go on', async () => {
    const clock = new FakeClock()
    const { source, refreshes } = sessionOf({ clock, expiresInSeconds: 3_600 })
    const { client, server, sockets } = await connect(name, {}, tokenRefreshLink(source))
    await accept(server, ['token-0', 'token-1'])
    cleanUp(() => server.tell({ release: true }))
    const results = await tick(client)
    const held = client.query('{ held }')
    await sockets.saw('held')
    await clock.advance(3_595_000)
    expect(await source.accessToken()).toBe('token-1')
    expect((await results.next()).value).toEqual({ data: { ticker: 2 } })
    expect(await sockets.of('opened')).toHaveLength(1)
    await server.tell({ release: true })
    expect(await held).toEqual({ data: { held: 'released' } })
    expect(await nextAfterGap(results)).toMatchObject({ data: { ticker: 1 } })
    await sockets.saw('closed')
    expect(await sockets.of('closed')).toMatchObject([{ socket: (await sockets.of('opened'))[0]?.socket, code: 1000 }])
    expect(tokensOf(await sockets.of('connection_init'))).toEqual(['Bearer token-0', 'Bearer token-1'])
    expect(refreshes()).toBe(1)
    await results.return?.()
  })
})

test.each(serverNames.filter(closes))(
  'W9, W15 a syntax error, for which %s closes the socket, leaves the neighbours running',
  async (name) => {
    const { client, sockets } = await connect(name)
    const results = await tick(client)
    const error = await endOf(client.execute('query Bad { hello('))
    expect(error).toMatchObject({ name: 'SocketClosedError', closeCode: 4500, operationName: 'Bad' })
    expect(await nextAfterGap(results)).toMatchObject({ data: { ticker: 1 } })
    expect(await sockets.of('opened')).toHaveLength(2)
    await results.return?.()
  },
)
