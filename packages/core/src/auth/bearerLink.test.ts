import { FakeClock, linkContract, memoryLink, secretCanary, settle } from '@graphlinks/testing'
import {
  bearerLink,
  chain,
  createClient,
  createOperation,
  CredentialError,
  GraphLinksError,
  HeaderError,
  identityOf,
  lastResult,
  OptionsError,
  single,
  TimeoutError,
  type BearerLinkOptions,
  type Link,
  type Operation,
  type OperationInit,
  type TerminalLink,
} from '../index.ts'

const query = (init: Partial<OperationInit> = {}): Operation => createOperation({ document: 'query Q { a }', ...init })

const errorOf = (promise: Promise<unknown>): Promise<GraphLinksError> =>
  promise.then(
    () => Promise.reject(new Error('it should have failed')),
    (error: unknown) => error as GraphLinksError,
  )

/** What one operation through the link has on the wire. */
async function wireOf(link: Link, operation = query()): Promise<Record<string, string>> {
  const memory = memoryLink()
  await lastResult(chain(link, memory), operation)
  return { ...memory.sent[0]?.headers }
}

function thrownBy(run: () => unknown): GraphLinksError {
  try {
    run()
  } catch (error) {
    return error as GraphLinksError
  }
  throw new Error('it should have thrown')
}

describe('contract of bearerLink', () => {
  describe('with a constant', () => {
    linkContract(() => bearerLink('the-token'))
  })
  describe('with a function', () => {
    linkContract(() => bearerLink(() => 'the-token'))
  })
  describe('with an async function', () => {
    linkContract(() => bearerLink(async () => 'the-token'))
  })
  describe('with no token', () => {
    linkContract(() => bearerLink(async () => undefined))
  })
})

test('AUTH-10 a constant goes with every operation of every kind', async () => {
  const memory = memoryLink()
  const client = createClient({ link: chain(bearerLink('the-token'), memory) })
  await client.query('{ a }')
  await client.mutate('mutation { a }')
  for await (const _ of client.subscribe('subscription { a }')) break
  expect(memory.sent.map(({ headers }) => headers)).toEqual(Array(3).fill({ authorization: 'Bearer the-token' }))
})

test('AUTH-11 a function is called for each operation, with it, and rotates without a new client', async () => {
  for (const wrap of [(value: string) => value, (value: string) => Promise.resolve(value)]) {
    const seen: (string | undefined)[] = []
    let n = 0
    const memory = memoryLink()
    const link = bearerLink((operation) => {
      seen.push(operation.operationName)
      return wrap(`token-${++n}`)
    })
    const client = createClient({ link: chain(link, memory) })
    for (const name of ['A', 'B', 'C']) await client.query(`query ${name} { a }`)
    expect(seen).toEqual(['A', 'B', 'C'])
    expect(memory.sent.map(({ headers }) => headers['authorization'])).toEqual(
      [1, 2, 3].map((k) => `Bearer token-${k}`),
    )
  }
})

test('AUTH-11 a link further out that calls next again gets a fresh token for each attempt', async () => {
  let n = 0
  const memory = memoryLink()
  const twice: Link = async function* twice(operation, next) {
    for await (const _ of next(operation)) break
    yield* next(operation)
  }
  await lastResult(
    chain(
      twice,
      bearerLink(() => `token-${++n}`),
      memory,
    ),
    query(),
  )
  expect(memory.sent.map(({ headers }) => headers['authorization'])).toEqual(['Bearer token-1', 'Bearer token-2'])
})

test('AUTH-12 BL-1 scheme and header are options, and no scheme sends the token alone', async () => {
  const cases: [BearerLinkOptions, Record<string, string>][] = [
    [{ scheme: 'token' }, { authorization: 'token abc' }],
    [{ scheme: 'JWT' }, { authorization: 'JWT abc' }],
    [{ scheme: 'DPoP' }, { authorization: 'DPoP abc' }],
    [{ scheme: '' }, { authorization: 'abc' }],
    [{ header: 'X-Auth-Token' }, { 'x-auth-token': 'Bearer abc' }],
    [{ header: 'X-Auth-Token', scheme: '' }, { 'x-auth-token': 'abc' }],
  ]
  for (const [options, expected] of cases) {
    expect(await wireOf(bearerLink('abc', options))).toEqual(expected)
    expect(await wireOf(bearerLink(async () => 'abc', options))).toEqual(expected)
  }
  // Without a scheme it is no bearer token, and the grammar is that of a header value.
  expect(await wireOf(bearerLink('Custom a="b", c', { scheme: '' }))).toEqual({ authorization: 'Custom a="b", c' })
})

