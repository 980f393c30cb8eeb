import {
  bearerLink,
  chain,
  createClient,
  createOperation,
  CredentialError,
  headerLink,
  identityOf,
  lastResult,
  LinkError,
  OptionsError,
  TimeoutError,
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
  type Script,
  type ScriptedRequest,
  type ScriptedServer,
} from '@graphlinks/testing'
import { wsLink } from '@graphlinks/ws-link'
import { appSyncProtocol } from '@graphlinks/ws-link/appsync'
import { AwsV4Signer } from 'aws4fetch'
import fc from 'fast-check'
import { appSyncAuthorize } from './appSyncAuthorize.ts'
import { sigv4Link, type AwsCredentials, type Sigv4LinkOptions } from './index.ts'
import { signatureHeaders } from './signer.ts'

const canary = secretCanary()
const credentials: AwsCredentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: canary.value }
const temporary: AwsCredentials = {
  ...credentials,
  accessKeyId: 'ASIAEXAMPLE',
  sessionToken: `session/${canary.value}=`,
}
const region = 'eu-west-1'
const json = { 'content-type': 'application/json' }
const query = createOperation({ document: 'query Q($a: String) { a }', variables: { a: 'ü😀 + &' } })

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const good: Script = (exchange) => exchange.respond(200, json, '{"data":{}}')

async function serve(script: Script = good): Promise<ScriptedServer> {
  const server = await scriptedServer(script)
  cleanUps.push(() => server.close())
  return server
}

function linkTo(
  url: string,
  options: Partial<Sigv4LinkOptions> = {},
  http: Partial<HttpLinkOptions> = {},
): TerminalLink {
  return chain(
    sigv4Link({ credentials, region, service: 'execute-api', ...options }),
    httpLink({ url, ...http } as HttpLinkOptions),
  )
}

interface Received extends Pick<ScriptedRequest, 'method' | 'url'> {
  readonly headers: Headers
  readonly body: string | Uint8Array
}

/** Signs what came as aws4fetch does, which is not the library of the link. @returns the names that are signed. */
async function verify(
  { method, url, headers, body }: Received,
  { credentials: { accessKeyId, secretAccessKey } = credentials, service = 'execute-api' } = {},
): Promise<readonly string[]> {
  const authorization = String(headers.get('authorization'))
  const names = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(';') ?? []
  const host = String(headers.get('host'))
  const signer = new AwsV4Signer({
    method,
    url: new URL(url, `http://${host}`).href,
    headers: names.filter((name) => name !== 'host').map((name): [string, string] => [name, String(headers.get(name))]),
    body: body.length > 0 ? (body as BodyInit) : undefined,
    accessKeyId,
    secretAccessKey,
    service,
    region,
    datetime: String(headers.get('x-amz-date')),
    allHeaders: true,
  } as never)
  if (authorization !== (await signer.authHeader())) throw new Error('the signature is wrong')
  return names
}

