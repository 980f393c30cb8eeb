import { linkContract, memoryLink, secretCanary, settle, type MemoryAnswer } from '@graphlinks/testing'
import {
  apiKeyLink,
  bearerLink,
  chain,
  createOperation,
  CredentialError,
  emptyContext,
  execute,
  GraphLinksError,
  HeaderError,
  lastResult,
  OptionsError,
  renderFields,
  replay,
  single,
  type ApiKeyLinkOptions,
  type Operation,
  type Result,
} from '../index.ts'

const operation = createOperation({ document: 'query Q { a }' })

class StatusError extends GraphLinksError {
  static override readonly code: string = 'HTTP_STATUS'
  readonly status: number

  constructor(status: number) {
    super(`status ${status}`)
    this.status = status
  }
}

/** A 401 as httpLink gives it where the body is GraphQL's. */
const unauthorized: Result = {
  errors: [{ message: 'no such key' }],
  http: { status: 401, headers: new Headers(), url: 'https://memory.test/graphql' },
}

const answerFor = (good: string, refusal: () => MemoryAnswer): ReturnType<typeof memoryLink> =>
  memoryLink((given) => {
    const key = renderFields(given, { endpoint: new URL('https://memory.test/'), link: 'test' }).headers.get(
      'x-api-key',
    )
    return key === good ? { data: { key } } : refusal()
  })

