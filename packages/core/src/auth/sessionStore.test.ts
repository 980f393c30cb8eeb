import { FakeClock, settle } from '@graphlinks/testing'
import type { RefreshRequest } from './renewal.ts'
import { createTokenSource } from './createTokenSource.ts'
import type { SessionChannel, SessionMessage, TokenSource, TokenSourceBaseOptions } from './tokenSource.ts' // prettier-ignore
import type { Tokens } from './tokens.ts'
import { memoryTokenStore, type StoredTokens, type TokenStore } from './tokenStore.ts'

const hour = 3_600_000

interface Setup {
  readonly clock: FakeClock
  readonly session: TokenSource
  readonly asked: RefreshRequest[]
  /** The types of the events. */
  readonly types: string[]
}

/** A signed-in session with tokens of an hour. */
function setup(options: TokenSourceBaseOptions): Setup {
  const clock = (options.clock as FakeClock | undefined) ?? new FakeClock()
  const asked: RefreshRequest[] = []
  const session = createTokenSource({
    clock,
    random: () => 0,
    initial: tokens(0),
    refresh: (request) => tokens(asked.push(request)),
    ...options,
  })
  const types: string[] = []
  session.events.subscribe(({ type }) => types.push(type))
  return { clock, session, asked, types }
}

function tokens(count: number, changes: Partial<Tokens> = {}): Tokens {
  return { accessToken: `access${count}`, refreshToken: `refresh${count}`, expiresInSeconds: 3_600, ...changes }
}

/** What a promise comes to, for promises that may reject. */
async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: unknown) => error)
}

/** As a `BroadcastChannel`: what one says, all others hear, a moment later. */
function channels(): { readonly open: () => SessionChannel; readonly said: SessionMessage[] } {
  const all = new Set<EventTarget>()
  const said: SessionMessage[] = []
  const open = (): SessionChannel => {
    const own = new EventTarget()
    all.add(own)
    return Object.assign(own, {
      postMessage(message: SessionMessage) {
        said.push(message)
        for (const other of all) if (other !== own) queueMicrotask(() => other.dispatchEvent(new Event('message')))
      },
      close: () => void all.delete(own),
    })
  }
  return { open, said }
}

