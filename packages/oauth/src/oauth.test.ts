import {
  AuthExpiredError,
  AuthRefreshError,
  createTokenSource,
  CredentialError,
  InsecureTransportError,
  OptionsError,
  RefreshRejectedError,
} from '@graphlinks/core'
import { FakeClock, secretCanary, settle } from '@graphlinks/testing'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  MissingPackageError,
  OAuthError,
  oauthClientCredentials,
  oauthDeviceCode,
  oauthJwtBearer,
  oauthRefresh,
  oauthTokenExchange,
  type OAuthClientAuth,
  type OAuthOptions,
} from './index.ts'

interface Asked {
  readonly path: string
  readonly authorization: string | undefined
  readonly form: URLSearchParams
}

type Answer = (response: ServerResponse, asked: Asked) => void

const cleanUps: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const canary = secretCanary()
const accessToken = 'access-1'

/** A server that gives one answer after the other, and the last one for ever. */
async function startServer(...answers: Answer[]) {
  const asked: Asked[] = []
  const waiting: (() => void)[] = []
  const server = createServer((request: IncomingMessage, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      const { url = '', headers } = request
      const one = { path: url, authorization: headers.authorization, form: new URLSearchParams(body) }
      asked.push(one)
      for (const wake of waiting.splice(0)) wake()
      const answer = answers.length > 1 ? answers.shift() : answers[0]
      answer?.(response, one)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  cleanUps.push(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  const origin = `http://127.0.0.1:${port}`
  return {
    origin,
    tokenEndpoint: `${origin}/token`,
    asked,
    next: () => new Promise<void>((resolve) => waiting.push(resolve)),
  }
}

function json(body: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return (response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

const tokens = json({ access_token: accessToken, token_type: 'Bearer', expires_in: 300 })
const refusal = (error: string, status = 400, headers?: Record<string, string>): Answer =>
  json({ error, error_description: `no: ${canary.value}` }, status, headers)
const overloaded: Answer = (response) =>
  response.writeHead(503, { 'content-type': 'text/html', 'retry-after': '120' }).end(`<p>${canary.value}</p>`)
const hangUp: Answer = (response) => response.socket?.destroy()
const breakOff: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' })
  response.write('{"access_token":"', () => response.socket?.destroy())
}

const { signal } = new AbortController()

function refresh(options: Partial<OAuthOptions>, refreshToken: string | undefined = 'refresh-1') {
  return oauthRefresh({ clientId: 'app', ...options } as OAuthOptions)({ refreshToken, signal })
}

function sorted(form: URLSearchParams): URLSearchParams {
  form.sort()
  return form
}

function textOf({ body }: RequestInit): string {
  return (body as URLSearchParams).toString()
}

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => {
      throw new Error('it should have failed')
    },
    (thrown: Error) => thrown,
  )
  canary.check(error)
  return error
}

/** A JWT with this payload, signed by nobody. */
function jwt(payload: object): string {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
  return `${encode({ alg: 'none' })}.${encode(payload)}.`
}

describe('the request', () => {
  test('OA-1 a refresh: the grant, the client, the token and what else is asked for', async () => {
    const { tokenEndpoint, asked } = await startServer(tokens)
    const options = { scope: ['read', 'write'], resource: ['https://a.example', 'https://b.example'] }
    await refresh({ tokenEndpoint, ...options, parameters: { audience: 'orders' } })
    expect(asked).toHaveLength(1)
    const [{ path, authorization, form }] = asked as [Asked]
    expect({ path, authorization, form: [...sorted(form)] }).toEqual({
      path: '/token',
      authorization: undefined,
      form: [
        ['audience', 'orders'],
        ['client_id', 'app'],
        ['grant_type', 'refresh_token'],
        ['refresh_token', 'refresh-1'],
        ['resource', 'https://a.example'],
        ['resource', 'https://b.example'],
        ['scope', 'read write'],
      ],
    })
  })

  test('OA-1 client credentials', async () => {
    const { tokenEndpoint, asked } = await startServer(tokens)
    const fetchToken = oauthClientCredentials({ tokenEndpoint, clientId: 'job', clientAuth: { secret: 's3cret' }, scope: 'read' }) // prettier-ignore
    expect(await fetchToken({ signal })).toMatchObject({ accessToken, expiresInSeconds: 300 })
    expect(asked[0]?.authorization).toBe(`Basic ${btoa('job:s3cret')}`)
    expect(Object.fromEntries(asked[0]?.form ?? [])).toEqual({ grant_type: 'client_credentials', scope: 'read' })
  })

  test('OA-1 token exchange: the token of now for one that another service takes', async () => {
    const { tokenEndpoint, asked } = await startServer(
      json({ access_token: accessToken, issued_token_type: 'urn:ietf:params:oauth:token-type:access_token', token_type: 'Bearer', expires_in: 60 }), // prettier-ignore
    )
    let count = 0
    const fetchToken = oauthTokenExchange({
      tokenEndpoint,
      clientId: 'gateway',
      clientAuth: { secret: 's3cret' },
      subjectToken: async () => `user-${++count}`,
      parameters: { audience: 'orders' },
    })
    expect(await fetchToken({ signal })).toMatchObject({ accessToken, expiresInSeconds: 60 })
    await fetchToken({ signal })
    expect(asked.map(({ form }) => form.get('subject_token'))).toEqual(['user-1', 'user-2'])
    expect(asked[0]?.authorization).toBe(`Basic ${btoa('gateway:s3cret')}`)
    expect(Object.fromEntries(asked[0]?.form ?? [])).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 'user-1',
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      audience: 'orders',
    })
    const subjectTokenType = 'urn:ietf:params:oauth:token-type:id_token'
    await oauthTokenExchange({ tokenEndpoint, clientId: 'app', subjectToken: 'id', subjectTokenType })({ signal })
    expect(asked[2]?.form.get('subject_token_type')).toBe(subjectTokenType)
    const bad = { tokenEndpoint, clientId: 'app', subjectToken: 'id', subjectTokenType: '' }
    expect(() => oauthTokenExchange(bad)).toThrow(OptionsError)
  })

  test('OA-1 a signed JWT for tokens, made for each request', async () => {
    const { tokenEndpoint, asked } = await startServer(tokens)
    let count = 0
    const fetchToken = oauthJwtBearer({ tokenEndpoint, clientId: 'job', assertion: () => jwt({ sub: ++count }) })
    const session = createTokenSource({ fetchToken })
    cleanUps.push(() => session.dispose())
    expect(await session.accessToken()).toBe(accessToken)
    await fetchToken({ signal })
    expect(asked.map(({ form }) => Object.fromEntries(form))).toEqual(
      [1, 2].map((sub) => ({
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        client_id: 'job',
        assertion: jwt({ sub }),
      })),
    )
  })

  test.each([
    ['oauthTokenExchange', 'subject_token', (given: never) => oauthTokenExchange({ tokenEndpoint: 'https://id.example.com', clientId: 'a', subjectToken: given })], // prettier-ignore
    ['oauthJwtBearer', 'assertion', (given: never) => oauthJwtBearer({ tokenEndpoint: 'https://id.example.com', clientId: 'a', assertion: given })], // prettier-ignore
  ] as const)('OA-1 %s: what it presents must be there, and is in no error', async (link, name, make) => {
    for (const bad of [undefined, null, '', 5]) {
      expect(() => make(bad as never)).toThrow(OptionsError)
      expect(() => make(bad as never)).toThrow(link)
      if (bad === '' || bad === 5) continue
      const error = await failureOf(make((async () => bad) as never)({ signal }))
      expect(error).toMatchObject({ code: 'CREDENTIAL', link, message: `${link}: ${name} gave no string` })
    }
    const broken = make((() => Promise.reject(new Error('locked'))) as never)
    expect(await failureOf(broken({ signal }))).toMatchObject({ code: 'OAUTH', cause: { message: 'locked' } })
    const { tokenEndpoint } = await startServer((response, { form }) =>
      json({ error: 'invalid_request', error_description: `what is ${form.get(name)}?` }, 400)(response, {} as never),
    )
    const options = { tokenEndpoint, clientId: 'a', subjectToken: canary.value, assertion: canary.value }
    const ask = link === 'oauthJwtBearer' ? oauthJwtBearer(options) : oauthTokenExchange(options)
    expect(await failureOf(ask({ signal }))).toMatchObject({ error: 'invalid_request', status: 400 })
  })

  test('OA-2 Basic has the id and the secret as forms spell them', async () => {
    const { tokenEndpoint, asked } = await startServer(tokens)
    await refresh({ tokenEndpoint, clientId: 'https://app.example', clientAuth: { secret: 'a:b%c dü+' } })
    const [, encoded = ''] = (asked[0]?.authorization ?? '').split(' ')
    // RFC 6749 section 2.3.1 and appendix B.
    expect(atob(encoded)).toBe('https%3A%2F%2Fapp%2Eexample:a%3Ab%25c+d%C3%BC%2B')
    expect(asked[0]?.form.has('client_secret')).toBe(false)
  })

  test('a secret in the body, and one that is asked for anew each time', async () => {
    const { tokenEndpoint, asked } = await startServer(tokens)
    let count = 0
    const clientAuth: OAuthClientAuth = { method: 'post', secret: async () => `s3cret ü ${++count}` }
    const renew = oauthRefresh({ tokenEndpoint, clientId: 'app', clientAuth })
    await renew({ refreshToken: 'refresh-1', signal })
    await renew({ refreshToken: 'refresh-2', signal })
    expect(asked.map(({ form }) => form.get('client_secret'))).toEqual(['s3cret ü 1', 's3cret ü 2'])
    expect(asked.map(({ authorization }) => authorization)).toEqual([undefined, undefined])
    const without = { tokenEndpoint, clientAuth: { secret: () => '' } }
    expect(await failureOf(refresh(without))).toBeInstanceOf(CredentialError)
    expect(asked).toHaveLength(2)
  })

  test('a key signs an assertion that is meant for the issuer', async () => {
    const { tokenEndpoint, asked } = await startServer(tokens)
    const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
    const clientAuth = { key: pair.privateKey, keyId: 'key-1' }
    await refresh({ tokenEndpoint, issuer: 'https://id.example.com', clientAuth })
    const { form } = asked[0] as Asked
    expect(form.get('client_assertion_type')).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    const [head = '', payload = '', signature = ''] = (form.get('client_assertion') ?? '').split('.')
    const bytes = Buffer.from(signature, 'base64url')
    const algorithm = { name: 'ECDSA', hash: 'SHA-256' }
    expect(await crypto.subtle.verify(algorithm, pair.publicKey, bytes, Buffer.from(`${head}.${payload}`))).toBe(true)
    const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString())
    expect(read(head)).toMatchObject({ alg: 'ES256', kid: 'key-1' })
    expect(read(payload)).toMatchObject({ iss: 'app', sub: 'app', aud: 'https://id.example.com/' })
  })

  test('TR-33 the request outlives its page, follows no redirect, and has the signal', async () => {
    const inits: RequestInit[] = []
    const fetch = async (_url: string, init: RequestInit): Promise<Response> => {
      inits.push(init)
      return Response.json({ access_token: accessToken, token_type: 'bearer' })
    }
    await refresh({ tokenEndpoint: 'https://id.example.com/token', fetch })
    expect(inits).toMatchObject([{ method: 'POST', keepalive: true, redirect: 'manual' }])
    expect(inits[0]?.signal).toBe(signal)
  })

  test('a redirect is a refusal, and what it points to gets nothing', async () => {
    const elsewhere = await startServer(tokens)
    const { tokenEndpoint } = await startServer((response) =>
      response.writeHead(307, { location: elsewhere.tokenEndpoint }).end(),
    )
    expect(await failureOf(refresh({ tokenEndpoint }))).toMatchObject({ status: 307 })
    expect(elsewhere.asked).toEqual([])
  })

  test('without a refresh token nothing is asked, and the session is over', async () => {
    const { tokenEndpoint, asked } = await startServer(tokens)
    for (const refreshToken of [undefined, '']) {
      const renew = oauthRefresh({ clientId: 'app', tokenEndpoint })
      expect(await failureOf(renew({ refreshToken, signal }))).toBeInstanceOf(RefreshRejectedError)
    }
    expect(asked).toEqual([])
  })
})

