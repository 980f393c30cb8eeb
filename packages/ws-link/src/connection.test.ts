import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net'
import { bearerLink, chain, createClient, type Client, type Result } from '@graphlinks/core'
import { IncrementalDeliveryError } from '@graphlinks/core/incremental'
import { FakeClock, secretCanary } from '@graphlinks/testing'
import { WebSocket, WebSocketServer } from 'ws'
import { SocketClosedError, SocketConnectError, wsLink, type WsLinkOptions } from './index.ts'

interface Message {
  readonly type: string
  readonly id?: string
  readonly payload?: unknown
}

type Send = (...messages: (Message | string)[]) => void
type Script = (message: Message, send: Send, socket: WebSocket) => void

const cleanUps: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** A server that does what the script says on each message, in one write where it sends several. */
async function script(onMessage: Script, { protocol = 'graphql-transport-ws' as string | false } = {}) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => protocol })
  await once(server, 'listening')
  const received: Message[] = []
  const closes: { code: number; reason: string }[] = []
  const waiting = new Set<() => void>()
  const wake = (): void => waiting.forEach((resolve) => resolve())
  let connections = 0
  server.on('connection', (socket, request) => {
    connections++
    const send: Send = (...messages) => {
      request.socket.cork()
      for (const message of messages) socket.send(typeof message === 'string' ? message : JSON.stringify(message))
      request.socket.uncork()
    }
    socket.on('error', () => {})
    socket.on('message', (data) => {
      const message = JSON.parse(String(data as Buffer)) as Message
      received.push(message)
      onMessage(message, send, socket)
      wake()
    })
    socket.on('close', (code, reason) => {
      closes.push({ code, reason: String(reason) })
      wake()
    })
  })
  cleanUps.push(async () => {
    for (const client of server.clients) client.terminate()
    await new Promise((resolve) => server.close(resolve))
  })
  return {
    url: urlOf(server.address() as AddressInfo),
    received,
    closes,
    connections: () => connections,
    types: () => received.map(({ type }) => type),
    async until(test: () => boolean): Promise<void> {
      while (!test()) await new Promise<void>((resolve) => waiting.add(resolve))
    },
  }
}

const urlOf = ({ port }: AddressInfo): string => `ws://127.0.0.1:${port}/graphql`

/** Acknowledges, and leaves operations to the script. */
const acknowledging =
  (onSubscribe: Script): Script =>
  (message, send, socket) => {
    if (message.type === 'connection_init') send({ type: 'connection_ack' })
    if (message.type === 'subscribe') onSubscribe(message, send, socket)
  }

const canary = secretCanary()

// Of why there is no socket, or none any more, the platform's class says less, as in browsers.
const talkative: Partial<WsLinkOptions> = { webSocket: WebSocket }

/** A client whose connections have one socket: reconnection.test.ts has the others. */
function connect(url: string, options: Partial<WsLinkOptions> = {}): Client {
  const once = { connectAttempts: 1, reconnectAttempts: 1 }
  const client = createClient({ link: chain(bearerLink(canary.value), wsLink({ url, ...once, ...options })) })
  cleanUps.push(() => client.dispose())
  return client
}

/** The error of a promise, which must hold no secret. */
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

const start = (client: Client, signal?: AbortSignal) =>
  client.subscribe('subscription Events { n }', null, { signal })[Symbol.asyncIterator]()

