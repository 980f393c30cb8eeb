import { createHash } from 'node:crypto'
import {
  bearerLink,
  chain,
  createClient,
  createOperation,
  createTokenSource,
  CredentialError,
  headerLink,
  identityOf,
  lastResult,
  LinkError,
  OptionsError,
  TimeoutError,
  tokenRefreshLink,
  type GraphLinksError,
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
  type ScriptedRequest,
  type ScriptedServer,
} from '@graphlinks/testing'
import { wsLink } from '@graphlinks/ws-link'
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify, type JWTPayload } from 'jose'
import { createDpopKey, dpopFetch, dpopLink, type DpopKey, type DpopLinkOptions } from './index.ts'

const canary = secretCanary()
const json = { 'content-type': 'application/json' }
const query = createOperation({ document: 'query Q { a }' })
const key = {} as DpopKey
beforeAll(async () => {
  Object.assign(key, await createDpopKey())
})

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

interface Proof extends JWTPayload {
  readonly htm: string
  readonly htu: string
  readonly ath?: string
  readonly nonce?: string
}

/** What a resource server checks of a proof (RFC 9449 section 4.3), but for nonce and time. @throws where it is no good. */
async function verify(
  { method, headers }: Pick<ScriptedRequest, 'method' | 'headers'>,
  htu: string,
  thumbprint = key.thumbprint,
): Promise<Proof> {
  const { payload, protectedHeader } = await jwtVerify<Proof>(String(headers.get('dpop')), EmbeddedJWK, {
    typ: 'dpop+jwt',
    algorithms: ['ES256'],
    // Its own clock is another test.
    currentDate: new Date(Date.UTC(2026)),
  })
  const { jwk = {} } = protectedHeader
  expect(Object.keys(jwk).sort()).toEqual(['crv', 'kty', 'x', 'y'])
  if ((await calculateJwkThumbprint(jwk)) !== thumbprint) throw new Error('another key')
  const token = headers.get('authorization')?.replace(/^DPoP /, '')
  const ath = token === undefined ? undefined : createHash('sha256').update(token).digest('base64url')
  if (payload.htm !== method || payload.htu !== htu || payload.ath !== ath) throw new Error('another request')
  if (typeof payload.jti !== 'string' || typeof payload.iat !== 'number') throw new Error('no jti or iat')
  return payload
}

interface ResourceOptions {
  /** The nonce that is wanted, if one is. A function has the next one for each request. */
  readonly nonce?: () => string | undefined
  /** The time of the server, where it minds. */
  readonly date?: () => number
  readonly isGood?: (token: string) => boolean
}

/** A GraphQL server that takes tokens with a proof only. */
async function resource({ nonce = () => undefined, date, isGood = () => true }: ResourceOptions = {}) {
  const proofs: Proof[] = []
  const seen = new Set<string>()
  const server: ScriptedServer = await scriptedServer(async (exchange) => {
    const { request } = exchange
    const common = { ...json, ...(date && { date: new Date(date()).toUTCString() }) }
    const refuse = (error: string, headers = {}): Promise<void> => {
      const { authorization, dpop } = Object.fromEntries(request.headers)
      const challenge = { 'www-authenticate': `DPoP error="${error}", algs="ES256"` }
      return exchange.respond(401, { ...common, ...headers, ...challenge }, `no ${authorization} ${dpop}`)
    }
    const wanted = nonce()
    const proof = await verify(request, server.url.replace(/\?.*/, '')).catch(() => undefined)
    if (!proof || seen.has(String(proof.jti))) return refuse('invalid_dpop_proof')
    seen.add(String(proof.jti))
    proofs.push(proof)
    if (proof.nonce !== wanted) return refuse('use_dpop_nonce', { 'dpop-nonce': wanted })
    if (date && Math.abs(Number(proof.iat) * 1_000 - date()) > 5_000) return refuse('invalid_dpop_proof')
    if (!isGood(request.headers.get('authorization')?.slice('DPoP '.length) ?? '')) return refuse('invalid_token')
    const next = nonce()
    return exchange.respond(200, { ...common, ...(next !== undefined && { 'dpop-nonce': next }) }, '{"data":{"a":1}}')
  })
  cleanUps.push(() => server.close())
  return { server, proofs, url: server.url }
}

