/** One login over plain HTTP, and its cookie is enough for queries, mutations and subscriptions; in Node and in Chromium. */
import {
  chain,
  contextKey,
  cookieLink,
  createClient,
  emptyContext,
  single,
  split,
  type Client,
  type CookieJar as Jar,
  type CookieLinkOptions,
  type Result,
} from '@graphlinks/core'
import { memoryCookieJar, type UserCookieJar } from '@graphlinks/cookie-jar'
import { concurrencyLink } from '@graphlinks/concurrency-link'
import { HttpError, httpLink, type Fetch, type HttpLinkOptions } from '@graphlinks/http-link'
import { undiciTransport } from '@graphlinks/http-link/undici'
import { secretCanary } from '@graphlinks/testing'
import { wsLink } from '@graphlinks/ws-link'
import crossFetch from 'cross-fetch'
import { CookieJar } from 'tough-cookie'
import { describeInBrowser, sharedBrowser } from './browser.ts'
import { startOidcServer } from './oidc.ts'
import { sharedServers } from './realServers.ts'

const shared = sharedServers()
const passwords = { ada: 'correct horse', bob: 'battery staple' }
type User = keyof typeof passwords

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function loginServer() {
  const server = await shared('login')
  const { origin } = new URL(server.url)
  return {
    ...server,
    origin,
    login: async (jar: UserCookieJar, user: User = 'ada') => {
      const body = JSON.stringify({ user, password: passwords[user] })
      const response = await jar.fetch(`${origin}/login`, { method: 'POST', body })
      return { status: response.status, text: await response.text() }
    },
  }
}

function clientOf(url: string, options: CookieLinkOptions, http: Partial<HttpLinkOptions> = {}): Client {
  const client = createClient({
    link: chain(
      cookieLink(options),
      split(
        ({ kind }) => kind === 'subscription',
        wsLink({ url: url.replace('http', 'ws') }),
        httpLink({ ...http, url } as HttpLinkOptions),
      ),
    ),
  })
  cleanUps.push(() => client.dispose())
  return client
}

async function collect(results: AsyncIterable<Result>): Promise<unknown[]> {
  const collected: unknown[] = []
  for await (const { data } of results) collected.push(data)
  return collected
}

const add = 'mutation Add($name: String!) { addCity(name: $name) }'