describe('the answer', () => {
  test('all that a token source can use', async () => {
    const date = 'Tue, 24 Nov 2026 04:00:00 GMT'
    const idToken = jwt({ sub: 'ädä', exp: 1, iss: 'https://elsewhere.example', aud: 'other' })
    const body = { access_token: accessToken, token_type: 'Bearer', expires_in: '300', refresh_token: 'refresh-2' }
    const { tokenEndpoint } = await startServer(json({ ...body, id_token: idToken }, 200, { date }))
    expect(await refresh({ tokenEndpoint })).toEqual({
      accessToken,
      refreshToken: 'refresh-2',
      expiresInSeconds: '300',
      subject: 'ädä',
      date,
    })
  })

  test.each([
    ['null', { refresh_token: null, expires_in: null, id_token: null, scope: null }],
    ['something else', { refresh_token: 7, expires_in: 'soon', id_token: 'opaque' }],
    ['empty', { refresh_token: '', expires_in: '', id_token: '' }],
    ['no object', { id_token: `${btoa('{}')}.${btoa('7')}.` }],
  ])('what can be done without does not cost the new token: %s', async (_, rest) => {
    const { tokenEndpoint } = await startServer(json({ access_token: accessToken, token_type: 'Bearer', ...rest }))
    expect(await refresh({ tokenEndpoint })).toMatchObject({ accessToken, refreshToken: undefined, subject: undefined })
  })

  test.each([
    ['no access_token', { token_type: 'Bearer', refresh_token: canary.value }],
    ['no token_type', { access_token: canary.value }],
    ['another token_type', { access_token: canary.value, token_type: 'mac' }],
  ])('200 and no token response, %s: an error without tokens', async (_, body) => {
    const { tokenEndpoint } = await startServer(json(body))
    const error = await failureOf(refresh({ tokenEndpoint }))
    expect(error).toMatchObject({ code: 'OAUTH', status: 200, error: undefined })
  })

  test.each([
    ['HTML', `<p>${canary.value}</p>`],
    ['cut off', `{"access_token":"${canary.value}`],
    ['a list', `["${canary.value}"]`],
    ['null', 'null'],
    ['empty', ''],
  ])('200 and no JSON object, %s: an error that does not quote it', async (_, body) => {
    const { tokenEndpoint } = await startServer((response) => response.end(body))
    const error = await failureOf(refresh({ tokenEndpoint }))
    expect(error).toMatchObject({ code: 'OAUTH', status: 200 })
    expect(error.message).toBe('oauthRefresh: the token endpoint answered 200 with a body that is no JSON object')
  })
})

