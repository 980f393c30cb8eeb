import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { inspect } from 'node:util'
import {
  apiKeyLink,
  bearerLink,
  chain,
  createClient,
  createOperation,
  createRequest,
  CredentialError,
  GraphLinksError,
  headerLink,
  InsecureTransportError,
  LinkError,
  OptionsError,
  TimeoutError,
  type Client,
  type Result,
  type TerminalLink,
} from '@graphlinks/core'
import { FakeClock, secretCanary, settle } from '@graphlinks/testing'
import nock from 'nock'
import { stacks, undici } from './fixtures/stacks.ts'
import {
  HttpError,
  httpLink,
  NetworkError,
  SubscriptionNotSupportedError,
  type Fetch,
  type HttpLinkOptions,
} from './index.ts'

// nock patches fetch and node:http when it is imported; only the tests of the request's shape want that.
nock.restore()

const mockLoads: string[] = []
jest.mock('cross-fetch', () => {
  mockLoads.push('cross-fetch')
  return jest.requireActual<object>('cross-fetch')
})

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Name, value, name, value as they came on the wire. */
  readonly lines: readonly string[]
  readonly body: string
}

interface Loopback {
  readonly url: string
  readonly seen: Seen[]
  /** Stops it before the test ends, so that nobody listens there. */
  close(): Promise<void>
}

const running: Loopback[] = []

async function loopback(
  answer: (response: ServerResponse, request: Seen, index: number) => void = (response) =>
    json(response, { data: { ok: true } }),
): Promise<Loopback> {
  const seen: Seen[] = []
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers, rawHeaders: lines } = request
      const record: Seen = { method, url, headers, lines, body: Buffer.concat(chunks).toString() }
      answer(response, record, seen.push(record) - 1)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const loopback: Loopback = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    seen,
    async close() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
  running.push(loopback)
  return loopback
}

function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function errorOf(promise: Promise<unknown>): Promise<GraphLinksError> {
  return promise.then(
    () => {
      throw new Error('it should have failed')
    },
    (error: unknown) => error as GraphLinksError,
  )
}

const crossFetch = jest.requireActual<{ fetch: Fetch }>('cross-fetch').fetch
afterEach(async () => {
  await Promise.all(running.splice(0).map(async (server) => server.close()))
})

function clientOf(url: string, options: Partial<HttpLinkOptions> = {}): Client {
  return createClient({ link: httpLink({ ...options, url } as HttpLinkOptions) })
}

/** A fetch that answers from memory and keeps what it was given. */
function recordingFetch(body: unknown = { data: { ok: true } }): Fetch & { readonly calls: [string, RequestInit][] } {
  const calls: [string, RequestInit][] = []
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    calls.push([url, init])
    return new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json' } })
  }
  return Object.assign(fetch, { calls })
}

describe('the request', () => {
  beforeAll(() => nock.activate())
  afterAll(() => nock.restore())
  afterEach(() => {
    expect(nock.pendingMocks()).toEqual([])
    nock.cleanAll()
  })

  const origin = 'https://api.test'

  test.each([
    ['H1 absent members are omitted', '{ a }', undefined, {}, { query: '{ a }' }],
    ['H1 an operation name is sent', 'query A { a }', undefined, {}, { query: 'query A { a }', operationName: 'A' }],
    [
      'H1 variables and extensions are sent as they are',
      'query A($x: I) { a(x: $x) }',
      { x: { list: [1, null], text: 'ü"\u2028' } },
      { extensions: { trace: 1 } },
      {
        query: 'query A($x: I) { a(x: $x) }',
        operationName: 'A',
        variables: { x: { list: [1, null], text: 'ü"\u2028' } },
        extensions: { trace: 1 },
      },
    ],
    [
      'H1 the selected operation of several',
      'query A { a } query B { b }',
      {},
      { operationName: 'B' },
      { query: 'query A { a } query B { b }', operationName: 'B', variables: {} },
    ],
  ])('%s', async (_, query, variables, options, body) => {
    nock(origin)
      .post('/graphql', (sent) => {
        expect(sent).toStrictEqual(body)
        return true
      })
      .reply(200, { data: { a: 1 } }, { 'content-type': 'application/json' })
    const { data } = await clientOf(`${origin}/graphql`).query(query, variables, options)
    expect(data).toEqual({ a: 1 })
  })

  // nock sees what goes through fetch and node:http.
  test.each(stacks.slice(0, 2))('H2, H3 content-type and accept are exactly these, by %s', async (_, stack) => {
    nock(origin, {
      reqheaders: {
        'content-type': (value) => value === 'application/json',
        accept: (value) => value === 'application/graphql-response+json, application/json;q=0.9',
      },
    })
      .post('/graphql?tenant=a')
      .reply(200, { data: {} }, { 'content-type': 'application/json' })
    await clientOf(`${origin}/graphql?tenant=a`, { ...stack }).query('{ a }')
  })

  test('H4 no streaming media type is accepted for a plain query', async () => {
    nock(origin)
      .post('/graphql')
      .reply(
        200,
        function reply() {
          return { data: { accept: this.req.headers['accept'] } }
        },
        { 'content-type': 'application/json' },
      )
    const { data } = await clientOf(`${origin}/graphql`).query<{ accept: string }>('{ accept }')
    expect(String(data?.accept)).not.toMatch(/multipart|event-stream/)
  })

  test('a mutation is a POST too, and the URL of the answer comes back without its search', async () => {
    nock(origin)
      .post('/graphql?key=k')
      .reply(200, { data: { done: true } }, { 'content-type': 'application/json', 'x-request-id': 'r1' })
    const { data, http } = await clientOf(`${origin}/graphql?key=k`).mutate('mutation M { done }')
    expect(data).toEqual({ done: true })
    expect(http).toMatchObject({ status: 200, url: `${origin}/graphql` })
    expect(http?.headers.get('x-request-id')).toBe('r1')
  })
})