function linkTo(
  url: string,
  options: Partial<DpopLinkOptions> = {},
  http: Partial<HttpLinkOptions> = {},
): TerminalLink {
  return chain(
    dpopLink({ key, clock: new FakeClock(), ...options }),
    bearerLink(canary.value, { scheme: 'DPoP' }),
    httpLink({ url, ...http } as HttpLinkOptions),
  )
}

const failure = (run: Promise<unknown>): Promise<GraphLinksError> =>
  run.then(
    () => {
      throw new Error('it should have failed')
    },
    (error: unknown) => error as GraphLinksError,
  )

describe('contract of dpopLink', () => {
  describe('with a constant', () => {
    linkContract(() => dpopLink({ key }))
  })
  describe('with an async function', () => {
    linkContract(() => dpopLink({ key: async () => key }))
  })
})

describe('DP-1 createDpopKey', () => {
  test('DP-1 the private key cannot be read; the thumbprint is that of RFC 7638', async () => {
    expect(key.privateKey.extractable).toBe(false)
    await expect(crypto.subtle.exportKey('jwk', key.privateKey as CryptoKey)).rejects.toThrow()
    expect(key.thumbprint).toBe(await calculateJwkThumbprint(key.publicJwk))
    expect((await createDpopKey()).thumbprint).not.toBe(key.thumbprint)
  })

  test('DP-1 a pair made elsewhere is taken, if it is one of P-256 and cannot be read', async () => {
    const pair = (name: string, namedCurve: string, extractable: boolean): Promise<CryptoKeyPair> =>
      crypto.subtle.generateKey(
        { name, namedCurve },
        extractable,
        name === 'ECDSA' ? ['sign', 'verify'] : ['deriveBits'],
      )
    const good = await pair('ECDSA', 'P-256', false)
    expect((await createDpopKey(good)).privateKey).toBe(good.privateKey)
    const bad = [
      await pair('ECDSA', 'P-256', true),
      await pair('ECDSA', 'P-384', false),
      await pair('ECDH', 'P-256', false),
      { privateKey: good.publicKey, publicKey: good.publicKey },
      {},
    ]
    for (const given of bad) await expect(createDpopKey(given as never)).rejects.toThrow(OptionsError)
  })
})

test('DP-3 DP-4 the proof is for this request: method, URL without query and fragment, token; jti and time are new', async () => {
  const { proofs, url, server } = await resource()
  const link = linkTo(`${url}?v=1#top`)
  await lastResult(link, query)
  await lastResult(linkTo(`${url}?v=1`, {}, { queryMethod: 'GET' }), query)
  await lastResult(link, query)
  expect(server.requests.map(({ method }) => method)).toEqual(['POST', 'GET', 'POST'])
  expect(proofs.map(({ htm, iat }) => [htm, iat])).toEqual(
    ['POST', 'GET', 'POST'].map((htm) => [htm, Date.UTC(2026) / 1_000]),
  )
  expect(new Set(proofs.map(({ jti }) => jti)).size).toBe(3)
  expect(proofs[0]?.jti).toMatch(/^[\w-]{22}$/)
  expect(proofs[0]).not.toHaveProperty('nonce')
})

