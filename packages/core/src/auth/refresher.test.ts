import { FakeClock, memoryLink, settle, type MemoryLink } from '@graphlinks/testing'
import { createClient, type Client } from '../client.ts'
import { DisposedError, GraphLinksError, TimeoutError } from '../errors.ts'
import { chain, type Next } from '../link.ts'
import { createOperation } from '../operation.ts'
import { failed, single, type Result } from '../results.ts'
import { AuthExpiredError, AuthRefreshError, IdentityChangedError } from './sessionErrors.ts'
import { tokenRefreshLink } from './tokenRefreshLink.ts'
import { createTokenSource } from './createTokenSource.ts'
import type { SessionEvent, TokenSource, TokenSourceBaseOptions } from './tokenSource.ts'
import type { Tokens } from './tokens.ts'
import { memoryTokenStore, type StoredTokens } from './tokenStore.ts'

/** What becomes of the next loads of the refresher, as a network has it; those after them work. */
const mockLoads: ('fails' | 'hangs' | (() => void))[] = []
const mockMade: unknown[] = []

jest.mock('./refresher.ts', () => {
  const actual = jest.requireActual<{ readonly Refresher: new (host: unknown) => object }>('./refresher.ts')
  return {
    __esModule: true,
    Refresher: class extends actual.Refresher {
      constructor(host: unknown) {
        super(host)
        mockMade.push(host)
      }
    },
    // A module that is thenable is loaded when that says so.
    // oxlint-disable-next-line unicorn/no-thenable
    get then() {
      const load = mockLoads.shift()
      if (load === 'fails') throw new Error('404 refresher.js')
      if (typeof load === 'function') load()
      return load === 'hangs' ? () => {} : undefined
    },
  }
})

beforeEach(() => {
  mockLoads.length = 0
  mockMade.length = 0
})

interface Setup {
  readonly clock: FakeClock
  readonly session: TokenSource
  readonly client: Client
  readonly server: MemoryLink
  readonly events: SessionEvent[]
  /** How many refreshes were made. */
  readonly asked: () => number
}

function tokens(count: number): Tokens {
  return { accessToken: `access${count}`, refreshToken: `refresh${count}`, expiresInSeconds: 3_600 }
}

function setup(options: TokenSourceBaseOptions = {}, refused = new Set<string>()): Setup {
  const clock = new FakeClock()
  let asked = 0
  const session = createTokenSource({
    clock,
    random: () => 0,
    initial: tokens(0),
    refresh: async () => tokens(++asked),
    ...options,
  })
  const events: SessionEvent[] = []
  session.events.subscribe((event) => events.push(event))
  const server: MemoryLink = memoryLink((operation): Result | Error => {
    const { headers } = server.sent.findLast((sent) => sent.operation === operation) ?? {}
    const token = headers?.['authorization']?.replace('Bearer ', '') ?? ''
    if (refused.has(token)) return Object.assign(new GraphLinksError('the server answered 401'), { status: 401 })
    return { data: { token } }
  })
  const client = createClient({ link: chain(tokenRefreshLink(session), server) })
  return { clock, session, client, server, events, asked: () => asked }
}

async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: unknown) => error)
}

const hour = 3_600_000

test('operations with a good token, sign-ins, sign-outs and the end load nothing', async () => {
  const { client, session, clock } = setup()
  expect(await client.query('{ a }')).toEqual({ data: { token: 'access0' } })
  await session.set(tokens(5))
  expect(session.current).toMatchObject({ status: 'fresh', epoch: 1 })
  expect(await client.query('{ a }')).toEqual({ data: { token: 'access5' } })
  session.check()
  await clock.advance(hour / 2)
  await session.clear()
  expect(await client.query('{ a }')).toEqual({ data: { token: '' } })
  await session.dispose()
  expect(mockMade).toEqual([])
})

