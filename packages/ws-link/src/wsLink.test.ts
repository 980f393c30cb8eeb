import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import {
  apiKeyLink,
  basicAuthLink,
  bearerLink,
  chain,
  createClient,
  DisposedError,
  headerLink,
  OptionsError,
  QueueOverflowError,
  type Client,
  type Link,
  type Result,
} from '@graphlinks/core'
import { FakeClock } from '@graphlinks/testing'
import { buildSchema, GraphQLError, versionInfo } from 'graphql'
import { experimentalExecuteIncrementally, legacyExecuteIncrementally, type ExecutionArgs } from 'graphql-17'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocket, WebSocketServer } from 'ws'
import { wsLink, type WsLinkOptions } from './index.ts'

interface Message {
  readonly type: string
  readonly id?: string
  readonly payload?: unknown
}

interface Seen {
  readonly what: 'open' | 'message' | 'close' | 'finished'
  readonly socket?: number
  readonly message?: Message
  readonly headers?: Readonly<Record<string, unknown>>
  readonly code?: number
  readonly reason?: string
}

/** What happened at a server, in order; a test waits for an entry and not for a while. */
class Log {
  readonly entries: Seen[] = []
  readonly #waiting = new Set<() => void>()

  add(entry: Seen): void {
    this.entries.push(entry)
    for (const wake of this.#waiting) wake()
  }

  async wait(test: (entry: Seen) => boolean, count = 1): Promise<Seen> {
    for (;;) {
      const found = this.entries.filter(test)[count - 1]
      if (found) return found
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake)
          resolve()
        }
        this.#waiting.add(wake)
      })
    }
  }

  messages(type?: string): Message[] {
    return this.entries.flatMap(({ message }) => (message && (!type || message.type === type) ? [message] : []))
  }

  count(what: Seen['what']): number {
    return this.entries.filter((entry) => entry.what === what).length
  }
}

const isMessage =
  (type: string) =>
  ({ message }: Seen): boolean =>
    message?.type === type

const schema = buildSchema(`
  type Query { hello: String nothing: String! }
  type Mutation { add(n: Int!): Int }
  type Subscription { countdown(from: Int!): Int idle: Int flood(n: Int!): Int }
`)

