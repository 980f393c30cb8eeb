import { FakeClock, linkContract, memoryLink, secretCanary, settle, type MemoryLink } from '@graphlinks/testing'
import { createClient, type Client } from '../client.ts'
import { contextKey, emptyContext } from '../context.ts'
import { detached, withVariables } from '../copies.ts'
import { identityOf } from '../credentials.ts'
import { CredentialError, GraphLinksError, HeaderError, OptionsError, TimeoutError } from '../errors.ts'
import { execute } from '../execute.ts'
import { chain, type Link, type Next } from '../link.ts'
import { createOperation, type Operation } from '../operation.ts'
import { executionOf } from '../operationExecution.ts'
import type { Result, Results } from '../results.ts'
import { bearerLink } from './bearerLink.ts'
import type { RefreshRequest } from './renewal.ts'
import { replay, type AttemptOutcome } from './rejection.ts'
import { AuthExpiredError, AuthQueueFullError, AuthRefreshError, IdentityChangedError } from './sessionErrors.ts'
import { tokenRefreshLink, type TokenRefreshLinkOptions } from './tokenRefreshLink.ts'
import { createTokenSource } from './createTokenSource.ts'
import type { TokenSource, TokenSourceBaseOptions } from './tokenSource.ts'
import type { Tokens } from './tokens.ts'

linkContract(() =>
  tokenRefreshLink({ fetchToken: async () => ({ accessToken: 'secret-token', expiresInSeconds: 3_600 }) }),
)

const hour = 3_600_000
const unauthenticated: Result = { errors: [{ message: 'sign in', extensions: { code: 'UNAUTHENTICATED' } }] }

/** The error of an HTTP status, as httpLink makes it. */
function httpError(status: number, wwwAuthenticate: string | null = null): Error {
  return Object.assign(new GraphLinksError(`the server answered ${status}`), { status, wwwAuthenticate })
}

function tokens(count: number, changes: Partial<Tokens> = {}): Tokens {
  return { accessToken: `access${count}`, refreshToken: `refresh${count}`, expiresInSeconds: 3_600, ...changes }
}

interface Setup {
  readonly clock: FakeClock
  readonly session: TokenSource
  readonly client: Client
  readonly server: MemoryLink
  readonly asked: RefreshRequest[]
  /** The tokens that the server takes. */
  readonly valid: Set<string>
  /** How often each mutation ran. */
  readonly executions: () => number
}

interface SetupOptions extends TokenSourceBaseOptions {
  readonly link?: TokenRefreshLinkOptions
  readonly outer?: readonly Link[]
  readonly inner?: readonly Link[]
  readonly refresh?: (request: RefreshRequest, count: number) => Tokens | Promise<Tokens>
  /** What the server says to a token that it does not take. Default: HTTP 401. */
  readonly refuse?: (operation: Operation) => Result | Error | readonly Result[]
  readonly answer?: (operation: Operation) => Result | readonly Result[] | Promise<Result>
}

/** A session whose token the server takes, unless a test says otherwise; each refresh gives one more that it takes. */
function setup({ link, outer = [], inner = [], refresh, refuse, answer, ...options }: SetupOptions = {}): Setup {
  const clock = (options.clock as FakeClock | undefined) ?? new FakeClock()
  const asked: RefreshRequest[] = []
  const valid = new Set(['access0'])
  let executions = 0
  const session = createTokenSource({
    clock,
    random: () => 0,
    initial: tokens(0),
    refresh: async (request) => {
      const count = asked.push(request)
      const renewed = await (refresh ? refresh(request, count) : tokens(count))
      valid.add(renewed.accessToken)
      return renewed
    },
    ...options,
  })
  const server: MemoryLink = memoryLink((operation) => {
    const authorization = server.sent.findLast((sent) => sent.operation === operation)?.headers['authorization']
    const token = authorization?.replace('Bearer ', '')
    if (token !== undefined && !valid.has(token)) return refuse ? refuse(operation) : httpError(401)
    executions += operation.kind === 'mutation' ? 1 : 0
    return answer ? answer(operation) : { data: { token: token ?? null } }
  })
  const client = createClient({ link: chain(...outer, tokenRefreshLink(session, link), ...inner, server) })
  return { clock, session, client, server, asked, valid, executions: () => executions }
}

async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: unknown) => error)
}

async function resultsOf(results: AsyncIterable<Result>): Promise<Result[]> {
  const all: Result[] = []
  for await (const result of results) all.push(result)
  return all
}

