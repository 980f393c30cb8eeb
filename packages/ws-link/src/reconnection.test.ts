import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import {
  basicAuthLink,
  bearerLink,
  chain,
  contextKey,
  createClient,
  createTokenSource,
  DocumentError,
  emptyContext,
  headerLink,
  replay,
  renewableLink,
  tokenRefreshLink,
  withCredential,
  type Client,
  type Link,
  type Operation,
  type Result,
  type TokenSource,
} from '@graphlinks/core'
import { FakeClock, secretCanary, settle } from '@graphlinks/testing'
import { parse } from 'graphql'
import { WebSocket, WebSocketServer } from 'ws'
import {
  connect as openConnection,
  type ConnectionEvent,
  SocketClosedError,
  SocketConnectError,
  SocketLimitError,
  type SocketMessage,
  wsLink,
  type WsLinkOptions,
} from './index.ts'

interface Message {
  readonly type: string
  readonly id: string
  readonly payload: { readonly query: string; readonly headers?: Readonly<Record<string, string>> }
}

/** One socket, as the server sees it. */
interface Peer {
  readonly index: number
  readonly path: string
  readonly received: Message[]
  readonly socket: WebSocket
  send(message: object): void
  next(message: Message, data: unknown): void
  close(code: number, reason?: string): void
}

interface Script {
  readonly onInit?: (peer: Peer, message: Message) => void
  readonly onSubscribe?: (peer: Peer, message: Message) => void
}

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** A server that can be stopped and started, and acknowledges everybody unless the script says otherwise. */
async function serve(script: Script = {}) {
  const peers: Peer[] = []
  const waiting = new Set<() => void>()
  const changed = (): void => waiting.forEach((look) => look())
  const until = (test: () => unknown): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!test()) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
    })
  let server: WebSocketServer | undefined
  let port = 0
  const start = async (): Promise<void> => {
    server = new WebSocketServer({ host: '127.0.0.1', port })
    await once(server, 'listening')
    ;({ port } = server.address() as AddressInfo)
    server.on('connection', (socket, request) => {
      const received: Message[] = []
      const send = (message: object): void => socket.send(JSON.stringify(message))
      const peer: Peer = {
        index: peers.length,
        path: String(request.url),
        received,
        socket,
        send,
        next: ({ id }, data) => send({ id, type: 'next', payload: { data } }),
        close: (code, reason) => socket.close(code, reason),
      }
      peers.push(peer)
      socket.on('error', () => {})
      socket.on('close', changed)
      socket.on('message', (data: Buffer) => {
        const message = JSON.parse(String(data)) as Message
        received.push(message)
        if (message.type === 'connection_init') {
          if (script.onInit) script.onInit(peer, message)
          else send({ type: 'connection_ack' })
        }
        if (message.type === 'subscribe') script.onSubscribe?.(peer, message)
        changed()
      })
      changed()
    })
  }
  const stop = async (): Promise<void> => {
    for (const client of server?.clients ?? []) client.terminate()
    await new Promise((resolve) => server?.close(resolve))
  }
  await start()
  cleanUps.push(stop)
  const inits = (): Message[] =>
    peers.flatMap(({ received }) => received.filter(({ type }) => type === 'connection_init'))
  const subscribes = (peer: Peer | undefined): Message[] =>
    peer?.received.filter(({ type }) => type === 'subscribe') ?? []
  const tokens = (): unknown[] => inits().map(({ payload }) => payload?.headers?.['authorization'])
  return { url: `ws://127.0.0.1:${port}/graphql`, peers, until, start, stop, inits, subscribes, tokens }
}

const canary = secretCanary()

/** A client whose pauses are over at once, and what it says of its connections. */
function connect(url: string, options: Partial<WsLinkOptions> = {}, ...links: Link[]) {
  const events: ConnectionEvent[] = []
  const onEvent = (event: ConnectionEvent): unknown => events.push(event)
  const link = chain(...links, wsLink({ url, random: () => 0, onEvent, ...options }))
  const client = createClient({ link })
  cleanUps.push(() => client.dispose())
  const types = (): string[] => events.map(({ type }) => type)
  return { client, events, types }
}

const subscribe = (client: Client, query = 'subscription Events { n }'): AsyncIterator<Result> =>
  client.subscribe(query)[Symbol.asyncIterator]()

/** The consumers leave. */
async function leave(...all: readonly AsyncIterator<Result>[]): Promise<void> {
  for (const results of all) await results.return?.()
}

async function errorOf(promise: Promise<unknown>): Promise<Error> {
  const error = await canary.watch(() =>
    promise.then(
      () => {
        throw new Error('it should have failed')
      },
      (thrown: Error) => thrown,
    ),
  )
  canary.check(error)
  return error
}

/** Gives each subscription the number of its socket at once, and again for each mutation of the test. */
const counting: Script = { onSubscribe: (peer, message) => peer.next(message, { n: peer.index }) }