const cleanUps: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** A real graphql-ws server, with everything that arrives at it. */
async function startServer() {
  const log = new Log()
  let total = 0
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  let sockets = 0
  server.on('connection', (socket, { headers }) => {
    const number = ++sockets
    log.add({ what: 'open', socket: number, headers })
    socket.on('message', (data) =>
      log.add({ what: 'message', socket: number, message: JSON.parse(String(data as Buffer)) as Message }),
    )
    socket.on('close', (code, reason) => log.add({ what: 'close', socket: number, code, reason: String(reason) }))
  })
  const subscription = {
    async *countdown({ from }: { from: number }) {
      for (let n = from; n > 0; n--) yield { countdown: n }
    },
    idle: () => ({
      [Symbol.asyncIterator]() {
        let end: (step: IteratorResult<never>) => void
        return {
          next: () => new Promise<IteratorResult<never>>((resolve) => (end = resolve)),
          async return() {
            log.add({ what: 'finished' })
            end({ done: true, value: undefined })
            return { done: true, value: undefined }
          },
          [Symbol.asyncIterator]() {
            return this
          },
          async throw() {
            return { done: true, value: undefined }
          },
        }
      },
    }),
    async *flood({ n }: { n: number }) {
      for (let i = 0; i < n; i++) {
        yield { flood: i }
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
  }
  const { dispose } = useServer(
    {
      schema,
      roots: {
        query: {
          hello: 'world',
          nothing: () => {
            throw new GraphQLError('not today', { extensions: { code: 'NOT_TODAY' } })
          },
        },
        mutation: { add: ({ n }: { n: number }) => (total += n) },
        subscription,
      },
    },
    server,
    0,
  )
  cleanUps.push(async () => {
    for (const client of server.clients) client.terminate()
    await dispose()
  })
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`, log }
}

/** A client whose connections have one socket: reconnection.test.ts has the others. */
function connect(url: string, options: Partial<WsLinkOptions> = {}, ...links: Link[]): Client {
  const once = { connectAttempts: 1, reconnectAttempts: 1 }
  const client = createClient({ link: chain(...links, wsLink({ url, ...once, ...options })) })
  cleanUps.push(() => client.dispose())
  return client
}

const errorOf = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => {
      throw new Error('it should have failed')
    },
    (error: Error) => error,
  )

describe('operations', () => {
  it('queries, mutations and subscriptions share a socket', async () => {
    const { url, log } = await startServer()
    const client = connect(url)
    expect(await client.query('{ hello }')).toEqual({ data: { hello: 'world' } })
    expect(await client.mutate('mutation Add($n: Int!) { add(n: $n) }', { n: 2 })).toEqual({ data: { add: 2 } })
    const seen: unknown[] = []
    for await (const { data } of client.subscribe('subscription { countdown(from: 3) }')) seen.push(data)
    expect(seen).toEqual([{ countdown: 3 }, { countdown: 2 }, { countdown: 1 }])
    expect(log.count('open')).toBe(1)
    expect(log.messages('subscribe').map(({ payload }) => payload)).toEqual([
      { query: '{ hello }' },
      { query: 'mutation Add($n: Int!) { add(n: $n) }', operationName: 'Add', variables: { n: 2 } },
      { query: 'subscription { countdown(from: 3) }' },
    ])
    expect(new Set(log.messages('subscribe').map(({ id }) => id)).size).toBe(3)
  })

  it('sends extensions, and the name of the operation that was selected', async () => {
    const { url, log } = await startServer()
    const query = 'query A { hello } query B { b: hello }'
    const { data } = await connect(url).query(query, null, { operationName: 'B', extensions: { trace: { id: 1 } } })
    expect(data).toEqual({ b: 'world' })
    expect(log.messages('subscribe')[0]?.payload).toEqual({
      query,
      operationName: 'B',
      extensions: { trace: { id: 1 } },
    })
  })

  it('GraphQL errors are data: of a field, and of a request that is not valid', async () => {
    const { url, log } = await startServer()
    const client = connect(url)
    const field = await client.query('{ nothing }')
    expect(field.data).toBeNull()
    expect(field.errors).toMatchObject([{ message: 'not today', path: ['nothing'], extensions: { code: 'NOT_TODAY' } }])
    const request = await client.query('{ unknown }')
    expect(request.data).toBeUndefined()
    expect(request.errors).toMatchObject([{ message: expect.stringContaining('unknown'), locations: [{ line: 1 }] }])
    const events: unknown[] = []
    for await (const result of client.subscribe('subscription { unknown }')) events.push(result)
    expect(events).toHaveLength(1)
    expect(log.messages('complete')).toEqual([])
    expect(log.count('open')).toBe(1)
  })

  it('a slow consumer gets what fits and then a QueueOverflowError, and the server is told', async () => {
    const { url, log } = await startServer()
    const client = connect(url, { maxQueuedResults: 5 })
    const events = client.subscribe('subscription { flood(n: 100000) }')[Symbol.asyncIterator]()
    await events.next()
    await log.wait(isMessage('complete'))
    for (let n = 0; n < 5; n++) expect((await events.next()).done).toBe(false)
    expect(QueueOverflowError.is(await errorOf(events.next()))).toBe(true)
    expect((await events.next()).done).toBe(true)
    expect(await client.query('{ hello }')).toEqual({ data: { hello: 'world' } })
    expect(log.messages('complete')).toHaveLength(1)
  })

  it('variables that are no JSON fail their operation and leave the others alone', async () => {
    const { url, log } = await startServer()
    const client = connect(url)
    const [bad, good] = await Promise.all([
      errorOf(client.mutate('mutation Add($n: Int!) { add(n: $n) }', { n: 1n })),
      client.query('{ hello }'),
    ])
    expect(bad).toMatchObject({ code: 'LINK_FAILED', link: 'wsLink', operationName: 'Add' })
    expect((bad.cause as Error).message).toContain('BigInt')
    expect(good.data).toEqual({ hello: 'world' })
    expect(log.count('open')).toBe(1)
  })
})

const describe17 = versionInfo.major >= 17 ? describe : describe.skip

describe17('@defer and @stream of graphql 17, by graphql-ws', () => {
  const source = `
    directive @defer(label: String, if: Boolean! = true) on FRAGMENT_SPREAD | INLINE_FRAGMENT
    directive @stream(label: String, if: Boolean! = true, initialCount: Int! = 0) on FIELD
    type Query { user: User }
    type User { id: ID name: String tags: [String] }`

  it.each([
    ['pending and completed', experimentalExecuteIncrementally],
    ['paths', legacyExecuteIncrementally],
  ])('M13 %s: each result is the data so far, the last is that of the plain query', async (_, run) => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
    await once(server, 'listening')
    const user = { id: 'u', name: () => Promise.resolve('Ada'), tags: ['a', 'b', 'c'] }
    const execute = async function* (args: unknown): AsyncGenerator<unknown> {
      const result = await run({ ...(args as ExecutionArgs), rootValue: { user } })
      if (!('initialResult' in result)) return yield result
      yield result.initialResult
      yield* result.subsequentResults
    }
    const { dispose } = useServer({ schema: buildSchema(source), execute: execute as never }, server, 0)
    cleanUps.push(async () => {
      for (const client of server.clients) client.terminate()
      await dispose()
    })
    const client = connect(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`)
    const document = '{ user { id tags @stream(initialCount: 1) ... @defer(label: "slow") { name } } }'
    const seen: Result[] = []
    for await (const result of client.execute(document)) seen.push(result)
    expect(seen[0]).toMatchObject({ data: { user: { id: 'u', tags: ['a'] } }, hasNext: true })
    expect(seen.length).toBeGreaterThan(1)
    const last = seen.at(-1)
    const plain = await client.query('{ user { id tags name } }')
    expect(last).toMatchObject({ data: plain.data, hasNext: false })
    expect(last?.incremental?.delivered).toContainEqual({ path: ['user'], label: 'slow' })
    expect((await client.query(document)).data).toEqual(plain.data)
  })
})