test('AUTH-8 CR-7 what is no text is called by its kind, and a missing value that became a text by that', async () => {
  for (const [token, words] of [
    ['undefined', 'the token is the text "undefined": a missing value became a string'],
    ['null', 'the token is the text "null"'],
    [5, 'the token is number, not a string'],
    [['secret'], 'the token is null or a list, not a string'],
  ] as const) {
    const error = await errorOf(
      lastResult(
        chain(
          bearerLink(() => token as never),
          memoryLink(),
        ),
        query(),
      ),
    )
    expect(error.message).toContain(words)
  }
})

test('an async function is called for an operation without a run, too', async () => {
  const link = bearerLink(async () => 'the-token')
  let passed: Operation | undefined
  const results = await link(query(), (given) => ((passed = given), single({ data: 1 })))
  expect((await results[Symbol.asyncIterator]().next()).value).toEqual({ data: 1 })
  expect(passed && identityOf(passed).reveal()).toContain('Bearer the-token')
})

test('AUTH-13 CR-7 a missing token is omitted, or an error where that is asked for', async () => {
  for (const missing of [undefined, null, '']) {
    for (const token of [missing, () => missing, async () => missing]) {
      expect(await wireOf(bearerLink(token as never))).toEqual({})
      const memory = memoryLink()
      const error = await errorOf(
        lastResult(chain(bearerLink(token as never, { onMissing: 'error' }), memory), query()),
      )
      expect(error).toBeInstanceOf(CredentialError)
      expect(error).toMatchObject({ link: 'bearerLink', operationName: 'Q' })
      expect(error.message).toMatch(/no token/)
      expect(memory.sent).toEqual([])
    }
  }
})

test('AUTH-8 never "Bearer undefined", nor anything else that was turned into a text', async () => {
  for (const bad of ['undefined', 'null', 5, true, {}, ['abc'], new Date(0), () => 'abc']) {
    for (const token of [() => bad, async () => bad]) {
      const memory = memoryLink()
      const error = await errorOf(lastResult(chain(bearerLink(token as never), memory), query()))
      expect(error).toBeInstanceOf(CredentialError)
      expect(error).toMatchObject({ link: 'bearerLink', operationName: 'Q' })
      expect(memory.sent).toEqual([])
    }
  }
})

test('BL-1 BL-2 CR-4 threats 7 a malformed token is refused before the terminal link sees it, naming the link and not the value', async () => {
  const { value } = secretCanary()
  const malformed = [
    `${value}\n`,
    `${value}\r\nx-evil: 1`,
    `${value}\u0000`,
    `${value}😀`,
    `${value} `,
    ` ${value}`,
    `${value} ${value}`,
    `Bearer ${value}`,
    `${value}é`,
    `${value}\u212a`,
    `${value}=a`,
    `${value},a`,
    `"${value}"`,
    '=',
  ]
  for (const token of malformed) {
    const canary = secretCanary()
    const bad = token.replaceAll(value, canary.value)
    await canary.watch(async () => {
      const errors = [thrownBy(() => bearerLink(bad))]
      for (const provider of [() => bad, async () => bad]) {
        const memory = memoryLink()
        const client = createClient({ link: chain(bearerLink(provider), memory) })
        errors.push(await errorOf(client.query('query Q { a }')))
        expect(memory.sent).toEqual([])
      }
      for (const error of errors) {
        expect(error instanceof HeaderError || error instanceof CredentialError).toBe(true)
        expect(error.link).toBe('bearerLink')
        expect(error.message).toContain('bearerLink')
        canary.check(error)
      }
      expect(errors.map((error) => error.operationName)).toEqual([undefined, 'Q', 'Q'])
    })
  }
  expect(() => bearerLink('Bearer abc')).toThrow('pass it without its scheme')
  for (const good of ['a', 'aZ09-._~+/', 'abc=', 'abc==', 'eyJ.e30.x-_y']) {
    expect(await wireOf(bearerLink(good))).toEqual({ authorization: `Bearer ${good}` })
  }
})

test('BL-2 trim: true cuts white space off, and a token of white space alone is missing or malformed, never sent', async () => {
  for (const token of ['abc\n', ' abc ', '\tabc\r\n']) {
    expect(await wireOf(bearerLink(token, { trim: true }))).toEqual({ authorization: 'Bearer abc' })
    expect(await wireOf(bearerLink(async () => token, { trim: true }))).toEqual({ authorization: 'Bearer abc' })
  }
  for (const scheme of ['Bearer', '']) {
    const memory = memoryLink()
    const link = bearerLink(() => ' \n', { trim: true, scheme })
    await lastResult(chain(link, memory), query()).catch(() => {})
    expect(memory.sent.flatMap(({ headers }) => Object.keys(headers))).toEqual([])
  }
})