describe('in Node', () => {
  const undici = undiciTransport()
  afterAll(() => undici.dispose?.())

  test.each<[string, Partial<HttpLinkOptions>]>([
    ['global fetch', {}],
    ['cross-fetch', { fetch: crossFetch as Fetch }],
    ['undici', { transport: undici }],
  ])('AUTH-32 login, query, mutation and subscription with a session cookie alone, over %s', async (_, http) => {
    const { url, login } = await loginServer()
    const jar = memoryCookieJar()
    const client = clientOf(url, { jar }, http)
    expect((await client.query('{ me }')).errors?.[0]?.extensions).toEqual({ code: 'UNAUTHENTICATED' })
    // Over a redirect, whose target sets a cookie, too.
    expect(await login(jar)).toEqual({ status: 200, text: 'hello ada' })
    const names = (await jar.getCookieString(url)).split('; ').map((cookie) => cookie.split('=')[0])
    expect(new Set(names)).toEqual(new Set(['sid', 'csrftoken', 'theme']))
    expect((await client.query('{ me }')).data).toEqual({ me: 'ada' })
    expect((await client.mutate(add, { name: '東京' })).data).toEqual({ addCity: '東京 of ada' })
    const countdown = client.subscribe('subscription { countdown(from: 2) }')
    expect(await collect(countdown)).toEqual([{ countdown: '2 for ada' }, { countdown: '1 for ada' }])
    // What the 101 set.
    expect(await jar.getCookieString(url)).toContain('socket=ada')
  })

  test('AUTH-34 a login that is a mutation sets the cookie of all that follows', async () => {
    const { url } = await loginServer()
    const client = clientOf(`${url}?open=1`, { jar: memoryCookieJar() })
    expect((await client.query('{ me }')).data).toEqual({ me: null })
    const { data } = await client.mutate('mutation { login(user: "bob", password: "battery staple") }')
    expect(data).toEqual({ login: true })
    expect((await client.query('{ me }')).data).toEqual({ me: 'bob' })
  })

  test('CK-1 a jar of tough-cookie works in place of ours', async () => {
    const { url, origin } = await loginServer()
    const jar = new CookieJar()
    const body = JSON.stringify({ user: 'ada', password: passwords.ada })
    const response = await fetch(`${origin}/login`, { method: 'POST', body, redirect: 'manual' })
    for (const cookie of response.headers.getSetCookie()) await jar.setCookie(cookie, origin)
    const client = clientOf(url, { jar })
    expect((await client.query('{ me }')).data).toEqual({ me: 'ada' })
    expect(await collect(client.subscribe('subscription { countdown(from: 1) }'))).toEqual([{ countdown: '1 for ada' }])
  })

  test('AUTH-36, CK-12 a subscription without the cookie is refused, and a 401 sets cookies all the same', async () => {
    const { url } = await loginServer()
    const jar = memoryCookieJar()
    const refused = await collect(clientOf(url, { jar }).subscribe('subscription { countdown(from: 1) }')).catch(
      (error: unknown) => error,
    )
    expect(refused).toMatchObject({ code: 'SOCKET_CONNECT', status: 401 })
    expect(await jar.getCookieString(url)).toContain('refused=1')
  })

  test('CK-11 ids that are replaced in parallel responses: no update is lost, and the last is good', async () => {
    const { origin, login } = await loginServer()
    const jar = memoryCookieJar()
    await login(jar)
    const number = contextKey<number>('number')
    const client = createClient({
      link: chain(
        cookieLink({ jar }),
        httpLink({
          url: ({ context }) => `${origin}/rotating?n=${context.get(number)}`,
          origins: [origin],
        }),
      ),
    })
    const ask = (n: number) => client.query('{ slow }', null, { context: emptyContext.with(number, n) })
    for (let round = 0; round < 3; round++) {
      const results = await Promise.all(Array.from({ length: 40 }, (_, index) => ask(round * 40 + index)))
      expect(results.filter(({ data }) => (data as { slow: string } | undefined)?.slow === 'ada')).toHaveLength(40)
    }
    const kept = await jar.getCookieString(`${origin}/`)
    expect(Array.from({ length: 120 }, (_, n) => n).filter((n) => !kept.includes(`answer${n}=${n}`))).toEqual([])
    expect((await ask(1_000)).data).toEqual({ slow: 'ada' })
  })

  test('CK-9, AUTH-18 1,000 interleaved requests with distinct jars: nobody is taken for another', async () => {
    const { url, login } = await loginServer()
    const users = Array.from({ length: 20 }, (_, index) => (index % 2 ? 'ada' : 'bob') as User)
    const jars = await Promise.all(
      users.map(async (user) => {
        const jar = memoryCookieJar()
        await login(jar, user)
        return jar
      }),
    )
    const who = contextKey<number>('who')
    const client = clientOf(url, { jar: ({ context }) => jars[context.get(who) as number] as Jar })
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, async (_, index) => {
        const number = index % users.length
        const context = emptyContext.with(who, number)
        const { data } = await client.query<{ slow: string }>('{ slow }', null, { context })
        return data?.slow === users[number]
      }),
    )
    expect(answers.filter((isRight) => !isRight)).toEqual([])
    const cookies = await Promise.all(jars.map((jar) => jar.getCookieString(url)))
    expect(new Set(cookies.map((text) => /sid=([^;]+)/.exec(text)?.[1])).size).toBe(users.length)
  }, 60_000)

  test('AUTH-35, CK-15 double submit as Django does it: refused without the token, taken with it', async () => {
    const { origin, login } = await loginServer()
    const jar = memoryCookieJar()
    await login(jar)
    const url = `${origin}/django`
    const refused = await clientOf(url, { jar })
      .query('{ me }')
      .catch((error: unknown) => error as HttpError)
    expect(refused).toMatchObject({ code: 'HTTP_STATUS', status: 403 })
    expect((await clientOf(url, { jar, csrf: 'django' }).query('{ me }')).data).toEqual({ me: 'ada' })
  })

  test('AUTH-37 sessions that expire under 200 operations: one login, and all succeed, over HTTP and WebSocket', async () => {
    const { url, login, tell } = await loginServer()
    const jar = memoryCookieJar()
    let logins = 0
    const client = clientOf(url, {
      jar,
      onUnauthenticated: async () => {
        logins++
        await login(jar)
      },
    })
    for (let round = 1; round <= 3; round++) {
      await tell({ expireSessions: true })
      const results = await Promise.all(
        Array.from({ length: 200 }, (_, index) =>
          index % 20
            ? client.query('{ slow }').then(({ data }) => data)
            : collect(client.subscribe('subscription { countdown(from: 1) }')),
        ),
      )
      expect(new Set(results.map((result) => JSON.stringify(result)))).toEqual(
        new Set(['{"slow":"ada"}', '[{"countdown":"1 for ada"}]']),
      )
      expect(logins).toBe(round)
    }
  })

  test('a sign-in by the same client does not wait for those that wait for it, where one at a time is let through', async () => {
    let isSignedIn = false
    const client: Client = createClient({
      link: chain(
        concurrencyLink({ maxInFlight: 1 }),
        cookieLink({
          jar: memoryCookieJar(),
          onUnauthenticated: ({ context }) => client.mutate('mutation { signIn }', null, { context }),
        }),
        ({ kind }) => {
          isSignedIn ||= kind === 'mutation'
          return single(
            isSignedIn
              ? { data: { me: 'ada' } }
              : { errors: [{ message: 'sign in', extensions: { code: 'UNAUTHENTICATED' } }] },
          )
        },
      ),
    })
    cleanUps.push(() => client.dispose())
    expect((await client.query('{ me }')).data).toEqual({ me: 'ada' })
  })

  test('threats 8 no cookie is in an error', async () => {
    const { origin, login } = await loginServer()
    const canary = secretCanary()
    const jar = memoryCookieJar()
    await login(jar)
    await jar.setCookie(`secret=${canary.value}`, origin)
    const sid = /sid=([^;]+)/.exec(await jar.getCookieString(origin))?.[1] as string
    const errors = await canary.watch(() =>
      Promise.all(
        [`${origin}/django`, `${origin}/nowhere`, 'http://127.0.0.1:1/'].map((url) =>
          clientOf(url, { jar })
            .query('query Q { me }')
            .catch((error: unknown) => error),
        ),
      ),
    )
    canary.check(errors)
    expect(JSON.stringify(errors) + String(errors)).not.toContain(sid)
  })
})

