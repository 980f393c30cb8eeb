import { bearerLink, chain, createClient, headerLink, TimeoutError, type Client, type Result } from '@graphlinks/core'
import {
  FakeClock,
  scriptedServer,
  secretCanary,
  type ScriptedExchange,
  type ScriptedRequest,
  type ScriptedServer,
} from '@graphlinks/testing'
import crossFetch from 'cross-fetch'
import { HttpError, httpLink, MalformedResponseError, StreamInterruptedError, type HttpLinkOptions } from './index.ts'
import type { Fetch } from './index.ts'
import { undiciTransport } from './undici.ts'

type Stack = Pick<HttpLinkOptions, 'fetch' | 'transport'>

const stacks: readonly (readonly [name: string, stackOf: () => Stack])[] = [
  ['global fetch', () => ({})],
  ['cross-fetch', () => ({ fetch: crossFetch as Fetch })],
  ['undici', () => ({ transport: undiciTransport() })],
]

const text = { 'content-type': 'text/plain' }
const json = { 'content-type': 'application/json' }
const events = { 'content-type': 'text/event-stream' }

type Answer = (exchange: ScriptedExchange) => unknown

/** A server of single-connection mode. What it does in place of the usual is given by method. */
interface StreamServer {
  readonly server: ScriptedServer
  /** The streams that were opened, in order. */
  stream(index: number): Promise<ScriptedExchange>
  /** Waits until an operation of each name was accepted. @returns their last ids. */
  accepted(...names: readonly string[]): Promise<readonly string[]>
  /** The requests so far: method, and token where there is one. */
  seen(): readonly string[]
  /** Waits for the first request of a method, or a later one by its index. */
  request(method: string, index?: number): Promise<ScriptedRequest>
}

const servers: ScriptedServer[] = []
const clients: Client[] = []
afterEach(async () => {
  await Promise.all(clients.splice(0).map(async (client) => client.dispose()))
  await Promise.all(servers.splice(0).map(async (server) => server.close()))
})

async function streamServer(answers: Partial<Record<string, Answer>> = {}): Promise<StreamServer> {
  const streams: ScriptedExchange[] = []
  const ids = new Map<string, string>()
  const arrivals = new Set<() => void>()
  let tokens = 0
  const until = async (isThere: () => boolean): Promise<void> => {
    while (!isThere()) await new Promise<void>((resolve) => arrivals.add(resolve))
  }
  const usual: Record<string, Answer> = {
    PUT: async (exchange) => exchange.respond(201, text, `token-${++tokens}`),
    async GET(exchange) {
      await exchange.head(200, events)
      await exchange.write(':\n\n')
      streams.push(exchange)
    },
    POST: accept,
    DELETE: async (exchange) => exchange.respond(200),
  }
  const server = await scriptedServer(async (exchange) => {
    const { method } = exchange.request
    await (answers[method] ?? usual[method])?.(exchange)
    if (method === 'POST' && 'extensions' in sentBy(exchange)) ids.set(sentBy(exchange).operationName, idOf(exchange))
    for (const arrive of arrivals) arrive()
    arrivals.clear()
  })
  servers.push(server)
  const requests = (method: string): ScriptedRequest[] => server.requests.filter((request) => request.method === method)
  return {
    server,
    async stream(index) {
      await until(() => streams.length > index)
      return streams[index] as ScriptedExchange
    },
    async accepted(...names) {
      await until(() => names.every((name) => ids.has(name)))
      return names.map((name) => ids.get(name) ?? '')
    },
    seen: () =>
      server.requests.map(({ method, headers }) =>
        [method, headers.get('x-graphql-event-stream-token')].filter(Boolean).join(' '),
      ),
    async request(method, index = 0) {
      await until(() => requests(method).length > index)
      return requests(method)[index] as ScriptedRequest
    },
  }
}

async function accept(exchange: ScriptedExchange): Promise<void> {
  await exchange.respond(202)
}

interface Sent {
  readonly operationName: string
  readonly query: string
  readonly extensions: { readonly operationId: string }
}

function sentBy({ request }: Pick<ScriptedExchange, 'request'>): Sent {
  return JSON.parse(request.text) as Sent
}

function idOf(exchange: Pick<ScriptedExchange, 'request'>): string {
  return sentBy(exchange).extensions.operationId
}

