import { FakeClock, linkContract, memoryLink, secretCanary, settle } from '@graphlinks/testing'
import {
  AuthRefreshError,
  chain,
  cookieLink,
  createClient,
  createOperation,
  CredentialError,
  emptyContext,
  exchangesOf,
  execute,
  failed,
  GraphLinksError,
  headerLink,
  identityOf,
  lastResult,
  OptionsError,
  renderFields,
  replay,
  single,
  type CookieJar,
  type CookieLinkOptions,
  type Operation,
  type OperationInit,
  type OutgoingRequest,
  type Result,
  type TerminalLink,
} from '../index.ts'

const query = (init: Partial<OperationInit> = {}): Operation => createOperation({ document: 'query Q { a }', ...init })

/** Which files are not there at the next attempt to load them, as a network has it. */
const mockMissing = new Set<string>()

function mockFile(name: string, file: object): object {
  // A module that is thenable is loaded when that says so.
  // oxlint-disable-next-line unicorn/no-thenable
  return Object.defineProperty({ __esModule: true, ...file }, 'then', {
    get() {
      if (mockMissing.delete(name)) throw new Error(`404 ${name}`)
    },
  })
}

jest.mock('./jarCookies.ts', () => mockFile('jarCookies.js', jest.requireActual('./jarCookies.ts')))
jest.mock('./cookieLogin.ts', () => mockFile('cookieLogin.js', jest.requireActual('./cookieLogin.ts')))

/** A jar that keeps names and values, whatever the URL, and says what it was asked. */
class PlainJar implements CookieJar {
  readonly cookies = new Map<string, string>()
  readonly urls: string[] = []

  constructor(cookies: Readonly<Record<string, string>> = {}) {
    for (const [name, value] of Object.entries(cookies)) this.cookies.set(name, value)
  }

  async getCookieString(url: string): Promise<string> {
    this.urls.push(url)
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  async setCookie(cookie: string, url: string): Promise<void> {
    this.urls.push(url)
    await Promise.resolve()
    const [name = '', value = ''] = (cookie.split(';')[0] ?? '').split('=')
    if (name === 'refused') throw new Error('no such cookie here')
    this.cookies.set(name, value)
  }
}

interface Exchanged {
  readonly headers: Readonly<Record<string, string>>
  readonly credentials: RequestCredentials | undefined
}

/** Sends one operation to a terminal link that does what an exchange wants, and says what came of it. */
async function exchanged(
  options: CookieLinkOptions,
  {
    operation = query(),
    url = 'https://api.example.com/graphql?key=k',
    method = 'POST',
    answer = { status: 200, headers: new Headers() as { get(name: string): string | null } },
  } = {},
): Promise<Exchanged> {
  let outcome: Exchanged = { headers: {}, credentials: undefined }
  const terminal: TerminalLink = async (given) => {
    const request: OutgoingRequest = { method, url: new URL(url), headers: headersOf(given, url), body: '' }
    for (const exchange of exchangesOf(given)) {
      const change = await exchange.request?.(request, given)
      const headers = (change?.headers ?? Object.fromEntries(request.headers)) as Record<string, string>
      outcome = { headers, credentials: exchange.credentialsMode?.(request.url) }
      await exchange.response?.(answer as never, request, given)
    }
    return single({ data: {} })
  }
  await lastResult(chain(cookieLink(options), terminal), operation)
  return outcome
}

function headersOf(operation: Operation, url: string): ReadonlyMap<string, string> {
  const { headers } = renderFields(operation, { endpoint: new URL(url), link: 'test', allowInsecure: true })
  return new Map([...headers].filter((header): header is [string, string] => header[1] !== null))
}

/** What the code believes to be a page, for one test. */
function pretendPage(page: {
  readonly cookie?: string
  readonly meta?: { readonly name: string; readonly content: string }
  readonly origin?: string
}): void {
  const globals = {
    document: {
      cookie: page.cookie ?? '',
      querySelector: (selector: string) => {
        const tag = page.meta && `meta[name=${JSON.stringify(page.meta.name)}]`
        return selector === tag ? page.meta : null
      },
    },
    location: { origin: page.origin ?? 'https://api.example.com' },
  }
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true })
    cleanUps.push(() => Reflect.deleteProperty(globalThis, name))
  }
}

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

async function errorOf(run: () => unknown): Promise<GraphLinksError> {
  try {
    await run()
  } catch (error) {
    return error as GraphLinksError
  }
  throw new Error('it should have failed')
}

