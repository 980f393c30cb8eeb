import { FakeClock, memoryLink, settle, type MemoryLink } from '@graphlinks/testing'
import { createClient, type Client } from '../client.ts'
import { chain } from '../link.ts'
import { urgent } from '../urgent.ts'
import type { RefreshRequest } from './renewal.ts'
import { AuthRefreshError } from './sessionErrors.ts'
import { tokenRefreshLink } from './tokenRefreshLink.ts'
import { createTokenSource } from './createTokenSource.ts'
import type { SessionChannel, SessionMessage, TokenSource, TokenSourceOptions } from './tokenSource.ts'
import type { Tokens } from './tokens.ts'
import { memoryTokenStore, type StoredTokens, type TokenStore } from './tokenStore.ts'

interface Setup {
  readonly clock: FakeClock
  readonly session: TokenSource
  readonly client: Client
  readonly server: MemoryLink
  readonly events: string[]
  /** What the refreshes were asked, and how to answer them. */
  readonly asked: (RefreshRequest & { give(tokens: Tokens): void; fail(error: unknown): void })[]
  /** What other tabs were told. */
  readonly told: string[]
}

const hour = 3_600_000

function tokens(count: number): Tokens {
  return { accessToken: `access${count}`, refreshToken: `refresh${count}`, expiresInSeconds: 3_600 }
}

/** A signed-in session with tokens of an hour, whose refreshes a test answers by hand. */
function setup(options: Partial<TokenSourceOptions> = {}): Setup {
  const clock = (options.clock as FakeClock | undefined) ?? new FakeClock()
  const asked: Setup['asked'] = []
  const told: string[] = []
  const ask = (request: RefreshRequest): Promise<Tokens> =>
    new Promise((give, fail) => asked.push({ ...request, give, fail }))
  const session = createTokenSource({
    clock,
    random: () => 0,
    initial: tokens(0),
    channel: {
      postMessage: ({ event }: SessionMessage) => void told.push(event),
      addEventListener: () => {},
      removeEventListener: () => {},
      close: () => {},
    },
    ...(options.fetchToken ? {} : { refresh: ask }),
    ...options,
  } as TokenSourceOptions)
  const events: string[] = []
  session.events.subscribe(({ type }) => events.push(type))
  const server = memoryLink(() => ({ data: { a: 1 } }))
  const client = createClient({ link: chain(tokenRefreshLink(session), server) })
  return { clock, session, client, server, events, asked, told }
}

/** The authorization of each request, in order. */
const sentWith = ({ sent }: MemoryLink): unknown[] => sent.map(({ headers }) => headers['authorization'])

async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: unknown) => error)
}

describe('the call that renews', () => {
  test('TR-10 is let through; operations that come before it is made wait for what it gives', async () => {
    const memory = memoryTokenStore()
    const reads: (() => void)[] = []
    const read = (): Promise<StoredTokens | undefined> =>
      new Promise((resolve) => reads.push(() => resolve(memory.read() as StoredTokens | undefined)))
    const { clock, client, server, asked } = setup({ store: { ...memory, read } })
    reads[0]?.()
    await clock.advance(hour + 1)
    const first = client.query('{ a }')
    await settle()
    // It looks into the store first, and nothing was asked yet.
    expect([reads.length, asked.length]).toEqual([2, 0])
    const second = client.query('{ a }')
    await settle()
    expect(server.sent).toEqual([])
    reads[1]?.()
    await settle()
    const third = client.query('{ a }')
    asked[0]?.give(tokens(1))
    await Promise.all([first, second, third])
    expect(sentWith(server)).toEqual(Array(3).fill('Bearer access1'))
  })

  test('TR-10 is known by the refresh token among its variables, for as long as it runs', async () => {
    const { clock, client, server, asked } = setup()
    const variables = { input: { token: 'refresh0' } }
    const document = 'mutation M($input: In) { a(input: $input) }'
    // Such as a sign-out, which wants the access token as well.
    await client.mutate(document, variables)
    await clock.advance(hour + 1)
    const waiting = client.query('{ a }')
    await settle()
    await client.mutate(document, variables)
    asked[0]?.give(tokens(1))
    await waiting
    await client.mutate(document, { input: { token: 'refresh1' } })
    expect(sentWith(server)).toEqual(['Bearer access0', undefined, 'Bearer access1', 'Bearer access1'])
  })

  test('TR-10 a first token is on its way: operations wait for it', async () => {
    const give: ((tokens: Tokens) => void)[] = []
    const fetchToken = (): Promise<Tokens> => new Promise((resolve) => give.push(resolve))
    const { client, server } = setup({ initial: undefined, fetchToken })
    const first = client.query('{ a }')
    await settle()
    const second = client.query('query Q($a: String) { a(a: $a) }', { a: 'some text' })
    await settle()
    expect(server.sent).toEqual([])
    give[0]?.(tokens(1))
    await Promise.all([first, second])
    expect(sentWith(server)).toEqual(['Bearer access1', 'Bearer access1'])
  })

  test('is urgent, for links that let operations wait', async () => {
    const { clock, session, asked } = setup()
    await clock.advance(hour + 1)
    const waiting = session.accessToken()
    await settle()
    expect(asked[0]?.context.get(urgent)).toBe(true)
    asked[0]?.give(tokens(1))
    await waiting
  })
})

