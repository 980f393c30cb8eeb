import { secretCanary } from '@graphlinks/testing'
import {
  bearerLink,
  chain,
  createOperation,
  lastResult,
  renderFields,
  single,
  withVariables,
  type Operation,
} from './index.ts'
import { partsOf, redact, redactError, secretsOf, valuesOf } from './redact.ts'

/** An operation of which a terminal link opened the credentials. */
async function sentWith(token: string, init: Partial<Parameters<typeof createOperation>[0]> = {}): Promise<Operation> {
  let sent: Operation | undefined
  await lastResult(
    chain(bearerLink(token), (operation) => {
      sent = operation
      renderFields(operation, { endpoint: new URL('https://api.test/'), link: 'test' })
      return single({ data: 1 })
    }),
    createOperation({ document: '{ a }', ...init }),
  )
  return sent as Operation
}

describe('redact', () => {
  test('TL-5 AUTH-48 credentials, sensitive headers and variables are cut out, in JSON and URL spelling too', async () => {
    const canary = secretCanary()
    const password = 'p"ä ss/+\\wörd'
    const operation = await sentWith(canary.value, {
      headers: { 'x-session': 'session-1234', 'accept-language': 'de-CH' },
      variables: { input: { list: ['4111-1111', { deep: password }] }, nothing: null },
    })
    const clean = redact(
      operation,
      [
        `got Bearer ${canary.value} and ${canary.value}`,
        'session-1234',
        '4111-1111',
        password,
        JSON.stringify({ password }),
        encodeURIComponent(password),
        'de-CH',
      ].join(' | '),
      10_000,
    )
    canary.check(clean)
    expect(clean).toContain('[redacted]')
    expect(clean).toContain('de-CH')
    for (const secret of ['session-1234', '4111-1111', 'wörd', encodeURIComponent('wörd')]) {
      expect(clean).not.toContain(secret)
    }
  })

  describe('TL-5 AUTH-48 every spelling of a secret is cut out', () => {
    const secret = `pä+ss/"wörd"=\\n&<é>'`
    const escapeAll = (spell: (character: string) => string): string => secret.replace(/[^]/g, spell)
    const hex = (character: string, length: number): string =>
      character.charCodeAt(0).toString(16).padStart(length, '0')
    const nonAscii = (text: string): string => text.replace(/[^ -~]/g, (character) => `\\u${hex(character, 4)}`)
    const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }
    const html = secret.replace(/[&<>"']/g, (character) => entities[character] as string)
    test.each([
      ['raw', secret],
      ['JSON', JSON.stringify(secret).slice(1, -1)],
      ['JSON with slashes escaped', JSON.stringify(secret).slice(1, -1).replaceAll('/', '\\/')],
      ['ASCII-only JSON', nonAscii(JSON.stringify(secret).slice(1, -1))],
      ['JSON, each character escaped', escapeAll((character) => `\\u${hex(character, 4).toUpperCase()}`)],
      ['JSON in JSON', JSON.stringify(JSON.stringify(secret).slice(1, -1)).slice(1, -1)],
      ['JavaScript', escapeAll((character) => `\\x${hex(character, 2)}`)],
      ['URL', encodeURIComponent(secret)],
      ['URL in lower case', encodeURIComponent(secret).replace(/%../g, (escape) => escape.toLowerCase())],
      ['URL in Latin-1', escapeAll((character) => `%${hex(character, 2)}`)],
      ['URL, some of it', encodeURI(secret)],
      ['URL in a URL', encodeURIComponent(encodeURIComponent(secret))],
      ['form', new URLSearchParams([['', secret]]).toString().slice(1)],
      ['HTML', html],
      ['HTML, decimal', escapeAll((character) => `&#${character.charCodeAt(0)};`)],
      ['HTML, hexadecimal', escapeAll((character) => `&#x${hex(character, 4)};`)],
      ['JSON in HTML', JSON.stringify(secret).slice(1, -1).replaceAll('&', '&amp;').replaceAll('"', '&quot;')],
    ])('%s', (_, spelled) => {
      const operation = createOperation({ document: '{ a }', variables: { secret } })
      expect(redact(operation, `a ${spelled} b`, 1_000)).toBe('a [redacted] b')
    })

    test('of control characters, in JSON', () => {
      const controls = 'a\b\f\n\r\tz'
      const operation = createOperation({ document: '{ a }', variables: { controls } })
      expect(redact(operation, `it was ${JSON.stringify(controls)}`)).toBe('it was "[redacted]"')
    })

    test('of characters that take three and four bytes, and of half a one', () => {
      const wide = 'price: 5 € 😀'
      const operation = createOperation({ document: '{ a }', variables: { wide, half: 'ab\ud800cd' } })
      for (const spelled of [
        encodeURIComponent(wide),
        wide.replace('€', '&#8364;').replace('😀', '&#x1F600;'),
        wide.replace('€', '\\u20ac').replace('😀', '\\ud83d\\ude00'),
        'ab\ufffdcd',
      ]) {
        expect(redact(operation, `a ${spelled} b`)).toBe('a [redacted] b')
      }
    })
  })

  test('TL-5 of a long text, what lies beyond the place where it is cut is neither searched nor shown', () => {
    const operation = createOperation({ document: '{ a }', variables: { secret: 'abcd-efgh' } })
    for (const rest of ['abcd-efgh', ' abcd-efgh', 'x']) {
      expect(redact(operation, '\n'.repeat(4_352) + rest)).toBe('...')
    }
  })

  test('TL-5 a secret across that place is cut out, also where each of its characters is spelled by many', () => {
    const secret = 'ä'.repeat(60)
    const operation = createOperation({ document: '{ a }', variables: { secret } })
    for (const spelled of [encodeURIComponent(secret), encodeURIComponent(encodeURIComponent(secret)), secret]) {
      expect(redact(operation, '\n'.repeat(4_340) + spelled)).toBe('[redacted]')
    }
  })

  test('TL-5 secrets that overlap are cut out whole, and one that ends beyond what is searched', () => {
    const variables = { a: 'abcd-efgh', b: 'efgh-ijkl', c: 'xyxyx', long: `<${'0123456789'.repeat(2_000)}>` }
    const operation = createOperation({ document: '{ a }', variables })
    expect(redact(operation, 'x abcd-efgh-ijkl y xyxyxyx z')).toBe('x [redacted] y [redacted] z')
    expect(redact(operation, `x ${variables.long} y`)).toMatch(/^x \[redacted\](\.\.\.| y)$/)
    // Around the place where a long text is cut: 4,352.
    for (let blanks = 0; blanks < 20; blanks++) {
      const text = 'abcd-efgh'.repeat(482) + ' '.repeat(blanks) + encodeURIComponent('"abcd-efgh"').repeat(2)
      expect(redact(operation, text)).not.toMatch(/abcd|efgh/)
    }
  })

  test('TL-5 variables are cut out as they go on the wire, and those of each attempt', async () => {
    const at = new Date(0)
    const original = createOperation({ document: '{ a }', variables: { at, first: 'before' } })
    expect(redact(original, `x ${at.toISOString()} y`)).toBe('x [redacted] y')
    let received: Operation | undefined
    const link = chain(
      (operation, next) => next(withVariables((received = operation), { added: 'by-a-link' })),
      (operation) => {
        renderFields(operation, { endpoint: new URL('https://api.test/'), link: 'test' })
        return single({ data: 1 })
      },
    )
    await lastResult(link, original)
    expect(redact(received as Operation, 'x by-a-link y before z')).toBe('x [redacted] y [redacted] z')
    expect(redact(new Set([...secretsOf(original), ...valuesOf([{ n: 12345 }])]), 'before 12345 12')).toBe(
      '[redacted] [redacted] 12',
    )
  })

  test('TL-5 threats 23 control characters become spaces, and the rest is shortened', () => {
    const operation = createOperation({ document: '{ a }' })
    expect(redact(operation, ' a\u001b[2Jb\r\n\u0000c\u009bd ')).toBe('a [2Jb c d')
    expect(redact(operation, 'x'.repeat(256))).toHaveLength(256)
    expect(redact(operation, 'x'.repeat(257))).toBe(`${'x'.repeat(256)}...`)
    expect(redact(operation, 'x'.repeat(20), 10)).toBe(`${'x'.repeat(10)}...`)
    expect(redact(operation, '')).toBe('')
  })

  test('TL-5 a secret is cut out before shortening, so that no half of it is left', async () => {
    const operation = await sentWith('abcdefghijklmnop')
    expect(redact(operation, `${'x'.repeat(250)}abcdefghijklmnop`)).not.toContain('abc')
  })

  test('TL-5 a secret that contains another one is cut out whole', () => {
    for (const variables of [
      { a: 'abcd', b: 'abcd-efgh' },
      { a: 'abcd-efgh', b: 'abcd' },
    ]) {
      const operation = createOperation({ document: '{ a }', variables })
      expect(redact(operation, 'x abcd-efgh y abcd z')).toBe('x [redacted] y [redacted] z')
    }
  })

  test('TL-5 variables in circles and of any type do no harm', () => {
    const variables: Record<string, unknown> = { n: 1, none: null, yes: true, text: 'secret-text' }
    variables['self'] = variables
    expect(redact(createOperation({ document: '{ a }', variables }), 'a secret-text b')).toBe('a [redacted] b')
  })
})

describe('what is secret', () => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64')

  test('TL-5 of a credential, the parts: without the scheme, each cookie, user and password; but nothing short', () => {
    for (const scheme of ['Bearer', 'bearer', 'DPoP', 'Token', 'JWT']) {
      expect(partsOf(`${scheme} abc123`)).toEqual([`${scheme} abc123`, 'abc123'])
    }
    expect(partsOf('Secret abc123')).toEqual(['Secret abc123', 'Secret', 'abc123'])
    expect(partsOf('My Bearer abc123')).toEqual(['My Bearer abc123', 'Bearer', 'abc123'])
    expect(partsOf('id=1234; to=abc')).toEqual(['id=1234; to=abc', '1234'])
    expect(partsOf('abc')).toEqual([])
    for (const scheme of ['Basic', 'basic', 'BASIC']) {
      const value = base64('ada:pässwörd')
      const parts = partsOf(`${scheme} ${value}`)
      expect(new Set(parts)).toEqual(
        new Set([
          `${scheme} ${value}`,
          value,
          ...value.split('=').filter((part) => part.length > 3),
          'ada:pässwörd',
          'pässwörd',
        ]),
      )
    }
    expect(partsOf(`Basic ${base64('me:123')}`)).not.toContain('123')
    expect(partsOf(`Basic ${base64('me:1234')}`)).toContain('1234')
    expect(partsOf(`Basic ${base64('ada')}`)).not.toContain('ada')
    expect(partsOf('Basic !!not-base64!!')).toEqual(['Basic !!not-base64!!', '!!not-base64!!'])
    expect(partsOf(`My Basic ${base64('ada:password')}`)).not.toContain('password')
  })

  test('TL-5 of an operation, its credentials and variables, and nothing else', async () => {
    const operation = await sentWith('abc123', {
      headers: { 'x-session': 'session-1', 'accept-language': 'de-CH' },
      variables: { text: 'some text', number: 123, short: 'ab', few: 12, yes: true },
    })
    expect(secretsOf(operation)).toEqual(new Set(['Bearer abc123', 'abc123', 'session-1', 'some text', '123']))
  })
})