describe('headers on the wire', () => {
  test('AUTH-1 call over request over link, one line each time, and AUTH-3 for one operation only', async () => {
    const server = await loopback()
    const link = chain(headerLink({ 'X-Layer': 'link', 'x-other': 'kept' }), httpLink({ url: server.url }))
    const client = createClient({ link })
    const request = createRequest({ query: '{ ok }', headers: { 'x-layer': 'request' } })
    await client.query(request, undefined, { headers: { 'X-LAYER': 'call' } })
    await client.query(request)
    await client.query('{ ok }')
    expect(server.seen.map(({ headers }) => headers['x-layer'])).toEqual(['call', 'request', 'link'])
    expect(server.seen.map(({ headers }) => headers['x-other'])).toEqual(['kept', 'kept', 'kept'])
    for (const seen of server.seen) expect(linesOf(seen, 'x-layer')).toHaveLength(1)
  })

  test.each(stacks)('AUTH-4 three spellings over three layers are one line, by %s', async (_, stack) => {
    const server = await loopback()
    const link = chain(headerLink({ Authorization: 'Basic link' }), httpLink({ url: server.url, ...stack }))
    const request = createRequest({ query: '{ ok }', headers: { authorization: 'Basic request' } })
    await createClient({ link }).query(request, undefined, { headers: { AUTHORIZATION: 'Basic call' } })
    expect(linesOf(server.seen[0], 'authorization')).toEqual(['Basic call'])
  })

  test.each(stacks)('AUTH-5 H5 a default is overridden in any spelling, by %s', async (_, stack) => {
    const server = await loopback()
    const client = clientOf(server.url, { ...stack })
    for (const name of ['content-type', 'Content-Type', 'CONTENT-TYPE'])
      await client.query('{ ok }', undefined, { headers: { [name]: 'application/json; x=1', Accept: 'text/x' } })
    for (const seen of server.seen) {
      expect(linesOf(seen, 'content-type')).toEqual(['application/json; x=1'])
      expect(linesOf(seen, 'accept')).toEqual(['text/x'])
    }
    expect(server.seen).toHaveLength(3)
  })

  test('AUTH-6 null removes a header, and no credential takes its place', async () => {
    const server = await loopback()
    const token = jest.fn(() => 'token')
    const client = createClient({ link: chain(bearerLink(token), httpLink({ url: server.url })) })
    await client.query('{ ok }', undefined, { headers: { authorization: null } })
    expect(linesOf(server.seen[0], 'authorization')).toEqual([])
    expect(token).not.toHaveBeenCalled()
  })

  test('CR-6 threats 5, 12 every shape of input gives the same lines, whatever the names are on a prototype', async () => {
    const server = await loopback()
    const client = clientOf(server.url)
    const pairs: [string, string][] = [
      ['Constructor', 'a'],
      ['__proto__', 'b'],
      ['toString', 'c'],
    ]
    const object = JSON.parse('{"Constructor":"a","__proto__":"b","toString":"c"}') as Record<string, string>
    for (const headers of [pairs, new Map(pairs), new Headers(pairs), object])
      await client.query('{ ok }', undefined, { headers })
    const [first, ...others] = server.seen.map(({ lines }) => lines.filter((_, index) => index > 1))
    expect(others).toEqual([first, first, first])
    for (const seen of server.seen) expect(linesOf(seen, 'constructor')).toEqual(['a'])
    for (const seen of server.seen) expect(linesOf(seen, 'tostring')).toEqual(['c'])
    expect(Object.prototype).not.toHaveProperty('b')
  })

  test('CR-3 a credential does not go over plain http to another machine unless that is allowed', async () => {
    const fetch = recordingFetch()
    const make = (allowInsecure: boolean): Client =>
      createClient({
        link: chain(bearerLink('token'), httpLink({ url: 'http://api.test/graphql', fetch, allowInsecure })),
      })
    expect(await errorOf(make(false).query('{ ok }'))).toBeInstanceOf(InsecureTransportError)
    expect(fetch.calls).toEqual([])
    await make(true).query('{ ok }')
    expect(fetch.calls).toHaveLength(1)
  })

  test('CR-2 a credential for other origins stays at home', async () => {
    const server = await loopback()
    const link = chain(bearerLink('token', { origins: ['https://other.test'] }), httpLink({ url: server.url }))
    await createClient({ link }).query('{ ok }')
    expect(linesOf(server.seen[0], 'authorization')).toEqual([])
  })

  function linesOf(seen: Seen | undefined, name: string): string[] {
    const { lines = [] } = seen ?? {}
    return lines.filter((_, index) => index % 2 === 1 && lines[index - 1]?.toLowerCase() === name)
  }
})

