import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import {
  bearerLink,
  chain,
  createClient,
  createOperation,
  CredentialError,
  GraphLinksError,
  headerLink,
  identityOf,
  lastResult,
  LinkError,
  OptionsError,
  TimeoutError,
  type Link,
  type TerminalLink,
} from '@graphlinks/core'
import { httpLink, type HttpLinkOptions } from '@graphlinks/http-link'
import {
  FakeClock,
  linkContract,
  memoryLink,
  scriptedServer,
  scriptedSocketServer,
  secretCanary,
  settle,
  type Script,
  type ScriptedRequest,
  type ScriptedServer,
} from '@graphlinks/testing'
import { wsLink } from '@graphlinks/ws-link'
import { importKey, signatureHeaders } from './httpSignature.ts'
import { hmacLink, type HmacKey, type HmacLinkOptions } from './index.ts'

const canary = secretCanary()
const key: HmacKey = { id: 'shop-7', secret: canary.value }
const json = { 'content-type': 'application/json' }
const query = createOperation({ document: 'query Q($a: String) { a }', variables: { a: 'ü😀' } })

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function serve(
  script: Script = (exchange) => exchange.respond(200, json, '{"data":{}}'),
): Promise<ScriptedServer> {
  const server = await scriptedServer(script)
  cleanUps.push(() => server.close())
  return server
}

function linkTo(
  url: string,
  options: Partial<HmacLinkOptions> = {},
  http: Partial<HttpLinkOptions> = {},
): TerminalLink {
  return chain(hmacLink({ key, ...options }), httpLink({ url, ...http } as HttpLinkOptions))
}

interface Verified {
  readonly covered: readonly string[]
  readonly parameters: Readonly<Record<string, string>>
}

/** Verifies as RFC 9421 section 3.2 says, from the request as it came. @throws where the signature is no good. */
function verify(
  { method, url, headers, body }: Pick<ScriptedRequest, 'method' | 'url' | 'headers' | 'body'>,
  secret: string | Uint8Array = canary.value,
  label = 'sig1',
): Verified {
  const input = String(headers.get('signature-input'))
  const [, value = '', list = '', rest = ''] =
    new RegExp(`^${label.replace('*', '\\*')}=(\\(([^)]*)\\)(.*))$`).exec(input) ?? []
  const covered = [...list.matchAll(/"([^"]*)"/g)].map(([, name = '']) => name)
  const target = new URL(url, `http://${headers.get('host')}`)
  const known: Record<string, string> = {
    '@method': method,
    '@target-uri': target.href,
    '@authority': String(headers.get('host')).toLowerCase(),
    '@path': target.pathname,
    '@query': target.search === '' ? '?' : target.search,
  }
  const lines = covered.map((name) => {
    const found = name.startsWith('@') ? known[name] : headers.get(name)
    if (found === undefined || found === null) throw new Error(`${name} is covered and not there`)
    return `"${name}": ${found}`
  })
  const base = [...lines, `"@signature-params": ${value}`].join('\n')
  const [, signature = ''] =
    new RegExp(`^${label.replace('*', '\\*')}=:([^:]+):$`).exec(String(headers.get('signature'))) ?? []
  const expected = createHmac('sha256', secret).update(base).digest()
  if (!timingSafeEqual(expected, Buffer.from(signature, 'base64'))) throw new Error('the signature is wrong')
  const digest = headers.get('content-digest')
  if (digest !== null && digest !== `sha-256=:${createHash('sha256').update(body).digest('base64')}:`) {
    throw new Error('the digest is wrong')
  }
  const parameters = [...rest.matchAll(/;([a-z]+)=(?:"((?:[^"\\]|\\.)*)"|(\d+))/g)].map(
    ([, name, text, number]) => [name, text?.replace(/\\(.)/g, '$1') ?? number] as const,
  )
  return { covered, parameters: Object.fromEntries(parameters) as Record<string, string> }
}

const failure = (run: Promise<unknown>): Promise<GraphLinksError> =>
  run.then(
    () => {
      throw new Error('it should have failed')
    },
    (error: unknown) => error as GraphLinksError,
  )

describe('contract of hmacLink', () => {
  describe('with a constant', () => {
    linkContract(() => hmacLink({ key }))
  })
  describe('with an async function', () => {
    linkContract(() => hmacLink({ key: async () => key }))
  })
})