const dateOf = ({ headers }: Pick<ScriptedRequest, 'headers'>): number =>
  Date.parse(String(headers.get('x-amz-date')).replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z'))

const failure = (run: Promise<unknown>): Promise<GraphLinksError> =>
  run.then(
    () => {
      throw new Error('it should have failed')
    },
    (error: unknown) => error as GraphLinksError,
  )

describe('contract of sigv4Link', () => {
  describe('with a constant', () => {
    linkContract(() => sigv4Link({ credentials, region, service: 'appsync' }))
  })
  describe('with an async function', () => {
    linkContract(() => sigv4Link({ credentials: async () => credentials, region, service: 'appsync' }))
  })
})

describe('SG-4 the vectors of the AWS Signature Version 4 test suite', () => {
  const suite = {
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' },
    region: 'us-east-1',
    service: 'service',
  }
  const date = Date.UTC(2015, 7, 30, 12, 36)
  const form = 'application/x-www-form-urlencoded'
  const sts =
    'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=='
  test.each([
    ['get-vanilla', 'GET', '/', {}, undefined, '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    [
      'get-vanilla-empty-query-key',
      'GET',
      '/?Param1=value1',
      {},
      undefined,
      'a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb',
    ],
    [
      'get-vanilla-query-order-key-case',
      'GET',
      '/?Param2=value2&Param1=value1',
      {},
      undefined,
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
    [
      'get-vanilla-query-unreserved',
      'GET',
      '/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
      {},
      undefined,
      '9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197',
    ],
    ['post-vanilla', 'POST', '/', {}, undefined, '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
    [
      'post-x-www-form-urlencoded',
      'POST',
      '/',
      { 'content-type': form },
      'Param1=value1',
      'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    ],
    [
      'post-x-www-form-urlencoded-parameters',
      'POST',
      '/',
      { 'content-type': `${form}; charset=utf8` },
      'Param1=value1',
      '1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe',
    ],
    [
      'post-sts-header-before',
      'POST',
      '/',
      { 'x-amz-security-token': sts },
      undefined,
      '85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead',
    ],
  ] as const)('SG-4 %s', async (_, method, path, headers, body, signature) => {
    const url = new URL(path, 'https://example.amazonaws.com')
    const signed = await signatureHeaders(suite, { method, url, headers, body }, date)
    expect(signed['x-amz-date']).toBe('20150830T123600Z')
    const names = ['host', 'x-amz-date', ...Object.keys(headers)].sort().join(';')
    expect(signed['authorization']).toBe(
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${names}, Signature=${signature}`,
    )
  })
})

test('SG-4 SG-1 aws4fetch makes the same signature of what arrives: POST, GET, upload, temporary credentials', async () => {
  const server = await serve()
  const url = `${server.url}/v%31?stage=a+b&z=%2F&A=1&A=0&e=`
  const upload = createOperation({
    document: 'mutation M($f: Upload) { f }',
    variables: { f: new File(['x'], 'x.txt') },
  })
  await lastResult(linkTo(url), query)
  await lastResult(linkTo(url, { credentials: temporary }), query)
  await lastResult(linkTo(url, {}, { queryMethod: 'GET' }), query)
  await lastResult(linkTo(url), upload)
  const [post, withToken, get, form] = server.requests as [ScriptedRequest, ScriptedRequest, ScriptedRequest, ScriptedRequest] // prettier-ignore
  expect(await verify(post)).toEqual(['content-type', 'host', 'x-amz-date'])
  expect(await verify(withToken, { credentials: temporary })).toContain('x-amz-security-token')
  expect(withToken.headers.get('x-amz-security-token')).toBe(temporary.sessionToken)
  expect(await verify(get)).toContain('host')
  expect(get.method).toBe('GET')
  expect(await verify(form)).toContain('content-type')
  await expect(
    verify({ ...post, method: 'POST', url: post.url, headers: post.headers, body: 'other' }),
  ).rejects.toThrow()
})

test('SG-4 aws4fetch makes the same signature of any request', async () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('GET', 'POST'),
      fc.array(text, { maxLength: 3 }),
      fc.array(
        fc.tuple(
          text.filter((name) => name !== ''),
          text,
        ),
        { maxLength: 4 },
      ),
      fc.option(text, { nil: undefined }),
      fc.integer({ min: 0, max: 4e12 }),
      async (method, segments, parameters, body, date) => {
        const url = new URL('https://abc.appsync-api.eu-west-1.amazonaws.com')
        url.pathname = segments.map(encodeURIComponent).join('/')
        for (const [name, value] of parameters) url.searchParams.append(name, value)
        const scope = { credentials: temporary, region, service: 'appsync' }
        const signed = await signatureHeaders(scope, { method, url, headers: json, body }, date)
        const headers = new Headers({ ...json, ...signed, host: url.host })
        // Theirs is no URL of http.
        await verify(
          { method, url: url.href, headers, body: body ?? '' },
          { credentials: temporary, service: 'appsync' },
        )
      },
    ),
    { numRuns: 200 },
  )
})

test('SG-1 wherever the link stands: headers of links further in count, and a bearer token gives way', async () => {
  const server = await serve()
  const link = chain(
    sigv4Link({ credentials, region, service: 'execute-api' }),
    bearerLink('t'),
    headerLink({ 'x-amz-user-agent': 'app/1', 'x-tenant': 'acme' }),
    httpLink({ url: server.url }),
  )
  await lastResult(link, query)
  const [request] = server.requests as [ScriptedRequest]
  expect(await verify(request)).toEqual(['content-type', 'host', 'x-amz-date', 'x-amz-user-agent'])
  expect(request.headers.get('x-tenant')).toBe('acme')
})

test('field notes 3.30, 4.6, SG-2: every send is signed anew, those of retries and redirects included', async () => {
  const clock = new FakeClock()
  const server = await serve(async (exchange) => {
    await clock.advance(1_000)
    const { url } = exchange.request
    return url === '/graphql' ? exchange.respond(307, { location: '/moved' }) : good(exchange)
  })
  const twice: Link = async function* twice(operation, next) {
    await lastResult(next, operation)
    yield* next(operation)
  }
  const link = sigv4Link({ credentials, region, service: 'execute-api', clock })
  await lastResult(chain(link, twice, httpLink({ url: server.url, redirects: 'same-origin' })), query)
  expect(server.requests.map(({ url }) => url)).toEqual(['/graphql', '/moved', '/graphql', '/moved'])
  for (const request of server.requests) await verify(request)
  expect(server.requests.map((request) => dateOf(request) - Date.UTC(2026))).toEqual([0, 1_000, 2_000, 3_000])
})

test('AUTH-48 credentials that are renewed: each operation has those of now, and the id of the key is who asks', async () => {
  const server = await serve()
  const given = [credentials, temporary, temporary]
  const identities: string[] = []
  const spy: Link = (operation, next) => {
    identities.push(identityOf(operation).reveal())
    return next(operation)
  }
  let count = 0
  const provider = async (): Promise<AwsCredentials> => given[count++] as AwsCredentials
  const link = chain(
    sigv4Link({ credentials: provider, region, service: 'execute-api' }),
    spy,
    httpLink({ url: server.url }),
  )
  for (const expected of given) {
    await lastResult(link, query)
    await verify(server.requests.at(-1) as ScriptedRequest, { credentials: expected })
  }
  expect(new Set(identities).size).toBe(2)
  canary.check(identities)
})

describe('SG-3 a clock that is wrong', () => {
  const hour = 3_600_000
  function strict(
    clock: FakeClock,
    aheadMs: number,
    status: number,
    reason: string | undefined,
  ): Promise<ScriptedServer> {
    return serve((exchange) => {
      const now = clock.date() + aheadMs
      const headers = { ...json, date: new Date(now).toUTCString() }
      if (Math.abs(dateOf(exchange.request) - now) < 300_000) return exchange.respond(200, headers, '{"data":{}}')
      const errors = [{ message: `Signature expired: ${exchange.request.headers.get('authorization')}` }]
      return exchange.respond(
        status,
        { ...headers, ...(reason !== undefined && { 'x-amzn-errortype': reason }) },
        JSON.stringify({ errors }),
      )
    })
  }

  test.each([
    [403, hour, 'InvalidSignatureException'],
    [403, -hour, 'RequestTimeTooSkewed'],
    [403, 300_000, 'InvalidSignatureException:http://internal.amazon.com/coral/com.amazon.coral.service/'],
    [401, 86_400_000, undefined],
  ])(
    'SG-3 %i with a Date %i ms away (%s): sent once more, and from then on right at once',
    async (status, aheadMs, reason) => {
      const clock = new FakeClock()
      const server = await strict(clock, aheadMs, status, reason)
      const link = linkTo(server.url, { clock })
      expect((await lastResult(link, query)).http?.status).toBe(200)
      expect(server.requests).toHaveLength(2)
      for (const request of server.requests) await verify(request)
      expect((await lastResult(link, query)).http?.status).toBe(200)
      expect(server.requests).toHaveLength(3)
    },
  )

  test.each([
    ['a difference of less than 5 minutes', 299_000, 403, undefined],
    ['another reason', hour, 403, 'AccessDeniedException'],
    ['another status', hour, 400, 'InvalidSignatureException'],
  ])('SG-3 %s: sent once', async (_, aheadMs, status, reason) => {
    const clock = new FakeClock()
    const server = await serve((exchange) => {
      const date = new Date(clock.date() + aheadMs).toUTCString()
      const headers = { ...json, date, ...(reason !== undefined && { 'x-amzn-errortype': reason }) }
      return exchange.respond(status, headers, `no ${exchange.request.headers.get('authorization')} ${canary.value}`)
    })
    const link = linkTo(server.url, { clock, credentials: temporary })
    const error = await failure(lastResult(link, query))
    expect(server.requests).toHaveLength(1)
    expect(error).toMatchObject({ status })
    expect(JSON.stringify(error)).not.toContain(String(server.requests[0]?.headers.get('authorization')))
  })

  test('SG-3 AWS that refuses all the same is asked twice, not for ever, and no error shows a secret', async () => {
    const clock = new FakeClock()
    let ahead = 0
    const server = await serve((exchange) => {
      const date = new Date(clock.date() + (ahead += hour)).toUTCString()
      const token = exchange.request.headers.get('x-amz-security-token')
      return exchange.respond(403, { ...json, date }, `{"message": "no ${token}"}`)
    })
    await canary.watch(async () => {
      const error = await failure(lastResult(linkTo(server.url, { clock, credentials: temporary }), query))
      expect(error).toMatchObject({ status: 403 })
      canary.check(error)
    })
    expect(server.requests).toHaveLength(2)
  })
})

test('K-1 an authorization header of the call wins, and no credentials are asked for; null sends none', async () => {
  const server = await serve()
  const asked = jest.fn(() => credentials)
  for (const authorization of ['mine', null]) {
    const given = createOperation({ document: '{ a }', headers: { authorization } })
    await lastResult(linkTo(server.url, { credentials: asked }), given)
    expect(server.requests.at(-1)?.headers.get('authorization')).toBe(authorization)
    expect(server.requests.at(-1)?.headers.has('x-amz-date')).toBe(false)
  }
  expect(asked).not.toHaveBeenCalled()
})

test('CR-2 CR-3 other origins get no signature, and nobody gets one unencrypted', async () => {
  const server = await serve()
  await lastResult(linkTo(server.url, { origins: ['https://api.example.com'] }), query)
  await lastResult(linkTo(server.url, { origins: [new URL(server.url).origin] }), query)
  expect(server.requests.map(({ headers }) => headers.has('authorization'))).toEqual([false, true])
  const error = await failure(lastResult(linkTo('http://api.example.com/graphql'), query))
  expect(error).toMatchObject({ code: 'INSECURE_TRANSPORT', link: 'sigv4Link' })
  canary.check(error)
})

test('CR-7 without credentials: unsigned, or an error; what is none is an error', async () => {
  const server = await serve()
  await lastResult(linkTo(server.url, { credentials: async () => undefined }), query)
  expect(server.requests[0]?.headers.has('authorization')).toBe(false)
  for (const [given, onMissing] of [
    [undefined, 'error'],
    [{ ...credentials, secretAccessKey: undefined }, 'omit'],
    [{ ...credentials, sessionToken: '' }, 'omit'],
    [canary.value, 'omit'],
  ] as const) {
    const error = await failure(lastResult(linkTo(server.url, { credentials: () => given as never, onMissing }), query))
    expect(error).toBeInstanceOf(CredentialError)
    expect(error).toMatchObject({ link: 'sigv4Link', operationName: 'Q' })
    canary.check(error)
  }
  expect(server.requests).toHaveLength(1)
})

test('CR-7 a function that fails, or takes too long, fails its operation; one that is left sends nothing', async () => {
  const memory = memoryLink()
  const clock = new FakeClock()
  const run = (given: () => Promise<AwsCredentials>, signal?: AbortSignal): Promise<GraphLinksError> => {
    const link = sigv4Link({ credentials: given, region, service: 'appsync', clock, timeoutMs: 1_000 })
    return failure(lastResult(chain(link, memory), createOperation({ document: '{ a }', signal })))
  }
  const cause = new Error('no role')
  expect(await run(() => Promise.reject(cause))).toMatchObject({ code: CredentialError.code, cause })
  const late = run(() => new Promise(() => {}))
  await clock.advance(1_000)
  expect(await late).toBeInstanceOf(TimeoutError)
  const controller = new AbortController()
  const left = run(() => new Promise(() => {}), controller.signal)
  await settle()
  const reason = new Error('left')
  controller.abort(reason)
  expect(await left).toBe(reason)
  expect([memory.sent.length, clock.pending]).toEqual([0, 0])
})

test('where @smithy/signature-v4 is not installed, the error says what to do', async () => {
  await jest.isolateModulesAsync(async () => {
    jest.doMock('@smithy/signature-v4', () => {
      throw Object.assign(new Error(`Cannot find module ${canary.value}`), { code: 'MODULE_NOT_FOUND' })
    })
    const { sigv4Link: isolated } = await import('./index.ts')
    const server = await serve()
    const link = chain(isolated({ credentials, region, service: 'appsync' }), httpLink({ url: server.url }))
    const error = await failure(lastResult(link, query))
    expect(error).toMatchObject({ code: LinkError.code, link: 'sigv4Link' })
    expect(error.message).toContain('npm i @smithy/signature-v4')
    canary.check(error)
    jest.dontMock('@smithy/signature-v4')
  })
})

test('in Node, the handshake of a WebSocket is signed as a GET by http', async () => {
  const signed: (readonly string[])[] = []
  const server = await scriptedSocketServer(async (socket) => {
    const { url, headers } = socket
    signed.push(await verify({ method: 'GET', url, headers, body: '' }))
    await socket.accept()
    await socket.messageOfType('connection_init')
    await socket.send({ type: 'connection_ack' })
    const { id } = await socket.messageOfType('subscribe')
    await socket.send({ type: 'complete', id })
  })
  const link = sigv4Link({ credentials, region, service: 'execute-api' })
  const client = createClient({ link: chain(link, wsLink({ url: server.url })) })
  cleanUps.push(
    () => server.close(),
    () => client.dispose(),
  )
  for await (const _ of client.subscribe('subscription { n }'));
  expect(signed).toEqual([['host', 'x-amz-date']])
})

describe('SG-5 appSyncAuthorize', () => {
  const host = 'abc.appsync-api.eu-west-1.amazonaws.com'

  /** As AppSync checks a connection, or a subscription. */
  async function check(path: string, authorization: Readonly<Record<string, string>>, body: string): Promise<void> {
    const headers = new Headers(authorization)
    const names = await verify(
      { method: 'POST', url: path, headers, body },
      { credentials: temporary, service: 'appsync' },
    )
    expect(names).toEqual(['accept', 'content-encoding', 'content-type', 'host', 'x-amz-date', 'x-amz-security-token'])
  }

  test('SG-5 the connection is signed as {} on /connect, each subscription by its data, and again after a loss', async () => {
    const checked: Promise<void>[] = []
    const names = new Set<string>()
    const connections: string[] = []
    const server = await scriptedSocketServer(async (socket) => {
      const header = (socket.offered[1] ?? '').replace(/^header-/, '')
      connections.push(header)
      const authorization = JSON.parse(Buffer.from(header, 'base64url').toString()) as Record<string, string>
      checked.push(check('/graphql/connect', authorization, '{}'))
      await socket.accept()
      await socket.messageOfType('connection_init')
      await socket.send({ type: 'connection_ack', payload: { connectionTimeoutMs: 300_000 } })
      const { id, payload } = await socket.messageOfType('start')
      const { data, extensions } = payload as {
        readonly data: string
        readonly extensions: { readonly authorization: Record<string, string> }
      }
      for (const name of Object.keys(extensions.authorization)) names.add(name)
      checked.push(check('/graphql', extensions.authorization, data))
      await socket.send({ id, type: 'start_ack' })
      await socket.send({ id, type: 'data', payload: { data: { n: connections.length } } })
      if (connections.length === 1) socket.close(1012)
    })
    cleanUps.push(() => server.close())
    const clock = new FakeClock()
    const asked = jest.fn(async () => {
      await clock.advance(1_000)
      return temporary
    })
    const protocol = appSyncProtocol({ authorize: appSyncAuthorize({ credentials: asked, region, clock }), host })
    const client = createClient({ link: wsLink({ url: server.url, protocol, random: () => 0, retryDelayMs: 1 }) })
    cleanUps.push(() => client.dispose())
    const events: unknown[] = []
    for await (const { data } of client.subscribe('subscription { n }')) {
      events.push(data)
      if (events.length === 2) break
    }
    expect(events).toEqual([{ n: 1 }, { n: 2 }])
    await Promise.all(checked)
    expect(checked).toHaveLength(4)
    expect(new Set(connections).size).toBe(2)
    expect(asked).toHaveBeenCalledTimes(4)
    expect([...names]).toEqual(expect.arrayContaining(['host', 'Authorization', 'x-amz-date', 'X-Amz-Security-Token']))
  })

  test("SG-5 other headers of links stay, a token that is not IAM's gives way", async () => {
    const authorize = appSyncAuthorize({ credentials, region, clock: new FakeClock() })
    const headers = { host, Authorization: 'Bearer t', 'x-tenant': 'acme' }
    const authorized = await authorize({ url: `https://${host}/graphql/connect`, body: '{}', headers })
    expect(authorized).toMatchObject({ host, 'x-tenant': 'acme', 'x-amz-date': '20260101T000000Z' })
    expect(authorized['Authorization']).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/20260101\/eu-west-1\/appsync\//,
    )
  })

  test('SG-5 without credentials nothing is signed, and nobody is told a secret', async () => {
    const authorize = appSyncAuthorize({ credentials: () => ({ accessKeyId: canary.value }) as never, region })
    const error = await failure(authorize({ url: `https://${host}/graphql`, body: '{}', headers: { host } }))
    expect(error).toBeInstanceOf(CredentialError)
    canary.check(error)
    for (const options of [
      {},
      { credentials, region: '' },
      { credentials: { accessKeyId: 'a' }, region },
      { region },
    ]) {
      expect(() => appSyncAuthorize(options as never)).toThrow(OptionsError)
    }
  })
})

test('K-10 bad options fail when the link is built, and show no secret', () => {
  const rest = { credentials, region, service: 'appsync' }
  const bad: object[] = [
    {},
    { ...rest, credentials: undefined },
    { ...rest, credentials: canary.value },
    { ...rest, credentials: { accessKeyId: 'a', secretAccessKey: '' } },
    { ...rest, credentials: { ...credentials, sessionToken: 5 } },
    { ...rest, region: undefined },
    { ...rest, region: '' },
    { ...rest, service: '' },
    { ...rest, origins: ['x'] },
    { ...rest, onMissing: 'no' },
    { ...rest, timeoutMs: 0 },
  ]
  for (const options of bad) {
    try {
      sigv4Link(options as never)
      throw new Error(`this should have failed: ${Object.keys(options).join()}`)
    } catch (error) {
      expect(error).toBeInstanceOf(OptionsError)
      expect(String(error)).toContain('sigv4Link')
      canary.check(error)
    }
  }
  const { name, stage } = sigv4Link({ credentials, region, service: 'appsync' })
  expect([name, stage]).toEqual(['sigv4Link', 'credential'])
})
