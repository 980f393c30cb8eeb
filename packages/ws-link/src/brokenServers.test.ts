/** What no real server can be made to do, frame by frame. */
import { chain, bearerLink, createClient, type Client, type Result } from '@graphlinks/core'
import {
  FakeClock,
  scriptedSocketServer,
  secretCanary,
  settle,
  type ScriptedSocket,
  type SocketScript,
} from '@graphlinks/testing'
import { WebSocket } from 'ws'
import { SocketConnectError, wsLink, type ConnectionEvent, type WsLinkOptions } from './index.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})
const canary = secretCanary()

async function against(script: SocketScript, options: Partial<WsLinkOptions> = {}) {
  const server = await scriptedSocketServer(script)
  cleanUps.push(() => server.close())
  const events: ConnectionEvent[] = []
  const onEvent = (event: ConnectionEvent): unknown => events.push(event)
  const link = wsLink({ url: server.url, random: () => 0, onEvent, ...options })
  const client = createClient({ link: chain(bearerLink(canary.value), link) })
  cleanUps.push(() => client.dispose())
  return { server, client, events }
}

async function acknowledge(socket: ScriptedSocket): Promise<void> {
  await socket.accept()
  await socket.messageOfType('connection_init')
  await socket.send({ type: 'connection_ack' })
}

/** Acknowledges, and sends the first event of the first subscription. @returns the id of that. */
async function serve(socket: ScriptedSocket, n: number): Promise<unknown> {
  await acknowledge(socket)
  const { id } = await socket.messageOfType('subscribe')
  await socket.send({ id, type: 'next', payload: { data: { n } } })
  return id
}

const subscribe = (client: Client): AsyncIterator<Result> =>
  client.subscribe('subscription Events { n }')[Symbol.asyncIterator]()

const errorOf = async (promise: Promise<unknown>): Promise<Error> => {
  const error = await promise.then(
    () => new Error('it should have failed'),
    (thrown: Error) => thrown,
  )
  canary.check(error)
  return error
}

test('W7 half-open: the socket answers nothing any more, is left with 4499, and the subscription goes on', async () => {
  const clock = new FakeClock()
  const { server, client, events } = await against(
    async (socket) => {
      const first = server.sockets.length === 1
      await serve(socket, server.sockets.length)
      if (first) socket.freeze()
    },
    { clock, pingMs: 5_000, pongTimeoutMs: 2_000 },
  )
  const results = subscribe(client)
  await results.next()
  const next = results.next()
  await clock.advance(10_000)
  await clock.advance(2_000)
  expect(events).toContainEqual(expect.objectContaining({ type: 'closed', code: 4499 }))
  await clock.advance(0)
  expect((await next).value).toMatchObject({ data: { n: 2 }, resumed: {} })
  await results.return?.()
  // A socket that answers nothing does not answer the close either, and is cut: nothing waits for it.
  const disposed = client.dispose()
  await clock.advance(1_000)
  await disposed
  expect(clock.pending).toBe(0)
})

test.each([
  ['a masked frame', async (socket: ScriptedSocket) => socket.frame(1, Buffer.from('{}'), { isMasked: true })],
  ['bytes that are no frame', async (socket: ScriptedSocket) => socket.raw(Buffer.from('HTTP/1.1 200 OK\r\n'))],
  [
    'a frame that breaks off',
    async (socket: ScriptedSocket) => {
      await socket.raw(Buffer.from([0x81, 0x50, 0x7b]))
      socket.reset()
    },
  ],
  ['an opcode that nobody knows', async (socket: ScriptedSocket) => socket.frame(11)],
])('W13 W18 %s: the socket broke, and the subscription goes on', async (_, act) => {
  const { server, client } = await against(async (socket) => {
    const first = server.sockets.length === 1
    await serve(socket, server.sockets.length)
    if (first) await act(socket)
  })
  const results = subscribe(client)
  await results.next()
  expect((await results.next()).value).toMatchObject({ data: { n: 2 }, resumed: {} })
  await results.return?.()
})

