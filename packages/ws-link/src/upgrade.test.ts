import {
  chain,
  cookieLink,
  createClient,
  OptionsError,
  withExchange,
  type Client,
  type CookieJar,
  type CookieLinkOptions,
  type Exchange,
  type IncomingResponse,
  type Link,
} from '@graphlinks/core'
import {
  FakeClock,
  scriptedSocketServer,
  secretCanary,
  type ScriptedSocket,
  type SocketScript,
} from '@graphlinks/testing'
import { WebSocket } from 'ws'
import { SocketConnectError, wsLink } from './index.ts'

const cleanUps: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function serve(script: SocketScript) {
  const server = await scriptedSocketServer(script)
  cleanUps.push(() => server.close())
  return server
}

/** Acknowledges, and answers each operation with one result, until the client is gone. */
async function answer(socket: ScriptedSocket, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  await socket.accept({ headers })
  const run = async (): Promise<void> => {
    await socket.messageOfType('connection_init')
    await socket.send({ type: 'connection_ack' })
    for (;;) {
      const { id } = await socket.messageOfType('subscribe')
      await socket.send({ type: 'next', id, payload: { data: { ok: true } } })
      await socket.send({ type: 'complete', id })
    }
  }
  await Promise.race([run().catch(() => {}), socket.closed])
}

const exchanging =
  (exchange: Exchange): Link =>
  (operation, next) =>
    next(withExchange(operation, exchange))

function clientOf(url: string, link: Link): Client {
  const client = createClient({ link: chain(link, wsLink({ url, connectAttempts: 2, retryDelayMs: 1 })) })
  cleanUps.push(() => client.dispose())
  return client
}

/** A jar with one cookie, which the server replaces. */
function oneCookieJar(cookie = ''): CookieJar & { cookie: string; readonly kept: [string, string][] } {
  const jar = {
    cookie,
    kept: [] as [string, string][],
    getCookieString: async () => jar.cookie,
    async setCookie(given: string, url: string) {
      await Promise.resolve()
      jar.kept.push([given, url])
      jar.cookie = given.split(';')[0] ?? ''
    },
  }
  return jar
}

const errorOf = async (run: Promise<unknown>): Promise<Error> =>
  run.then(
    () => {
      throw new Error('it should have failed')
    },
    (error: unknown) => error as Error,
  )

describe('CK-12 the handshake in Node', () => {
  test('CK-12 carries the cookies of the jar, in no payload, and keeps those that a 101 sets', async () => {
    const payloads: unknown[] = []
    const server = await serve(async (socket) => {
      payloads.push(socket.headers.get('cookie'), socket.headers.get('authorization'))
      await answer(socket, { 'set-cookie': 'sid=2; HttpOnly' })
    })
    const jar = oneCookieJar('sid=1')
    const client = clientOf(server.url, cookieLink({ jar }))
    expect((await client.query('{ a }')).data).toEqual({ ok: true })
    expect(payloads).toEqual(['sid=1', null])
    expect(jar.kept).toEqual([['sid=2; HttpOnly', `${server.url.replace('ws', 'http')}`]])
    // It is the same session with another cookie, so that the socket stays.
    expect((await client.query('{ b }')).data).toEqual({ ok: true })
    expect(payloads).toHaveLength(2)
  })

  test('CK-12 keeps those of a 401, before the next attempt', async () => {
    const cookies: (string | null)[] = []
    const server = await serve(async (socket) => {
      cookies.push(socket.headers.get('cookie'))
      if (cookies.length === 1) return socket.refuse(401, { 'set-cookie': 'sid=fresh' })
      return answer(socket)
    })
    const client = clientOf(server.url, cookieLink({ jar: oneCookieJar('sid=stale') }))
    expect((await client.query('{ a }')).data).toEqual({ ok: true })
    expect(cookies).toEqual(['sid=stale', 'sid=fresh'])
  })

  test('AUTH-37 a refused handshake has the user signed in again, once for all that wait', async () => {
    let logins = 0
    const jar = oneCookieJar('sid=stale')
    const cookies: (string | null)[] = []
    const server = await serve(async (socket) => {
      cookies.push(socket.headers.get('cookie'))
      return socket.headers.get('cookie') === 'sid=fresh' ? answer(socket) : socket.refuse(401)
    })
    const onUnauthenticated: CookieLinkOptions['onUnauthenticated'] = () => {
      logins++
      jar.cookie = 'sid=fresh'
    }
    const client = clientOf(server.url, cookieLink({ jar, onUnauthenticated }))
    const results = await Promise.all(['{ a }', '{ b }', '{ c }'].map((query) => client.query(query)))
    expect(results.map(({ data }) => data)).toEqual([{ ok: true }, { ok: true }, { ok: true }])
    expect([logins, cookies]).toEqual([1, ['sid=stale', 'sid=fresh']])
  })

  test('AUTH-45 threats 15 two jars are two sockets', async () => {
    const cookies: (string | null)[] = []
    const server = await serve(async (socket) => {
      cookies.push(socket.headers.get('cookie'))
      return answer(socket)
    })
    const jars = [oneCookieJar('sid=ada'), oneCookieJar('sid=bob')]
    const link = cookieLink({ jar: ({ variables }) => jars[variables?.['user'] as number] as CookieJar })
    const client = clientOf(server.url, link)
    await Promise.all([0, 1, 0, 1].map((user) => client.query('query Q($user: Int) { a }', { user })))
    expect(new Set(cookies)).toEqual(new Set(['sid=ada', 'sid=bob']))
    expect(cookies).toHaveLength(2)
  })
})