describe('the store', () => {
  test('that is synchronous has each change at once: a page that is left after a sign-out leaves nothing behind', async () => {
    const store = memoryTokenStore()
    const { session } = setup({ store, initial: undefined })
    for (let round = 1; round <= 3; round++) {
      void session.set(tokens(round))
      expect(await store.read()).toMatchObject({ accessToken: `access${round}` })
      await settle()
      void session.clear()
      // Without waiting for anything.
      expect(store.read()).toBeUndefined()
      await settle()
    }
  })

  test('is written in the order of what was said, also where that comes while earlier things wait', async () => {
    const releases: (() => void)[] = []
    const written: unknown[] = []
    const store: TokenStore = {
      ...memoryTokenStore(),
      write: async (next) => {
        await new Promise<void>((resolve) => releases.push(resolve))
        written.push(next?.accessToken)
      },
    }
    const { session } = setup({ store, initial: undefined })
    void session.set(tokens(1))
    void session.set(tokens(2))
    await settle()
    releases[0]?.()
    await settle()
    const last = session.clear()
    await settle()
    // One at a time: a store that gets two at once may end up with either.
    expect([releases.length, written]).toEqual([2, ['access1']])
    releases[1]?.()
    await settle()
    releases[2]?.()
    await last
    expect(written).toEqual(['access1', 'access2', undefined])
  })

  test('a write that fails rejects for whoever waits for it, and is made up for before the next refresh', async () => {
    const memory = memoryTokenStore()
    let isDown = true
    const store: TokenStore = {
      ...memory,
      write: async (next) => {
        if (isDown) throw new Error('the disk is full')
        return memory.write(next)
      },
    }
    const { clock, session, types } = setup({ store, initial: undefined })
    void session.set(tokens(1))
    await expect(session.set(tokens(2))).rejects.toThrow('the disk is full')
    expect(await session.accessToken()).toBe('access2')
    isDown = false
    await clock.advance(hour + 1)
    expect(await session.accessToken()).toBe('access1')
    expect(await memory.read()).toMatchObject({ accessToken: 'access1' })
    expect(types).toEqual(['set', 'set', 'refreshed'])
  })

  test('a session goes on after a restart, with what is left of its token', async () => {
    const store = memoryTokenStore()
    const clock = new FakeClock()
    const one = setup({ store, clock })
    await clock.advance(hour / 2)
    await one.session.dispose()
    const two = setup({ store, clock, initial: tokens(99) })
    expect(await two.session.accessToken()).toBe('access0')
    await clock.advance(hour / 2 - 300_000)
    expect(two.session.current.status).toBe('fresh')
    await clock.advance(1)
    expect(two.session.current.status).toBe('soft')
  })

  test('a store that answers later, or fails, or never: operations wait, within timeoutMs', async () => {
    const clock = new FakeClock()
    const memory = memoryTokenStore()
    const stored = { accessToken: 'access3', refreshToken: 'refresh3', session: 's', version: 'v3' }
    await memory.write(stored)
    const reads: (() => Promise<StoredTokens | undefined>)[] = [
      async () => stored,
      () => Promise.reject(new Error('the disk is gone')),
      () => new Promise(() => {}),
    ]
    const given: unknown[] = []
    for (const read of reads) {
      const { session } = setup({ clock, store: { ...memory, read }, initial: undefined, timeoutMs: 9_000 })
      expect(session.current.status).toBe('loading')
      const waiting = session.accessToken()
      await clock.advance(9_000)
      given.push(await waiting)
      await session.dispose()
    }
    expect(given).toEqual(['access3', undefined, undefined])
    expect(clock.pending).toBe(0)
  })

  test.each<[string, unknown]>([
    ['of another library', { access_token: 'foreign' }],
    ['of an old version', { accessToken: { value: 'old' }, session: 's', version: 'v1' }],
    ['a text', 'access3'],
    ['an empty token', { accessToken: '', session: 's', version: 'v1' }],
  ])('what is stored and is no token, %s, is nothing: also when it comes later', async (_, garbage) => {
    const memory = memoryTokenStore()
    await memory.write(garbage as StoredTokens)
    const empty = setup({ store: memory, initial: undefined })
    expect([empty.session.current.status, await empty.session.accessToken()]).toEqual(['none', undefined])
    expect(setup({ store: memory }).session.current).toMatchObject({ status: 'fresh', generation: 1 })
    await empty.session.set(tokens(1))
    await memory.write(garbage as StoredTokens)
    await empty.clock.advance(hour + 1)
    expect(await outcomeOf(empty.session.accessToken())).toMatchObject({ code: 'IDENTITY_CHANGED' })
    expect(empty.session.current.status).toBe('none')
    const { open: channel } = channels()
    const told = setup({ store: memory, channel: channel() })
    await memory.write(garbage as StoredTokens)
    channel().postMessage({ session: 's', generation: 1, event: 'set' })
    await settle()
    expect(told.session.current.status).toBe('none')
    await told.session.dispose()
  })

  test('what a write waits for has a name and an end', async () => {
    const clock = new FakeClock()
    const store = { ...memoryTokenStore(), write: () => new Promise<void>(() => {}) }
    const { session } = setup({ clock, store, timeoutMs: 9_000 })
    const writing = outcomeOf(session.set(tokens(5)))
    await clock.advance(9_000)
    expect(await writing).toMatchObject({
      code: 'TIMEOUT',
      message: 'tokenRefreshLink: the store did not answer within 9000 ms (timeoutMs)',
    })
    await session.dispose()
  })

  test('TR-36 keeps what is there already: the tokens to begin with do not replace those of another process', async () => {
    const memory = memoryTokenStore()
    let isHidden = true
    const store: TokenStore = { ...memory, read: () => (isHidden ? undefined : memory.read()) }
    const theirs: StoredTokens = { accessToken: 'theirs', session: 's', version: 'v' }
    await memory.write(theirs)
    const { session } = setup({ store })
    isHidden = false
    await settle()
    expect([await store.read(), session.current.status]).toEqual([theirs, 'fresh'])
  })
})