test('a thousand operations on an expired token load it once, and renew the token once', async () => {
  const { client, clock, asked } = setup()
  await clock.advance(hour + 1)
  await Promise.all(Array.from({ length: 1_000 }, () => client.query('{ a }')))
  expect([mockMade.length, asked()]).toEqual([1, 1])
})

test('it cannot be loaded: operations fail by their name, nothing is sent, and the next one tries again', async () => {
  const { client, clock, server, events, asked } = setup()
  await clock.advance(hour + 1)
  mockLoads.push('fails')
  const [first, second] = await Promise.all(
    ['query First { a }', 'query Second { a }'].map(
      (query) => outcomeOf(client.query(query)) as Promise<AuthRefreshError>,
    ),
  )
  expect(first).toBeInstanceOf(AuthRefreshError)
  expect(first?.message).toMatch(/tokenRefreshLink, operation First: the code that renews tokens could not be loaded/)
  expect(second?.operationName).toBe('Second')
  expect(first?.cause).toEqual(new Error('404 refresher.js'))
  expect(events.map(({ type, error }) => [type, error])).toEqual([['refreshFailed', first?.cause]])
  expect([server.sent.length, asked(), mockMade.length]).toEqual([0, 0, 0])
  expect(await client.query('{ a }')).toEqual({ data: { token: 'access1' } })
  expect([asked(), mockMade.length]).toEqual([1, 1])
})

test('it cannot be loaded while the token is still good: it is used', async () => {
  const { client, clock, session, asked } = setup()
  await clock.advance(3_400_000)
  expect(session.current.status).toBe('soft')
  mockLoads.push('fails')
  expect(await client.query('{ a }')).toEqual({ data: { token: 'access0' } })
  await settle()
  expect(asked()).toBe(0)
  expect(await client.query('{ a }')).toEqual({ data: { token: 'access0' } })
  await settle()
  expect([session.current.generation, asked(), mockMade.length]).toEqual([2, 1, 1])
})

test('it is never there: over with timeoutMs, and no timer is left', async () => {
  const { clock, session } = setup({ timeoutMs: 7_000 })
  await clock.advance(hour + 1)
  mockLoads.push('hangs')
  const waiting = outcomeOf(session.accessToken()) as Promise<AuthRefreshError>
  await clock.advance(7_000)
  expect(await waiting).toBeInstanceOf(AuthRefreshError)
  expect((await waiting).cause).toBeInstanceOf(TimeoutError)
  expect((await waiting).cause).toMatchObject({
    message: 'tokenRefreshLink: the code that renews tokens did not answer within 7000 ms (timeoutMs)',
  })
  expect(clock.pending).toBe(0)
  expect(await session.accessToken()).toBe('access1')
})

test('a server refuses the token and it cannot be loaded: what the server says is delivered', async () => {
  const { client, server } = setup({}, new Set(['access0']))
  mockLoads.push('fails')
  expect(await outcomeOf(client.query('{ a }'))).toMatchObject({ status: 401 })
  expect(server.sent.length).toBe(1)
  expect(await client.query('{ a }')).toEqual({ data: { token: 'access1' } })
})

test('it cannot be loaded, and what the server says has data: delivered, with the reason why it was not sent again', async () => {
  const { session } = setup()
  const unauthenticated: Result = { data: { a: null }, errors: [{ message: 'no', extensions: { code: 'UNAUTHENTICATED' } }] } // prettier-ignore
  const client = createClient({
    link: chain(
      tokenRefreshLink(session),
      memoryLink(() => unauthenticated),
    ),
  })
  mockLoads.push('fails')
  expect(await client.query('{ a }')).toEqual({ ...unauthenticated, notReplayed: 'not-renewed' })
})

test('TR-39 a message of another tab, where it cannot be loaded, disturbs nobody', async () => {
  let say = (): void => {}
  const channel = {
    postMessage: () => {},
    addEventListener: (_: 'message', listener: () => void) => void (say = listener),
    removeEventListener: () => {},
    close: () => {},
  }
  const { session, events } = setup({ channel, store: memoryTokenStore() })
  mockLoads.push('fails')
  say()
  await settle()
  expect(events.map(({ type }) => type)).toEqual(['refreshFailed'])
  expect(await session.accessToken()).toBe('access0')
})