describe('the contract', () => {
  // Empty, because a cookie header of the call and a jar are merged: AUTH-34 has that.
  linkContract(() => cookieLink({ jar: new PlainJar() }))
  describe('with a jar for each operation', () => {
    linkContract(() => cookieLink({ jar: async () => new PlainJar() }))
  })
  describe('that can sign in again', () => {
    linkContract(() => cookieLink({ jar: new PlainJar(), onUnauthenticated: () => {} }))
  })
})

describe('options', () => {
  test('CK-1 without a jar outside a browser it fails when it is built, and names the package', async () => {
    const error = await errorOf(() => cookieLink())
    expect(error).toBeInstanceOf(OptionsError)
    expect(error.message).toBe(
      'cookieLink: nothing keeps cookies here: npm install @graphlinks/cookie-jar, and give it { jar: memoryCookieJar() }',
    )
    expect(() => cookieLink({ jar: {} as CookieJar })).toThrow('nothing keeps cookies here')
    expect(() => cookieLink({ jar: 'platform' })).not.toThrow()
    process.env['NODE_ENV'] = 'production'
    cleanUps.push(() => (process.env['NODE_ENV'] = 'test'))
    expect(() => cookieLink()).toThrow('@graphlinks/cookie-jar')
  })

  test('CK-14 in a browser no jar is needed, and one that is given is not used', async () => {
    pretendPage({})
    const jar = new PlainJar({ sid: '1' })
    expect(await exchanged({ jar })).toEqual({ headers: {}, credentials: 'same-origin' })
    expect(jar.urls).toEqual([])
    expect(() => cookieLink()).not.toThrow()
  })

  test('bad ones are refused when the link is built', () => {
    const jar = new PlainJar()
    const bad: [unknown, RegExp][] = [
      [{ jar, onUnauthenticated: 'login' }, /onUnauthenticated is a function/],
      [{ jar, isUnauthenticated: true }, /isUnauthenticated is a function/],
      [{ jar: () => jar, onUnauthenticated: () => {} }, /goes with one jar/],
      [{ jar, csrf: 'flask' }, /csrf is one of django, laravel, rails, or/],
      [{ jar, csrf: '__proto__' }, /csrf is one of/],
      [{ jar, csrf: { header: 'x-csrf' } }, /csrf: the token cannot be read/],
      [{ jar, csrf: 'rails' }, /there is no page; give \{ header, token \}/],
      [{ jar, csrf: { header: 'x csrf', cookie: 'c' } }, /^cookieLink: a header name/],
      [{ jar, origins: ['api.example.com'] }, /origin/],
      [{ jar, timeoutMs: 0 }, /timeoutMs/],
    ]
    for (const [options, message] of bad) expect(() => cookieLink(options as CookieLinkOptions)).toThrow(message)
  })
})