test('SG-4 the vector of RFC 9421 appendix B.2.5, and digests of RFC 9530', async () => {
  const secret = Buffer.from(
    'uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==',
    'base64',
  )
  const request = {
    method: 'POST',
    url: new URL('https://example.com/foo?param=Value&Pet=dog'),
    headers: new Map([
      ['date', 'Tue, 20 Apr 2021 02:07:55 GMT'],
      ['content-type', 'application/json'],
    ]),
    body: undefined,
  }
  const parameters = { created: 1_618_884_473, keyid: 'test-shared-secret' }
  const components = ['date', '@authority', 'content-type']
  expect(await signatureHeaders(request, components, parameters, 'sig-b25', await importKey(secret))).toEqual({
    'signature-input': 'sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
    signature: 'sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:',
  })
  for (const body of ['{"hello": "world"}', new TextEncoder().encode('{"hello": "world"}')]) {
    const signed = await signatureHeaders({ ...request, body }, ['content-digest'], {}, 'a', await importKey('b'))
    expect(signed['content-digest']).toBe('sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:')
  }
})

test('SG-1 a POST: method, URL, media type and body are signed, with time, key, algorithm and nonce', async () => {
  const server = await serve()
  const clock = new FakeClock()
  await lastResult(linkTo(`${server.url}?v=1`, { clock, nonce: () => 'n"1\\', tag: 'shop' }), query)
  const { covered, parameters } = verify(server.requests[0] as ScriptedRequest)
  expect(covered).toEqual(['@method', '@target-uri', 'content-type', 'content-digest'])
  expect(parameters).toEqual({
    created: String(Date.UTC(2026) / 1_000),
    keyid: 'shop-7',
    alg: 'hmac-sha256',
    nonce: 'n"1\\',
    tag: 'shop',
  })
  expect(() => verify(server.requests[0] as ScriptedRequest, 'another secret')).toThrow('wrong')
})

test('a GET has no body to sign; a secret of bytes is as good as a text', async () => {
  const server = await serve()
  const secret = new Uint8Array([0, 255, 1, 254])
  await lastResult(linkTo(server.url, { key: { id: 'k', secret } }, { queryMethod: 'GET' }), query)
  const [request] = server.requests as [ScriptedRequest]
  expect(request.method).toBe('GET')
  expect(request.headers.has('content-digest')).toBe(false)
  expect(verify(request, secret).covered).toEqual(['@method', '@target-uri'])
})

test('an upload: its bytes are signed, boundary and all', async () => {
  const server = await serve()
  const file = new File(['hello'], 'hello.txt')
  await lastResult(
    linkTo(server.url),
    createOperation({ document: 'mutation M($f: Upload) { f }', variables: { file } }),
  )
  expect(server.requests[0]?.headers.get('content-type')).toMatch(/^multipart\/form-data; boundary=/)
  expect(verify(server.requests[0] as ScriptedRequest).covered).toContain('content-type')
})

test('SG-1 components of choice, headers of links further in included; what a request lacks is left out', async () => {
  const server = await serve()
  const components = ['@authority', '@path', '@query', '@Method', 'Authorization', 'authorization', '@path', 'x-late', 'x-none', 'constructor', 'content-digest'] // prettier-ignore
  const link = chain(
    hmacLink({ key, components, label: 'sig*2' }),
    bearerLink('t'),
    headerLink({ 'x-late': '  1'.trim() }),
    httpLink({ url: server.url }),
  )
  await lastResult(link, query)
  const [request] = server.requests as [ScriptedRequest]
  expect(verify(request, canary.value, 'sig*2').covered).toEqual([
    '@authority',
    '@path',
    '@query',
    '@method',
    'authorization',
    'x-late',
    'content-digest',
  ])
  await lastResult(linkTo(server.url, { components: ['@method'] }), query)
  expect(server.requests[1]?.headers.has('content-digest')).toBe(false)
  expect(verify(server.requests[1] as ScriptedRequest).covered).toEqual(['@method'])
})

test('field notes 3.30, 4.6, SG-2: every send is signed anew, those of retries and redirects included', async () => {
  const server = await serve((exchange) =>
    exchange.request.url === '/graphql'
      ? exchange.respond(307, { location: '/moved' })
      : exchange.respond(200, json, '{"data":{}}'),
  )
  const twice: Link = async function* twice(operation, next) {
    await lastResult(next, operation)
    yield* next(operation)
  }
  const clock = new FakeClock()
  // Also where the retrying link stands further in.
  await lastResult(
    chain(hmacLink({ key, clock }), twice, httpLink({ url: server.url, redirects: 'same-origin' })),
    query,
  )
  expect(server.requests.map(({ url }) => url)).toEqual(['/graphql', '/moved', '/graphql', '/moved'])
  const nonces = server.requests.map((request) => verify(request).parameters['nonce'])
  expect(new Set(nonces).size).toBe(4)
  expect(nonces[0]).toMatch(/^[\w+/]{22}==$/)
})