describe('options', () => {
  test('H6 fetch is looked up at call time', async () => {
    const client = clientOf('https://api.test/graphql')
    const original = globalThis.fetch
    const fetch = recordingFetch()
    try {
      globalThis.fetch = fetch as typeof globalThis.fetch
      await client.query('{ ok }')
    } finally {
      globalThis.fetch = original
    }
    expect(fetch.calls).toHaveLength(1)
  })

  test('H6 fetchOptions pass through, and TL-8 threats 25 nothing is cached unless they say so', async () => {
    const fetch = recordingFetch()
    const dispatcher = {}
    const fetchOptions = { credentials: 'include', mode: 'cors', keepalive: true, duplex: 'half', dispatcher } as const
    await clientOf('https://api.test/graphql', { fetch, fetchOptions }).query('{ ok }')
    await clientOf('https://api.test/graphql', { fetch, fetchOptions: { cache: 'reload' } }).query('{ ok }')
    const [first, second] = fetch.calls.map(([, init]) => init)
    expect(first).toMatchObject({ ...fetchOptions, cache: 'no-store', redirect: 'manual', method: 'POST' })
    expect((first as { dispatcher?: unknown }).dispatcher).toBe(dispatcher)
    expect(second).toMatchObject({ cache: 'reload', redirect: 'manual' })
  })

  test.each(['method', 'headers', 'body', 'signal', 'redirect'])('fetchOptions.%s is refused', (name) => {
    const build = (): unknown => clientOf('https://api.test/', { fetchOptions: { [name]: 'secret-value' } })
    expect(build).toThrow(OptionsError)
    expect(build).toThrow(`fetchOptions.${name} `)
    expect(build).not.toThrow('secret-value')
  })

  test.each([
    ['timeoutMs', { timeoutMs: 0 }, '0'],
    ['timeoutMs', { timeoutMs: -5 }, '-5'],
    ['timeoutMs', { timeoutMs: Number.NaN }, 'NaN'],
    ['maxResponseBytes', { maxResponseBytes: 0 }, '0'],
    ['maxResponseBytes', { maxResponseBytes: Number.NaN }, 'NaN'],
    ['redirects', { redirects: 'follow' }, 'same-origin'],
    ['fetch', { fetch: 'fetch' }, 'function'],
    ['url', { url: undefined }, 'absolute URL'],
    ['url', { url: '' }, 'absolute URL'],
    ['url', { url: '/graphql' }, 'absolute URL'],
    ['url', { url: 'api.test/graphql' }, 'absolute URL'],
    ['url', { url: 'ws://api.test/' }, 'ws:'],
    ['url', { url: 'file:///graphql' }, 'file:'],
    ['origins', { url: (): string => 'https://api.test/' }, 'origins'],
    ['origins', { url: (): string => 'https://api.test/', origins: [] }, 'origins'],
    ['origins', { url: (): string => 'https://api.test/', origins: ['api.test'] }, 'scheme, host and port'],
    [
      'origins',
      { url: (): string => 'https://api.test/', origins: ['https://api.test/graphql'] },
      'scheme, host and port',
    ],
  ])('a bad %s is refused when the link is built: %j', (name, options, words) => {
    const build = (): unknown =>
      httpLink({ url: 'https://api.test/', ...(options as object) } as unknown as HttpLinkOptions)
    expect(build).toThrow(OptionsError)
    expect(build).toThrow(name)
    expect(build).toThrow(words)
  })

  test('a relative url is a path of the page, where there is one; a missing url is still nothing', async () => {
    const global = globalThis as { location?: unknown }
    const fetch = recordingFetch()
    try {
      for (const href of ['https://app.test/page?q', 'http://app.test/page']) {
        global.location = { href }
        await clientOf('/graphql', { fetch }).query('{ ok }')
        for (const url of [undefined, null, ''])
          expect(() => httpLink({ url: url as unknown as string, fetch })).toThrow(OptionsError)
      }
    } finally {
      delete global.location
    }
    expect(fetch.calls.map(([url]) => url)).toEqual(['https://app.test/graphql', 'http://app.test/graphql'])
  })

  test.each(['https://user:%s@api.test/graphql', 'https://:%s@api.test', 'http://user:%s@[', 'user:%s@api.test'])(
    'BA-3 threats 9 a password in the url is refused and not printed: %s',
    async (pattern) => {
      const canary = secretCanary()
      const url = pattern.replace('%s', canary.value)
      const fetch = recordingFetch()
      const errors: unknown[] = []
      for (const build of [
        () => httpLink({ url, fetch }),
        () => httpLink({ url: () => 'https://api.test', origins: [url], fetch }),
      ]) {
        try {
          build()
        } catch (error) {
          errors.push(error)
        }
      }
      const late = createClient({ link: httpLink({ url: () => url, origins: ['https://api.test'], fetch }) })
      errors.push(await errorOf(late.query('{ ok }')))
      expect(errors).toHaveLength(3)
      for (const error of errors) expect(error).toBeInstanceOf(OptionsError)
      canary.check(...errors)
      expect(fetch.calls).toEqual([])
    },
  )
})

describe('what cannot be sent is a LinkError', () => {
  const variables = { secret: 'a-secret-value', big: 1n }
  const throwing = (error: unknown) => () => {
    throw error
  }

  test.each<[name: string, url: () => string, words: string]>([
    ['variables that are no JSON', () => 'https://api.test/', 'cannot be written as JSON'],
    ['a url function that throws', throwing(new TypeError('no region in a-secret-value')), 'url function threw'],
    ['a url function that throws no Error', throwing('a-secret-value'), 'url function threw'],
  ])('%s', async (_, url, words) => {
    const fetch = recordingFetch()
    const client = createClient({ link: httpLink({ url, origins: ['https://api.test'], fetch }) })
    const error = await errorOf(client.query('query Q { ok }', variables))
    expect(error).toBeInstanceOf(LinkError)
    expect(error).toMatchObject({ code: 'LINK_FAILED', link: 'httpLink', operationName: 'Q' })
    expect(error.message).toContain(words)
    expect((error.cause as Error).message).toMatch(/BigInt|redacted/)
    expect(inspect(error, { depth: 9 })).not.toContain('a-secret-value')
    expect(fetch.calls).toEqual([])
  })

  test('an error of the family passes unchanged', async () => {
    const mine = new CredentialError('no tenant')
    const link = httpLink({ url: throwing(mine), origins: ['https://api.test'] })
    expect(await errorOf(createClient({ link }).query('{ ok }'))).toBe(mine)
  })
})