describe('the token', () => {
  test('AUTH-27 goes with queries, mutations and subscriptions alike', async () => {
    const { client, server } = setup()
    await client.query('{ a }')
    await client.mutate('mutation { a }')
    await resultsOf(client.subscribe('subscription { a }'))
    await client.query('{ __schema { queryType { name } } }')
    expect(server.sent.map(({ headers }) => headers['authorization'])).toEqual(Array(4).fill('Bearer access0'))
  })

  test('scheme, header and origins', async () => {
    const other = setup({ link: { scheme: '', header: 'X-Token' } })
    await other.client.query('{ a }')
    expect(other.server.sent[0]?.headers).toMatchObject({ 'x-token': 'access0' })
    const foreign = setup({ link: { origins: ['https://api.example.com'] } })
    await foreign.client.query('{ a }')
    expect(foreign.server.sent[0]?.headers).toEqual({})
  })

  test('AUTH-7 AUTH-28 an authorization header of the call wins: nothing is attached, renewed or sent again', async () => {
    const { client, server, asked, clock, session } = setup({ refuse: () => unauthenticated })
    await clock.advance(hour + 1)
    const { errors } = await client.query('{ a }', undefined, { headers: { Authorization: 'Bearer mine' } })
    expect(errors?.length).toBe(1)
    await client.query('{ a }', undefined, { headers: { authorization: null } })
    expect(server.sent.map(({ headers }) => headers['authorization'])).toEqual(['Bearer mine', undefined])
    expect(asked).toEqual([])
    expect(session.current.generation).toBe(1)
  })

  test('nobody is signed in: without a token, or an error with onMissing', async () => {
    const { client, server, session } = setup({ initial: undefined, refuse: () => unauthenticated })
    expect(await client.query('{ a }')).toEqual({ data: { token: null } })
    expect(server.sent[0]?.headers).toEqual({})
    await session.set(tokens(0))
    expect(await client.query('{ a }')).toEqual({ data: { token: 'access0' } })
    const strict = setup({ initial: undefined, link: { onMissing: 'error' } })
    const error = (await outcomeOf(strict.client.query('query Mine { a }'))) as CredentialError
    expect(error).toBeInstanceOf(CredentialError)
    expect(error.message).toMatch(/tokenRefreshLink, operation Mine: nobody is signed in/)
    expect(strict.server.sent).toEqual([])
  })

  test('what an anonymous operation is told is its own business', async () => {
    const server = memoryLink(unauthenticated)
    const session = createTokenSource({ refresh: async () => tokens(1) })
    const client = createClient({ link: chain(tokenRefreshLink(session), server) })
    expect(await client.query('{ a }')).toBe(await client.query('{ a }'))
    expect(server.sent.length).toBe(2)
  })

  test.each(['to ken', 'tok\nen', 'tok\u0000en', 'токен'])(
    'CR-4 threats 7 a token that no header can carry: %j',
    async (bad) => {
      const { client, server } = setup({ initial: tokens(0, { accessToken: bad }) })
      const error = (await outcomeOf(client.query('query Mine { a }'))) as GraphLinksError
      expect(HeaderError.is(error) || CredentialError.is(error)).toBe(true)
      expect(error.message).toContain('tokenRefreshLink, operation Mine')
      expect(error.message).not.toContain(bad)
      expect(server.sent).toEqual([])
    },
  )

  test('TR-48 the identity is the session, not the token: a refresh keeps it, another sign-in does not', async () => {
    const { client, server, session, clock, valid } = setup()
    valid.add('mine')
    const identities = (): string[] => server.sent.map(({ operation }) => identityOf(operation).reveal())
    await client.query('{ a }')
    await clock.advance(hour + 1)
    await client.query('{ a }')
    await session.set(tokens(0))
    await client.query('{ a }')
    await client.query('{ a }', undefined, { headers: { authorization: 'Bearer mine' } })
    await client.query('{ a }', undefined, { headers: { authorization: null } })
    const [first, second, third, fourth, fifth] = identities()
    expect(first).toBe(second)
    expect(new Set([first, third, fourth, fifth]).size).toBe(4)
    expect(identities().join()).not.toContain('access')
  })

  test('options that can never work fail when the link is built', () => {
    const source = createTokenSource({ readonly: true, initial: tokens(0) })
    const refresh = async (): Promise<Tokens> => tokens(1)
    for (const options of [
      { onMissing: 'skip' },
      { isRefused: true },
      { scheme: 'a b' },
      { header: 'a b' },
      { origins: ['x'] },
    ]) {
      expect(() => tokenRefreshLink(source, options as never)).toThrow(/tokenRefreshLink/)
    }
    for (const source of [undefined, null, 'token', {}, { refresh: 5 }]) {
      expect(() => tokenRefreshLink(source as never)).toThrow(OptionsError)
    }
    expect(() => tokenRefreshLink({ refresh }, { onMissing: 'error' })).not.toThrow()
  })

  test('K-10 a retry link that stands further in is reported', () => {
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => {})
    try {
      const retry = Object.assign(((operation, next) => next(operation)) as Link, { stage: 'replay' as const })
      Object.defineProperty(retry, 'name', { value: 'retryLink' })
      const source = createTokenSource({ readonly: true, initial: tokens(0) })
      chain(retry, tokenRefreshLink(source), memoryLink())
      chain(bearerLink('t'), tokenRefreshLink(source), memoryLink())
      expect(warn).not.toHaveBeenCalled()
      chain(tokenRefreshLink(source), retry, memoryLink())
      expect(String(warn.mock.calls)).toMatch(/tokenRefreshLink stands before retryLink.*Move retryLink before/)
    } finally {
      warn.mockRestore()
    }
  })

  test('the client disposes of a source that the link made, and not of one that it was given', async () => {
    const clock = new FakeClock()
    const server = memoryLink()
    const own = createClient({ link: chain(tokenRefreshLink({ refresh: async () => tokens(1), initial: tokens(0), clock, mode: 'eager' }), server) }) // prettier-ignore
    await own.query('{ a }')
    expect(clock.pending).toBe(1)
    await own.dispose()
    expect(clock.pending).toBe(0)
    const { client, session } = setup({ mode: 'eager', clock })
    await client.dispose()
    expect(await session.accessToken()).toBe('access0')
    await session.dispose()
  })
})

