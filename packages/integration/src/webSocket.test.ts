/** wsLink against the servers that people run: what they say on the wire, what they say in the end, and what comes after. */
import {
  bearerLink,
  chain,
  createClient,
  createTokenSource,
  headerLink,
  tokenRefreshLink,
  type Client,
  type Link,
  type Result,
} from '@graphlinks/core'
import { secretCanary, settle } from '@graphlinks/testing'
import { SocketClosedError, wsLink, type ConnectionEvent, type WsLinkOptions } from '@graphlinks/ws-link'
import { legacyProtocol } from '@graphlinks/ws-link/legacy'
import { startServer, type RealServer, type ServerEvent, type ServerName } from './realServers.ts'

const canary = secretCanary()
const token = 'secret-token'
const clients: Client[] = []
afterEach(async () => {
  await Promise.all(clients.splice(0).map(async (client) => client.dispose()))
})

const optionsOf = (name: ServerName): Partial<WsLinkOptions> =>
  name === 'ws-legacy' ? { protocol: legacyProtocol() } : {}

describe.each<ServerName>(['ws-graphql-ws', 'ws-graphql-ws-17', 'ws-yoga', 'ws-mercurius', 'ws-legacy'])(
  '%s',
  (name) => {
    let server: RealServer
    beforeEach(async () => {
      server = await startServer(name)
    })
    afterEach(() => server.close())

    function connect(options: Partial<WsLinkOptions> = {}, ...links: Link[]) {
      const events: ConnectionEvent[] = []
      const url = server.url.replace(/^http/, 'ws')
      const onEvent = (event: ConnectionEvent): unknown => events.push(event)
      const link = wsLink({ url, random: () => 0, onEvent, ...optionsOf(name), ...options })
      const client = createClient({ link: chain(...links, link) })
      clients.push(client)
      return { client, events }
    }

    async function of(what: ServerEvent['what']): Promise<readonly ServerEvent[]> {
      return (await server.events()).filter((event) => event.what === what)
    }

    const counting = (client: Client): AsyncIterator<Result> =>
      client.subscribe('subscription Counting { count(to: 100000, everyMs: 5) }')[Symbol.asyncIterator]()

    async function nextAfterGap(results: AsyncIterator<Result>): Promise<Result> {
      for (;;) {
        const { value } = (await results.next()) as { value: Result }
        if (value.resumed) return value
      }
    }

    test('AUTH-42 AUTH-43 W3 a query, a mutation and a subscription on one socket, with the credentials of the chain', async () => {
      const { client } = connect({}, bearerLink(token))
      expect(await client.query('query Q($text: String!) { echo(text: $text) }', { text: 'ü💧' })).toEqual({
        data: { echo: 'ü💧' },
      })
      expect(await client.mutate('mutation { addCity(name: "Kyoto") { name } }')).toEqual({
        data: { addCity: { name: 'Kyoto' } },
      })
      const seen: unknown[] = []
      for await (const { data } of client.subscribe('subscription { count(to: 3) }')) seen.push(data)
      expect(seen).toEqual([{ count: 1 }, { count: 2 }, { count: 3 }])
      expect(await of('init')).toMatchObject([
        { may: true, payload: { headers: { authorization: `Bearer ${token}` } } },
      ])
    })

    test('AUTH-43 the flat shape, and that of a function', async () => {
      await connect({ payload: 'flat' }, bearerLink(token)).client.query('{ hello }')
      await connect(
        { payload: async (_, { headers }) => ({ ...headers, locale: 'de' }) },
        bearerLink(token),
      ).client.query('{ hello }')
      expect((await of('init')).map(({ payload }) => payload)).toEqual([
        { authorization: `Bearer ${token}` },
        { authorization: `Bearer ${token}`, locale: 'de' },
      ])
    })

    test('W10 errors are data: of a field, and of a document that is not valid', async () => {
      const { client } = connect({}, bearerLink(token))
      const { data, errors } = await client.query('{ boom }')
      expect([data, errors?.[0]?.message]).toEqual([{ boom: null }, 'boom'])
      const invalid = await client.query('{ nothingLikeThis }')
      // Mercurius says nothing more than that.
      expect(invalid.errors?.[0]?.message).toMatch(/nothingLikeThis|Graphql validation error/)
      expect(invalid.data).toBeUndefined()
      expect(await client.query('{ hello }')).toEqual({ data: { hello: 'world' } })
    })

    test('W11 leaving the loop ends the subscription on the server', async () => {
      const { client } = connect({}, bearerLink(token))
      for await (const { data } of client.subscribe('subscription { count(to: 100000, everyMs: 5) }')) {
        expect(data).toEqual({ count: 1 })
        break
      }
      await server.saw('unsubscribed')
    })

    test('W20 AUTH-45 concurrent first operations share a socket; another credential has its own', async () => {
      const { client } = connect({}, bearerLink(token))
      await Promise.all(Array.from({ length: 10 }, () => client.query('{ hello }')))
      const { client: other } = connect({}, bearerLink(token), headerLink({ 'x-tenant': 'acme' }))
      await other.query('{ hello }')
      expect(await of('init')).toHaveLength(2)
    })

    test('AUTH-47 handshakeHeaders: headers and cookies reach the server with the upgrade', async () => {
      const { client } = connect(
        { handshakeHeaders: true },
        bearerLink(token),
        headerLink({ cookie: 'sid=abc', 'x-tenant': 'acme' }),
      )
      await client.query('{ hello }')
      const [upgrade] = await of('upgrade')
      expect(upgrade?.headers).toMatchObject({
        authorization: `Bearer ${token}`,
        cookie: 'sid=abc',
        'x-tenant': 'acme',
      })
    })

    test('AUTH-46 a credential that is refused is a typed error, and not tried for ever', async () => {
      const { client } = connect(
        {},
        bearerLink(() => canary.value),
      )
      const error = await client.query('query Q { hello }').catch((thrown: unknown) => thrown)
      expect(SocketClosedError.is(error)).toBe(true)
      expect(error).toMatchObject({ operationName: 'Q', closeCode: 4403, retryable: false, attempts: 2 })
      canary.check(error)
      expect(await of('init')).toHaveLength(2)
    })

    test('W18 the server is away and comes back: the subscription goes on', async () => {
      const { client, events } = connect({}, bearerLink(token))
      const results = counting(client)
      await results.next()
      server.tell({ restart: 'stop' })
      const next = nextAfterGap(results)
      await server.saw('stopped')
      while (events.filter(({ type }) => type === 'retrying').length < 3) await settle()
      server.tell({ restart: 'start' })
      expect((await next).data).toEqual({ count: 1 })
      await results.return?.()
    })

    test('W17 the server closes: the subscription goes on, a mutation that it ran is not run again', async () => {
      const { client } = connect({}, bearerLink(token))
      const results = counting(client)
      await results.next()
      const paid = client.mutate('mutation { addCity(name: "Kyoto") { name slow } }').catch((error: unknown) => error)
      server.tell({ closeAll: 1012 })
      const next = nextAfterGap(results)
      expect((await next).data).toEqual({ count: 1 })
      await results.return?.()
      const outcome = await paid
      if (SocketClosedError.is(outcome)) expect(outcome).toMatchObject({ closeCode: 1012, mayHaveRun: true })
      const { data } = await client.mutate('mutation { reset }')
      expect((data as { reset: number }).reset).toBeLessThanOrEqual(1)
    })

    test('TR-53 the token expires in the middle: one refresh, another socket, and events go on', async () => {
      let refreshes = 0
      const source = createTokenSource({
        initial: { accessToken: token, refreshToken: 'r' },
        refresh: async () => ({ accessToken: `token-${++refreshes}`, refreshToken: 'r' }),
      })
      const { client } = connect({}, tokenRefreshLink(source))
      const both = [counting(client), counting(client)] as const
      await Promise.all(both.map(async (results) => results.next()))
      server.tell({ accept: 'token-1' })
      await server.saw('accepting')
      server.tell({ closeAll: 4403 })
      for (const results of both) {
        expect((await nextAfterGap(results)).data).toEqual({ count: 1 })
        await results.return?.()
      }
      expect(refreshes).toBe(1)
      expect((await of('init')).map(({ may }) => may)).toEqual([true, true])
      await source.dispose()
    })

    test('TR-53 AUTH-44 a token that is no good from the beginning: one refresh for all', async () => {
      server.tell({ accept: 'token-1' })
      await server.saw('accepting')
      let refreshes = 0
      const source = createTokenSource({
        initial: { accessToken: token, refreshToken: 'r' },
        refresh: async () => ({ accessToken: `token-${++refreshes}`, refreshToken: 'r' }),
      })
      const { client } = connect({}, tokenRefreshLink(source))
      const all = await Promise.all(Array.from({ length: 20 }, () => client.query('{ hello }')))
      expect(all).toEqual(Array.from({ length: 20 }, () => ({ data: { hello: 'world' } })))
      expect(refreshes).toBe(1)
      expect((await of('init')).map(({ may }) => may)).toEqual([false, true])
      await source.dispose()
    })

    test('TR-57 session.clear() closes the socket at once', async () => {
      const source = createTokenSource({ fetchToken: async () => ({ accessToken: token }) })
      const { client, events } = connect({}, tokenRefreshLink(source))
      const results = counting(client)
      await results.next()
      await source.clear()
      expect(events.at(-1)).toMatchObject({ type: 'closed', code: 1000 })
      await expect(results.next()).rejects.toMatchObject({ code: 'IDENTITY_CHANGED' })
      await server.saw('unsubscribed')
      await source.dispose()
    })
  },
)

