import { OptionsError, type CookieJar } from '@graphlinks/core'
import { FakeClock, secretCanary } from '@graphlinks/testing'
import fc from 'fast-check'
import { CookieJar as ToughCookieJar } from 'tough-cookie'
import { CookieJarError, memoryCookieJar } from './index.ts'

const api = 'https://api.example.com/graphql'
const dayMs = 86_400_000

interface Entry {
  readonly key: string
  readonly value: string
  readonly domain: string
  readonly path: string
  readonly hostOnly: boolean
  readonly secure: boolean
  readonly httpOnly: boolean
  readonly sameSite?: string
  readonly expires?: string
}

const entriesOf = async (jar: { export(): Promise<string> }): Promise<readonly Entry[]> =>
  (JSON.parse(await jar.export()) as { readonly cookies: readonly Entry[] }).cookies

/** What a fresh jar has for `asked`, after `cookie` came from `from`. */
async function after(cookie: string, from = api, asked = from): Promise<string> {
  const jar = memoryCookieJar({ clock: new FakeClock() })
  await jar.setCookie(cookie, from)
  return jar.getCookieString(asked)
}

const saved = (...cookies: unknown[]): object => ({ version: 'tough-cookie@6.1.0', cookies })
const entry = (more: object = {}): object => ({ key: 'sid', value: '1', domain: 'api.example.com', path: '/', ...more })

describe('CK-1 the contract with cookieLink', () => {
  test('CK-1 our jars and those of tough-cookie are what it takes, with the same answers', async () => {
    const jars: readonly CookieJar[] = [memoryCookieJar(), new ToughCookieJar()]
    for (const jar of jars) {
      await jar.setCookie('sid=1; Path=/; Secure; HttpOnly', api)
      expect(await jar.getCookieString(api)).toBe('sid=1')
      expect(await jar.getCookieString('https://other.example.com/')).toBe('')
    }
  })

  test('CK-1 threats 15 two jars have nothing in common: 1,000 users, and none sees a cookie of another', async () => {
    const jars = Array.from({ length: 1_000 }, () => memoryCookieJar())
    await Promise.all(jars.map((jar, user) => jar.setCookie(`sid=${user}; Path=/`, api)))
    expect(await Promise.all(jars.map((jar) => jar.getCookieString(api)))).toEqual(jars.map((_, user) => `sid=${user}`))
  })

  test('CK-1 options that cannot work are refused when the jar is made', () => {
    for (const options of [{ fetch: 'fetch' }, { allowInsecure: 1 }, { clock: {} }]) {
      expect(() => memoryCookieJar(options as never)).toThrow(OptionsError)
    }
    expect(() => memoryCookieJar({ fetch: 1 } as never)).toThrow('memoryCookieJar: fetch is a function')
  })
})

