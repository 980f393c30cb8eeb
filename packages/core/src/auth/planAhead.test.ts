import { FakeClock, settle } from '@graphlinks/testing'
import type { RefreshRequest } from './renewal.ts'
import { createTokenSource } from './createTokenSource.ts'
import type { TokenSource, TokenSourceBaseOptions } from './tokenSource.ts'
import type { Tokens } from './tokens.ts'

interface Setup {
  readonly clock: FakeClock
  readonly session: TokenSource
  readonly asked: RefreshRequest[]
}

/** A signed-in session with tokens of an hour, whose refreshes give `answer`. */
function setup(
  answer: (request: RefreshRequest, count: number) => Tokens | Promise<Tokens> = (_, count) => tokens(count),
  options: TokenSourceBaseOptions = {},
): Setup {
  const clock = new FakeClock()
  const asked: RefreshRequest[] = []
  const session = createTokenSource({
    clock,
    random: () => 0,
    initial: tokens(0),
    refresh: (request) => answer(request, asked.push(request)),
    ...options,
  })
  return { clock, session, asked }
}

function tokens(count: number, changes: Partial<Tokens> = {}): Tokens {
  return { accessToken: `access${count}`, refreshToken: `refresh${count}`, expiresInSeconds: 3_600, ...changes }
}

const hour = 3_600_000

test('TR-21 no timer at all in lazy mode, the default outside browsers', async () => {
  const { clock, session, asked } = setup()
  expect(clock.pending).toBe(0)
  await clock.advance(2 * hour)
  expect(asked).toEqual([])
  await session.accessToken()
  expect(clock.pending).toBe(0)
})

test('TR-20 a token of 30 days: ticks of a minute at most, which renew it in time', async () => {
  const { clock, session, asked } = setup((_, count) => tokens(count, { expiresInSeconds: 30 * 86_400 }), {
    mode: 'eager',
    initial: tokens(0, { expiresInSeconds: 30 * 86_400 }),
  })
  const delays: number[] = []
  const start = clock.inBackground.bind(clock)
  clock.inBackground = (delayMs, callback) => {
    delays.push(delayMs)
    return start(delayMs, callback)
  }
  session.check()
  for (let day = 0; day < 3; day++) await clock.advance(86_400_000)
  expect(Math.max(...delays)).toBeLessThanOrEqual(60_000)
  expect(delays.length).toBeLessThanOrEqual(3 * 1_440 + 1)
  expect(asked).toEqual([])
  // As the date shows after a month of sleep.
  clock.setDate(27 * 86_400_000)
  await clock.advance(60_000)
  expect(asked.length).toBe(1)
  expect(clock.pending).toBe(1)
  await session.dispose()
  expect(clock.pending).toBe(0)
})

test('an eager session looks at the clock when its token is due, and not before', async () => {
  const { clock, session, asked } = setup(undefined, { mode: 'eager', initial: tokens(0, { expiresInSeconds: 60 }) })
  expect(clock.delays).toEqual([48_001])
  await clock.advance(48_001)
  expect([asked.length, clock.delays]).toEqual([1, [60_000]])
  await session.dispose()
})

test('an idle eager session renews its tokens by itself, again and again', async () => {
  const { clock, session, asked } = setup(undefined, { mode: 'eager' })
  await clock.advance(10 * hour)
  expect(asked.length).toBe(10)
  expect(asked.every(({ reason }) => reason === 'expiring')).toBe(true)
  await session.dispose()
})

test('an eager session goes on after failures, when the pause is over', async () => {
  let isDown = true
  const { clock, session, asked } = setup(
    async (_, count) => {
      if (isDown) throw new Error('down')
      return tokens(count)
    },
    { mode: 'eager' },
  )
  await clock.advance(hour - 300_000 + 10_000)
  const tries = asked.length
  expect(tries).toBeGreaterThan(1)
  isDown = false
  await clock.advance(120_000)
  expect(asked.length).toBe(tries + 1)
  expect(session.current.status).toBe('fresh')
  await session.dispose()
})

test('check() looks at once, as an app does that comes to the foreground', async () => {
  const { clock, session, asked } = setup()
  clock.setDate(2 * hour)
  session.check()
  session.check()
  await settle()
  expect(asked.length).toBe(1)
  expect(session.current.status).toBe('fresh')
})

test('TR-22 pages: online, pageshow and visibilitychange wake an eager session, and dispose removes the listeners', async () => {
  const target = new EventTarget()
  const added: string[] = []
  const page = {
    addEventListener(type: string, listener: () => void) {
      added.push(`+${type}`)
      target.addEventListener(type, listener)
    },
    removeEventListener(type: string, listener: () => void) {
      added.push(`-${type}`)
      target.removeEventListener(type, listener)
    },
  }
  const names = ['document', 'addEventListener', 'removeEventListener'] as const
  const before = names.map((name) => Object.getOwnPropertyDescriptor(globalThis, name))
  Object.assign(globalThis, { document: page, ...page })
  try {
    expect(setup(undefined, { mode: 'lazy' }).clock.pending).toBe(0)
    expect(added).toEqual([])
    // The default where there is a page.
    const { clock, session, asked } = setup()
    for (const type of ['online', 'visibilitychange', 'pageshow']) {
      clock.setDate(2 * hour)
      target.dispatchEvent(new Event(type))
      await settle()
    }
    expect(asked.length).toBe(3)
    await session.dispose()
    expect(added.filter((entry) => entry.startsWith('+')).sort()).toEqual(['+online', '+pageshow', '+visibilitychange']) // prettier-ignore
    expect(added.filter((entry) => entry.startsWith('-')).sort()).toEqual(['-online', '-pageshow', '-visibilitychange']) // prettier-ignore
    expect(clock.pending).toBe(0)
  } finally {
    names.forEach((name, index) => {
      const descriptor = before[index]
      if (descriptor) Object.defineProperty(globalThis, name, descriptor)
      else Reflect.deleteProperty(globalThis, name)
    })
  }
})