describe('failures', () => {
  test('an error has what the server said, and none of the secrets', async () => {
    const clientAuth = { secret: `${canary.value}:ü` }
    const echo: Answer = (response, { form, authorization }) =>
      refusalOf(`${form.get('refresh_token')} ${form.get('assertion')} ${authorization}`)(response, { form, authorization, path: '' }) // prettier-ignore
    const refusalOf = (said: string): Answer => json({ error: 'invalid_grant', error_description: `bad: ${said}` }, 400)
    const { tokenEndpoint } = await startServer(echo)
    const parameters = { assertion: `${canary.value}2` }
    const error = await failureOf(refresh({ tokenEndpoint, clientAuth, parameters }, `${canary.value}3`))
    expect(error).toMatchObject({ name: 'OAuthError', error: 'invalid_grant', status: 400, retryAfter: null })
    expect(error.message).toMatch(/^oauthRefresh: the token endpoint answered 400 invalid_grant: bad: \[redacted\]/)
  })

  test('an error of fetch that quotes the request has none of the secrets', async () => {
    const fetch = async (_: string, init: RequestInit): Promise<Response> => {
      throw new TypeError(`failed: ${textOf(init)} ${JSON.stringify(init.headers)}`, { cause: new Error(textOf(init)) }) // prettier-ignore
    }
    for (const method of ['basic', 'post'] as const) {
      const options = {
        tokenEndpoint: 'https://id.example.com/',
        fetch,
        clientAuth: { secret: `${canary.value}:`, method },
      }
      expect(await failureOf(refresh(options, `${canary.value}2`))).toMatchObject({ code: 'OAUTH', status: undefined })
    }
    const secret = (): string => {
      throw new Error(`vault: ${canary.value} is locked`)
    }
    const error = await failureOf(
      refresh({ tokenEndpoint: 'https://id.example.com/', clientAuth: { secret } }, canary.value),
    )
    expect(error).toMatchObject({ code: 'OAUTH', cause: { message: 'vault: [redacted] is locked' } })
  })

  test('a signal that aborts gives its own reason, before and while it is asked', async () => {
    const { tokenEndpoint, next, asked } = await startServer(() => {})
    const renew = oauthRefresh({ clientId: 'app', tokenEndpoint })
    const controller = new AbortController()
    const reason = new Error('enough')
    const asking = renew({ refreshToken: 'refresh-1', signal: controller.signal })
    await next()
    controller.abort(reason)
    expect(await failureOf(asking)).toBe(reason)
    expect(await failureOf(renew({ refreshToken: 'refresh-1', signal: controller.signal }))).toBe(reason)
    expect(asked).toHaveLength(1)
  })

  /** What a token source makes of it: how often the server is asked, and what a caller gets when the token is over. */
  async function sessionOf(options: Partial<OAuthOptions>) {
    const clock = new FakeClock()
    const ended = jest.fn()
    const session = createTokenSource({
      refresh: oauthRefresh({ clientId: 'app', ...options } as OAuthOptions),
      initial: { accessToken: 'old', refreshToken: canary.value, expiresInSeconds: 300 },
      clock,
      random: () => 0,
      onSessionEnded: ended,
    })
    cleanUps.push(() => session.dispose())
    await clock.advance(301_000)
    // A source that was told invalid_grant looks a second later whether another one was faster.
    const asking = failureOf(session.accessToken())
    let isOver = false
    void asking.then(() => (isOver = true))
    while (!isOver) await (clock.pending > 1 ? clock.advance(1_000) : settle())
    return { session, clock, ended, error: await asking }
  }

  test('OA-4 invalid_grant ends the session', async () => {
    const { tokenEndpoint, asked } = await startServer(refusal('invalid_grant'))
    const { error, ended } = await sessionOf({ tokenEndpoint })
    expect(AuthExpiredError.is(error)).toBe(true)
    expect(ended).toHaveBeenCalledTimes(1)
    expect(asked).toHaveLength(1)
  })

  test.each([
    ['invalid_client', refusal('invalid_client', 401, { 'www-authenticate': 'Basic realm="id"' }), 'invalid_client'],
    ['invalid_scope', refusal('invalid_scope'), 'invalid_scope'],
    ['429', refusal('invalid_grant', 429, { 'retry-after': '120' }), undefined],
    ['429 without JSON', ((response) => response.writeHead(429, { 'retry-after': '120' }).end()) as Answer, undefined],
    ['503 with HTML', overloaded, undefined],
    ['500 with JSON', refusal('invalid_grant', 500), undefined],
    ['200 with an error, as from GitHub', refusal('bad_refresh_token', 200), undefined],
    ['a word that only this server knows', refusal('on_holiday'), undefined],
    ['200 with HTML', ((response) => response.end('<p>Welcome to the hotel</p>')) as Answer, undefined],
  ])('OA-4 the session goes on: %s', async (name, answer, oauthError) => {
    const { tokenEndpoint, asked } = await startServer(answer, tokens)
    const { error, ended, session, clock } = await sessionOf({ tokenEndpoint })
    if (!AuthRefreshError.is(error)) throw error
    expect(error.message.includes('the authorization server answers')).toBe(oauthError !== undefined)
    if (oauthError) expect(error.message).toContain(oauthError)
    const retryAfterMs = /429|503/.test(name) ? 120_000 : 1_000
    expect(error.retryAfterMs).toBe(retryAfterMs)
    expect(ended).not.toHaveBeenCalled()
    expect(asked).toHaveLength(1)
    await clock.advance(retryAfterMs + 1)
    expect(await session.accessToken()).toBe(accessToken)
    expect(asked.map(({ form }) => form.get('refresh_token'))).toEqual([canary.value, canary.value])
  })

  test.each([
    ['before it began', hangUp],
    ['in the middle', breakOff],
  ])('TR-33 an answer that broke off %s is asked for once more', async (_, answer) => {
    const { tokenEndpoint, asked } = await startServer(answer)
    const { error, ended } = await sessionOf({ tokenEndpoint })
    expect(AuthRefreshError.is(error)).toBe(true)
    expect(error).toMatchObject({ cause: { name: 'OAuthError' } })
    expect(ended).not.toHaveBeenCalled()
    expect(asked).toHaveLength(2)
  })

  test.each([
    ['before it began', () => Promise.reject(new TypeError('Failed to fetch'))],
    ['in the middle', async () => new Response(new ReadableStream({ pull: (stream) => stream.error(new TypeError('network error')) }))], // prettier-ignore
  ])('TR-33 a browser says TypeError, and no more, where an answer broke off %s', async (_, answer) => {
    const fetch = jest.fn(answer)
    const { error } = await sessionOf({ tokenEndpoint: 'https://id.example.com/token', fetch })
    expect(AuthRefreshError.is(error)).toBe(true)
    expect(fetch).toHaveBeenCalledTimes(2)
  })

  test('nobody listens: it is not asked twice', async () => {
    const { tokenEndpoint } = await startServer(tokens)
    for (const cleanUp of cleanUps.splice(0)) await cleanUp()
    const fetch = jest.fn(globalThis.fetch)
    const { error } = await sessionOf({ tokenEndpoint, fetch: fetch as never })
    expect(error).toMatchObject({ code: 'AUTH_REFRESH', cause: { cause: { cause: { code: 'ECONNREFUSED' } } } })
    expect(fetch).toHaveBeenCalledTimes(1)
  })
})