test('DP-4 field notes 3.30, 4.6: every send has a proof of its own, those of retries and redirects included', async () => {
  const proofs: Proof[] = []
  const server = await scriptedServer(async (exchange) => {
    const { request } = exchange
    proofs.push(await verify(request, new URL(request.url, server.url).href))
    if (request.url === '/graphql') return exchange.respond(307, { location: '/moved' })
    return exchange.respond(200, json, '{"data":{}}')
  })
  cleanUps.push(() => server.close())
  const twice: Link = async function* twice(operation, next) {
    await lastResult(next, operation)
    yield* next(operation)
  }
  let count = 0
  const link = dpopLink({ key, clock: new FakeClock(), uniqueId: () => `id-${++count}` })
  const token = bearerLink('t', { scheme: 'DPoP' })
  await lastResult(chain(link, token, twice, httpLink({ url: server.url, redirects: 'same-origin' })), query)
  expect(proofs.map(({ jti, htu }) => [jti, new URL(htu).pathname])).toEqual([
    ['id-1', '/graphql'],
    ['id-2', '/moved'],
    ['id-3', '/graphql'],
    ['id-4', '/moved'],
  ])
})

describe('DP-2 nonces', () => {
  test('DP-2 the first request is sent once more with the nonce of the server; later ones have the newest at once', async () => {
    let current = 0
    const { proofs, url, server } = await resource({ nonce: () => `n-${current}` })
    const link = linkTo(url)
    const send = async (): Promise<number | undefined> => (await lastResult(link, query)).http?.status
    expect(await send()).toBe(200)
    expect(proofs.map(({ nonce }) => nonce)).toEqual([undefined, 'n-0'])
    expect(await send()).toBe(200)
    expect(server.requests).toHaveLength(3)
    current = 1
    expect(await send()).toBe(200)
    expect(proofs.slice(3).map(({ nonce }) => nonce)).toEqual(['n-0', 'n-1'])
  })

  test('DP-2 a nonce of a good answer is the one for the next request', async () => {
    let asked = 0
    // One for the request that comes, and the next for its answer.
    const nonces = ['a', 'a', 'b', 'b', 'c', 'c']
    const { proofs, url } = await resource({ nonce: () => nonces[asked++] })
    const link = linkTo(url)
    for (let round = 0; round < 3; round++) await lastResult(link, query)
    expect(proofs.map(({ nonce }) => nonce)).toEqual([undefined, 'a', 'b', 'c'])
  })

  test('DP-2 many at once: each is sent once more at most, and a mutation runs once', async () => {
    const { url, server } = await resource({ nonce: () => 'n' })
    const link = linkTo(url)
    const operations = ['query A { a }', 'mutation B { a }', 'query C { a }'].map((document) =>
      createOperation({ document }),
    )
    const results = await Promise.all([...operations, ...operations].map((operation) => lastResult(link, operation)))
    expect(results.map(({ http }) => http?.status)).toEqual(Array(6).fill(200))
    expect(server.requests.length).toBeLessThanOrEqual(12)
  })

  test('DP-2 a nonce goes to the origin that it came from, and to no other', async () => {
    const first = await resource({ nonce: () => 'first' })
    const second = await resource({ nonce: () => 'second' })
    let url = first.url
    const origins = [first.url, second.url].map((each) => new URL(each).origin)
    const link = chain(
      dpopLink({ key, clock: new FakeClock() }),
      bearerLink('t', { scheme: 'DPoP', origins }),
      httpLink({ url: () => url, origins }),
    )
    for (url of [first.url, second.url, first.url, second.url]) await lastResult(link, query)
    expect(first.proofs.map(({ nonce }) => nonce)).toEqual([undefined, 'first', 'first'])
    expect(second.proofs.map(({ nonce }) => nonce)).toEqual([undefined, 'second', 'second'])
  })

  test('DP-2 a server that is never content is asked twice, and a token is not renewed for it', async () => {
    let count = 0
    const { url, server } = await resource({ nonce: () => `n-${++count}` })
    const fetchToken = jest.fn(async () => ({ accessToken: canary.value, expiresInSeconds: 3_600 }))
    const clock = new FakeClock()
    const session = createTokenSource({ fetchToken, clock })
    cleanUps.push(() => session.dispose())
    const link = chain(tokenRefreshLink(session, { scheme: 'DPoP' }), dpopLink({ key, clock }), httpLink({ url }))
    await canary.watch(async () => {
      const error = await failure(lastResult(link, query))
      expect(error).toMatchObject({ status: 401 })
      expect(JSON.stringify(error) + error.message).not.toContain('eyJ')
      canary.check(error)
    })
    expect(server.requests).toHaveLength(2)
    expect(fetchToken).toHaveBeenCalledTimes(1)
  })

  test('DP-2 without a nonce to use, or with the one that was used, nothing is sent again', async () => {
    for (const nonce of [undefined, 'n']) {
      const server = await scriptedServer((exchange) => {
        const { length } = server.requests
        if (nonce !== undefined && length === 1)
          return exchange.respond(200, { ...json, 'dpop-nonce': nonce }, '{"data":{}}')
        const headers = { 'www-authenticate': 'DPoP error="use_dpop_nonce"', ...(nonce && { 'dpop-nonce': nonce }) }
        return exchange.respond(401, { ...json, ...headers }, '{}')
      })
      cleanUps.push(() => server.close())
      const link = linkTo(server.url)
      if (nonce !== undefined) await lastResult(link, query)
      const { length } = server.requests
      canary.check(await failure(lastResult(link, query)))
      expect(server.requests).toHaveLength(length + 1)
    }
  })
})