describe('the handshake', () => {
  it.each([
    ['none', false as const, /the server chose no subprotocol, and the link speaks "graphql-transport-ws"/],
    [
      'another',
      'graphql-ws',
      /the server chose the subprotocol "graphql-ws", and the link speaks "graphql-transport-ws"/,
    ],
  ])(
    'W1 a server that chooses %s subprotocol: the error names both, and nothing is sent',
    async (_, protocol, text) => {
      const server = await script(() => {}, { protocol })
      const error = await errorOf(connect(server.url, talkative).query('query Q { n }'))
      expect(SocketConnectError.is(error)).toBe(true)
      expect(error).toMatchObject({ retryable: false, attempts: 1, operationName: 'Q', link: 'wsLink' })
      expect(error.message).toMatch(text)
      expect(server.received).toEqual([])
    },
  )

  it('W1 the same where the WebSocket class opens the socket all the same, as some platforms do', async () => {
    const sent: string[] = []
    const closes: unknown[] = []
    class Lenient extends EventTarget {
      readyState = 0
      protocol = ''
      onopen: (() => void) | undefined
      constructor() {
        super()
        queueMicrotask(() => {
          this.readyState = 1
          this.onopen?.()
        })
      }
      send(data: string): void {
        sent.push(data)
      }
      close(code: number): void {
        closes.push(code)
        this.readyState = 3
        this.dispatchEvent(new Event('close'))
      }
    }
    const error = await errorOf(connect('ws://127.0.0.1', { webSocket: Lenient }).query('{ n }'))
    expect(error).toMatchObject({ code: 'SOCKET_CONNECT', retryable: false })
    expect(error.message).toContain('the server chose no subprotocol')
    expect([sent, closes]).toEqual([[], [4406]])
  })

  it('W13 a WebSocket class that gives Blobs whatever it is asked for: a typed error, after one more try', async () => {
    const server = await script(acknowledging((_, __, socket) => socket.send(Buffer.from('{"type":"ping"}'))))
    class Blobs extends WebSocket {
      override emit(event: string | symbol, ...args: unknown[]): boolean {
        // What a listener is given is made of this.
        return super.emit(event, ...(event === 'message' && args[1] === true ? [new Blob(), true] : args))
      }
    }
    const error = await errorOf(
      connect(server.url, { webSocket: Blobs, random: () => 0, connectAttempts: 5 }).query('query Q { n }'),
    )
    expect(error).toMatchObject({ code: 'SOCKET_CLOSED', closeCode: 4004, attempts: 2, operationName: 'Q' })
    expect(error.message).toContain('binaryType')
  })

  it('W1 a legacy server accepts and closes with 1002: the error has a hint', async () => {
    const server = await script((_, __, socket) => socket.close(1002))
    const error = await errorOf(connect(server.url).query('{ n }'))
    expect(error).toMatchObject({ code: 'SOCKET_CLOSED', closeCode: 1002, retryable: false })
    expect(error.message).toContain('does it speak only the legacy subprotocol "graphql-ws"?')
  })

  it('W3 nothing but connection_init and pong is sent before the ack, and one init per socket', async () => {
    let acknowledge = (): void => {}
    const server = await script((message, send) => {
      if (message.type === 'connection_init') send({ type: 'ping', payload: { a: 1 } })
      if (message.type === 'pong') acknowledge = () => send({ type: 'connection_ack' })
      if (message.type === 'subscribe')
        send(
          { id: message.id as string, type: 'next', payload: { data: {} } },
          { id: message.id as string, type: 'complete' },
        )
    })
    const client = connect(server.url)
    const results = Promise.all([client.query('{ n }'), client.query('{ m }')])
    await server.until(() => server.types().includes('pong'))
    expect(server.types()).toEqual(['connection_init', 'pong'])
    expect(server.received[1]?.payload).toEqual({ a: 1 })
    acknowledge()
    await results
    expect(server.types()).toEqual(['connection_init', 'pong', 'subscribe', 'subscribe'])
  })

  it('W4 no ack in time: 4504, typed and retryable, for an operation that joins late too', async () => {
    const clock = new FakeClock()
    const server = await script(() => {})
    const client = connect(server.url, { clock, connectTimeoutMs: 10_000, idleCloseMs: 60_000 })
    const first = errorOf(client.query('query First { n }'))
    await server.until(() => server.received.length === 1)
    await clock.advance(9_000)
    // What comes and goes while connecting must not stop the timer.
    const left = new AbortController()
    const second = errorOf(client.query('query Second { n }'))
    const third = errorOf(client.query('{ n }', null, { signal: left.signal }))
    await clock.advance(500)
    left.abort(new Error('gone'))
    expect((await third).message).toBe('gone')
    await clock.advance(499)
    expect(server.closes).toEqual([])
    await clock.advance(1)
    for (const [error, operationName] of [
      [await first, 'First'],
      [await second, 'Second'],
    ] as const) {
      expect(SocketClosedError.is(error)).toBe(true)
      expect(error).toMatchObject({ closeCode: 4504, retryable: true, attempts: 1, wasClean: false, operationName })
      expect(error.message).toContain('no connection_ack within 10000 ms')
    }
    await server.until(() => server.closes.length === 1)
    expect(server.closes).toEqual([{ code: 4504, reason: '' }])
    await clock.advance(0)
    expect(clock.pending).toBe(0)
  })

  it('W4 a server that accepts TCP and says nothing: typed, and the socket is gone', async () => {
    const clock = new FakeClock()
    const sockets: Socket[] = []
    const server = createTcpServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanUps.push(() => void server.close())
    // Node's own class connects again when it is closed, and keeps that connection for a while.
    const client = connect(urlOf(server.address() as AddressInfo), { clock, webSocket: WebSocket })
    const pending = errorOf(client.query('{ n }'))
    await once(server, 'connection')
    const gone = once(sockets[0] as Socket, 'close')
    sockets[0]?.resume()
    await clock.advance(10_000)
    expect(await pending).toMatchObject({ closeCode: 4504, retryable: true })
    await gone
  })

  it('W4 TR-55 the first message is no ack: 4004 with a constant reason', async () => {
    const server = await script((_, send) => send({ id: 'x', type: 'next', payload: {} }))
    const error = await errorOf(connect(server.url).query('{ n }'))
    expect(error).toMatchObject({ code: 'SOCKET_CLOSED', closeCode: 4004, retryable: false })
    expect(error.message).toContain('First message cannot be of type next')
    await server.until(() => server.closes.length === 1)
    expect(server.closes).toEqual([{ code: 4004, reason: '' }])
  })

  it('ECONNREFUSED is typed and retryable, with the cause, and the next operation tries again', async () => {
    const probe = createTcpServer().listen(0, '127.0.0.1')
    await once(probe, 'listening')
    const url = urlOf(probe.address() as AddressInfo)
    await new Promise((resolve) => probe.close(resolve))
    const client = connect(url, talkative)
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = await errorOf(client.query('query Q { n }'))
      expect(SocketConnectError.is(error)).toBe(true)
      expect(error).toMatchObject({ retryable: true, attempts: 1, operationName: 'Q', cause: { code: 'ECONNREFUSED' } })
    }
  })

  it.each([
    [401, false],
    [403, false],
    [404, false],
    [429, true],
    [503, true],
    [302, false],
  ])('a handshake that is answered with %i is typed, retryable: %s', async (status, retryable) => {
    const server = createServer((_, response) => void response.writeHead(status, { location: '/' }).end(canary.value))
    server.on('upgrade', (_, socket) => {
      const head = `HTTP/1.1 ${status} ${canary.value}\r\nlocation: /\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`
      socket.end(head)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanUps.push(() => void server.close())
    const client = connect(urlOf(server.address() as AddressInfo), { handshakeHeaders: true })
    const error = await errorOf(client.query('{ n }'))
    expect(error).toMatchObject({ code: 'SOCKET_CONNECT', retryable })
    expect(error.message).toContain(`the handshake was answered with HTTP ${status}`)
  })

  it('abort while connecting: the caller gets the reason at once', async () => {
    const server = await script(() => {})
    const controller = new AbortController()
    const reason = new Error('changed my mind')
    const pending = errorOf(start(connect(server.url), controller.signal).next())
    await server.until(() => server.received.length === 1)
    controller.abort(reason)
    const late = new Promise((resolve) => setImmediate(resolve, 'late'))
    expect(await Promise.race([pending, late])).toBe(reason)
  })
})

describe('results', () => {
  it('several results of one query, the last of which query() gives', async () => {
    const server = await script(
      acknowledging(({ id = '' }, send) =>
        send(
          { id, type: 'next', payload: { data: { n: 1 }, hasNext: true } },
          { id, type: 'next', payload: { data: { n: 2 }, errors: [{ message: 'half' }], hasNext: true } },
          { id, type: 'next', payload: { data: { n: 3 }, hasNext: false } },
          { id, type: 'complete' },
        ),
      ),
    )
    const client = connect(server.url)
    const seen: unknown[] = []
    for await (const result of client.execute('{ n }')) seen.push(result)
    expect(seen).toEqual([
      { data: { n: 1 }, hasNext: true },
      { data: { n: 2 }, errors: [{ message: 'half' }], hasNext: true },
      { data: { n: 3 }, hasNext: false },
    ])
    expect((await client.query('{ n }')).data).toEqual({ n: 3 })
  })

  const announced = { data: { a: 1 }, pending: [{ id: '0', path: [] }], hasNext: true }
  const rest = { incremental: [{ id: '0', data: { b: 2 } }], completed: [{ id: '0' }], hasNext: false }

  it('M13 payloads of @defer are put together, plain ones pass, and the next event starts anew', async () => {
    const server = await script(
      acknowledging(({ id = '' }, send) => {
        const payloads = [announced, rest, { data: { a: 3 } }, { data: { a: 4 }, hasNext: true }, { hasNext: false }]
        send(...payloads.map((payload) => ({ id, type: 'next', payload })), { id, type: 'complete' })
      }),
    )
    const seen: Result[] = []
    for await (const result of connect(server.url).execute('subscription { a ... @defer { b } }')) seen.push(result)
    expect(seen.map(({ data, hasNext }) => [data, hasNext])).toEqual([
      [{ a: 1 }, true],
      [{ a: 1, b: 2 }, false],
      [{ a: 3 }, undefined],
      [{ a: 4 }, true],
      [{ a: 4 }, false],
    ])
  })

  it('M13 payloads that do not go together fail their operation, end it on the server, and spare the others', async () => {
    const server = await script(
      acknowledging(({ id = '' }, send) => {
        if (id === '2') send({ id, type: 'next', payload: { data: { a: 2 } } }, { id, type: 'complete' })
        else send({ id, type: 'next', payload: announced }, { id, type: 'next', payload: { ...rest, completed: [{}] } })
      }),
    )
    const client = connect(server.url)
    const results = client.execute('query Q { a ... @defer { b } }')[Symbol.asyncIterator]()
    expect((await results.next()).value).toMatchObject({ data: { a: 1 } })
    const error = await errorOf(results.next())
    expect(IncrementalDeliveryError.is(error)).toBe(true)
    expect(error.message).toBe('wsLink, operation Q: a payload has an id that is not pending')
    expect(await client.query('{ a }')).toEqual({ data: { a: 2 } })
    expect(server.types()).toEqual(['connection_init', 'subscribe', 'complete', 'subscribe'])
  })

  it('M7 an operation that is completed before its data is fails, with the data so far', async () => {
    const server = await script(
      acknowledging(({ id = '' }, send) => send({ id, type: 'next', payload: announced }, { id, type: 'complete' })),
    )
    const error = await errorOf(connect(server.url).query('query Q { a ... @defer { b } }'))
    expect(error.message).toContain('wsLink, operation Q: the server completed the operation, and parts')
    expect(IncrementalDeliveryError.is(error) && error.partial?.data).toEqual({ a: 1 })
    expect(server.types()).toEqual(['connection_init', 'subscribe'])
  })

  it('W10 error, complete, next, complete in one tick: what is late is dropped, and neighbours live on', async () => {
    const ids: string[] = []
    const server = await script(
      acknowledging(({ id = '' }, send) => {
        ids.push(id)
        const [first = ''] = ids
        if (ids.length === 2) {
          send(
            { id, type: 'error', payload: [{ message: 'no' }] },
            { id, type: 'complete' },
            { id, type: 'next', payload: { data: { n: 'late' } } },
            { id, type: 'complete' },
            { id, type: 'error', payload: [{ message: 'late' }] },
            { id: 'unknown', type: 'next', payload: { data: {} } },
          )
        }
        if (ids.length === 3) {
          send(
            { id, type: 'next', payload: { data: { n: 1 } } },
            { id, type: 'complete' },
            { id, type: 'complete' },
            { id, type: 'next', payload: { data: { n: 'late' } } },
            { id, type: 'error', payload: [{ message: 'late' }] },
            { id: first, type: 'next', payload: { data: { n: 'alive' } } },
          )
        }
      }),
    )
    const client = connect(server.url)
    const neighbour = start(client)
    const alive = neighbour.next()
    await server.until(() => ids.length === 1)
    const collect = async () => {
      const seen: unknown[] = []
      for await (const result of client.execute('{ n }')) seen.push(result)
      return seen
    }
    expect(await collect()).toEqual([{ errors: [{ message: 'no' }] }])
    expect(await collect()).toEqual([{ data: { n: 1 } }])
    expect((await alive).value).toEqual({ data: { n: 'alive' } })
    await neighbour.return?.()
    await server.until(() => server.types().includes('complete'))
    expect(server.received.filter(({ type }) => type === 'complete')).toEqual([{ id: ids[0], type: 'complete' }])
    expect([server.connections(), server.closes]).toEqual([1, []])
  })

  it('W10 what comes after a cancellation is dropped', async () => {
    let late: Send | undefined
    const server = await script((message, send) => {
      if (message.type === 'connection_init') send({ type: 'connection_ack' })
      const { id = '' } = message
      if (message.type === 'subscribe' && !late) {
        late = send
        send({ id, type: 'next', payload: { data: { n: 1 } } })
      } else if (message.type === 'subscribe') {
        send({ id, type: 'next', payload: { data: { n: 2 } } }, { id, type: 'complete' })
      }
      if (message.type === 'complete') send({ id, type: 'next', payload: { data: {} } }, { id, type: 'complete' })
    })
    const client = connect(server.url)
    for await (const _ of client.subscribe('subscription { n }')) break
    expect((await client.query('{ n }')).data).toEqual({ n: 2 })
    expect(server.types()).toEqual(['connection_init', 'subscribe', 'complete', 'subscribe'])
  })

  it('TR-55 a message that is no graphql-transport-ws ends the socket with 4004 and a constant reason', async () => {
    const bad = [
      `no JSON, but ${canary.value}`,
      JSON.stringify({ type: canary.value }),
      '[]',
      '{"type":"error","id":"1"}',
    ]
    for (const text of bad) {
      const server = await script(acknowledging((_, send) => send(text)))
      const error = await errorOf(connect(server.url).query('query Q { n }'))
      expect(error).toMatchObject({ code: 'SOCKET_CLOSED', closeCode: 4004, operationName: 'Q', retryable: false })
      await server.until(() => server.closes.length === 1)
      expect(server.closes).toEqual([{ code: 4004, reason: '' }])
    }
  })

  it('threats 13 a message larger than maxMessageBytes is a typed error that is not worth a retry', async () => {
    const server = await script(
      acknowledging(({ id = '' }, send) => send({ id, type: 'next', payload: { data: { n: 'x'.repeat(2_000) } } })),
    )
    const error = await errorOf(connect(server.url, { ...talkative, maxMessageBytes: 1_000 }).query('{ n }'))
    expect(error).toMatchObject({ code: 'SOCKET_CLOSED', closeCode: 1009, retryable: false, cause: expect.any(Error) })
    expect(error.message).toContain('more than 1000 bytes (maxMessageBytes)')
  })
})

describe('threats 13 a WebSocket class that knows no limit', () => {
  /** Acknowledges, and answers an operation with what it is told. */
  function answering(...messages: unknown[]) {
    const closes: unknown[] = []
    return {
      closes,
      webSocket: class extends EventTarget {
        readyState = 0
        protocol = 'graphql-transport-ws'
        onopen: (() => void) | undefined
        onmessage: ((event: { data: unknown }) => void) | undefined
        constructor() {
          super()
          queueMicrotask(() => {
            this.readyState = 1
            this.onopen?.()
          })
        }
        send(text: string): void {
          const { type } = JSON.parse(text) as Message
          const answers = type === 'connection_init' ? ['{"type":"connection_ack"}'] : messages
          for (const data of answers) queueMicrotask(() => this.onmessage?.({ data }))
        }
        close(...args: unknown[]): void {
          closes.push(args)
          this.readyState = 3
          this.dispatchEvent(new Event('close'))
        }
      },
    }
  }

  it.each([
    ['text', 'x'.repeat(101)],
    ['bytes', new Uint8Array(101).buffer],
    ['a blob', new Blob(['x'.repeat(101)])],
  ])('maxMessageBytes holds: %s', async (_, message) => {
    const { webSocket, closes } = answering(message)
    const error = await errorOf(connect('ws://127.0.0.1', { webSocket, maxMessageBytes: 100 }).query('{ n }'))
    expect(error).toMatchObject({ code: 'SOCKET_CLOSED', closeCode: 1009, retryable: false })
    expect(error.message).toContain('more than 100 bytes (maxMessageBytes)')
    // Browsers let nobody send 1009.
    expect(closes).toEqual([[1000, '']])
  })

  it('a message of maxMessageBytes passes', async () => {
    const message = JSON.stringify({ id: '1', type: 'next', payload: { data: { n: 'x'.repeat(50) } } })
    const { webSocket } = answering(message, '{"id":"1","type":"complete"}')
    const client = connect('ws://127.0.0.1', { webSocket, maxMessageBytes: message.length })
    expect((await client.query('{ n }')).data).toEqual({ n: 'x'.repeat(50) })
  })
})

describe('the end of a socket', () => {
  it.each([
    [1000, true, 'normal closure'],
    [1001, true, 'going away'],
    [1008, false, 'policy violation'],
    [1011, true, 'internal error'],
    [1012, true, 'service restart'],
    [4400, false, 'bad request'],
    [4401, false, 'unauthorized'],
    [4403, false, 'forbidden'],
    [4408, true, 'connection initialisation timeout'],
    [4429, false, 'too many initialisation requests'],
    [4500, false, 'internal server error'],
    [3999, true, 'a code of the application'],
  ])(
    'W23 close %i is typed (retryable: %s), reaches every operation once, and is not retried',
    async (code, retryable, text) => {
      let count = 0
      const server = await script(
        acknowledging((_, __, socket) => {
          if (++count === 2) socket.close(code, `because ${code}`)
        }),
      )
      const client = connect(server.url)
      const errors = await Promise.all([errorOf(start(client).next()), errorOf(client.query('query Q { n }'))])
      for (const error of errors) {
        expect(SocketClosedError.is(error)).toBe(true)
        expect(error).toBeInstanceOf(SocketClosedError)
        expect(error).toMatchObject({
          closeCode: code,
          reason: `because ${code}`,
          wasClean: true,
          attempts: 1,
          retryable,
        })
        expect(error.message).toContain(text)
      }
      expect(errors.map((error) => (error as SocketClosedError).operationName)).toEqual(['Events', 'Q'])
      expect(errors[0]).not.toBe(errors[1])
      await server.until(() => server.closes.length === 1)
      // graphql-ws would have connected again by now: it does not wait.
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
      expect(server.connections()).toBe(1)
    },
  )

  it('W23 a refusal of connection_init with 4403 is typed, and the next operation gets a new socket', async () => {
    const server = await script((_, __, socket) => socket.close(4403, 'Forbidden'))
    const client = connect(server.url)
    for (let attempt = 1; attempt <= 2; attempt++) {
      expect(await errorOf(client.query('{ n }'))).toMatchObject({
        closeCode: 4403,
        reason: 'Forbidden',
        retryable: false,
      })
      expect(server.connections()).toBe(attempt)
    }
  })

  it('W23 a connection that breaks: 1006, not clean, retryable', async () => {
    const server = await script(acknowledging((_, __, socket) => socket.terminate()))
    const error = await errorOf(connect(server.url).mutate('mutation M { n }'))
    expect(error).toMatchObject({ closeCode: 1006, reason: '', wasClean: false, attempts: 1, retryable: true })
    expect(server.connections()).toBe(1)
  })

  it('W23 a broken frame: the error of the socket is the cause', async () => {
    const server = createServer()
    server.on('upgrade', (request, socket) => {
      const handshakes = new WebSocketServer({ noServer: true, handleProtocols: () => 'graphql-transport-ws' })
      handshakes.handleUpgrade(request, socket, Buffer.alloc(0), (accepted) => {
        accepted.on('error', () => {})
        accepted.on('message', (data) => {
          if (String(data as Buffer).includes('connection_init')) accepted.send('{"type":"connection_ack"}')
          else socket.write(Buffer.from([0xff, 0xff, 0xff]))
        })
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanUps.push(() => void server.close())
    const error = await errorOf(connect(urlOf(server.address() as AddressInfo), talkative).query('{ n }'))
    expect(error).toMatchObject({
      closeCode: 1006,
      wasClean: false,
      retryable: true,
      cause: { code: expect.stringMatching(/^WS_ERR_/) },
    })
  })

  it('threats 8 a reason that echoes a credential is redacted, from wherever it came', async () => {
    const server = await script(
      acknowledging((_, __, socket) => socket.close(4400, `bad token ${canary.value}\u001b[2J`)),
    )
    const ofTheLink = await errorOf(connect(server.url).query('{ n }'))
    expect(ofTheLink).toMatchObject({ reason: expect.stringMatching(/^bad token \[redacted\] \[2J$/) })
    const payload = () => ({ auth: { token: `Custom ${canary.value}` } })
    const ofThePayload = createClient({ link: wsLink({ url: server.url, payload, connectAttempts: 1 }) })
    cleanUps.push(() => ofThePayload.dispose())
    expect((await errorOf(ofThePayload.query('{ n }'))).message).toContain('bad token [redacted]')
  })

  it('a reason that echoes the payload is redacted in any spelling: short texts, numbers, nested', async () => {
    const reason = 'no p+q/ p%2bq%2F p\\u002Bq\\/ p&#43;q&#x2f; 4711 de'
    const server = await script(acknowledging((_, __, socket) => socket.close(4400, reason)))
    const payload = () => ({ auth: [{ pin: 4711, key: 'p+q/' }], locale: 'de' })
    const error = await errorOf(connect(server.url, { payload }).query('{ n }'))
    expect(error).toMatchObject({ reason: `no${' [redacted]'.repeat(5)} de` })
  })

  it.each([
    ['close reason', (socket: WebSocket) => socket.close(4400, 'who is first-secret, second-secret or third-secret?')],
    ['bad message', (socket: WebSocket) => socket.send('{"type":"first-secret second-secret third-secret"}')],
  ])('a %s is free of the variables of every operation that ran on the socket', async (_, end) => {
    const server = await script(
      acknowledging(({ id = '', payload }, send, socket) => {
        const { name } = (payload as { variables: { name: string } }).variables
        if (name === 'first-secret') send({ id, type: 'next', payload: { data: {} } }, { id, type: 'complete' })
        if (name === 'third-secret') end(socket)
      }),
    )
    const client = connect(server.url)
    const ask = (name: string) => client.query('query ($name: String) { n(name: $name) }', { name })
    await ask('first-secret')
    const errors = await Promise.all([errorOf(ask('second-secret')), errorOf(ask('third-secret'))])
    for (const error of errors) {
      expect(error).toMatchObject({ code: 'SOCKET_CLOSED' })
      expect(error.message).toContain('[redacted]')
      expect(error.message).not.toMatch(/first|second|third/)
    }
  })

  it('W21 dispose does not wait for a server that never answers the close', async () => {
    const clock = new FakeClock()
    const server = createServer()
    const sockets: Socket[] = []
    server.on('upgrade', (request, socket) => {
      sockets.push(socket as Socket)
      const handshakes = new WebSocketServer({ noServer: true, handleProtocols: () => 'graphql-transport-ws' })
      handshakes.handleUpgrade(request, socket, Buffer.alloc(0), (accepted) => {
        accepted.on('error', () => {})
        accepted.once('message', () => {
          accepted.send('{"type":"connection_ack"}')
          accepted.pause()
        })
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanUps.push(() => void server.close())
    const client = createClient({
      link: wsLink({ url: urlOf(server.address() as AddressInfo), clock, connectAttempts: 1 }),
    })
    const pending = errorOf(client.query('{ n }'))
    await once(server, 'upgrade')
    const disposal = client.dispose()
    expect(await pending).toMatchObject({ code: 'DISPOSED' })
    await clock.advance(1_000)
    await disposal
    expect(clock.pending).toBe(0)
    for (const socket of sockets) socket.destroy()
  })
})