describe('a jar', () => {
  test('AUTH-34, CK-10 its cookies and those of a cookie header are one header; the header wins, by name', async () => {
    const jar = new PlainJar({ sid: 'jar', theme: 'dark', A: '1' })
    const operation = query({ headers: { Cookie: 'sid=mine; a=2' } })
    const { headers } = await exchanged({ jar }, { operation })
    expect(headers).toEqual({ cookie: 'theme=dark; A=1; sid=mine; a=2' })
    expect((await exchanged({ jar })).headers).toEqual({ cookie: 'sid=jar; theme=dark; A=1' })
    const odd = query({ headers: { cookie: 'flag ; theme = light' } })
    expect((await exchanged({ jar }, { operation: odd })).headers['cookie']).toBe('sid=jar; A=1; flag; theme = light')
    const set = memoryLink()
    await lastResult(chain(headerLink({ cookie: 'sid=link' }), cookieLink({ jar }), set), query())
    expect(set.sent[0]?.headers['cookie']).toBe('theme=dark; A=1; sid=link')
  })

  test('AUTH-6 null for the cookie header sends none, and keeps none', async () => {
    const jar = new PlainJar({ sid: '1' })
    const memory = memoryLink()
    await lastResult(chain(cookieLink({ jar }), memory), query({ headers: { cookie: null } }))
    expect(memory.sent[0]?.headers).toEqual({})
    expect(exchangesOf(memory.sent[0]?.operation as Operation)).toEqual([])
    expect(jar.urls).toEqual([])
  })

  test('AUTH-6 null for the cookie header, where the platform keeps cookies: none of those, and somebody else', async () => {
    const operation = query({ headers: { cookie: null } })
    const options: CookieLinkOptions = { jar: 'platform', csrf: { header: 'x-t', token: () => 't' } }
    expect(await exchanged(options, { operation })).toEqual({ headers: {}, credentials: 'omit' })
    const memory = memoryLink()
    for (const each of [query(), operation]) await lastResult(chain(cookieLink(options), memory), each)
    const [somebody, nobody] = memory.sent.map((sent) => identityOf(sent.operation).reveal())
    expect(nobody).not.toBe(somebody)
  })

  test('CK-2 every Set-Cookie is kept as it came, dates with commas included, in order', async () => {
    const headers = new Headers()
    headers.append('set-cookie', 'a=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT')
    headers.append('set-cookie', 'refused=1')
    headers.append('set-cookie', 'a=2')
    const jar = new PlainJar()
    for (const status of [200, 401, 500]) await exchanged({ jar }, { answer: { status, headers } })
    expect([...jar.cookies]).toEqual([['a', '2']])
  })

  test('CK-11 the response that came last wins, however many cookies the one before sets and however slow the jar is', async () => {
    const jar = new PlainJar()
    const waiting: (() => void)[] = []
    jar.setCookie = async (cookie) => {
      await new Promise<void>((resolve) => waiting.push(resolve))
      const [name = '', value = ''] = cookie.split('=')
      jar.cookies.set(name, value)
    }
    const answer = (...cookies: string[]) => ({
      status: 200,
      headers: new Headers(cookies.map((cookie) => ['set-cookie', cookie])),
    })
    const both = [exchanged({ jar }, { answer: answer('a=1', 'b=1', 'sid=old') })]
    await settle()
    both.push(exchanged({ jar }, { answer: answer('sid=new') }))
    let isOver = false
    void Promise.all(both).then(() => (isOver = true))
    while (!isOver) {
      await settle()
      waiting.shift()?.()
    }
    expect(Object.fromEntries(jar.cookies)).toEqual({ a: '1', b: '1', sid: 'new' })
  })

  test('CK-2 node-fetch has them in raw(); a fetch that only joins them is an error, and one without cookies is none', async () => {
    const jar = new PlainJar()
    const raw = Object.assign(new Map([['set-cookie', 'a=1, b=2']]), { raw: () => ({ 'set-cookie': ['a=1', 'b=2'] }) })
    await exchanged({ jar }, { answer: { status: 200, headers: raw as never } })
    expect([...jar.cookies]).toEqual([
      ['a', '1'],
      ['b', '2'],
    ])
    const joined = { get: (name: string) => (name === 'set-cookie' ? 'a=3, b=4' : null) }
    const error = await errorOf(() => exchanged({ jar }, { answer: { status: 200, headers: joined } }))
    expect((error.cause as Error).message).toMatch(/no headers.getSetCookie/)
    await exchanged({ jar }, { answer: { status: 200, headers: { get: () => null } } })
    expect([...jar.cookies]).toEqual([
      ['a', '1'],
      ['b', '2'],
    ])
  })

  test('CK-12 it is asked for http where a socket is opened by ws, and never sees the query', async () => {
    const jar = new PlainJar({ sid: '1' })
    await exchanged({ jar }, { url: 'wss://api.example.com/graphql?key=k' })
    await exchanged({ jar }, { url: 'ws://127.0.0.1:4000/graphql' })
    expect(jar.urls).toEqual(['https://api.example.com/graphql', 'http://127.0.0.1:4000/graphql'])
  })

  test('CR-2 origins bound where cookies go, and whose are kept', async () => {
    const jar = new PlainJar({ sid: '1' })
    const headers = new Headers([['set-cookie', 'evil=1']])
    const options: CookieLinkOptions = {
      jar,
      origins: ['https://api.example.com'],
      csrf: { header: 'x-csrf', cookie: 'sid' },
    }
    const elsewhere = await exchanged(options, { url: 'https://other.example.com/', answer: { status: 200, headers } })
    expect(elsewhere.headers).toEqual({})
    expect(jar.urls).toEqual([])
    expect((await exchanged(options)).headers).toMatchObject({ cookie: 'sid=1', 'x-csrf': '1' })
  })

  test('a cookie that no header can hold keeps no other from being sent', async () => {
    const jar = new PlainJar({ good: '1', snow: '☃', cr: 'a\r\nx-evil: 1' })
    expect((await exchanged({ jar })).headers).toEqual({ cookie: 'good=1' })
  })

  test('one that fails in words of graphlinks fails the operation; what it refuses is nobody’s error', async () => {
    class JarError extends GraphLinksError {
      static override readonly code: string = 'COOKIE_JAR'
    }
    const jar = new PlainJar()
    jar.setCookie = async () => {
      throw new JarError('the file is gone')
    }
    const headers = new Headers([['set-cookie', 'a=1']])
    expect((await errorOf(() => exchanged({ jar }, { answer: { status: 200, headers } }))).message).toMatch('the file')
    jar.getCookieString = async () => Promise.reject(new Error('boom'))
    expect((await errorOf(() => exchanged({ jar }))).cause).toEqual(new Error('boom'))
  })

  test('CK-9 one for each operation: each has an identity of its own, the same at each time', async () => {
    const jars = { ada: new PlainJar({ sid: 'ada' }), bob: new PlainJar({ sid: 'bob' }) }
    const link = cookieLink({ jar: async (operation) => jars[operation.variables?.['user'] as 'ada'] })
    const memory = memoryLink()
    const run = (user: string) => lastResult(chain(link, memory), query({ variables: { user } }))
    await Promise.all(['ada', 'bob', 'ada'].map(run))
    expect(memory.sent.map(({ headers }) => headers['cookie'])).toEqual(['sid=ada', 'sid=bob', 'sid=ada'])
    const [first, second, third] = memory.sent.map(({ operation }) => identityOf(operation).reveal())
    expect(first).toBe(third)
    expect(first).not.toBe(second)
    const failing = cookieLink({ jar: () => Promise.reject(new Error('no session')) })
    expect(await errorOf(() => lastResult(chain(failing, memory), query()))).toBeInstanceOf(CredentialError)
  })

  test('cookies that the platform keeps say nothing of who asks; errors of either kind name the link', async () => {
    const memory = memoryLink()
    for (const jar of ['platform', new PlainJar()] as const)
      await lastResult(chain(cookieLink({ jar }), memory), query())
    const [platform, own] = memory.sent.map(({ operation }) => operation) as [Operation, Operation]
    expect(identityOf(platform).reveal()).toBe(identityOf(query()).reveal())
    expect(identityOf(own).reveal()).not.toBe(identityOf(query()).reveal())
    for (const operation of [platform, own]) expect(exchangesOf(operation)[0]?.link).toBe('cookieLink')
  })

  test('one that a function should give and does not is an error that names it', async () => {
    const error = await errorOf(() =>
      lastResult(chain(cookieLink({ jar: () => Promise.reject(new Error('no session')) }), memoryLink()), query()),
    )
    expect(error).toMatchObject({
      code: 'CREDENTIAL',
      link: 'cookieLink',
      message: expect.stringContaining('jar') as string,
    })
  })

  test.each([undefined, null, 'platform', {}, { getCookieString: async () => '' }])(
    'one that a function gives and that is none is an error that says so: %j',
    async (jar) => {
      for (const given of [jar, Promise.resolve(jar)]) {
        const error = await errorOf(() =>
          lastResult(chain(cookieLink({ jar: () => given as never }), memoryLink()), query()),
        )
        expect(error).toMatchObject({ code: 'CREDENTIAL', link: 'cookieLink', operationName: 'Q' })
        expect(error.message).toContain('gave no jar')
      }
    },
  )

  test('two links with two jars are two identities', async () => {
    const identities = await Promise.all(
      [new PlainJar(), new PlainJar()].map(async (jar) => {
        const memory = memoryLink()
        await lastResult(chain(cookieLink({ jar }), memory), query())
        return identityOf(memory.sent[0]?.operation as Operation).reveal()
      }),
    )
    expect(identities[0]).not.toBe(identities[1])
  })
})

