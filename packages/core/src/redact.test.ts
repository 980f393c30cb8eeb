import { secretCanary } from '@graphlinks/testing'
import { bearerLink, chain, createOperation, lastResult, renderFields, single, type Operation } from './index.ts'
import { redact, redactError } from './redact.ts'

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

  test('TL-5 control characters become spaces, and the rest is shortened', () => {
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
  })
})