describe('credentials', () => {
  it('AUTH-41 offers graphql-transport-ws alone and sends connection_init first', async () => {
    const { url, log } = await startServer()
    await connect(url).query('{ hello }')
    expect(log.entries[0]?.headers?.['sec-websocket-protocol']).toBe('graphql-transport-ws')
    expect(log.messages().map(({ type }) => type)).toEqual(['connection_init', 'subscribe'])
  })

  it('AUTH-42 the payload carries what the HTTP link would send, and no transport headers', async () => {
    const { url, log } = await startServer()
    const headers = { 'X-Tenant': 'acme', 'content-type': 'text/plain', 'x-request-id': 'r-1', traceparent: 't' }
    const client = connect(url, {}, headerLink(headers), apiKeyLink({ key: 'k-1' }), bearerLink('t0ken'))
    await client.query('{ hello }')
    expect(log.messages('connection_init')).toEqual([
      {
        type: 'connection_init',
        payload: { headers: { 'x-tenant': 'acme', 'x-api-key': 'k-1', authorization: 'Bearer t0ken' } },
      },
    ])
    const basic = connect(url, {}, basicAuthLink({ username: 'zoë', password: 'pässwörd🔑' }))
    await basic.query('{ hello }')
    const expected = `Basic ${Buffer.from('zoë:pässwörd🔑').toString('base64')}`
    expect(log.messages('connection_init')[1]?.payload).toEqual({ headers: { authorization: expected } })
  })

  it('AUTH-42 a key that belongs into the URL travels in the payload, not in the URL of the handshake', async () => {
    const { url, log } = await startServer()
    await connect(url, {}, apiKeyLink({ key: 'k-1', in: 'query' })).query('{ hello }')
    expect(log.messages('connection_init')[0]?.payload).toEqual({ headers: { api_key: 'k-1' } })
  })

  it('AUTH-43 three shapes: nested, flat, and what a function gives, deep-equal', async () => {
    const { url, log } = await startServer()
    const nested = { deep: [1, { two: null }], text: 'ü' }
    await connect(url, { payload: 'nested' }, bearerLink('a')).query('{ hello }')
    await connect(url, { payload: 'flat' }, bearerLink('a')).query('{ hello }')
    await connect(
      url,
      {
        payload: async (operation, { headers }) => ({
          token: headers['authorization'],
          kind: operation.kind,
          ...nested,
        }),
      },
      bearerLink('a'),
    ).query('{ hello }')
    expect(log.messages('connection_init').map(({ payload }) => payload)).toEqual([
      { headers: { authorization: 'Bearer a' } },
      { authorization: 'Bearer a' },
      { token: 'Bearer a', kind: 'query', ...nested },
    ])
  })

  it('AUTH-43 the call wins over links in any spelling, and null removes', async () => {
    const { url, log } = await startServer()
    const client = connect(url, {}, headerLink({ 'x-layer': 'link', 'x-other': 'link' }), bearerLink('of-the-link'))
    await client.query('{ hello }', null, { headers: { 'X-LAYER': 'call', AUTHORIZATION: null } })
    expect(log.messages('connection_init')[0]?.payload).toEqual({ headers: { 'x-layer': 'call', 'x-other': 'link' } })
  })

  it('W2 a payload that is nullish is left out, and one that is no object fails the operation', async () => {
    const { url, log } = await startServer()
    await connect(url).query('{ hello }')
    await connect(url, { payload: () => undefined }, bearerLink('a')).query('{ hello }')
    await connect(url, { payload: async () => null as unknown as undefined }).query('{ hello }')
    expect(log.messages('connection_init')).toEqual(Array(3).fill({ type: 'connection_init' }))
    for (const given of ['text', ['a'], 1]) {
      const error = await errorOf(
        connect(url, { payload: () => given as unknown as object as never }).query('{ hello }'),
      )
      expect(error.message).toMatch(/payload function gave an? (string|array|number), not an object/)
    }
    expect(log.count('open')).toBe(3)
  })

  it('AUTH-45 one socket per identity, shared by concurrent first operations', async () => {
    const { url, log } = await startServer()
    const client = connect(
      url,
      {},
      headerLink(() => ({ 'x-request-id': crypto.randomUUID() })),
    )
    const run = (token: string) => client.query('{ hello }', null, { headers: { authorization: `Bearer ${token}` } })
    await Promise.all(['a', 'b', 'a', 'b', 'a'].map(run))
    await run('a')
    expect(log.count('open')).toBe(2)
    const inits = log.messages('connection_init').map(({ payload }) => payload)
    expect(inits).toEqual([{ headers: { authorization: 'Bearer a' } }, { headers: { authorization: 'Bearer b' } }])
    const perSocket = [1, 2].map(
      (number) => log.entries.filter((entry) => entry.socket === number && isMessage('subscribe')(entry)).length,
    )
    expect(perSocket).toEqual([4, 2])
    await run('c')
    expect(log.count('open')).toBe(3)
  })

  it('AUTH-47 headers go on the upgrade only where that is asked for', async () => {
    const { url, log } = await startServer()
    await connect(url, {}, bearerLink('a')).query('{ hello }')
    await connect(url, { handshakeHeaders: true }, bearerLink('a'), headerLink({ 'x-tenant': 'acme' })).query(
      '{ hello }',
    )
    const [plain, asked] = log.entries.filter(({ what }) => what === 'open')
    expect(plain?.headers).not.toHaveProperty('authorization')
    expect(asked?.headers).toMatchObject({ authorization: 'Bearer a', 'x-tenant': 'acme' })
  })

  it('AUTH-47 takes a WebSocket class, uses the global one where there is one, and refuses the impossible', async () => {
    const { url } = await startServer()
    let made = 0
    class Counting extends WebSocket {
      constructor(...args: ConstructorParameters<typeof WebSocket>) {
        super(...args)
        made++
      }
    }
    await connect(url, { webSocket: Counting }).query('{ hello }')
    expect(made).toBe(1)
    const { WebSocket: native } = globalThis as { WebSocket?: unknown }
    Object.assign(globalThis, { WebSocket: Counting })
    try {
      await connect(url).query('{ hello }')
    } finally {
      Object.assign(globalThis, { WebSocket: native })
    }
    expect(made).toBe(2)
    Object.assign(globalThis, { document: {} })
    try {
      expect(() => wsLink({ url, handshakeHeaders: true })).toThrow(/browsers cannot send headers/)
    } finally {
      delete (globalThis as { document?: unknown }).document
    }
  })

  it('a WebSocket class that throws is a typed error, and nothing stays behind', async () => {
    const clock = new FakeClock()
    const Throwing = class {
      constructor() {
        throw new Error('mixed content')
      }
    }
    const error = await errorOf(connect('ws://127.0.0.1:1', { webSocket: Throwing, clock }).query('{ hello }'))
    expect(error).toMatchObject({ code: 'SOCKET_CONNECT', cause: { message: 'mixed content' } })
    expect(clock.pending).toBe(0)
  })

  it('CR-3 credentials need wss but for loopback', async () => {
    const client = connect('ws://api.example.com/graphql', {}, bearerLink('t0ken'))
    expect(await errorOf(client.query('{ hello }'))).toMatchObject({ code: 'INSECURE_TRANSPORT', link: 'wsLink' })
  })

  it('refuses options that can never work when it is built, without showing a secret', () => {
    const url = 'ws://127.0.0.1/graphql'
    const bad: [Partial<Record<keyof WsLinkOptions, unknown>>, RegExp][] = [
      [{ url: '/graphql' }, /absolute URL/],
      [{ url: 'http://127.0.0.1' }, /scheme "http:"/],
      [{ url: 'ws://user:s3cret@127.0.0.1' }, /basicAuthLink/],
      [{ url: 'ws://127.0.0.1/#s3cret' }, /fragment/],
      [{ payload: 'deep' }, /payload is/],
      [{ webSocket: {} }, /webSocket is/],
      [{ connectTimeoutMs: 0 }, /connectTimeoutMs .* not 0/],
      [{ connectTimeoutMs: 2 ** 31 }, /connectTimeoutMs/],
      [{ idleCloseMs: -1 }, /idleCloseMs/],
      [{ closeCodes: { 4000: null } }, /closeCodes\[4000\]/],
      [{ closeCodes: { 4000: { action: 'ignore' } } }, /closeCodes\[4000\]/],
      [{ maxQueuedResults: 1.5 }, /maxQueuedResults/],
      [{ maxMessageBytes: NaN }, /maxMessageBytes/],
    ]
    for (const [options, message] of bad) {
      let error: unknown
      try {
        wsLink({ url, ...options } as WsLinkOptions)
      } catch (thrown) {
        error = thrown
      }
      expect(OptionsError.is(error)).toBe(true)
      expect((error as Error).message).toMatch(message)
      expect((error as Error).message).not.toContain('s3cret')
    }
  })

  it.each([undefined, null, {}, 'ws://127.0.0.1'])('wsLink(%j), from JavaScript, is an OptionsError', (options) => {
    expect(() => wsLink(options as never)).toThrow(OptionsError)
  })

  it('threats 12 what somebody added to Object.prototype is no option', async () => {
    const { url, log } = await startServer()
    const polluted = { handshakeHeaders: true, idleCloseMs: 'never', webSocket: 1 }
    try {
      for (const [name, value] of Object.entries(polluted))
        Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true })
      const client = connect(url, {}, bearerLink('abc'))
      expect((await client.query('{ hello }')).data).toEqual({ hello: 'world' })
    } finally {
      for (const name of Object.keys(polluted)) Reflect.deleteProperty(Object.prototype, name)
    }
    expect(log.messages('connection_init')[0]?.payload).toEqual({ headers: { authorization: 'Bearer abc' } })
    expect(log.entries[0]?.headers).not.toHaveProperty('authorization')
  })
})