test('AUTH-7 AUTH-6 the function is not called where the call or request says what the header is', async () => {
  const token = jest.fn(() => 'the-token')
  for (const value of ['Bearer mine', null]) {
    for (const name of ['authorization', 'Authorization']) {
      const expected: Record<string, string> = value === null ? {} : { authorization: value }
      expect(await wireOf(bearerLink(token), query({ headers: { [name]: value } }))).toEqual(expected)
      expect(await wireOf(bearerLink('constant'), query({ headers: { [name]: value } }))).toEqual(expected)
    }
  }
  expect(token).not.toHaveBeenCalled()
  expect(await wireOf(bearerLink(token, { header: 'x-token' }), query({ headers: { authorization: null } }))).toEqual({
    'x-token': 'Bearer the-token',
  })
})

test('AUTH-17 AUTH-18 admin, user, admin; and 200 interleaved calls with 200 identities keep to themselves', async () => {
  const memory = memoryLink(async (operation) => {
    await settle()
    return { data: operation.variables }
  })
  const client = createClient({
    link: chain(
      bearerLink(async ({ variables }) => `t-${String(variables?.['id'])}`),
      memory,
    ),
  })
  for (const headers of [undefined, { authorization: 'Bearer user' }, undefined]) {
    await client.query('query Q($id: Int) { a }', { id: 'admin' }, { headers })
  }
  expect(memory.sent.map(({ headers }) => headers['authorization'])).toEqual([
    'Bearer t-admin',
    'Bearer user',
    'Bearer t-admin',
  ])
  const ids = Array.from({ length: 200 }, (_, id) => id)
  const results = await Promise.all(ids.map((id) => client.query('query Q($id: Int) { a }', { id })))
  expect(results.map(({ data }) => data)).toEqual(ids.map((id) => ({ id })))
  for (const { operation, headers } of memory.sent.slice(3)) {
    expect(headers['authorization']).toBe(`Bearer t-${String(operation.variables?.['id'])}`)
  }
})

test('K-6 a synchronous function adds no promise', () => {
  const results = single({ data: 1 })
  const link = bearerLink(() => 'abc')
  expect(link(query(), () => results)).toBe(results)
  expect(bearerLink('abc')(query(), () => results)).toBe(results)
  expect(bearerLink(undefined)(query(), () => results)).toBe(results)
})