describe('refreshing', () => {
  test.each([
    ['HTTP 401', () => httpError(401)],
    ['UNAUTHENTICATED', () => unauthenticated],
  ])(
    'TR-1 TR-2 threats 17 a thousand operations on a token that was voided, %s: one refresh, all succeed',
    async (_, refuse) => {
      const { client, server, asked, valid } = setup({ refuse })
      valid.clear()
      const results = await Promise.all(Array.from({ length: 1_000 }, () => client.query('{ a }')))
      expect(results.every(({ data }) => (data as { token: string }).token === 'access1')).toBe(true)
      expect(asked.length).toBe(1)
      expect(server.sent.length).toBe(2_000)
    },
  )

  test('TR-1 threats 17 the same, staggered over 500 ms, with answers that take 20 ms', async () => {
    const clock = new FakeClock()
    const later: Link = async (operation, next) => {
      await new Promise<void>((resolve) => void clock.after(20, resolve))
      return next(operation)
    }
    const { client, server, asked, valid } = setup({ clock, inner: [later] })
    valid.clear()
    const running: Promise<Result>[] = []
    for (let ms = 0; ms < 500; ms++) {
      running.push(client.query('{ a }'), client.query('{ a }'))
      await clock.advance(1)
    }
    await clock.advance(1_000)
    expect((await Promise.all(running)).every(({ data }) => (data as { token: string }).token === 'access1')).toBe(true)
    expect(asked.length).toBe(1)
    expect(server.sent.length).toBeLessThanOrEqual(2_000)
  })

  test('TR-3 a token that is known to be expired is never sent', async () => {
    const { client, server, asked, clock } = setup()
    await clock.advance(hour + 1)
    await Promise.all(Array.from({ length: 1_000 }, () => client.query('{ a }')))
    expect(asked.length).toBe(1)
    expect(server.sent.length).toBe(1_000)
    expect(new Set(server.sent.map(({ headers }) => headers['authorization']))).toEqual(new Set(['Bearer access1']))
  })

  test('TR-4 AUTH-28 a late refusal of an older token renews nothing, and is sent again with the present one', async () => {
    const clock = new FakeClock()
    let isSlow = true
    const later: Link = async (operation, next) => {
      if (isSlow && operation.operationName === 'Late') await new Promise<void>((resolve) => void clock.after(100, resolve)) // prettier-ignore
      return next(operation)
    }
    const { client, server, asked, valid } = setup({ clock, inner: [later] })
    const late = client.query('query Late { a }')
    await settle()
    valid.clear()
    expect(await client.query('{ a }')).toMatchObject({ data: { token: 'access1' } })
    isSlow = false
    await clock.advance(100)
    expect(await late).toMatchObject({ data: { token: 'access1' } })
    expect(asked.length).toBe(1)
    expect(server.sent.length).toBe(4)
  })

  test('TR-5 retries and replays add up, and do not multiply', async () => {
    const retry: Link = async function* retry(operation, next) {
      for (let attempt = 1; ; attempt++) {
        let result: Result | undefined
        for await (result of next(operation)) if (!result.errors || attempt === 3) yield result
        if (!result?.errors || attempt === 3) return
      }
    }
    const refuse = (): Result => unauthenticated
    const { client, server, valid } = setup({ outer: [retry], refuse, answer: refuse })
    valid.clear()
    await client.query('{ a }')
    expect(server.sent.length).toBe(4)
  })

  test('TR-5 an operation that is run again may be sent again', async () => {
    const { session, server, valid, asked } = setup()
    const link = chain(tokenRefreshLink(session), server)
    const operation = createOperation({ document: '{ a }' })
    for (let run = 1; run <= 3; run++) {
      valid.clear()
      expect(await resultsOf(execute(link, operation))).toMatchObject([{ data: { token: `access${run}` } }])
    }
    expect(asked.length).toBe(3)
  })

  test('TR-5 what was not sent again may still be, when a link further out runs it once more; it is noted', async () => {
    const noted: unknown[] = []
    const twice: Link = async function* twice(operation, next) {
      const notes = executionOf(operation)?.notes
      for await (const { notReplayed } of next(operation)) noted.push(notReplayed, notes?.get('replay'))
      await settle()
      valid.clear()
      yield* next(operation)
      noted.push(notes?.get('replay'))
    }
    let refusals = 0
    const partial: Result = { data: { half: true }, errors: unauthenticated.errors ?? [] }
    const { client, server, valid } = setup({
      outer: [twice],
      refuse: () => (++refusals === 1 ? partial : httpError(401)),
    })
    valid.clear()
    expect(await client.mutate('mutation { a }')).toEqual({ data: { token: 'access2' } })
    expect(server.sent.length).toBe(3)
    expect(noted).toEqual(['executed', undefined, 1])
  })

  test('TR-10 the refresh is a mutation through the same client: it is sent at once, without the token', async () => {
    for (const way of ['at once', 'with the context', 'with the refresh token among its variables']) {
      const { client, server, clock } = setup({
        refresh: async ({ refreshToken, context }) => {
          if (way !== 'at once') await settle()
          const { data } = await client.mutate(
            'mutation Renew($input: JSON) { token }',
            { input: { token: way.endsWith('variables') ? [refreshToken] : [] } },
            way === 'with the context' ? { context } : {},
          )
          expect(data).toEqual({ token: null })
          return tokens(1)
        },
      })
      await clock.advance(hour + 1)
      expect([way, await client.query('{ a }')]).toEqual([way, { data: { token: 'access1' } }])
      expect(server.sent.map(({ headers }) => headers['authorization'])).toEqual([undefined, 'Bearer access1'])
    }
  })

  test('TR-10 a refresh through the same client that nothing gives away is over with timeoutMs, and not a deadlock', async () => {
    const { client, clock, session } = setup({
      timeoutMs: 5_000,
      refresh: async ({ signal }) => {
        await settle()
        await client.mutate('mutation Renew { token }', undefined, { signal })
        return tokens(1)
      },
    })
    await clock.advance(hour + 1)
    const waiting = outcomeOf(client.query('{ a }'))
    await clock.advance(5_000)
    const error = (await waiting) as AuthRefreshError
    expect(error).toBeInstanceOf(AuthRefreshError)
    expect(error.cause).toBeInstanceOf(TimeoutError)
    await session.dispose()
  })

  test('TR-10 a listener that is told of new tokens may use the client', async () => {
    const { client, session, clock, asked } = setup()
    const seen: unknown[] = []
    session.events.subscribe(async ({ type }) => seen.push(type, await client.query('{ a }')))
    await clock.advance(hour + 1)
    await client.query('{ a }')
    await settle()
    expect(seen).toEqual(['refreshed', { data: { token: 'access1' } }])
    expect(asked.length).toBe(1)
  })

  test('TR-11 TR-12 whoever is aborted while waiting is never sent, and the refresh goes on for the others', async () => {
    let give: (tokens: Tokens) => void = () => {}
    const { client, server, asked, clock } = setup({ refresh: () => new Promise((resolve) => (give = resolve)) })
    await clock.advance(hour + 1)
    const controllers = Array.from({ length: 10 }, () => new AbortController())
    const waiting = controllers.map(({ signal }, index) =>
      outcomeOf(client.mutate(`mutation M${index} { a }`, undefined, { signal })),
    )
    await settle()
    const reason = new Error('changed my mind')
    for (const controller of controllers.slice(0, 9)) controller.abort(reason)
    expect(await Promise.all(waiting.slice(0, 9))).toEqual(Array(9).fill(reason))
    expect(asked[0]?.signal.aborted).toBe(false)
    give(tokens(1))
    expect(await waiting[9]).toMatchObject({ data: { token: 'access1' } })
    expect(server.sent.map(({ operation }) => operation.operationName)).toEqual(['M9'])
  })

  test('TR-15 a line that is full, by the name of the operation', async () => {
    const { client, clock, session } = setup({ maxQueued: 1, refresh: () => new Promise(() => {}) })
    await clock.advance(hour + 1)
    const waiting = outcomeOf(client.query('{ a }'))
    const error = (await outcomeOf(client.query('query Second { a }'))) as AuthQueueFullError
    expect(error).toBeInstanceOf(AuthQueueFullError)
    expect(error.message).toContain('operation Second')
    await clock.advance(30_000)
    expect(await waiting).toBeInstanceOf(AuthRefreshError)
    await session.dispose()
  })

  test('TR-27 TR-28 a server that refuses fresh tokens, too: fifty operations, two refreshes; then one probe', async () => {
    const refuse = (): Result => unauthenticated
    const { client, server, asked, valid, clock } = setup({ refuse, answer: refuse })
    valid.clear()
    for (let count = 0; count < 50; count++) {
      const { errors, notReplayed } = await client.query('{ a }')
      expect(errors?.length).toBe(1)
      expect(notReplayed).toBe(count < 2 ? 'replayed' : 'not-renewed')
    }
    expect(asked.length).toBe(2)
    expect(server.sent.length).toBe(52)
    await clock.advance(60_001)
    for (let count = 0; count < 50; count++) await client.query('{ a }')
    expect(asked.length).toBe(3)
    await clock.advance(61_000)
    await Promise.all(Array.from({ length: 50 }, () => client.query('{ a }')))
    expect(asked.length).toBe(4)
  })

  test('TR-27 one operation that is always refused does not hold up the others', async () => {
    const { client, asked } = setup({
      answer: ({ operationName }) => (operationName === 'Never' ? unauthenticated : { data: { ok: true } }),
    })
    for (let count = 0; count < 20; count++) {
      expect((await client.query('query Never { a }')).errors?.length).toBe(1)
      expect(await client.query('{ a }')).toEqual({ data: { ok: true } })
    }
    expect(asked.length).toBe(2)
  })

  test('TR-27 a refresh that was worth it starts the count anew', async () => {
    const { client, asked, valid } = setup({
      answer: ({ operationName }) => (operationName === 'Never' ? unauthenticated : { data: { ok: true } }),
    })
    for (let round = 0; round < 5; round++) {
      await client.query('query Never { a }')
      valid.clear()
      expect(await client.query('{ a }')).toEqual({ data: { ok: true } })
    }
    expect(asked.length).toBe(10)
  })

  test('AUTH-28 a session that cannot be renewed fails with the error that says so', async () => {
    const { client, valid, clock } = setup({
      refresh: async () => {
        throw Object.assign(new Error('no'), { error: 'invalid_grant' })
      },
    })
    valid.clear()
    const waiting = Promise.all(
      Array.from({ length: 5 }, (_, index) => outcomeOf(client.query(`query Q${index} { a }`))),
    )
    await clock.advance(1_000)
    for (const [index, error] of (await waiting).entries()) {
      expect(error).toBeInstanceOf(AuthExpiredError)
      expect((error as Error).message).toBe(`tokenRefreshLink, operation Q${index}: the session is over: sign in again`)
    }
  })

  test('TR-24 AUTH-26 a refresh that fails fails all who wait, each by its name, without a request', async () => {
    const { client, server, clock, asked } = setup({
      refresh: async () => {
        throw Object.assign(new Error('busy'), { status: 503 })
      },
    })
    await clock.advance(hour + 1)
    const errors = await Promise.all([1, 2, 3].map((index) => outcomeOf(client.query(`query Q${index} { a }`))))
    for (const [index, error] of errors.entries()) {
      expect(error).toBeInstanceOf(AuthRefreshError)
      expect(error).toMatchObject({ operationName: `Q${index + 1}`, link: 'tokenRefreshLink', retryAfterMs: 1_000 })
      expect((error as { cause: Error }).cause.message).toBe('busy')
    }
    expect([asked.length, server.sent.length]).toEqual([1, 0])
  })
})