describe('threats 12 a polluted Object.prototype', () => {
  const url = 'http://api.test/graphql'
  const evil = jest.fn(async () => new Response('{}'))
  const polluted = {
    url: 'https://evil.test/',
    origins: ['https://evil.test'],
    fetch: evil,
    fetchOptions: { credentials: 'include' },
    timeoutMs: -1,
    maxResponseBytes: 1,
    redirects: 'same-origin',
    allowInsecure: true,
    clock: { after: evil, now: evil },
    // What fetch would read from its init.
    credentials: 'include',
    dispatcher: {},
  }

  async function whilePolluted<Value>(run: () => Promise<Value>): Promise<Value> {
    for (const [name, value] of Object.entries(polluted))
      Object.defineProperty(Object.prototype, name, { value, configurable: true, enumerable: true, writable: true })
    try {
      return await run()
    } finally {
      for (const name of Object.keys(polluted)) Reflect.deleteProperty(Object.prototype, name)
    }
  }

  // Jest itself loads nothing while names like these are on everything.
  beforeAll(async () => Promise.all([import('./redirect.ts'), import('./failure.ts')]))

  test('is no option, and nothing that fetch sees', async () => {
    const original = globalThis.fetch
    const recording = recordingFetch()
    const answers = [recording, async () => new Response(null, { status: 307, headers: { location: '/next' } })]
    const withToken = bearerLink('token')
    const operation = createOperation({ document: '{ ok }' })
    const firstOf = async (link: TerminalLink): Promise<unknown> => {
      for await (const { data } of await link(operation)) return data
      return undefined
    }
    const outcomes = await whilePolluted(async () => {
      try {
        globalThis.fetch = (async (to: string, init: RequestInit) =>
          answers.shift()?.(to, init)) as typeof globalThis.fetch
        const link = httpLink({ url })
        return {
          plain: await firstOf(link),
          read: ['credentials', 'dispatcher'].filter((name) => name in (recording.calls[0]?.[1] ?? {})),
          redirected: await errorOf(firstOf(link)),
          insecure: await errorOf(firstOf(chain(withToken, link))),
          missing: await errorOf((async () => httpLink({} as HttpLinkOptions))()),
        }
      } finally {
        globalThis.fetch = original
      }
    })
    expect(evil).not.toHaveBeenCalled()
    expect(recording.calls.map(([to]) => to)).toEqual([url])
    expect(outcomes).toMatchObject({
      plain: { ok: true },
      read: [],
      redirected: { code: 'REDIRECT_BLOCKED' },
      insecure: { code: 'INSECURE_TRANSPORT' },
      missing: { code: 'BAD_OPTIONS' },
    })
  })

  test.each(stacks.slice(0, 2))('an init without a prototype is one that fetch takes, by %s', async (_, stack) => {
    const server = await loopback()
    const fetchOptions = { credentials: 'omit' } as const
    expect(await clientOf(server.url, { ...stack, fetchOptions }).request('{ ok }')).toEqual({ ok: true })
  })

  test.each([undefined, null, 'https://api.test/'])(
    'JavaScript that passes %p as options gets an OptionsError',
    (options) => {
      expect(() => httpLink(options as unknown as HttpLinkOptions)).toThrow(OptionsError)
    },
  )
})

describe('TL-3 threats 10, 11 a url function stays within origins', () => {
  const origins = ['https://api.test', 'http://127.0.0.1:4000']

  test.each([
    'https://evil.test/graphql',
    'http://api.test/graphql',
    'https://api.test:8443/',
    'http://127.0.0.1:4001/',
    'https://127.0.0.1:4000/',
    '//evil.test/',
    '/graphql',
    '\\\\evil.test\\',
    'https:\\\\evil.test',
    'https:///evil.test',
    'https://api.test@evil.test/',
    'https://api.test:x@evil.test/',
    'https://evil.test\\@api.test/',
    'https://evil.test#@api.test/',
    'https://evil.test?@api.test/',
    'https://user@api.test/',
    'https://api.test.evil.test/',
    'https://evilapi.test/',
    'https://api.test。evil.test/',
    'https://api.test%2eevil.test/',
    'https://api.test./',
    'https://api\u00adi.test/',
    'https://аpi.test/',
    'https://[::ffff:127.0.0.1]:4000/',
    'javascript:fetch("https://api.test")',
    'data:application/json,{}',
    'blob:https://api.test/1',
    'file://api.test/graphql',
    'ws://127.0.0.1:4000/',
    'wss://api.test/',
    'unix:/var/run/docker.sock',
    'http://unix:/var/run/docker.sock:/',
    '',
    'null',
  ])('%j is not sent', async (url) => {
    const fetch = recordingFetch()
    const link = chain(bearerLink('token'), httpLink({ url: () => url, origins, fetch }))
    const error = await errorOf(createClient({ link }).query('query Q { ok }'))
    expect(error).toBeInstanceOf(OptionsError)
    expect(error).toMatchObject({ link: 'httpLink', operationName: 'Q' })
    expect(fetch.calls).toEqual([])
  })

  test.each([
    ['https://api.test/a?b=c', 'https://api.test/a?b=c'],
    ['HTTPS://API.TEST:443/a', 'https://api.test/a'],
    ['https://api。test/', 'https://api.test/'],
    ['https://ａｐｉ.test/', 'https://api.test/'],
    ['https://a%70i.test/', 'https://api.test/'],
    ['https:api.test/a', 'https://api.test/a'],
    ['https://api.test\\@evil.test/', 'https://api.test/@evil.test/'],
    ['https://api.test/\\evil.test', 'https://api.test//evil.test'],
    ['https://api.test//evil.test', 'https://api.test//evil.test'],
    ['\t ht\ntps://api.test/a', 'https://api.test/a'],
    ['http://2130706433:4000/', 'http://127.0.0.1:4000/'],
    ['http://0x7f.1:4000/', 'http://127.0.0.1:4000/'],
    ['http://①②⑦.0.0.1:4000/', 'http://127.0.0.1:4000/'],
  ])('%j goes to %j', async (url, expected) => {
    const fetch = recordingFetch()
    await createClient({ link: httpLink({ url: () => url, origins, fetch }) }).query('{ ok }')
    expect(fetch.calls.map(([sent]) => sent)).toEqual([expected])
  })

  test('the function sees the operation, and a URL object will do', async () => {
    const fetch = recordingFetch()
    const url = ({ kind }: { kind: string }): URL => new URL(`https://api.test/${kind}`)
    const client = createClient({ link: httpLink({ url, origins, fetch }) })
    await client.query('{ ok }')
    await client.mutate('mutation { ok }')
    expect(fetch.calls.map(([sent]) => sent)).toEqual(['https://api.test/query', 'https://api.test/mutation'])
  })
})