describe('a function that fails', () => {
  test('CR-7 it throws or rejects: a CredentialError with its error as the cause, and nothing is sent', async () => {
    const cause = new Error('key store is closed')
    const providers: (() => string | Promise<string>)[] = [
      () => {
        throw cause
      },
      () => Promise.reject(cause),
    ]
    for (const provider of providers) {
      const memory = memoryLink()
      const error = await errorOf(lastResult(chain(bearerLink(provider), memory), query()))
      expect(error).toBeInstanceOf(CredentialError)
      expect(error).toMatchObject({ link: 'bearerLink', operationName: 'Q', cause })
      expect(memory.sent).toEqual([])
    }
    const own = new GraphLinksError('mine')
    expect(
      await errorOf(
        lastResult(
          chain(
            bearerLink(() => Promise.reject(own)),
            memoryLink(),
          ),
          query(),
        ),
      ),
    ).toBe(own)
  })

  test('CR-7 it takes too long: a TimeoutError after timeoutMs, and no timer is left however it ends', async () => {
    const clock = new FakeClock()
    const memory = memoryLink()
    const never = new Promise<string>(() => {})
    const link = chain(
      bearerLink(({ operationName }) => (operationName === 'Slow' ? never : Promise.resolve('abc')), {
        timeoutMs: 1_000,
        clock,
      }),
      memory,
    )
    const failing = errorOf(lastResult(link, query({ document: 'query Slow { a }' })))
    await clock.advance(999)
    expect(clock.pending).toBe(1)
    await clock.advance(1)
    const error = await failing
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error).toMatchObject({ link: 'bearerLink', operationName: 'Slow' })
    expect(error.message).toContain('1000 ms')
    expect(clock.pending).toBe(0)
    await lastResult(link, query())
    expect([clock.pending, memory.sent.length]).toEqual([0, 1])
    const rejecting = bearerLink(() => Promise.reject(new Error('down')), { clock })
    await errorOf(lastResult(chain(rejecting, memory), query()))
    expect(clock.pending).toBe(0)
  })

  test('CR-7 Infinity sets no timer, and the default is 30 seconds', async () => {
    const clock = new FakeClock()
    let give = (_token: string): void => {}
    const token = (): Promise<string> => new Promise((resolve) => (give = resolve))
    const patient = wireOf(bearerLink(token, { clock, timeoutMs: Infinity }))
    await clock.advance(1e9)
    expect(clock.pending).toBe(0)
    give('abc')
    expect(await patient).toEqual({ authorization: 'Bearer abc' })
    const failing = errorOf(wireOf(bearerLink(token, { clock })))
    await clock.advance(29_999)
    expect(clock.pending).toBe(1)
    await clock.advance(1)
    expect(await failing).toBeInstanceOf(TimeoutError)
  })

  test('K-3 an abort while it runs leaves no timer and no listener, and the links around it finish', async () => {
    const clock = new FakeClock()
    const finished = jest.fn()
    const around: Link = async function* around(operation, next) {
      try {
        yield* next(operation)
      } catch (error) {
        finished(error)
        throw error
      }
    }
    for (const timeoutMs of [1_000, Infinity]) {
      finished.mockClear()
      const controller = new AbortController()
      const reason = new Error('left')
      const link = chain(
        around,
        bearerLink(() => new Promise<string>(() => {}), { clock, timeoutMs }),
        memoryLink(),
      )
      const failing = errorOf(lastResult(link, query({ signal: controller.signal })))
      await settle()
      controller.abort(reason)
      expect(await failing).toBe(reason)
      await settle()
      expect(clock.pending).toBe(0)
      expect(finished.mock.calls).toEqual([[reason]])
    }
  })

  test('K-3 an abort in the moment in which it was called leaves nothing either', async () => {
    const clock = new FakeClock()
    const controller = new AbortController()
    const finished = jest.fn()
    const around: Link = async function* around(operation, next) {
      try {
        yield* next(operation)
      } finally {
        finished()
      }
    }
    const token = (): Promise<string> => {
      controller.abort(new Error('left'))
      return new Promise(() => {})
    }
    const link = chain(around, bearerLink(token, { clock }), memoryLink())
    expect(await errorOf(lastResult(link, query({ signal: controller.signal })))).toMatchObject({ message: 'left' })
    await settle()
    expect(clock.pending).toBe(0)
    expect(finished).toHaveBeenCalledTimes(1)
  })

  test('CR-7 a link that is called by itself, without a client, waits as well', async () => {
    const token = (): Promise<string> => settle().then(() => 'abc')
    const sent: Operation[] = []
    const results = await bearerLink(token)(query(), (operation) => {
      sent.push(operation)
      return single({ data: {} })
    })
    for await (const { data } of results) expect(data).toEqual({})
    expect(sent.map((operation) => identityOf(operation).reveal())).toEqual([expect.stringContaining('Bearer abc')])
  })

  test('CR-7 a function that has its answer at hand needs no timer', async () => {
    const clock = new FakeClock()
    const after = jest.spyOn(clock, 'after')
    expect(await wireOf(bearerLink(async () => 'abc', { clock }))).toEqual({ authorization: 'Bearer abc' })
    await errorOf(wireOf(bearerLink(() => Promise.reject(new Error('down')), { clock })))
    expect(after).not.toHaveBeenCalled()
  })
})

test('K-3 a function that answered leaves no timer and no listener behind, and makes no signal', async () => {
  const made = jest.spyOn(AbortController.prototype, 'signal', 'get')
  const terminal: TerminalLink = () => single({ data: {} })
  for (const token of [async () => 'abc', () => Promise.reject<string>(new Error('down')), () => 'abc']) {
    const clock = new FakeClock()
    const { signal } = new AbortController()
    made.mockClear()
    const [add, remove] = [jest.spyOn(signal, 'addEventListener'), jest.spyOn(signal, 'removeEventListener')]
    await lastResult(chain(bearerLink(token, { clock }), terminal), query({ signal })).catch(() => {})
    expect(clock.pending).toBe(0)
    expect(made).not.toHaveBeenCalled()
    expect(add).toHaveBeenCalledTimes(1)
    expect(remove.mock.calls.map((call) => call[1])).toEqual(add.mock.calls.map((call) => call[1]))
  }
  made.mockRestore()
})

test('K-10 bad options fail when the link is built, with the link and the value', () => {
  const bad: [BearerLinkOptions, RegExp][] = [
    [{ scheme: 'two words' }, /scheme/],
    [{ scheme: 'Bearer\n' }, /scheme/],
    [{ onMissing: 'ignore' as never }, /onMissing/],
    [{ timeoutMs: 0 }, /timeoutMs.* 0/],
    [{ timeoutMs: -1 }, /-1/],
    [{ timeoutMs: Number.NaN }, /NaN/],
    [{ origins: ['nowhere'] }, /origin/],
  ]
  for (const [options, words] of bad) {
    const error = thrownBy(() => bearerLink('abc', options))
    expect(error).toBeInstanceOf(OptionsError)
    expect(error.link).toBe('bearerLink')
    expect(error.message).toMatch(words)
  }
  expect(thrownBy(() => bearerLink('abc', { header: 'host' }))).toBeInstanceOf(HeaderError)
  expect(thrownBy(() => chain(bearerLink('abc') as unknown as TerminalLink)).message).toContain('bearerLink')
})