test('AUTH-48 rotation: the function gives the key of each operation, and its id is who asks', async () => {
  const server = await serve()
  const keys: HmacKey[] = ['k-1', 'k-2', 'k-2'].map((id) => ({ id, secret: `${id}-${canary.value}` }))
  const identities: string[] = []
  const spy: Link = (operation, next) => {
    identities.push(identityOf(operation).reveal())
    return next(operation)
  }
  let count = 0
  const link = chain(hmacLink({ key: async () => keys[count++] }), spy, httpLink({ url: server.url }))
  for (const expected of keys) {
    await lastResult(link, query)
    const { parameters } = verify(server.requests.at(-1) as ScriptedRequest, expected.secret)
    expect(parameters['keyid']).toBe(expected.id)
  }
  expect(new Set(identities).size).toBe(2)
  canary.check(identities)
})

describe('SG-3 a clock that is wrong', () => {
  const hour = 3_600_000
  /** Refuses what was signed more than a minute from its own time. */
  async function strict(clock: FakeClock, aheadMs: number, status = 401): Promise<ScriptedServer> {
    return serve((exchange) => {
      const now = clock.date() + aheadMs
      const created = Number(verify(exchange.request).parameters['created']) * 1_000
      const isGood = Math.abs(created - now) < 60_000
      return exchange.respond(isGood ? 200 : status, { ...json, date: new Date(now).toUTCString() }, '{"data":{}}')
    })
  }

  test.each([
    [401, hour],
    [403, -hour],
    [401, 300_000],
  ])(
    // prettier-ignore
    'SG-3 %i with a Date %i ms away: sent once more, and from then on right at once',
    async (status, aheadMs) => {
      const clock = new FakeClock()
      const server = await strict(clock, aheadMs, status)
      const link = linkTo(server.url, { clock })
      expect((await lastResult(link, query)).http?.status).toBe(200)
      expect(server.requests).toHaveLength(2)
      expect((await lastResult(link, query)).http?.status).toBe(200)
      expect(server.requests).toHaveLength(3)
    },
  )

  test('SG-3 many at once: each is sent once more', async () => {
    const clock = new FakeClock()
    const server = await strict(clock, hour)
    const link = linkTo(server.url, { clock })
    const results = await Promise.all(Array.from({ length: 10 }, () => lastResult(link, query)))
    expect(results.map(({ http }) => http?.status)).toEqual(Array(10).fill(200))
    expect(server.requests.length).toBeLessThanOrEqual(20)
  })

  test.each([
    ['a smaller difference', 299_000, {}, 401],
    ['another status', hour, {}, 400],
    ['maxSkewMs: Infinity', hour, { maxSkewMs: Infinity }, 401],
  ])('SG-3 %s is no reason', async (_, aheadMs, options, status) => {
    const clock = new FakeClock()
    const server = await strict(clock, aheadMs, status)
    const outcome = await lastResult(linkTo(server.url, { clock, ...options }), query).catch((error: unknown) => error)
    expect(server.requests).toHaveLength(1)
    canary.check(outcome)
  })

  test('SG-3 a server that refuses all the same is asked twice, not for ever', async () => {
    const clock = new FakeClock()
    let ahead = 0
    const server = await serve((exchange) =>
      exchange.respond(401, { ...json, date: new Date(clock.date() + (ahead += hour)).toUTCString() }, '{"errors":[]}'),
    )
    await canary.watch(async () => canary.check(await failure(lastResult(linkTo(server.url, { clock }), query))))
    expect(server.requests).toHaveLength(2)
  })
})

test('K-1 a signature header of the call wins, and no key is asked for; null sends none', async () => {
  const server = await serve()
  const asked = jest.fn(() => key)
  for (const signature of ['mine', null]) {
    await lastResult(linkTo(server.url, { key: asked }), createOperation({ document: '{ a }', headers: { signature } }))
    expect(server.requests.at(-1)?.headers.get('signature')).toBe(signature)
    expect(server.requests.at(-1)?.headers.has('signature-input')).toBe(false)
  }
  expect(asked).not.toHaveBeenCalled()
})

test('CR-2 other origins get no signature', async () => {
  const server = await serve()
  await lastResult(linkTo(server.url, { origins: ['https://api.example.com'] }), query)
  await lastResult(linkTo(server.url, { origins: [new URL(server.url).origin] }), query)
  expect(server.requests.map(({ headers }) => headers.has('signature'))).toEqual([false, true])
})

test('CR-7 without a key: unsigned, or an error; what is no key is an error', async () => {
  const server = await serve()
  await lastResult(linkTo(server.url, { key: async () => undefined }), query)
  expect(server.requests[0]?.headers.has('signature')).toBe(false)
  for (const [given, onMissing] of [
    [undefined, 'error'],
    [{ id: 'k' }, 'omit'],
    [{ id: 'k\n', secret: canary.value }, 'omit'],
    [canary.value, 'omit'],
  ] as const) {
    const error = await failure(lastResult(linkTo(server.url, { key: () => given as never, onMissing }), query))
    expect(error).toBeInstanceOf(CredentialError)
    expect(error).toMatchObject({ link: 'hmacLink', operationName: 'Q' })
    canary.check(error)
  }
  expect(server.requests).toHaveLength(1)
})

