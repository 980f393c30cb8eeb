import {
  bearerLink,
  chain,
  contextKey,
  createClient,
  createOperation,
  createTokenSource,
  emptyContext,
  execute,
  executionOf,
  GraphLinksError,
  lastResult,
  OptionsError,
  TimeoutError,
  tokenRefreshLink,
  withHeader,
  withSigner,
  type Exchange,
  type Link,
  type Operation,
  type OperationInit,
  type Result,
  type TerminalLink,
} from '@graphlinks/core'
import {
  HttpError,
  httpLink,
  MalformedResponseError,
  NetworkError,
  RedirectBlockedError,
  ResponseTooLargeError,
  type HttpLinkOptions,
} from '@graphlinks/http-link'
import { FakeClock, scriptedServer, secretCanary, settle, type Script } from '@graphlinks/testing'
import * as fc from 'fast-check'
import { BatchError, batching, batchLink, type BatchLinkOptions } from './index.ts'

const json = { 'content-type': 'application/json' }
const graphql = { 'content-type': 'application/graphql-response+json' }

interface Sent {
  readonly query: string
  readonly operationName?: string
  readonly variables?: Record<string, unknown>
}

interface Seen {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Sent | readonly Sent[]
  readonly signal: AbortSignal
}

interface Options {
  readonly http?: Partial<HttpLinkOptions>
  readonly batch?: BatchLinkOptions
  readonly answer?: (seen: Seen, index: number) => Response | Promise<Response>
}

const resultOf = ({ operationName, variables }: Sent): Result => ({ data: { operationName, ...variables } })

/** As a server that takes batches. */
function answerAll({ body }: Seen): Response {
  return Response.json(Array.isArray(body) ? body.map(resultOf) : resultOf(body as Sent))
}

/** A batchLink in front of a server that answers in this process, and what that was asked. */
function batched({ http, batch, answer = answerAll }: Options = {}): {
  link: TerminalLink
  seen: Seen[]
  sizes: () => number[]
} {
  const seen: Seen[] = []
  const http$ = httpLink({
    url: 'https://api.test/graphql',
    fetch: async (url, { headers, body, signal }) => {
      const request: Seen = {
        url,
        headers: headers as Record<string, string>,
        body: typeof body === 'string' && body ? (JSON.parse(body) as Sent) : { query: '' },
        signal: signal as AbortSignal,
      }
      return answer(request, seen.push(request) - 1)
    },
    ...http,
  } as HttpLinkOptions)
  const sizes = (): number[] => seen.map(({ body }) => (Array.isArray(body) ? body.length : 0))
  return { link: batchLink(http$, batch), seen, sizes }
}

const query = (name: string, init: Partial<OperationInit> = {}): Operation =>
  createOperation({ document: `query ${name} { a }`, ...init })

const outcomeOf = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error)
const send = (link: TerminalLink, operations: readonly Operation[]): Promise<unknown[]> =>
  Promise.all(operations.map((operation) => outcomeOf(lastResult(link, operation))))