describe('an answer that comes too late', () => {
  test('TR-14 its time is up: an error that says so, by the name of the link', async () => {
    const { clock, session, asked } = setup({ timeoutMs: 7_000 })
    await clock.advance(hour + 1)
    const waiting = outcomeOf(session.accessToken()) as Promise<AuthRefreshError>
    await clock.advance(7_000)
    const { message, cause } = await waiting
    const words = 'tokenRefreshLink: the refresh did not end within 7000 ms (timeoutMs)'
    expect(cause).toMatchObject({ code: 'TIMEOUT', link: 'tokenRefreshLink', message: words })
    expect(message).toBe(
      'tokenRefreshLink: the token could not be renewed, and it is not tried again for 1 s; see cause',
    )
    expect(asked[0]?.signal.reason).toBe(cause)
  })

  test('TR-29 and is a refusal does not end the session that a later refresh is about to renew', async () => {
    const { clock, session, events, asked } = setup({ timeoutMs: 7_000 })
    await clock.advance(hour + 1)
    void outcomeOf(session.accessToken())
    await clock.advance(7_000 + 1_001)
    const waiting = session.accessToken()
    await settle()
    expect(asked.length).toBe(2)
    asked[0]?.fail(Object.assign(new Error('used up'), { error: 'invalid_grant' }))
    await clock.advance(1_000)
    expect(session.current.status).toBe('hard')
    asked[1]?.give(tokens(2))
    expect(await waiting).toBe('access2')
    expect(events).toEqual(['refreshFailed', 'refreshed'])
  })

  test('TR-22 does not take from dispose the refresh that it waits for', async () => {
    const store = memoryTokenStore()
    const { clock, session, asked } = setup({ timeoutMs: 7_000, store })
    await clock.advance(hour + 1)
    void outcomeOf(session.accessToken())
    await clock.advance(7_000 + 1_001)
    void outcomeOf(session.accessToken())
    await settle()
    asked[0]?.fail(new Error('at last'))
    await settle()
    let isGone = false
    const gone = session.dispose().then(() => (isGone = true))
    await settle()
    expect(isGone).toBe(false)
    asked[1]?.give(tokens(2))
    await gone
    expect([await store.read(), clock.pending]).toMatchObject([{ refreshToken: 'refresh2' }, 0])
  })

  test('TR-45 threats 18 after a sign-out and the end is not stored for whoever begins again, but revoked', async () => {
    const store = memoryTokenStore()
    const revoked: Tokens[] = []
    let give: (tokens: Tokens) => void = () => {}
    const { session } = setup({
      store,
      initial: undefined,
      fetchToken: () => new Promise((resolve) => (give = resolve)),
      revoke: (late) => void revoked.push(late),
    })
    const waiting = outcomeOf(session.accessToken())
    await settle()
    await session.clear()
    const gone = session.dispose()
    give(tokens(1))
    await gone
    expect(await waiting).toMatchObject({ code: 'IDENTITY_CHANGED' })
    expect([await store.read(), revoked]).toEqual([undefined, [tokens(1)]])
  })

  test('TR-45 threats 18 after a sign-out and the end is taken back, where the store was writing it already', async () => {
    let content: StoredTokens | undefined
    let land = (): void => {}
    // A store that is not atomic.
    const store: TokenStore = {
      read: () => content,
      write: (next) => void (content = next),
      replace: async (next) => {
        await new Promise<void>((resolve) => (land = resolve))
        content = next
        return true
      },
    }
    const { clock, session, asked } = setup({ store, initial: undefined })
    await session.set(tokens(0))
    await clock.advance(hour + 1)
    void outcomeOf(session.accessToken())
    await settle()
    asked[0]?.give(tokens(1))
    await settle()
    await session.clear()
    const gone = session.dispose()
    land()
    await gone
    expect(content).toBeUndefined()
  })

  test('TR-22 of a former session leaves no timer after the end, and does not take the time of a later one', async () => {
    const store = memoryTokenStore()
    const { clock, session, asked } = setup({ store, timeoutMs: 7_000 })
    await clock.advance(hour + 1)
    void outcomeOf(session.accessToken())
    await clock.advance(3_000)
    await session.set({ ...tokens(10), expiresInSeconds: 1 })
    await clock.advance(1_001)
    void outcomeOf(session.accessToken())
    // The time of the first is up, and that of the second is not.
    await clock.advance(3_000)
    expect([asked.length, asked[0]?.signal.aborted, asked[1]?.signal.aborted]).toEqual([2, true, false])
    const gone = session.dispose()
    asked[1]?.give(tokens(11))
    await gone
    expect(await store.read()).toMatchObject({ refreshToken: 'refresh11' })

    const other = setup()
    await other.clock.advance(hour + 1)
    void outcomeOf(other.session.accessToken())
    await settle()
    await other.session.set({ ...tokens(10), expiresInSeconds: 1 })
    await other.clock.advance(1_001)
    const waiting = other.session.accessToken()
    await settle()
    other.asked[1]?.give(tokens(11))
    await waiting
    void other.session.dispose()
    await other.clock.advance(5_000)
    expect([other.clock.pending, other.asked[0]?.signal.aborted]).toEqual([0, true])
  })

  test('TR-22 whose time was up has nothing more that dispose would wait for', async () => {
    const { clock, session } = setup({ timeoutMs: 7_000 })
    await clock.advance(hour + 1)
    void outcomeOf(session.accessToken())
    await clock.advance(7_000)
    await session.dispose()
    expect(clock.pending).toBe(0)
  })
})