describe('subscriptions', () => {
  test('W18 a server that is away and comes back is survived, and the first event after says so', async () => {
    const server = await serve(counting)
    const { client, events, types } = connect(server.url)
    const results = subscribe(client)
    expect(await results.next()).toEqual({ done: false, value: { data: { n: 0 } } })
    const next = results.next()
    await server.stop()
    while (types().filter((type) => type === 'retrying').length < 4) await settle()
    await server.start()
    const { value } = await next
    expect(value).toEqual({ data: { n: 1 }, resumed: { gapMs: expect.any(Number) as number } })
    expect(events.at(-1)).toMatchObject({ type: 'resubscribed', operationName: 'Events', connection: 1 })
    server.peers[1]?.next(server.subscribes(server.peers[1])[0] as Message, { n: 9 })
    expect((await results.next()).value).toEqual({ data: { n: 9 } })
    await results.return?.()
  })

  test('TR-52 two gaps without an event between them are told with the next one, without the time of the socket between them', async () => {
    const server = await serve({
      onSubscribe: (peer, message) => peer.index !== 1 && peer.next(message, { n: peer.index }),
    })
    const clock = new FakeClock()
    const { client, events, types } = connect(server.url, { clock, random: () => 1, retryDelayMs: 100 })
    const results = subscribe(client)
    await results.next()
    const next = results.next()
    for (const [index, pauseMs] of [100, 200].entries()) {
      await clock.advance(5_000)
      server.peers[index]?.close(1012)
      while (types().at(-1) !== 'retrying') await settle()
      await clock.advance(pauseMs)
      await server.until(() => server.subscribes(server.peers[index + 1]).length === 1)
    }
    expect((await next).value).toEqual({ data: { n: 2 }, resumed: { gapMs: 300 } })
    expect(events.flatMap((event) => (event.type === 'resubscribed' ? event.gapMs : []))).toEqual([100, 200])
    await leave(results)
    const disposed = client.dispose()
    await clock.advance(1_000)
    await disposed
  })

  test.each([1000, 1001, 1005, 1006, 1011, 1012, 1013, 4408, 4499, 4999])(
    'W15 W17 closed with %d, they go on with a new id on a new socket',
    async (code) => {
      const server = await serve(counting)
      const { client } = connect(server.url)
      const results = subscribe(client)
      await results.next()
      const next = results.next()
      if (code === 1006) server.peers[0]?.socket.terminate()
      else if (code === 1005) server.peers[0]?.socket.close()
      else server.peers[0]?.close(code)
      expect((await next).value).toMatchObject({ data: { n: 1 }, resumed: {} })
      const ids = server.peers.flatMap((peer) => server.subscribes(peer).map(({ id }) => id))
      expect(new Set(ids).size).toBe(2)
      await results.return?.()
      await server.until(() => server.peers[1]?.received.at(-1)?.type === 'complete')
    },
  )

  test.each([1002, 1008, 4400, 4406, 4409, 4429])('W15 closed with %d, they fail, typed', async (code) => {
    const server = await serve(counting)
    const results = subscribe(connect(server.url).client)
    await results.next()
    server.peers[0]?.close(code, 'because')
    const error = await errorOf(results.next())
    expect(error).toMatchObject({ closeCode: code, reason: 'because', retryable: false, attempts: 1 })
    expect(server.peers).toHaveLength(1)
  })

  test('W15 the application has the last word', async () => {
    const server = await serve(counting)
    const closeCodes = { 4999: { meaning: 'banned', action: 'fail' } } as const
    const results = subscribe(connect(server.url, { closeCodes }).client)
    await results.next()
    server.peers[0]?.close(4999)
    expect((await errorOf(results.next())).message).toContain('banned')
  })

  test.each([1000, 4403])(
    'W16 TR-54 closed with %d right after each ack: as many attempts as are allowed',
    async (code) => {
      const server = await serve({
        onInit: (peer) => {
          peer.send({ type: 'connection_ack' })
          peer.close(code)
        },
      })
      const clock = new FakeClock()
      const { client, events } = connect(
        server.url,
        { clock, random: () => 1, connectAttempts: 4 },
        bearerLink(() => canary.value),
      )
      const failed = errorOf(subscribe(client).next())
      const delays = (): number[] => events.flatMap((event) => (event.type === 'retrying' ? event.delayMs : []))
      for (const [index, delayMs] of (code === 1000 ? [1_000, 2_000, 4_000] : []).entries()) {
        while (delays().length <= index) await settle()
        expect(delays()[index]).toBe(delayMs)
        await clock.advance(delayMs)
      }
      const error = await failed
      expect(SocketClosedError.is(error)).toBe(true)
      // For 4403, the credentials are asked for once more, and that is all.
      expect(server.peers).toHaveLength(code === 1000 ? 4 : 2)
      expect(error).toMatchObject({ closeCode: code, attempts: code === 1000 ? 4 : 2 })
    },
  )

  test('W20 nobody left while it waits: no reconnect, no timer', async () => {
    const server = await serve(counting)
    const clock = new FakeClock()
    const { client, types } = connect(server.url, { clock, random: () => 1 })
    const results = subscribe(client)
    await results.next()
    const next = results.next()
    server.peers[0]?.close(1012)
    while (types().at(-1) !== 'retrying') await settle()
    await results.return?.()
    expect((await next).done).toBe(true)
    expect(clock.pending).toBe(0)
    await clock.advance(60_000)
    expect(server.peers).toHaveLength(1)
  })

  test('W21 dispose resolves at once while it waits, connects, and prepares; what runs fails', async () => {
    const server = await serve({ onInit: () => {} })
    for (const url of [server.url, 'ws://127.0.0.1:9/graphql']) {
      const clock = new FakeClock()
      const { client, types } = connect(url, { clock, random: () => 1 })
      const failed = errorOf(subscribe(client).next())
      while (!types().includes(url === server.url ? 'opened' : 'retrying')) await settle()
      const disposed = client.dispose()
      await clock.advance(1_000)
      await disposed
      expect((await failed).name).toBe('DisposedError')
      expect(clock.pending).toBe(0)
    }
    const { client } = connect(server.url, { payload: () => new Promise<never>(() => {}), clock: new FakeClock() })
    const failed = errorOf(subscribe(client).next())
    await settle()
    await client.dispose()
    expect((await failed).name).toBe('DisposedError')
  })

  test('W21 dispose waits for sockets that were left before, too: nothing of them outlives it', async () => {
    const server = await serve(counting)
    const clock = new FakeClock()
    const { client } = connect(server.url, { clock, pingMs: 5_000, pongTimeoutMs: 2_000 })
    const results = subscribe(client)
    await results.next()
    server.peers[0]?.socket.pause()
    const next = results.next()
    await clock.advance(12_000)
    expect((await next).value).toMatchObject({ data: { n: 1 } })
    let isOver = false
    const disposed = client.dispose().then(() => (isOver = true))
    await server.until(() => server.peers[1]?.socket.readyState === WebSocket.CLOSED)
    while (clock.pending > 1) await settle()
    await settle()
    // The first one is cut a second after it was asked to close.
    expect(isOver).toBe(false)
    await clock.advance(1_000)
    await disposed
    expect(clock.pending).toBe(0)
  })

  test('W15 4500: the operation that was sent last fails, its neighbours go on', async () => {
    const server = await serve({
      onSubscribe: (peer, message) =>
        message.payload.query.includes('oops')
          ? peer.close(4500, 'Syntax Error')
          : peer.next(message, { n: peer.index }),
    })
    const { client } = connect(server.url)
    const results = subscribe(client)
    await results.next()
    const next = results.next()
    const error = await errorOf(client.query('query Bad { oops( }'))
    expect(error).toMatchObject({ closeCode: 4500, operationName: 'Bad', reason: 'Syntax Error' })
    expect((await next).value).toMatchObject({ data: { n: 1 }, resumed: {} })
    await results.return?.()
  })

  test("W15 4500 long after anything was sent is nobody's: all come back once, and the second is final", async () => {
    const server = await serve()
    const clock = new FakeClock()
    const { client } = connect(server.url, { clock, pingMs: 2 ** 30 })
    const results = subscribe(client)
    const next = results.next()
    await server.until(() => server.subscribes(server.peers[0]).length === 1)
    await clock.advance(10_001)
    server.peers[0]?.close(4500, 'Internal')
    while (server.peers.length < 2) {
      await settle()
      await clock.advance(0)
    }
    await server.until(() => server.subscribes(server.peers[1]).length === 1)
    server.peers[1]?.close(4500, 'Internal')
    expect(await errorOf(next)).toMatchObject({ closeCode: 4500, attempts: 2 })
  })

  test('W9 a document that the parser refuses is never sent', async () => {
    const server = await serve(counting)
    const { client } = connect(server.url, { parse })
    const results = subscribe(client)
    await results.next()
    const error = await errorOf(client.query('query Bad { oops( }'))
    expect(DocumentError.is(error)).toBe(true)
    expect(error).toMatchObject({ link: 'wsLink', operationName: 'Bad' })
    expect(server.subscribes(server.peers[0])).toHaveLength(1)
    await results.return?.()
  })

  test('W7 a server that gives no sign of life is left with 4499, and the subscription goes on', async () => {
    const server = await serve(counting)
    const clock = new FakeClock()
    const { client, events, types } = connect(server.url, { clock, pingMs: 5_000, pongTimeoutMs: 2_000 })
    const results = subscribe(client)
    await results.next()
    const next = results.next()
    await clock.advance(5_000) // something came in that time
    await clock.advance(5_000)
    await server.until(() => server.peers[0]?.received.at(-1)?.type === 'ping')
    expect(clock.delays).toContain(2_000)
    await clock.advance(1_999)
    expect(types()).not.toContain('closed')
    await clock.advance(1)
    expect((await next).value).toMatchObject({ data: { n: 1 }, resumed: {} })
    expect(events).toContainEqual(expect.objectContaining({ type: 'closed', code: 4499 }))
    await results.return?.()
  })

  test.each(['online', 'visibilitychange', 'pageshow'])(
    'W7 %s: a pause ends at once, and a socket is asked whether it lives',
    async (type) => {
      const page = new EventTarget()
      const methods = ['addEventListener', 'removeEventListener'] as const
      for (const name of methods) Object.assign(globalThis, { [name]: page[name].bind(page) })
      cleanUps.push(() => {
        for (const name of methods) Reflect.deleteProperty(globalThis, name)
      })
      const server = await serve(counting)
      const clock = new FakeClock()
      const { client, types } = connect(server.url, { clock, random: () => 1 })
      const results = subscribe(client)
      await results.next()
      page.dispatchEvent(new Event(type))
      await server.until(() => server.peers[0]?.received.at(-1)?.type === 'ping')
      const next = results.next()
      server.peers[0]?.close(1012)
      while (types().at(-1) !== 'retrying') await settle()
      expect(clock.delays).toContain(1_000)
      page.dispatchEvent(new Event(type))
      expect((await next).value).toMatchObject({ data: { n: 1 }, resumed: {} })
      await leave(results)
      const disposed = client.dispose()
      await clock.advance(1_000)
      await disposed
    },
  )

  test('W7 visibilitychange again and again: one question, and silence is found out all the same', async () => {
    const page = new EventTarget()
    const methods = ['addEventListener', 'removeEventListener'] as const
    for (const name of methods) Object.assign(globalThis, { [name]: page[name].bind(page) })
    cleanUps.push(() => {
      for (const name of methods) Reflect.deleteProperty(globalThis, name)
    })
    const server = await serve({ ...counting, onInit: (peer) => peer.send({ type: 'connection_ack' }) })
    const clock = new FakeClock()
    const { client, events } = connect(server.url, { clock, pongTimeoutMs: 1_000 })
    const results = subscribe(client)
    await results.next()
    const next = results.next()
    page.dispatchEvent(new Event('visibilitychange'))
    page.dispatchEvent(new Event('pageshow'))
    await server.until(() => server.peers[0]?.received.at(-1)?.type === 'ping')
    // It answers, and is asked anew when there is reason to.
    server.peers[0]?.next(server.subscribes(server.peers[0])[0] as Message, { n: 8 })
    expect((await next).value).toEqual({ data: { n: 8 } })
    for (const _ of [1, 2, 3, 4]) {
      page.dispatchEvent(new Event('visibilitychange'))
      await clock.advance(250)
    }
    expect(events).toContainEqual(expect.objectContaining({ type: 'closed', code: 4499 }))
    await server.until(() => server.peers[0]?.socket.readyState === WebSocket.CLOSED)
    expect(server.peers[0]?.received.filter(({ type }) => type === 'ping')).toHaveLength(2)
    await leave(results)
    const disposed = client.dispose()
    await clock.advance(1_000)
    await disposed
  })

  test('W6 W7 any message counts as life; pings are answered, also before the ack', async () => {
    const server = await serve({
      onInit: (peer) => {
        peer.send({ type: 'ping', payload: { early: true } })
        peer.send({ type: 'connection_ack' })
      },
      onSubscribe: (peer, message) => peer.next(message, { n: 0 }),
    })
    const { client, types } = connect(server.url)
    const results = subscribe(client)
    await results.next()
    await server.until(() => server.peers[0]?.received.some(({ type }) => type === 'pong'))
    const pong = server.peers[0]?.received.find(({ type }) => type === 'pong')
    expect(pong).toEqual({ type: 'pong', payload: { early: true } })
    expect(types()).toContain('ping')
    await results.return?.()
  })

  test('W13 bad JSON: closed with 4004, and tried once more', async () => {
    const server = await serve({ onSubscribe: (peer) => peer.socket.send('{"id": nonsense') })
    const error = await errorOf(subscribe(connect(server.url).client).next())
    expect(error).toMatchObject({ closeCode: 4004, attempts: 2, retryable: false })
    expect(server.peers).toHaveLength(2)
  })

  test('W12 W13 binary frames are read as UTF-8', async () => {
    const server = await serve({
      onSubscribe: (peer, { id }) =>
        peer.socket.send(Buffer.from(JSON.stringify({ id, type: 'next', payload: { data: { n: 'ü' } } }))),
    })
    const results = subscribe(connect(server.url).client)
    expect((await results.next()).value).toEqual({ data: { n: 'ü' } })
    await results.return?.()
  })
})

