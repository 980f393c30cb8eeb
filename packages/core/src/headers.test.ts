import { memoryLink, secretCanary } from '@graphlinks/testing'
import * as fc from 'fast-check'
import {
  chain,
  checkHeaderName,
  checkHeaderValue,
  createClient,
  createOperation,
  createRequest,
  headerEntries,
  headerLink,
  HeaderError,
  withCredential,
  withHeader,
  type HeadersInput,
} from './index.ts'

function errorOf(run: () => unknown): HeaderError {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(HeaderError)
    return error as HeaderError
  }
  throw new Error('it should have been refused')
}

const characters = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => String.fromCodePoint(from + index))

const operation = createOperation({ document: 'query Q { a }' })

describe('CR-4 AUTH-8 threats 6 values are checked before any transport sees them', () => {
  const bad = [
    ...characters(0x00, 0x1f).filter((char) => char !== '\t'),
    ...characters(0x7f, 0xff),
    ...'\u0100 \u2028 \u212a \uff21 \ud800 \udc00 😀 \ufeff'.split(' '),
  ]

  test.each([
    ['in the middle', (char: string) => `abc${char}def`, 3],
    ['at the start', (char: string) => `${char}def`, 0],
    ['at the end', (char: string) => `abc${char}`, 3],
  ])('CR-4 every character but visible ASCII is refused %s, naming header and position', (_, place, position) => {
    for (const char of bad) {
      const canary = secretCanary()
      const value = place(char) + canary.value
      for (const run of [
        () => checkHeaderValue('x-name', place(char)),
        () => headerEntries({ 'x-name': place(char) }),
        () => withHeader(operation, 'X-Name', place(char)),
        () => withCredential(operation, { name: 'x-name', value: place(char) }),
        () => withCredential(operation, { name: 'x-name', value: place(char), in: 'query' }),
        () => headerLink({ 'x-name': place(char) }),
        () => createOperation({ document: '{ a }', headers: { 'x-name': place(char) } }),
        () => createRequest({ query: '{ a }', headers: { 'x-name': place(char) } }),
      ]) {
        const { message } = errorOf(run)
        expect(message).toContain('"x-name"')
        expect(message).toContain(`position ${position}`)
      }
      canary.check(errorOf(() => checkHeaderValue('x-name', value)))
    }
  })

  test('CR-4 inner spaces and tabs pass, outer ones are refused, and the limit is 16 KiB', () => {
    for (const good of ['', 'a', 'a b', 'a\tb', 'a  \t b', characters(0x21, 0x7e).join(''), 'a'.repeat(16_384)]) {
      expect(checkHeaderValue('x', good)).toBe(good)
    }
    for (const value of [' a', 'a ', '\ta', 'a\t', ' ', '\t', 'a\r\n', 'a\n']) {
      expect(errorOf(() => checkHeaderValue('x', value)).message).toMatch(/position \d+/)
    }
    expect(errorOf(() => checkHeaderValue('x', 'a'.repeat(16_385))).message).toContain('16385')
  })

  test('CR-7 what is no string is refused by kind, never converted', () => {
    const canary = secretCanary()
    for (const value of [
      1,
      true,
      1n,
      Symbol('x'),
      { toString: () => canary.value },
      [canary.value],
      () => canary.value,
    ]) {
      const error = errorOf(() => headerEntries({ 'x-name': value as never }))
      expect(error.message).toContain('"x-name"')
      canary.check(error)
    }
    const promise = errorOf(() => headerEntries({ 'x-name': Promise.resolve(canary.value) as never }))
    expect(promise.message).toContain('promise')
  })
})

describe('names', () => {
  test('CR-4 threats 6 a name is an RFC 9110 token, and comes in lower case', () => {
    const token = "!#$%&'*+-.^_`|~09AZaz"
    expect(checkHeaderName(token)).toBe(token.toLowerCase())
    for (const char of [
      ...characters(0x00, 0x20),
      ...'"(),/:;<=>?@[\\]{}'.split(''),
      ...characters(0x7f, 0x100),
      '\u212a',
      '😀',
    ]) {
      for (const name of [char, `x${char}`, `${char}x`, `x${char}y`]) {
        errorOf(() => checkHeaderName(name))
        errorOf(() => withHeader(operation, name, 'v'))
        errorOf(() => withCredential(operation, { name, value: 'v' }))
        errorOf(() => headerEntries([[name, null]]))
      }
    }
    errorOf(() => checkHeaderName(''))
  })

  test('CR-4 a name that is no string is a typed error as well', () => {
    for (const name of [undefined, null, 5, {}, ['x']]) {
      expect(() => headerEntries([[name as never, 'v']])).toThrow(HeaderError)
    }
  })

  test('HL-2 threats 4, 24 hop-by-hop and framing headers are refused, in any spelling, everywhere', () => {
    const names =
      'connection content-length expect host keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade'
    for (const lower of names.split(' ')) {
      for (const name of [lower, lower.toUpperCase(), lower.replace(/^./, (char) => char.toUpperCase())]) {
        for (const run of [
          () => checkHeaderName(name),
          () => headerLink({ [name]: 'v' }),
          () => headerLink({ [name]: null }),
          () => withHeader(operation, name, 'v'),
          () => createOperation({ document: '{ a }', headers: { [name]: 'v' } }),
        ]) {
          expect(errorOf(run).message).toContain(`"${lower}"`)
        }
      }
    }
  })

  test('HL-2 a name that only begins or ends as one of those passes', () => {
    for (const name of [
      'tenant',
      'hosted',
      'x-host',
      'upgrade-insecure-requests',
      'connection-id',
      'proxy-x',
      'expected',
    ])
      expect(checkHeaderName(name)).toBe(name)
  })

  test('HL-3 in a browser a forbidden name is a clear error, and elsewhere it passes', () => {
    const forbidden = [
      'Cookie',
      'origin',
      'Referer',
      'sec-fetch-mode',
      'Sec-X',
      'proxy-foo',
      'Access-Control-Request-Method',
      'cookie2',
      'Accept-Encoding',
      'DNT',
      'date',
    ]
    for (const name of forbidden) expect(checkHeaderName(name)).toBe(name.toLowerCase())
    for (const global of ['document', 'importScripts']) {
      Object.defineProperty(globalThis, global, { value: {}, configurable: true })
      try {
        for (const name of forbidden) {
          const { message } = errorOf(() => headerLink({ [name]: 'v' }))
          expect(message).toContain('headerLink')
          expect(message).toContain(name.toLowerCase())
          expect(message).toMatch(/browser/)
        }
        for (const name of [
          'authorization',
          'x-cookie',
          'x-origin',
          'second',
          'dated',
          'cookies',
          'viable',
          'originator',
        ])
          checkHeaderName(name)
      } finally {
        Reflect.deleteProperty(globalThis, global)
      }
    }
  })
})

