import { FakeClock, linkContract, memoryLink, secretCanary } from '@graphlinks/testing'
import {
  chain,
  createClient,
  createOperation,
  CredentialError,
  GraphLinksError,
  HeaderError,
  headerLink,
  identityOf,
  InsecureTransportError,
  lastResult,
  OptionsError,
  single,
  TimeoutError,
  type HeadersInput,
  type Link,
  type Operation,
} from '../index.ts'
import { isHarmless } from '../harmless.ts'

const operation = createOperation({ document: 'query Q { a }' })

async function wireOf(link: Link, given: Operation = operation): Promise<Record<string, string>> {
  const memory = memoryLink()
  await lastResult(chain(link, memory), given)
  return { ...memory.sent[0]?.headers }
}

async function errorOf(run: () => unknown): Promise<GraphLinksError> {
  try {
    await run()
  } catch (error) {
    return error as GraphLinksError
  }
  throw new Error('it should have failed')
}

describe('contract of headerLink', () => {
  describe('with constants', () => {
    linkContract(() => headerLink({ 'x-tenant': 'acme', authorization: 'Custom 1' }))
  })
  describe('with a function', () => {
    linkContract(() => headerLink(() => ({ 'x-tenant': 'acme' })))
  })
  describe('with an async function', () => {
    linkContract(() => headerLink(async () => ({ 'x-tenant': 'acme' })))
  })
})

test('HL-1 CR-6 static headers, a function and an async function, in every shape', async () => {
  const shapes: HeadersInput[] = [
    { 'X-A': '1', 'x-b': '2', 'x-c': undefined },
    new Map([
      ['x-a', '1'],
      ['X-B', '2'],
    ]),
    new Headers({ 'x-a': '1', 'x-b': '2' }),
    [
      ['x-a', '0'],
      ['X-A', '1'],
      ['x-b', '2'],
    ],
  ]
  for (const headers of shapes) {
    for (const link of [headerLink(headers), headerLink(() => headers), headerLink(async () => headers)]) {
      expect(await wireOf(link)).toEqual({ 'x-a': '1', 'x-b': '2' })
    }
  }
  for (const nothing of [undefined, null, {}]) {
    expect(await wireOf(headerLink(() => nothing))).toEqual({})
    expect(await wireOf(headerLink(async () => nothing))).toEqual({})
  }
})

test('AUTH-19 the function gets the operation, and is called for each attempt', async () => {
  let n = 0
  const link = headerLink(({ operationName }) => ({ 'x-request-id': `${operationName}-${++n}` }))
  const twice: Link = async function* twice(given, next) {
    for await (const _ of next(given)) break
    yield* next(given)
  }
  const memory = memoryLink()
  await lastResult(chain(twice, link, memory), operation)
  expect(memory.sent.map(({ headers }) => headers['x-request-id'])).toEqual(['Q-1', 'Q-2'])
})

test('AUTH-7 where the call has all its headers, the operation goes on as it is', () => {
  const given = createOperation({ document: '{ a }', headers: { 'x-a': 'call', 'X-B': null } })
  let passed: Operation | undefined
  void headerLink({ 'X-A': '1', 'x-b': '2' })(given, (next) => ((passed = next), single({ data: 1 })))
  expect(passed).toBe(given)
})

test('HL-1 later links win over it, it wins over earlier ones, null removes, and the call wins over all', async () => {
  const memory = memoryLink()
  const client = createClient({
    link: chain(
      headerLink({ 'x-a': 'first', 'x-b': 'first', 'x-c': 'first' }),
      headerLink(() => ({ 'X-A': 'second', 'X-B': null })),
      headerLink({ 'x-a': 'third' }),
      memory,
    ),
  })
  await client.query('{ a }')
  await client.query('{ a }', null, { headers: { 'X-a': 'call', 'x-c': null } })
  expect(memory.sent.map(({ headers }) => headers)).toEqual([{ 'x-a': 'third', 'x-c': 'first' }, { 'x-a': 'call' }])
})

test('K-1 what it was given may change afterwards: the link keeps what it checked', async () => {
  const headers: Record<string, string> = { 'x-a': '1' }
  const link = headerLink(headers)
  headers['x-a'] = 'bad\n'
  headers['x-b'] = '2'
  expect(await wireOf(link)).toEqual({ 'x-a': '1' })
})

