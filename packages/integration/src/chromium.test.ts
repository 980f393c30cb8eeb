/** wsLink in Chromium, with the browser's own WebSocket, against a real server. */
import { secretCanary } from '@graphlinks/testing'
import { versionInfo } from 'graphql'
import { describeInBrowser, sharedBrowser } from './browser.ts'
import { sharedServers } from './realServers.ts'
import { watchSockets } from './socketLog.ts'

const shared = sharedServers()
const serverHere = () => shared(versionInfo.major < 17 ? 'ws-graphql-ws' : 'ws-graphql-ws-17')

describeInBrowser('in Chromium', () => {
  const newPage = sharedBrowser()

  test('what goes wrong in a page is seen', async () => {
    const page = await newPage()
    await page.run('misbehave')
    expect(await page.problems()).toEqual(
      expect.arrayContaining([
        'an error on the console',
        expect.stringContaining('https://api.example.com/') as string,
        'Error: a rejection',
        'Error: an exception',
      ]),
    )
  })

  test('AUTH-47 operations over the native WebSocket, the credentials in the payload', async () => {
    const [page, sockets] = [await newPage(), await watchSockets(await serverHere())]
    expect(await page.run('operations', sockets.url, 'secret-token')).toEqual({
      query: { data: { hello: 'world', viewer: 'secret-token' } },
      mutation: { data: { addCity: { name: '東京' } } },
      subscription: [3, 2, 1].map((countdown) => ({ data: { countdown } })),
      isNative: true,
    })
    await sockets.saw('closed')
    expect((await sockets.events()).filter(({ what }) => what !== 'unsubscribed')).toMatchObject([
      { what: 'opened', headers: { origin: page.origin, 'sec-websocket-protocol': 'graphql-transport-ws' } },
      { what: 'connection_init', payload: { headers: { authorization: 'Bearer secret-token' } } },
      { what: 'subscribe' },
      { what: 'subscribe' },
      { what: 'subscribe' },
      { what: 'closed', code: 1000 },
    ])
    const [opened] = await sockets.of('opened')
    expect(opened?.url).toBe('/graphql')
    expect(opened?.headers).not.toHaveProperty('authorization')
    expect(await page.problems()).toEqual([])
  })

  test('AUTH-45 two identities use two sockets, one identity one', async () => {
    const [page, server] = [await newPage(), await serverHere()]
    const sockets = await watchSockets(server)
    await server.tell({ accept: ['ada', 'bob'] })
    const tokens = Array.from({ length: 30 }, (_, index) => (index % 2 ? 'ada' : 'bob'))
    const viewers = await page.run('users', sockets.url, tokens)
    await server.tell({ accept: ['secret-token'] })
    expect(viewers).toEqual(tokens.map((viewer) => ({ viewer })))
    expect(await sockets.of('opened')).toHaveLength(2)
    expect(await page.problems()).toEqual([])
  })

  test('W11 who leaves the loop ends the subscription on the server', async () => {
    const [page, sockets] = [await newPage(), await watchSockets(await serverHere())]
    expect(await page.run('leave', sockets.url, 'secret-token')).toEqual({
      seen: [1, 2, 3].map((ticker) => ({ ticker })),
      after: { data: { hello: 'world' } },
    })
    await sockets.saw('unsubscribed')
    const [subscription] = await sockets.of('subscribe')
    expect((await sockets.of('complete')).map(({ id }) => id)).toEqual([subscription?.id])
    expect(await page.problems()).toEqual([])
  })

  test('W17 a subscription goes on after its socket was closed', async () => {
    const [page, server] = [await newPage(), await serverHere()]
    const sockets = await watchSockets(server)
    const resumed = page.run('resume', sockets.url, 'secret-token')
    await sockets.saw('subscribe', 2)
    await server.tell({ closeAll: 1012, reason: 'restart' })
    expect(await resumed).toEqual({ data: { ticker: 1 }, resumed: { gapMs: expect.any(Number) as number } })
    expect(await sockets.of('opened')).toHaveLength(2)
    expect(await page.problems()).toEqual([])
  })

  test('AUTH-46, TR-53 the token expires amid a subscription: one refresh, another socket, and events go on', async () => {
    const [page, server] = [await newPage(), await serverHere()]
    const sockets = await watchSockets(server)
    const renewed = page.run('renew', sockets.url, 'secret-token', 'secret-token-2')
    await sockets.saw('subscribe', 2)
    await server.tell({ accept: ['secret-token-2'] })
    await server.tell({ closeAll: 4403, reason: 'expired' })
    expect(await renewed).toMatchObject({
      result: { data: { ticker: 1 } },
      viewer: { data: { viewer: 'secret-token-2' } },
      refreshes: 1,
    })
    await server.tell({ accept: ['secret-token'] })
    expect((await sockets.of('connection_init')).map(({ payload }) => payload)).toEqual(
      ['secret-token', 'secret-token-2'].map((token) => ({ headers: { authorization: `Bearer ${token}` } })),
    )
    expect(await page.problems()).toEqual([])
  })

  test('AUTH-47 the browser sends the cookies of the host with the handshake, and the page its origin', async () => {
    const [page, sockets] = [await newPage(), await watchSockets(await serverHere())]
    expect(await page.run('cookies', sockets.url, 'secret-token', 'session=s-1')).toEqual({ data: { hello: 'world' } })
    expect(await sockets.of('opened')).toMatchObject([{ headers: { cookie: 'session=s-1', origin: page.origin } }])
    expect(await page.problems()).toEqual([])
  })

  test('AUTH-46 credentials that the server refuses are a typed error, without the token', async () => {
    const canary = secretCanary()
    const [page, sockets] = [await newPage(), await watchSockets(await serverHere())]
    const failures = await page.run('refused', sockets.url, canary.value)
    const refused = { name: 'SocketClosedError', closeCode: 4403, reason: 'Forbidden', retryable: false }
    expect(failures).toMatchObject([refused, refused])
    canary.check(failures, await page.problems())
    expect(await sockets.of('opened')).toHaveLength(1)
    expect(await page.problems()).toEqual([])
  })

  test('AUTH-47 handshakeHeaders is an OptionsError that says what to do', async () => {
    const [page, sockets] = [await newPage(), await watchSockets(await serverHere())]
    expect(await page.run('handshakeHeaders', sockets.url)).toMatchObject({
      name: 'OptionsError',
      link: 'wsLink',
      message: expect.stringContaining('browsers cannot send headers with a WebSocket handshake') as string,
    })
    expect(await sockets.events()).toEqual([])
    expect(await page.problems()).toEqual([])
  })
})
