import { linkContract, memoryLink, secretCanary } from '@graphlinks/testing'
import {
  basicAuthLink,
  chain,
  createOperation,
  CredentialError,
  GraphLinksError,
  HeaderError,
  lastResult,
  OptionsError,
  single,
  type BasicAuthLinkOptions,
  type Operation,
} from '../index.ts'

const operation = createOperation({ document: 'query Q { a }' })

async function wireOf(options: BasicAuthLinkOptions, given: Operation = operation): Promise<Record<string, string>> {
  const memory = memoryLink()
  await lastResult(chain(basicAuthLink(options), memory), given)
  return { ...memory.sent[0]?.headers }
}

/** What it fails with: when it is built, or where that goes well, when it runs. */
async function errorOf(options: BasicAuthLinkOptions): Promise<GraphLinksError> {
  try {
    await wireOf(options)
  } catch (error) {
    return error as GraphLinksError
  }
  throw new Error('it should have failed')
}

const basic = (bytes: string): Record<string, string> => ({ authorization: `Basic ${bytes}` })

describe('contract of basicAuthLink', () => {
  describe('with constants', () => {
    linkContract(() => basicAuthLink({ username: 'u', password: 'p' }))
  })
  describe('with functions', () => {
    linkContract(() => basicAuthLink({ username: () => 'u', password: async () => 'p' }))
  })
})

const vectors: [string, string, string][] = [
  ['Aladdin', 'open sesame', 'QWxhZGRpbjpvcGVuIHNlc2FtZQ=='],
  ['ü', 'p', 'w7w6cA=='],
  ['user', '', 'dXNlcjo='],
  ['test', '123£', 'dGVzdDoxMjPCow=='],
  ['u', 'a:b', 'dTphOmI='],
  ['😀', '🔑', Buffer.from('😀:🔑').toString('base64')],
  ['u', 'x'.repeat(5_000), Buffer.from(`u:${'x'.repeat(5_000)}`).toString('base64')],
]
test.each(vectors)('AUTH-14 AUTH-15 BA-1 the Base64 of the UTF-8 bytes: %s', async (username, password, expected) => {
  expect(await wireOf({ username, password })).toEqual(basic(expected))
  expect(await wireOf({ username: () => username, password: () => password })).toEqual(basic(expected))
  expect(await wireOf({ username: async () => username, password })).toEqual(basic(expected))
  expect(await wireOf({ username, password: async () => password })).toEqual(basic(expected))
})

test('BA-4 latin1 is for old servers, and refuses what it cannot say', async () => {
  const old = { encoding: 'latin1' } as const
  expect(await wireOf({ username: 'ü', password: 'pÿ', ...old })).toEqual(
    basic(Buffer.from('ü:pÿ', 'latin1').toString('base64')),
  )
  expect(await errorOf({ username: 'u', password: '\u0100', ...old })).toBeInstanceOf(CredentialError)
  expect(await errorOf({ username: () => '😀', password: 'p', ...old })).toBeInstanceOf(CredentialError)
})

test('AUTH-16 BA-2 threats 7 a colon in the user name and control characters are refused, and nothing is shown', async () => {
  const canary = secretCanary()
  const control = [...Array.from({ length: 32 }, (_, code) => code), 0x7f].map((code) => String.fromCharCode(code))
  const bad: [string, string][] = [
    [`${canary.value}:u`, 'p'],
    [':', canary.value],
    ...control.map((char): [string, string] => [`u${char}`, canary.value]),
    ...control.map((char): [string, string] => ['u', canary.value + char]),
  ]
  await canary.watch(async () => {
    for (const [username, password] of bad) {
      expect(() => basicAuthLink({ username, password })).toThrow(CredentialError)
      for (const options of [
        { username, password },
        { username: () => username, password: async () => password },
      ]) {
        const error = await errorOf(options)
        expect(error).toBeInstanceOf(CredentialError)
        expect(error.link).toBe('basicAuthLink')
        canary.check(error)
      }
    }
  })
})