describe('discovery', () => {
  const found = (response: ServerResponse, { path }: Asked, origin: string, more: object = {}): void => {
    if (path === '/token') tokens(response, {} as Asked)
    else json({ issuer: origin, token_endpoint: `${origin}/token`, ...more })(response, {} as Asked)
  }

  async function startIssuer(more?: object) {
    const answer: Answer = (response, asked) => found(response, asked, server.origin, more)
    const server = await startServer(answer)
    return server
  }

  test('the token endpoint of an issuer is looked up once, also for many at once', async () => {
    const { origin, asked } = await startIssuer()
    const renew = oauthRefresh({ clientId: 'app', issuer: origin })
    const many = await Promise.all([1, 2, 3].map(() => renew({ refreshToken: 'refresh-1', signal })))
    expect(many.map((given) => given.accessToken)).toEqual([accessToken, accessToken, accessToken])
    await renew({ refreshToken: 'refresh-1', signal })
    expect(asked.map(({ path }) => path)).toEqual(['/.well-known/openid-configuration', ...Array(4).fill('/token')])
  })

  test('of an issuer with a path, in both places where metadata may be', async () => {
    const { origin, asked } = await startServer(
      (response, { path }) =>
      path === '/token' ? tokens(response, {} as Asked) : json({ issuer: `${origin}/acme`, token_endpoint: `${origin}/token` })(response, {} as Asked), // prettier-ignore
    )
    for (const discovery of ['oidc', 'oauth2'] as const) await refresh({ issuer: `${origin}/acme`, discovery })
    expect(asked.map(({ path }) => path).filter((path) => path !== '/token')).toEqual([
      '/acme/.well-known/openid-configuration',
      '/.well-known/oauth-authorization-server/acme',
    ])
  })

  test('one that failed is tried again by the next refresh', async () => {
    const answers: Answer[] = [overloaded, hangUp, (response) => response.end('<p>no</p>')]
    const { origin, asked } = await startServer(...answers, (response, one) => found(response, one, origin))
    const renew = oauthRefresh({ clientId: 'app', issuer: origin })
    const ask = () => renew({ refreshToken: canary.value, signal })
    expect(await failureOf(ask())).toMatchObject({ code: 'OAUTH', status: 503, retryAfter: '120' })
    expect(await failureOf(ask())).toMatchObject({ code: 'OAUTH', status: undefined })
    expect(await failureOf(ask())).toMatchObject({ code: 'OAUTH', status: 200 })
    expect(await ask()).toMatchObject({ accessToken })
    expect(asked.filter(({ path }) => path === '/token')).toHaveLength(1)
  })

  test('one caller who leaves does not take it from the others, and the last one ends it', async () => {
    let release = (): void => {}
    const closed: Promise<unknown>[] = []
    const { origin, asked, next } = await startServer((response, one) => {
      if (one.path === '/token' || asked.length > 2) return found(response, one, origin)
      closed.push(once(response, 'close'))
      release = () => found(response, one, origin)
    })
    const renew = oauthRefresh({ clientId: 'app', issuer: origin })
    const controllers = [0, 1, 2].map(() => new AbortController()) as [
      AbortController,
      AbortController,
      AbortController,
    ]
    const begin = (controller: AbortController) => renew({ refreshToken: 'refresh-1', signal: controller.signal })
    // Nobody is left: the request ends, and the next one makes a new one.
    const alone = begin(controllers[0])
    await next()
    controllers[0].abort()
    expect(await failureOf(alone)).toBe(controllers[0].signal.reason)
    await closed[0]
    const [first, second] = [begin(controllers[1]), begin(controllers[2])]
    await next()
    controllers[1].abort()
    expect(await failureOf(first)).toBe(controllers[1].signal.reason)
    const third = renew({ refreshToken: 'refresh-1', signal })
    await settle()
    release()
    expect(await Promise.all([second, third])).toMatchObject([{ accessToken }, { accessToken }])
    expect(asked.map(({ path }) => path)).toEqual([
      '/.well-known/openid-configuration',
      '/.well-known/openid-configuration',
      '/token',
      '/token',
    ])
  })

  test('OA-3 the metadata of another issuer, and an endpoint that is not https or no URL, get nothing', async () => {
    for (const [more, ErrorClass] of [
      [{ issuer: 'https://other.example' }, OAuthError],
      [{ token_endpoint: 'http://id.example.com/token' }, InsecureTransportError],
      [{ token_endpoint: undefined }, OptionsError],
      [{ token_endpoint: 'javascript:alert(1)' }, OptionsError],
    ] as const) {
      const { origin, asked } = await startIssuer(more)
      expect(await failureOf(refresh({ issuer: origin }, canary.value))).toBeInstanceOf(ErrorClass)
      expect(asked).toHaveLength(1)
    }
  })
})