describe('AUTH-34 what the server says is honoured', () => {
  test('AUTH-34 domain: the host alone, or all hosts below', async () => {
    const domain = 'sid=1; Path=/; Domain=.EXAMPLE.com'
    expect(await after(domain, api, 'https://example.com/')).toBe('sid=1')
    expect(await after(domain, api, 'https://a.b.example.com/')).toBe('sid=1')
    expect(await after(domain, api, 'https://badexample.com/')).toBe('')
    expect(await after('sid=1; Path=/', api, 'https://a.api.example.com/')).toBe('')
    expect(await after('sid=1; Path=/; Domain=', api)).toBe('sid=1')
    for (const foreign of ['evil.com', 'a.api.example.com', 'ample.com', 'api.example.com.', 'ü%%.com', 'com']) {
      expect(await after(`sid=1; Path=/; Domain=${foreign}`)).toBe('')
    }
  })

  test('AUTH-34 path: as said, or the folder of the URL; an escaped URL is taken as it is', async () => {
    expect(await after('sid=1; Path=/admin', api, 'https://api.example.com/admin/users')).toBe('sid=1')
    expect(await after('sid=1; Path=/admin', api, 'https://api.example.com/administrators')).toBe('')
    expect(await after('sid=1', 'https://api.example.com/v1/login', 'https://api.example.com/v1/graphql')).toBe('sid=1')
    expect(await after('sid=1', 'https://api.example.com/v1/login', 'https://api.example.com/graphql')).toBe('')
    expect(await after('sid=1; Path=/caf%C3%A9', api, 'https://api.example.com/café/menu')).toBe('sid=1')
  })

  test('AUTH-34 Secure: not to http, but to this machine', async () => {
    expect(await after('sid=1; Path=/; Secure', api, 'http://api.example.com/')).toBe('')
    expect(await after('sid=1; Path=/; Secure', 'http://api.example.com/', api)).toBe('')
    for (const local of ['http://localhost:4000/', 'http://127.0.0.1:4000/', 'http://[::1]:4000/']) {
      expect(await after('sid=1; Path=/; Secure', local)).toBe('sid=1')
    }
  })

  test('AUTH-34 Max-Age=0 and an Expires that is past delete; Max-Age wins; ports are one host', async () => {
    const jar = memoryCookieJar({ clock: new FakeClock() })
    for (const end of ['Max-Age=0', 'Max-Age=-5', 'Expires=Thu, 01 Jan 1970 00:00:00 GMT']) {
      await jar.setCookie('sid=1', api)
      expect(await jar.getCookieString('https://api.example.com:8443/graphql')).toBe('sid=1')
      expect(await jar.setCookie(`sid=; ${end}`, api)).toBe(true)
      expect(await jar.getCookieString(api)).toBe('')
    }
    await jar.setCookie('sid=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT', api)
    expect(await jar.getCookieString(api)).toBe('sid=1')
  })

  test('AUTH-34 longer paths first, then the older cookie, also when it gets a new value', async () => {
    const jar = memoryCookieJar({ clock: new FakeClock() })
    for (const cookie of ['b=1; Path=/', 'a=2; Path=/', 'c=3; Path=/graphql', 'b=4; Path=/']) {
      await jar.setCookie(cookie, api)
    }
    expect(await jar.getCookieString(api)).toBe('c=3; b=4; a=2')
  })

  test('AUTH-34 what cannot be sent, or is no cookie, is left out', async () => {
    for (const bad of [
      '',
      'sid',
      '=1',
      'sid=ü',
      'sid=€',
      'sid=a\tb',
      'sid=1\r\nx: y',
      'si\x7fd=1',
      'sid=1; Path=/\u0000',
    ]) {
      const jar = memoryCookieJar()
      expect(await jar.setCookie(bad, api)).toBe(false)
      expect(await jar.getCookieString(api)).toBe('')
    }
    expect(await memoryCookieJar().setCookie(undefined as never, api)).toBe(false)
  })

  test('AUTH-34 a URL that has no cookies is an error that does not show it', async () => {
    const canary = secretCanary()
    const jar = memoryCookieJar()
    for (const url of [`/graphql?${canary.value}`, `ftp://${canary.value}@host/`, `data:,${canary.value}`, '']) {
      for (const call of [jar.getCookieString(url), jar.setCookie('sid=1', url)]) {
        const error = await call.catch((reason: unknown) => reason)
        expect(error).toBeInstanceOf(CookieJarError)
        expect(error).toMatchObject({ code: 'COOKIE_JAR', link: 'memoryCookieJar' })
        canary.check(error)
      }
    }
  })
})