describe('sending again', () => {
  const mutation = 'mutation M { a }'

  test('TR-6 a mutation with data beside UNAUTHENTICATED ran: once, as it is, with the reason; the token is renewed', async () => {
    for (const data of [{ half: true }, null]) {
      const partial: Result = { data, errors: unauthenticated.errors ?? [], extensions: { trace: 1 } }
      let runs = 0
      const { client, asked, valid } = setup({ refuse: () => (runs++, partial) })
      valid.clear()
      expect(await client.mutate(mutation)).toEqual({ ...partial, notReplayed: 'executed' })
      expect(runs).toBe(1)
      await settle()
      expect(asked.length).toBe(1)
      expect(await client.mutate(mutation)).toEqual({ data: { token: 'access1' } })
    }
  })

  test.each([
    ['HTTP 401', () => httpError(401)],
    ['a result without data', () => unauthenticated],
  ])('TR-6 a mutation that did not run, by %s, is sent again', async (_, refuse) => {
    const { client, valid, executions } = setup({ refuse })
    valid.clear()
    expect(await client.mutate(mutation)).toEqual({ data: { token: 'access1' } })
    expect(executions()).toBe(1)
  })

  test('TR-6 a mutation over a socket that was closed with 4401 may have run', async () => {
    const closed = Object.assign(new GraphLinksError('closed'), { closeCode: 4401 })
    const { client, valid, server } = setup({ refuse: () => closed })
    valid.clear()
    expect(await outcomeOf(client.mutate(mutation))).toBe(closed)
    expect(server.sent.length).toBe(1)
  })

  test.each([4401, 4403])(
    'AUTH-46 a subscription that a socket refuses with %d is started again with a new token',
    async (closeCode) => {
      const { client, valid } = setup({ refuse: () => Object.assign(new GraphLinksError('closed'), { closeCode }) })
      valid.clear()
      expect(await resultsOf(client.subscribe('subscription { a }'))).toEqual([{ data: { token: 'access1' } }])
    },
  )

  test('a query with partial data is sent again', async () => {
    const { client, valid } = setup({ refuse: () => ({ data: { me: null }, errors: unauthenticated.errors ?? [] }) })
    valid.clear()
    expect(await client.query('{ a }')).toEqual({ data: { token: 'access1' } })
  })

  test('TR-7 always and never, by the operation', async () => {
    const partial: Result = { data: { half: true }, errors: unauthenticated.errors ?? [] }
    for (const document of [mutation, '{ a }']) {
      const { client, valid } = setup({ refuse: () => partial })
      const run = document === mutation ? client.mutate : client.query
      valid.clear()
      expect(await run(document, null, { context: emptyContext.with(replay, 'never') })).toMatchObject({
        notReplayed: 'never',
      })
      valid.clear()
      expect(await run(document, null, { context: emptyContext.with(replay, 'always') })).toMatchObject({
        data: { token: expect.stringMatching(/access\d/) as string },
      })
    }
  })

  test('TR-7 a link with a session of its own has the same say, and its errors its name', async () => {
    let count = 0
    const clock = new FakeClock()
    const fetchToken = async (): Promise<Tokens> => {
      if (count++ > 1) throw new Error('down')
      return tokens(count)
    }
    const refusing = memoryLink(unauthenticated)
    const link = tokenRefreshLink({ fetchToken, clock })
    const client = createClient({ link: chain(link, refusing) })
    const never = await client.query('{ a }', null, { context: emptyContext.with(replay, 'never') })
    expect([never.notReplayed, refusing.sent.length]).toEqual(['never', 1])
    await settle()
    await clock.advance(2 * hour)
    expect(await outcomeOf(client.query('query Q { a }'))).toMatchObject({
      link: 'tokenRefreshLink',
      operationName: 'Q',
    })
    await client.dispose()
  })

  test('K-3 an operation that is over is none of those that a new identity would end', async () => {
    const { client, session } = setup()
    await client.query('{ a }')
    for await (const _ of client.subscribe('subscription { a }')) break
    await settle()
    expect((session as unknown as { running: Set<Operation> }).running.size).toBe(0)
  })

  test('TR-15 an operation that is cancelled leaves its place in the line to another', async () => {
    let give: (renewed: Tokens) => void = () => {}
    const { client, clock } = setup({ maxQueued: 1, refresh: () => new Promise((resolve) => (give = resolve)) })
    await clock.advance(hour + 1)
    const controller = new AbortController()
    const first = outcomeOf(client.query('{ a }', null, { signal: controller.signal }))
    await settle()
    controller.abort(new Error('left'))
    expect(await first).toEqual(new Error('left'))
    const second = outcomeOf(client.query('{ a }'))
    await settle()
    give(tokens(1))
    expect(await second).toMatchObject({ data: { token: 'access1' } })
  })

  test('TR-7 an idempotency key is the same in both attempts', async () => {
    const { client, server, valid } = setup()
    valid.clear()
    await client.mutate(mutation, null, { headers: { 'idempotency-key': 'k-1' }, extensions: { a: 1 } })
    expect(server.sent.map(({ headers }) => headers['idempotency-key'])).toEqual(['k-1', 'k-1'])
    expect(server.sent.map(({ operation }) => operation.extensions)).toEqual([{ a: 1 }, { a: 1 }])
  })

  test('K-1 the second attempt starts from what the link received', async () => {
    const seen: unknown[] = []
    const count: Link = (operation, next) => {
      seen.push(operation.variables)
      return next(withVariables(operation, { ...operation.variables, touched: true }))
    }
    const { client, valid } = setup({ inner: [count] })
    valid.clear()
    await client.query('query($a: Int) { a }', { a: 1 })
    expect(seen).toEqual([{ a: 1 }, { a: 1 }])
  })

  test.each([
    ['a web stream', () => ({ file: new Blob(['x']).stream() })],
    ['an async iterable, deep inside', () => ({ list: [{ file: (async function* () {})() }] })],
  ])('TR-8 %s was read, and the operation is not sent again', async (_, variables) => {
    const { client, server, valid, asked } = setup({ refuse: () => unauthenticated })
    valid.clear()
    const result = await client.query('query($file: Upload) { a }', variables())
    expect(result).toEqual({ ...unauthenticated, notReplayed: 'one-shot' })
    expect(server.sent.length).toBe(1)
    await settle()
    expect(asked.length).toBe(1)
  })

  test('TR-8 a Blob can be read again, and so can variables that go round in circles', async () => {
    const circle: { self?: object; file: Blob } = { file: new Blob(['x']) }
    circle.self = circle
    const { client, valid } = setup()
    valid.clear()
    expect(await client.query('query($file: Upload) { a }', { circle })).toEqual({ data: { token: 'access1' } })
  })

  test.each<[string, Result | Error, boolean]>([
    ['UNAUTHENTICATED', unauthenticated, true],
    ['invalid-jwt, of Hasura', { errors: [{ message: 'no', extensions: { code: 'invalid-jwt' } }] }, true],
    ['one of several errors', { errors: [{ message: 'a' }, ...(unauthenticated.errors ?? [])] }, true],
    ['HTTP 401', httpError(401, 'Bearer error="invalid_token"'), true],
    [
      'a result of HTTP 401',
      { errors: [{ message: 'no' }], http: { status: 401, url: '', headers: new Headers() } },
      true,
    ],
    ['HTTP 403', httpError(403), false],
    ['HTTP 400', httpError(400), false],
    ['HTTP 500', httpError(500), false],
    ['FORBIDDEN', { errors: [{ message: 'no', extensions: { code: 'FORBIDDEN' } }] }, false],
    ['an error without a code', { errors: [{ message: 'UNAUTHENTICATED' }] }, false],
    ['insufficient_scope', httpError(401, 'Bearer error="insufficient_scope"'), false],
    ['use_dpop_nonce', httpError(401, 'DPoP error="use_dpop_nonce"'), false],
    ['invalid_dpop_proof', httpError(401, 'DPoP error="invalid_dpop_proof"'), false],
    ['use_dpop_nonce of a result', { ...unauthenticated, http: { status: 401, url: '', headers: new Headers({ 'www-authenticate': 'DPoP error="use_dpop_nonce"' }) } }, false], // prettier-ignore
    ['some other error', new Error('UNAUTHENTICATED'), false],
  ])('TR-9 is the token refused? %s', async (_, answer, isRefused) => {
    const { client, server, valid, asked } = setup({ refuse: () => answer })
    valid.clear()
    const outcome = await outcomeOf(client.query('{ a }'))
    expect(asked.length).toBe(isRefused ? 1 : 0)
    expect(server.sent.length).toBe(isRefused ? 2 : 1)
    if (!isRefused) expect(outcome).toBe(answer)
  })

  test('TR-9 a detector of one’s own; what it throws counts as no', async () => {
    const outcomes: AttemptOutcome[] = []
    const own = setup({
      refuse: () => ({ errors: [{ message: 'token expired' }] }),
      link: {
        isRefused: (outcome, operation) => {
          outcomes.push(outcome)
          return (
            operation.kind === 'query' &&
            Boolean(outcome.result?.errors?.some(({ message }) => /expired/.test(message)))
          )
        },
      },
    })
    own.valid.clear()
    expect(await own.client.query('{ a }')).toEqual({ data: { token: 'access1' } })
    expect(outcomes.length).toBe(2)
    const broken = setup({
      refuse: () => unauthenticated,
      link: {
        isRefused: () => {
          throw new Error('in the detector')
        },
      },
    })
    broken.valid.clear()
    expect(await broken.client.query('{ a }')).toBe(unauthenticated)
    expect(broken.asked).toEqual([])
  })

  test('what was delivered is not sent again: a stream that is refused in its middle goes on as it is', async () => {
    const { client, server, asked } = setup({
      answer: () => [{ data: { n: 1 } }, unauthenticated, { data: { n: 2 } }],
    })
    expect(await resultsOf(client.subscribe('subscription { n }'))).toEqual([
      { data: { n: 1 } },
      { ...unauthenticated, notReplayed: 'delivered' },
      { data: { n: 2 } },
    ])
    await settle()
    expect([asked.length, server.sent.length]).toEqual([1, 1])
  })

  test('the first attempt is closed before the second one begins', async () => {
    const log: string[] = []
    const watch: Link = async function* watch(operation, next) {
      log.push('opened')
      try {
        yield* next(operation)
      } finally {
        log.push('closed')
      }
    }
    const { client, valid } = setup({ inner: [watch], refuse: () => [unauthenticated, unauthenticated] })
    valid.clear()
    await client.query('{ a }')
    expect(log).toEqual(['opened', 'closed', 'opened', 'closed'])
  })

  test('leaving early closes what is further in, and forgets the operation', async () => {
    const { client, server, session } = setup({ answer: () => [{ data: { n: 1 } }, { data: { n: 2 } }] })
    for await (const { data } of client.subscribe('subscription { n }')) {
      expect(data).toEqual({ n: 1 })
      break
    }
    await settle()
    expect(server.sent[0]?.ended).toBe('closed')
    await session.clear()
  })
})