describe('cancellation', () => {
  test.each(stacks)('H7 in flight: the server sees the close, the caller its own reason, by %s', async (_, stack) => {
    const arrived = deferred<ServerResponse>()
    const server = await loopback((response) => arrived.resolve(response))
    const controller = new AbortController()
    const reason = new Error('the user left')
    const pending = errorOf(
      clientOf(server.url, { ...stack }).query('{ ok }', undefined, { signal: controller.signal }),
    )
    const closed = once(await arrived.promise, 'close')
    controller.abort(reason)
    expect(await pending).toBe(reason)
    await closed
  })

  test.each(stacks)('H7 while the body comes, by %s', async (_, stack) => {
    const arrived = deferred<ServerResponse>()
    const server = await loopback((response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"data":')
      arrived.resolve(response)
    })
    const controller = new AbortController()
    const reason = new Error('the user left')
    const pending = errorOf(
      clientOf(server.url, { ...stack }).query('{ ok }', undefined, { signal: controller.signal }),
    )
    const response = await arrived.promise
    const closed = once(response, 'close')
    controller.abort(reason)
    expect(await pending).toBe(reason)
    await closed
  })

  test('H7 before the start: nothing is sent', async () => {
    const fetch = recordingFetch()
    const reason = new Error('too late')
    const client = clientOf('https://api.test/graphql', { fetch })
    expect(await errorOf(client.query('{ ok }', undefined, { signal: AbortSignal.abort(reason) }))).toBe(reason)
    expect(fetch.calls).toEqual([])
  })

  test('H7 while an async link in front of it runs: nothing is sent', async () => {
    const fetch = recordingFetch()
    const token = deferred<string>()
    const controller = new AbortController()
    const reason = new Error('too late')
    const link = chain(
      bearerLink(() => token.promise),
      httpLink({ url: 'https://api.test/graphql', fetch }),
    )
    const pending = errorOf(createClient({ link }).query('{ ok }', undefined, { signal: controller.signal }))
    controller.abort(reason)
    expect(await pending).toBe(reason)
    token.resolve('token')
    await settle()
    expect(fetch.calls).toEqual([])
  })

  test.each<[what: string, document: string, options: Partial<HttpLinkOptions>]>([
    ['a query by GET', '{ ok }', { queryMethod: 'GET' }],
    ['@defer', '{ ...@defer { ok } }', {}],
    ['a mutation with a file', 'mutation ($file: Upload!) { ok(file: $file) }', {}],
    ['a subscription', 'subscription { ok }', {}],
    ['a subscription by a single connection', 'subscription { ok }', { subscriptions: 'single-connection' }],
  ])('H7 while the request is being made of the operation, nothing is sent: %s', async (_, document, options) => {
    const fetch = recordingFetch()
    const client = clientOf('https://api.test/graphql', { ...options, fetch })
    const variables = document.includes('$file') ? { file: new Blob(['content']) } : {}
    const reason = new Error('the user left')
    const run = (signal?: AbortSignal): Promise<unknown> =>
      client.execute(document, variables, { signal })[Symbol.asyncIterator]().next()
    // What it needs is loaded then.
    await run().catch(() => {})
    const before = fetch.calls.length
    const controller = new AbortController()
    const pending = errorOf(run(controller.signal))
    controller.abort(reason)
    expect(await pending).toBe(reason)
    await settle()
    expect(fetch.calls.length - before).toBe(0)
    await client.dispose()
  })

  test('H7 an attempt whose signal was aborted before sends nothing, whoever runs it', async () => {
    const fetch = recordingFetch()
    const reason = new Error('too late')
    const operation = createOperation({ document: '{ ok }', signal: AbortSignal.abort(reason) })
    const link = httpLink({ url: 'https://api.test/', fetch })
    expect(await errorOf((async () => link(operation))())).toBe(reason)
    expect(fetch.calls).toEqual([])
  })

  test('many attempts of one operation leave no listeners on its signal', async () => {
    const { signal } = new AbortController()
    const add = jest.spyOn(signal, 'addEventListener')
    const remove = jest.spyOn(signal, 'removeEventListener')
    const link = httpLink({ url: 'https://api.test/', fetch: recordingFetch() })
    const operation = createOperation({ document: '{ ok }', signal })
    for (let i = 0; i < 20; i++) for await (const { data } of await link(operation)) expect(data).toEqual({ ok: true })
    expect(add).toHaveBeenCalledTimes(20)
    expect(remove.mock.calls.map(([, listener]) => listener)).toEqual(add.mock.calls.map(([, listener]) => listener))
  })

  describe('H7 a fetch that ignores its signal: nothing is read on', () => {
    /** A body that goes on for ever; `reads` counts what was pulled. */
    function endless(kind: 'web' | 'node'): { response: Response; pulled: jest.Mock; ended: Promise<void> } {
      const closed = deferred<void>()
      const ended = closed.promise
      const pulled = jest.fn()
      const chunk = new TextEncoder().encode('x')
      if (kind === 'web') {
        const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
          pulled()
          await settle()
          controller.enqueue(chunk)
        }
        const stream = new ReadableStream<Uint8Array>({ pull, cancel: () => closed.resolve() }, { highWaterMark: 0 })
        return { response: new Response(stream), pulled, ended }
      }
      const read = function read(this: Readable): void {
        pulled()
        setImmediate(() => this.push(chunk))
      }
      const body = new Readable({ read, highWaterMark: 0 }).on('close', () => closed.resolve())
      return { response: { body, status: 200, headers: new Headers() } as unknown as Response, pulled, ended }
    }

    test.each(['web', 'node'] as const)('the response comes after the abort: %s', async (kind) => {
      const { response, pulled, ended } = endless(kind)
      const late = deferred<Response>()
      const called = deferred<void>()
      const fetch: Fetch = () => {
        called.resolve()
        return late.promise
      }
      const controller = new AbortController()
      const client = clientOf('https://api.test/', { fetch })
      const pending = errorOf(client.query('{ ok }', undefined, { signal: controller.signal }))
      await called.promise
      controller.abort('gone')
      expect(await pending).toBe('gone')
      late.resolve(response)
      await ended
      expect(pulled).not.toHaveBeenCalled()
    })

    test.each(['web', 'node'] as const)('the abort comes while the body is read: %s', async (kind) => {
      const { response, pulled, ended } = endless(kind)
      const reading = deferred<void>()
      pulled.mockImplementation(() => pulled.mock.calls.length === 3 && reading.resolve())
      const controller = new AbortController()
      const client = clientOf('https://api.test/', { fetch: async () => response })
      const pending = errorOf(client.query('{ ok }', undefined, { signal: controller.signal }))
      await reading.promise
      controller.abort('gone')
      expect(await pending).toBe('gone')
      await ended
      const { length } = pulled.mock.calls
      await settle()
      expect(pulled).toHaveBeenCalledTimes(length)
    })

    test('a body that hangs is cancelled, and a redirect with such a body is not followed', async () => {
      const cancelled = deferred<void>()
      const reading = deferred<void>()
      const source = {
        pull: () => (reading.resolve(), new Promise<void>(() => {})),
        cancel: () => cancelled.resolve(),
      }
      const stream = new ReadableStream(source, { highWaterMark: 0 })
      const fetch = jest.fn(async () => new Response(stream, { status: 307, headers: { location: '/next' } }))
      const controller = new AbortController()
      const client = clientOf('https://api.test/', { fetch, redirects: 'same-origin' })
      const pending = errorOf(client.query('{ ok }', undefined, { signal: controller.signal }))
      await reading.promise
      controller.abort('gone')
      expect(await pending).toBe('gone')
      await cancelled.promise
      await settle()
      expect(fetch).toHaveBeenCalledTimes(1)
    })
  })

  test('H7 leaving the loop early closes the connection', async () => {
    const arrived = deferred<ServerResponse>()
    const server = await loopback((response) => arrived.resolve(response))
    const iterator = clientOf(server.url).execute('{ ok }')[Symbol.asyncIterator]()
    const pending = iterator.next()
    const closed = once(await arrived.promise, 'close')
    await iterator.return?.()
    expect(await pending).toEqual({ done: true, value: undefined })
    await closed
  })

  test('a finished operation leaves no listener on the signal of the caller', async () => {
    const { signal } = new AbortController()
    const add = jest.spyOn(signal, 'addEventListener')
    const remove = jest.spyOn(signal, 'removeEventListener')
    const client = clientOf('https://api.test/graphql', { fetch: recordingFetch() })
    for (let i = 0; i < 20; i++) await client.query('{ ok }', undefined, { signal })
    expect(remove.mock.calls.length).toBe(add.mock.calls.length)
  })
})