test('a token that was fetched and is good is used without it', async () => {
  const { session } = setup({ refresh: undefined, fetchToken: async () => tokens(1) } as never)
  expect(await session.accessToken()).toBe('access0')
  session.check()
  await settle()
  expect(mockMade).toEqual([])
})

test('an eager session whose refresher cannot be loaded tries again after a minute, without anybody asking', async () => {
  const { clock, session, asked } = setup({ mode: 'eager' })
  mockLoads.push('fails', 'fails')
  await clock.advance(3_300_001)
  expect([mockLoads.length, asked()]).toEqual([1, 0])
  await clock.advance(60_000)
  expect([mockLoads.length, asked()]).toEqual([0, 0])
  await clock.advance(60_000)
  expect([mockMade.length, asked(), session.current.generation]).toEqual([1, 1, 2])
  await session.dispose()
  expect(clock.pending).toBe(0)
})

test('an eager session does not tick while its refresher is being loaded', async () => {
  const { clock, session } = setup({ mode: 'eager', timeoutMs: 7_000 })
  mockLoads.push('hangs')
  await clock.advance(3_300_001)
  expect(clock.delays).toEqual([7_000])
  await session.dispose()
  expect(clock.pending).toBe(0)
})

test('an eager session that got new tokens while its refresher was being loaded renews those, too', async () => {
  const { clock, session, asked } = setup({ mode: 'eager' })
  mockLoads.push(() => void session.set(tokens(7)))
  await clock.advance(3_300_001)
  expect([asked(), session.current.status]).toEqual([0, 'fresh'])
  await clock.advance(3_300_001)
  expect(asked()).toBe(1)
  await session.dispose()
})

test('TR-45 TR-47 threats 18 somebody signs out while it is being loaded', async () => {
  const { client, clock, session, server, asked } = setup()
  await clock.advance(hour + 1)
  mockLoads.push(() => void session.clear())
  expect(await outcomeOf(client.query('{ a }'))).toBeInstanceOf(IdentityChangedError)
  const refused = setup({}, new Set(['access0']))
  mockLoads.push(() => void refused.session.clear())
  expect(await outcomeOf(refused.client.query('{ a }'))).toBeInstanceOf(IdentityChangedError)
  expect([server.sent.length, asked(), refused.asked()]).toEqual([0, 0, 0])
  // In the background as well.
  const soft = setup()
  await soft.clock.advance(3_400_000)
  mockLoads.push(() => void soft.session.clear())
  soft.session.check()
  await settle()
  expect([mockLoads.length, soft.asked(), soft.session.current.status]).toEqual([0, 0, 'none'])
})

test('TR-11 an operation that is aborted while it is being loaded is not sent, and leaves nothing', async () => {
  const { client, clock, server, asked } = setup({ maxQueued: 1, refresh: async () => new Promise(() => {}) } as never)
  await clock.advance(hour + 1)
  const controller = new AbortController()
  mockLoads.push(() => controller.abort(new Error('by the user')))
  const outcome = await outcomeOf(client.query('{ a }', undefined, { signal: controller.signal }))
  expect(outcome).toEqual(new Error('by the user'))
  await settle()
  // The line has room for one, and that one is not there.
  const waiting = outcomeOf(client.query('{ a }'))
  await clock.advance(30_000)
  expect(await waiting).toBeInstanceOf(AuthRefreshError)
  expect([server.sent.length, asked()]).toEqual([0, 0])
})