describe('signing out and in as somebody else', () => {
  const methods: [string, (client: Client) => Promise<unknown>][] = [
    ['query', (client) => client.query('{ a }')],
    ['mutate', (client) => client.mutate('mutation { a }')],
    ['request', (client) => client.request('{ a }')],
    ['execute', (client) => resultsOf(client.execute('{ a }'))],
    ['subscribe', (client) => resultsOf(client.subscribe('subscription { a }'))],
  ]

  test.each(methods)(
    'TR-47 threats 15 client.%s: a result of a former session is not delivered; the operation ends at once',
    async (_, run) => {
      for (const change of ['clear', 'set'] as const) {
        let answer: (result: Result) => void = () => {}
        const aborted: boolean[] = []
        const { client, session } = setup({
          answer: ({ signal }) => {
            signal.addEventListener('abort', () => aborted.push(true))
            return new Promise((resolve) => (answer = resolve))
          },
        })
        const running = outcomeOf(run(client))
        await settle()
        void (change === 'clear' ? session.clear() : session.set(tokens(0, { subject: 'bob' })))
        const error = (await running) as IdentityChangedError
        expect(error).toBeInstanceOf(IdentityChangedError)
        expect(error.code).toBe('IDENTITY_CHANGED')
        expect(aborted).toEqual([true])
        answer({ data: { late: true } })
        await settle()
      }
    },
  )

  test('TR-47 threats 15 an event of an idle subscription of a former session never comes', async () => {
    const { client, session, server } = setup({ answer: () => new Promise(() => {}) })
    const events: unknown[] = []
    const running = (async () => {
      for await (const event of client.subscribe('subscription { a }')) events.push(event)
    })()
    await settle()
    void session.clear()
    await expect(running).rejects.toBeInstanceOf(IdentityChangedError)
    expect(events).toEqual([])
    await settle()
    expect(server.sent[0]?.ended).toBe('failed')
  })

  test('a source that is disposed of ends what runs, at once', async () => {
    const { client, session } = setup({ answer: () => new Promise(() => {}) })
    const running = outcomeOf(client.query('{ a }'))
    await settle()
    await session.dispose()
    expect(await running).toMatchObject({ code: 'DISPOSED', link: 'tokenRefreshLink' })
  })

  test('TR-47 threats 15 a later chunk of a deferred result is not delivered either', async () => {
    let more: (result: Result) => void = () => {}
    const source = memoryLink(() => ({
      [Symbol.asyncIterator]: async function* () {
        yield { data: { a: 1 }, hasNext: true }
        yield await new Promise<Result>((resolve) => (more = resolve))
      },
    }))
    const session = createTokenSource({ refresh: async () => tokens(1), initial: tokens(0) })
    const client = createClient({ link: chain(tokenRefreshLink(session), source) })
    const seen: Result[] = []
    const running = (async () => {
      for await (const result of client.execute('{ a }')) seen.push(result)
    })()
    await settle()
    expect(seen.length).toBe(1)
    await session.set(tokens(5))
    more({ data: { a: 2 } })
    await expect(running).rejects.toBeInstanceOf(IdentityChangedError)
    expect(seen.length).toBe(1)
  })

  test('TR-47 links further out see nothing of it: a result that was on its way is stopped', async () => {
    const cached: Result[] = []
    const session = createTokenSource({ refresh: async () => tokens(1), initial: tokens(0) })
    // Without the kernel's edge, which would end the operation by itself.
    const link = tokenRefreshLink(session)
    const results = link(createOperation({ document: '{ a }' }), () => ({
      [Symbol.asyncIterator]: async function* () {
        void session.clear()
        yield { data: { of: 'the former user' } }
      },
    })) as AsyncIterable<Result>
    const read = (async () => {
      for await (const result of results) cached.push(result)
    })()
    await expect(read).rejects.toBeInstanceOf(IdentityChangedError)
    expect(cached).toEqual([])
  })

  test('TR-47 an error of a former session is not taken for one of this: nothing is renewed', async () => {
    const session = createTokenSource({ refresh: async () => tokens(1), initial: tokens(0) })
    const link = tokenRefreshLink(session)
    const results = link(createOperation({ document: '{ a }' }), () => ({
      [Symbol.asyncIterator]: () => ({
        next(): Promise<never> {
          void session.set(tokens(5))
          return Promise.reject(httpError(401))
        },
      }),
    })) as AsyncIterable<Result>
    await expect(resultsOf(results)).rejects.toBeInstanceOf(IdentityChangedError)
    expect(session.current).toMatchObject({ generation: 2, status: 'fresh' })
  })

  test.each<[string, (operation: Operation, next: Next) => Results]>([
    ['', (operation, next) => next(operation)],
    [', each time with a run of its own', (operation, next) => execute(next, detached(operation))],
  ])(
    'TR-47 threats 15 sent again after somebody else signed in, by a link further out%s: not as them',
    async (_, run) => {
      let meanwhile = (): unknown => undefined
      const again: Link = async function* again(operation, next) {
        for await (const _ of run(operation, next)) break
        await meanwhile()
        yield* run(operation, next)
      }
      const { client, session, server, valid } = setup({ outer: [again] })
      valid.add('access7')
      meanwhile = () => session.set(tokens(7))
      expect(await outcomeOf(client.mutate('mutation Buy { buy }'))).toBeInstanceOf(IdentityChangedError)
      expect(server.sent.map(({ headers }) => headers['authorization'])).toEqual(['Bearer access0'])
      // Signed out, it would go as nobody.
      meanwhile = () => session.clear()
      expect(await outcomeOf(client.query('{ a }'))).toBeInstanceOf(IdentityChangedError)
      // Who was nobody when it was sent is whoever signed in for it.
      meanwhile = () => session.set({ ...tokens(7), subject: 'ann' })
      expect(await client.query('{ a }')).toEqual({ data: { token: 'access7' } })
      meanwhile = () => session.set({ ...tokens(7), subject: 'ann' })
      expect(await client.query('{ a }')).toEqual({ data: { token: 'access7' } })
    },
  )

  test('TR-45 whoever waits for a refresh of a former session is told at once', async () => {
    const { client, session, clock, server } = setup({ refresh: () => new Promise(() => {}) })
    await clock.advance(hour + 1)
    const waiting = outcomeOf(client.query('query Mine { a }'))
    await settle()
    void session.clear()
    const error = (await waiting) as IdentityChangedError
    expect(error).toBeInstanceOf(IdentityChangedError)
    expect(error.operationName).toBe('Mine')
    expect(server.sent).toEqual([])
    await clock.advance(30_000)
  })

  test('new tokens of the same subject disturb nobody', async () => {
    let answer: (result: Result) => void = () => {}
    const { client, session } = setup({
      initial: tokens(0, { subject: 'ada' }),
      answer: () => new Promise((resolve) => (answer = resolve)),
    })
    const running = client.query('{ a }')
    await settle()
    await session.set(tokens(6, { subject: 'ada' }))
    answer({ data: { ok: true } })
    expect(await running).toEqual({ data: { ok: true } })
  })

  test('operations with their own authorization are nobody’s, and go on', async () => {
    let answer: (result: Result) => void = () => {}
    const { client, session } = setup({ answer: () => new Promise((resolve) => (answer = resolve)) })
    session.events.subscribe(() => {})
    const running = client.query('{ a }', null, { headers: { authorization: 'Bearer access0' } })
    await settle()
    await session.clear()
    answer({ data: { ok: true } })
    expect(await running).toEqual({ data: { ok: true } })
  })

  test('TR-49 threats 15 a thousand interleaved requests with their own sessions: nobody gets the token of another', async () => {
    const clock = new FakeClock()
    const server = memoryLink(async (operation) => {
      await settle()
      return { data: server.sent.find((sent) => sent.operation === operation)?.headers }
    })
    const sessions = Array.from({ length: 1_000 }, (_, index) =>
      createTokenSource({
        clock,
        initial: tokens(index, { expiresInSeconds: index % 2 ? 3_600 : 1 }),
        refresh: async ({ refreshToken }) => tokens(0, { accessToken: `new-${refreshToken}` }),
      }),
    )
    await clock.advance(2_000)
    const results = await Promise.all(
      sessions.map((session) => createClient({ link: chain(tokenRefreshLink(session), server) }).query('{ a }')),
    )
    expect(results.map(({ data }) => (data as { authorization: string }).authorization)).toEqual(
      sessions.map((_, index) => `Bearer ${index % 2 ? `access${index}` : `new-refresh${index}`}`),
    )
  })

  test('one source for two chains: both use it, and one refresh serves them', async () => {
    const { session, clock, asked } = setup()
    const servers = [memoryLink(), memoryLink()]
    const clients = servers.map((server) => createClient({ link: chain(tokenRefreshLink(session), server) }))
    await clock.advance(hour + 1)
    await Promise.all(clients.map((client) => client.query('{ a }')))
    expect(servers.map(({ sent }) => sent[0]?.headers['authorization'])).toEqual(['Bearer access1', 'Bearer access1'])
    expect(asked.length).toBe(1)
  })

  test('context of the caller is left alone', async () => {
    const trace = contextKey<string>('trace')
    const { client, server, valid } = setup()
    valid.clear()
    await client.query('{ a }', null, { context: emptyContext.with(trace, 'abc') })
    expect(server.sent.map(({ operation }) => operation.context.get(trace))).toEqual(['abc', 'abc'])
  })

  test('no error of any kind shows a token', async () => {
    const canary = secretCanary()
    const secret = (count: number): Tokens =>
      tokens(count, { accessToken: `${canary.value}a`, refreshToken: canary.value })
    const emitted: unknown[] = []
    for (const failure of ['expired', 'rejected', 'cleared']) {
      const { client, session, valid, clock } = setup({
        initial: secret(0),
        refresh: async ({ refreshToken }) => {
          throw Object.assign(new Error(`cannot renew ${refreshToken}`), failure === 'rejected' && { error: 'invalid_grant' }) // prettier-ignore
        },
      })
      session.events.subscribe((event) => emitted.push(event))
      if (failure === 'expired') await clock.advance(hour + 1)
      valid.clear()
      const running = outcomeOf(client.query('{ a }'))
      if (failure === 'cleared') void session.clear()
      await clock.advance(1_000)
      emitted.push(await running, session, session.current, client)
    }
    expect(emitted.length).toBeGreaterThan(12)
    canary.check(emitted)
  })
})
