import { bearerLink, chain, createClient, TimeoutError, type Client, type Result } from '@graphlinks/core'
import { FakeClock, scriptedServer, secretCanary, type Script, type ScriptedServer } from '@graphlinks/testing'
import crossFetch from 'cross-fetch'
import {
  EmptyResponseError,
  HttpError,
  httpLink,
  MalformedResponseError,
  ResponseTooLargeError,
  StreamInterruptedError,
  SubscriptionNotSupportedError,
  type Fetch,
  type HttpLinkOptions,
} from './index.ts'
import { undiciTransport } from './undici.ts'

type Stack = Pick<HttpLinkOptions, 'fetch' | 'transport'>

const undici = undiciTransport()
const stacks: readonly (readonly [name: string, stack: Stack])[] = [
  ['global fetch', {}],
  ['cross-fetch', { fetch: crossFetch as Fetch }],
  ['undici', { transport: undici }],
]
const servers: ScriptedServer[] = []

afterEach(async () => {
  await Promise.all(servers.splice(0).map(async (server) => server.close()))
})
afterAll(async () => undici.dispose?.())

async function serverOf(script: Script): Promise<ScriptedServer> {
  const server = await scriptedServer(script)
  servers.push(server)
  return server
}

function clientOf({ url }: ScriptedServer, options: Partial<HttpLinkOptions> = {}): Client {
  return createClient({ link: httpLink({ ...options, url } as HttpLinkOptions) })
}

const mixed = { 'content-type': 'multipart/mixed; boundary="-"' }
const deferred = 'query Me { me { name ... @defer(label: "slow") { age } } }'
const subscription = 'subscription OnTick { tick }'

function part(payload: unknown): string {
  return `\r\n---\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(payload)}`
}

const start = part({
  data: { me: { name: 'Ada' } },
  pending: [{ id: '0', path: ['me'], label: 'slow' }],
  hasNext: true,
})
const rest = part({ incremental: [{ id: '0', data: { age: 36 } }], completed: [{ id: '0' }], hasNext: false })
const end = '\r\n-----\r\n'

interface Collected {
  readonly results: Result[]
  readonly error: unknown
}

/** All results, and what they ended with. */
async function collect(results: AsyncIterable<Result>): Promise<Collected> {
  const collected: Result[] = []
  try {
    for await (const result of results) collected.push(result)
    return { results: collected, error: undefined }
  } catch (error) {
    return { results: collected, error }
  }
}

const datas = ({ results }: Collected): unknown[] => results.map(({ data }) => data)

