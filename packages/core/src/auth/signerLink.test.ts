import { FakeClock, linkContract, memoryLink, secretCanary } from '@graphlinks/testing'
import {
  chain,
  createOperation,
  CredentialError,
  identityOf,
  lastResult,
  OptionsError,
  signerLink,
  type ClockSkew,
  type CredentialOptions,
  type Link,
  type Provided,
} from '../index.ts'

const canary = secretCanary()
const operation = createOperation({ document: 'query Q { a }' })

interface Key {
  readonly secret: string
}

const key: Key = { secret: canary.value }
const made: Key[] = []

function timeLink(
  given: Provided<Key>,
  options: CredentialOptions & { problem?: string; maxSkewMs?: number } = {},
): Link {
  return signerLink({
    name: 'timeLink',
    header: 'x-time',
    options,
    problem: options.problem,
    maxSkewMs: options.maxSkewMs ?? 300_000,
    key: given,
    what: 'key',
    isKey: (value): value is Key => typeof (Object(value) as Partial<Key>).secret === 'string',
    signer: (one) => {
      made.push(one)
      return {
        identity: `${one.secret.length}`,
        request: ({ method, url }) => ({ headers: { 'x-time': `${method} ${url.pathname}` } }),
      }
    },
  })
}

async function headersOf(link: Link, given = operation): Promise<object> {
  const memory = memoryLink()
  await lastResult(chain(link, memory), given)
  return { ...memory.sent[0]?.headers }
}

describe('contract of signerLink', () => {
  describe('with a constant', () => {
    linkContract(() => timeLink(key))
  })
  describe('with an async function', () => {
    linkContract(() => timeLink(async () => key))
  })
})

test('it signs with the key, as a link of its own name, and says who asks', async () => {
  const signed = { 'x-time': 'POST /graphql' }
  expect(await headersOf(timeLink(key))).toEqual(signed)
  expect(await headersOf(timeLink(() => key))).toEqual(signed)
  expect(await headersOf(timeLink(async () => key))).toEqual(signed)
  const { name, stage } = timeLink(key)
  expect([name, stage]).toEqual(['timeLink', 'credential'])
  let identity = ''
  const spy: Link = (given, next) => {
    identity = identityOf(given).reveal()
    return next(given)
  }
  await headersOf((given, next) => timeLink(key)(given, (signing) => spy(signing, next) as never))
  expect(identity).toBe(`[["timeLink","${canary.value.length}"]]`)
})

test('what signs is made once for each key', async () => {
  made.length = 0
  const other = { secret: 'other' }
  const given = [key, key, other, key]
  const link = timeLink(async () => given.shift())
  while (given.length > 0) await headersOf(link)
  expect(made).toEqual([key, other])
})

test('AUTH-7 a header of the call silences it, and CR-2 other origins are not signed for', async () => {
  const asked = jest.fn(() => key)
  for (const value of ['mine', null]) {
    const given = createOperation({ document: '{ a }', headers: { 'x-time': value } })
    expect(await headersOf(timeLink(asked), given)).toEqual(value === null ? {} : { 'x-time': value })
  }
  expect(asked).not.toHaveBeenCalled()
  expect(await headersOf(timeLink(key, { origins: ['https://api.example.com'] }))).toEqual({})
  expect(await headersOf(timeLink(key, { origins: ['https://memory.test'] }))).toHaveProperty('x-time')
})

test('CR-7 a key that is missing is omitted or an error; one that is none is an error', async () => {
  for (const missing of [undefined, null]) {
    expect(await headersOf(timeLink(() => missing))).toEqual({})
    const failing = headersOf(timeLink(async () => missing, { onMissing: 'error' }))
    await expect(failing).rejects.toMatchObject({ code: CredentialError.code, link: 'timeLink', operationName: 'Q' })
    await expect(failing).rejects.toThrow('there is no key (onMissing: "error")')
  }
  const error: unknown = await headersOf(timeLink((() => [canary.value]) as never)).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(CredentialError)
  expect((error as Error).message).toContain('the key is no good')
  canary.check(error)
})

test('SG-3 what signs gets the time of the server, by the clock and the difference of the options', async () => {
  const clock = new FakeClock()
  const given: ClockSkew[] = []
  const link = signerLink({
    name: 'timeLink',
    header: 'x-time',
    options: { clock },
    maxSkewMs: 60_000,
    key,
    what: 'key',
    isKey: (value): value is Key => Boolean(value),
    // It hears of answers, and changes nothing.
    signer: (_, skew) => (given.push(skew), { identity: '' }),
  })
  expect(await headersOf(link)).toEqual({})
  const [skew] = given as [ClockSkew]
  const request = {}
  expect(skew.date(request)).toBe(clock.date())
  const answer = (aheadMs: number) => ({
    status: 401,
    headers: new Headers({ date: new Date(clock.date() + aheadMs).toUTCString() }),
  })
  expect(skew.explains(answer(30_000), request)).toBe(false)
  expect(skew.explains(answer(90_000), request)).toBe(true)
})

test('K-10 bad options fail when the link is built, and name the page', () => {
  const builds = [
    () => timeLink(undefined as never),
    () => timeLink([canary.value] as never),
    () => timeLink(key, { problem: 'nonce' }),
    () => timeLink(key, { maxSkewMs: 0 }),
    () => timeLink(key, { maxSkewMs: NaN }),
    () => timeLink(key, { onMissing: 'no' as never }),
    () => timeLink(key, { origins: ['x'] }),
  ]
  for (const build of builds) {
    expect(build).toThrow(OptionsError)
    expect(build).toThrow(/^timeLink: /)
  }
  expect(() => timeLink(key, { problem: 'nonce' })).toThrow('nonce is no good: docs/links/timeLink.md')
})