describe('threats 21 a jar with guards', () => {
  test('threats 21 nobody sets a cookie for all of a public suffix', async () => {
    const cases = [
      ['https://evil.co.uk/', 'co.uk'],
      ['https://evil.co.uk/', 'CO.UK'],
      ['https://evil.co.uk./', 'co.uk.'],
      ['https://EVIL.github.io/', 'GitHub.io'],
      ['https://evil.xn--p1ai/', 'рф'],
      ['https://evil.test/', 'test'],
      ['https://evil.com/', 'com'],
      ['https://evil.localhost/', 'localhost'],
    ] as const
    for (const [url, domain] of cases) {
      const jar = memoryCookieJar()
      expect(await jar.setCookie(`sid=1; Path=/; Domain=${domain}`, url)).toBe(false)
      expect(await entriesOf(jar)).toEqual([])
    }
  })

  test('threats 21 a host that is a public suffix, an address or a single word has cookies of its own alone', async () => {
    for (const [url, domain, below] of [
      ['https://github.io/', 'github.io', 'https://x.github.io/'],
      ['https://127.0.0.1/', '127.0.0.1', 'https://1.127.0.0.1.example.com/'],
      ['https://[::1]/', '[::1]', 'https://[::2]/'],
      ['https://intranet/', 'intranet', 'https://x.intranet/'],
      ['https://localhost/', 'localhost', 'https://x.localhost/'],
    ] as const) {
      expect(await after(`sid=1; Path=/; Domain=${domain}`, url)).toBe('sid=1')
      expect(await after(`sid=1; Path=/; Domain=${domain}`, url, below)).toBe('')
    }
  })

  test('threats 21 a neighbour that sets the name for the whole domain does not replace the cookie of the host', async () => {
    const jar = memoryCookieJar()
    await jar.setCookie('sid=mine; Path=/', 'https://example.com/')
    await jar.setCookie('sid=evil; Path=/; Domain=example.com', 'https://evil.example.com/')
    expect(await jar.getCookieString('https://example.com/')).toBe('sid=mine; sid=evil')
  })

  test('CK-3 http neither replaces, hides nor deletes a cookie that is Secure', async () => {
    const jar = memoryCookieJar({ clock: new FakeClock() })
    const http = api.replace('https', 'http')
    await jar.setCookie('sid=good; Path=/; Domain=example.com; Secure', api)
    for (const evil of [
      'sid=evil; Path=/; Domain=example.com',
      'sid=evil; Path=/graphql',
      'sid=evil; Path=/',
      'sid=evil; Path=/; Domain=api.example.com',
      'sid=; Path=/; Domain=example.com; Max-Age=0',
      'sid=evil; Path=/; Domain=example.com; Secure',
    ]) {
      expect(await jar.setCookie(evil, http)).toBe(false)
    }
    expect(await jar.getCookieString(api)).toBe('sid=good')
    expect(await jar.setCookie('other=1', http)).toBe(true)
    // Over https it may.
    expect(await jar.setCookie('sid=new; Path=/; Domain=example.com', api)).toBe(true)
    expect(await jar.getCookieString(http)).toBe('sid=new; other=1')
  })

  test('CK-3 a Secure cookie of one path does not guard a path above, and one that expired guards nothing', async () => {
    const clock = new FakeClock()
    const jar = memoryCookieJar({ clock })
    const http = 'http://api.example.com/'
    await jar.setCookie('sid=good; Path=/admin; Secure; Max-Age=60', api)
    expect(await jar.setCookie('sid=plain; Path=/admin/users', http)).toBe(false)
    expect(await jar.setCookie('sid=plain; Path=/admin; Domain=example.com', http)).toBe(false)
    expect(await jar.setCookie('sid=plain; Path=/', http)).toBe(true)
    expect(await jar.getCookieString('https://api.example.com/admin')).toBe('sid=good; sid=plain')
    await clock.advance(60_000)
    expect(await jar.setCookie('sid=plain; Path=/admin/users', http)).toBe(true)
  })

  test('CK-4 the prefixes of names, in whatever case', async () => {
    const both = (name: string): string[] => [name, name.toLowerCase(), name.toUpperCase()]
    const good = [
      ...both('__Secure-a').map((name) => `${name}=1; Secure; Domain=example.com`),
      ...both('__Host-a').map((name) => `${name}=1; Secure; Path=/`),
      ...both('__Http-a').map((name) => `${name}=1; Secure; HttpOnly; Domain=example.com`),
      ...both('__Host-Http-a').map((name) => `${name}=1; Secure; HttpOnly; Path=/`),
    ]
    const bad = [
      ...both('__Secure-a').map((name) => `${name}=1; Path=/`),
      ...both('__Host-a').flatMap((name) => [
        `${name}=1; Path=/`,
        `${name}=1; Secure; Path=/; Domain=api.example.com`,
        `${name}=1; Secure; Path=/graphql`,
        `${name}=1; Secure`,
      ]),
      ...both('__Http-a').flatMap((name) => [`${name}=1; Secure; Path=/`, `${name}=1; HttpOnly; Path=/`]),
      ...both('__Host-Http-a').flatMap((name) => [
        `${name}=1; Secure; Path=/`,
        `${name}=1; HttpOnly; Path=/`,
        `${name}=1; Secure; HttpOnly`,
        `${name}=1; Secure; HttpOnly; Path=/; Domain=example.com`,
      ]),
    ]
    const root = 'https://api.example.com/'
    for (const cookie of good) expect([cookie, await memoryCookieJar().setCookie(cookie, root)]).toEqual([cookie, true])
    for (const cookie of bad) expect([cookie, await memoryCookieJar().setCookie(cookie, root)]).toEqual([cookie, false])
    for (const cookie of good) {
      expect(await memoryCookieJar().setCookie(cookie, 'http://api.example.com/')).toBe(false)
    }
  })

  test('CK-5 a cookie has at most 4,096 bytes; a path of more than 1,024 counts as none', async () => {
    expect(await after(`sid=${'x'.repeat(4_093)}`)).toHaveLength(4_097)
    expect(await after(`sid=${'x'.repeat(4_094)}`)).toBe('')
    expect(await after(`${'n'.repeat(100_000)}=1`)).toBe('')
    const jar = memoryCookieJar()
    await jar.setCookie(`sid=1; Path=/${'x'.repeat(1_024)}; ${'Filler='.repeat(100_000)}`, api)
    expect(await entriesOf(jar)).toMatchObject([{ path: '/' }])
    expect((await jar.export()).length).toBeLessThan(400)
  })

  test('CK-5 a site has at most 180 cookies, all its subdomains together; the one unused for longest goes', async () => {
    const clock = new FakeClock()
    const jar = memoryCookieJar({ clock })
    await jar.setCookie('first=1; Path=/first', 'https://www.example.com/')
    await jar.setCookie('second=1; Path=/second', 'https://www.example.com/')
    await jar.setCookie('other=1', 'https://example.org/')
    for (let count = 2; count < 180; count++) await jar.setCookie(`c=1`, `https://h${count}.example.com/`)
    await jar.getCookieString('https://www.example.com/first')
    await jar.setCookie('more=1', api)
    const kept = await entriesOf(jar)
    expect(kept).toHaveLength(181)
    expect(kept.map(({ key }) => key)).toEqual(expect.arrayContaining(['first', 'other', 'more']))
    expect(kept.map(({ key }) => key)).not.toContain('second')
  })

  test('CK-5 a jar has at most 3,000: those that were not used for longest go', async () => {
    const full = Array.from({ length: 2_990 }, (_, index) =>
      entry({ key: `c${index}`, domain: `site${index % 20}.com` }),
    )
    const jar = memoryCookieJar({ from: saved(...full) })
    expect(await jar.getCookieString('https://site0.com/')).toMatch(/^c0=1; c20=1; /)
    for (let count = 0; count < 20; count++) await jar.setCookie(`n${count}=1`, 'https://new.com/')
    expect(await entriesOf(jar)).toHaveLength(3_000)
    expect((await jar.getCookieString('https://site0.com/')).split('; ')).toHaveLength(150)
    expect(await jar.getCookieString('https://site1.com/')).toMatch(/^c21=1; c41=1; /)
    expect((await jar.getCookieString('https://new.com/')).split('; ')).toHaveLength(20)
  })

  test('CK-5 what comes over http does not push out what is Secure', async () => {
    const jar = memoryCookieJar()
    await jar.setCookie('sid=1; Secure; Path=/', api)
    for (let count = 0; count < 1_000; count++) await jar.setCookie(`c${count}=1`, 'http://evil.example.com/')
    expect(await jar.getCookieString(api)).toBe('sid=1')
    expect(await entriesOf(jar)).toHaveLength(180)
  })

  test('CK-5 a header has at most 16,384 bytes: what does not fit stays away', async () => {
    const jar = memoryCookieJar()
    for (let count = 0; count < 10; count++) await jar.setCookie(`c${count}=${'x'.repeat(3_000)}`, api)
    await jar.setCookie('sid=1', api)
    const header = await jar.getCookieString(api)
    expect(header.length).toBeLessThanOrEqual(16_384)
    expect(header.split('; ').map((pair) => pair.split('=')[0])).toEqual(['c0', 'c1', 'c2', 'c3', 'c4', 'sid'])
  })

  test('CK-6 SameSite is one of three words, or nothing', async () => {
    const jar = memoryCookieJar()
    const said = ['Strict', 'LAX', 'none', 'Strictly', 'NotStrict', 'Lax Strict', 'strict,none', '']
    for (const [index, word] of said.entries()) await jar.setCookie(`c${index}=1; SameSite=${word}`, api)
    const modes = (await entriesOf(jar)).map(({ sameSite }) => sameSite)
    expect(modes).toEqual(['strict', 'lax', 'none', ...Array.from({ length: 5 }, () => undefined)])
  })

  test('CK-13 no cookie lives longer than 400 days, by the clock of the jar', async () => {
    for (const life of ['Max-Age=99999999999', `Max-Age=${'9'.repeat(400)}`, 'Expires=Fri, 31 Dec 9999 23:59:59 GMT']) {
      const clock = new FakeClock()
      const jar = memoryCookieJar({ clock })
      await jar.setCookie(`sid=1; ${life}`, api)
      clock.setDate(400 * dayMs - 1)
      expect(await jar.getCookieString(api)).toBe('sid=1')
      clock.setDate(1)
      expect(await jar.getCookieString(api)).toBe('')
    }
  })

  test('CK-13 Max-Age counts from when the cookie came, however often it is used', async () => {
    const clock = new FakeClock()
    const jar = memoryCookieJar({ clock })
    await jar.setCookie('sid=1; Max-Age=60', api)
    for (let count = 0; count < 5; count++) {
      expect(await jar.getCookieString(api)).toBe('sid=1')
      await clock.advance(12_000)
    }
    expect(await jar.getCookieString(api)).toBe('')
    expect(await entriesOf(jar)).toEqual([])
  })

  test('CK-12 a WebSocket has the cookies of its http or https twin, and sets them', async () => {
    expect(await after('sid=1; Path=/; Secure', api, 'wss://api.example.com/graphql')).toBe('sid=1')
    expect(await after('sid=1; Path=/; Secure', api, 'ws://api.example.com/graphql')).toBe('')
    expect(await after('sid=1; Path=/; Secure', 'wss://api.example.com/graphql', api)).toBe('sid=1')
    expect(await after('sid=1; Path=/; Secure', 'ws://api.example.com/graphql', api)).toBe('')
    expect(await after('sid=1; Path=/', 'ws://api.example.com/graphql', 'http://api.example.com/')).toBe('sid=1')
    expect(await after('__Host-sid=1; Path=/; Secure', 'ws://127.0.0.1:4000/graphql')).toBe('__Host-sid=1')
  })
})