describe('the protocol', () => {
  test('W8 ids are used once: on one socket, after a completion, and on the next', async () => {
    const server = await serve({
      onSubscribe: (peer, message) => {
        peer.next(message, { n: 0 })
        if (message.payload.query.startsWith('{')) peer.send({ id: message.id, type: 'complete' })
      },
    })
    const { client } = connect(server.url)
    const results = subscribe(client)
    await results.next()
    await client.query('{ n }')
    await client.query('{ n }')
    server.peers[0]?.close(1012)
    await results.next()
    await client.query('{ n }')
    const ids = server.peers.flatMap((peer) => server.subscribes(peer).map(({ id }) => id))
    expect(ids).toHaveLength(5)
    expect(new Set(ids).size).toBe(5)
    await leave(results)
  })

  test('W10 W14 what has an id that nobody has, or had and left, is ignored', async () => {
    const server = await serve({
      onSubscribe: (peer, message) => {
        peer.send({ id: 'nobody', type: 'next', payload: { data: { n: 'no' } } })
        peer.send({ id: 'nobody', type: 'error', payload: [{ message: 'no' }] })
        peer.send({ id: 'nobody', type: 'complete' })
        peer.next(message, { n: 'yes' })
        peer.send({ id: message.id, type: 'complete' })
        peer.next(message, { n: 'late' })
      },
    })
    const { client } = connect(server.url)
    expect(await client.query('{ n }')).toEqual({ data: { n: 'yes' } })
    expect(await client.query('{ n }')).toEqual({ data: { n: 'yes' } })
    expect(server.peers).toHaveLength(1)
  })

  test('W19 nothing is opened before it is needed; an idle socket is used again, one that closes is not', async () => {
    const server = await serve({
      onSubscribe: (peer, message) => {
        peer.next(message, { n: peer.index })
        peer.send({ id: message.id, type: 'complete' })
      },
    })
    const clock = new FakeClock()
    const { client, events } = connect(server.url, { clock, idleCloseMs: 1_000 })
    client.subscribe('subscription { n }')
    await settle()
    expect(events).toEqual([])
    expect(await client.query('{ n }')).toEqual({ data: { n: 0 } })
    await clock.advance(999)
    expect(await client.query('{ n }')).toEqual({ data: { n: 0 } })
    await clock.advance(999)
    expect(server.peers).toHaveLength(1)
    // While the one that was idle for too long still waits for the server's close.
    await clock.advance(1)
    expect(await client.query('{ n }')).toEqual({ data: { n: 1 } })
  })

  test('W19 connect opens the connection before there is an operation; the first one finds it', async () => {
    const server = await serve(counting)
    const clock = new FakeClock()
    const { client, events, types } = connect(server.url, { clock, idleCloseMs: 1_000 }, bearerLink('t'))
    await openConnection(client)
    expect(types()).toEqual(['connecting', 'opened', 'connected'])
    // It is there already.
    await openConnection(client)
    await clock.advance(999)
    const results = subscribe(client)
    await results.next()
    expect(server.peers).toHaveLength(1)
    expect(server.peers[0]?.received.map(({ type }) => type)).toEqual(['connection_init', 'subscribe'])
    expect(events.at(-1)).toMatchObject({ type: 'subscribed', operationName: 'Events', id: '1' })
    await leave(results)
    // Another identity has another connection, which is closed when nobody needed it.
    await openConnection(client, { headers: { authorization: 'Bearer other' } })
    expect(server.peers).toHaveLength(2)
    await clock.advance(1_000)
    expect(types().filter((type) => type === 'closed')).toHaveLength(2)
  })

  test('W19 connect fails as an operation would, after as many attempts, and may be left', async () => {
    const server = await serve({ onInit: (peer) => peer.close(1013, 'later') })
    const { client, types } = connect(server.url, { connectAttempts: 2 })
    expect(await errorOf(openConnection(client))).toMatchObject({ code: 'SOCKET_CLOSED', attempts: 2 })
    expect(types().filter((type) => type === 'connecting')).toHaveLength(2)
    const silent = await serve({ onInit: () => {} })
    const controller = new AbortController()
    const waiting = openConnection(connect(silent.url).client, { signal: controller.signal })
    await silent.until(() => silent.peers.length === 1)
    controller.abort(new Error('left'))
    await expect(waiting).rejects.toThrow('left')
  })

  test.each([
    ['a server that was wrong', 4004, { onSubscribe: (peer: Peer) => peer.socket.send('nonsense') }],
    ['a client that has finished', 1000, {}],
  ])('W22 TR-55 the link closes with a code that it may send, and no reason: %s', async (_, code, script) => {
    const server = await serve({ ...counting, ...script })
    const { client } = connect(server.url, { connectAttempts: 1, idleCloseMs: 0 })
    const results = subscribe(client)
    const first = results.next().catch(() => {})
    await server.until(() => server.peers.length === 1)
    const closed = once(server.peers[0]?.socket as WebSocket, 'close')
    await first
    await leave(results)
    await client.dispose()
    expect((await closed).map(String)).toEqual([String(code), ''])
  })

  test('W25 results in parts are put together, and anew after the socket was lost', async () => {
    const server = await serve({
      onSubscribe: (peer, message) => {
        const part = (payload: object): void => peer.send({ id: message.id, type: 'next', payload })
        part({ data: { a: peer.index }, pending: [{ id: '0', path: [] }], hasNext: true })
        if (peer.index === 0) return peer.close(1012)
        part({ incremental: [{ id: '0', data: { b: peer.index } }], completed: [{ id: '0' }], hasNext: false })
      },
    })
    const results = subscribe(connect(server.url).client, 'subscription { a ... @defer { b } }')
    expect((await results.next()).value).toMatchObject({ data: { a: 0 }, hasNext: true })
    expect((await results.next()).value).toMatchObject({ data: { a: 1 }, hasNext: true, resumed: {} })
    expect((await results.next()).value).toMatchObject({ data: { a: 1, b: 1 }, hasNext: false })
    await leave(results)
  })
})