describe('cancellation', () => {
  it('W11 after the ack: one complete, however often it is cancelled', async () => {
    const { url, log } = await startServer()
    const client = connect(url)
    const events = client.subscribe('subscription { idle }')[Symbol.asyncIterator]()
    const pending = events.next()
    await log.wait(isMessage('subscribe'))
    await events.return?.()
    await events.return?.()
    expect((await pending).done).toBe(true)
    await log.wait(({ what }) => what === 'finished')
    await client.query('{ hello }')
    expect(log.messages('complete')).toEqual([{ id: '1', type: 'complete' }])
  })

  it('W11 leaving the loop sends complete; after the server completed there is none', async () => {
    const { url, log } = await startServer()
    const client = connect(url)
    for await (const _ of client.subscribe('subscription { flood(n: 1000000) }')) break
    await log.wait(isMessage('complete'))
    const all = client.subscribe('subscription { countdown(from: 1) }')[Symbol.asyncIterator]()
    while (!(await all.next()).done);
    await all.return?.()
    await client.query('{ hello }')
    expect(log.messages('complete')).toHaveLength(1)
  })

  it('W11 before the ack: no subscribe, and the connection goes when it is idle', async () => {
    const { url, log } = await startServer()
    const clock = new FakeClock()
    let opened = (): void => {}
    const isOpened = new Promise<void>((resolve) => (opened = resolve))
    const client = connect(url, { clock, idleCloseMs: 500, onEvent: () => opened() })
    const controller = new AbortController()
    const reason = new Error('changed my mind')
    const pending = client.query('{ hello }', null, { signal: controller.signal })
    // The server has not seen it then.
    await isOpened
    controller.abort(reason)
    expect(await errorOf(pending)).toBe(reason)
    await log.wait(isMessage('connection_init'))
    await clock.advance(500)
    expect((await log.wait(({ what }) => what === 'close')).code).toBe(1000)
    expect(log.messages().map(({ type }) => type)).toEqual(['connection_init'])
    await client.dispose()
    expect(clock.pending).toBe(0)
  })

  it('W11 an operation that was cancelled before it began opens nothing', async () => {
    const { url, log } = await startServer()
    const reason = new Error('too late')
    expect(await errorOf(connect(url).query('{ hello }', null, { signal: AbortSignal.abort(reason) }))).toBe(reason)
    const controller = new AbortController()
    const slow = connect(url, {
      payload: async () => {
        controller.abort(reason)
        return {}
      },
    })
    expect(await errorOf(slow.query('{ hello }', null, { signal: controller.signal }))).toBe(reason)
    await connect(url).query('{ hello }')
    expect(log.count('open')).toBe(1)
  })

  it.each(['aborted', 'disposed'])(
    'W11 %s while the payload is awaited, behind a generator link: nothing is opened',
    async (how) => {
      const { url, log } = await startServer()
      let asked = (): void => {}
      const isAsked = new Promise<void>((resolve) => (asked = resolve))
      let give: (payload: Record<string, unknown>) => void = () => {}
      const payload = () => {
        asked()
        return new Promise<Record<string, unknown>>((resolve) => (give = resolve))
      }
      const clock = new FakeClock()
      const link = wsLink({ url, payload, clock })
      let opened: Promise<unknown> | undefined
      // What an older kernel does: it iterates although the operation is over.
      const client = createClient({
        link: async function stubborn(operation) {
          const results = await link(operation)
          opened = (async () => results[Symbol.asyncIterator]().next())()
          opened.catch(() => {})
          return results
        },
      })
      const other = createClient({ link: (operation) => link(operation) })
      const controller = new AbortController()
      const reason = new Error('changed my mind')
      const pending = errorOf((how === 'aborted' ? client : other).query('{ n }', null, { signal: controller.signal }))
      await isAsked
      if (how === 'aborted') controller.abort(reason)
      else await link.dispose?.()
      give({})
      if (how === 'aborted') expect(await pending).toBe(reason)
      else expect(await pending).toMatchObject({ code: 'DISPOSED' })
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
      if (how === 'aborted') await expect(opened).rejects.toBe(reason)
      expect(clock.pending).toBe(0)
      await connect(url).query('{ hello }')
      expect(log.count('open')).toBe(1)
    },
  )

  it('W11 aborted while the WebSocket class is at work: nothing is sent, and the socket is idle', async () => {
    const { url, log } = await startServer()
    const controller = new AbortController()
    class Aborting extends WebSocket {
      constructor(...args: ConstructorParameters<typeof WebSocket>) {
        super(...args)
        controller.abort(new Error('gone'))
      }
    }
    const clock = new FakeClock()
    const client = connect(url, { webSocket: Aborting, clock, idleCloseMs: 500 })
    expect((await errorOf(client.query('{ hello }', null, { signal: controller.signal }))).message).toBe('gone')
    await log.wait(isMessage('connection_init'))
    await clock.advance(500)
    await log.wait(({ what }) => what === 'close')
    expect(log.messages('subscribe')).toEqual([])
  })

  it('abort behind a generator link, whose return() waits: the server sees complete all the same', async () => {
    const { url, log } = await startServer()
    const timing: Link = async function* timing(operation, next) {
      yield* next(operation)
    }
    const controller = new AbortController()
    const client = connect(url, {}, timing)
    const pending = errorOf(
      client.subscribe('subscription { idle }', null, { signal: controller.signal })[Symbol.asyncIterator]().next(),
    )
    await log.wait(isMessage('subscribe'))
    const reason = new Error('the user left')
    controller.abort(reason)
    expect(await pending).toBe(reason)
    await log.wait(({ what }) => what === 'finished')
    expect(log.messages('complete')).toHaveLength(1)
  })

  it('abort of an idle subscription: the caller gets the reason at once, the server sees complete', async () => {
    const { url, log } = await startServer()
    const client = connect(url)
    const controller = new AbortController()
    const events = client
      .subscribe('subscription { idle }', null, { signal: controller.signal })
      [Symbol.asyncIterator]()
    const pending = errorOf(events.next())
    await log.wait(isMessage('subscribe'))
    const reason = new Error('the user left')
    controller.abort(reason)
    const late = new Promise((resolve) => setImmediate(resolve, 'late'))
    expect(await Promise.race([pending, late])).toBe(reason)
    expect((await events.next()).done).toBe(true)
    await log.wait(({ what }) => what === 'finished')
    expect(log.messages('complete')).toHaveLength(1)
    expect(await client.query('{ hello }')).toEqual({ data: { hello: 'world' } })
    expect(log.count('open')).toBe(1)
  })
})