/** Some turns, for what takes several. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await settle()
}

describe('contract of a terminal link', () => {
  test('nothing is sent before iteration, each settles once, and an aborted one sends nothing', async () => {
    const { link, seen } = batched({ batch: { windowMs: 'microtask' } })
    const iterator = execute(link, query('A'))[Symbol.asyncIterator]()
    await settled()
    expect(seen).toHaveLength(0)
    expect(await iterator.next()).toMatchObject({ done: false, value: { data: { operationName: 'A' } } })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    const reason = new Error('too late')
    expect(await send(link, [query('B', { signal: AbortSignal.abort(reason) })])).toEqual([reason])
    expect(seen).toHaveLength(1)
  })
})

describe('B1 a list in order, matched by index', () => {
  test('B1 several operations are one request, and each has its own result', async () => {
    const { link, seen } = batched()
    const results = await send(link, [
      query('A', { variables: { n: 1 } }),
      createOperation({ document: 'mutation B { b }', extensions: { e: 1 } }),
      query('C'),
    ])
    expect(seen.map(({ url, body }) => ({ url, body }))).toEqual([
      {
        url: 'https://api.test/graphql',
        body: [
          { query: 'query A { a }', operationName: 'A', variables: { n: 1 } },
          { query: 'mutation B { b }', operationName: 'B', extensions: { e: 1 } },
          { query: 'query C { a }', operationName: 'C' },
        ],
      },
    ])
    expect(results).toMatchObject([
      { data: { operationName: 'A', n: 1 } },
      { data: { operationName: 'B' } },
      { data: { operationName: 'C' } },
    ])
    for (const result of results as Result[]) {
      expect(result.http).toMatchObject({ status: 200, url: 'https://api.test/graphql' })
    }
    expect((results[0] as Result).http).not.toBe((results[1] as Result).http)
  })

  test('B1 fast-check: whatever comes when, in batches of any size, each gets its own', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ atMs: fc.integer({ min: 0, max: 30 }), user: fc.constantFrom('ada', 'bob') }), {
          maxLength: 30,
        }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 0, max: 10 }),
        async (calls, maxSize, windowMs) => {
          const clock = new FakeClock()
          const { link, seen } = batched({ batch: { maxSize, windowMs, clock } })
          const results = calls.map(({ atMs, user }, n) => {
            const operation = query('Q', { variables: { n }, headers: { authorization: user } })
            return new Promise<void>((resolve) => clock.after(atMs, resolve)).then(() => lastResult(link, operation))
          })
          await clock.advance(60)
          expect((await Promise.all(results)).map(({ data }) => (data as { n: number }).n)).toEqual(
            calls.map((_, n) => n),
          )
          for (const { body, headers } of seen) {
            const members = Array.isArray(body) ? (body as Sent[]) : [body as Sent]
            expect(members.length).toBeLessThanOrEqual(maxSize)
            for (const { variables } of members) {
              expect(calls[variables?.['n'] as number]?.user).toBe(headers['authorization'])
            }
          }
        },
      ),
      { numRuns: 40 },
    )
  })

  test.each<[string, () => Response, RegExp, string[]]>([
    ['too short a list', () => Response.json([{ data: {} }]), /with a list of 1, where 2 results are due/, []],
    ['too long a list', () => Response.json([{ data: 1 }, { data: 2 }, { data: 3 }]), /with a list of 3/, []],
    [
      'a list with the error of all',
      () => Response.json([{ errors: [{ message: 'out of order' }] }], { status: 500, headers: graphql }),
      /answered 500 with a list of 1, where 2 results are due; it said: out of order/,
      ['out of order'],
    ],
    [
      'one result',
      () => Response.json({ errors: [{ message: 'a' }, { message: 'b' }] }, { headers: json }),
      /with no list, .* it said: a b/,
      ['a', 'b'],
    ],
    ['data of one', () => Response.json({ data: { a: 1 } }), /with no list, .* it said: {"data":{"a":1}}/, []],
    ['something else', () => Response.json('ok'), /with no list, .* it said: "ok"/, []],
    ['null', () => Response.json(null), /with no list, .* it said: null/, []],
  ])('B1 %s is an error for each, with what the server said', async (_, answer, message, messages) => {
    const { link } = batched({ answer })
    const [a, b] = (await send(link, [query('A'), query('B')])) as [BatchError, BatchError]
    for (const [error, operationName] of [
      [a, 'A'],
      [b, 'B'],
    ] as const) {
      expect(error).toBeInstanceOf(BatchError)
      expect(error).toMatchObject({ code: 'BATCH', link: 'httpLink', operationName, unsupported: false })
      expect(error.message).toMatch(message)
      expect(error.errors.map((each) => each.message)).toEqual(messages)
    }
    expect(a).not.toBe(b)
  })

  test('B1 one item that is no result fails its own operation only', async () => {
    for (const item of [null, {}, 5, [], { data: 1 }, { errors: [{}] }, { data: { a: 1 }, errors: 'no' }]) {
      const { link } = batched({ answer: () => Response.json([{ data: { ok: 1 } }, item]) })
      const [fine, broken] = await send(link, [query('A'), query('B')])
      expect(fine).toMatchObject({ data: { ok: 1 } })
      expect(broken).toBeInstanceOf(MalformedResponseError)
      expect(broken).toMatchObject({ operationName: 'B', status: 200 })
    }
  })
})

describe('B2 whatever the status', () => {
  test.each([
    [400, graphql],
    [400, json],
    [500, json],
    [294, graphql],
  ])('B2 a list with %i is taken apart (%p)', async (status, headers) => {
    const invalid = { errors: [{ message: 'no such field' }] }
    const { link } = batched({ answer: () => Response.json([{ data: { a: 1 } }, invalid], { status, headers }) })
    const results = await send(link, [query('A'), query('B')])
    expect(results).toMatchObject([
      { data: { a: 1 }, http: { status } },
      { ...invalid, http: { status } },
    ])
  })

  test('B2 a list of another media type is nobody’s word', async () => {
    const { link } = batched({ answer: () => new Response('[{"data":1},{"data":{}}]', { status: 200 }) })
    for (const error of await send(link, [query('A'), query('B')])) expect(error).toBeInstanceOf(HttpError)
  })
})

describe('B3 who shares a request', () => {
  test('B3 TR-48 AUTH-20 field notes 2.28: never two identities, nor two sets of headers', async () => {
    const who = contextKey<string>('who')
    const { link, seen } = batched({ batch: { maxSize: 100 } })
    const chained = chain(
      bearerLink((operation) => operation.context.get(who)),
      link,
    )
    const users = Array.from({ length: 60 }, (_, n) => `user-${n % 6}`)
    const results = await Promise.all(
      users.map((user, n) =>
        lastResult(chained, query('Q', { context: emptyContext.with(who, user), variables: { user, n } })),
      ),
    )
    expect(results.map(({ data }) => (data as { user: string }).user)).toEqual(users)
    expect(seen).toHaveLength(6)
    for (const { headers, body } of seen) {
      for (const { variables } of body as Sent[]) {
        expect(headers['authorization']).toBe(`Bearer ${String(variables?.['user'])}`)
      }
    }
  })

  test('B3 URL, headers, and credentials in the URL', async () => {
    for (const inits of [
      [{ headers: { 'accept-language': 'de' } }, { headers: { 'accept-language': 'en' } }],
      [{ headers: { 'x-tenant': 'a' } }, {}],
      [{ headers: { accept: 'application/json' } }, {}],
      [{ headers: { 'idempotency-key': '1' } }, { headers: { 'idempotency-key': '2' } }],
    ] as const) {
      const { link, sizes } = batched()
      await send(
        link,
        inits.map((init) => query('A', init)),
      )
      expect(sizes()).toEqual([0, 0])
    }
    const region = contextKey<string>('region')
    const { link, seen } = batched({
      http: {
        url: ({ context }) => `https://${context.get(region)}.test/`,
        origins: ['https://a.test', 'https://b.test'],
      },
    } as Options)
    await send(
      link,
      ['a', 'b', 'a', 'b'].map((name) => query('Q', { context: emptyContext.with(region, name) })),
    )
    expect(seen.map(({ url, body }) => [url, (body as Sent[]).length])).toEqual([
      ['https://a.test/', 2],
      ['https://b.test/', 2],
    ])
  })

  test('B3 what names a request may differ; the names are an option', async () => {
    let count = 0
    const numbered =
      (name: string): Link =>
      (operation, next) =>
        next(withHeader(operation, name, String(++count), { sensitive: false }))
    for (const [name, batch, expected] of [
      ['traceparent', {}, [2]],
      ['X-Request-Id', {}, [2]],
      ['x-number', {}, [0, 0]],
      ['x-number', { ignoreHeaders: ['X-Number'] }, [2]],
      ['traceparent', { ignoreHeaders: [] }, [0, 0]],
    ] as const) {
      const { link, sizes } = batched({ batch })
      await send(chain(numbered(name), link), [query('A'), query('B')])
      expect(sizes()).toEqual(expected)
    }
  })

  test('B3 one operation goes as it is', async () => {
    const { link, seen } = batched()
    expect(await send(link, [query('A')])).toMatchObject([{ data: { operationName: 'A' } }])
    expect(seen.map(({ body }) => body)).toEqual([{ query: 'query A { a }', operationName: 'A' }])
  })

  test('B3 subscriptions, files, @defer and @stream, and GET go by themselves', async () => {
    const alone: readonly (readonly [OperationInit, Partial<HttpLinkOptions>?])[] = [
      [{ document: 'query ($f: Upload) { a(f: $f) }', variables: { f: new Blob(['x']) } }],
      [{ document: '{ a ... @defer { b } }' }],
      [{ document: '{ a ... @\n defer { b } }' }],
      [{ document: '{ list @stream { b } }', headers: { accept: 'application/json' } }],
      [{ document: '{ a }' }, { queryMethod: 'GET' }],
      [{ document: '{ a }' }, { queryMethod: 'QUERY' }],
      [{ document: '{ a }', context: emptyContext.with(batching, false) }],
    ]
    for (const [init, http] of alone) {
      const { link, seen, sizes } = batched({ http: http ?? {} })
      await send(link, [createOperation(init), createOperation(init), createOperation(init)])
      expect([init.document, sizes()]).toEqual([init.document, [0, 0, 0]])
      expect(seen).toHaveLength(3)
    }
    const { link, sizes } = batched({
      answer: () => new Response('event: complete\n\n', { headers: { 'content-type': 'text/event-stream' } }),
    })
    const subscription = createOperation({ document: 'subscription { a }' })
    for (const operation of [subscription, subscription])
      for await (const _ of execute(link, operation)) expect(_).toBe(0)
    expect(sizes()).toEqual([0, 0])
  })

  test('B3 mutations by POST share where queries go by GET; a directive of another name shares, too', async () => {
    const { link, sizes } = batched({ http: { queryMethod: 'GET' } })
    const mutation = createOperation({ document: 'mutation { a }' })
    await send(link, [mutation, mutation])
    expect(sizes()).toEqual([2])
    const other = batched()
    const document = 'query ($a: Boolean!) { streams @include(if: $a) { deferred } }'
    await send(other.link, [createOperation({ document }), createOperation({ document })])
    expect(other.sizes()).toEqual([2])
  })
})

describe('B4 when a request is sent', () => {
  test('B4 after the window, on the injected clock', async () => {
    const clock = new FakeClock()
    const { link, sizes } = batched({ batch: { windowMs: 10, clock } })
    const results = [lastResult(link, query('A'))]
    await clock.advance(9)
    results.push(lastResult(link, query('B')))
    expect(sizes()).toEqual([])
    await clock.advance(1)
    results.push(lastResult(link, query('C')))
    await clock.advance(10)
    await Promise.all(results)
    expect(sizes()).toEqual([2, 0])
    expect(clock.pending).toBe(0)
  })

  test('B4 at the end of the turn', async () => {
    const clock = new FakeClock()
    const { link, sizes } = batched({ batch: { windowMs: 'microtask', clock } })
    const chained = chain(
      bearerLink(async () => 'token'),
      link,
    )
    await Promise.all([lastResult(chained, query('A')), lastResult(chained, query('B'))])
    expect(sizes()).toEqual([2])
    expect(clock.pending).toBe(0)
  })

  test('B4 at once, when it has as many operations, or bytes, as it may', async () => {
    const clock = new FakeClock()
    const { link, sizes } = batched({ batch: { windowMs: 1_000, maxSize: 3, clock } })
    await Promise.all(Array.from({ length: 6 }, (_, n) => lastResult(link, query('Q', { variables: { n } }))))
    expect(sizes()).toEqual([3, 3])
    expect(clock.pending).toBe(0)

    const one = JSON.stringify({ query: 'query Q { a }', operationName: 'Q', variables: { text: 'ä'.repeat(50) } })
    const maxBytes = 2 * Buffer.byteLength(one) + '[,]'.length
    for (const [limit, expected] of [
      [maxBytes, [2, 0]],
      [maxBytes - 1, [0, 0, 0]],
      [10, [0, 0, 0]],
    ] as const) {
      const bytes = batched({ batch: { maxBytes: limit } })
      const operation = query('Q', { variables: { text: 'ä'.repeat(50) } })
      await send(bytes.link, [operation, operation, operation])
      expect([limit, bytes.sizes()]).toEqual([limit, expected])
    }
    const single = batched({ batch: { maxSize: 1 } })
    await send(single.link, [query('A'), query('B')])
    expect(single.sizes()).toEqual([0, 0])
  })

  test('B4 one that leaves while it waits is not sent; where all leave, nothing is', async () => {
    const clock = new FakeClock()
    const { link, seen } = batched({ batch: { windowMs: 10, clock } })
    const controllers = ['A', 'B', 'C'].map(() => new AbortController())
    const results = controllers.map(({ signal }, n) =>
      outcomeOf(lastResult(link, query('Q', { signal, variables: { n } }))),
    )
    await settled()
    const reason = new Error('left')
    controllers[1]?.abort(reason)
    expect(await results[1]).toBe(reason)
    await clock.advance(10)
    expect(await Promise.all([results[0], results[2]])).toMatchObject([{ data: { n: 0 } }, { data: { n: 2 } }])
    expect(seen.map(({ body }) => (body as Sent[]).map(({ variables }) => variables))).toEqual([[{ n: 0 }, { n: 2 }]])

    const controller = new AbortController()
    const gone = ['A', 'B'].map((name) => outcomeOf(lastResult(link, query(name, { signal: controller.signal }))))
    await settled()
    controller.abort(reason)
    expect(await Promise.all(gone)).toEqual([reason, reason])
    expect(clock.pending).toBe(0)
    await clock.advance(10)
    expect(seen).toHaveLength(1)
    // The next one waits anew.
    const next = lastResult(link, query('D'))
    await clock.advance(10)
    expect(await next).toMatchObject({ data: { operationName: 'D' } })
  })

  test('B4 field notes E14: in flight, one that leaves takes none along; the request ends with the last', async () => {
    let answer!: (response: Response) => void
    const { link, seen } = batched({ answer: () => new Promise((resolve) => (answer = resolve)) })
    const start = async (): Promise<[AbortController[], Promise<unknown>[]]> => {
      const controllers = ['A', 'B', 'C'].map(() => new AbortController())
      const results = controllers.map(({ signal }) => outcomeOf(lastResult(link, query('Q', { signal }))))
      const before = seen.length
      while (seen.length === before) await settle()
      return [controllers, results]
    }
    const reason = new Error('left')
    const [some, results] = await start()
    some[0]?.abort(reason)
    expect(await results[0]).toBe(reason)
    await settled()
    expect(seen[0]?.signal.aborted).toBe(false)
    answer(Response.json([{ data: 1 }, { data: { n: 2 } }, { data: { n: 3 } }].map((each) => ({ ...each }))))
    expect(await Promise.all(results.slice(1))).toMatchObject([{ data: { n: 2 } }, { data: { n: 3 } }])

    const [all, lost] = await start()
    for (const controller of all) {
      expect(seen[1]?.signal.aborted).toBe(false)
      controller.abort(reason)
    }
    expect(await Promise.all(lost)).toEqual([reason, reason, reason])
    await settled()
    expect(seen[1]?.signal.aborted).toBe(true)
  })

  test('B4 an early end of reading, and the end of the client, are leaving, too', async () => {
    const { link, seen } = batched({ answer: () => new Promise(() => {}) })
    const client = createClient({ link })
    const disposed = outcomeOf(client.query('query A { a }'))
    const iterator = execute(link, query('B'))[Symbol.asyncIterator]()
    const pending = iterator.next()
    while (seen.length === 0) await settle()
    await iterator.return?.()
    expect(await pending).toEqual({ done: true, value: undefined })
    expect(seen[0]?.signal.aborted).toBe(false)
    await client.dispose()
    expect(await disposed).toMatchObject({ code: 'DISPOSED' })
    await settled()
    expect(seen[0]?.signal.aborted).toBe(true)
  })

  test('B4 the time for the answer runs for each, from when the request is sent', async () => {
    const clock = new FakeClock()
    const { link, seen } = batched({
      http: { timeoutMs: 100, clock },
      batch: { windowMs: 50, clock },
      answer: () => new Promise(() => {}),
    })
    const results = [lastResult(link, query('A')), lastResult(link, query('B'))].map(outcomeOf)
    await clock.advance(50)
    expect(seen).toHaveLength(1)
    await clock.advance(99)
    expect(seen[0]?.signal.aborted).toBe(false)
    await clock.advance(1)
    const [a, b] = (await Promise.all(results)) as [GraphLinksError, GraphLinksError]
    expect([a, b]).toEqual([expect.any(TimeoutError), expect.any(TimeoutError)])
    expect([a.operationName, b.operationName]).toEqual(['A', 'B'])
    expect(seen[0]?.signal.aborted).toBe(true)
    expect(clock.pending).toBe(0)
  })

  test('a request is one of maxInFlight, however many operations it has', async () => {
    const answers: (() => void)[] = []
    const { link, sizes } = batched({
      http: { maxInFlight: 1 },
      batch: { maxSize: 2, windowMs: 'microtask' },
      answer: async (seen) => {
        await new Promise<void>((resolve) => answers.push(resolve))
        return answerAll(seen)
      },
    })
    const results = send(
      chain(
        bearerLink(async () => 't'),
        link,
      ),
      ['A', 'B', 'C', 'D', 'E'].map((name) => query(name)),
    )
    for (const expected of [[2], [2, 2], [2, 2, 0]]) {
      await settled()
      expect(sizes()).toEqual(expected)
      answers.shift()?.()
    }
    expect(await results).toHaveLength(5)
    for (const result of await results) expect(result).toHaveProperty('data')
  })
})

describe('B5 servers that take no batches', () => {
  const refusals: readonly [string, unknown, Record<string, string>][] = [
    ['Yoga', { errors: [{ message: 'Batching is not supported.', extensions: { code: 'BAD_REQUEST' } }] }, graphql],
    ['Apollo', { errors: [{ message: 'Operation batching disabled.', extensions: { code: 'BAD_REQUEST' } }] }, graphql],
    ['graphql-http', { errors: [{ message: 'Missing query' }] }, json],
    ['Hono', { errors: [{ message: 'Must provide query string.' }] }, json],
    ['Mercurius', { data: null, errors: [{ message: 'body must be object' }] }, json],
  ]
  const refusing =
    ([, body, headers]: (typeof refusals)[number]) =>
    (seen: Seen): Response =>
      Array.isArray(seen.body) ? Response.json(body, { status: 400, headers }) : answerAll(seen)

  test.each(refusals)('B5 %s: a clear hint, for each operation', async (...refusal) => {
    const { link, sizes } = batched({ answer: refusing(refusal) })
    for (const error of (await send(link, [query('A'), query('B')])) as BatchError[]) {
      expect(error).toBeInstanceOf(BatchError)
      expect(error).toMatchObject({ unsupported: true, status: 400 })
      expect(error.message).toMatch(
        /^httpLink, operation [AB]: the server answered 400 .*does this server take batches\?/,
      )
      expect(error.message).toContain(error.errors[0]?.message)
    }
    expect(sizes()).toEqual([2])
  })

  test.each(refusals)('B5 %s: with fallback, queries by themselves, once; mutations fail', async (...refusal) => {
    const notes: unknown[] = []
    const observe: Link = async function* observe(operation, next) {
      try {
        yield* next(operation)
      } finally {
        notes.push([...(executionOf(operation)?.notes ?? [])])
      }
    }
    const { link, sizes, seen } = batched({ answer: refusing(refusal), batch: { fallback: true } })
    const mutation = createOperation({ document: 'mutation M { a }' })
    const results = await send(chain(observe, link), [query('A'), mutation, query('B')])
    expect(results).toMatchObject([
      { data: { operationName: 'A' } },
      { unsupported: true },
      { data: { operationName: 'B' } },
    ])
    expect(sizes()).toEqual([3, 0, 0])
    expect(seen.slice(1).map(({ body }) => (body as Sent).operationName)).toEqual(['A', 'B'])
    expect(notes).toContainEqual([
      ['batched', 1],
      ['unbatched', 1],
    ])
    // From then on nothing is sent together.
    expect(await send(link, [query('C'), mutation])).toMatchObject([
      { data: { operationName: 'C' } },
      { data: { operationName: 'M' } },
    ])
    expect(sizes()).toEqual([3, 0, 0, 0, 0])
  })

  test('B5 what says something else is no reason to send again', async () => {
    for (const [status, body] of [
      [413, { errors: [{ message: 'Batching is limited to 10 operations per request.' }] }],
      [400, { errors: [{ message: 'who are you', extensions: { code: 'UNAUTHENTICATED' } }] }],
      [500, { errors: [{ message: 'boom' }] }],
      [200, { errors: [{ message: 'boom' }] }],
      [400, [{ errors: [{ message: 'one for all' }] }]],
    ] as const) {
      const { link, sizes } = batched({
        batch: { fallback: true },
        answer: () => Response.json(body, { status, headers: graphql }),
      })
      for (const error of await send(link, [query('A'), query('B')])) {
        expect(error).toBeInstanceOf(BatchError)
        expect(error).toMatchObject({ unsupported: false, status })
        if (status === 413) expect((error as Error).message).toContain('set maxSize or maxBytes')
      }
      expect(sizes()).toEqual([2])
    }
  })

  test('B5 one that left before the refusal is not sent again', async () => {
    let refuse!: () => void
    const controller = new AbortController()
    const { link, seen } = batched({
      batch: { fallback: true },
      answer: async (sent) => {
        if (Array.isArray(sent.body)) await new Promise<void>((resolve) => (refuse = resolve))
        return refusing(refusals[0] as (typeof refusals)[number])(sent)
      },
    })
    const results = send(link, [query('A', { signal: controller.signal }), query('B')])
    while (seen.length === 0) await settle()
    controller.abort()
    refuse()
    await results
    expect(seen.slice(1).map(({ body }) => (body as Sent).operationName)).toEqual(['B'])
  })
})

describe('failures of the whole request', () => {
  test('each operation has an error of its own, which names it', async () => {
    const answers: [Options['answer'], unknown, Partial<HttpLinkOptions>?][] = [
      [() => Promise.reject(new TypeError('fetch failed')), NetworkError],
      [() => new Response('<html>bad gateway', { status: 502, headers: { 'content-type': 'text/html' } }), HttpError],
      [() => Response.json({ message: 'no' }, { status: 403 }), HttpError],
      [() => new Response('{"data":', { headers: json }), MalformedResponseError],
      [() => new Response(null, { status: 302, headers: { location: 'https://evil.test/' } }), RedirectBlockedError],
      [() => Response.json([{ data: {} }, { data: {} }]), ResponseTooLargeError, { maxResponseBytes: 5 }],
    ]
    for (const [answer, Kind, http] of answers) {
      const { link } = batched({ answer: answer as NonNullable<Options['answer']>, http: http ?? {} })
      const [a, b] = (await send(link, [query('A'), query('B')])) as [GraphLinksError, GraphLinksError]
      for (const [error, name] of [
        [a, 'A'],
        [b, 'B'],
      ] as const) {
        expect(error).toBeInstanceOf(Kind)
        expect(error).toMatchObject({ link: 'httpLink', operationName: name })
        expect(error.message).toMatch(new RegExp(`^httpLink, operation ${name}: (?!httpLink)`))
      }
      expect(a).not.toBe(b)
      expect(Object.keys(a).sort()).toEqual(Object.keys(b).sort())
      expect((a as { status?: number }).status).toBe((b as { status?: number }).status)
    }
  })

  test('field notes E7: a url function that throws fails its own operation', async () => {
    const { link } = batched({
      http: {
        url: ({ operationName }: Operation) => {
          if (operationName === 'B') throw new Error('boom')
          return 'https://api.test/'
        },
        origins: ['https://api.test'],
      } as HttpLinkOptions,
    })
    const results = await send(link, [query('A'), query('B'), query('C')])
    expect(results).toMatchObject([{ data: {} }, { code: 'LINK_FAILED', operationName: 'B' }, { data: {} }])
  })

  test('no secret of one is in the error of another, or in its own', async () => {
    const [token, mine, yours] = [secretCanary(), secretCanary(), secretCanary()]
    const echo = ({ headers, body }: Seen): string => JSON.stringify([headers, body])
    for (const answer of [
      (seen: Seen) => new Response(echo(seen), { status: 500, headers: { 'content-type': 'text/plain' } }),
      (seen: Seen) => new Response(`{${echo(seen)}`, { headers: json }),
      (seen: Seen) => Response.json({ errors: [{ message: echo(seen) }] }),
      (seen: Seen) => Response.json([{ errors: [{ message: echo(seen) }] }], { status: 500 }),
      (seen: Seen) => Response.json({ echo: echo(seen) }),
      (seen: Seen) => Response.json([echo(seen), { echo: echo(seen) }]),
      (seen: Seen) => Response.json([{ errors: [{ nothing: echo(seen) }] }, null], { status: 400 }),
      () => Promise.reject(new Error(token.value)),
    ]) {
      const { link } = batched({ answer })
      const errors = await send(chain(bearerLink(token.value), link), [
        query('A', { variables: { secret: mine.value } }),
        query('B', { variables: { secret: yours.value } }),
      ])
      for (const error of errors) expect(error).toHaveProperty('code')
      token.check(...errors)
      mine.check(...errors)
      yours.check(...errors)
    }
  })

  test('AUTH-18 a redirect within the origin carries all of them on', async () => {
    const { link, seen } = batched({
      http: { redirects: 'same-origin' },
      answer: (sent, index) =>
        index === 0 ? new Response(null, { status: 307, headers: { location: '/other' } }) : answerAll(sent),
    })
    expect(await send(link, [query('A'), query('B')])).toMatchObject([{ data: {} }, { data: {} }])
    expect(seen.map(({ url }) => url)).toEqual(['https://api.test/graphql', 'https://api.test/other'])
  })
})

describe('with tokens that are renewed', () => {
  const expired = { message: 'expired', extensions: { code: 'UNAUTHENTICATED' } }
  test.each<[string, (size: number) => Response]>([
    ['a 401 of the whole', () => Response.json({ message: 'no' }, { status: 401 })],
    [
      'a 401 with a list',
      (size) =>
        Response.json(
          Array.from({ length: size }, () => ({ errors: [expired] })),
          { status: 401 },
        ),
    ],
    ['an error of each', (size) => Response.json(Array.from({ length: size }, () => ({ errors: [expired] })))],
    // As Apollo Server answers when its context fails.
    ['an error of the whole', () => Response.json({ errors: [expired] }, { status: 500, headers: graphql })],
  ])('after %s, one refresh, and all are sent together again', async (_, refusal) => {
    let refreshes = 0
    const source = createTokenSource({
      initial: { accessToken: 't-1', refreshToken: 'r' },
      refresh: async () => ({ accessToken: `t-${++refreshes + 1}`, refreshToken: 'r' }),
    })
    const { link, seen, sizes } = batched({
      answer: (sent) =>
        sent.headers['authorization'] === 'Bearer t-1' ? refusal((sent.body as Sent[]).length) : answerAll(sent),
    })
    const results = await send(chain(tokenRefreshLink(source), link), [query('A'), query('B'), query('C')])
    expect(results).toMatchObject(['A', 'B', 'C'].map((operationName) => ({ data: { operationName } })))
    expect(refreshes).toBe(1)
    expect(sizes()).toEqual([3, 3])
    expect(seen.map(({ headers }) => headers['authorization'])).toEqual(['Bearer t-1', 'Bearer t-2'])
    await source.dispose()
  })
})

describe('with what takes part in exchanges', () => {
  const signed =
    (identity: string, exchange: Partial<Exchange>): Link =>
    (operation, next) =>
      next(withSigner(operation, { link: 'signer', identity, ...exchange }))

  test('a request of several is signed once, as it is sent', async () => {
    const bodies: unknown[] = []
    const signer = signed('key-1', {
      request: ({ body }) => {
        bodies.push(body)
        return { headers: { 'x-signature': String(String(body).length) } }
      },
    })
    const { link, seen } = batched()
    await send(chain(signer, link), [query('A'), query('B')])
    expect(bodies).toEqual([JSON.stringify(seen[0]?.body)])
    expect(seen.map(({ headers }) => headers['x-signature'])).toEqual([String(String(bodies[0]).length)])
  })

  test('AUTH-20 who signs is part of what operations must have in common', async () => {
    const key = contextKey<string>('key')
    const { link, sizes } = batched()
    const signer: Link = (operation, next) => signed(operation.context.get(key) ?? '', {})(operation, next)
    await send(
      chain(signer, link),
      ['a', 'b', 'a'].map((name) => query('Q', { context: emptyContext.with(key, name) })),
    )
    expect(new Set(sizes())).toEqual(new Set([0, 2]))
  })

  test('what an exchange set is in no error, and its own error names each operation', async () => {
    const canary = secretCanary()
    const cookies = signed('', { request: () => ({ headers: { cookie: `session=${canary.value}` } }) })
    const echoing = batched({ answer: ({ headers }) => new Response(JSON.stringify(headers), { status: 500 }) })
    const echoes = await send(chain(cookies, echoing.link), [query('A'), query('B')])
    for (const error of echoes) expect(error).toBeInstanceOf(HttpError)
    canary.check(...echoes)

    const failing = signed('', {
      request: () => {
        throw new Error('no key')
      },
    })
    const { link, seen } = batched()
    const errors = (await send(chain(failing, link), [query('A'), query('B')])) as GraphLinksError[]
    expect(errors).toMatchObject([
      { code: 'LINK_FAILED', link: 'signer', operationName: 'A', cause: { message: 'no key' } },
      { code: 'LINK_FAILED', link: 'signer', operationName: 'B', cause: { message: 'no key' } },
    ])
    expect(seen).toHaveLength(0)
  })

  test('AUTH-48 what an exchange set is in no message of client.request, whichever of them was sent first', async () => {
    const canary = secretCanary()
    const cookies = signed('', { request: () => ({ headers: { cookie: `session=${canary.value}` } }) })
    const { link, seen } = batched({
      answer: ({ body }) =>
        Response.json((body as Sent[]).map(() => ({ errors: [{ message: `bad ${canary.value}` }] }))),
    })
    const client = createClient({ link: chain(cookies, link) })
    const errors = await Promise.all(['A', 'B', 'C'].map((name) => outcomeOf(client.request(`query ${name} { a }`))))
    expect(seen).toHaveLength(1)
    for (const error of errors) expect((error as Error).message).toMatch(/bad \[redacted\]$/)
    canary.check(...errors)
  })

  test('an error of the family that names no operation passes as it is', async () => {
    class KeyError extends GraphLinksError {
      static override readonly name: string = 'KeyError'
      static override readonly code: string = 'KEY'

      constructor(key: { readonly id: string }) {
        super(`the key ${key.id} is gone: make another`)
      }
    }
    const error = new KeyError({ id: 'k1' })
    const failing = signed('', {
      request: () => {
        throw error
      },
    })
    expect(await send(chain(failing, batched().link), [query('A'), query('B')])).toEqual([error, error])
    expect(error.message).toBe('the key k1 is gone: make another')
  })

  test('one that leaves while the signature is made takes none along', async () => {
    let sign: (() => void) | undefined
    const signer = signed('', { request: () => new Promise((resolve) => (sign = () => resolve({}))) })
    const controller = new AbortController()
    const { link, seen } = batched()
    const results = send(chain(signer, link), [query('A', { signal: controller.signal }), query('B')])
    while (!sign) await settle()
    controller.abort(new Error('left'))
    await settled()
    sign()
    expect(await results).toMatchObject([{ message: 'left' }, { data: { operationName: 'B' } }])
    expect(seen).toHaveLength(1)
  })
})

describe('the link itself', () => {
  test('over a connection that breaks, and one that is cut when nobody waits', async () => {
    const scripts: Script[] = [
      async (exchange) => {
        await exchange.head(200, json)
        await exchange.write('[{"data":{"a":1}},')
        exchange.reset()
      },
      async (exchange) => {
        await exchange.head(200, json)
        await exchange.write('[')
      },
      async (exchange) => exchange.respond(200, json, '[{"data":{"a":1}},{"data":{"b":1}}]'),
    ]
    const server = await scriptedServer((exchange) => scripts.shift()?.(exchange))
    const http = httpLink({ url: server.url })
    const link = batchLink(http)
    for (const error of await send(link, [query('A'), query('B')])) expect(error).toBeInstanceOf(NetworkError)

    const controller = new AbortController()
    const waiting = send(link, [query('A', { signal: controller.signal }), query('B', { signal: controller.signal })])
    const request = await server.request(1)
    controller.abort()
    await waiting
    await request.closed
    expect(await send(link, [query('A'), query('B')])).toMatchObject([{ data: { a: 1 } }, { data: { b: 1 } }])
    await link.dispose?.()
    await server.close()
  })

  test('it counts one attempt for each operation, and notes who shared a request', async () => {
    const seen: unknown[] = []
    const observe: Link = async function* observe(operation, next) {
      yield* next(operation)
      const { attempts, notes } = executionOf(operation) ?? {}
      seen.push([operation.operationName, attempts, [...(notes ?? [])]])
    }
    const { link } = batched()
    const chained = chain(observe, link)
    await send(chained, [query('A'), query('B')])
    await send(chained, [query('C')])
    expect(seen).toEqual([
      ['A', 1, [['batched', 1]]],
      ['B', 1, [['batched', 1]]],
      ['C', 1, []],
    ])
  })

  test('it is a terminal link, and disposes of what it wraps', async () => {
    const dispose = jest.fn()
    const http = Object.assign(httpLink({ url: 'https://api.test/' }), { dispose })
    const link = batchLink(http)
    expect(link.stage).toBe('terminal')
    expect(link.name).toBe('batchLink')
    await chain(link).dispose?.()
    expect(dispose).toHaveBeenCalledTimes(1)
  })

  test('K-10 bad options fail when the link is built', () => {
    const http = httpLink({ url: 'https://api.test/' })
    for (const [options, message] of [
      [{ windowMs: -1 }, 'windowMs is zero or more, or "microtask", not -1'],
      [{ windowMs: 'soon' }, 'windowMs is zero or more, or "microtask", not soon'],
      [{ windowMs: Infinity }, 'windowMs is'],
      [{ maxSize: 0 }, 'maxSize is a positive integer, not 0'],
      [{ maxSize: 1.5 }, 'maxSize is a positive integer, not 1.5'],
      [{ maxBytes: 0 }, 'maxBytes is a positive number, not 0'],
      [{ ignoreHeaders: 'traceparent' }, 'ignoreHeaders is a list of names'],
    ] as const) {
      expect(() => batchLink(http, options as never)).toThrow(OptionsError)
      expect(() => batchLink(http, options as never)).toThrow(`batchLink: ${message}`)
    }
    for (const link of [undefined, {}, chain(http), () => {}, { url: 'https://api.test/' }])
      expect(() => batchLink(link as never)).toThrow(
        'batchLink: give it what httpLink makes: batchLink(httpLink({ url }))',
      )
  })
})