describe.each(stacks)('@defer by %s', (_, stack) => {
  test('M5, I1 each part is given as soon as it is there, though no delimiter follows', async () => {
    let goOn = (): void => {}
    const read = new Promise<void>((resolve) => (goOn = resolve))
    const server = await serverOf(async (exchange) => {
      await exchange.head(200, mixed)
      await exchange.write(start)
      await read
      await exchange.write(rest + end)
      await exchange.end()
    })
    const results = clientOf(server, stack).execute(deferred)[Symbol.asyncIterator]()
    const { value: first } = (await results.next()) as { value: Result }
    expect(first).toMatchObject({ data: { me: { name: 'Ada' } }, hasNext: true, http: { status: 200 } })
    goOn()
    const { value: last } = (await results.next()) as { value: Result }
    expect(last.data).toEqual({ me: { name: 'Ada', age: 36 } })
    expect(last.hasNext ?? false).toBe(false)
    expect(first.data).toEqual({ me: { name: 'Ada' } })
    expect((await results.next()).done).toBe(true)
  })

  test('I9 client.query gives the complete data, whatever the chunks are; M9 compressed as well', async () => {
    for (const size of [1, 2, 3, 5, 7, 64]) {
      for (const encoding of [{}, { 'content-encoding': 'gzip' }]) {
        const server = await serverOf(async (exchange) => {
          await exchange.head(200, { ...mixed, ...encoding })
          await exchange.split(start + rest + end, size)
          await exchange.end()
        })
        const { data } = await clientOf(server, stack).query(deferred)
        expect(data).toEqual({ me: { name: 'Ada', age: 36 } })
      }
    }
  })

  test('M3, M9 50,000 parts, compressed and in the chunks of TCP: none is lost', async () => {
    const count = 50_000
    const ticks = Array.from({ length: count }, (__, tick) => part({ data: { tick } })).join('')
    const server = await serverOf(async (exchange) => {
      await exchange.head(200, { ...mixed, 'content-encoding': 'gzip' })
      await exchange.write(ticks + end)
      await exchange.end()
    })
    let expected = 0
    for await (const { data } of clientOf(server, stack).subscribe('subscription OnTick { tick }')) {
      if ((data as { tick: number }).tick !== expected) throw new Error(`${expected} is missing`)
      expected++
    }
    expect(expected).toBe(count)
  }, 30_000)

  test('M6 the terminal delimiter ends it, though the connection stays open', async () => {
    const server = await serverOf(async (exchange) => {
      await exchange.head(200, mixed)
      await exchange.write(start + rest + end)
    })
    expect(await clientOf(server, stack).query(deferred)).toMatchObject({ data: { me: { age: 36 } } })
    await (
      await server.request(0)
    ).closed
  })

  test.each([
    ['a proper end', (exchange: Parameters<Script>[0]) => exchange.end()],
    ['FIN', (exchange: Parameters<Script>[0]) => exchange.close()],
    ['RST', (exchange: Parameters<Script>[0]) => exchange.reset()],
  ])('M7, I11 a stream that breaks off by %s: what came is delivered, and the error has it', async (name, breakOff) => {
    // node-fetch 2 cannot see that a chunked body was cut off by a FIN in the middle; its own message differs anyway.
    const server = await serverOf(async (exchange) => {
      await exchange.head(200, mixed)
      await exchange.write(start)
      breakOff(exchange)
    })
    const { results, error } = await collect(clientOf(server, stack).execute(deferred))
    if (name !== 'RST') expect(results.map(({ data }) => data)).toEqual([{ me: { name: 'Ada' } }])
    expect(error).toBeInstanceOf(StreamInterruptedError)
    expect(error).toMatchObject({ code: 'STREAM_INTERRUPTED', retryable: true, operationName: 'Me', status: 200 })
    if (results.length > 0) expect((error as StreamInterruptedError).partial?.data).toEqual({ me: { name: 'Ada' } })
  })

  test('M7 the end without a delimiter is good after hasNext: false', async () => {
    const server = await serverOf(async (exchange) => {
      await exchange.head(200, mixed)
      await exchange.write(start + rest)
      await exchange.end()
    })
    expect(await clientOf(server, stack).query(deferred)).toMatchObject({ data: { me: { age: 36 } } })
  })

  test('M8 a part that is no JSON is an error after what came before, even in one chunk', async () => {
    const server = await serverOf(async (exchange) => {
      await exchange.head(200, mixed)
      await exchange.write(`${start}\r\n---\r\n\r\n{"incremental": nonsense}${end}`)
      await exchange.end()
    })
    const { results, error } = await collect(clientOf(server, stack).execute(deferred))
    expect(results).toHaveLength(1)
    expect(error).toBeInstanceOf(MalformedResponseError)
    expect((error as Error).message).toContain('{"incremental": nonsense}')
  })

  test('M9 parts under another status are results, too', async () => {
    const server = await serverOf(async (exchange) =>
      exchange.respond(400, mixed, part({ errors: [{ message: 'no such field' }] }) + end),
    )
    const { errors, http } = await clientOf(server, stack).query(deferred)
    expect([errors, http?.status]).toEqual([[{ message: 'no such field' }], 400])
  })

  test('M10 a part has at most maxResponseBytes, and the stream may have more', async () => {
    const item = (name: string): string => part({ incremental: [{ items: [name], path: ['list', 0] }], hasNext: true })
    const server = await serverOf(async (exchange) => {
      await exchange.head(200, mixed)
      await exchange.write(part({ data: { list: [] }, hasNext: true }))
      for (let index = 0; index < 20; index++) await exchange.write(item('x'.repeat(400)))
      await exchange.write(item('y'.repeat(2_000)))
    })
    const client = clientOf(server, { ...stack, maxResponseBytes: 1_000, incremental: 'raw' })
    const { results, error } = await collect(client.execute(deferred))
    expect(results).toHaveLength(21)
    expect(error).toBeInstanceOf(ResponseTooLargeError)
    await (
      await server.request(0)
    ).closed
  })

  test('I11 leaving the loop closes the connection', async () => {
    const server = await serverOf(async (exchange) => {
      await exchange.head(200, mixed)
      await exchange.write(start)
    })
    for await (const result of clientOf(server, stack).execute(deferred)) {
      expect(result.hasNext).toBe(true)
      break
    }
    await (
      await server.request(0)
    ).closed
  })

  test('H7 an abort while the stream is silent has its own reason, and closes the connection', async () => {
    const server = await serverOf(async (exchange) => {
      await exchange.head(200, mixed)
      await exchange.write(start)
    })
    const controller = new AbortController()
    const results = clientOf(server, stack)
      .execute(deferred, null, { signal: controller.signal })
      [Symbol.asyncIterator]()
    await results.next()
    const next = results.next()
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(next).rejects.toBe(reason)
    await (
      await server.request(0)
    ).closed
  })

  test('H8 timeoutMs is until the stream begins; from then on idleTimeoutMs, anew with all that comes', async () => {
    const clock = new FakeClock()
    let goOn = (): void => {}
    const read = new Promise<void>((resolve) => (goOn = resolve))
    const server = await serverOf(async (exchange) => {
      await exchange.head(200, mixed)
      await exchange.write(start)
      await read
      await exchange.write(part({ hasNext: true }))
    })
    const client = clientOf(server, { ...stack, clock, timeoutMs: 5_000, idleTimeoutMs: 10_000 })
    const results = client.execute(deferred)[Symbol.asyncIterator]()
    await results.next()
    await clock.advance(9_000)
    goOn()
    await results.next()
    const next = results.next()
    next.catch(() => {})
    await clock.advance(9_000)
    expect(clock.pending).toBe(1)
    await clock.advance(1_000)
    await expect(next).rejects.toBeInstanceOf(TimeoutError)
    await expect(next).rejects.toThrow('10000 ms (idleTimeoutMs)')
    await (
      await server.request(0)
    ).closed
  })

  test('H8 what the consumer takes for a result is no silence of the stream', async () => {
    const clock = new FakeClock()
    let goOn = (): void => {}
    const slow = new Promise<void>((resolve) => (goOn = resolve))
    const server = await serverOf(async (exchange) => {
      await exchange.head(200, mixed)
      await exchange.write(start)
      await slow
      await exchange.write(rest + end)
    })
    const client = clientOf(server, { ...stack, clock, idleTimeoutMs: 10_000 })
    const results = client.execute(deferred)[Symbol.asyncIterator]()
    await results.next()
    await clock.advance(3_600_000)
    goOn()
    expect((await results.next()).value).toMatchObject({ data: { me: { age: 36 } } })
    expect((await results.next()).done).toBe(true)
    expect(clock.pending).toBe(0)
  })
})

