import { secretCanary } from '@graphlinks/testing'
import fc from 'fast-check'
import { createOperation, GraphLinksError, identityOf, Secret } from './index.ts'
import { identityHash, recordedCode, recordedError, recordedName } from './telemetry.ts'

const operation = createOperation({ document: 'query Q { a }' })

describe('recordedName', () => {
  const named = (operationName: string): string | undefined =>
    recordedName(createOperation({ document: { __meta__: { hash: 'x' } } as never, kind: 'query', operationName }))

  test('names are kept, and an anonymous operation has none', () => {
    expect(recordedName(operation)).toBe('Q')
    expect(recordedName(createOperation({ document: '{ a }' }))).toBeUndefined()
  })

  test('threats 23: nothing in a name moves a cursor or turns the direction of writing, and it has an end', () => {
    expect(named(`\u001b[2JA\r\n\u202Eb\u2028${'c'.repeat(200)}`)).toBe(`[2JAb${'c'.repeat(95)}`)
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 150 }), (name) => {
        expect(named(`a${name}`)).toMatch(/^[^\p{C}\p{Zl}\p{Zp}]{1,100}$/u)
      }),
    )
  })
})

describe('recordedCode', () => {
  test.each([
    'UNAUTHENTICATED',
    'invalid-jwt',
    'GraphQL.Validation',
    'HTTP_404',
    'ECONNRESET',
    'TypeError',
    'a',
    '42P01',
    'A'.repeat(64),
    401,
  ])('%s is made like a code', (code) => {
    expect(recordedCode(operation, code)).toBe(String(code))
  })

  test.each([
    ['words', 'no such user'],
    ['a token', 'eyJhbGciOi.J9'],
    ['a long one', `A${'B'.repeat(64)}`],
    ['more than one line', 'A\nB'],
    ['what moves a cursor', '\u001b[2J'],
    ['nothing', ''],
    ['a list', ['NOT_FOUND']],
    ['an object', { toString: (): string => 'NOT_FOUND' }],
    ['null', null],
    ['undefined', undefined],
  ])('%s is not', (_, code) => {
    expect(recordedCode(operation, code)).toBe('OTHER')
  })

  test('threats 8: a credential or a variable is not, however it is made', () => {
    const secret = createOperation({
      document: 'query Q { a }',
      headers: { authorization: 'Bearer TOP_SECRET' },
      variables: { pin: 4711, name: 'ADA' },
    })
    for (const code of ['TOP_SECRET', 4711, 'ADA', 'NOT_ADA']) expect(recordedCode(secret, code)).toBe('OTHER')
    expect(recordedCode(secret, 'NOT_FOUND')).toBe('NOT_FOUND')
  })
})

describe('recordedError', () => {
  test('its code or else its name, and the codes of protocols that it has', () => {
    const error = (members: object): Error => Object.assign(new Error('no'), members)
    expect(recordedError(operation, new GraphLinksError('no'))).toEqual({ errorCode: 'GRAPHLINKS' })
    expect(recordedError(operation, new TypeError('no'))).toEqual({ errorCode: 'TypeError' })
    expect(recordedError(operation, error({ code: 'HTTP_STATUS', status: 503 }))).toEqual({
      errorCode: 'HTTP_STATUS',
      status: 503,
    })
    expect(recordedError(operation, error({ code: 'SOCKET_CLOSED', closeCode: 4403 }))).toEqual({
      errorCode: 'SOCKET_CLOSED',
      closeCode: 4403,
    })
    expect(recordedError(operation, error({ code: 42, status: 'x', closeCode: 'y' }))).toEqual({ errorCode: 'Error' })
  })

  test('what is thrown may be anything', () => {
    for (const thrown of [undefined, null, 'NOT_FOUND', 0, Object.create(null)] as unknown[]) {
      expect(recordedError(operation, thrown)).toEqual({ errorCode: 'OTHER' })
    }
  })

  test('threats 8: no word of it is in the record', () => {
    const canary = secretCanary()
    const { value } = canary
    const error = Object.assign(new Error(value, { cause: new Error(value) }), { code: value, name: value, url: value })
    canary.check(recordedError(createOperation({ document: '{ a }', variables: { value } }), error))
  })
})

describe('identityHash', () => {
  const identity = (token: string) =>
    identityOf(createOperation({ document: '{ a }', headers: { 'x-session': token } }))

  test('one for the same credentials, others for others, and others again of another function', async () => {
    const hash = identityHash()
    const [ada, bob, again] = await Promise.all(['ada', 'bob', 'ada'].map(async (token) => hash(identity(token))))
    expect(ada).toMatch(/^[\da-f]{12}$/)
    expect([again, bob === ada]).toEqual([ada, false])
    expect(await identityHash()(identity('ada'))).not.toBe(ada)
  })

  test('none without credentials', async () => {
    expect(await identityHash()(identityOf(operation))).toBeUndefined()
  })

  test('the key cannot be had, and the last identity is not hashed twice', async () => {
    const sign = jest.spyOn(crypto.subtle, 'sign')
    const generateKey = jest.spyOn(crypto.subtle, 'generateKey')
    try {
      const hash = identityHash()
      for (const token of ['ada', 'ada', 'bob', 'bob', 'ada']) await hash(identity(token))
      expect(sign).toHaveBeenCalledTimes(3)
      expect(generateKey.mock.calls).toEqual([[{ name: 'HMAC', hash: 'SHA-256' }, false, ['sign']]])
    } finally {
      sign.mockRestore()
      generateKey.mockRestore()
    }
  })

  test('a page without WebCrypto has none', async () => {
    const property = Object.getOwnPropertyDescriptor(globalThis, 'crypto') as PropertyDescriptor
    try {
      for (const value of [undefined, {}]) {
        Object.defineProperty(globalThis, 'crypto', { value, configurable: true })
        expect(await identityHash()(identity('ada'))).toBeUndefined()
      }
    } finally {
      Object.defineProperty(globalThis, 'crypto', property)
    }
  })
})

test('hashes come in the order in which they were asked for, whichever is made first', async () => {
  const sign = crypto.subtle.sign.bind(crypto.subtle)
  const held: (() => void)[] = []
  const spy = jest.spyOn(crypto.subtle, 'sign').mockImplementation(async (...args) => {
    // The first is held up until the second is made.
    if (held.length === 0) await new Promise<void>((resolve) => held.push(resolve))
    const bytes = await sign(...args)
    for (const release of held) setImmediate(release)
    return bytes
  })
  const hash = identityHash()
  const order: string[] = []
  await Promise.all(
    ['ada', 'bob'].map(async (name) => {
      await hash(new Secret(JSON.stringify([name])))
      order.push(name)
    }),
  )
  spy.mockRestore()
  expect(order).toEqual(['ada', 'bob'])
})
