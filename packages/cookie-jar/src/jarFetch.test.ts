import { HeaderError, InsecureTransportError } from '@graphlinks/core'
import { secretCanary } from '@graphlinks/testing'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CookieJarError, memoryCookieJar } from './index.ts'

interface Asked {
  readonly line: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

type Answer = (response: ServerResponse, asked: Asked) => void

const cleanUps: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** A server with an answer for each path. `local` is the same one under another name, and so another origin. */
async function startServer(answers: Readonly<Record<string, Answer>>) {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      const one = { line: `${request.method} ${request.url}`, headers: request.headers, body }
      asked.push(one)
      const answer = answers[String(request.url).replace(/\?.*/, '')]
      if (answer) answer(response, one)
      else response.writeHead(200, { 'content-type': 'text/plain' }).end(request.headers.cookie ?? 'nobody')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanUps.push(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  const { port } = server.address() as AddressInfo
  return { origin: `http://127.0.0.1:${port}`, local: `http://localhost:${port}`, asked }
}

const redirect =
  (status: number, location: string, ...cookies: string[]): Answer =>
  (response) =>
    response.writeHead(status, { location, 'set-cookie': cookies }).end('see there')

/** A jar whose requests get these responses, one after the other; and what it asked. */
function scripted(...responses: (readonly [status: number, headers?: Record<string, string>])[]) {
  const asked: { readonly url: string; readonly init: RequestInit; readonly headers: Headers }[] = []
  const jar = memoryCookieJar({
    fetch: async (url, init) => {
      asked.push({ url, init, headers: new Headers(init.headers) })
      const [status, headers = {}] = responses.shift() ?? [200]
      return new Response(null, { status, headers })
    },
  })
  return { jar, asked }
}

const failure = (promise: Promise<unknown>): Promise<unknown> => promise.then(String, (error: unknown) => error)

const redirecting = (location: string): readonly [number, Record<string, string>] => [302, { location }]

describe('AUTH-32 a login', () => {
  test('AUTH-32 the cookies of each step are taken, and sent with the next', async () => {
    const { origin, asked } = await startServer({
      '/login': redirect(303, '/auth?step=1', 'login=1; Path=/; HttpOnly', 'csrf=abc; Path=/auth'),
      '/auth': redirect(302, 'callback', 'sid=first; Path=/', 'csrf=; Path=/auth; Max-Age=0'),
      '/callback': redirect(307, '/home', 'sid=second; Path=/', 'login=; Path=/; Max-Age=0'),
    })
    const jar = memoryCookieJar()
    const response = await jar.fetch(`${origin}/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-requested-with': 'graphlinks' },
      body: JSON.stringify({ user: 'ada' }),
    })
    expect([response.status, response.url, await response.text()]).toEqual([200, `${origin}/home`, 'sid=second'])
    expect(asked.map(({ line, headers, body }) => [line, headers.cookie, body])).toEqual([
      ['POST /login', undefined, '{"user":"ada"}'],
      ['GET /auth?step=1', 'csrf=abc; login=1', ''],
      ['GET /callback', 'login=1; sid=first', ''],
      ['GET /home', 'sid=second', ''],
    ])
    expect(asked.map(({ headers }) => [headers['content-type'], headers['x-requested-with']])).toEqual([
      ['application/json', 'graphlinks'],
      [undefined, 'graphlinks'],
      [undefined, 'graphlinks'],
      [undefined, 'graphlinks'],
    ])
    expect(await jar.getCookieString(`${origin.replace('http', 'ws')}/graphql`)).toBe('sid=second')
  })

  test('AUTH-34 the cookies of an answer that refuses are taken, too', async () => {
    const { origin } = await startServer({
      '/login': (response) => response.writeHead(401, { 'set-cookie': 'attempt=1; Path=/' }).end(),
    })
    const jar = memoryCookieJar()
    expect((await jar.fetch(new URL(`${origin}/login`))).status).toBe(401)
    expect(await jar.getCookieString(origin)).toBe('attempt=1')
  })

  test('CK-2 several cookies whose dates have commas stay several; one that is no good costs nothing', async () => {
    const date = 'Fri, 31 Dec 2060 23:59:59 GMT'
    const { origin } = await startServer({
      '/': redirect(
        200,
        '',
        `a=1; Expires=${date}`,
        'no cookie',
        'b=x, y',
        `c=3; Domain=evil.com`,
        `d=4; Expires=${date}`,
      ),
    })
    const jar = memoryCookieJar()
    await jar.fetch(origin)
    expect(await jar.getCookieString(origin)).toBe('a=1; b=x, y; d=4')
  })

  test('CK-2 a fetch that joins them is refused, where it has any', async () => {
    const answer = (headers: Record<string, string>) => async () => {
      const response = new Response(null, { headers })
      Object.defineProperty(response, 'headers', { value: { get: () => null, has: (name: string) => name in headers } })
      return response
    }
    const cookies = memoryCookieJar({ fetch: answer({ 'set-cookie': 'a=1' }) })
    expect(String(await failure(cookies.fetch('https://example.com/')))).toContain('getSetCookie')
    expect((await memoryCookieJar({ fetch: answer({}) }).fetch('https://example.com/')).status).toBe(200)
  })

  test('CK-10 a cookie of the caller wins over the one of that name in the jar', async () => {
    const { origin } = await startServer({})
    const jar = memoryCookieJar()
    for (const cookie of ['sid=jar', 'theme=dark', 'sid2=jar']) await jar.setCookie(cookie, origin)
    const ask = async (cookie: string): Promise<string> => (await jar.fetch(origin, { headers: { cookie } })).text()
    expect(await ask('sid=mine; lang=en')).toBe('theme=dark; sid2=jar; sid=mine; lang=en')
    expect(await ask(' ;; theme ; sid2=a=b;')).toBe('sid=jar; theme; sid2=a=b')
    expect(await ask('')).toBe('sid=jar; theme=dark; sid2=jar')
    expect(await jar.getCookieString(origin)).toBe('sid=jar; theme=dark; sid2=jar')
  })

  test('CK-11 answers that come at the same time lose no cookie', async () => {
    const { origin } = await startServer({
      '/set': (response, { line }) =>
        response.writeHead(200, { 'set-cookie': `c${/\?(\d+)/.exec(line)?.[1]}=1; Path=/` }).end(),
    })
    const jar = memoryCookieJar()
    await Promise.all(Array.from({ length: 50 }, (_, index) => jar.fetch(`${origin}/set?${index}`)))
    expect((await jar.getCookieString(origin)).split('; ').toSorted()).toEqual(
      Array.from({ length: 50 }, (_, index) => `c${index}=1`).toSorted(),
    )
  })
})

describe('redirects', () => {
  test('AUTH-32 which ones turn a POST into a GET, as fetch has it', async () => {
    const cases: [number, string, string][] = []
    for (const status of [301, 302, 303, 307, 308]) {
      for (const method of ['POST', 'PUT', 'GET', 'HEAD']) {
        const { jar, asked } = scripted([status, { location: '/next' }])
        const body = method === 'POST' || method === 'PUT' ? 'text' : null
        await jar.fetch('https://example.com/', { method: method.toLowerCase(), body })
        cases.push([status, method, `${asked[1]?.init.method} ${JSON.stringify(asked[1]?.init.body)}`])
      }
    }
    const unchanged = (status: number): [number, string, string][] => [
      [status, 'POST', 'POST "text"'],
      [status, 'PUT', 'PUT "text"'],
      [status, 'GET', 'GET null'],
      [status, 'HEAD', 'HEAD null'],
    ]
    expect(cases).toEqual([
      [301, 'POST', 'GET null'],
      ...unchanged(301).slice(1),
      [302, 'POST', 'GET null'],
      ...unchanged(302).slice(1),
      [303, 'POST', 'GET null'],
      [303, 'PUT', 'GET null'],
      ...unchanged(303).slice(2),
      ...unchanged(307),
      ...unchanged(308),
    ])
  })

  test('AUTH-32 a body is sent again where the redirect wants that, but for a stream', async () => {
    const { origin, asked } = await startServer({ '/': redirect(308, '/next'), '/login': redirect(303, '/next') })
    const form = new FormData()
    form.set('user', 'ada')
    const bodies = [
      'user=ada',
      new URLSearchParams({ user: 'ada' }),
      form,
      new Blob(['ada']),
      new TextEncoder().encode('ada'),
    ]
    for (const body of bodies) {
      await memoryCookieJar().fetch(origin, { method: 'POST', body })
      expect(asked.at(-1)?.line).toBe('POST /next')
      expect(asked.at(-1)?.body).toContain('ada')
    }
    const stream = (): ReadableStream => new Blob(['ada']).stream()
    const request = (path: string): Request => new Request(origin + path, { method: 'POST', body: 'ada' })
    const calls = [
      (path: string) => memoryCookieJar().fetch(origin + path, { method: 'POST', body: stream() }),
      (path: string) => memoryCookieJar().fetch(request(path)),
    ]
    for (const call of calls) {
      const error = await failure(call('/'))
      expect(error).toBeInstanceOf(CookieJarError)
      expect(String(error)).toContain('the body is a stream, which cannot be sent again')
      expect(asked.at(-1)).toMatchObject({ line: 'POST /', body: 'ada' })
      expect((await call('/login')).status).toBe(200)
      expect(asked.at(-2)).toMatchObject({ line: 'POST /login', body: 'ada' })
    }
  })

  test('AUTH-39 threats 1, 2 another origin gets no header of the caller, and of the jar what is for it', async () => {
    const other = await startServer({ '/back': (response) => response.writeHead(302, { location: back }).end() })
    const { origin, asked } = await startServer({ '/': redirect(302, `${other.local}/back`, 'sid=1; Path=/') })
    const back = `${origin}/end`
    const jar = memoryCookieJar()
    await jar.setCookie('theirs=1; Path=/', other.local)
    const headers = {
      authorization: 'Bearer t',
      cookie: 'mine=1',
      'x-api-key': 'k',
      accept: 'text/html',
      'x-csrf': 'c',
    }
    await jar.fetch(origin, { headers })
    expect(asked[0]?.headers).toMatchObject({ ...headers })
    expect(other.asked[0]?.headers).toMatchObject({ cookie: 'theirs=1', accept: 'text/html' })
    for (const seen of [other.asked[0], asked[1]]) {
      for (const name of ['authorization', 'x-api-key', 'x-csrf']) expect(seen?.headers[name]).toBeUndefined()
    }
    // What was dropped stays away, also at home.
    expect(asked[1]).toMatchObject({ line: 'GET /end', headers: { cookie: 'sid=1' } })
  })

  test('AUTH-39 threats 1, 3 another port or scheme is another origin', async () => {
    for (const [from, to] of [
      ['https://example.com/', 'https://example.com:8443/'],
      ['http://localhost/', 'https://localhost/'],
      ['https://example.com/', '//www.example.com/'],
      ['https://example.com/', 'https:\\\\evil.com/'],
    ] as const) {
      const { jar, asked } = scripted(redirecting(to))
      await jar.fetch(from, { headers: { 'x-api-key': 'k' } })
      expect(asked.map(({ headers }) => headers.get('x-api-key'))).toEqual(['k', null])
    }
  })

  test('AUTH-39 threats 1 no other origin gets the body', async () => {
    for (const status of [307, 308]) {
      const { jar, asked } = scripted([status, { location: 'https://evil.com/', 'set-cookie': 'a=1' }])
      const error = await failure(jar.fetch('https://example.com/', { method: 'POST', body: 'password' }))
      expect(error).toBeInstanceOf(CookieJarError)
      expect(String(error)).toContain('redirects to https://evil.com, which would get the body')
      expect(asked).toHaveLength(1)
    }
  })

  test('AUTH-32 what is not followed is a typed error that shows no secret', async () => {
    const canary = secretCanary()
    for (const [location, why] of [
      [`http://example.com/${canary.value}`, 'to http://example.com, which is not encrypted'],
      [`http://localhost/${canary.value}`, 'to http://localhost, which is not encrypted'],
      [`https://${canary.value}@example.com/`, 'to what is no http or https URL, or has a user in it'],
      [`ftp://example.com/${canary.value}`, 'to what is no http'],
      [`data:text/html,${canary.value}`, 'to what is no http'],
      [`https://[${canary.value}`, 'to what is no http'],
    ] as const) {
      const { jar, asked } = scripted(redirecting(location))
      const headers = { authorization: canary.value, cookie: `sid=${canary.value}` }
      const error = await failure(jar.fetch(`https://example.com/?${canary.value}`, { headers }))
      expect(error).toBeInstanceOf(CookieJarError)
      expect(error).toMatchObject({ link: 'memoryCookieJar.fetch' })
      expect(String(error)).toContain(`https://example.com redirects ${why}`)
      canary.check(error)
      expect(asked).toHaveLength(1)
    }
  })

  test('AUTH-32 20 redirects are followed, and no more', async () => {
    const home = 'https://example.com/'
    const { jar, asked } = scripted(...Array.from({ length: 20 }, () => redirecting('/again')))
    expect((await jar.fetch(home)).status).toBe(200)
    expect(asked).toHaveLength(21)
    const loop = scripted(...Array.from({ length: 30 }, () => redirecting('/again')))
    expect(String(await failure(loop.jar.fetch(home)))).toContain('redirects after 20 redirects')
    expect(loop.asked).toHaveLength(21)
  })

  test('AUTH-32 redirect: "manual" gives the redirect, "error" refuses it; both take its cookies', async () => {
    const { origin } = await startServer({ '/': redirect(302, 'https://app.example.com/callback?code=1', 'sid=1') })
    const jar = memoryCookieJar()
    for (const response of [
      await jar.fetch(origin, { redirect: 'manual' }),
      await jar.fetch(new Request(origin, { redirect: 'manual' })),
    ]) {
      expect(response.status).toBe(302)
      expect(response.headers.get('location')).toBe('https://app.example.com/callback?code=1')
      expect(await response.text()).toBe('see there')
    }
    expect(await jar.getCookieString(origin)).toBe('sid=1')
    const strict = memoryCookieJar()
    expect(String(await failure(strict.fetch(origin, { redirect: 'error' })))).toContain('redirect: "error" forbids')
    expect(await strict.getCookieString(origin)).toBe('sid=1')
  })

  test('AUTH-32 a redirect without a Location, and a 304, are answers', async () => {
    const { jar } = scripted([302], [304], [300, { location: '/x' }])
    const statuses = [
      await jar.fetch('https://a.com/'),
      await jar.fetch('https://a.com/'),
      await jar.fetch('https://a.com/'),
    ]
    expect(statuses.map(({ status }) => status)).toEqual([302, 304, 300])
  })
})

describe('where requests go, and how they fail', () => {
  test('CR-3 threats 3 another machine is asked over https, unless allowInsecure says otherwise', async () => {
    const { jar, asked } = scripted()
    const error = await failure(jar.fetch('http://example.com/login', { method: 'POST', body: 'password' }))
    expect(error).toBeInstanceOf(InsecureTransportError)
    expect(asked).toEqual([])
    const open = memoryCookieJar({ allowInsecure: true, fetch: async () => new Response('there') })
    expect(await (await open.fetch('http://example.com/')).text()).toBe('there')
  })

  test('AUTH-32 a URL that cannot be asked is a typed error that shows nothing of it', async () => {
    const canary = secretCanary()
    const { jar, asked } = scripted()
    for (const url of [
      `/login?${canary.value}`,
      `https://ada:${canary.value}@example.com/`,
      `ws://a/${canary.value}`,
    ]) {
      const error = await failure(jar.fetch(url))
      expect(error).toBeInstanceOf(CookieJarError)
      canary.check(error)
    }
    const error = await failure(jar.fetch('https://example.com/', { headers: { authorization: `${canary.value}\nx` } }))
    expect(error).toBeInstanceOf(HeaderError)
    canary.check(error)
    expect(asked).toEqual([])
  })

  test('AUTH-32 no answer is a typed error with its code, and without what the library said', async () => {
    const canary = secretCanary()
    const jar = memoryCookieJar()
    const { origin } = await startServer({ '/': (response) => response.destroy() })
    await jar.setCookie(`sid=${canary.value}`, origin)
    const error = await failure(jar.fetch(`${origin}?${canary.value}`, { headers: { authorization: canary.value } }))
    expect(error).toBeInstanceOf(CookieJarError)
    expect(error).toMatchObject({
      message: expect.stringMatching(/no answer from http:\/\/127\.0\.0\.1:\d+: .*UND_ERR_SOCKET/),
    })
    canary.check(error)
    const loud = memoryCookieJar({
      fetch: () => Promise.reject(new Error(`no: ${canary.value}`, { cause: canary.value })),
    })
    canary.check(await failure(loud.fetch('https://example.com/')))
  })

  test('AUTH-32 a signal ends it with its own reason, also at a later step', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const { origin } = await startServer({ '/': redirect(302, '/slow'), '/slow': () => controller.abort(reason) })
    const jar = memoryCookieJar()
    expect(await failure(jar.fetch(origin, { signal: controller.signal }))).toBe(reason)
    expect(await failure(jar.fetch('https://example.com/', { signal: controller.signal }))).toBe(reason)
  })

  test('AUTH-33 a platform that keeps cookies itself says so', async () => {
    const opaque = Object.defineProperty(new Response(null), 'type', { value: 'opaqueredirect' })
    const jar = memoryCookieJar({ fetch: async () => opaque })
    expect(String(await failure(jar.fetch('https://example.com/')))).toContain('keeps cookies itself')
  })

  test('AUTH-33 what else the caller said goes with each step; fetch needs no jar around it', async () => {
    const { jar, asked } = scripted(redirecting('/next'))
    const { fetch } = jar
    await fetch('https://example.com/', { keepalive: true, cache: 'no-store', redirect: 'follow' })
    for (const { init } of asked) expect(init).toMatchObject({ keepalive: true, cache: 'no-store', redirect: 'manual' })
  })
})
