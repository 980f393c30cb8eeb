import { CookieJarError, memoryCookieJar } from '@graphlinks/cookie-jar'
import { FakeClock } from '@graphlinks/testing'
import fc from 'fast-check'
import { bent, jsonWith, wild } from '../inputs.ts'
import { fuzzTarget, must } from '../target.ts'

const words = [
  'sid=1',
  'sid',
  '=',
  ';',
  '; ',
  'Secure',
  'HttpOnly',
  'SameSite=',
  'Lax',
  'None',
  'Path=',
  '/',
  'Domain=',
  'example.com',
  '.com',
  'api.',
  'Max-Age=',
  '-1',
  '1e9',
  'Expires=',
  'Thu, 01 Jan 2026 00:00:00 GMT',
  ',',
  '"',
  '__Host-',
  '__secure-',
  '__HTTP-',
  '[::1]',
  '127.0.0.1',
  '%00',
  'xn--',
  '\t',
  '\0',
]
const fields = [
  'sid=abc; Path=/; Domain=example.com; Secure; HttpOnly; SameSite=Lax; Max-Age=3600',
  '__Host-sid="a b"; Path=/; Secure; Expires=Thu, 01 Jan 2099 00:00:00 GMT',
  'a=; Domain=.api.example.com; Path=/graphql',
]
const urls = fc.constantFrom(
  'https://api.example.com/graphql',
  'http://api.example.com/',
  'wss://example.com/a/b',
  'http://127.0.0.1:4000/',
  'https://example.co.uk/',
  'https://[::1]/',
  'http://localhost/x',
)

/** A jar sends what can be sent, within bounds, keeps secrets off plain connections, and survives being saved. */
export const setCookie = fuzzTarget(
  'set-cookie',
  fc.array(fc.tuple(fc.oneof(wild(words), bent(fields, words)), urls, fc.nat(100_000)), { maxLength: 12 }),
  async (steps) => {
    const clock = new FakeClock()
    const jar = memoryCookieJar({ clock })
    await jar.setCookie('guard=good; Secure; Path=/', 'https://api.example.com/')
    for (const [field, url, ms] of steps) {
      // Who can write on a safe connection may well replace it.
      await jar.setCookie(field, url.replace(/^(http|ws)s:\/\/api/, '$1://api'))
      await clock.advance(ms)
      mustBeSendable(await jar.getCookieString(url))
    }
    must((await jar.getCookieString('https://api.example.com/')).includes('guard=good'), 'the guard is gone')
    must(!(await jar.getCookieString('http://api.example.com/')).includes('good'), 'the guard was sent in plain text')
    const copy = memoryCookieJar({ clock, from: await jar.export() })
    for (const [, url] of steps)
      must((await copy.getCookieString(url)) === (await jar.getCookieString(url)), 'the copy has other cookies')
  },
)

const saved = JSON.stringify({
  version: 'tough-cookie@6',
  cookies: [
    { key: 'sid', value: 'abc', domain: 'example.com', path: '/', hostOnly: false, secure: true, sameSite: 'lax' },
    {
      key: 'b',
      domain: 'api.example.com',
      path: '/',
      expires: '2099-01-01T00:00:00Z',
      creation: '2026-01-01T00:00:00Z',
    },
  ],
})
const names = [
  'version',
  'cookies',
  'key',
  'value',
  'domain',
  'path',
  'hostOnly',
  'secure',
  'httpOnly',
  'sameSite',
  'expires',
  'creation',
  'lastAccessed',
  'maxAge',
]

/** What was saved is a jar again, or a typed error that shows nothing of it. */
export const savedJar = fuzzTarget(
  'saved-jar',
  fc.oneof<fc.Arbitrary<unknown>[]>(
    bent([saved], ['"', '{', '}', '[', ']', ',', ':', 'null', '"key"', '1e999', '"Infinity"', '\\u0000', ...words]),
    jsonWith(names, ['example.com', '/', 'Infinity', '2099-01-01', '__Host-a']),
    jsonWith(names, ['example.com', '/', 'Infinity', '2099-01-01']).map((entry) => ({ cookies: [entry, entry] })),
  ),
  async (from) => {
    try {
      const jar = memoryCookieJar({ clock: new FakeClock(), from: from as object })
      for (const url of ['https://api.example.com/', 'http://example.com/'])
        mustBeSendable(await jar.getCookieString(url))
      memoryCookieJar({ from: await jar.export() })
    } catch (error) {
      const isOptions = (error as { code?: unknown }).code === 'BAD_OPTIONS'
      must(CookieJarError.is(error) || isOptions, `it threw ${String(error)}`)
      must((error as Error).message.length < 200, 'the message quotes what was saved')
    }
  },
)

function mustBeSendable(header: string): void {
  must(/^([\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?)?$/.test(header), 'a Cookie header has characters that cannot be sent')
  must(header.length <= 16_384, 'a Cookie header is too long')
}