test('CR-7 a function that fails, or takes too long, fails its operation; one that is left sends nothing', async () => {
  const memory = memoryLink()
  const clock = new FakeClock()
  const run = (given: () => Promise<HmacKey>, init = {}): Promise<GraphLinksError> =>
    failure(
      lastResult(
        chain(hmacLink({ key: given, clock, timeoutMs: 1_000 }), memory),
        createOperation({ document: 'query Q { a }', ...init }),
      ),
    )
  const vault = new Error('the vault is sealed')
  expect(await run(() => Promise.reject(vault))).toMatchObject({ code: CredentialError.code, cause: vault })
  const late = run(() => new Promise(() => {}))
  await clock.advance(1_000)
  expect(await late).toBeInstanceOf(TimeoutError)
  const controller = new AbortController()
  const left = run(() => new Promise(() => {}), { signal: controller.signal })
  await settle()
  const reason = new Error('left')
  controller.abort(reason)
  expect(await left).toBe(reason)
  expect([memory.sent.length, clock.pending]).toEqual([0, 0])
})

test('CR-3 no signature goes unencrypted to another machine', async () => {
  const error = await failure(lastResult(linkTo('http://api.example.com/graphql'), query))
  expect(error).toMatchObject({ code: 'INSECURE_TRANSPORT', link: 'hmacLink' })
  canary.check(error)
})

test('a nonce that cannot be sent, or is not made, fails the operation without showing the key', async () => {
  const server = await serve()
  const link: TerminalLink = linkTo(server.url, { nonce: () => 'ü' })
  expect(await failure(lastResult(link, query))).toMatchObject({ code: 'BAD_HEADER', link: 'hmacLink' })
  for (const nonce of ['', undefined, 5, Promise.resolve('n')]) {
    const none: TerminalLink = linkTo(server.url, { nonce: () => nonce as string })
    const cause = { message: 'no nonce' }
    expect(await failure(lastResult(none, query))).toMatchObject({ code: 'LINK_FAILED', link: 'hmacLink', cause })
  }
  const cause = new Error('no entropy')
  const broken = linkTo(server.url, {
    nonce: () => {
      throw cause
    },
  })
  const error = await failure(lastResult(broken, query))
  expect(error).toBeInstanceOf(LinkError)
  expect(error).toMatchObject({ link: 'hmacLink', cause })
  canary.check(error)
})

test('in Node, the handshake of a WebSocket is signed as a GET by http', async () => {
  const verified: Verified[] = []
  const server = await scriptedSocketServer(async (socket) => {
    const { url, headers } = socket
    verified.push(verify({ method: 'GET', url, headers, body: new Uint8Array() }))
    await socket.accept()
    await socket.messageOfType('connection_init')
    await socket.send({ type: 'connection_ack' })
    const { id } = await socket.messageOfType('subscribe')
    await socket.send({ type: 'complete', id })
  })
  const client = createClient({ link: chain(hmacLink({ key }), wsLink({ url: server.url })) })
  cleanUps.push(
    () => server.close(),
    () => client.dispose(),
  )
  for await (const _ of client.subscribe('subscription { n }'));
  expect(verified.map(({ covered }) => covered)).toEqual([['@method', '@target-uri']])
})

test('K-10 bad options fail when the link is built, and show no secret', () => {
  const bad: object[] = [
    {},
    { key: undefined },
    { key: canary.value },
    { key: { id: 'k', secret: '' } },
    { key: { id: '', secret: canary.value } },
    { key: { id: 'ü', secret: canary.value } },
    { key, components: [] },
    { key, components: ['@status'] },
    { key, components: ['@scheme'] },
    { key, components: ['a b'] },
    { key, label: 'A' },
    { key, label: '' },
    { key, tag: 'ü' },
    { key, nonce: 'n' },
    { key, maxSkewMs: 0 },
    { key, origins: ['x'] },
    { key, onMissing: 'no' },
    { key, timeoutMs: -1 },
  ]
  for (const options of bad) {
    try {
      hmacLink(options as never)
      throw new Error(`this should have failed: ${Object.keys(options).join()}`)
    } catch (error) {
      expect(error).toBeInstanceOf(OptionsError)
      expect(String(error)).toContain('hmacLink')
      canary.check(error)
    }
  }
  const { name, stage } = hmacLink({ key })
  expect([name, stage]).toEqual(['hmacLink', 'credential'])
})
