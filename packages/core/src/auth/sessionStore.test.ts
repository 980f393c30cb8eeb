import { FakeClock, settle } from '@graphlinks/testing'
import { createTokenSource, type SessionChannel, type SessionMessage, type TokenSource, type TokenSourceBaseOptions } from './tokenSource.ts' // prettier-ignore
import type { Tokens } from './tokens.ts'
import { memoryTokenStore, type StoredTokens, type TokenStore } from './tokenStore.ts'

const hour = 3_600_000

function tokens(count: number, changes: Partial<Tokens> = {}): Tokens {
  return { accessToken: `access${count}`, refreshToken: `refresh${count}`, expiresInSeconds: 3_600, ...changes }
}

function open(options: TokenSourceBaseOptions): { readonly session: TokenSource; readonly events: string[] } {
  let count = 0
  const session = createTokenSource({
    clock: new FakeClock(),
    random: () => 0,
    refresh: async () => tokens(++count),
    ...options,
  })
  const events: string[] = []
  session.events.subscribe(({ type }) => events.push(type))
  return { session, events }
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
    const { session } = open({ store })
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
    const { session } = open({ store })
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

  test('TR-36 keeps what is there already: the tokens to begin with do not replace those of another process', async () => {
    const memory = memoryTokenStore()
    let isHidden = true
    const store: TokenStore = { ...memory, read: () => (isHidden ? undefined : memory.read()) }
    const theirs: StoredTokens = { accessToken: 'theirs', session: 's', version: 'v' }
    await memory.write(theirs)
    const { session } = open({ store, initial: tokens(0) })
    isHidden = false
    await settle()
    expect([await store.read(), session.current.status]).toEqual([theirs, 'fresh'])
  })
})

describe('TR-39 other tabs', () => {
  test('a sign-in in one is one in the others, also in those where nobody is signed in', async () => {
    const store = memoryTokenStore()
    const { open: channel } = channels()
    const one = open({ store, channel: channel() })
    const two = open({ store, channel: channel() })
    await one.session.set(tokens(1))
    await settle()
    expect(two.session.current).toMatchObject({ status: 'fresh', epoch: 1 })
    expect(await two.session.accessToken()).toBe('access1')
    expect(two.events).toEqual(['set'])
    await one.session.dispose()
    await two.session.dispose()
  })

  test('what a tab knows already changes nothing in it', async () => {
    const store = memoryTokenStore()
    const { open: channel, said } = channels()
    const one = open({ store, channel: channel() })
    await one.session.set(tokens(1))
    const before = one.session.current
    // Such as a tab that looked before it was told.
    channel().postMessage({ session: 's', generation: 1, event: 'refreshed' })
    await settle()
    expect(one.session.current).toEqual(before)
    expect([one.events, said.length]).toEqual([['set'], 2])
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
    const { session, events } = open({ clock, store: { ...memory, read }, channel: channel() })
    const waiting = session.accessToken()
    await memory.write({ accessToken: 'renewed', session: 's', version: 'v2' })
    channel().postMessage({ session: 's', generation: 2, event: 'refreshed' })
    await clock.advance(50)
    expect(await waiting).toBe('renewed')
    expect(session.current).toMatchObject({ status: 'fresh', epoch: 0, generation: 1 })
    expect(events).toEqual([])
    await session.dispose()
  })

  test('TR-22 are not heard any more after the end, and the channel is closed', async () => {
    const store = memoryTokenStore()
    const { open: channel, said } = channels()
    const own = channel()
    const removed: string[] = []
    const closed: string[] = []
    const { session } = open({
      store,
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

test('a source without a store keeps its tokens to itself, and tells the other tabs all the same', async () => {
  const clock = new FakeClock()
  const { open: channel, said } = channels()
  const { session } = open({ clock, channel: channel(), initial: tokens(0) })
  await session.set(tokens(1))
  await clock.advance(hour + 1)
  expect(await session.accessToken()).toBe('access1')
  await session.clear()
  expect(said.map(({ event }) => event)).toEqual(['set', 'refreshed', 'cleared'])
  await session.dispose()
})