describe('TR-39 other tabs', () => {
  test('TR-36 were faster, and their message comes before the answer: what it brings is of the same session, and not revoked', async () => {
    const store = memoryTokenStore()
    const revoked: Tokens[] = []
    const target = new EventTarget()
    const channel: SessionChannel = Object.assign(target, { postMessage: () => {}, close: () => {} })
    const { clock, session, asked } = setup({ store, channel, revoke: (late) => void revoked.push(late) })
    await clock.advance(hour + 1)
    const waiting = session.accessToken()
    await settle()
    const before = (await store.read()) as StoredTokens
    await store.write({ ...before, accessToken: 'theirs', expiresAt: clock.date() + hour, version: 'v2' })
    target.dispatchEvent(new Event('message'))
    expect(await waiting).toBe('theirs')
    // To revoke one refresh token ends all that came of one sign-in, at many servers.
    asked[0]?.give(tokens(1))
    await settle()
    expect(revoked).toEqual([])
    expect([await store.read(), session.current.generation]).toMatchObject([{ accessToken: 'theirs' }, 2])
  })

  test('are told of new tokens, not of their own', async () => {
    const store = memoryTokenStore()
    const { clock, session, events, asked, told } = setup({ store })
    await clock.advance(hour + 1)
    const first = session.accessToken()
    await settle()
    asked[0]?.give(tokens(1))
    expect(await first).toBe('access1')
    expect(told).toEqual(['refreshed'])
    // Another tab renews them, and its message is lost.
    const before = (await store.read()) as StoredTokens
    await store.write({ ...before, accessToken: 'theirs', expiresAt: clock.date() + 3 * hour, version: 'v2' })
    await clock.advance(hour + 1)
    expect(await session.accessToken()).toBe('theirs')
    expect([asked.length, events, told]).toEqual([1, ['refreshed', 'refreshed'], ['refreshed']])
  })

  test('are not told of tokens of somebody who signed out while the lock was given back', async () => {
    let isFree = (): void => {}
    const store: TokenStore = memoryTokenStore()
    const { clock, session, events, asked, told } = setup({
      store,
      lock: async (_, refresh) => {
        const outcome = await refresh()
        await new Promise<void>((resolve) => (isFree = resolve))
        return outcome
      },
    })
    await clock.advance(hour + 1)
    const waiting = outcomeOf(session.accessToken())
    await settle()
    asked[0]?.give(tokens(1))
    await settle()
    await session.clear()
    isFree()
    expect(await waiting).toMatchObject({ code: 'IDENTITY_CHANGED' })
    await settle()
    expect([events, told]).toEqual([['cleared'], ['cleared']])
    expect(await store.read()).toBeUndefined()
  })
})