describe('DP-5 a clock that is wrong', () => {
  const hour = 3_600_000
  test.each([hour, -hour, 12_000])(
    'DP-5 a server that is %i ms ahead: sent once more, then right at once',
    async (ahead) => {
      const clock = new FakeClock()
      const { url, server } = await resource({ date: () => clock.date() + ahead })
      const link = linkTo(url, { clock })
      for (const requests of [2, 3]) {
        expect((await lastResult(link, query)).http?.status).toBe(200)
        expect(server.requests).toHaveLength(requests)
      }
    },
  )

  test('DP-5 DP-2 a server that also wants a nonce: the first request is sent once more, with both', async () => {
    const clock = new FakeClock()
    const { url, server } = await resource({ nonce: () => 'n', date: () => clock.date() + hour })
    const link = linkTo(url, { clock })
    for (const requests of [2, 3]) {
      expect((await lastResult(link, query)).http?.status).toBe(200)
      expect(server.requests).toHaveLength(requests)
    }
  })

  test('DP-5 not for a smaller difference, another reason, or maxSkewMs: Infinity', async () => {
    const clock = new FakeClock()
    for (const [ahead, options, isGood] of [
      [9_000, {}, true],
      [hour, { maxSkewMs: Infinity }, true],
      [0, {}, false],
    ] as const) {
      const { url, server } = await resource({ date: () => clock.date() + ahead, isGood: () => isGood })
      canary.check(await lastResult(linkTo(url, { clock, ...options }), query).catch((error: unknown) => error))
      expect(server.requests).toHaveLength(1)
    }
  })
})

test('with tokenRefreshLink: the proof is for the token that is sent, the renewed one in a replay', async () => {
  let good = 't-1'
  const { url, proofs } = await resource({ nonce: () => 'n', isGood: (token) => token === good })
  const clock = new FakeClock()
  let count = 0
  const session = createTokenSource({
    fetchToken: async () => ({ accessToken: `t-${++count}`, expiresInSeconds: 3_600 }),
    clock,
  })
  cleanUps.push(() => session.dispose())
  for (const links of [
    [tokenRefreshLink(session, { scheme: 'DPoP' }), dpopLink({ key, clock })],
    [dpopLink({ key, clock }), tokenRefreshLink(session, { scheme: 'DPoP' })],
  ]) {
    const link = chain(...links, httpLink({ url }))
    expect((await lastResult(link, query)).http?.status).toBe(200)
    good = `t-${count + 1}`
    expect((await lastResult(link, query)).http?.status).toBe(200)
  }
  const ath = (token: string): string => createHash('sha256').update(token).digest('base64url')
  expect(proofs.map((proof) => [proof.nonce, proof.ath])).toEqual([
    [undefined, ath('t-1')],
    ['n', ath('t-1')],
    ['n', ath('t-1')],
    ['n', ath('t-2')],
    [undefined, ath('t-2')],
    ['n', ath('t-2')],
    ['n', ath('t-2')],
    ['n', ath('t-3')],
  ])
})