describe('options', () => {
  const valid = { tokenEndpoint: 'https://id.example.com/token', clientId: 'app' }
  const build = (options: object) => () => oauthRefresh({ ...valid, ...options } as OAuthOptions)

  test.each<[string, object]>([
    ['clientId', { clientId: '' }],
    ['clientId', { clientId: 7 }],
    ['issuer', { tokenEndpoint: undefined }],
    ['issuer', { issuer: 'id.example.com' }],
    ['tokenEndpoint', { tokenEndpoint: 'ftp://id.example.com/' }],
    ['tokenEndpoint', { tokenEndpoint: `https://app:${canary.value}@id.example.com/token` }],
    ['clientAuth', { clientAuth: 'basic' }],
    ['clientAuth', { clientAuth: null }],
    ['clientAuth', { clientAuth: {} }],
    ['clientAuth', { clientAuth: { secret: canary.value, key: {} } }],
    ['clientAuth.secret', { clientAuth: { secret: '' } }],
    ['clientAuth.method', { clientAuth: { secret: canary.value, method: 'jwt' } }],
    ['clientAuth.key', { clientAuth: { key: { type: 'public', usages: [] } } }],
    ['issuer', { clientAuth: { key: { type: 'private', usages: ['sign'] } } }],
    ['scope', { scope: [7] }],
    ['resource', { resource: 'orders' }],
    ['resource', { resource: 'https://api.example.com/#a' }],
    ['parameters', { parameters: { audience: 7 } }],
    ['parameters', { parameters: null }],
    ['parameters', { parameters: { grant_type: 'password' } }],
    ['parameters', { parameters: { client_secret: canary.value } }],
    ['discovery', { discovery: 'saml' }],
    ['allowInsecure', { allowInsecure: 'yes' }],
    ['fetch', { fetch: 'node-fetch' }],
  ])('OptionsError names %s', async (name, options) => {
    const error = await failureOf((async () => build(options)())())
    expect(error).toBeInstanceOf(OptionsError)
    expect(error.message).toContain(name)
  })

  test('OA-3 http to another machine is refused when it is built; this machine and allowInsecure pass', () => {
    for (const name of ['tokenEndpoint', 'issuer']) {
      expect(build({ [name]: 'http://id.example.com' })).toThrow(InsecureTransportError)
      expect(build({ [name]: 'http://id.example.com' })).toThrow(name)
      expect(build({ [name]: 'http://id.example.com', allowInsecure: true })).not.toThrow()
      for (const host of ['localhost:3000', '127.0.0.1', '[::1]:80', 'https://id.example.com'.slice(8)]) {
        const scheme = host === 'id.example.com' ? 'https' : 'http'
        expect(build({ [name]: new URL(`${scheme}://${host}/token`) })).not.toThrow()
      }
    }
  })

  test('OA-5 a secret is refused in a browser, and a public client is not', () => {
    for (const name of ['document', 'importScripts']) {
      const globals = globalThis as Record<string, unknown>
      globals[name] = {}
      try {
        expect(build({ clientAuth: { secret: 's3cret' } })).toThrow(OptionsError)
        expect(build({ clientAuth: { secret: () => 's3cret' } })).toThrow('browser')
        expect(build({})).not.toThrow()
      } finally {
        delete globals[name]
      }
    }
  })

  test('options are the own ones', () => {
    const prototype = Object.prototype as unknown as Record<string, unknown>
    prototype['allowInsecure'] = true
    try {
      expect(build({ tokenEndpoint: 'http://id.example.com' })).toThrow(InsecureTransportError)
    } finally {
      delete prototype['allowInsecure']
    }
  })
})

