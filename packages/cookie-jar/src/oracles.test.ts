import fc from 'fast-check'
import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CookieJar as ToughCookieJar } from 'tough-cookie'
import { memoryCookieJar } from './index.ts'

// Other engines, and what they agree with us about. Where a guard of ours differs, nothing of the kind is generated:
// prefixes of names, limits, the host cookie of a public suffix, and what memoryCookieJar.test.ts says of tough-cookie.

/** A request, and the cookies in its response. */
interface Step {
  readonly url: string
  readonly fields: readonly string[]
}

const hosts = [
  'example.com',
  'a.example.com',
  'b.a.example.com',
  'example.co.uk',
  'x.github.io',
  'localhost',
  '127.0.0.1',
]
const domains = [
  'example.com',
  '.example.com',
  'EXAMPLE.com',
  'a.example.com',
  'ample.com',
  'com',
  'co.uk',
  'github.io',
  'o.org',
]
const paths = ['/', '/a', '/a/b', '/ab', '/a/b/c.html']

/** One attribute: there in some spelling, or not. */
const attribute = (...spellings: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof({ weight: 2, arbitrary: fc.constant('') }, { weight: 1, arbitrary: fc.constantFrom(...spellings) })

const names = fc.constantFrom('sid', 'a', 'b', 'A', 'sid.sig')
const values = fc.string({ unit: fc.constantFrom(...'azAZ09_-.:%+/=&,"|~!*()'.split('')), maxLength: 12 })
const domainAttribute = attribute(...domains.map((domain) => `Domain=${domain}`), 'domain=', 'Domain= example.com ')
const lifeSpellings = [
  'Max-Age=0',
  'Max-Age=-1',
  'max-age=3600',
  'Max-Age=99999999999',
  'Expires=Thu, 01 Jan 1970 00:00:00 GMT',
  'expires=Thu, 31 Dec 2099 23:59:59 GMT',
  'Expires=Thu, 31-Dec-2099 23:59:59 GMT; Max-Age=0',
  'Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT',
]
const flags = attribute('Secure', 'HttpOnly', 'secure; httponly', 'SameSite=Lax', 'Priority=High; Partitioned')

const field = (path: fc.Arbitrary<string>, lives: readonly string[] = []): fc.Arbitrary<string> =>
  fc
    .tuple(names, values, domainAttribute, path, attribute(...lifeSpellings, ...lives), flags)
    .map(([name, value, ...rest]) => [`${name}=${value}`, ...rest.filter(Boolean)].join('; '))

const sequence = (scheme: string, fields: fc.Arbitrary<string>, inOne: number): fc.Arbitrary<readonly Step[]> =>
  fc.array(
    fc.record({
      url: fc
        .tuple(fc.constantFrom(...hosts), fc.constantFrom(...paths))
        .map(([host, path]) => `${scheme}://${host}${path}`),
      fields: fc.array(fields, { maxLength: inOne }),
    }),
    { minLength: 2, maxLength: 16 },
  )

const pathAttribute = attribute('Path=/', 'path=/a', 'Path=/a/b', 'Path=/ab')

describe('tough-cookie', () => {
  // It takes a cookie of the host and one of its domain for the same: here their names are different.
  const apart = field(fc.oneof(pathAttribute, attribute('Path=a', 'Path=', 'Path=/a/')), ['Max-Age=soon']).map((text) =>
    /domain= *[\w.]/i.test(text) ? `d-${text}` : text,
  )

  for (const scheme of ['https', 'http']) {
    test(`CK-1 it has the same cookies in the same order, over ${scheme}`, async () => {
      // Over http, tough-cookie lets a cookie that is not Secure replace one that is.
      const fields = scheme === 'https' ? apart : apart.map((text) => text.replaceAll(/; secure/gi, ''))
      await fc.assert(
        fc.asyncProperty(sequence(scheme, fields, 3), async (steps) => {
          const ours = memoryCookieJar()
          const theirs = new ToughCookieJar()
          for (const { url, fields: sent } of steps) {
            expect(await ours.getCookieString(url)).toBe(await theirs.getCookieString(url))
            for (const text of sent) {
              await ours.setCookie(text, url)
              await theirs.setCookie(text, url, { ignoreError: true })
              // It forgets what has expired when it is asked for it, and not before.
              await theirs.getCookies(url, { allPaths: true })
            }
          }
          const restored = memoryCookieJar({ from: (await theirs.serialize()) as object })
          for (const { url } of steps) {
            const expected = await theirs.getCookieString(url)
            expect(await ours.getCookieString(url)).toBe(expected)
            expect(await restored.getCookieString(url)).toBe(expected)
          }
        }),
        { numRuns: 150 },
      )
    })
  }
})

// One that knows no public suffixes has other answers.
const hasCurl = /^Features:.* PSL\b/m.test(spawnSync('curl', ['--version'], { encoding: 'utf8' }).stdout ?? '')
// oxlint-disable-next-line no-console -- what is skipped is said
if (!hasCurl) console.warn('Skipped, since there is no curl with PSL: the comparison with its cookies')

;(hasCurl ? describe : describe.skip)('curl', () => {
  test('CK-1 it sends the same cookies, also those that it kept in a file', async () => {
    let answers: readonly (readonly string[])[] = []
    const received: string[] = []
    const server = createServer((request, response) => {
      received.push(request.headers.cookie ?? '')
      const index = Number(/\?(\d+)/.exec(request.url ?? '')?.[1])
      response.writeHead(200, { 'set-cookie': [...(answers[index] ?? [])] }).end()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const folder = await mkdtemp(join(tmpdir(), 'graphlinks-'))
    const file = join(folder, 'cookies.txt')
    const curl = (steps: readonly Step[], offset: number): Promise<unknown> => {
      const urls = steps.flatMap(({ url }, index) => ['-o', '/dev/null', `${url}?${offset + index}`])
      // Whatever the host, it is this server.
      const options = ['-q', '-s', '--noproxy', '*', '--connect-to', `::127.0.0.1:${port}`, '-b', file, '-c', file]
      return promisify(execFile)('curl', [...options, ...urls])
    }
    // For curl 7.88, "A" and "a" are one cookie.
    const fields = field(pathAttribute).map((text) => text.replace(/^A=/, 'c='))
    const sorted = (header: string): string[] => header.split('; ').toSorted()
    try {
      await fc.assert(
        // Of several fields in one response, curl 7.88 forgets that the first deleted a cookie.
        fc.asyncProperty(sequence('http', fields, 1), fc.nat(), async (steps, at) => {
          await rm(file, { force: true })
          answers = steps.map((step) => step.fields)
          received.length = 0
          const middle = 1 + (at % (steps.length - 1))
          await curl(steps.slice(0, middle), 0)
          await curl(steps.slice(middle), middle)
          let jar = memoryCookieJar()
          const asked: string[] = []
          for (const [index, { url, fields: sent }] of steps.entries()) {
            if (index === middle) jar = memoryCookieJar({ from: await jar.export() })
            asked.push(await jar.getCookieString(url))
            for (const text of sent) await jar.setCookie(text, url)
          }
          expect(asked.map(sorted)).toEqual(received.map(sorted))
        }),
        { numRuns: 40 },
      )
    } finally {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      await rm(folder, { recursive: true })
    }
  }, 60_000)
})