describe('CR-6 all shapes of headers mean the same', () => {
  const name = fc.oneof(
    fc.constantFrom(
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      'Authorization',
      'authorization',
      'X-A',
      'x-a',
    ),
    fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,5}$/),
  )
  const allowed = name.filter((candidate) => {
    try {
      return Boolean(checkHeaderName(candidate))
    } catch {
      return false
    }
  })
  const value = fc.stringMatching(/^[!-~]{1,8}$/)

  test('CR-6 threats 5 object, null-prototype object, Map, pairs, Headers and a generator', () => {
    fc.assert(
      // One spelling of each name: with two, a Headers joins the values, which is tested below.
      fc.property(fc.uniqueArray(fc.tuple(allowed, value), { selector: ([key]) => key.toLowerCase() }), (pairs) => {
        const object: Record<string, string> = Object.create(null) as Record<string, string>
        for (const [key, text] of pairs) object[key] = text
        const plain: Record<string, string> = {}
        for (const [key, text] of pairs) Object.defineProperty(plain, key, { value: text, enumerable: true })
        const shapes: HeadersInput[] = [
          pairs,
          object,
          plain,
          new Map(pairs),
          new Headers(pairs),
          (function* entries() {
            yield* pairs
          })(),
          Object.freeze(pairs.map((pair) => Object.freeze(pair))),
        ]
        const expected = pairs.map(([key, text]) => [key.toLowerCase(), text]).sort(byName)
        for (const shape of shapes) expect([...headerEntries(shape)].sort(byName)).toEqual(expected)
      }),
    )
    function byName([a]: readonly unknown[], [b]: readonly unknown[]): number {
      return String(a) < String(b) ? -1 : 1
    }
  })

  test('CR-5 the last of one name wins, undefined is skipped, null is kept', () => {
    expect(
      headerEntries([
        ['X-A', '1'],
        ['x-b', '2'],
        ['x-A', '3'],
        ['x-b', undefined],
        ['x-c', null],
      ]),
    ).toEqual([
      ['x-a', '3'],
      ['x-b', '2'],
      ['x-c', null],
    ])
    expect(headerEntries({ A: '1', a: null })).toEqual([['a', null]])
  })

  test('CR-6 what is no headers is refused, and not shown', () => {
    for (const input of [
      'secret',
      1,
      null,
      undefined,
      () => {},
      ['secret'],
      [['secret']],
      [['a', 'b', 'secret']],
      [null],
      [{ a: 'secret' }],
      new Set(['secret']),
    ]) {
      expect(errorOf(() => headerEntries(input as never)).message).not.toContain('secret')
    }
    expect(errorOf(() => headerEntries([['a']] as never)).message).toContain('[name, value] pairs')
  })

  test('CR-6 threats 12 a document on Object.prototype makes no page of a server, where cookies could not be set', () => {
    Object.defineProperty(Object.prototype, 'document', { value: {}, configurable: true })
    try {
      expect(headerEntries({ cookie: 'a=1' })).toEqual([['cookie', 'a=1']])
    } finally {
      Reflect.deleteProperty(Object.prototype, 'document')
    }
  })

  test('CR-6 threats 12 a polluted Object.prototype changes nothing', async () => {
    const polluted = { authorization: 'Bearer evil', 'x-evil': '1', sensitive: false, cookie: 'evil=1' }
    for (const [key, text] of Object.entries(polluted)) {
      Object.defineProperty(Object.prototype, key, {
        value: text,
        configurable: true,
        enumerable: true,
        writable: true,
      })
    }
    try {
      expect(headerEntries({ 'x-a': '1' })).toEqual([['x-a', '1']])
      expect(headerEntries(new Map([['x-a', '1']]))).toEqual([['x-a', '1']])
      expect(headerEntries(new Headers([['x-a', '1']]))).toEqual([['x-a', '1']])
      const memory = memoryLink()
      const client = createClient({ link: chain(headerLink({ 'x-a': '1' }), memory) })
      await client.query('{ a }', undefined, { headers: { 'x-b': '2' } })
      await client.query('{ a }')
      expect(memory.sent.map(({ headers }) => headers)).toEqual([{ 'x-a': '1', 'x-b': '2' }, { 'x-a': '1' }])
      expect(memory.sent.map(({ headers }) => Object.keys(headers).length)).toEqual([2, 1])
    } finally {
      for (const key of Object.keys(polluted)) Reflect.deleteProperty(Object.prototype, key)
    }
  })
})