test('the answer is heard with its status, several Set-Cookie headers apart, and nothing of it is in an error', async () => {
  const canary = secretCanary()
  const heard: IncomingResponse[] = []
  const server = await serve((socket) => socket.refuse(403, { 'x-seen': 'yes', 'set-cookie': `sid=${canary.value}` }))
  const listening: Exchange = {
    link: 'listening',
    identity: 'me',
    request: ({ method, url, headers }) => ({
      headers: { 'x-secret': canary.value, 'x-of': `${method} ${url.protocol} ${headers.size}` },
    }),
    response: (response) => void heard.push(response),
  }
  const error = await canary.watch(() => errorOf(clientOf(server.url, exchanging(listening)).query('{ a }')))
  expect(error).toMatchObject({ code: 'SOCKET_CONNECT', status: 403 })
  canary.check(error)
  expect(heard[0]?.status).toBe(403)
  expect(heard[0]?.headers.get('x-seen')).toBe('yes')
  expect(heard[0]?.headers.getSetCookie?.()).toEqual([`sid=${canary.value}`])
})

test('DP-2 an exchange that wants another handshake gets it at once, and once in a row', async () => {
  const server = await serve((socket) =>
    socket.headers.get('x-try') === '2' ? answer(socket) : socket.refuse(401, { 'dpop-nonce': 'n' }),
  )
  let tries = 0
  const again: Exchange = {
    link: 'again',
    identity: 'me',
    request: () => ({ headers: { 'x-try': String(++tries) } }),
    response: ({ status }) => status === 401,
  }
  const clock = new FakeClock()
  const client = createClient({
    link: chain(exchanging(again), wsLink({ url: server.url, connectAttempts: 1, clock })),
  })
  cleanUps.push(() => client.dispose())
  expect((await client.query('{ a }')).data).toEqual({ ok: true })
  expect(server.sockets).toHaveLength(2)

  tries = 2
  const other = createClient({ link: chain(exchanging(again), wsLink({ url: server.url, clock })) })
  cleanUps.push(() => other.dispose())
  expect(await errorOf(other.query('{ a }'))).toMatchObject({ code: 'SOCKET_CONNECT', status: 401 })
  expect(server.sockets).toHaveLength(4)
})

test('what an exchange fails with fails the operation, before and after the handshake', async () => {
  const server = await serve((socket) => answer(socket))
  const boom = new Error('boom')
  const before = exchanging({ link: 'failing', identity: '', request: () => Promise.reject(boom) })
  expect(await errorOf(clientOf(server.url, before).query('{ a }'))).toMatchObject({ link: 'failing', cause: boom })
  const after = exchanging({ link: 'failing', identity: '', response: () => Promise.reject(boom) })
  const error = await errorOf(clientOf(server.url, after).query('{ a }'))
  expect(SocketConnectError.is(error)).toBe(true)
  expect(error.message).toContain('its part in the exchange failed')
})

describe('where a bundler puts the platform’s own WebSocket in the place of ws', () => {
  function replaceGlobal(name: string, value: unknown): void {
    const before = Object.getOwnPropertyDescriptor(globalThis, name)
    Object.defineProperty(globalThis, name, { value, configurable: true })
    cleanUps.push(() => {
      if (before) Object.defineProperty(globalThis, name, before)
      else Reflect.deleteProperty(globalThis, name)
    })
  }
  beforeEach(() => replaceGlobal('WebSocket', WebSocket))

  test('no handshake leaves without the headers that it should have: the error says what to do', async () => {
    const server = await serve((socket) => answer(socket))
    const client = clientOf(server.url, cookieLink({ jar: oneCookieJar('sid=1') }))
    const error = await errorOf(client.query('query Q { a }'))
    expect(OptionsError.is(error)).toBe(true)
    expect(error).toMatchObject({ link: 'wsLink', operationName: 'Q' })
    expect(error.message).toContain('WebSocket of this platform sends no headers')
    expect(server.sockets).toHaveLength(0)
  })

  test('that of React Native sends them', async () => {
    replaceGlobal('navigator', { product: 'ReactNative' })
    const server = await serve((socket) => answer(socket))
    const client = clientOf(server.url, cookieLink({ jar: oneCookieJar('sid=1') }))
    expect((await client.query('{ a }')).data).toEqual({ ok: true })
    expect(server.sockets[0]?.headers.get('cookie')).toBe('sid=1')
  })
})

test('in a browser, which makes the handshake itself, exchanges have no part in it', async () => {
  Object.defineProperty(globalThis, 'document', { value: {}, configurable: true })
  cleanUps.push(() => void Reflect.deleteProperty(globalThis, 'document'))
  const server = await serve((socket) => answer(socket))
  const request = jest.fn()
  const client = clientOf(server.url, exchanging({ link: 'x', identity: '', request }))
  expect((await client.query('{ a }')).data).toEqual({ ok: true })
  expect(request).not.toHaveBeenCalled()
})