test('CR-4 a header longer than the limit is refused', async () => {
  const canary = secretCanary()
  const password = canary.value.repeat(1_000)
  for (const options of [
    { username: 'u', password },
    { username: 'u', password: () => password },
  ]) {
    const error = await errorOf(options)
    expect(error).toBeInstanceOf(HeaderError)
    expect(error.link).toBe('basicAuthLink')
    canary.check(error)
  }
})

test('AUTH-13 without a user name or a password there is no credential; an empty password is one', async () => {
  const password = jest.fn(() => 'p')
  for (const missing of [undefined, null, '']) {
    expect(await wireOf({ username: () => missing, password })).toEqual({})
    expect(await errorOf({ username: () => missing, password, onMissing: 'error' })).toBeInstanceOf(CredentialError)
  }
  expect(password).not.toHaveBeenCalled()
  expect(await wireOf({ username: '', password: 'p' })).toEqual({})
  for (const missing of [undefined, null]) {
    expect(await wireOf({ username: 'u', password: () => missing })).toEqual({})
    const error = await errorOf({ username: 'u', password: async () => missing, onMissing: 'error' })
    expect(error).toBeInstanceOf(CredentialError)
    expect(error.message).toMatch(/password/)
  }
  expect(await wireOf({ username: 'u', password: () => '', onMissing: 'error' })).toEqual(basic('dTo='))
})

test('CR-7 what the functions give is validated, and failures name the part and not the value', async () => {
  const cause = new Error('down')
  for (const [options, word] of [
    [{ username: () => 5 as never, password: 'p' }, 'user name'],
    [{ username: 'u', password: async () => ({}) as never }, 'password'],
    [{ username: () => 'undefined', password: 'p' }, 'user name'],
    [{ username: 'u', password: () => 'null' }, 'password'],
    [{ username: 'u', password: () => Promise.reject(cause) }, 'password'],
  ] as [BasicAuthLinkOptions, string][]) {
    const error = await errorOf(options)
    expect(error).toBeInstanceOf(CredentialError)
    expect(error).toMatchObject({ link: 'basicAuthLink', operationName: 'Q' })
    expect(error.message).toContain(word)
  }
})

test('AUTH-7 an authorization header of the call wins, and the functions are not called', async () => {
  const provide = jest.fn(() => 'x')
  const given = createOperation({ document: '{ a }', headers: { Authorization: 'mine' } })
  expect(await wireOf({ username: provide, password: provide }, given)).toEqual({ authorization: 'mine' })
  expect(await wireOf({ username: 'u', password: 'p' }, given)).toEqual({ authorization: 'mine' })
  expect(provide).not.toHaveBeenCalled()
})

test('K-6 K-10 synchronous functions add no promise, and bad options fail when the link is built', () => {
  const results = single({ data: 1 })
  expect(basicAuthLink({ username: () => 'u', password: () => 'p' })(operation, () => results)).toBe(results)
  for (const options of [
    {},
    { username: 'u' },
    { password: 'p' },
    { username: 5, password: 'p' },
    { username: 'u', password: { value: 'p' } },
    { username: Promise.resolve('u'), password: 'p' },
    { username: 'u', password: 'p', encoding: 'utf8' },
    { username: 'u', password: 'p', onMissing: 'no' },
    { username: 'u', password: 'p', timeoutMs: 0 },
  ]) {
    expect(() => basicAuthLink(options as never)).toThrow(OptionsError)
    expect(() => basicAuthLink(options as never)).toThrow(/^basicAuthLink: /)
  }
  const old = { username: 'u', password: 'p', encoding: 'utf8' as never }
  expect(() => basicAuthLink(old)).toThrow('encoding is "utf-8" or "latin1"')
  expect(() => basicAuthLink({ username: 'u', password: 'p'.repeat(20_000) })).toThrow('the value of "authorization"')
})