test('a token that needs no proof gets none; one that looks forgotten is warned of once', async () => {
  const server = await scriptedServer((exchange) => exchange.respond(200, json, '{"data":{}}'))
  cleanUps.push(() => server.close())
  const warn = jest.spyOn(console, 'warn').mockImplementation(() => {})
  cleanUps.push(() => warn.mockRestore())
  const dpop = dpopLink({ key })
  const http = httpLink({ url: server.url })
  await lastResult(chain(dpop, http), query)
  await lastResult(chain(dpop, headerLink({ authorization: 'Basic YTpi' }), http), query)
  const ownToken = createOperation({ document: '{ a }', headers: { authorization: 'Bearer mine' } })
  await lastResult(chain(dpop, http), ownToken)
  expect(warn).not.toHaveBeenCalled()
  for (let round = 0; round < 2; round++) await lastResult(chain(dpop, bearerLink(canary.value), http), query)
  expect(warn.mock.calls).toEqual([[expect.stringContaining('scheme: "DPoP"')]])
  canary.check(warn.mock.calls)
  expect(server.requests.filter(({ headers }) => headers.has('dpop'))).toEqual([])
})

test('AUTH-48 the thumbprint of the key is who asks, and tells users apart', async () => {
  const other = await createDpopKey()
  const identities: string[] = []
  const spy: Link = (operation, next) => {
    identities.push(identityOf(operation).reveal())
    return next(operation)
  }
  const keys = [key, other, key]
  const link = chain(dpopLink({ key: async () => keys[identities.length] }), spy, memoryLink())
  for (let round = 0; round < 3; round++) await lastResult(link, query)
  expect(identities[0]).toContain(key.thumbprint)
  expect(new Set(identities).size).toBe(2)
})

test('K-1 a dpop header of the call wins, and no key is asked for; null sends none', async () => {
  const server = await scriptedServer((exchange) => exchange.respond(200, json, '{"data":{}}'))
  cleanUps.push(() => server.close())
  const asked = jest.fn(() => key)
  for (const dpop of ['mine', null]) {
    await lastResult(linkTo(server.url, { key: asked }), createOperation({ document: '{ a }', headers: { dpop } }))
    expect(server.requests.at(-1)?.headers.get('dpop')).toBe(dpop)
  }
  expect(asked).not.toHaveBeenCalled()
})

test('CR-2 CR-3 other origins get no proof, and nobody gets one unencrypted', async () => {
  const server = await scriptedServer((exchange) => exchange.respond(200, json, '{"data":{}}'))
  cleanUps.push(() => server.close())
  await lastResult(linkTo(server.url, { origins: ['https://api.example.com'] }), query)
  await lastResult(linkTo(server.url, { origins: [new URL(server.url).origin] }), query)
  expect(server.requests.map(({ headers }) => headers.has('dpop'))).toEqual([false, true])
  const error = await failure(lastResult(linkTo('http://api.example.com/graphql'), query))
  expect(error).toMatchObject({ code: 'INSECURE_TRANSPORT' })
  canary.check(error)
})

