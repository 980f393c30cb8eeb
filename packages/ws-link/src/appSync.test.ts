import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { apiKeyLink, bearerLink, chain, createClient, OptionsError, type Client, type Result } from '@graphlinks/core'
import { FakeClock, secretCanary, settle } from '@graphlinks/testing'
import { WebSocketServer, type WebSocket } from 'ws'
import { appSyncProtocol, type AppSyncProtocolOptions, type AppSyncRequest } from './appSync.ts'
import { SocketClosedError, wsLink, type ConnectionEvent, type WsLinkOptions } from './index.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const canary = secretCanary()
const api = new URL('https://abc.appsync-api.eu-west-1.amazonaws.com/graphql')

interface Message {
  readonly type: string
  readonly id: string
  readonly payload: { readonly data: string; readonly extensions: { readonly authorization: object } }
}

/** As AppSync answers; the script has what comes after the acknowledgement. */
async function serve(onMessage: (message: Message, send: (message: object) => void, socket: WebSocket) => void) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => 'graphql-ws' })
  await once(server, 'listening')
  cleanUps.push(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  const received: Message[] = []
  const requests: { readonly url: string; readonly protocols: string[] }[] = []
  const waiting = new Set<() => void>()
  server.on('connection', (socket, request) => {
    requests.push({
      url: String(request.url),
      protocols: String(request.headers['sec-websocket-protocol']).split(/, ?/),
    })
    socket.on('error', () => {})
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(String(data)) as Message
      received.push(message)
      const send = (answer: object): void => socket.send(JSON.stringify(answer))
      if (message.type === 'connection_init')
        send({ type: 'connection_ack', payload: { connectionTimeoutMs: 300_000 } })
      else onMessage(message, send, socket)
      for (const wake of waiting) wake()
    })
  })
  const until = async (test: () => boolean): Promise<void> => {
    while (!test()) await new Promise<void>((resolve) => waiting.add(resolve))
  }
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`, received, requests, until }
}

function connect(url: string, options: AppSyncProtocolOptions = {}, link: Partial<WsLinkOptions> = {}): Client {
  const protocol = appSyncProtocol(options)
  const client = createClient({
    link: chain(apiKeyLink({ key: canary.value }), wsLink({ url, protocol, random: () => 0, ...link })),
  })
  cleanUps.push(() => client.dispose())
  return client
}

const subscribe = (client: Client): AsyncIterator<Result> =>
  client.subscribe('subscription S($a: Int) { n(a: $a) }', { a: 1 })[Symbol.asyncIterator]()

const decode = (text: string): unknown => JSON.parse(Buffer.from(text, 'base64').toString())

test.each([
  [api.href, 'wss://abc.appsync-realtime-api.eu-west-1.amazonaws.com/graphql', api.host],
  ['wss://api.example.com/graphql', 'wss://api.example.com/graphql/realtime', 'api.example.com'],
  ['http://127.0.0.1:8080/graphql', 'ws://127.0.0.1:8080/graphql/realtime', '127.0.0.1:8080'],
])('A1 A2 %s connects to %s, with the host of the API among its credentials', async (endpoint, url, host) => {
  const headers = { 'x-api-key': 'da2-ü', authorization: 'token' }
  const address = await appSyncProtocol().address?.(new URL(endpoint), headers)
  expect(address?.url).toBe(url)
  const [name, header = ''] = address?.subprotocols ?? []
  expect(name).toBe('graphql-ws')
  expect(header).toMatch(/^header-[\w-]+$/)
  expect(decode(header.slice('header-'.length))).toEqual({ host, Authorization: 'token', 'x-api-key': 'da2-ü' })
})

test('A2 older: in the URL; and behind a proxy, the host is that of the API', async () => {
  const proxy = new URL('wss://proxy.example.com/graphql')
  const { url = '', subprotocols } =
    (await appSyncProtocol({ handshake: 'query', host: api.host }).address?.(proxy, { 'x-api-key': 'k' })) ?? {}
  expect(subprotocols).toEqual(['graphql-ws'])
  expect(url).toContain('wss://proxy.example.com/graphql/realtime?')
  expect(decode(new URL(url).searchParams.get('header') ?? '')).toEqual({ host: api.host, 'x-api-key': 'k' })
  expect(new URL(url).searchParams.get('payload')).toBe('e30=')
})

test('A2 authorize signs {} on /connect, and the data of each start on the API', async () => {
  const server = await serve(({ type, id }, send) => {
    if (type === 'start') send({ id, type: 'start_ack' })
  })
  const asked: AppSyncRequest[] = []
  const authorize = async (request: AppSyncRequest) => {
    asked.push(request)
    return { host: 'h', authorization: `signature of ${request.body}` }
  }
  const results = subscribe(connect(server.url, { authorize, host: api.host }))
  const next = results.next()
  await server.until(() => server.received.length === 2)
  const data = JSON.stringify({ query: 'subscription S($a: Int) { n(a: $a) }', variables: { a: 1 } })
  expect(asked.map(({ url, body }) => [url.replace(/^https?:\/\/[^/]*/, ''), JSON.parse(body)])).toEqual([
    ['/graphql/connect', {}],
    ['/graphql', { ...(JSON.parse(data) as object), operationName: 'S' }],
  ])
  expect(server.received[1]?.payload.extensions.authorization).toEqual(await authorize(asked[1] as AppSyncRequest))
  await results.return?.()
  await next
})

test('A3 A4 no payload at the init; data is a text; data, then stop when the consumer leaves', async () => {
  const server = await serve(({ type, id }, send) => {
    if (type !== 'start') return
    send({ id, type: 'start_ack' })
    send({ type: 'ka' })
    send({ id, type: 'data', payload: { data: { n: 1 } } })
  })
  const results = subscribe(connect(server.url))
  expect((await results.next()).value).toEqual({ data: { n: 1 } })
  await results.return?.()
  await server.until(() => server.received.length === 3)
  expect(server.received).toMatchObject([
    { type: 'connection_init' },
    { id: '1', type: 'start', payload: { extensions: { authorization: { 'x-api-key': canary.value } } } },
    { id: '1', type: 'stop' },
  ])
  expect(server.received[0]).not.toHaveProperty('payload')
  expect(server.requests[0]?.url).toBe('/graphql/realtime')
  expect(server.requests[0]?.protocols[1]).toMatch(/^header-/)
})

test('A3 a server that says nothing for connectionTimeoutMs is left, and the subscription goes on', async () => {
  const clock = new FakeClock()
  let starts = 0
  const server = await serve(({ type, id }, send) => {
    if (type !== 'start') return
    send({ id, type: 'start_ack' })
    send({ id, type: 'data', payload: { data: { n: ++starts } } })
  })
  const results = subscribe(connect(server.url, { clock }, { clock }))
  await results.next()
  const next = results.next()
  await clock.advance(300_000)
  expect(starts).toBe(1)
  await clock.advance(300_000)
  await clock.advance(0)
  expect((await next).value).toMatchObject({ data: { n: 2 }, resumed: {} })
  await results.return?.()
})

test.each(['UnauthorizedException', 'BadRequestException'])('A3 connection_error (%s) is final', async (errorType) => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => 'graphql-ws' })
  await once(server, 'listening')
  cleanUps.push(() => server.close())
  let made = 0
  server.on('connection', (socket) => {
    made++
    const payload = { errors: [{ errorType, errorCode: 401, message: `no ${canary.value}` }] }
    socket.on('message', () => socket.send(JSON.stringify({ type: 'connection_error', payload })))
  })
  const client = connect(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`)
  const error = await subscribe(client)
    .next()
    .catch((thrown: unknown) => thrown)
  expect(SocketClosedError.is(error)).toBe(true)
  expect((error as Error).message).toContain(`refused the connection: ${errorType}: no [redacted]`)
  canary.check(error)
  expect(made).toBe(1)
})