describe('CSRF', () => {
  test.each([
    ['django', 'csrftoken=t0k', 'x-csrftoken', 't0k'],
    ['laravel', 'XSRF-TOKEN=eyJ%3D%3D', 'x-xsrf-token', 'eyJ=='],
    [{ header: 'X-Mine', cookie: 'mine' }, 'mine=a=b', 'x-mine', 'a=b'],
    [{ header: 'x-mine', cookie: 'mine' }, 'mine=%zz', 'x-mine', '%zz'],
  ] as const)('CK-15 %j copies its cookie into its header, decoded', async (csrf, cookie, header, token) => {
    const [name, value] = [cookie.slice(0, cookie.indexOf('=')), cookie.slice(cookie.indexOf('=') + 1)]
    const jar = new PlainJar({ [`x${name}`]: 'wrong', [name]: value, [`${name}x`]: 'wrong' })
    expect((await exchanged({ jar, csrf })).headers).toMatchObject({ [header]: token })
    // In a page, too.
    pretendPage({ cookie: `x${name}=wrong; ${cookie}; ${name}x=wrong` })
    expect(await exchanged({ csrf })).toEqual({ headers: { [header]: token }, credentials: 'same-origin' })
  })

  test('CSRF of Django and Rails over https: a jar says where a request comes from, unless somebody else did', async () => {
    const jar = new PlainJar({ csrftoken: 't' })
    const { headers } = await exchanged({ jar, csrf: 'django' })
    expect(headers).toMatchObject({ origin: 'https://api.example.com', 'x-csrftoken': 't' })
    const operation = query({ headers: { origin: 'https://app.example.com' } })
    expect((await exchanged({ jar, csrf: 'django' }, { operation })).headers).not.toHaveProperty('origin')
    expect((await exchanged({ jar })).headers).not.toHaveProperty('origin')
  })

  test('CK-15 rails reads the page, and a function is asked, for each request', async () => {
    let count = 0
    const jar = new PlainJar()
    const token = async (operation: Operation) => `${operation.operationName}${++count}`
    const link: CookieLinkOptions = { jar, csrf: { header: 'x-csrf-token', token } }
    expect((await exchanged(link)).headers).toMatchObject({ 'x-csrf-token': 'Q1' })
    expect((await exchanged(link)).headers).toMatchObject({ 'x-csrf-token': 'Q2' })
    expect((await exchanged({ jar, csrf: { header: 'x', token: () => undefined } })).headers).not.toHaveProperty('x')
    pretendPage({ meta: { name: 'csrf-token', content: 'meta-token' } })
    expect((await exchanged({ csrf: 'rails' })).headers).toEqual({ 'x-csrf-token': 'meta-token' })
    expect((await exchanged({ csrf: { header: 'x-t', meta: 'other"]' } })).headers).toEqual({})
    pretendPage({ meta: { name: 'other"]', content: 'other-token' } })
    expect((await exchanged({ csrf: { header: 'x-t', meta: 'other"]' } })).headers).toEqual({ 'x-t': 'other-token' })
  })

  test('CK-15, threats 20 another origin gets no token, however it is allowed to have the cookies', async () => {
    pretendPage({ cookie: 'csrftoken=t', origin: 'https://app.example.com' })
    const options: CookieLinkOptions = { csrf: 'django', origins: ['https://api.example.com'] }
    expect(await exchanged(options)).toEqual({ headers: {}, credentials: 'include' })
    for (const url of [
      'https://app.example.com.evil.test/',
      'http://app.example.com/',
      'https://app.example.com:8443/',
    ]) {
      expect(await exchanged(options, { url })).toEqual({ headers: {}, credentials: 'same-origin' })
    }
    expect((await exchanged(options, { url: 'https://app.example.com/graphql' })).headers).toEqual({
      'x-csrftoken': 't',
    })
    expect(
      (await exchanged({ csrf: { header: 'x-t', token: () => 'secret' }, origins: ['https://api.example.com'] }))
        .headers,
    ).toEqual({})
  })

  test('CK-17 a name is a name and no pattern', async () => {
    const jar = new PlainJar({ csrftoken: 'wrong', 'c.r*token': 'right', '(.*)': 'right' })
    for (const cookie of ['c.r*token', '(.*)']) {
      expect((await exchanged({ jar, csrf: { header: 'x-t', cookie } })).headers).toMatchObject({ 'x-t': 'right' })
    }
    expect((await exchanged({ jar, csrf: { header: 'x-t', cookie: 'csrf.oken' } })).headers).not.toHaveProperty('x-t')
  })

  test('no token goes with a GET, none is sent where there is none, and a worker is told that it cannot read one', async () => {
    const jar = new PlainJar({ csrftoken: 't' })
    expect((await exchanged({ jar, csrf: 'django' }, { method: 'GET' })).headers).toEqual({ cookie: 'csrftoken=t' })
    expect((await exchanged({ jar: new PlainJar(), csrf: 'django' })).headers).not.toHaveProperty('x-csrftoken')
    Object.defineProperty(globalThis, 'importScripts', { value: () => {}, configurable: true })
    cleanUps.push(() => Reflect.deleteProperty(globalThis, 'importScripts'))
    expect(() => cookieLink({ csrf: 'django' })).toThrow('the token cannot be read from here')
  })

  test('CK-16 requirePreflight sends what makes browsers ask first, with a GET as well', async () => {
    const wanted = { 'graphql-require-preflight': '1', 'apollo-require-preflight': '1' }
    const jar = new PlainJar()
    expect((await exchanged({ jar, requirePreflight: true }, { method: 'GET' })).headers).toEqual(wanted)
    pretendPage({ origin: 'https://app.example.com' })
    expect((await exchanged({ requirePreflight: true })).headers).toEqual(wanted)
  })

  test('in a page the token is a header of the operation: the call wins, null removes it, and identities outlive it', async () => {
    let count = 0
    pretendPage({})
    const link = cookieLink({ csrf: { header: 'x-t', token: () => `t${++count}` } })
    const memory = memoryLink()
    const send = (init: Partial<OperationInit> = {}) => lastResult(chain(link, memory), query(init))
    await send()
    await send()
    await send({ headers: { 'x-t': 'mine' } })
    await send({ headers: { 'x-t': null } })
    const headers = memory.sent.map(({ operation }) => headersOf(operation, 'https://api.example.com/'))
    expect(headers.map((each) => each.get('x-t'))).toEqual(['t1', 't2', 'mine', undefined])
    const [first, second, mine] = memory.sent.map(({ operation }) => identityOf(operation).reveal())
    expect(second).toBe(first)
    expect(mine).not.toBe(first)
  })

  test('AUTH-7 with a jar, too: what the call says of the token, the origin and the preflight headers wins', async () => {
    const jar = new PlainJar({ csrftoken: 't' })
    const options: CookieLinkOptions = { jar, csrf: 'django', requirePreflight: true }
    const send = async (value: string | null) => {
      const names = ['x-csrftoken', 'origin', 'graphql-require-preflight', 'apollo-require-preflight']
      const operation = query({ headers: Object.fromEntries(names.map((name) => [name, value])) })
      return (await exchanged(options, { operation })).headers
    }
    expect(await send('mine')).toEqual({ cookie: 'csrftoken=t' })
    expect(await send(null)).toEqual({ cookie: 'csrftoken=t' })
  })

  test('a token that cannot be sent, and one that cannot be had, fail the operation and are not shown', async () => {
    const canary = secretCanary()
    pretendPage({})
    const fail = (token: () => string | Promise<string>) =>
      canary.watch(() => errorOf(() => exchanged({ csrf: { header: 'x-t', token } })))
    expect(await fail(() => `${canary.value}\n`)).toMatchObject({ code: 'BAD_HEADER', link: 'cookieLink' })
    const error = await fail(() => Promise.reject(new Error('no token')))
    expect(error).toMatchObject({ code: 'CREDENTIAL', link: 'cookieLink' })
    expect(error.message).toContain('the function that gives the csrf token failed')
  })

  test('where the platform keeps cookies and there are no pages, a token that is given is sent', async () => {
    const csrf = { header: 'x-t', token: () => 't' }
    expect(await exchanged({ jar: 'platform', csrf })).toEqual({ headers: { 'x-t': 't' }, credentials: 'same-origin' })
    // One in a cookie cannot be seen from here.
    expect(await exchanged({ jar: 'platform', csrf: 'django' })).toEqual({ headers: {}, credentials: 'same-origin' })
  })
})