describe('redactError', () => {
  test('TL-6 keeps name, code and redacted messages three causes deep, and nothing else', async () => {
    const canary = secretCanary()
    const operation = await sentWith(canary.value)
    const wrap = (depth: number): Error =>
      Object.assign(new TypeError(`level ${depth} ${canary.value}`), {
        code: `CODE${depth}`,
        request: { headers: { authorization: canary.value } },
        ...(depth < 5 && { cause: wrap(depth + 1) }),
      })
    const error = redactError(operation, wrap(1)) as Error & { code: string; cause: Error }
    canary.check(error)
    const levels: unknown[] = []
    for (let at: unknown = error; at instanceof Error; at = at.cause)
      levels.push([at.name, at.message, Reflect.get(at, 'code')])
    expect(levels).toEqual([1, 2, 3].map((depth) => ['TypeError', `level ${depth} [redacted]`, `CODE${depth}`]))
    expect(error).not.toHaveProperty('request')
    expect(error.stack).toBe('TypeError: level 1 [redacted]')
  })

  test('TL-6 what is no error becomes one', () => {
    const operation = createOperation({ document: '{ a }' })
    expect(redactError(operation, 'down').message).toBe('down')
    expect(redactError(operation, undefined).message).toBe('undefined')
    expect(redactError(operation, null).message).toBe('null')
    expect(redactError(operation, { message: 'odd', code: 5 })).not.toHaveProperty('code')
    expect(redactError(operation, 'down').stack).toBe('Error: down')
    expect(redactError(operation, new TypeError('down'))).not.toHaveProperty('cause')
  })
})