test('A3 a server that has no room now is asked again', async () => {
  const clock = new FakeClock()
  const errors = [{ errorType: 'LimitExceededError', errorCode: 429, message: 'slower' }]
  let inits = 0
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => 'graphql-ws' })
  await once(server, 'listening')
  cleanUps.push(() => server.close())
  server.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => {
      const { type, id } = JSON.parse(String(data)) as Message
      const send = (message: object): void => socket.send(JSON.stringify(message))
      if (type === 'start') send({ id, type: 'data', payload: { data: { n: 1 } } })
      else if (type === 'connection_init' && inits++ === 0) send({ type: 'connection_error', payload: { errors } })
      else if (type === 'connection_init') send({ type: 'connection_ack' })
    })
  })
  const seen: string[] = []
  let onRetrying = (): void => {}
  const retrying = new Promise<void>((resolve) => (onRetrying = resolve))
  const onEvent = (event: ConnectionEvent): void => {
    if (event.type === 'closed') seen.push(event.error?.message ?? '')
    if (event.type === 'retrying') onRetrying()
  }
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`
  const next = subscribe(connect(url, { clock }, { clock, onEvent })).next()
  await retrying
  await clock.advance(1_000)
  expect((await next).value).toMatchObject({ data: { n: 1 } })
  expect(seen).toEqual([expect.stringContaining('refused the connection: LimitExceededError: slower')])
})

test('A4 a start that is not accepted in time is an error; only subscriptions are carried', async () => {
  const clock = new FakeClock()
  const server = await serve(() => {})
  const client = connect(server.url, { clock, startTimeoutMs: 15_000 }, { clock })
  const results = subscribe(client)
  const next = results.next()
  await server.until(() => server.received.length === 2)
  await clock.advance(15_000)
  expect((await next).value).toEqual({
    errors: [{ message: 'the server did not accept the subscription within 15000 ms' }],
  })
  await expect(client.query('{ n }')).rejects.toThrow('a subscription only')
})

test('A5 errors keep their type; one that was left before start_ack is stopped after it', async () => {
  const starts: (() => void)[] = []
  const server = await serve(({ type, id, payload }, send) => {
    if (type !== 'start') return
    if (payload.data.includes('"a":2')) {
      const errors = [{ errorType: 'MaxSubscriptionsReachedError', errorCode: 400, message: 'too many' }]
      return send({ id, type: 'error', payload: { errors } })
    }
    starts.push(() => send({ id, type: 'start_ack' }))
  })
  const client = connect(server.url)
  const results = subscribe(client)
  const next = results.next()
  await server.until(() => starts.length === 1)
  await results.return?.()
  await next
  expect(server.received.map(({ type }) => type)).toEqual(['connection_init', 'start'])
  starts[0]?.()
  await server.until(() => server.received.length === 3)
  expect(server.received[2]).toEqual({ id: '1', type: 'stop' })
  const other = client.subscribe('subscription S($a: Int) { n(a: $a) }', { a: 2 })[Symbol.asyncIterator]()
  expect((await other.next()).value).toEqual({
    errors: [{ message: 'too many', extensions: { errorType: 'MaxSubscriptionsReachedError', errorCode: 400 } }],
  })
})

test('AUTH-45 two credentials are two sockets, though no payload tells them apart', async () => {
  const server = await serve(({ type, id }, send) => {
    if (type === 'start') send({ id, type: 'data', payload: { data: { n: 1 } } })
  })
  let user = 0
  const link = chain(
    bearerLink(() => `user-${user++}`),
    wsLink({ url: server.url, protocol: appSyncProtocol() }),
  )
  const client = createClient({ link })
  cleanUps.push(() => client.dispose())
  await Promise.all([subscribe(client).next(), subscribe(client).next()])
  expect(server.requests).toHaveLength(2)
})

test('an authorize that fails ends its subscription, and no error has what it said', async () => {
  const server = await serve(() => {})
  const authorize = ({ body }: AppSyncRequest) => {
    if (body !== '{}') throw new Error(canary.value)
    return {}
  }
  const { value } = (await subscribe(connect(server.url, { authorize })).next()) as { value: Result }
  expect(value.errors?.[0]?.message).toBe('the function authorize of appSyncProtocol failed')
  canary.check(value)
  await settle()
})

test.each([{ handshake: 'x' }, { startTimeoutMs: 0 }, { authorize: 1 }, { host: 'a b' }])(
  'bad options fail at once: %j',
  (options) => {
    expect(() => appSyncProtocol(options as never)).toThrow(OptionsError)
  },
)