describe('AUTH-37 signing in again', () => {
  const unauthenticated: Result = { errors: [{ message: 'who are you?', extensions: { code: 'UNAUTHENTICATED' } }] }

  /** A server with sessions: an operation is answered where the jar has a session that is alive. */
  function server() {
    const jar = new PlainJar()
    let alive = 0
    let logins = 0
    const memory = memoryLink(async () =>
      jar.cookies.get('sid') === String(alive) ? { data: { alive } } : unauthenticated,
    )
    return {
      jar,
      memory,
      expire: () => void alive++,
      logins: () => logins,
      login: async () => {
        await settle()
        logins++
        jar.cookies.set('sid', String(alive))
      },
    }
  }

  test('AUTH-25 one sign-in for all that were refused, each of which is sent again once', async () => {
    const { jar, memory, expire, logins, login } = server()
    const client = createClient({ link: chain(cookieLink({ jar, onUnauthenticated: login }), memory) })
    expire()
    const results = await Promise.all(Array.from({ length: 50 }, () => client.query('{ a }')))
    expect(new Set(results.map(({ data }) => JSON.stringify(data)))).toEqual(new Set(['{"alive":1}']))
    expect(logins()).toBe(1)
    expect(memory.sent).toHaveLength(100)
    expire()
    expect((await client.query('{ a }')).data).toEqual({ alive: 2 })
    expect(logins()).toBe(2)
    await client.dispose()
  })

  test('TR-6 a mutation that may have run is not sent again', async () => {
    const { jar, logins, login } = server()
    const memory = memoryLink({ ...unauthenticated, data: { add: null } })
    const client = createClient({ link: chain(cookieLink({ jar, onUnauthenticated: login }), memory) })
    const result = await client.mutate('mutation { add }')
    expect(result).toMatchObject({ data: { add: null }, notReplayed: 'executed' })
    await client.mutate('mutation { add }', null, { context: emptyContext.with(replay, 'always') })
    expect(memory.sent).toHaveLength(3)
    expect(logins()).toBeGreaterThan(0)
    await client.dispose()
  })

  test('AUTH-28 what is refused after a fresh sign-in is answered so, and no loop begins', async () => {
    const { jar, login, logins } = server()
    const memory = memoryLink(unauthenticated)
    const clock = new FakeClock()
    const client = createClient({ link: chain(cookieLink({ jar, onUnauthenticated: login, clock }), memory) })
    for (let count = 0; count < 5; count++) expect((await client.query('{ a }')).errors).toHaveLength(1)
    expect(logins()).toBeLessThanOrEqual(2)
    await client.dispose()
  })

  test('a sign-in that fails fails all that wait, and is tried again after a pause', async () => {
    const canary = secretCanary()
    const { jar, memory, expire, login, logins } = server()
    const clock = new FakeClock()
    let isDown = true
    const onUnauthenticated = async () => {
      if (isDown) throw new Error('the login server is down')
      await login()
    }
    const client = createClient({ link: chain(cookieLink({ jar, onUnauthenticated, clock }), memory) })
    expire()
    const errors = await canary.watch(() =>
      Promise.all(Array.from({ length: 5 }, () => errorOf(() => client.query('{ a }')))),
    )
    for (const error of errors) {
      expect(AuthRefreshError.is(error)).toBe(true)
      expect(error.link).toBe('cookieLink')
      expect(String(error.cause)).toContain('the login server is down')
    }
    isDown = false
    await clock.advance(3_600_000)
    expect((await client.query('{ a }')).data).toEqual({ alive: 1 })
    expect(logins()).toBe(1)
    await client.dispose()
  })

  test('timeoutMs: Infinity is no limit for the sign-in either', async () => {
    const { jar, memory, expire, login } = server()
    const link = cookieLink({ jar, onUnauthenticated: login, timeoutMs: Infinity })
    expire()
    expect(await lastResult(chain(link, memory), query())).toEqual({ data: { alive: 1 } })
    await link.dispose?.()
  })

  test('a sign-in that is refused for good is tried again after a pause, as any other', async () => {
    const { jar, memory, expire, login } = server()
    const clock = new FakeClock()
    let isRefused = true
    const onUnauthenticated = async () => {
      if (isRefused) throw Object.assign(new Error('who are you?'), { error: 'invalid_grant' })
      await login()
    }
    const client = createClient({ link: chain(cookieLink({ jar, onUnauthenticated, clock }), memory) })
    expire()
    const failing = errorOf(() => client.query('{ a }'))
    for (let turns = 0; turns < 20; turns++) await settle()
    await clock.advance(1_000)
    expect(await failing).toMatchObject({ code: 'AUTH_REFRESH', cause: { message: 'who are you?' } })
    isRefused = false
    await clock.advance(60_000)
    expect((await client.query('{ a }')).data).toEqual({ alive: 1 })
    await client.dispose()
  })

  test.each(['jarCookies.js', 'cookieLogin.js'])(
    '%s cannot be loaded: the next operation tries again',
    async (name) => {
      const { jar, memory, expire, login } = server()
      const client = createClient({ link: chain(cookieLink({ jar, onUnauthenticated: login }), memory) })
      expire()
      mockMissing.add(name)
      const error = await errorOf(() => client.query('{ a }'))
      expect(error).toMatchObject({ code: 'LINK_FAILED', link: 'cookieLink', cause: { message: `404 ${name}` } })
      expect((await client.query('{ a }')).data).toEqual({ alive: 1 })
      await client.dispose()
    },
  )

  test('AUTH-29 the sign-in may be a mutation through the same client', async () => {
    const jar = new PlainJar()
    const memory = memoryLink(async ({ kind }) => {
      if (kind === 'mutation') {
        jar.cookies.set('sid', '1')
        return { data: { login: true } }
      }
      return jar.cookies.get('sid') === '1' ? { data: { me: 'Ada' } } : unauthenticated
    })
    const client = createClient({
      link: chain(
        cookieLink({
          jar,
          onUnauthenticated: ({ context }) => client.mutate('mutation { login }', null, { context }),
        }),
        memory,
      ),
    })
    expect((await client.query('{ me }')).data).toEqual({ me: 'Ada' })
    expect(exchangesOf(memory.sent[1]?.operation as Operation)).toHaveLength(1)
    await client.dispose()
  })

  test('what is sent again has the token against forgery that the sign-in gave', async () => {
    pretendPage({ cookie: 'csrftoken=old' })
    const seen: (string | undefined)[] = []
    const memory = memoryLink(async (operation) => {
      const token = headersOf(operation, 'https://api.example.com/').get('x-csrftoken')
      seen.push(token)
      return token === 'new' ? { data: { me: 'Ada' } } : unauthenticated
    })
    const onUnauthenticated = async () => pretendPage({ cookie: 'csrftoken=new' })
    const client = createClient({ link: chain(cookieLink({ csrf: 'django', onUnauthenticated }), memory) })
    expect((await client.query('{ me }')).data).toEqual({ me: 'Ada' })
    expect(seen).toEqual(['old', 'new'])
    await client.dispose()
  })

  test('isUnauthenticated says what an expired session looks like', async () => {
    const { jar, login, logins } = server()
    let isLoginPage = true
    const redirected = Object.assign(new Error('moved'), { location: '/login' })
    const terminal: TerminalLink = () => (isLoginPage ? failed(redirected) : single({ data: {} }))
    const client = createClient({
      link: chain(
        cookieLink({
          jar,
          onUnauthenticated: async () => {
            await login()
            isLoginPage = false
          },
          isUnauthenticated: ({ error }) => (Object(error) as { location?: string }).location === '/login',
        }),
        terminal,
      ),
    })
    expect((await client.query('{ a }')).data).toEqual({})
    expect(logins()).toBe(1)
    await client.dispose()
  })

  test('a sign-in that hangs ends with timeoutMs, and an operation that is aborted does not wait for it', async () => {
    const { jar, memory, expire } = server()
    const clock = new FakeClock()
    const link = cookieLink({ jar, onUnauthenticated: () => new Promise(() => {}), timeoutMs: 2_000, clock })
    const client = createClient({ link: chain(link, memory) })
    expire()
    const controller = new AbortController()
    const aborted = errorOf(() => client.query('{ a }', null, { signal: controller.signal }))
    const late = errorOf(() => client.query('{ a }'))
    await clock.advance(1_000)
    controller.abort(new Error('left'))
    expect(await aborted).toEqual(new Error('left'))
    await clock.advance(1_000)
    expect(AuthRefreshError.is(await late)).toBe(true)
    await client.dispose()
  })

  test('without onUnauthenticated a refusal is answered as it is, and nothing is sent again', async () => {
    const { jar, memory, expire } = server()
    expire()
    expect(await lastResult(chain(cookieLink({ jar }), memory), query())).toBe(unauthenticated)
    expect(memory.sent).toHaveLength(1)
  })

  test('a link that is disposed ends the sign-in that is running, and one that nobody used has nothing to end', async () => {
    const { jar, memory, expire } = server()
    const signals: AbortSignal[] = []
    const link = cookieLink({ jar, onUnauthenticated: ({ signal }) => (signals.push(signal), new Promise(() => {})) })
    await link.dispose?.()
    const clock = new FakeClock()
    const used = cookieLink({
      jar,
      clock,
      onUnauthenticated: ({ signal }) => (signals.push(signal), new Promise(() => {})),
    })
    expire()
    const failing = errorOf(() => lastResult(chain(used, memory), query()))
    for (let turns = 0; turns < 10 && signals.length === 0; turns++) await settle()
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
    const disposal = used.dispose?.()
    await clock.advance(5_000)
    await disposal
    expect(await failing).toMatchObject({ code: 'DISPOSED' })
    expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  })

  test('a stream goes on, and an early end ends what is further in', async () => {
    const { jar, login } = server()
    const memory = memoryLink([{ data: { n: 1 } }, { data: { n: 2 } }])
    const link = chain(cookieLink({ jar, onUnauthenticated: login }), memory)
    const seen: unknown[] = []
    for await (const { data } of execute(link, createOperation({ document: 'subscription { n }' }))) {
      seen.push(data)
      break
    }
    await settle()
    expect(seen).toEqual([{ n: 1 }])
    expect(memory.sent[0]?.ended).toBe('closed')
  })
})