describe('device code', () => {
  const code = {
    device_code: canary.value,
    user_code: 'WDJB-MJHT',
    verification_uri: 'https://id.example.com/device',
    expires_in: 600,
  }
  const pending = refusal('authorization_pending')

  /** Begins a sign-in, and gives how long it waits before each question, in milliseconds. */
  async function begin(answers: Answer[], given: object = {}, controller = new AbortController()) {
    const clock = new FakeClock()
    const { origin, asked } = await startServer(json({ ...code, ...given }), ...answers)
    const shown: unknown[] = []
    const signIn = oauthDeviceCode({
      tokenEndpoint: `${origin}/token`,
      deviceEndpoint: `${origin}/device`,
      clientId: 'tv',
      scope: 'openid',
      resource: 'https://api.example.com/',
      onCode: (one) => void shown.push(one),
      clock,
    })
    const ended = { is: false }
    const result = signIn({ signal: controller.signal }).finally(() => (ended.is = true))
    result.catch(() => {})
    const waits: number[] = []
    const run = async (): Promise<void> => {
      for (;;) {
        while (!ended.is && clock.pending === 0) await settle()
        if (ended.is) return
        waits.push(clock.delays[0] as number)
        await clock.advance(clock.delays[0] as number)
      }
    }
    return { clock, asked, shown, result, waits, run }
  }

  test('OA-1 shows a code, and asks every 5 s until somebody has signed in; slow_down adds 5 s', async () => {
    const { result, asked, shown, waits, run } = await begin([
      pending,
      refusal('slow_down'),
      refusal('authorization_pending', 200), // as from GitHub
      tokens,
    ])
    await run()
    expect(await result).toMatchObject({ accessToken, expiresInSeconds: 300 })
    expect(waits).toEqual([5_000, 5_000, 10_000, 10_000])
    expect(shown).toEqual([
      {
        userCode: 'WDJB-MJHT',
        verificationUri: 'https://id.example.com/device',
        verificationUriComplete: undefined,
        expiresInSeconds: 600,
      },
    ])
    const resource = 'https://api.example.com/'
    const question = { client_id: 'tv', device_code: canary.value, grant_type: 'urn:ietf:params:oauth:grant-type:device_code', resource } // prettier-ignore
    expect(asked.map(({ path, form }) => ({ path, ...Object.fromEntries(form) }))).toEqual([
      { path: '/device', client_id: 'tv', scope: 'openid', resource },
      ...Array(4).fill({ path: '/token', ...question }),
    ])
  })

  test('OA-1 the interval of the server; what goes wrong on the way is asked again, less often', async () => {
    const later: Answer = (response) => response.writeHead(503, { 'retry-after': '30' }).end()
    const { result, waits, run } = await begin([hangUp, later, pending, tokens], { interval: 2 })
    await run()
    expect(await result).toMatchObject({ accessToken })
    expect(waits).toEqual([2_000, 4_000, 30_000, 30_000])
  })

  test('OA-1 nobody types the code in: it ends with the code, also in a long pause', async () => {
    const { result, waits, run, asked } = await begin([pending, overloaded], { expires_in: 12 })
    await run()
    expect(await failureOf(result)).toMatchObject({ code: 'OAUTH', error: 'expired_token' })
    expect(waits).toEqual([5_000, 5_000, 2_000])
    expect(asked).toHaveLength(3)
  })

  test.each(['access_denied', 'expired_token', 'invalid_client'])('OA-1 %s ends it', async (error) => {
    const { result, run, asked } = await begin([refusal(error), tokens])
    await run()
    expect(await failureOf(result)).toMatchObject({ code: 'OAUTH', error })
    expect(asked).toHaveLength(2)
  })

  test('a signal that aborts ends the waiting, with its own reason and without a timer', async () => {
    const controller = new AbortController()
    const { result, clock, asked } = await begin([tokens], {}, controller)
    while (clock.pending === 0) await settle()
    controller.abort(new Error('enough'))
    expect(await failureOf(result)).toBe(controller.signal.reason)
    expect(clock.pending).toBe(0)
    expect(asked).toHaveLength(1)
  })

  test('a signal that aborts while the code is shown ends that as well', async () => {
    const { origin, asked } = await startServer(json(code), tokens)
    const controller = new AbortController()
    const onCode = (): Promise<void> => {
      queueMicrotask(() => controller.abort(new Error('enough')))
      return new Promise(() => {})
    }
    const server = { tokenEndpoint: `${origin}/token`, deviceEndpoint: `${origin}/device`, clientId: 'tv' }
    const result = oauthDeviceCode({ ...server, onCode })({ signal: controller.signal })
    expect(await failureOf(result)).toBe(controller.signal.reason)
    expect(asked).toHaveLength(1)
  })

  test('the endpoint of the metadata, and none', async () => {
    const { origin } = await startServer((response, { path }) => {
      const metadata = {
        issuer: origin,
        token_endpoint: `${origin}/token`,
        device_authorization_endpoint: `${origin}/device`,
      }
      json(path === '/device' ? code : metadata)(response, {} as Asked)
    })
    const shown = new Error('shown')
    const onCode = (): never => {
      throw shown
    }
    expect(await failureOf(oauthDeviceCode({ issuer: origin, clientId: 'tv', onCode })())).toBe(shown)
    const other = await startServer((response) =>
      json({ issuer: other.origin, token_endpoint: other.tokenEndpoint })(response, {} as Asked),
    )
    const error = await failureOf(oauthDeviceCode({ issuer: other.origin, clientId: 'tv', onCode })())
    expect(error.message).toContain('have no device_authorization_endpoint')
    expect(other.asked).toHaveLength(1)
  })

  test('options are checked when it is built', () => {
    const onCode = (): void => {}
    const tokenEndpoint = 'https://id.example.com/token'
    expect(() => oauthDeviceCode({ tokenEndpoint, clientId: 'tv', onCode })).toThrow('deviceEndpoint')
    expect(() => oauthDeviceCode({ issuer: 'https://id.example.com', clientId: 'tv' } as never)).toThrow('onCode')
    const deviceEndpoint = 'http://id.example.com/device'
    expect(() => oauthDeviceCode({ tokenEndpoint, deviceEndpoint, clientId: 'tv', onCode })).toThrow(
      InsecureTransportError,
    )
  })
})