describe('what is accepted', () => {
  const acceptOf = async (document: string, options: Partial<HttpLinkOptions> = {}): Promise<string | null> => {
    const server = await serverOf(async (exchange) =>
      exchange.respond(200, { 'content-type': 'application/json' }, '{"data":{"ok":true}}'),
    )
    await collect(clientOf(server, options).execute(document))
    return server.requests[0]?.headers.get('accept') ?? null
  }
  const plain = 'application/graphql-response+json, application/json;q=0.9'
  const incremental = `multipart/mixed;incrementalSpec=v0.2, multipart/mixed;deferSpec=20220824, ${plain}`

  test.each([
    ['{ a ... @defer { b } }', incremental],
    ['{ a ... @ # no\n , defer { b } }', incremental],
    ['{ list @stream(initialCount: 1) { a } }', incremental],
    ['mutation { add { ... @defer { b } } }', incremental],
    ['{ a @include(if: true) }', plain],
    ['{ a @deferred }', plain],
    ['# @defer\n{ a }', plain],
    ['{ a(text: "@defer") }', plain],
    ['{ a(text: """ \\""" @stream """) }', plain],
  ])('H4, M12 %p', async (document, accept) => {
    expect(await acceptOf(document)).toBe(accept)
  })

  test('M12 incrementalAccept takes its place, and a header of the caller wins', async () => {
    const document = '{ a ... @defer { b } }'
    expect(await acceptOf(document, { incrementalAccept: 'multipart/mixed;deferSpec=20220824' })).toBe(
      'multipart/mixed;deferSpec=20220824',
    )
    const server = await serverOf(async (exchange) => exchange.respond(500))
    await expect(
      clientOf(server).query(document, null, { headers: { Accept: 'multipart/mixed' } }),
    ).rejects.toBeInstanceOf(HttpError)
    expect(server.requests[0]?.headers.get('accept')).toBe('multipart/mixed')
  })

  test.each([
    ['auto', `text/event-stream, multipart/mixed;subscriptionSpec=1.0, ${plain}`],
    ['sse', 'text/event-stream'],
    ['multipart', `multipart/mixed;subscriptionSpec=1.0, ${plain}`],
  ] as const)('R1, S1 a subscription: %s', async (subscriptions, accept) => {
    expect(await acceptOf(subscription, { subscriptions })).toBe(accept)
  })
})