describe('W17 queries and mutations', () => {
  const late: Script = {
    onSubscribe: (peer, message) => {
      if (peer.index === 0) return
      peer.next(message, { n: peer.index })
      peer.send({ id: message.id, type: 'complete' })
    },
  }

  test('W17 a query without a result is sent again', async () => {
    const server = await serve(late)
    const { client } = connect(server.url)
    const answer = client.query('{ n }')
    await server.until(() => server.subscribes(server.peers[0]).length === 1)
    server.peers[0]?.close(1012)
    expect(await answer).toEqual({ data: { n: 1 } })
  })

  test('W17 a mutation that was sent fails, as it may have run, and is not sent again', async () => {
    const server = await serve(late)
    const { client } = connect(server.url)
    const sent = errorOf(client.mutate('mutation Pay { n }'))
    await server.until(() => server.subscribes(server.peers[0]).length === 1)
    server.peers[0]?.close(1012)
    const error = await sent
    expect(SocketClosedError.is(error)).toBe(true)
    expect(error).toMatchObject({ closeCode: 1012, mayHaveRun: true, operationName: 'Pay' })
    expect(error.message).toContain('may have run')
    expect(server.subscribes(server.peers[1])).toEqual([])
  })

  test.each([
    ['query', 1012, undefined],
    ['mutation', 1012, undefined],
    ['mutation', 4400, undefined],
    ['mutation', 1012, 'always'],
  ] as const)('W17 a %s that has its result needs no more, closed with %d, replay %s', async (kind, code, policy) => {
    const server = await serve({
      onSubscribe: (peer, message) => {
        peer.next(message, { n: peer.index })
        peer.close(code)
      },
    })
    const { client } = connect(server.url)
    const context = policy ? emptyContext.with(replay, policy) : emptyContext
    expect(await client[kind === 'query' ? 'query' : 'mutate'](`${kind} { n }`, null, { context })).toEqual({
      data: { n: 0 },
    })
    expect(server.peers).toHaveLength(1)
  })

  test('W17 a mutation that has some of its result may have run, of course', async () => {
    const server = await serve({
      onSubscribe: (peer, { id }) => {
        peer.send({ id, type: 'next', payload: { data: {}, pending: [{ id: '0', path: [] }], hasNext: true } })
        peer.close(1012)
      },
    })
    const error = await errorOf(connect(server.url).client.mutate('mutation { ... @defer { n } }'))
    expect(error).toMatchObject({ code: 'SOCKET_CLOSED', mayHaveRun: true })
  })

  test('W17 a mutation that was not sent yet is sent', async () => {
    const server = await serve({
      ...late,
      onInit: (peer) => (peer.index === 0 ? peer.close(1012) : peer.send({ type: 'connection_ack' })),
    })
    const { client } = connect(server.url)
    expect(await client.mutate('mutation { n }')).toEqual({ data: { n: 1 } })
  })

  test('W17 the replay context wins: "always", and "never"', async () => {
    const server = await serve(late)
    const { client } = connect(server.url)
    const always = client.mutate('mutation A { n }', null, { context: emptyContext.with(replay, 'always') })
    const never = errorOf(client.query('query B { n }', null, { context: emptyContext.with(replay, 'never') }))
    await server.until(() => server.subscribes(server.peers[0]).length === 2)
    server.peers[0]?.close(1012)
    expect(await always).toEqual({ data: { n: 1 } })
    expect(await never).toMatchObject({ closeCode: 1012, mayHaveRun: false })
  })
})