test('CR-7 without a key: no proof, or an error; what is none is an error; a function may fail or take too long', async () => {
  const memory = memoryLink()
  const clock = new FakeClock()
  const run = (given: unknown, options: Partial<DpopLinkOptions> = {}, signal?: AbortSignal): Promise<unknown> =>
    lastResult(
      chain(dpopLink({ key: given as never, clock, timeoutMs: 1_000, ...options }), memory),
      createOperation({ document: 'query Q { a }', signal }),
    )
  await run(async () => undefined)
  expect(memory.sent).toHaveLength(1)
  const cause = new Error('no database')
  for (const [given, expected] of [
    [() => undefined, {}],
    [() => canary.value, {}],
    [async () => ({ privateKey: canary.value }), {}],
    [() => Promise.reject(cause), { cause }],
  ] as const) {
    const error = await failure(run(given, { onMissing: 'error' }))
    expect(error).toBeInstanceOf(CredentialError)
    expect(error).toMatchObject({ link: 'dpopLink', operationName: 'Q', ...expected })
    canary.check(error)
  }
  const late = failure(run(() => new Promise(() => {})))
  await clock.advance(1_000)
  expect(await late).toBeInstanceOf(TimeoutError)
  const controller = new AbortController()
  const left = failure(run(() => new Promise(() => {}), {}, controller.signal))
  await settle()
  const reason = new Error('left')
  controller.abort(reason)
  expect(await left).toBe(reason)
  expect([memory.sent.length, clock.pending]).toEqual([1, 0])
})

test('DP-4 a uniqueId that throws, or gives no text, fails the operation, and no error shows the token', async () => {
  const { url } = await resource()
  const cause = new Error('no entropy')
  const uniqueId = (): string => {
    throw cause
  }
  const error = await failure(lastResult(linkTo(url, { uniqueId }), query))
  expect(error).toBeInstanceOf(LinkError)
  expect(error).toMatchObject({ link: 'dpopLink', cause })
  canary.check(error)
  for (const id of [undefined, '', 5, Promise.resolve('id')]) {
    const none = await failure(lastResult(linkTo(url, { uniqueId: () => id as string }), query))
    expect(none).toMatchObject({ link: 'dpopLink', cause: { message: 'no uniqueId' } })
  }
})