describe('H8 timeout', () => {
  test.each(stacks)('before the headers come, by %s', async (_, stack) => {
    const arrived = deferred<ServerResponse>()
    const server = await loopback((response) => arrived.resolve(response))
    const clock = new FakeClock()
    const settled = jest.fn()
    const pending = errorOf(clientOf(server.url, { ...stack, clock, timeoutMs: 5_000 }).query('query Slow { ok }'))
    pending.finally(settled).catch(() => {})
    const closed = once(await arrived.promise, 'close')
    await clock.advance(4_999)
    expect(settled).not.toHaveBeenCalled()
    await clock.advance(1)
    const error = await pending
    expect(TimeoutError.is(error)).toBe(true)
    expect(error).toMatchObject({ link: 'httpLink', operationName: 'Slow' })
    expect(error).not.toHaveProperty('cause')
    expect(error.message).toContain('5000 ms')
    await closed
    expect(clock.pending).toBe(0)
  })

  test.each(stacks)('while the body comes, by %s', async (_, stack) => {
    const arrived = deferred<ServerResponse>()
    const server = await loopback((response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"data":')
      arrived.resolve(response)
    })
    const clock = new FakeClock()
    const pending = errorOf(clientOf(server.url, { ...stack, clock, timeoutMs: 100 }).query('{ ok }'))
    const closed = once(await arrived.promise, 'close')
    await clock.advance(100)
    expect(await pending).toBeInstanceOf(TimeoutError)
    await closed
  })

  test('it holds for a fetch that ignores its signal, too', async () => {
    const clock = new FakeClock()
    const fetch: Fetch = () => new Promise(() => {})
    const pending = errorOf(clientOf('https://api.test/', { fetch, clock, timeoutMs: 100 }).query('{ ok }'))
    await clock.advance(100)
    expect(await Promise.race([pending, settle()])).toBeInstanceOf(TimeoutError)
  })

  test('it holds while a file is read, which then is sent no more', async () => {
    const clock = new FakeClock()
    const fetch = recordingFetch()
    const file = deferred<Blob>()
    const client = clientOf('https://api.test/', { fetch, clock, timeoutMs: 100 })
    const pending = errorOf(client.mutate('mutation ($file: Upload!) { ok(file: $file) }', { file: file.promise }))
    await clock.advance(100)
    expect(await pending).toBeInstanceOf(TimeoutError)
    file.resolve(new Blob(['late']))
    await settle()
    expect(fetch.calls).toEqual([])
  })

  test('an abort of the caller is not a timeout, and a fetch that fails with its own word for it changes nothing', async () => {
    const clock = new FakeClock()
    const controller = new AbortController()
    const fetch: Fetch = (__, { signal }) =>
      new Promise((___, reject) =>
        signal?.addEventListener('abort', () => reject(new Error('AbortError of a library'))),
      )
    const client = clientOf('https://api.test/', { fetch, clock, timeoutMs: 100 })
    const pending = errorOf(client.query('{ ok }', undefined, { signal: controller.signal }))
    await settle()
    controller.abort('a reason that is no Error')
    expect(await pending).toBe('a reason that is no Error')
    await settle()
    expect(clock.pending).toBe(0)
  })

  test('an answer in time disarms the timer, and Infinity arms none', async () => {
    const clock = new FakeClock()
    const fetch: Fetch = async (...args) => {
      armed.push(clock.pending)
      return recordingFetch()(...args)
    }
    const armed: number[] = []
    await clientOf('https://api.test/', { fetch, clock }).query('{ ok }')
    await clientOf('https://api.test/', { fetch, clock, timeoutMs: Infinity }).query('{ ok }')
    expect(armed).toEqual([1, 0])
    expect(clock.pending).toBe(0)
  })

  test('a very long time is not a very short one: setTimeout counts to 2^31 - 1 only', async () => {
    const server = await loopback()
    const warned = jest.fn()
    process.on('warning', warned)
    try {
      const { data } = await clientOf(server.url, { timeoutMs: Number.MAX_SAFE_INTEGER }).query('{ ok }')
      expect(data).toEqual({ ok: true })
      await settle()
    } finally {
      process.off('warning', warned)
    }
    expect(warned).not.toHaveBeenCalled()
  })
})