async function wireOf(options: ApiKeyLinkOptions, given: Operation = operation): Promise<Record<string, string>> {
  const memory = memoryLink()
  await lastResult(chain(apiKeyLink(options), memory), given)
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

describe('contract of apiKeyLink', () => {
  describe('with a constant', () => {
    linkContract(() => apiKeyLink({ key: 'k' }))
  })
  describe('with an async function', () => {
    linkContract(() => apiKeyLink({ key: async () => 'k' }))
  })
  describe('in the query', () => {
    linkContract(() => apiKeyLink({ key: 'k', in: 'query' }))
  })
  describe('with several keys', () => {
    linkContract(() => apiKeyLink({ key: ['k-new', async () => 'k-old'] }))
  })
})

test('AUTH-38 AK-1 the raw value, in x-api-key or a header of choice, beside a bearer token', async () => {
  expect(await wireOf({ key: 'k e:y="1"' })).toEqual({ 'x-api-key': 'k e:y="1"' })
  expect(await wireOf({ key: () => 'k' })).toEqual({ 'x-api-key': 'k' })
  expect(await wireOf({ key: async () => 'k', header: 'API-Key' })).toEqual({ 'api-key': 'k' })
  const memory = memoryLink()
  await lastResult(chain(apiKeyLink({ key: 'k' }), bearerLink('t'), memory), operation)
  expect(memory.sent[0]?.headers).toEqual({ 'x-api-key': 'k', authorization: 'Bearer t' })
})

test('AUTH-38 AUTH-7 the call wins, and the function is not called', async () => {
  const key = jest.fn(() => 'k')
  const given = createOperation({ document: '{ a }', headers: { 'X-API-KEY': 'mine' } })
  expect(await wireOf({ key }, given)).toEqual({ 'x-api-key': 'mine' })
  expect(await wireOf({ key: ['a', key] }, given)).toEqual({ 'x-api-key': 'mine' })
  expect(await wireOf({ key }, createOperation({ document: '{ a }', headers: { 'x-api-key': null } }))).toEqual({})
  expect(key).not.toHaveBeenCalled()
})

test('AUTH-40 AK-1 in the query only on request, under a name of choice', async () => {
  for (const [options, expected] of [
    [{ key: 'k', in: 'query' }, [['api_key', 'k']]],
    [{ key: async () => 'k', in: 'query', parameter: 'Key' }, [['Key', 'k']]],
  ] as [ApiKeyLinkOptions, string[][]][]) {
    const memory = memoryLink()
    await lastResult(chain(apiKeyLink(options), memory), operation)
    const sent = memory.sent[0] as (typeof memory.sent)[number]
    expect(sent.headers).toEqual({})
    const { searchParams } = renderFields(sent.operation, { endpoint: new URL('https://memory.test/'), link: 'test' })
    expect(searchParams).toEqual(expected)
  }
})

describe('AK-3 rotation', () => {
  const refusals: [string, () => MemoryAnswer][] = [
    ['a result', () => unauthorized],
    ['an error', () => new StatusError(401)],
  ]
  test.each(refusals)('AK-3 where a key gets a 401 as %s, the next is tried, once each', async (_, refusal) => {
    const tried: string[] = []
    const key = ['k-1', () => 'k-2', async () => 'k-3'].map((provided, index) => () => {
      tried.push(`k-${index + 1}`)
      return typeof provided === 'function' ? provided() : provided
    })
    const rejected: unknown[] = []
    const onRejected = (event: unknown): void => void rejected.push(event)

    const memory = answerFor('k-3', refusal)
    const closed = await lastResult(chain(apiKeyLink({ key, onRejected }), memory), operation)
    expect(closed).toEqual({ data: { key: 'k-3' } })
    expect(memory.sent.map(({ headers }) => headers['x-api-key'])).toEqual(['k-1', 'k-2', 'k-3'])
    expect(memory.sent.map(({ ended }) => ended)).not.toContain(undefined)
    expect(rejected).toEqual([
      { index: 0, hint: undefined },
      { index: 1, hint: undefined },
    ])

    const streamed: Result[] = []
    const stream = execute(chain(apiKeyLink({ key: ['k-1', 'k-3'] }), answerFor('k-3', refusal)), operation)
    for await (const result of stream) streamed.push(result)
    expect(streamed).toEqual([{ data: { key: 'k-3' } }])

    tried.length = 0
    await lastResult(chain(apiKeyLink({ key }), answerFor('k-1', refusal)), operation)
    expect(tried).toEqual(['k-1'])

    const none = answerFor('another', refusal)
    const outcome: unknown = await lastResult(chain(apiKeyLink({ key, onRejected }), none), operation).catch(
      (error: unknown) => error,
    )
    const last = refusal()
    expect(outcome).toEqual(last)
    expect(none.sent).toHaveLength(3)
    expect(rejected).toHaveLength(4)
  })

  test('AK-3 nothing else is tried again: another status, a failure after a result, data beside the 401, or no result', async () => {
    const down = new Error('down')
    async function* late(): AsyncGenerator<Result> {
      yield { data: 1 }
      throw new StatusError(401)
    }
    const answers: [() => MemoryAnswer, unknown][] = [
      [() => new StatusError(403), expect.any(StatusError)],
      [() => down, down],
      [() => ({ ...unauthorized, http: { ...unauthorized.http, status: 403 } as never }), expect.anything()],
      [() => ({ ...unauthorized, data: { a: 1 } }), expect.anything()],
      [() => ({ errors: [{ message: 'UNAUTHENTICATED' }] }), expect.anything()],
      [late, expect.any(StatusError)],
      [() => [{ data: 1 }, unauthorized], unauthorized],
      [() => [], expect.any(GraphLinksError)],
    ]
    for (const [answer, expected] of answers) {
      const memory = memoryLink(answer)
      const outcome: unknown = await lastResult(chain(apiKeyLink({ key: ['a', 'b'] }), memory), operation).catch(
        (error: unknown) => error,
      )
      expect(outcome).toEqual(expected)
      expect(memory.sent).toHaveLength(1)
    }
  })

  test('AK-3 TR-7 TR-8 what was read, or must not be sent twice, is not tried with the next key', async () => {
    const init = { document: 'query Q($file: Upload) { a }' }
    const operations = [
      createOperation({ ...init, variables: { file: new Blob(['x']).stream() } }),
      createOperation({ ...init, context: emptyContext.with(replay, 'never') }),
    ]
    for (const given of operations) {
      const memory = answerFor('k-2', () => unauthorized)
      expect(await lastResult(chain(apiKeyLink({ key: ['k-1', 'k-2'] }), memory), given)).toEqual(unauthorized)
      expect(memory.sent).toHaveLength(1)
    }
  })

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('in the hook')
      },
    ],
    ['rejects', () => Promise.reject(new Error('in the hook'))],
  ])('K-4 onRejected that %s disturbs nobody', async (_, onRejected) => {
    const memory = answerFor('k-2', () => unauthorized)
    expect(await lastResult(chain(apiKeyLink({ key: ['k-1', 'k-2'], onRejected }), memory), operation)).toEqual({
      data: { key: 'k-2' },
    })
    await settle()
  })

  test('AK-3 a key that is missing is passed over', async () => {
    const memory = memoryLink()
    const onRejected = jest.fn()
    const link = chain(apiKeyLink({ key: [() => undefined, 'k-old'], onRejected }), memory)
    await lastResult(link, createOperation({ document: '{ a }' }))
    expect(memory.sent.map(({ headers }) => headers['x-api-key'])).toEqual(['k-old'])
    expect(onRejected).not.toHaveBeenCalled()
  })

  test('AK-3 one key alone is never tried twice', async () => {
    for (const key of ['a', ['a'], () => 'a']) {
      const memory = memoryLink(unauthorized)
      expect(await lastResult(chain(apiKeyLink({ key }), memory), operation)).toBe(unauthorized)
      expect(memory.sent).toHaveLength(1)
    }
  })

  test('AK-3 K-3 leaving early or cancelling while a key is tried ends it, and tries no other', async () => {
    const memory = memoryLink(() => new Promise<never>(() => {}))
    const iterator = execute(chain(apiKeyLink({ key: ['a', 'b'] }), memory), operation)[Symbol.asyncIterator]()
    const pending = iterator.next()
    await settle()
    await iterator.return?.()
    expect(await pending).toEqual({ done: true, value: undefined })
    await settle()
    expect(memory.sent.map(({ ended }) => ended !== undefined)).toEqual([true])
  })

  test('AK-4 the hint is the first four characters of a key of at least 20', async () => {
    const hints: unknown[] = []
    const canary = secretCanary()
    for (const rejected of ['k'.repeat(19), `live${canary.value}`]) {
      const link = apiKeyLink({ key: [rejected, 'next'], onRejected: ({ hint }) => hints.push(hint) })
      await lastResult(
        chain(
          link,
          answerFor('next', () => unauthorized),
        ),
        operation,
      )
    }
    expect(hints).toEqual([undefined, 'live'])
    canary.check(hints)
  })
})