test('TR-22 the session is disposed of while it is being loaded', async () => {
  const { clock, session, events } = setup()
  await clock.advance(hour + 1)
  mockLoads.push(() => void session.dispose())
  expect(await outcomeOf(session.accessToken())).toBeInstanceOf(DisposedError)
  const failing = setup()
  await failing.clock.advance(hour + 1)
  mockLoads.push('fails')
  const waiting = outcomeOf(failing.session.accessToken())
  void failing.session.dispose()
  expect(await waiting).toBeInstanceOf(DisposedError)
  expect([...events, ...failing.events]).toEqual([])
  expect(clock.pending + failing.clock.pending).toBe(0)
})

test.each<[string, (session: TokenSource) => Promise<void>, unknown]>([
  ['the session is disposed of', (session) => session.dispose(), 'DISPOSED'],
  ['somebody signs out', (session) => session.clear(), 'IDENTITY_CHANGED'],
  ['the same person signs in again', (session) => session.set({ ...tokens(7), subject: 'ann' }), 'access7'],
])('TR-22 TR-45 it is never there, and %s: who asked for a token is told at once', async (_, change, outcome) => {
  const { clock, session } = setup({ initial: { ...tokens(0), subject: 'ann' } })
  await clock.advance(hour + 1)
  mockLoads.push('hangs')
  const outcomes: unknown[] = []
  const told = (error: unknown): unknown => outcomes.push(GraphLinksError.is(error) ? error.code : error)
  for (let count = 0; count < 2; count++) void session.accessToken().then(told, told)
  await settle()
  void change(session)
  await settle()
  expect(outcomes).toEqual([outcome, outcome])
})

test('TR-39 a message of another tab that comes while tokens are being stored does not take them for foreign ones', async () => {
  const memory = memoryTokenStore()
  const clock = new FakeClock()
  let say = (): void => {}
  const channel = {
    postMessage: () => {},
    addEventListener: (_: 'message', listener: () => void) => void (say = listener),
    removeEventListener: () => {},
    close: () => {},
  }
  const write = (next: StoredTokens | undefined): Promise<void> =>
    new Promise((resolve) => void clock.after(50, () => resolve(memory.write(next))))
  const { session } = setup({ clock, initial: undefined, store: { ...memory, write }, channel })
  const stored = session.set({ ...tokens(1), subject: 'ann' })
  say()
  await clock.advance(50)
  await stored
  await settle()
  expect(session.current).toMatchObject({ subject: 'ann', epoch: 1 })
})

test('TR-47 a refused operation that no client runs is not sent again with the token of somebody else', async () => {
  const { session } = setup()
  mockLoads.push(() => void session.set(tokens(5)))
  const sent: unknown[] = []
  const refuse: Next = (operation) => {
    sent.push(operation)
    return failed(Object.assign(new GraphLinksError('the server answered 401'), { status: 401 }))
  }
  const results = await tokenRefreshLink(session)(createOperation({ document: '{ a }' }), refuse)
  expect(await outcomeOf(results[Symbol.asyncIterator]().next())).toBeInstanceOf(IdentityChangedError)
  expect(sent.length).toBe(1)
})

test('a refused operation that no client runs is sent again as well', async () => {
  const { session } = setup()
  const sent: unknown[] = []
  const once: Next = (operation) => {
    sent.push(operation)
    if (sent.length > 1) return single({ data: { a: 1 } })
    return failed(Object.assign(new GraphLinksError('the server answered 401'), { status: 401 }))
  }
  const results = await tokenRefreshLink(session)(createOperation({ document: '{ a }' }), once)
  expect(await results[Symbol.asyncIterator]().next()).toEqual({ done: false, value: { data: { a: 1 } } })
  expect([sent.length, session.current.generation]).toEqual([2, 2])
})

test('TR-45 an operation that no client runs does not keep anybody from signing out', async () => {
  const { session } = setup()
  let answer = (): void => {}
  const slow: Next = async function* () {
    await new Promise<void>((resolve) => (answer = resolve))
    yield { data: { a: 1 } }
  }
  const results = await tokenRefreshLink(session)(createOperation({ document: '{ a }' }), slow)
  const outcome = outcomeOf(results[Symbol.asyncIterator]().next())
  await settle()
  await session.clear()
  answer()
  expect(await outcome).toBeInstanceOf(IdentityChangedError)
})