describe('credentials', () => {
  test('AUTH-44 TR-51 each attempt has them as they are then: from functions of every auth link, and of the payload', async () => {
    const server = await serve(counting)
    let round = 0
    const next = (): string => `value-${round}`
    const { client } = connect(
      server.url,
      { payload: (_, { headers }) => ({ headers, round }) },
      bearerLink(() => next()),
      headerLink(async () => ({ 'x-tenant': next() })),
      renewableLink(async (operation) => withCredential(operation, { name: 'x-session', value: next() })),
    )
    const results = subscribe(client)
    await results.next()
    round = 1
    server.peers[0]?.close(1012)
    await results.next()
    expect(server.inits().map(({ payload }) => payload)).toEqual(
      [0, 1].map((value) => ({
        headers: {
          authorization: `Bearer value-${value}`,
          'x-tenant': `value-${value}`,
          'x-session': `value-${value}`,
        },
        round: value,
      })),
    )
    await results.return?.()
  })

  test('AUTH-45 two users who were one to the server, and are two after the reconnect, get two sockets', async () => {
    const server = await serve({
      onSubscribe: (peer, message) => peer.next(message, { n: peer.received[0]?.payload.headers?.['authorization'] }),
    })
    const user = contextKey<string>('user')
    let signedIn = false
    const { client } = connect(
      server.url,
      {},
      bearerLink((operation) => (signedIn ? operation.context.get(user) : 'guest')),
    )
    const of = (name: string): AsyncIterator<Result> =>
      client.subscribe('subscription { n }', null, { context: emptyContext.with(user, name) })[Symbol.asyncIterator]()
    const [ada, bob] = [of('ada'), of('bob')]
    await Promise.all([ada.next(), bob.next()])
    expect(server.peers).toHaveLength(1)
    signedIn = true
    const both = Promise.all([ada.next(), bob.next()])
    server.peers[0]?.close(1012)
    const [mine, yours] = await both
    expect([mine.value, yours.value]).toMatchObject([{ data: { n: 'Bearer ada' } }, { data: { n: 'Bearer bob' } }])
    expect(server.peers).toHaveLength(3)
    await leave(ada, bob)
  })

  test('AUTH-46 constant credentials that are refused are not tried again', async () => {
    const server = await serve({ onInit: (peer) => peer.close(4403, 'Forbidden') })
    const error = await errorOf(subscribe(connect(server.url, {}, bearerLink(canary.value)).client).next())
    expect(error).toMatchObject({ closeCode: 4403, reason: 'Forbidden', retryable: false })
    expect(server.peers).toHaveLength(1)
  })

  test('AUTH-46 a function that fails on the way ends its operation with that, and no other', async () => {
    const server = await serve(counting)
    let isBroken = false
    const { client } = connect(
      server.url,
      {},
      basicAuthLink({
        username: 'ada',
        password: (operation) => {
          if (isBroken && operation.operationName === 'Mine') throw new Error('the vault is closed')
          return 'secret'
        },
      }),
    )
    const [mine, yours] = [subscribe(client, 'subscription Mine { n }'), subscribe(client, 'subscription Yours { n }')]
    await Promise.all([mine.next(), yours.next()])
    isBroken = true
    server.peers[0]?.close(1012)
    expect(await errorOf(mine.next())).toMatchObject({ code: 'CREDENTIAL', operationName: 'Mine' })
    expect((await yours.next()).value).toMatchObject({ data: { n: 1 } })
    await yours.return?.()
  })

  test.each(['payload', 'ticket', 'renewableLink'])(
    'AUTH-44 what %s throws before a later socket is the cause of a typed error, and no delay is taken from it',
    async (where) => {
      const server = await serve({ onSubscribe: (peer) => peer.close(1012) })
      let asked = 0
      const fail = async (): Promise<object> => {
        if (++asked > 1) throw Object.assign(new RangeError('no'), { retryAfterMs: 'soon' })
        return {}
      }
      const { client } = connect(
        server.url,
        where === 'renewableLink' ? {} : { [where]: fail },
        renewableLink(async (operation) => {
          if (where === 'renewableLink') await fail()
          return operation
        }),
      )
      const error = await errorOf(client.query('query Q { n }'))
      expect(error).toMatchObject({ code: 'LINK_FAILED', link: 'wsLink', operationName: 'Q', cause: { message: 'no' } })
      expect([asked, server.peers.length]).toEqual([2, 1])
    },
  )

  test('TR-56 a ticket is asked for before each attempt, and no error shows it', async () => {
    let number = 0
    const server = await serve({ onInit: (peer) => (peer.index < 2 ? peer.close(1012) : peer.close(4400, peer.path)) })
    const { client } = connect(server.url, { ticket: async () => ({ ticket: `${canary.value}${++number}` }) })
    const error = await errorOf(subscribe(client).next())
    expect(server.peers.map(({ path }) => path)).toEqual(
      [1, 2, 3].map((count) => `/graphql?ticket=${canary.value}${count}`),
    )
    expect(error.message).toContain('[redacted]')
  })

  test('TR-56 one ticket for each socket, however many operations share it, and however often they come', async () => {
    const server = await serve(counting)
    let tickets = 0
    const { client } = connect(server.url, { ticket: async () => ({ ticket: `t${++tickets}` }) })
    const all = [subscribe(client), subscribe(client), subscribe(client)]
    await Promise.all(all.map((results) => results.next()))
    const later = subscribe(client)
    await later.next()
    const next = Promise.all([...all, later].map((results) => results.next()))
    server.peers[0]?.close(1012)
    for (const { value } of await next) expect(value).toMatchObject({ data: { n: 1 } })
    expect(server.peers.map(({ path }) => path)).toEqual(['/graphql?ticket=t1', '/graphql?ticket=t2'])
    expect(tickets).toBe(2)
    await leave(...all, later)
  })

  test('TR-56 who left while their ticket was made takes nobody with them; a ticket that fails fails all, each with it', async () => {
    const server = await serve({
      onSubscribe: (peer, message) => message.payload.query.startsWith('s') && peer.next(message, { n: peer.index }),
    })
    const asked: AbortSignal[] = []
    let isBroken = false
    const ticket = ({ signal }: Operation) => {
      asked.push(signal)
      if (isBroken) throw new RangeError('no more tickets')
      if (asked.length > 1) return { ticket: 't' }
      return new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
    }
    const { client } = connect(server.url, { ticket })
    const controller = new AbortController()
    const mine = client.query('query Mine { n }', null, { signal: controller.signal })
    mine.catch(() => {})
    const yours = subscribe(client)
    const first = yours.next()
    while (asked.length === 0) await settle()
    controller.abort(new Error('changed my mind'))
    await expect(mine).rejects.toThrow('changed my mind')
    expect((await first).value).toEqual({ data: { n: 0 } })
    isBroken = true
    const failed = [yours.next(), client.query('query Other { n }')].map(errorOf)
    await server.until(() => server.subscribes(server.peers[0]).length === 2)
    server.peers[0]?.close(1012)
    for (const [index, error] of (await Promise.all(failed)).entries()) {
      const operationName = ['Events', 'Other'][index]
      expect(error).toMatchObject({ code: 'LINK_FAILED', operationName, cause: { message: 'no more tickets' } })
    }
    expect(asked).toHaveLength(3)
  })

  test('AUTH-44 a source that does not answer is asked again after a pause, and operations wait for no longer', async () => {
    const server = await serve(counting)
    const clock = new FakeClock()
    let asked = 0
    const source = renewableLink((operation) => (++asked === 2 ? new Promise<never>(() => {}) : operation))
    const { client, events, types } = connect(server.url, { clock, connectTimeoutMs: 500 }, source)
    const results = subscribe(client)
    await results.next()
    const next = results.next()
    server.peers[0]?.close(1012)
    while (types().at(-1) !== 'retrying') await settle()
    await clock.advance(0)
    expect(asked).toBe(2)
    await clock.advance(499)
    expect(asked).toBe(2)
    await clock.advance(1)
    await clock.advance(1)
    expect((await next).value).toMatchObject({ data: { n: 1 }, resumed: { gapMs: 501 } })
    expect(events.filter(({ type }) => type === 'retrying')).toHaveLength(2)
    await leave(results)
  })

  test('AUTH-44 a source that never answers is given up after as many attempts as there are for sockets', async () => {
    const server = await serve({ onSubscribe: (peer) => peer.close(1012) })
    const clock = new FakeClock()
    let asked = 0
    const source = renewableLink((operation) => (++asked > 1 ? new Promise<never>(() => {}) : operation))
    const { client } = connect(server.url, { clock, connectTimeoutMs: 500, connectAttempts: 3 }, source)
    const failed = errorOf(client.query('query Q { n }'))
    while (server.peers.length === 0 || asked < 2) {
      await settle()
      await clock.advance(0)
    }
    await clock.advance(1_100)
    expect(await failed).toMatchObject({ code: 'TIMEOUT', link: 'wsLink', operationName: 'Q' })
    expect([asked, server.peers.length, clock.pending]).toEqual([3, 1, 0])
  })
})