describe('where there is no global fetch', () => {
  test('cross-fetch is loaded with the first operation, and not before', async () => {
    const server = await loopback()
    const client = clientOf(server.url)
    const original = globalThis.fetch
    await client.query('{ ok }')
    expect(mockLoads).toEqual([])
    try {
      delete (globalThis as { fetch?: unknown }).fetch
      const results = await Promise.all([client.query('{ ok }'), client.query('{ ok }')])
      expect(results.map(({ data }) => data)).toEqual([{ ok: true }, { ok: true }])
    } finally {
      globalThis.fetch = original
    }
    expect(mockLoads).toEqual(['cross-fetch'])
    expect(server.seen.at(-1)?.headers['user-agent']).toContain('node-fetch')
  })
})

describe('answers of a real server', () => {
  test('H15 what says when and how to come back is readable', async () => {
    const server = await loopback((response) =>
      response
        .writeHead(401, {
          'content-type': 'text/html',
          'www-authenticate': 'Bearer realm="api", error="invalid_token"',
          'retry-after': '120',
        })
        .end('<h1>Unauthorized</h1>'),
    )
    const client = createClient({ link: chain(bearerLink('the-token'), httpLink({ url: `${server.url}?key=k` })) })
    const error = await errorOf(client.query('query Me { me }'))
    expect(HttpError.is(error)).toBe(true)
    expect(error).toMatchObject({
      code: 'HTTP_STATUS',
      status: 401,
      operationName: 'Me',
      url: server.url,
      mediaType: 'text/html',
      retryAfter: '120',
      wwwAuthenticate: 'Bearer realm="api", error="invalid_token"',
    })
    expect(error.message).toContain('<h1>Unauthorized</h1>')
    expect(error.message).toContain('401')
  })

  test('H19 each of 406, 413, 414, 415 and 431 has a hint of its own', async () => {
    const hints = new Set<string>()
    for (const status of [406, 413, 414, 415, 431]) {
      const server = await loopback((response) => response.writeHead(status).end())
      const error = await errorOf(clientOf(server.url).query('{ ok }'))
      expect(error).toMatchObject({ name: 'HttpError', status })
      hints.add(/\((.+)\)/.exec(error.message)?.[1] ?? '')
    }
    hints.delete('')
    expect(hints.size).toBe(5)
  })

  test('H19 a 404 shows which url it was, without its search', async () => {
    const server = await loopback((response) => response.writeHead(404).end())
    const error = await errorOf(clientOf(`${server.url}?key=secret-key`).query('{ ok }'))
    expect(error.message).toContain(`is the url right? it is ${server.url})`)
    expect(error.message).not.toContain('secret-key')
  })

  test.each([406, 415, 404, 200])(
    'H20 a subscription that is no GraphQL there, as %i, leads to wsLink',
    async (status) => {
      const server = await loopback((response) => response.writeHead(status, { 'content-type': 'text/html' }).end('no'))
      const error = await errorOf(clientOf(server.url).subscribe('subscription S { a }')[Symbol.asyncIterator]().next())
      expect(error).toMatchObject({ name: 'HttpError', status })
      expect(error.message).toMatch(/subscriptions over HTTP.*wsLink.*split/)
    },
  )

  test.each(stacks)('H19 the 431 that Node servers give at 16 KiB of headers, by %s', async (_, stack) => {
    const server = await loopback()
    const headers = { 'x-a': 'a'.repeat(10_000), 'x-b': 'b'.repeat(10_000) }
    const error = await errorOf(clientOf(server.url, { ...stack }).query('{ ok }', undefined, { headers }))
    expect(error).toMatchObject({ name: 'HttpError', status: 431 })
    expect(error.message).toContain('16 KiB')
  })

  test.each(['This operation has been blocked as a potential Cross-Site Request Forgery (CSRF).', 'csrf check failed'])(
    'C3 an answer that names CSRF gets a hint: %s',
    async (text) => {
      const server = await loopback((response) => json(response, { message: text }, 400))
      const error = await errorOf(clientOf(server.url).query('{ ok }'))
      expect(error.message).toContain('headerLink')
      expect(error.message).toContain('apollo-require-preflight')
    },
  )

  test('H20 a subscription that gets one result is not supported there; errors come through', async () => {
    const errors = [{ message: 'no such field' }]
    // With data, be it null, the server has executed the subscription as if it were a query.
    const unsupported = [
      { data: { count: null } },
      { data: { count: null }, errors },
      { data: null },
      { data: null, errors },
    ]
    const answers: unknown[] = [...unsupported, { errors }]
    const server = await loopback((response, _, index) => json(response, answers[index]))
    const client = clientOf(server.url)
    const run = async (): Promise<Result[]> => {
      const results: Result[] = []
      for await (const result of client.subscribe('subscription S { count }')) results.push(result)
      return results
    }
    for (const _ of unsupported) {
      const error = await errorOf(run())
      expect(error).toBeInstanceOf(SubscriptionNotSupportedError)
      expect(error.message).toContain('wsLink')
    }
    expect(await run()).toMatchObject([{ errors }])
  })

  test.each(stacks)('a refused connection is a NetworkError that says why, by %s', async (name, stack) => {
    const closed = await loopback()
    await closed.close()
    const error = await errorOf(clientOf(`${closed.url}?key=secret-key`, { ...stack }).query('query Q { ok }'))
    expect(error).toBeInstanceOf(NetworkError)
    expect(error).toMatchObject({ code: 'NETWORK', link: 'httpLink', operationName: 'Q' })
    expect(error.message).toContain(new URL(closed.url).origin)
    const causes = JSON.stringify(causesOf(error))
    expect(causesOf(error).map(({ code }) => code)).toEqual(
      name === 'global fetch' ? [undefined, 'ECONNREFUSED'] : ['ECONNREFUSED'],
    )
    expect(causes).not.toContain('secret-key')
  })

  test.each([
    ...stacks.map(([name, stack]) => [name, stack, 'chunked', NetworkError] as const),
    ['global fetch', {}, 'of known length', NetworkError] as const,
    ['undici', { transport: undici }, 'of known length', NetworkError] as const,
    // node-fetch 2 never says that such a body broke off: the timeout has to.
    ['cross-fetch', { fetch: crossFetch }, 'of known length', TimeoutError] as const,
  ])('a connection that breaks in the body: %s %p, %s', async (_, stack, framing, expected) => {
    const broken = deferred<void>()
    const server = await loopback((response) => {
      response.on('close', () => broken.resolve())
      response.writeHead(200, {
        'content-type': 'application/json',
        ...(framing === 'chunked' ? {} : { 'content-length': '100' }),
      })
      response.write('{"data":', () => response.destroy())
    })
    const clock = new FakeClock()
    const pending = errorOf(clientOf(server.url, { ...stack, clock }).query('{ ok }'))
    await broken.promise
    if (expected === TimeoutError) await clock.advance(30_000)
    expect(await pending).toBeInstanceOf(expected)
  })

  test('a failure of fetch whose causes go round in a circle, or that is no Error, is a NetworkError', async () => {
    const circle = new Error('a')
    circle.cause = new Error('b', { cause: circle })
    for (const reason of [circle, 'text', undefined, null, { cause: 5 }]) {
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors
      const fetch: Fetch = () => Promise.reject(reason)
      expect(await errorOf(clientOf('https://api.test/', { fetch }).query('{ ok }'))).toBeInstanceOf(NetworkError)
    }
  })

  test.each(stacks)('AK-2 a key in the query is sent, and in no error in any spelling, by %s', async (name, stack) => {
    const closed = await loopback()
    await closed.close()
    const canary = secretCanary()
    const link = chain(
      apiKeyLink({ key: `${canary.value}!'()~*&%+/"`, in: 'query' }),
      httpLink({ url: closed.url, ...stack }),
    )
    const error = await errorOf(createClient({ link }).query('{ ok }'))
    expect(error).toBeInstanceOf(NetworkError)
    canary.check(error)
  })

  function causesOf(error: Error): { code?: unknown; message: string }[] {
    const causes = []
    for (let cause = error.cause as (Error & { code?: unknown }) | undefined; cause; cause = cause.cause as Error)
      causes.push({ code: cause.code, message: cause.message })
    return causes
  }
})

function deferred<Value>(): { promise: Promise<Value>; resolve(value: Value): void } {
  let resolve!: (value: Value) => void
  const promise = new Promise<Value>((done) => (resolve = done))
  return { promise, resolve }
}