describe('with another oauth4webapi', () => {
  afterEach(() => {
    jest.dontMock('oauth4webapi')
    jest.resetModules()
  })

  /** Asks for tokens with a fresh copy of the package. */
  async function refreshWith(library: () => object) {
    jest.resetModules()
    jest.doMock('oauth4webapi', library)
    const { tokenEndpoint, asked } = await startServer(json({ access_token: canary.value, token_type: 'Bearer' }))
    const alone = await import('./index.ts')
    const renew = alone.oauthRefresh({ clientId: 'app', tokenEndpoint })
    return { error: await failureOf(renew({ refreshToken: 'refresh-1', signal })), asked }
  }

  test('none at all: the error has the command that installs it', async () => {
    const { error, asked } = await refreshWith(() => {
      throw Object.assign(new Error("Cannot find module 'oauth4webapi'"), { code: 'MODULE_NOT_FOUND' })
    })
    expect(MissingPackageError.is(error)).toBe(true)
    expect(error.message).toContain('npm i oauth4webapi')
    expect(asked).toEqual([])
  })

  test('one that quotes an answer it does not like: no token is in the error', async () => {
    const { error } = await refreshWith(() => ({
      ...jest.requireActual<object>('oauth4webapi'),
      processGenericTokenEndpointResponse: async (_: unknown, client: unknown, response: Response) => {
        throw new Error(`${JSON.stringify(client)} cannot use ${await response.text()}`)
      },
    }))
    expect(error).toMatchObject({
      code: 'OAUTH',
      status: 200,
      cause: { message: expect.stringMatching(/cannot use .*\[redacted\]/) },
    })
  })
})