describe('a session', () => {
  const session = (
    refresh: (request: { readonly refreshToken?: string | undefined }) => Promise<string>,
    clock?: FakeClock,
  ): TokenSource => {
    const source = createTokenSource({
      initial: { accessToken: 'token-0', refreshToken: 'r', expiresInSeconds: 600, subject: 'ada' },
      refresh: async (request) => ({
        accessToken: await refresh(request),
        refreshToken: 'r',
        expiresInSeconds: 600,
        subject: 'ada',
      }),
      random: () => 0,
      ...(clock && { clock }),
    })
    cleanUps.push(() => source.dispose())
    return source
  }
  const only = (token: () => string): Script => ({
    ...counting,
    onInit: (peer, { payload }) =>
      payload.headers?.['authorization'] === `Bearer ${token()}`
        ? peer.send({ type: 'connection_ack' })
        : peer.close(4403, 'Forbidden'),
  })

  test('TR-53 AUTH-46 4403 at the init: one refresh for all, one more socket, all go on', async () => {
    const server = await serve(only(() => 'token-1'))
    let refreshes = 0
    const source = session(async () => `token-${++refreshes}`)
    const { client } = connect(server.url, {}, tokenRefreshLink(source))
    const all = Array.from({ length: 20 }, () => subscribe(client))
    for (const results of all) expect((await results.next()).value).toEqual({ data: { n: 1 } })
    expect(refreshes).toBe(1)
    expect(server.tokens()).toEqual(['Bearer token-0', 'Bearer token-1'])
    await leave(...all)
  })

  test('TR-53 in the middle of a stream: refreshed once, and the consumer is told', async () => {
    let good = 'token-0'
    const server = await serve(only(() => good))
    const source = session(async () => (good = 'token-1'))
    const { client } = connect(server.url, {}, tokenRefreshLink(source))
    const results = subscribe(client)
    await results.next()
    server.peers[0]?.close(4401, 'Unauthorized')
    expect((await results.next()).value).toMatchObject({ data: { n: 1 }, resumed: {} })
    await results.return?.()
  })

  test('TR-53 a second refusal, of the new token, is final: one refresh, two sockets, whoever asks', async () => {
    const server = await serve({ onInit: (peer) => peer.close(4403) })
    let refreshes = 0
    const source = session(async () => `token-${++refreshes}`)
    const { client } = connect(server.url, {}, tokenRefreshLink(source))
    const errors = await Promise.all(Array.from({ length: 5 }, () => errorOf(subscribe(client).next())))
    for (const error of errors) expect(error).toMatchObject({ closeCode: 4403, attempts: 2, retryable: false })
    expect([refreshes, server.peers.length]).toEqual([1, 2])
  })

  test('TR-53 a socket with an older token than there is costs no refresh', async () => {
    let refreshes = 0
    let good = 'token-0'
    const clock = new FakeClock()
    const server = await serve(only(() => good))
    const source = session(async () => `token-${++refreshes}`, clock)
    const { client } = connect(server.url, {}, tokenRefreshLink(source))
    const results = subscribe(client)
    await results.next()
    good = 'token-1'
    // Somebody else renews it, and the server closes the socket in the same moment.
    const next = results.next()
    await clock.advance(599_000)
    server.peers[0]?.close(4403)
    await source.accessToken()
    expect((await next).value).toMatchObject({ data: { n: 1 } })
    expect(refreshes).toBe(1)
    await results.return?.()
  })

  test('TR-53 a refresh that fails for now is waited for, and the subscription lives', async () => {
    let good = 'token-0'
    const clock = new FakeClock()
    const server = await serve(only(() => good))
    let isAway = true
    const source = session(async () => {
      if (isAway) throw Object.assign(new Error('503'), { status: 503 })
      return good
    }, clock)
    const { client, types } = connect(server.url, { clock }, tokenRefreshLink(source))
    const results = subscribe(client)
    await results.next()
    good = 'token-1'
    const next = results.next()
    server.peers[0]?.close(4403)
    while (!types().includes('retrying')) await clock.advance(1_000)
    isAway = false
    while (server.peers.length < 2) await clock.advance(1_000)
    expect((await next).value).toMatchObject({ data: { n: 1 } })
    await results.return?.()
  })

  test('TR-53 a session that is over fails its subscriptions with that', async () => {
    const server = await serve(only(() => 'token-1'))
    const source = session(async () => {
      throw Object.assign(new Error('gone'), { error: 'invalid_grant', status: 400 })
    })
    const { client } = connect(server.url, {}, tokenRefreshLink(source))
    expect(await errorOf(subscribe(client).next())).toMatchObject({ code: 'AUTH_EXPIRED' })
    expect(server.peers).toHaveLength(1)
  })

  test('TR-52 before the token expires the socket is replaced, a mutation is waited for, and events go on', async () => {
    const clock = new FakeClock()
    const server = await serve({
      onSubscribe: (peer, message) => {
        if (!message.payload.query.startsWith('mutation')) peer.next(message, { n: peer.index })
      },
    })
    let refreshes = 0
    const source = session(async () => `token-${++refreshes}`, clock)
    const { client } = connect(
      server.url,
      { clock, pingMs: 2 ** 31 - 1, idleCloseMs: 2 ** 31 - 1 },
      tokenRefreshLink(source),
    )
    const results = subscribe(client)
    await results.next()
    const next = results.next()
    const paid = client.mutate('mutation { n }')
    await server.until(() => server.subscribes(server.peers[0]).length === 2)
    // The last fifth of its life.
    await clock.advance(500_000)
    while (refreshes === 0) await settle()
    await settle()
    expect(server.peers).toHaveLength(1)
    const [peer] = server.peers as [Peer]
    const mutation = server.subscribes(peer)[1] as Message
    peer.next(mutation, { n: 'paid' })
    peer.send({ id: mutation.id, type: 'complete' })
    expect(await paid).toEqual({ data: { n: 'paid' } })
    expect((await next).value).toMatchObject({ data: { n: 1 }, resumed: {} })
    expect(server.tokens()).toEqual(['Bearer token-0', 'Bearer token-1'])
    await server.until(() => peer.socket.readyState > 1)
    await results.return?.()
  })

  test('TR-52 a token that was renewed before there was a socket is soon on one', async () => {
    const clock = new FakeClock()
    const server = await serve(counting)
    const source = session(async () => 'token-1', clock)
    let made = 0
    const payload: WsLinkOptions['payload'] = async (_, { headers }) => {
      if (++made > 1) return { headers }
      await clock.advance(599_000)
      await source.accessToken()
      return { headers }
    }
    const { client } = connect(server.url, { payload }, tokenRefreshLink(source))
    const results = subscribe(client)
    expect((await results.next()).value).toEqual({ data: { n: 1 } })
    expect(server.tokens()).toEqual(['Bearer token-0', 'Bearer token-1'])
    await leave(results)
  })

  test('TR-52 who signs in again as the same person gets one socket, with the new token', async () => {
    const server = await serve(counting)
    const source = session(async () => 'token-1')
    const { client } = connect(server.url, {}, tokenRefreshLink(source))
    const results = subscribe(client)
    await results.next()
    await source.set({ accessToken: 'token-9', refreshToken: 'r', subject: 'ada' })
    const other = subscribe(client)
    expect((await other.next()).value).toEqual({ data: { n: 1 } })
    expect((await results.next()).value).toMatchObject({ data: { n: 1 }, resumed: {} })
    expect(server.tokens()).toEqual(['Bearer token-0', 'Bearer token-9'])
    await leave(results, other)
  })

  describe('a mutation is running when the token is renewed', () => {
    const renewing = async (options: Partial<WsLinkOptions> = {}) => {
      const clock = new FakeClock()
      const server = await serve({
        onSubscribe: (peer, message) => {
          if (message.payload.query.startsWith('mutation')) return
          peer.next(message, { n: peer.index })
          peer.send({ id: message.id, type: 'complete' })
        },
      })
      let refreshes = 0
      const source = session(async () => `token-${++refreshes}`, clock)
      const { client } = connect(server.url, options, tokenRefreshLink(source))
      const paid = client.mutate('mutation { n }')
      await server.until(() => server.subscribes(server.peers[0]).length === 1)
      await clock.advance(599_000)
      await source.accessToken()
      const [peer] = server.peers as [Peer]
      const [mutation] = server.subscribes(peer) as [Message]
      const answer = async (): Promise<void> => {
        peer.next(mutation, { n: 'paid' })
        peer.send({ id: mutation.id, type: 'complete' })
        expect(await paid).toEqual({ data: { n: 'paid' } })
      }
      return { server, client, answer }
    }

    test('TR-52 and it was all that ran: what comes next has a socket with the new token', async () => {
      const { server, client, answer } = await renewing()
      await answer()
      expect(await client.query('{ n }')).toEqual({ data: { n: 1 } })
      expect(server.tokens()).toEqual(['Bearer token-0', 'Bearer token-1'])
    })

    test('TR-52 and is not answered: others wait for connectTimeoutMs, and no longer', async () => {
      const clock = new FakeClock()
      const { server, client, answer } = await renewing({ clock, connectTimeoutMs: 7_000, idleCloseMs: 20_000 })
      const other = client.query('{ n }')
      await clock.advance(6_999)
      expect(server.subscribes(server.peers[0])).toHaveLength(1)
      await clock.advance(1)
      expect(await other).toEqual({ data: { n: 0 } })
      expect(await client.query('{ n }')).toEqual({ data: { n: 0 } })
      await answer()
      expect(await client.query('{ n }')).toEqual({ data: { n: 1 } })
      const disposed = client.dispose()
      await clock.advance(1_000)
      await disposed
      expect(clock.pending).toBe(0)
    })
  })

  test('TR-57 clear() by who hears that it is connected: no timer stays', async () => {
    const clock = new FakeClock()
    const server = await serve(counting)
    const source = session(async () => 'token-1')
    const onEvent = ({ type }: ConnectionEvent): void => void (type === 'connected' && source.clear())
    const { client } = connect(server.url, { clock, onEvent }, tokenRefreshLink(source))
    expect(await errorOf(subscribe(client).next())).toMatchObject({ code: 'IDENTITY_CHANGED' })
    await clock.advance(1_000)
    expect(clock.pending).toBe(0)
  })

  test('TR-57 clear() closes the socket at once, a running one and an idle one, and it is not used again', async () => {
    const server = await serve(counting)
    const source = session(async () => 'token-1')
    const { client, types } = connect(server.url, { idleCloseMs: 60_000 }, tokenRefreshLink(source))
    const running = subscribe(client)
    await running.next()
    const failed = errorOf(running.next())
    await source.clear()
    expect(await failed).toMatchObject({ code: 'IDENTITY_CHANGED' })
    expect(types().at(-1)).toBe('closed')
    await source.set({ accessToken: 'bob-0', subject: 'bob' })
    const idle = subscribe(client)
    expect((await idle.next()).value).toEqual({ data: { n: 1 } })
    await idle.return?.()
    expect(types().at(-1)).not.toBe('closed')
    await source.clear()
    expect(types().at(-1)).toBe('closed')
    await server.until(() => server.peers.every(({ socket }) => socket.readyState > 1))
  })
})