describe('oidc-provider, the code flow without a browser', () => {
  test('CK-2 its cookies, over each hop with its own paths, sign somebody in', async () => {
    const oidc = await startOidcServer(1)
    cleanUps.push(() => oidc.close())
    const jar = memoryCookieJar()
    const code = await oidc.codeFlow(jar, 'ada')
    expect(code).toMatch(/^[\w-]+$/)
    // The second time there is a session, and nothing to fill in.
    const again = await oidc.codeFlow(jar, 'ada')
    expect(again).toMatch(/^[\w-]+$/)
    expect(again).not.toBe(code)
  })
})

describeInBrowser('in Chromium', () => {
  const newPage = sharedBrowser()

  test('AUTH-33, CK-14 same origin: login, query, mutation and subscription with the cookie of the browser', async () => {
    const { origin, ...server } = await loginServer()
    const page = await newPage(server)
    expect(await page.run('cookieSession', `${origin}/graphql`, passwords.ada)).toEqual({
      before: 'UNAUTHENTICATED',
      query: { me: 'ada' },
      mutation: { addCity: '東京 of ada' },
      subscription: ['2 for ada', '1 for ada'],
      protected: { me: 'ada' },
    })
    expect(await page.problems()).toEqual([])
  })

  test('CK-14, CK-15 another origin gets cookies where it is named, and never the token', async () => {
    const { origin, saw, events } = await loginServer()
    const page = await newPage()
    const seen = await page.run('cookieSessionElsewhere', `${origin}/graphql`, passwords.ada)
    expect(seen).toEqual({ named: { me: 'ada' }, unnamed: 'UNAUTHENTICATED' })
    await saw('request')
    const posts = (await events()).filter(
      ({ method, headers }) => method === 'POST' && headers?.['origin'] === page.origin,
    )
    expect(posts.length).toBeGreaterThan(1)
    expect(posts.filter(({ headers }) => headers?.['x-csrftoken'])).toEqual([])
  })

  test('CK-18 a page of another origin opens a socket in the name of the user, and only the Origin header tells', async () => {
    const { origin, events } = await loginServer()
    const page = await newPage()
    expect(await page.run('cookieSocketElsewhere', `${origin}/graphql`, passwords.ada)).toEqual(['1 for ada'])
    const opened = (await events()).filter(({ what }) => what === 'opened').at(-1)
    expect(opened?.headers).toMatchObject({ origin: page.origin, cookie: expect.stringContaining('sid=') as string })
    expect(page.origin).not.toBe(origin)
  })
})