test('HL-2 CR-4 threats 4, 7 what cannot be sent is refused: constants when built, the rest per operation; nothing is shown', async () => {
  for (const bad of ['\n', '\u0000', '😀', 'é', ' ']) {
    const canary = secretCanary()
    const headers = { 'x-a': canary.value + bad }
    await canary.watch(async () => {
      expect(() => headerLink(headers)).toThrow(HeaderError)
      for (const run of [
        () => headerLink(headers),
        () => wireOf(headerLink(() => headers)),
        () => wireOf(headerLink(async () => headers)),
      ]) {
        const error = await errorOf(run)
        expect(error).toBeInstanceOf(HeaderError)
        expect(error.message).toMatch(/headerLink.*"x-a".*position/)
        canary.check(error)
      }
    })
  }
  const error = await errorOf(() => wireOf(headerLink(() => ({ host: 'x' }))))
  expect(error).toMatchObject({ link: 'headerLink', operationName: 'Q' })
  for (const no of ['text', 5, true, [['x']]]) {
    expect(await errorOf(() => wireOf(headerLink((() => no) as never)))).toBeInstanceOf(HeaderError)
  }
})

test('HL-4 what is sensitive: everything but names known to be harmless, or as the option says', async () => {
  const http = { url: 'http://api.test/graphql' }
  for (const name of ['x-accept', 'accept-x', 'x-request-ids', 'prior', 'tracestates'])
    expect(isHarmless(name)).toBe(false)
  const names = ['x-unknown', 'authorization', 'accept-language', 'traceparent', 'x-request-id']
  const refused: string[] = []
  for (const name of names) {
    const run = (): unknown => lastResult(chain(headerLink({ [name]: 'v' }), memoryLink(undefined, http)), operation)
    await Promise.resolve(run()).catch((error: unknown) => {
      expect(error).toBeInstanceOf(InsecureTransportError)
      refused.push(name)
    })
  }
  expect(refused).toEqual(['x-unknown', 'authorization'])

  const link = headerLink(
    { 'X-Public': '1', 'Accept-Language': 'de' },
    { sensitive: { 'x-PUBLIC': false, 'accept-language': true } },
  )
  let identity = ''
  const watch: Link = (given, next) => {
    identity = identityOf(given).reveal()
    return next(given)
  }
  await lastResult(chain(link, watch, memoryLink()), operation)
  expect(identity).toContain('de')
  expect(identity).not.toContain('x-public')
})

test('CR-2 HL-4 origins bind what is sensitive, and nothing else', async () => {
  const link = headerLink({ 'x-session': 's', 'accept-language': 'de' }, { origins: ['https://elsewhere.test'] })
  expect(await wireOf(link)).toEqual({ 'accept-language': 'de' })
})

test('CR-7 a function that fails or takes too long is a typed error, and nothing is sent', async () => {
  const cause = new Error('down')
  const memory = memoryLink()
  for (const headers of [
    () => {
      throw cause
    },
    () => Promise.reject(cause),
  ]) {
    const error = await errorOf(() => lastResult(chain(headerLink(headers), memory), operation))
    expect(error).toBeInstanceOf(CredentialError)
    expect(error).toMatchObject({ link: 'headerLink', operationName: 'Q', cause })
  }
  const clock = new FakeClock()
  const slow = headerLink(() => new Promise<never>(() => {}), { timeoutMs: 10, clock })
  const failing = errorOf(() => lastResult(chain(slow, memory), operation))
  await clock.advance(10)
  expect(await failing).toBeInstanceOf(TimeoutError)
  expect([memory.sent.length, clock.pending]).toEqual([0, 0])
})

test('K-6 K-10 constants and synchronous functions add no promise, and bad options fail when the link is built', () => {
  const results = single({ data: 1 })
  expect(headerLink({ 'x-a': '1' })(operation, () => results)).toBe(results)
  expect(headerLink(() => ({ 'x-a': '1' }))(operation, () => results)).toBe(results)
  for (const options of [{ sensitive: { 'x-a': 'yes' } }, { origins: ['x'] }, { timeoutMs: -1 }]) {
    expect(() => headerLink({ 'x-a': '1' }, options as never)).toThrow(OptionsError)
    expect(() => headerLink({ 'x-a': '1' }, options as never)).toThrow(/^headerLink: /)
  }
  expect(() => headerLink({}, { sensitive: { 'x-a': 'yes' as never } })).toThrow('sensitive["x-a"] is true or false')
  for (const headers of [undefined, null, 'x-a: 1', 5]) expect(() => headerLink(headers as never)).toThrow(HeaderError)
})