describe('bounds', () => {
  test('a socket for each identity, and a clear error for one too many; idle ones make room', async () => {
    const server = await serve(counting)
    const user = contextKey<string>('user')
    const { client } = connect(
      server.url,
      { maxSockets: 2, idleCloseMs: 60_000 },
      bearerLink((operation) => operation.context.get(user)),
    )
    const of = (name: string): AsyncIterator<Result> =>
      client.subscribe('subscription S { n }', null, { context: emptyContext.with(user, name) })[Symbol.asyncIterator]()
    const [ada, bob] = [of('ada'), of('bob')]
    await Promise.all([ada.next(), bob.next()])
    const error = await errorOf(of('eve').next())
    expect(SocketLimitError.is(error)).toBe(true)
    expect(error.message).toContain('maxSockets')
    await ada.return?.()
    const eve = of('eve')
    expect((await eve.next()).value).toEqual({ data: { n: 2 } })
    await leave(bob, eve)
  })

  test('those who are somebody else after a reconnect need no room beside that which they leave', async () => {
    const server = await serve(counting)
    let token = 'guest'
    const { client } = connect(
      server.url,
      { maxSockets: 1 },
      bearerLink(async () => token),
    )
    const all = [subscribe(client), subscribe(client), subscribe(client)]
    await Promise.all(all.map((results) => results.next()))
    token = 'ada'
    const next = Promise.all(all.map((results) => results.next()))
    server.peers[0]?.close(1012)
    for (const { value } of await next) expect(value).toMatchObject({ data: { n: 1 }, resumed: {} })
    expect(server.tokens()).toEqual(['Bearer guest', 'Bearer ada'])
    await leave(...all)
  })

  test('W24 overflow: "drop-oldest" keeps the newest, Infinity keeps all', async () => {
    const server = await serve({
      onSubscribe: (peer, message) => {
        for (let n = 0; n < 50; n++) peer.next(message, { n })
        peer.send({ id: message.id, type: 'complete' })
      },
    })
    const read = async (options: Partial<WsLinkOptions>): Promise<number[]> => {
      const { client } = connect(server.url, options)
      const results = subscribe(client)
      const read = [((await results.next()).value as Result<{ n: number }>).data?.n as number]
      // The other 49 have come.
      await client.query('{ n }')
      for (let step = await results.next(); !step.done; step = await results.next())
        read.push((step.value as Result<{ n: number }>).data?.n as number)
      return read
    }
    expect(await read({ maxQueuedResults: 3, overflow: 'drop-oldest' })).toEqual([0, 47, 48, 49])
    expect(await read({ maxQueuedResults: Infinity })).toHaveLength(50)
  })

  describe('a socket that is slow to send', () => {
    const sent: string[] = []
    beforeEach(() => sent.splice(0))
    class Slow {
      static instance: Slow
      readyState = 1
      protocol = 'graphql-transport-ws'
      bufferedAmount = 0
      binaryType = ''
      onopen?: () => void
      onmessage?: (event: { data: string }) => void
      onclose?: (event: object) => void
      constructor() {
        Slow.instance = this
        queueMicrotask(() => this.onopen?.())
      }
      send(message: string): void {
        const { type } = JSON.parse(message) as Message
        sent.push(type)
        if (type === 'connection_init') queueMicrotask(() => this.onmessage?.({ data: '{"type":"connection_ack"}' }))
        if (type === 'subscribe') this.bufferedAmount += message.length
      }
      close(): void {
        this.readyState = 3
        for (const listener of this.#listeners) listener()
      }
      readonly #listeners: (() => void)[] = []
      addEventListener(_: string, listener: () => void): void {
        this.#listeners.push(listener)
      }
    }
    const slow = (clock: FakeClock) => connect('ws://127.0.0.1/', { webSocket: Slow, clock, maxBufferedBytes: 1_000 })
    const long = `subscription Events { n } #${' '.repeat(1_000)}`

    test('W24 operations wait while it has not sent what it was given, with one timer for all', async () => {
      const clock = new FakeClock()
      const { client } = slow(clock)
      const all = [subscribe(client, long), ...Array.from({ length: 20 }, () => subscribe(client))]
      const reads = [all[0]?.next()]
      while (sent.length < 2) await settle()
      const timers = clock.pending
      for (const results of all.slice(1)) reads.push(results.next())
      await clock.advance(1_000)
      expect(sent).toEqual(['connection_init', 'subscribe'])
      expect(clock.pending).toBe(timers + 1)
      Slow.instance.bufferedAmount = 0
      await clock.advance(100)
      expect(sent.length).toBeGreaterThan(10)
      await leave(...all)
      for (const read of reads) await read
    })

    test('W24 variables and all, also where many operations waited for the connection', async () => {
      const clock = new FakeClock()
      const { client } = slow(clock)
      const variables = { text: 'x'.repeat(1_000) }
      const all = Array.from({ length: 20 }, () => client.query('query Q($text: String) { n }', variables))
      const failed = Promise.all(all.map(errorOf))
      while (sent.length < 2) await settle()
      await clock.advance(1_000)
      expect(sent.length).toBeLessThan(4)
      await client.dispose()
      await failed
    })
  })

  test('W18 a first connection is given up after connectAttempts, with the reason of the last', async () => {
    const server = await serve()
    await server.stop()
    const { client, events } = connect(server.url, { connectAttempts: 3, webSocket: WebSocket })
    const error = await errorOf(client.query('query Q { n }'))
    expect(SocketConnectError.is(error)).toBe(true)
    expect(error).toMatchObject({ attempts: 3, operationName: 'Q', retryable: true, cause: { code: 'ECONNREFUSED' } })
    expect(events.map(({ type }) => type)).toEqual([
      'connecting',
      'closed',
      'retrying',
      'connecting',
      'closed',
      'retrying',
      'connecting',
      'closed',
    ])
    await server.start()
  })
})

test('W5 W26 the events of a connection, in order, and a listener that throws harms nobody', async () => {
  const server = await serve({
    ...counting,
    onInit: (peer) => peer.send({ type: 'connection_ack', payload: { version: peer.index } }),
  })
  const { client, events } = connect(server.url)
  const results = subscribe(client)
  await results.next()
  const next = results.next()
  server.peers[0]?.close(1012, 'restart')
  await next
  await results.return?.()
  expect(events).toMatchObject([
    { type: 'connecting', attempt: 1 },
    { type: 'opened' },
    { type: 'connected', isRetry: false, payload: { version: 0 } },
    { type: 'subscribed', operationName: 'Events', id: '1' },
    { type: 'closed', code: 1012, error: { reason: 'restart' } },
    { type: 'retrying', delayMs: 0, attempt: 2 },
    { type: 'connecting', attempt: 2 },
    { type: 'opened' },
    { type: 'connected', isRetry: true, payload: { version: 1 } },
    { type: 'resubscribed', operationName: 'Events', id: '2', gapMs: expect.any(Number) as number },
  ])
  const throwing = connect(server.url, {
    onEvent: () => {
      throw new Error('no')
    },
  })
  expect((await subscribe(throwing.client).next()).value).toEqual({ data: { n: 2 } })
})

test('W26 onMessage hears of each message in both directions, never of what is in it, and harms nobody', async () => {
  const server = await serve({
    ...counting,
    onInit: (peer) => peer.send({ type: 'connection_ack', payload: { secret: canary.value } }),
  })
  const messages: SocketMessage[] = []
  const clock = new FakeClock()
  const { client } = connect(
    server.url,
    {
      clock,
      pingMs: 1_000,
      onMessage: (message) => {
        messages.push(message)
        throw new Error('no')
      },
    },
    bearerLink(canary.value),
  )
  const results = client.subscribe(`subscription Events { n(of: "${canary.value}") }`)[Symbol.asyncIterator]()
  await results.next()
  server.peers[0]?.send({ type: 'ping', payload: { secret: canary.value } })
  await server.until(() => messages.some(({ type }) => type === 'pong'))
  const told = messages.map(({ direction, type, id }) => [direction, type, id])
  expect(told).toEqual([
    ['out', 'connection_init', undefined],
    ['in', 'connection_ack', undefined],
    ['out', 'subscribe', '1'],
    ['in', 'next', '1'],
    ...told.slice(4, -2).map(() => ['in', 'next', '1']),
    ['in', 'ping', undefined],
    ['out', 'pong', undefined],
  ])
  expect(messages.every(({ connection, length }) => connection === 1 && length > 10)).toBe(true)
  canary.check(messages)
  await leave(results)
  expect(messages.at(-1)).toMatchObject({ direction: 'out', type: 'complete', id: '1' })
})

test('W26 threats 8: of a message that is none, onMessage hears its length', async () => {
  for (const text of ['nonsense', '[]', 'null', `{"type":"${canary.value}","id":"${canary.value}"}`]) {
    const server = await serve({ onInit: (peer) => peer.socket.send(text) })
    const messages: SocketMessage[] = []
    const onMessage = (message: SocketMessage): unknown => messages.push(message)
    await expect(connect(server.url, { connectAttempts: 1, onMessage }).client.query('{ n }')).rejects.toThrow()
    expect(messages.at(-1)).toEqual({ connection: 1, direction: 'in', type: 'unknown', length: text.length })
    canary.check(messages)
  }
})

test.each([
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
])('TR-53 a handshake that is answered with %d: the credentials are asked for once more', async (status, text) => {
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    verifyClient: (_, answer) => answer(false, status, text),
  })
  await once(server, 'listening')
  cleanUps.push(() => server.close())
  let asked = 0
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const { client } = connect(
    url,
    { handshakeHeaders: true },
    bearerLink(() => `${canary.value}${++asked}`),
  )
  const error = await errorOf(client.query('{ n }'))
  expect(error).toMatchObject({ code: 'SOCKET_CONNECT', status, retryable: false, attempts: 2 })
  expect(asked).toBe(2)
})

test.each([
  [503, 3, true],
  [429, 3, true],
  [404, 1, false],
  [307, 1, false],
])('a handshake that is answered with %d: %d attempts, and no redirect', async (status, attempts, retryable) => {
  const headers = { location: '/elsewhere' }
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    verifyClient: (_, answer) => answer(false, status, '', headers),
  })
  await once(server, 'listening')
  cleanUps.push(() => server.close())
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const error = await errorOf(connect(url, { connectAttempts: 3, webSocket: WebSocket }).client.query('{ n }'))
  expect(error).toMatchObject({ code: 'SOCKET_CONNECT', status, attempts, retryable })
})