describe('what only some have', () => {
  async function with_(name: ServerName, run: (client: Client) => Promise<void>, options: Partial<WsLinkOptions> = {}) {
    const server = await startServer(name)
    const url = server.url.replace(/^http/, 'ws')
    const client = createClient({ link: chain(bearerLink(token), wsLink({ url, random: () => 0, ...options })) })
    try {
      await run(client)
    } finally {
      await client.dispose()
      await server.close()
    }
  }

  test('W25 @defer over graphql-ws with graphql 17: each result is all of the data so far', () =>
    with_('ws-graphql-ws-17', async (client) => {
      const results: unknown[] = []
      for await (const { data } of client.execute('{ me { name ... @defer { slow } } }')) results.push(data)
      expect(results[0]).toEqual({ me: { name: 'Ada' } })
      expect(results.at(-1)).toEqual({ me: { name: 'Ada', slow: 'slow Ada' } })
    }))

  test.each<ServerName>(['ws-graphql-ws', 'ws-graphql-ws-17'])(
    'W9 W15 a syntax error in one document, for which %s closes the socket, leaves its neighbours running',
    (name) =>
      with_(name, async (client) => {
        const results = client.subscribe('subscription { count(to: 100000, everyMs: 5) }')[Symbol.asyncIterator]()
        await results.next()
        const error = await client.query('query Bad { oops( }').catch((thrown: unknown) => thrown)
        expect(error).toMatchObject({ code: 'SOCKET_CLOSED', closeCode: 4500, operationName: 'Bad' })
        for (let step = await results.next(); !(step.value as Result).resumed;) step = await results.next()
        await results.return?.()
      }),
  )

  test('W1 a server that speaks the legacy protocol only: the error names it', () =>
    with_('ws-legacy', async (client) => {
      const error = await client.query('{ hello }').catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ message: expect.stringContaining('"graphql-ws"') as string, retryable: false })
    }))
})