describe.each(stacks)('the multipart protocol for subscriptions by %s', (_, stack) => {
  const enveloped = { 'content-type': 'multipart/mixed;boundary="graphql-of-somebody";subscriptionSpec="1.0"' }
  const event = (payload: unknown): string =>
    `\r\n--graphql-of-somebody\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(payload)}`
  const last = '\r\n--graphql-of-somebody--\r\n'
  const streaming =
    (body: string, headers: Readonly<Record<string, string>> = enveloped): Script =>
    async (exchange) => {
      await exchange.head(200, headers)
      await exchange.split(body, 11)
      await exchange.end()
    }

  test('R2, R3, R5 events are unwrapped, heartbeats are none, the last delimiter is the end', async () => {
    const body = [{}, { payload: { data: { tick: 1 } } }, {}, { payload: { data: { tick: 2 } } }].map(event).join('')
    const server = await serverOf(streaming(body + last))
    const collected = await collect(clientOf(server, stack).subscribe(subscription))
    expect(collected.error).toBeUndefined()
    expect(datas(collected)).toEqual([{ tick: 1 }, { tick: 2 }])
  })

  test('R2 an envelope is known by its shape, too; R5 and results without one are results', async () => {
    const parts = [{ payload: { data: { tick: 1 } } }, { data: { tick: 2 } }, { data: { payload: 3 } }]
    const server = await serverOf(streaming(parts.map(part).join('') + end, mixed))
    const collected = await collect(clientOf(server, stack).subscribe(subscription))
    expect(datas(collected)).toEqual([{ tick: 1 }, { tick: 2 }, { payload: 3 }])
  })

  test('R4 errors in the payload are a result, and the stream goes on', async () => {
    const body = event({ payload: { errors: [{ message: 'no' }] } }) + event({ payload: { data: { tick: 1 } } })
    const server = await serverOf(streaming(body + last))
    const { results } = await collect(clientOf(server, stack).subscribe(subscription))
    expect(results.map(({ data, errors }) => data ?? errors)).toEqual([[{ message: 'no' }], { tick: 1 }])
  })

  test('R4 errors beside a payload that is null are the end of the stream, retryable and without secrets', async () => {
    const canary = secretCanary()
    const server = await serverOf(async (exchange) => {
      await exchange.head(200, enveloped)
      const message = `no connection for ${exchange.request.headers.get('authorization')}`
      await exchange.write(event({ payload: { data: { tick: 1 } } }) + event({ payload: null, errors: [{ message }] }))
    })
    const client = createClient({
      link: chain(bearerLink(canary.value), httpLink({ ...stack, url: server.url } as HttpLinkOptions)),
    })
    const { results, error } = await canary.watch(async () => collect(client.subscribe(subscription)))
    expect(results).toHaveLength(1)
    expect(error).toBeInstanceOf(StreamInterruptedError)
    expect((error as Error).message).toContain('no connection for')
    canary.check(error)
  })

  test('R4 a payload that is null and nothing else is the end, though the connection stays open', async () => {
    const server = await serverOf(async (exchange) => {
      await exchange.head(200, enveloped)
      await exchange.write(event({ payload: { data: { tick: 1 } } }) + event({ payload: null }))
    })
    const collected = await collect(clientOf(server, stack).subscribe(subscription))
    expect([datas(collected), collected.error]).toEqual([[{ tick: 1 }], undefined])
    await (
      await server.request(0)
    ).closed
  })

  test('R4 what comes in the same chunk after the end does not count', async () => {
    const server = await serverOf(async (exchange) =>
      exchange.respond(200, enveloped, `${event({ payload: null })}\r\n--graphql-of-somebody\r\n\r\n{x}`),
    )
    expect(await collect(clientOf(server, stack).subscribe(subscription))).toEqual({ results: [], error: undefined })
  })

  test('R5 the end without a delimiter is an interruption, unless eofCompletes says otherwise', async () => {
    const server = await serverOf(streaming(event({ payload: { data: { tick: 1 } } })))
    const collected = await collect(clientOf(server, stack).subscribe(subscription))
    expect(datas(collected)).toEqual([{ tick: 1 }])
    expect(collected.error).toBeInstanceOf(StreamInterruptedError)
    const lenient = await collect(clientOf(server, { ...stack, eofCompletes: true }).subscribe(subscription))
    expect([datas(lenient), lenient.error]).toEqual([[{ tick: 1 }], undefined])
  })

  test('R5, M7 an end amid a part is an interruption, whatever eofCompletes says', async () => {
    const whole = event({ payload: { data: { tick: 1 } } })
    const server = await serverOf(streaming(whole + whole.slice(0, -5)))
    const { results, error } = await collect(clientOf(server, { ...stack, eofCompletes: true }).subscribe(subscription))
    expect(results).toMatchObject([{ data: { tick: 1 } }])
    expect(error).toBeInstanceOf(StreamInterruptedError)
    const headersOnly = await serverOf(streaming(whole + whole.slice(0, whole.indexOf('{'))))
    const lenient = await collect(clientOf(headersOnly, { ...stack, eofCompletes: true }).subscribe(subscription))
    expect([datas(lenient), lenient.error]).toEqual([[{ tick: 1 }], undefined])
  })

  test('R6 completion: "interruption" makes the end a retryable error, so that a link can subscribe again', async () => {
    const server = await serverOf(streaming(event({ payload: { data: { tick: 1 } } }) + last))
    const client = clientOf(server, { ...stack, completion: 'interruption' })
    const collected = await collect(client.subscribe(subscription))
    expect(datas(collected)).toEqual([{ tick: 1 }])
    expect(collected.error).toMatchObject({ code: 'STREAM_INTERRUPTED', retryable: true })
  })

  test('threats 13 parts that are nested deeper than the stack are errors like others, where they are no result', async () => {
    const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`
    const errorOf = async (json: string): Promise<unknown> => {
      const server = await serverOf(async (exchange) => {
        await exchange.head(200, mixed)
        await exchange.write(`\r\n---\r\n\r\n${json}${end}`)
        await exchange.end()
      })
      return (await collect(clientOf(server).subscribe(subscription))).error
    }
    expect(await errorOf(deep)).toBeInstanceOf(MalformedResponseError)
    const broken = (await errorOf(`{"payload":null,"errors":[${deep}]}`)) as Error
    expect(broken).toBeInstanceOf(StreamInterruptedError)
    expect(broken.message).toContain('cannot go on')
  })

  test('the credentials are those of each attempt', async () => {
    const server = await serverOf(streaming(event({ payload: { data: { tick: 1 } } }) + last))
    let count = 0
    const client = createClient({
      link: chain(
        bearerLink(() => `t${++count}`),
        httpLink({ ...stack, url: server.url } as HttpLinkOptions),
      ),
    })
    await collect(client.subscribe(subscription))
    await collect(client.subscribe(subscription))
    expect(server.requests.map(({ headers }) => headers.get('authorization'))).toEqual(['Bearer t1', 'Bearer t2'])
  })

  test('H20 one plain result is a typed error that says so', async () => {
    const server = await serverOf(async (exchange) =>
      exchange.respond(200, { 'content-type': 'application/json' }, '{"data":{"tick":null}}'),
    )
    const { results, error } = await collect(clientOf(server, stack).subscribe(subscription))
    expect(results).toEqual([])
    expect(error).toBeInstanceOf(SubscriptionNotSupportedError)
  })
})

describe('M13 whatever the answer comes in', () => {
  test('one plain result to @defer is the result', async () => {
    const server = await serverOf(async (exchange) =>
      exchange.respond(200, { 'content-type': 'application/json' }, '{"data":{"me":{"name":"Ada","age":36}}}'),
    )
    const collected = await collect(clientOf(server).execute(deferred))
    expect(datas(collected)).toEqual([{ me: { name: 'Ada', age: 36 } }])
  })

  test('parts that nobody asked for are read, and format (a) is merged', async () => {
    const flat = [
      { data: { me: { name: 'Ada' } }, hasNext: true },
      { data: { age: 36 }, path: ['me'], hasNext: false },
    ]
    const server = await serverOf(async (exchange) => exchange.respond(200, mixed, flat.map(part).join('') + end))
    expect(await clientOf(server).query('{ me { name } }')).toMatchObject({ data: { me: { name: 'Ada', age: 36 } } })
  })

  test.each([
    ['parts', mixed, end],
    ['heartbeats', mixed, part({}) + end],
    ['events', { 'content-type': 'text/event-stream' }, ':\n\nevent: complete\n\n'],
  ])(
    'H15 a stream of %s without any result is an empty response, and of a subscription its end',
    async (_, head, body) => {
      const client = clientOf(await serverOf(async (exchange) => exchange.respond(200, head, body)))
      const { error } = await collect(client.execute(deferred))
      expect(error).toBeInstanceOf(EmptyResponseError)
      expect(error).toMatchObject({ operationName: 'Me', status: 200, retryable: false })
      expect(await collect(client.subscribe(subscription))).toEqual({ results: [], error: undefined })
    },
  )

  test('incremental: "raw" gives the payloads as they came', async () => {
    const server = await serverOf(async (exchange) => exchange.respond(200, mixed, start + rest + end))
    const { results } = await collect(clientOf(server, { incremental: 'raw' }).execute(deferred))
    expect(results).toMatchObject([{ pending: [{ id: '0' }] }, { completed: [{ id: '0' }] }])
    const cutOff = await serverOf(async (exchange) => exchange.respond(200, mixed, start))
    const { error } = await collect(clientOf(cutOff, { incremental: 'raw' }).execute(deferred))
    expect(error).toBeInstanceOf(StreamInterruptedError)
  })

  test('I5 an unknown id is an error of the protocol, with the data so far', async () => {
    const server = await serverOf(async (exchange) =>
      exchange.respond(200, mixed, start + part({ incremental: [{ id: '9', data: {} }], hasNext: false }) + end),
    )
    const { results, error } = await collect(clientOf(server).execute(deferred))
    expect(results).toHaveLength(1)
    expect(error).toMatchObject({ code: 'INCREMENTAL_DELIVERY', link: 'httpLink', operationName: 'Me' })
  })
})