describe('TR-39 other tabs', () => {
  test('are told by a channel that something happened, and no more; who hears it looks into the store', async () => {
    const clock = new FakeClock()
    const store = memoryTokenStore()
    const messages: SessionMessage[] = []
    const listeners = new Map<object, () => void>()
    const channel = () => {
      const own = {
        postMessage(message: SessionMessage) {
          messages.push(message)
          for (const [other, listener] of listeners) if (other !== own) queueMicrotask(listener)
        },
        addEventListener: (_: string, listener: () => void) => void listeners.set(own, listener),
        removeEventListener: () => void listeners.delete(own),
        close: () => void closed.push('closed'),
      }
      return own
    }
    const closed: string[] = []
    const one = setup({ clock, store, channel: channel() })
    const two = setup({ clock, store, channel: channel(), initial: undefined })
    await clock.advance(hour + 1)
    await one.session.accessToken()
    await settle()
    expect(two.session.current).toMatchObject({ status: 'fresh', generation: 2, epoch: 0 })
    await one.session.set(tokens(60, { subject: 'bob' }))
    await settle()
    expect(two.session.current).toMatchObject({ status: 'fresh', subject: 'bob', epoch: 1 })
    await two.session.clear()
    await settle()
    expect(one.session.current.status).toBe('none')
    expect(messages.map(({ event }) => event)).toEqual(['refreshed', 'set', 'cleared'])
    for (const message of messages) {
      expect(Object.keys(message).sort()).toEqual(['event', 'generation', 'session'])
      expect(JSON.stringify(message)).not.toMatch(/access|refresh\d/)
    }
    // What is lost costs time, and nothing else.
    listeners.clear()
    await one.session.set(tokens(61))
    expect(two.session.current.status).toBe('none')
    await one.session.dispose()
    await two.session.dispose()
    expect(closed).toEqual(['closed', 'closed'])
    expect([one.asked.length, two.asked.length]).toEqual([1, 0])
  })

  test('a channel that is closed, or a store that fails when it is looked into, disturbs nobody', async () => {
    let listener = (): void => {}
    const memory = memoryTokenStore()
    let isDown = false
    const { clock, session } = setup({
      store: {
        ...memory,
        read: () => {
          if (isDown) throw new Error('gone')
          return memory.read()
        },
      },
      channel: {
        postMessage: () => {
          throw new Error('InvalidStateError')
        },
        addEventListener: (_, added) => (listener = added),
        removeEventListener: () => {},
        close: () => {},
      },
    })
    await clock.advance(hour + 1)
    expect(await session.accessToken()).toBe('access1')
    await session.set(tokens(2))
    isDown = true
    listener()
    await settle()
    expect(await session.accessToken()).toBe('access2')
  })

  test('a sign-in in one is one in the others, also in those where nobody is signed in', async () => {
    const store = memoryTokenStore()
    const { open: channel } = channels()
    const one = setup({ store, channel: channel(), initial: undefined })
    const two = setup({ store, channel: channel(), initial: undefined })
    await one.session.set(tokens(1))
    await settle()
    expect(two.session.current).toMatchObject({ status: 'fresh', epoch: 1 })
    expect(await two.session.accessToken()).toBe('access1')
    expect(two.types).toEqual(['set'])
    await one.session.dispose()
    await two.session.dispose()
  })

  test('what a tab knows already changes nothing in it', async () => {
    const store = memoryTokenStore()
    const { open: channel, said } = channels()
    const one = setup({ store, channel: channel(), initial: undefined })
    await one.session.set(tokens(1))
    const before = one.session.current
    // Such as a tab that looked before it was told.
    channel().postMessage({ session: 's', generation: 1, event: 'refreshed' })
    await settle()
    expect(one.session.current).toEqual(before)
    expect([one.types, said.length]).toEqual([['set'], 2])
    await one.session.dispose()
  })

  test('a message that comes while the store is being read: it is the beginning of the session, and not another one', async () => {
    const clock = new FakeClock()
    const memory = memoryTokenStore()
    await memory.write({ accessToken: 'stored', session: 's', version: 'v1' })
    const { open: channel } = channels()
    let reads = 0
    const read = async (): Promise<StoredTokens> => {
      const found = memory.read() as StoredTokens
      if (++reads === 1) await new Promise<void>((resolve) => void clock.after(50, resolve))
      return found
    }
    const { session, types } = setup({
      clock,
      store: { ...memory, read },
      channel: channel(),
      initial: undefined,
    })
    const waiting = session.accessToken()
    await memory.write({ accessToken: 'renewed', session: 's', version: 'v2' })
    channel().postMessage({ session: 's', generation: 2, event: 'refreshed' })
    await clock.advance(50)
    expect(await waiting).toBe('renewed')
    expect(session.current).toMatchObject({ status: 'fresh', epoch: 0, generation: 1 })
    expect(types).toEqual([])
    await session.dispose()
  })

  test('TR-22 are not heard any more after the end, and the channel is closed', async () => {
    const store = memoryTokenStore()
    const { open: channel, said } = channels()
    const own = channel()
    const removed: string[] = []
    const closed: string[] = []
    const { session } = setup({
      store,
      initial: undefined,
      channel: {
        postMessage: (message) => own.postMessage(message),
        addEventListener: (...args) => own.addEventListener(...args),
        removeEventListener: (...args) => (removed.push(args[0]), own.removeEventListener(...args)),
        close: () => (closed.push('closed'), own.close()),
      },
    })
    await session.set(tokens(1))
    await session.dispose()
    expect([removed, closed, said.length]).toEqual([['message'], ['closed'], 1])
  })
})