describe('CK-7 a jar is saved and restored', () => {
  const set = [
    ['sid=s3cr3t; Secure; HttpOnly; SameSite=Lax; Path=/', api],
    ['theme=dark; Domain=example.com; Max-Age=60', api],
    ['old=1; Path=/admin', 'http://example.org/'],
  ] as const

  test('CK-7 host-only, Secure, HttpOnly, path and expiry stay, in whole jars and in parsed ones', async () => {
    const clock = new FakeClock()
    const jar = memoryCookieJar({ clock })
    for (const [cookie, url] of set) await jar.setCookie(cookie, url)
    const text = await jar.export()
    for (const from of [text, JSON.parse(text) as object]) {
      const copy = memoryCookieJar({ clock, from })
      expect(await copy.export()).toBe(text)
      expect(await copy.getCookieString(api)).toBe('sid=s3cr3t; theme=dark')
      expect(await copy.getCookieString('https://a.api.example.com/')).toBe('theme=dark')
      expect(await copy.getCookieString('http://api.example.com/')).toBe('theme=dark')
    }
    expect(await entriesOf(jar)).toMatchObject([
      { key: 'sid', hostOnly: true, secure: true, httpOnly: true, sameSite: 'lax', path: '/' },
      { key: 'theme', hostOnly: false, secure: false, httpOnly: false, expires: '2026-01-01T00:01:00.000Z' },
      { key: 'old', path: '/admin' },
    ])
    await clock.advance(60_000)
    expect(await entriesOf(memoryCookieJar({ clock, from: text }))).toHaveLength(2)
  })

  test('CK-7 a jar of tough-cookie comes in, and ours goes into tough-cookie', async () => {
    const tough = new ToughCookieJar()
    for (const [cookie, url] of set) await tough.setCookie(cookie, url)
    const ours = memoryCookieJar({ from: (await tough.serialize()) as object })
    expect(await ours.getCookieString(api)).toBe('sid=s3cr3t; theme=dark')
    expect(await ours.getCookieString('http://example.org/admin')).toBe('old=1')
    const back = await ToughCookieJar.deserialize(await ours.export())
    expect(await back.getCookieString(api)).toBe('sid=s3cr3t; theme=dark')
    expect(await back.getCookieString('http://a.example.com/')).toBe('theme=dark')
  })

  test('CK-7 the order of cookies, and which was used last, stay, also of those that came in one millisecond', async () => {
    const clock = new FakeClock()
    const jar = memoryCookieJar({ clock })
    for (const name of ['c', 'a', 'b']) await jar.setCookie(`${name}=1; Path=/`, api)
    await clock.advance(1)
    for (let count = 0; count < 177; count++) await jar.setCookie(`n=1; Path=/n${count}`, api)
    await clock.advance(1)
    await jar.setCookie('a=2; Path=/', api)
    await clock.advance(1)
    await jar.getCookieString('https://api.example.com/n0')
    const copy = memoryCookieJar({ clock, from: await jar.export() })
    for (const one of [jar, copy]) {
      expect(await one.getCookieString('https://api.example.com/n0')).toBe('n=1; c=1; a=2; b=1')
      await one.setCookie('more=1; Path=/more', api)
      expect(await one.getCookieString('https://api.example.com/n0')).toBe('n=1; c=1; a=2; b=1')
      expect(await one.getCookieString('https://api.example.com/n1')).not.toContain('n=1')
    }
  })

  test('CK-7 what no server could have set is left out', async () => {
    const bad: readonly unknown[] = [
      null,
      'sid=1',
      7,
      [],
      [['key', 'sid']],
      {},
      entry({ key: '' }),
      entry({ key: 1 }),
      entry({ key: 'a=b' }),
      entry({ key: 'a;b' }),
      entry({ key: 'x\r\ny' }),
      entry({ value: 'x; y' }),
      entry({ value: 'x\r\nset-cookie: y' }),
      entry({ value: 'x'.repeat(100_000) }),
      entry({ value: ' x' }),
      entry({ value: {} }),
      entry({ domain: 'API.example.com' }),
      entry({ domain: '.example.com' }),
      entry({ domain: null }),
      entry({ domain: 'a/b' }),
      entry({ domain: 'com', hostOnly: false }),
      entry({ domain: 'co.uk', hostOnly: false }),
      entry({ domain: '127.0.0.1', hostOnly: false }),
      entry({ path: undefined }),
      entry({ path: 'x' }),
      entry({ path: '/\n' }),
      entry({ path: `/${'x'.repeat(1_024)}` }),
      entry({ secure: 'true' }),
      entry({ hostOnly: 0 }),
      entry({ httpOnly: {} }),
      entry({ expires: 'soon' }),
      entry({ expires: {} }),
      entry({ maxAge: 'long' }),
      entry({ maxAge: { toString: 1 } }),
      entry({ maxAge: -1 }),
      entry({ maxAge: '-Infinity' }),
      entry({ expires: '2020-01-01T00:00:00Z' }),
      entry({ key: '__host-sid' }),
      entry({ key: '__Host-sid', secure: true, path: '/x' }),
      entry({ key: '__Http-sid', secure: true }),
      JSON.parse('{"__proto__":{"key":"sid","value":"1","domain":"api.example.com","path":"/"}}'),
      Object.create(entry()),
    ]
    for (const one of bad) {
      const jar = memoryCookieJar({ from: JSON.stringify(saved(one, entry({ key: 'good' }))) })
      expect([one, (await entriesOf(jar)).map(({ key }) => key)]).toEqual([one, ['good']])
      expect(await memoryCookieJar({ from: saved(one) }).getCookieString(api)).toBe('')
    }
  })

  test('CK-7 what is missing is taken for the safer: one host, and an end', async () => {
    const clock = new FakeClock()
    const far = '9999-12-31T23:59:59Z'
    const jar = memoryCookieJar({
      clock,
      from: saved(
        entry({ key: 'a', hostOnly: null }),
        entry({ key: 'b', expires: far }),
        entry({ key: 'c', maxAge: 'Infinity', creation: far, lastAccessed: far }),
        entry({ key: 'd', maxAge: 10, lastAccessed: new Date(clock.date()).toISOString() }),
      ),
    })
    expect(await jar.getCookieString('https://a.api.example.com/')).toBe('')
    expect(await jar.getCookieString(api)).toBe('a=1; b=1; c=1; d=1')
    await clock.advance(10_000)
    expect(await jar.getCookieString(api)).toBe('a=1; b=1; c=1')
    clock.setDate(400 * dayMs)
    expect(await jar.getCookieString(api)).toBe('a=1')
  })

  test('CK-7 what is no saved jar is a typed error that shows nothing of it', async () => {
    const canary = secretCanary()
    const text = JSON.stringify(saved(entry({ value: canary.value })))
    const bad = [
      '',
      'null',
      text.slice(0, -1),
      text.slice(0, text.indexOf(canary.value) + 10),
      `${canary.value}`,
      `"${canary.value}"`,
      `{"cookies":{"0":"${canary.value}"},"length":1}`,
      `[${text}]`,
      new ToughCookieJar(),
      [],
      `{"__proto__":{"cookies":["${canary.value}"]}}`,
      '['.repeat(1_000_000),
      ' '.repeat(32 * 1_048_576 + 1),
    ]
    for (const from of bad) {
      let error: unknown
      try {
        memoryCookieJar({ from })
      } catch (thrown) {
        error = thrown
      }
      expect(error).toBeInstanceOf(CookieJarError)
      expect(String(error)).toContain('memoryCookieJar: this is no saved jar')
      canary.check(error)
    }
  })

  test('CK-7 threats 12 names like __proto__ are names, and pollute nothing', async () => {
    const jar = memoryCookieJar()
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      await jar.setCookie(`${name}=polluted; Path=/; Max-Age=60`, 'https://__proto__/')
    }
    const copy = memoryCookieJar({ from: await jar.export() })
    expect((await copy.getCookieString('https://__proto__/')).split('; ')).toHaveLength(4)
    memoryCookieJar({ from: '{"cookies":[{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}]}' })
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  test('CK-7 threats 12 a polluted Object.prototype adds nothing to a jar, nor to an entry', async () => {
    const names = ['from', 'cookies', 'domain', 'secure', 'hostOnly', 'fetch', 'allowInsecure'] as const
    const prototype = Object.prototype as Record<string, unknown>
    try {
      for (const name of names) prototype[name] = 'polluted'
      const jar = memoryCookieJar({
        from: '{"cookies":[{"key":"sid","value":"1","domain":"api.example.com","path":"/"}]}',
      })
      expect(await jar.getCookieString(api)).toBe('sid=1')
      expect(() => memoryCookieJar({ from: '{}' })).toThrow(CookieJarError)
    } finally {
      for (const name of names) delete prototype[name]
    }
  })

  test('CK-7 whatever JSON comes, it is a jar or a typed error', async () => {
    const keys = ['key', 'value', 'domain', 'path', 'hostOnly', 'secure', 'expires', 'maxAge', 'creation', 'cookies']
    const values = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('/', 'example.com', 'Infinity', true, 0, -1, 1e300, '__proto__'),
      fc.string({ unit: 'binary' }),
    )
    const entries = fc.dictionary(fc.oneof(fc.constantFrom(...keys), fc.constant('__proto__')), values)
    await fc.assert(
      fc.asyncProperty(fc.oneof(values, fc.record({ cookies: fc.array(entries) })), async (json) => {
        try {
          const jar = memoryCookieJar({ from: JSON.stringify(json) })
          expect(await jar.getCookieString('https://example.com/')).toMatch(/^[\x20-\x7e]*$/)
        } catch (error) {
          expect(error).toBeInstanceOf(CookieJarError)
        }
      }),
    )
  })

  test('AUTH-37 clear forgets everything', async () => {
    const jar = memoryCookieJar()
    for (const [cookie, url] of set) await jar.setCookie(cookie, url)
    await jar.clear()
    expect(await jar.getCookieString(api)).toBe('')
    expect(await entriesOf(jar)).toEqual([])
  })

  test('AUTH-37 a jar that is printed shows no cookie', async () => {
    const canary = secretCanary()
    const jar = memoryCookieJar()
    await jar.setCookie(`sid=${canary.value}`, api)
    canary.check(jar)
  })
})