function clientOf({ server }: StreamServer, options: Partial<HttpLinkOptions> = {}): Client {
  const link = httpLink({ ...options, url: server.url, subscriptions: 'single-connection' } as HttpLinkOptions)
  const client = createClient({ link })
  clients.push(client)
  return client
}

function next(id: string | undefined, payload: unknown): string {
  return `event: next\ndata: ${JSON.stringify({ id, payload })}\n\n`
}

function complete(id: string | undefined): string {
  return `event: complete\ndata: ${JSON.stringify({ id })}\n\n`
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

const datas = ({ results }: Collected): unknown[] => results.map(({ data }) => data)
const onTick = 'subscription OnTick { tick }'
const onTock = 'subscription OnTock { tock }'

describe.each(stacks)('single connection by %s', (_, stackOf) => {
  test('S10, S11, S12, S13 one stream for all: reserved, opened, and every operation by its id', async () => {
    const served = await streamServer()
    const client = clientOf(served, stackOf())
    const ticks = collect(client.subscribe(onTick))
    const tocks = collect(client.subscribe(onTock))
    const stream = await served.stream(0)
    const [tick, tock] = await served.accepted('OnTick', 'OnTock')
    expect(tick).not.toBe(tock)
    await stream.write(next(tick, { data: { tick: 1 } }) + next(tock, { data: { tock: 1 } }))
    await stream.write(next(tick, { data: { tick: 2 } }) + complete(tick))
    await stream.write(next(tock, { data: null, errors: [{ message: 'no' }] }) + complete(tock))
    const both = [await ticks, await tocks]
    expect(both.map(({ error }) => error)).toEqual([undefined, undefined])
    expect(both.map(datas)).toEqual([
      [{ tick: 1 }, { tick: 2 }],
      [{ tock: 1 }, null],
    ])
    expect(both[1]?.results[1]?.errors).toEqual([{ message: 'no' }])
    expect(both[0]?.results[0]?.http).toMatchObject({ status: 200 })

    expect([...served.seen()].sort()).toEqual(['GET token-1', 'POST token-1', 'POST token-1', 'PUT'])
    const put = await served.request('PUT')
    const get = await served.request('GET')
    expect(get.headers.get('accept')).toBe('text/event-stream')
    for (const request of [put, get]) {
      expect(request.text).toBe('')
      expect(request.headers.has('content-type')).toBe(false)
      // A browser would ask before it sends these for another site.
      expect(request.headers.get('apollo-require-preflight')).toBe('true')
    }
    const post = await served.request('POST')
    // graphql-sse answers 406 to any other.
    expect([put, post].map(({ headers }) => headers.get('accept'))).toEqual(['text/plain', 'application/json'])
    expect(sentBy({ request: post })).toMatchObject({ operationName: 'OnTick', query: onTick })
  })

  test('S10 another identity has a stream of its own; each request has the credentials of its operation', async () => {
    const served = await streamServer()
    const client = clientOf(served, stackOf())
    const bearer = (token: string): { headers: Record<string, string> } => ({
      headers: { authorization: `Bearer ${token}`, 'x-request-id': token },
    })
    const running = [
      collect(client.subscribe('subscription OnA { a }', {}, bearer('ada'))),
      collect(client.subscribe('subscription OnB { b }', {}, bearer('bob'))),
    ]
    await served.accepted('OnA', 'OnB')
    const streams = [await served.stream(0), await served.stream(1)]
    running.push(
      collect(
        client.subscribe(
          'subscription OnC { c }',
          {},
          { headers: { authorization: 'Bearer ada', 'x-request-id': 'c' } },
        ),
      ),
    )
    const [idA = '', idB = '', idC = ''] = await served.accepted('OnA', 'OnB', 'OnC')
    const tokens = new Map(
      served.server.requests
        .filter(({ method }) => method !== 'PUT')
        .map(({ method, text: body, headers }) => [
          method === 'POST' ? (JSON.parse(body) as Sent).operationName : method,
          `${headers.get('authorization')} ${headers.get('x-graphql-event-stream-token')} ${headers.get('x-request-id')}`,
        ]),
    )
    expect(tokens.get('OnA')?.replace(' ada', '')).toMatch(/^Bearer token-\d ada$/)
    expect(tokens.get('OnC')).toBe(tokens.get('OnA')?.replace(/ada$/, 'c'))
    expect(tokens.get('OnB')?.replace(/\D/g, '')).not.toBe(tokens.get('OnA')?.replace(/\D/g, ''))
    // Both streams number their operations alike, and what comes by one is never the other's.
    expect(idA).toBe(idB)
    const ofAda = streams.find(({ request }) => request.headers.get('authorization') === 'Bearer ada')
    await ofAda?.write(next(idA, { data: { a: 1 } }) + complete(idA) + next(idC, { data: { c: 1 } }) + complete(idC))
    const ofBob = streams.find(({ request }) => request.headers.get('authorization') === 'Bearer bob')
    await ofBob?.write(next(idB, { data: { b: 1 } }) + complete(idB))
    expect((await Promise.all(running)).map(datas)).toEqual([[{ a: 1 }], [{ b: 1 }], [{ c: 1 }]])
  })

  test.each<[what: string, answer: Answer, error: object]>([
    [
      'that needs another credential',
      async (exchange) => exchange.respond(401, { ...text, 'www-authenticate': 'Bearer' }, 'who are you?'),
      { status: 401, wwwAuthenticate: 'Bearer', message: expect.stringContaining('who are you?') },
    ],
    ['that does no single connection', async (exchange) => exchange.respond(404, text, 'no'), { status: 404 }],
    ['that answers 200', async (exchange) => exchange.respond(200, text, 'token'), { status: 200 }],
    ['without a token', async (exchange) => exchange.respond(201, text), { code: 'EMPTY_RESPONSE' }],
    ['that breaks off', (exchange) => exchange.reset(), { code: 'NETWORK', retryable: true }],
  ])('S10 a server %s fails the operations, each by its name', async (__, PUT, error) => {
    const served = await streamServer({ PUT })
    const client = clientOf(served, stackOf())
    const [tick, tock] = await Promise.all(
      [onTick, onTock].map(async (document) => collect(client.subscribe(document))),
    )
    expect(tick?.error).toMatchObject({ ...error, link: 'httpLink', operationName: 'OnTick' })
    expect(tock?.error).toMatchObject({ ...error, operationName: 'OnTock' })
    expect(served.seen()).toEqual(['PUT'])
    // The next one tries anew.
    await collect(client.subscribe(onTick))
    expect(served.seen()).toEqual(['PUT', 'PUT'])
  })

  test('S11 a stream that is refused, as with 409, fails the operations', async () => {
    const served = await streamServer({ GET: async (exchange) => exchange.respond(409, text, 'taken') })
    const { error } = await collect(clientOf(served, stackOf()).subscribe(onTick))
    expect(error).toBeInstanceOf(HttpError)
    expect(error).toMatchObject({ status: 409, operationName: 'OnTick', message: expect.stringContaining('taken') })
  })

  test('S12 an answer of 400 is the one result of its operation; 409 fails it; others go on', async () => {
    const answers: Record<string, Answer> = {
      OnBad: async (exchange) => exchange.respond(400, json, '{"errors":[{"message":"no such field"}]}'),
      OnTwin: async (exchange) => exchange.respond(409, text, 'taken'),
      OnTick: accept,
    }
    const served = await streamServer({ POST: (exchange) => answers[sentBy(exchange).operationName]?.(exchange) })
    const client = clientOf(served, stackOf())
    const ticks = collect(client.subscribe(onTick))
    const [tick] = await served.accepted('OnTick')
    const bad = await collect(client.subscribe('subscription OnBad { bad }'))
    expect(bad).toMatchObject({ results: [{ errors: [{ message: 'no such field' }], http: { status: 400 } }] })
    expect(bad.error).toBeUndefined()
    const twin = await collect(client.subscribe('subscription OnTwin { twin }'))
    expect(twin.error).toMatchObject({ name: 'HttpError', status: 409, operationName: 'OnTwin' })
    await (await served.stream(0)).write(next(tick, { data: { tick: 1 } }) + complete(tick))
    expect(datas(await ticks)).toEqual([{ tick: 1 }])
    // What was never accepted needs no cancelling.
    expect(served.seen().filter((request) => request.startsWith('DELETE'))).toEqual([])
  })

  test('S12 where the server has lost the stream, the operation is sent once more on a new one', async () => {
    let lost = false
    const served = await streamServer({
      POST: async (exchange) => {
        const isOld = exchange.request.headers.get('x-graphql-event-stream-token') === 'token-1'
        await (lost && isOld ? exchange.respond(404, text, 'stream not found') : exchange.respond(202))
      },
    })
    const client = clientOf(served, stackOf())
    const ticks = collect(client.subscribe(onTick))
    await served.accepted('OnTick')
    const first = await served.stream(0)
    lost = true
    const tocks = collect(client.subscribe(onTock))
    const second = await served.stream(1)
    const tock = idOf({ request: await served.request('POST', 2) })
    expect(await ticks).toMatchObject({
      error: { name: 'StreamInterruptedError', retryable: true, operationName: 'OnTick' },
    })
    await first.closed
    await second.write(next(tock, { data: { tock: 1 } }) + complete(tock))
    expect(datas(await tocks)).toEqual([{ tock: 1 }])
  })

  test('S12 a server that answers 404 to all is asked twice, and then it is an error', async () => {
    const served = await streamServer({ POST: async (exchange) => exchange.respond(404, text, 'nothing here') })
    const { error } = await collect(clientOf(served, stackOf()).subscribe(onTick))
    expect(error).toMatchObject({ name: 'HttpError', status: 404, operationName: 'OnTick' })
    expect(served.server.requests.filter(({ method }) => method === 'POST')).toHaveLength(2)
  })

  test('S13 a result may come before the operation is accepted, and after it was cancelled', async () => {
    let goOn = (): void => {}
    const held = new Promise<void>((resolve) => (goOn = resolve))
    const served = await streamServer({
      async POST(exchange) {
        if (sentBy(exchange).operationName === 'OnTick') {
          await (await served.stream(0)).write(next(idOf(exchange), { data: { tick: 1 } }) + complete(idOf(exchange)))
          await held
        }
        await exchange.respond(202)
      },
    })
    const client = clientOf(served, stackOf())
    const tocks = client.subscribe(onTock)[Symbol.asyncIterator]()
    const tock1 = tocks.next()
    const [tock] = await served.accepted('OnTock')
    const stream = await served.stream(0)
    await stream.write(next(tock, { data: { tock: 1 } }))
    expect((await tock1).value).toMatchObject({ data: { tock: 1 } })
    await tocks.return?.()
    const ticks = collect(client.subscribe(onTick))
    await served.request('POST', 1)
    await stream.write(`${next(tock, { data: { tock: 2 } })}${complete(tock)}event: ping\ndata: x\n\n${next('9', {})}`)
    goOn()
    expect(datas(await ticks)).toEqual([{ tick: 1 }])
  })

  test('S13, H8 a server that ends an operation before it has accepted it is waited for no longer than others', async () => {
    const clock = new FakeClock()
    const served = await streamServer({
      async POST(exchange) {
        const stream = await served.stream(0)
        const { operationName } = sentBy(exchange)
        if (operationName === 'OnTick') return stream.write(complete(idOf(exchange)))
        // The same stream: what was written before is there when this is.
        await exchange.respond(202)
        return stream.write(next(idOf(exchange), { data: { tock: 1 } }))
      },
    })
    const client = clientOf(served, { ...stackOf(), clock, timeoutMs: 5_000 })
    const ticks = collect(client.subscribe(onTick))
    const post = await served.request('POST')
    await served.stream(0)
    await client.subscribe(onTock)[Symbol.asyncIterator]().next()
    await clock.advance(5_000)
    expect((await ticks).error).toBeInstanceOf(TimeoutError)
    await post.closed
  })

  test('S14 cancelling sends a DELETE with the id and the token, whoever cancels', async () => {
    const served = await streamServer()
    const client = clientOf(served, stackOf())
    const controller = new AbortController()
    const ticks = client.subscribe(onTick)[Symbol.asyncIterator]()
    const tick1 = ticks.next()
    const tocks = collect(client.subscribe(onTock, {}, { signal: controller.signal }))
    const [tick, tock] = await served.accepted('OnTick', 'OnTock')
    await (await served.stream(0)).write(next(tick, { data: { tick: 1 } }))
    await tick1
    await ticks.return?.()
    const reason = new Error('enough')
    controller.abort(reason)
    expect((await tocks).error).toBe(reason)
    const deletions = [await served.request('DELETE'), await served.request('DELETE', 1)]
    expect(deletions.map(({ url }) => url)).toEqual([`/graphql?operationId=${tick}`, `/graphql?operationId=${tock}`])
    for (const { headers } of deletions) expect(headers.get('x-graphql-event-stream-token')).toBe('token-1')
  })

  test('S14 cancelled before it was accepted, an operation ends at once, and the server is told', async () => {
    const served = await streamServer({ POST: () => {} })
    const client = clientOf(served, stackOf())
    const controller = new AbortController()
    const ticks = collect(client.subscribe(onTick, {}, { signal: controller.signal }))
    const post = await served.request('POST')
    controller.abort(new Error('enough'))
    expect((await ticks).error).toMatchObject({ message: 'enough' })
    await post.closed
    const { url } = await served.request('DELETE')
    expect(url).toBe(`/graphql?operationId=${idOf({ request: post })}`)
  })

  test.each<[what: string, lose: (stream: ScriptedExchange) => unknown, error: object]>([
    ['ends', async (stream) => stream.end(), { name: 'StreamInterruptedError', retryable: true }],
    ['breaks off', (stream) => stream.reset(), { name: 'StreamInterruptedError', retryable: true }],
    [
      'has an event that is no JSON',
      async (stream) => stream.write('event: next\ndata: {"id"\n\n'),
      MalformedResponseError,
    ],
    [
      'has too large an event',
      async (stream) => stream.write(next('1', 'x'.repeat(10_000))),
      { code: 'RESPONSE_TOO_LARGE' },
    ],
  ])(
    'S15 a stream that %s fails its operations, each by its name, after what came before',
    async (__, lose, expected) => {
      const served = await streamServer()
      const client = clientOf(served, { ...stackOf(), maxResponseBytes: 5_000 })
      const ticks = collect(client.subscribe(onTick))
      const tocks = collect(client.subscribe(onTock))
      const [tick] = await served.accepted('OnTick', 'OnTock')
      const stream = await served.stream(0)
      await stream.write(next(tick, { data: { tick: 1 } }))
      await lose(stream)
      const both = [await ticks, await tocks]
      expect(both.map(datas)).toEqual([[{ tick: 1 }], []])
      const like = typeof expected === 'function' ? { code: 'MALFORMED_RESPONSE' } : expected
      expect(both.map(({ error }) => error)).toMatchObject([
        { ...like, operationName: 'OnTick', status: 200 },
        { ...like, operationName: 'OnTock' },
      ])
      // The next one gets a new stream.
      const again = collect(client.subscribe('subscription OnAgain { again }'))
      const [id] = await served.accepted('OnAgain')
      await (await served.stream(1)).write(next(id, { data: { again: 1 } }) + complete(id))
      expect(datas(await again)).toEqual([{ again: 1 }])
    },
  )

  test('S13 a payload that is no result fails its operation alone, and the server is told', async () => {
    const served = await streamServer()
    const client = clientOf(served, stackOf())
    const ticks = collect(client.subscribe(onTick))
    const tocks = collect(client.subscribe(onTock))
    const [tick, tock] = await served.accepted('OnTick', 'OnTock')
    await (await served.stream(0)).write(next(tick, 'nonsense') + next(tock, { data: { tock: 1 } }) + complete(tock))
    expect((await ticks).error).toMatchObject({ code: 'MALFORMED_RESPONSE', operationName: 'OnTick' })
    expect(await tocks).toMatchObject({ error: undefined, results: [{ data: { tock: 1 } }] })
    expect((await served.request('DELETE')).url).toBe(`/graphql?operationId=${tick}`)
  })

  test('S13 a consumer that does not read fails its operation alone, after a thousand results', async () => {
    const served = await streamServer()
    const client = clientOf(served, stackOf())
    const ticks = client.subscribe(onTick)[Symbol.asyncIterator]()
    const first = ticks.next()
    const tocks = collect(client.subscribe(onTock))
    const [tick, tock] = await served.accepted('OnTick', 'OnTock')
    const stream = await served.stream(0)
    await stream.write(next(tick, { data: { tick: 0 } }))
    expect((await first).value).toMatchObject({ data: { tick: 0 } })
    await stream.write(Array.from({ length: 1_001 }, (__, at) => next(tick, { data: { tick: at + 1 } })).join(''))
    await stream.write(next(tock, { data: { tock: 1 } }) + complete(tock))
    expect(await tocks).toMatchObject({ error: undefined, results: [{ data: { tock: 1 } }] })
    const rest = await collect({ [Symbol.asyncIterator]: () => ticks })
    expect(rest.error).toMatchObject({ code: 'QUEUE_OVERFLOW', operationName: 'OnTick' })
    expect(rest.results.at(-1)).toMatchObject({ data: { tick: 1_001 } })
    expect((await served.request('DELETE')).url).toBe(`/graphql?operationId=${tick}`)
  })

  test('S15 silence is limited by idleTimeoutMs, which heartbeats feed; before, timeoutMs counts', async () => {
    const clock = new FakeClock()
    const served = await streamServer()
    const client = clientOf(served, { ...stackOf(), clock, timeoutMs: 5_000, idleTimeoutMs: 20_000 })
    const ticks = collect(client.subscribe(onTick))
    const [tick] = await served.accepted('OnTick')
    const stream = await served.stream(0)
    await stream.write(next(tick, { data: { tick: 0 } }))
    for (let ping = 0; ping < 5; ping++) {
      await clock.advance(12_000)
      await stream.write(':\n\n')
    }
    await clock.advance(20_000)
    const { results, error } = await ticks
    expect(results).toHaveLength(1)
    expect(error).toBeInstanceOf(TimeoutError)
    expect(String(error)).toContain('20000 ms (idleTimeoutMs)')
    await stream.closed

    const silent = await streamServer({ PUT: () => {} })
    const refused = collect(clientOf(silent, { ...stackOf(), clock, timeoutMs: 5_000 }).subscribe(onTick))
    await silent.server.request(0)
    await clock.advance(5_000)
    expect((await refused).error).toBeInstanceOf(TimeoutError)
  })

  test('S15 a stream that nobody uses is kept for a second, then closed', async () => {
    const clock = new FakeClock()
    const served = await streamServer()
    const client = clientOf(served, { ...stackOf(), clock })
    for (const name of ['OnA', 'OnB']) {
      const running = collect(client.subscribe(`subscription ${name} { tick }`))
      const [id] = await served.accepted(name)
      await (await served.stream(0)).write(next(id, { data: { tick: name } }) + complete(id))
      expect(datas(await running)).toEqual([{ tick: name }])
      await clock.advance(999)
    }
    await clock.advance(1)
    await (
      await served.stream(0)
    ).closed
    expect(served.seen()).toEqual(['PUT', expect.any(String), expect.any(String), 'POST token-1'])
    const late = collect(client.subscribe('subscription OnLate { tick }'))
    const [id] = await served.accepted('OnLate')
    await (await served.stream(1)).write(complete(id))
    expect(await late).toEqual({ results: [], error: undefined })
  })

  test('S15 disposing the client closes the stream and its operations', async () => {
    const served = await streamServer()
    const client = clientOf(served, stackOf())
    const ticks = collect(client.subscribe(onTick))
    await served.accepted('OnTick')
    const stream = await served.stream(0)
    await client.dispose()
    expect((await ticks).error).toMatchObject({ name: 'DisposedError' })
    await stream.closed
  })

  test('S15 completion: "interruption" makes an error of complete', async () => {
    const served = await streamServer()
    const ticks = collect(clientOf(served, { ...stackOf(), completion: 'interruption' }).subscribe(onTick))
    const [tick] = await served.accepted('OnTick')
    await (await served.stream(0)).write(complete(tick))
    expect((await ticks).error).toBeInstanceOf(StreamInterruptedError)
  })

  test('TH queries take no part; no secret, and no token of a stream, is in an error', async () => {
    const canary = secretCanary()
    const echo: Answer = async (exchange) => {
      const { headers } = exchange.request
      await exchange.respond(
        500,
        text,
        `${headers.get('x-graphql-event-stream-token')} ${headers.get('authorization')}`,
      )
    }
    const served = await streamServer({
      PUT: async (exchange) => exchange.respond(201, text, canary.value),
      POST: async (exchange) =>
        sentBy(exchange).query.startsWith('{') ? exchange.respond(200, json, '{"data":{}}') : echo(exchange),
    })
    const client = createClient({
      link: chain(
        headerLink({ 'x-api-key': canary.value }),
        bearerLink(canary.value),
        httpLink({ ...stackOf(), url: served.server.url, subscriptions: 'single-connection' }),
      ),
    })
    clients.push(client)
    expect((await client.query('{ hello }')).data).toEqual({})
    expect(served.seen()).toEqual(['POST'])
    const { error } = await collect(client.subscribe(onTick))
    expect(error).toMatchObject({
      status: 500,
      message: expect.stringMatching(/starts with: \[redacted\] \[redacted\]$/),
    })
    canary.check(error)
  })
})