test('TR-45 who waits for the token of a former session is told at once, not when the next one is there', async () => {
  let fetched = 0
  const fetchToken = (): Promise<Tokens> => (fetched++, new Promise(() => {}))
  const { session } = setup({ initial: undefined, refresh: undefined, fetchToken } as never)
  const waiting = outcomeOf(session.accessToken())
  await settle()
  await session.clear()
  expect(await waiting).toBeInstanceOf(IdentityChangedError)
  await settle()
  // Nobody needs another one.
  expect(fetched).toBe(1)
})

test('TR-30 TR-45 a listener that signs out when the session ends: who asked for a token is told that', async () => {
  const fetchToken = (): never => {
    throw Object.assign(new Error('no'), { code: 'REFRESH_REJECTED' })
  }
  const { session, clock, events } = setup({ refresh: undefined, fetchToken } as never)
  session.events.subscribe(({ type }) => type === 'sessionEnded' && session.clear())
  await clock.advance(hour - 200_000)
  expect(await session.accessToken()).toBe('access0')
  await clock.advance(200_001)
  expect(await outcomeOf(session.accessToken())).toBeInstanceOf(IdentityChangedError)
  expect(events.map(({ type }) => type)).toEqual(['refreshFailed', 'sessionEnded', 'cleared'])
})

test('TR-17 a token that took most of its life to arrive is used by who waited for it, and renewed in the background', async () => {
  const give: ((tokens: Tokens) => void)[] = []
  const { session, clock } = setup({ refresh: () => new Promise((resolve) => give.push(resolve)) } as never)
  await clock.advance(hour + 1)
  const waiting = session.accessToken()
  await clock.advance(9_600)
  give[0]?.({ ...tokens(1), expiresInSeconds: 10 })
  expect(await waiting).toBe('access1')
  await settle()
  expect([session.current.status, give.length]).toEqual(['hard', 2])
  give[1]?.(tokens(2))
  expect(await session.accessToken()).toBe('access2')
})

test('TR-50 a server refuses a token that nobody renews: the session is over, and operations say so', async () => {
  const clock = new FakeClock()
  const { client, server, events } = setup({ clock, refresh: undefined, readonly: true } as never, new Set(['access0']))
  const error = (await outcomeOf(client.query('query Q { a }'))) as Error
  expect(error).toBeInstanceOf(AuthExpiredError)
  expect(error.message).toBe('tokenRefreshLink, operation Q: the session is over: sign in again')
  expect([server.sent.length, events.map(({ type }) => type)]).toEqual([1, ['sessionEnded']])
})

test('TR-22 without a store, tokens that come after the end are left alone', async () => {
  let give: (tokens: Tokens) => void = () => {}
  const revoked: Tokens[] = []
  const refresh = (): Promise<Tokens> => new Promise((resolve) => (give = resolve))
  const { session, clock } = setup({ revoke: (late: Tokens) => void revoked.push(late), refresh } as never)
  await clock.advance(hour + 1)
  const waiting = outcomeOf(session.accessToken())
  await settle()
  const disposed = session.dispose()
  give(tokens(1))
  await disposed
  expect(await waiting).toBeInstanceOf(DisposedError)
  expect(revoked).toEqual([])
})

test('TR-46 threats 18 what a store says after a sign-out is too late', async () => {
  const memory = memoryTokenStore()
  const clock = new FakeClock()
  const before = { accessToken: 'old', session: 's', version: 'v' }
  const read = (): Promise<StoredTokens> => new Promise((resolve) => void clock.after(50, () => resolve(before)))
  const { session } = setup({ clock, store: { ...memory, read } })
  await session.clear()
  await clock.advance(50)
  expect(session.current).toMatchObject({ status: 'none', epoch: 1, generation: 0 })
})