describe('the life of a socket', () => {
  it('closes when it has been idle, and the next operation gets a new one', async () => {
    const { url, log } = await startServer()
    const clock = new FakeClock()
    const client = connect(url, { clock, idleCloseMs: 3_000 })
    await client.query('{ hello }')
    await clock.advance(2_999)
    await client.query('{ hello }')
    expect(log.count('open')).toBe(1)
    await clock.advance(2_999)
    expect(log.count('close')).toBe(0)
    await clock.advance(1)
    expect(await log.wait(({ what }) => what === 'close')).toMatchObject({ code: 1000, reason: '' })
    await client.query('{ hello }')
    expect(log.count('open')).toBe(2)
  })

  it('idleCloseMs 0 connects all the same, and never closes under a running operation', async () => {
    const { url, log } = await startServer()
    const clock = new FakeClock()
    const client = connect(url, { clock, idleCloseMs: 0, pingMs: 2 ** 31 - 1 })
    const events = client.subscribe('subscription { idle }')[Symbol.asyncIterator]()
    const pending = events.next()
    await log.wait(isMessage('subscribe'))
    await client.query('{ hello }')
    await clock.advance(1_000_000)
    expect(log.count('close')).toBe(0)
    await events.return?.()
    await pending
    await clock.advance(0)
    await log.wait(({ what }) => what === 'close')
  })

  it('W21 dispose closes with 1000 and ends what runs with a DisposedError', async () => {
    const { url, log } = await startServer()
    const clock = new FakeClock()
    const link = wsLink({ url, clock })
    const client = createClient({ link })
    const other = createClient({ link: (operation) => link(operation) })
    const mine = errorOf(client.subscribe('subscription { idle }')[Symbol.asyncIterator]().next())
    const others = errorOf(other.subscribe('subscription { idle }')[Symbol.asyncIterator]().next())
    await log.wait(isMessage('subscribe'), 2)
    await client.dispose()
    expect(DisposedError.is(await mine)).toBe(true)
    expect(await others).toMatchObject({ code: 'DISPOSED', link: 'wsLink' })
    expect(await log.wait(({ what }) => what === 'close')).toMatchObject({ code: 1000, reason: '' })
    expect(clock.pending).toBe(0)
    await client.dispose()
    expect(log.count('open')).toBe(1)
  })

  it('W21 code that cannot be loaded is a typed error, asked for again, and no matter of dispose', async () => {
    let asked = 0
    await jest.isolateModulesAsync(async () => {
      jest.doMock('./sockets.ts', () => {
        asked++
        throw new Error('the chunk is gone')
      })
      const { wsLink: isolated } = await import('./wsLink.ts')
      const client = createClient({ link: isolated({ url: 'ws://127.0.0.1/' }) })
      for (const count of [1, 2]) {
        const error = await client.query('query Q { n }').catch((thrown: unknown) => thrown)
        expect(error).toMatchObject({ code: 'SOCKET_CONNECT', operationName: 'Q', retryable: true, attempts: 0 })
        expect(asked).toBe(count)
      }
      const failed = client.query('{ n }').catch((thrown: unknown) => thrown)
      await client.dispose()
      expect(await failed).toMatchObject({ code: 'DISPOSED' })
      jest.dontMock('./sockets.ts')
    })
  })

  it('W21 dispose resolves while connecting, and no socket opens later', async () => {
    const { url, log } = await startServer()
    const clock = new FakeClock()
    const client = connect(url, { clock })
    const pending = errorOf(client.query('{ hello }'))
    while (clock.pending === 0) await Promise.resolve()
    await client.dispose()
    expect(DisposedError.is(await pending)).toBe(true)
    expect(clock.pending).toBe(0)
    await connect(url).query('{ hello }')
    expect(log.messages('connection_init')).toHaveLength(1)
  })

  it('W21 a socket that was closed while it was connecting, and says so by an error alone, as that of Node 22', async () => {
    class Terse extends EventTarget {
      readyState = 0
      close(): void {
        this.readyState = 2
        this.dispatchEvent(new Event('error'))
      }
    }
    const clock = new FakeClock()
    const client = createClient({ link: wsLink({ url: 'ws://127.0.0.1', webSocket: Terse, clock }) })
    const pending = errorOf(client.query('{ hello }'))
    while (clock.pending === 0) await Promise.resolve()
    await client.dispose()
    expect(DisposedError.is(await pending)).toBe(true)
    expect(clock.pending).toBe(0)
  })

  it('W21 a socket that opens although it was closed is closed again, without a word', async () => {
    const made: { readyState: number; closes: unknown[]; sent: string[]; open(): void; end(): void }[] = []
    class Stubborn extends EventTarget {
      readyState = 0
      protocol = 'graphql-transport-ws'
      closes: unknown[] = []
      sent: string[] = []
      onopen: (() => void) | undefined
      onclose: ((event: object) => void) | undefined
      constructor() {
        super()
        made.push(this)
      }
      send(data: string): void {
        this.sent.push(data)
      }
      close(code?: number): void {
        this.closes.push(code)
        if (this.readyState === 1) this.readyState = 2
      }
      open(): void {
        this.readyState = 1
        this.onopen?.()
      }
      end(): void {
        this.readyState = 3
        this.onclose?.({ code: 1000, reason: '' })
        this.dispatchEvent(new Event('close'))
      }
    }
    const clock = new FakeClock()
    const client = createClient({ link: wsLink({ url: 'ws://127.0.0.1', webSocket: Stubborn, clock }) })
    const pending = errorOf(client.query('{ hello }'))
    while (made.length === 0) await Promise.resolve()
    const disposal = client.dispose()
    expect(DisposedError.is(await pending)).toBe(true)
    made[0]?.open()
    expect(made[0]).toMatchObject({ closes: [undefined, 1000], sent: [] })
    made[0]?.end()
    await disposal
    expect(clock.pending).toBe(0)
  })
})