test('W10 error, complete and next for one id in one write: the first is the end', async () => {
  const { client } = await against(async (socket) => {
    await acknowledge(socket)
    const { id } = await socket.messageOfType('subscribe')
    await Promise.all([
      socket.send({ id, type: 'error', payload: [{ message: 'first' }] }),
      socket.send({ id, type: 'complete' }),
      socket.send({ id, type: 'next', payload: { data: { n: 'late' } } }),
    ])
  })
  const seen: Result[] = []
  for await (const result of client.subscribe('subscription { n }')) seen.push(result)
  expect(seen).toEqual([{ errors: [{ message: 'first' }] }])
})

test('W2 W3 a message in fragments of one byte is one message; nothing but the init comes before the ack', async () => {
  const { server, client } = await against(async (socket) => {
    await socket.accept()
    await socket.messageOfType('connection_init')
    for (let turn = 0; turn < 20; turn++) await settle()
    expect(socket.messages).toHaveLength(1)
    await socket.fragment('{"type":"connection_ack"}', 1)
    const { id } = await socket.messageOfType('subscribe')
    await socket.fragment(JSON.stringify({ id, type: 'next', payload: { data: { n: 'ü💧' } } }), 1)
    await socket.send({ id, type: 'complete' })
  })
  expect(await client.query('{ n }')).toEqual({ data: { n: 'ü💧' } })
  expect(server.sockets[0]?.offered).toEqual(['graphql-transport-ws'])
})

test.each([
  [401, 1, false],
  [403, 1, false],
  [404, 1, false],
  [302, 1, false],
  [429, 3, true],
  [503, 3, true],
])('W18 TR-53 a handshake refused with %d: %d attempts, typed', async (status, attempts, retryable) => {
  const { server, client } = await against((socket) => socket.refuse(status, { location: 'ws://127.0.0.1:9/' }, 'no'), {
    connectAttempts: 3,
    // The platform's class keeps the status to itself, as in browsers.
    webSocket: WebSocket,
  })
  const error = await errorOf(client.query('query Q { n }'))
  expect(SocketConnectError.is(error)).toBe(true)
  expect(error).toMatchObject({ status, attempts, retryable, operationName: 'Q' })
  expect(server.sockets).toHaveLength(attempts)
})

test('W4 silence: no answer to the handshake, and no ack, end with connectTimeoutMs, and are tried again', async () => {
  const clock = new FakeClock()
  const { server, client } = await against(
    async (socket) => {
      if (server.sockets.length === 1) return
      await socket.accept()
      if (server.sockets.length === 2) return
      await socket.messageOfType('connection_init')
      await socket.send({ type: 'connection_ack' })
      const { id } = await socket.messageOfType('subscribe')
      await socket.send({ id, type: 'next', payload: { data: { n: server.sockets.length } } })
      await socket.send({ id, type: 'complete' })
    },
    { clock, connectTimeoutMs: 10_000 },
  )
  const answer = client.query('{ n }')
  await server.socket(0)
  await clock.advance(10_000)
  await clock.advance(0)
  const second = await server.socket(1)
  await second.messageOfType('connection_init')
  await clock.advance(10_000)
  await clock.advance(0)
  expect(await answer).toEqual({ data: { n: 3 } })
  await second.closed
  expect(second.closeFrame).toEqual({ code: 4504, reason: '' })
})

test('TR-54 threats 22 ack, then close, at once and for ever: as many sockets as attempts', async () => {
  const { server, client } = await against(
    async (socket) => {
      await acknowledge(socket)
      socket.close(1000)
    },
    { connectAttempts: 5 },
  )
  const error = await errorOf(subscribe(client).next())
  expect(error).toMatchObject({ closeCode: 1000, attempts: 5 })
  expect(server.connections.made).toBe(5)
})