test('AUTH-13 CR-7 a missing key is omitted, or an error; what is no text is an error', async () => {
  for (const missing of [undefined, null, '']) {
    expect(await wireOf({ key: () => missing })).toEqual({})
    expect(await wireOf({ key: async () => missing })).toEqual({})
    expect(await errorOf(() => wireOf({ key: () => missing, onMissing: 'error' }))).toBeInstanceOf(CredentialError)
  }
  expect(await wireOf({ key: '' })).toEqual({})
  for (const bad of [5, {}, 'undefined', 'null', []]) {
    const error = await errorOf(() => wireOf({ key: async () => bad as never }))
    expect(error).toBeInstanceOf(CredentialError)
    expect(error).toMatchObject({ link: 'apiKeyLink', operationName: 'Q' })
    expect(error.message).toContain('the key is ')
  }
})

test('CR-4 AUTH-40 threats 7 a key that cannot be sent is refused by link and position, in header and query, and not shown', async () => {
  for (const bad of ['\n', '\u0000', '😀', 'é', ' ']) {
    const canary = secretCanary()
    const key = canary.value + bad
    await canary.watch(async () => {
      for (const place of ['header', 'query'] as const) {
        for (const run of [
          () => apiKeyLink({ key, in: place }),
          () => apiKeyLink({ key: ['fine', key], in: place }),
          () => wireOf({ key: () => key, in: place }),
          () => wireOf({ key: async () => key, in: place }),
        ]) {
          const error = await errorOf(run)
          expect(error).toBeInstanceOf(HeaderError)
          expect(error.link).toBe('apiKeyLink')
          canary.check(error)
        }
      }
    })
  }
})

test('K-6 K-10 a synchronous key adds no promise, and bad options fail when the link is built', () => {
  const results = single({ data: 1 })
  expect(apiKeyLink({ key: () => 'k' })(operation, () => results)).toBe(results)
  for (const [options, words] of [
    [{}, /give it \{ key \}/],
    [{ key: [] }, /give it \{ key \}/],
    [{ key: undefined }, /give it \{ key \}/],
    [{ key: ['a', undefined] }, /give it \{ key \}/],
    [{ key: 5 }, /give it \{ key \}/],
    [{ key: { primary: 'k' } }, /give it \{ key \}/],
    [{ key: Promise.resolve('k') }, /give it \{ key \}/],
    [{ key: ['a', ['b']] }, /give it \{ key \}/],
    [{ key: 'k', in: 'query', parameter: '' }, /parameter is/],
    [{ key: 'k', in: 'query', parameter: 5 }, /parameter is/],
    [{ key: ['k', 'l'], onRejected: 'log' }, /onRejected is/],
    [{ key: 'k', in: 'cookie' }, /in is "header" or "query"/],
    [{ key: 'k', in: 'query', header: 'x-key' }, /header has no meaning with in: "query"/],
    [{ key: 'k', parameter: 'p' }, /parameter needs in: "query"/],
    [{ key: 'k', onMissing: 'no' }, /onMissing/],
    [{ key: 'k', timeoutMs: 0 }, /timeoutMs/],
    [{ key: 'k', origins: ['x'] }, /origin/],
    [{ key: 'k', origins: 'https://api.example.com' }, /an origin in origins looks like/],
  ] as const) {
    expect(() => apiKeyLink(options as never)).toThrow(OptionsError)
    expect(() => apiKeyLink(options as never)).toThrow(/^apiKeyLink: /)
    expect(() => apiKeyLink(options as never)).toThrow(words)
  }
  expect(() => apiKeyLink({ key: 'k', header: 'a b' })).toThrow(HeaderError)
})