test.each([true, false])(
  'TR-22 what a store does not finish settles in time, in order, where the session ends meanwhile: %j',
  async (hangs) => {
    const clock = new FakeClock()
    const written: unknown[] = []
    let finish: (() => void) | undefined
    const write: TokenStore['write'] = async (stored) => {
      written.push(stored?.accessToken)
      await new Promise<void>((resolve) => (finish = resolve))
    }
    const { session } = setup({ clock, store: { ...memoryTokenStore(), write } })
    const set = outcomeOf(session.set(tokens(1)))
    const cleared = outcomeOf(session.clear())
    await settle()
    await session.dispose()
    expect(written).toEqual(['access1'])
    if (hangs) await clock.advance(30_000)
    else finish?.()
    expect(await set).toEqual(hangs ? expect.objectContaining({ code: 'TIMEOUT' }) : undefined)
    await settle()
    // This one always hangs.
    expect(written).toEqual(['access1', undefined])
    await clock.advance(30_000)
    expect(await cleared).toMatchObject({ code: 'TIMEOUT' })
    expect(clock.pending).toBe(0)
  },
)

test('a source without a store keeps its tokens to itself, and tells the other tabs all the same', async () => {
  const clock = new FakeClock()
  const { open: channel, said } = channels()
  const { session } = setup({ clock, channel: channel() })
  await session.set(tokens(1))
  await clock.advance(hour + 1)
  expect(await session.accessToken()).toBe('access1')
  await session.clear()
  expect(said.map(({ event }) => event)).toEqual(['set', 'refreshed', 'cleared'])
  await session.dispose()
})