describe('whatever servers send', () => {
  const hosts = ['example.com', 'api.example.com', 'evil.example.com', 'example.co.uk', 'localhost', '127.0.0.1']
  const urls = fc
    .tuple(fc.constantFrom('http', 'https', 'ws', 'wss'), fc.constantFrom(...hosts), fc.webPath())
    .map(([scheme, host, path]) => `${scheme}://${host}${path}`)
  const attributes = fc.oneof(
    fc.constantFrom('Secure', 'HttpOnly', 'Path=/', 'Domain=example.com', 'Domain=com', 'Max-Age=5', 'Max-Age=0'),
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.nat().map((age) => `Max-Age=${age}`),
  )
  const names = fc.oneof(fc.constantFrom('sid', '__Host-a', '__secure-b'), fc.string({ unit: 'binary', maxLength: 10 }))
  const values = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.nat(5_000).map((length) => 'v'.repeat(length)),
  )
  const fields = fc
    .tuple(names, values, fc.array(attributes, { maxLength: 5 }))
    .map(([name, value, rest]) => [`${name}=${value}`, ...rest].join('; '))

  test('CK-5 the header is bounded, and has neither CR nor LF nor what cannot be sent', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fields, urls), { maxLength: 40 }), async (steps) => {
        const clock = new FakeClock()
        const jar = memoryCookieJar({ clock })
        for (const [field, url] of steps) {
          await jar.setCookie(field, url)
          await clock.advance(1_000)
          const header = await jar.getCookieString(url)
          expect(header).toMatch(/^([\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?)?$/)
          expect(header.length).toBeLessThanOrEqual(16_384)
        }
        const copy = memoryCookieJar({ clock, from: await jar.export() })
        for (const [, url] of steps) expect(await copy.getCookieString(url)).toBe(await jar.getCookieString(url))
      }),
      { numRuns: 200 },
    )
  })

  test('CK-3 a cookie that is Secure never leaves, or changes, over a connection that others can read', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fields, urls), { maxLength: 40 }), async (steps) => {
        const jar = memoryCookieJar({ clock: new FakeClock() })
        await jar.setCookie('sid=good; Secure; Path=/; Domain=example.com', 'https://example.com/')
        for (const [field, url] of steps.filter(([, { 4: s }]) => s !== 's')) {
          await jar.setCookie(field, url.replace(/^(http|ws)s/, '$1'))
        }
        expect(await jar.getCookieString('https://example.com/')).toMatch(/(^|; )sid=good(;|$)/)
        expect(await jar.getCookieString('http://example.com/')).not.toContain('good')
      }),
      { numRuns: 200 },
    )
  })

  test('threats 14 long fields are read in time', async () => {
    const jar = memoryCookieJar()
    const long = 1_000_000
    const start = performance.now()
    for (const field of [
      `sid=${'a '.repeat(long / 2)}`,
      `${' '.repeat(long)}sid=1`,
      `sid=1${';'.repeat(long)}`,
      `sid=1; Expires=${'1:1:1 '.repeat(long / 6)}`,
      `sid=1; Domain=${'a.'.repeat(long / 2)}`,
      `sid=1; Path=/${'%'.repeat(long)}`,
    ]) {
      await jar.setCookie(field, api)
    }
    expect(performance.now() - start).toBeLessThan(3_000)
  })
})
