import { once } from 'node:events'
import fc from 'fast-check'
import { WebSocket } from 'ws'
import { settle } from './fakeClock.ts'
import { scriptedSocketServer, type ScriptedSocketServer, type SocketScript } from './scriptedSocketServer.ts'
import { decodeFrames, encodeFrame, opcodes } from './socketFrames.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function start(script: SocketScript): Promise<ScriptedSocketServer> {
  const server = await scriptedSocketServer(script)
  cleanUps.push(() => server.close())
  return server
}

function connect({ url }: ScriptedSocketServer, protocols: string[] = ['a', 'b']) {
  const client = new WebSocket(url, protocols)
  const messages: string[] = []
  client.on('error', () => {})
  client.on('message', (data: Buffer) => messages.push(String(data)))
  const closed = new Promise<[code: number, reason: string]>((resolve) => {
    client.on('close', (code, reason) => resolve([code, String(reason)]))
  })
  cleanUps.push(() => client.terminate())
  return { client, messages, closed }
}

test('frames are what they were, of any length, masked or not, however the bytes come', () => {
  const frame = fc.record({
    opcode: fc.integer({ min: 0, max: 15 }),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom(new Uint8Array(65_535).fill(7), new Uint8Array(65_536).fill(9)),
    ),
    isFinal: fc.boolean(),
    isMasked: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 5 }), fc.integer({ min: 1, max: 5_000 }), (frames, least) => {
      const bytes = Buffer.concat(
        frames.map(({ opcode, payload, ...options }) => encodeFrame(opcode, payload, options)),
      )
      // Byte by byte, a large one would take long.
      const step = bytes.length > 2_000 ? 5_000 + least : (least % 50) + 1
      let rest = Buffer.alloc(0)
      const decoded = []
      for (let from = 0; from < bytes.length; from += step) {
        const some = decodeFrames(Buffer.concat([rest, bytes.subarray(from, from + step)]))
        decoded.push(...some.frames)
        rest = some.rest as never
      }
      expect(rest).toHaveLength(0)
      expect(decoded.map(({ opcode, payload, isFinal }) => [opcode, isFinal, payload.equals(payload)])).toEqual(
        frames.map(({ opcode, isFinal }) => [opcode, isFinal, true]),
      )
      for (const [index, { payload }] of frames.entries()) expect(decoded[index]?.payload.equals(payload)).toBe(true)
    }),
    { numRuns: 200 },
  )
})

test('a conversation: the handshake, messages both ways in order, large ones, and those in fragments', async () => {
  const large = 'ü'.repeat(70_000)
  const server = await start(async (socket) => {
    await socket.accept()
    expect(await socket.messageOfType('second')).toEqual({ type: 'second' })
    expect(await socket.message()).toBe(large)
    await socket.send({ type: 'hello' })
    await socket.send(large)
    await socket.fragment('in pieces: 💧', 3)
    socket.close(4321, 'enough')
  })
  const { client, messages, closed } = connect(server)
  await once(client, 'open')
  expect(client.protocol).toBe('a')
  client.send('{"type":"first"}')
  client.send('{"type":"second"}')
  client.send(large)
  expect(await closed).toEqual([4321, 'enough'])
  expect(messages).toEqual(['{"type":"hello"}', large, 'in pieces: 💧'])
  const [socket] = server.sockets
  expect(socket?.offered).toEqual(['a', 'b'])
  expect(socket?.url).toBe('/graphql')
  expect(socket?.closeFrame).toEqual({ code: 4321, reason: 'enough' })
  expect(socket?.messages).toHaveLength(3)
})

test('the client closes: its code and reason are known, and the close is answered', async () => {
  const server = await start((socket) => socket.accept({ subprotocol: 'b', headers: { 'x-own': 'yes' } }))
  const { client, closed } = connect(server)
  const [[{ headers }]] = await Promise.all([once(client, 'upgrade'), once(client, 'open')])
  expect((headers as Record<string, string>)['x-own']).toBe('yes')
  client.close(3000, 'bye')
  expect((await closed)[0]).toBe(3000)
  const socket = await server.socket(0)
  await socket.closed
  expect(socket.closeFrame).toEqual({ code: 3000, reason: 'bye' })
  await expect(socket.message()).rejects.toThrow('no message came')
})

test('a refused handshake is an HTTP answer', async () => {
  const server = await start((socket) => socket.refuse(401, { 'x-why': 'token' }, 'no'))
  const { client } = connect(server)
  const [, response] = (await once(client, 'unexpected-response')) as [unknown, { statusCode: number; headers: object }]
  expect(response.statusCode).toBe(401)
  expect(response.headers).toMatchObject({ 'x-why': 'token' })
})

test.each([
  ['no code: 1005', async (socket: Parameters<SocketScript>[0]) => socket.close(), 1005],
  ['FIN: 1006', async (socket: Parameters<SocketScript>[0]) => socket.end(), 1006],
  ['RST: 1006', async (socket: Parameters<SocketScript>[0]) => socket.reset(), 1006],
  [
    'a masked frame, which clients refuse',
    (socket: Parameters<SocketScript>[0]) => socket.frame(opcodes.text, Buffer.from('x'), { isMasked: true }),
    1006,
  ],
  [
    'bytes that are no frame',
    (socket: Parameters<SocketScript>[0]) => socket.raw(Buffer.from('HTTP/1.1 200 OK')),
    1006,
  ],
])('what clients see: %s', async (_, act, code) => {
  const server = await start(async (socket) => {
    await socket.accept()
    await act(socket)
  })
  expect((await connect(server).closed)[0]).toBe(code)
})

test('codes that never travel are refused, with what to do', async () => {
  const server = await scriptedSocketServer(async (socket) => {
    await socket.accept()
    socket.close(1006)
  })
  await connect(server).closed
  await expect(server.close()).rejects.toThrow('end() and reset()')
})

test('pings are answered, until it is frozen: then nothing is, and the client does not notice', async () => {
  const server = await start((socket) => socket.accept())
  const { client } = connect(server)
  await once(client, 'open')
  client.ping()
  await once(client, 'pong')
  const socket = await server.socket(0)
  socket.freeze()
  let pongs = 0
  client.on('pong', () => pongs++)
  client.ping()
  client.send('hello?')
  for (let turn = 0; turn < 20; turn++) await settle()
  expect(pongs).toBe(0)
  expect(socket.messages).toEqual([])
  expect(await socket.send('x')).toBe(false)
  expect(client.readyState).toBe(WebSocket.OPEN)
})

test('it stops, and starts again where it was; silence is a script that returns', async () => {
  const server = await start((socket) => (server.sockets.length === 1 ? undefined : socket.accept()))
  const first = connect(server)
  await server.socket(0)
  expect(first.client.readyState).toBe(WebSocket.CONNECTING)
  await server.stop()
  expect((await first.closed)[0]).toBe(1006)
  expect((await connect(server).closed)[0]).toBe(1006)
  await server.start()
  const second = connect(server)
  await once(second.client, 'open')
  expect(server.connections).toEqual({ open: 1, most: 1, made: 2 })
})