test.each([
  ['in Node, the handshake of a WebSocket has a proof as a GET by http', undefined],
  ['DP-2 a handshake that is refused for want of a nonce is made again with it', 'n'],
])('%s', async (_, nonce) => {
  const nonces: unknown[] = []
  const server = await scriptedSocketServer(async (socket) => {
    const { headers } = socket
    const proof = await verify({ method: 'GET', headers }, server.url.replace('ws', 'http'))
    nonces.push(proof.nonce)
    if (proof.nonce !== nonce)
      return socket.refuse(401, { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': String(nonce) })
    await socket.accept()
    await socket.messageOfType('connection_init')
    await socket.send({ type: 'connection_ack' })
    const { id } = await socket.messageOfType('subscribe')
    await socket.send({ type: 'complete', id })
  })
  const clock = new FakeClock()
  const token = bearerLink('t', { scheme: 'DPoP' })
  const link = chain(token, dpopLink({ key, clock }), wsLink({ url: server.url, handshakeHeaders: true, clock }))
  const client = createClient({ link })
  cleanUps.push(
    () => server.close(),
    () => client.dispose(),
  )
  for await (const _ of client.subscribe('subscription { n }'));
  expect(nonces).toEqual(nonce === undefined ? [undefined] : [undefined, nonce])
})

describe('dpopFetch', () => {
  const form = (fields: Record<string, string>) => ({ method: 'POST', body: new URLSearchParams(fields) })

  /** A token endpoint, as far as proofs go. */
  async function endpoint(options: { readonly nonce?: string; readonly date?: () => number } = {}) {
    const proofs: (Proof | undefined)[] = []
    const server = await scriptedServer(async (exchange) => {
      const { request } = exchange
      const proof = request.headers.has('dpop') ? await verify(request, new URL(request.url, server.url).href.replace(/\?.*/, '')) : undefined // prettier-ignore
      proofs.push(proof)
      const { nonce, date } = options
      const headers = {
        ...json,
        ...(nonce !== undefined && { 'dpop-nonce': nonce }),
        ...(date && { date: new Date(date()).toUTCString() }),
      }
      const refuse = (error: string): Promise<void> => exchange.respond(400, headers, JSON.stringify({ error }))
      if (proof && proof.nonce !== nonce) return refuse('use_dpop_nonce')
      if (proof && date && Math.abs(Number(proof.iat) * 1_000 - date()) > 5_000) return refuse('invalid_dpop_proof')
      return exchange.respond(200, headers, JSON.stringify({ text: request.text }))
    })
    cleanUps.push(() => server.close())
    return { proofs, url: server.url, server }
  }

  test('DP-2 DP-6 a request for tokens has a proof without ath, and is sent once more with the nonce', async () => {
    const { proofs, url } = await endpoint({ nonce: 'n' })
    const proving = dpopFetch({ key, clock: new FakeClock() })
    for (const kind of ['a', 'b']) {
      const response = await proving(`${url}?v=1`, form({ kind }))
      expect(await response.json()).toEqual({ text: `kind=${kind}` })
    }
    expect(proofs.map((proof) => [proof?.nonce, proof?.ath])).toEqual([
      [undefined, undefined],
      ['n', undefined],
      ['n', undefined],
    ])
  })

  test('metadata need no proof; what carries a token does, from a function too', async () => {
    const { proofs, url } = await endpoint()
    const proving = dpopFetch({ key: async () => key, clock: new FakeClock() })
    await proving(new URL(url))
    await proving(url, { headers: { authorization: 'DPoP t' } })
    expect(proofs.map((proof) => proof?.ath)).toEqual([undefined, createHash('sha256').update('t').digest('base64url')])
  })

  test('DP-5 a clock that is wrong is corrected', async () => {
    const clock = new FakeClock()
    const { proofs, url } = await endpoint({ date: () => clock.date() + 3_600_000 })
    const proving = dpopFetch({ key, clock })
    for (let round = 0; round < 2; round++) expect((await proving(url, form({}))).status).toBe(200)
    expect(proofs).toHaveLength(3)
  })

  test('another refusal comes back as it is, unread, and so does one of a stream that was read', async () => {
    const refused = new Response('{"error":"invalid_grant"}', { status: 400 })
    const fetch = jest.fn(async (_url: string, _init: RequestInit) => refused)
    const proving = dpopFetch({ key, fetch })
    const response = await proving('https://id.example.com/token', form({ refresh_token: canary.value }))
    expect(await response.json()).toEqual({ error: 'invalid_grant' })
    expect(fetch).toHaveBeenCalledTimes(1)

    fetch.mockImplementation(
      async () => new Response('{"error":"use_dpop_nonce"}', { status: 400, headers: { 'dpop-nonce': 'n' } }),
    )
    const body = new ReadableStream()
    expect((await proving('https://id.example.com/token', { method: 'POST', body })).status).toBe(400)
    expect(fetch).toHaveBeenCalledTimes(2)
  })

  test('bad options fail at once', () => {
    for (const options of [{}, { key: canary.value }, { key, fetch: 1 }]) {
      expect(() => dpopFetch(options as never)).toThrow(OptionsError)
    }
  })
})

test('K-10 bad options fail when the link is built, and show no secret', () => {
  const bad: object[] = [
    {},
    { key: canary.value },
    { key: { privateKey: canary.value } },
    { key, uniqueId: canary.value },
    { key, maxSkewMs: 0 },
    { key, origins: ['x'] },
    { key, onMissing: 'no' },
    { key, timeoutMs: 0 },
  ]
  for (const options of bad) {
    try {
      dpopLink(options as never)
      throw new Error(`this should have failed: ${Object.keys(options).join()}`)
    } catch (error) {
      expect(error).toBeInstanceOf(OptionsError)
      expect(String(error)).toContain('dpopLink')
      canary.check(error)
    }
  }
  const { name, stage } = dpopLink({ key })
  expect([name, stage]).toEqual(['dpopLink', 'credential'])
})
