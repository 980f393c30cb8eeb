import { FakeClock, settle } from '@graphlinks/testing'
import { emptyContext } from '../context.ts'
import { renew, type RefreshRequest, type RenewalOptions } from './renewal.ts'
import type { Tokens } from './tokens.ts'
import { memoryTokenStore, type RefreshLock, type StoredTokens, type TokenStore } from './tokenStore.ts'

const before: StoredTokens = {
  accessToken: 'old-access',
  refreshToken: 'old-refresh',
  subject: 'ada',
  session: 's1',
  version: 'v1',
}
const fresh: Tokens = { accessToken: 'new-access', refreshToken: 'new-refresh', expiresInSeconds: 60 }

interface Run {
  readonly given?: StoredTokens | undefined
  readonly options?: Partial<RenewalOptions>
  readonly signal?: AbortSignal
}

/** One refresh, what it gave, and what was revoked and restored meanwhile. */
async function run({ options = {}, signal = new AbortController().signal, ...rest }: Run = {}) {
  const { given } = { given: before, ...rest } as Run
  const clock = (options.clock as FakeClock | undefined) ?? new FakeClock()
  const store = options.store ?? memoryTokenStore()
  if (!options.store) await store.write(given)
  const revoked: Tokens[] = []
  let restored = 0
  let asked = 0
  const { renewTokens = async () => fresh } = options
  const request = { signal, context: emptyContext } as unknown as RefreshRequest
  const renewal = await renew(given, request, {
    store,
    clock,
    timeoutMs: 30_000,
    isCurrent: () => true,
    isSame: () => options.isCurrent?.() ?? true,
    lock: undefined,
    stored: async () => {},
    revoke: (tokens) => void revoked.push(tokens),
    restore: async () => void restored++,
    ...options,
    renewTokens: (asking: RefreshRequest) => {
      asked++
      return renewTokens(asking)
    },
  })
  await settle()
  return { renewal, store, revoked, restored, asked }
}

test('new tokens are stored, in the session of the old ones', async () => {
  const { renewal, store, revoked } = await run()
  expect(renewal).toMatchObject({
    type: 'refreshed',
    stored: { accessToken: 'new-access', session: 's1', subject: 'ada' },
  })
  expect(await store.read()).toMatchObject({ accessToken: 'new-access', refreshToken: 'new-refresh' })
  expect(revoked).toEqual([])
})

test('TR-35 only a subject that is known to be another ends the session', async () => {
  for (const [was, is, isSame] of [
    ['ada', 'ada', true],
    ['ada', undefined, true],
    [undefined, 'bob', true],
    [undefined, undefined, true],
    ['ada', 'bob', false],
  ] as const) {
    const { renewal, revoked } = await run({
      given: { ...before, subject: was },
      options: { renewTokens: async () => ({ ...fresh, subject: is }) },
    })
    expect(renewal.type).toBe(isSame ? 'refreshed' : 'failed')
    expect(revoked.map(({ accessToken }) => accessToken)).toEqual(isSame ? [] : ['new-access'])
    if (renewal.type !== 'failed') continue
    expect(renewal.failure.kind).toBe('rejected')
    expect(renewal.error).toMatchObject({
      name: 'RefreshRejectedError',
      code: 'REFRESH_REJECTED',
      message: 'the refresh gave the tokens of another subject',
    })
  }
})

test('TR-45 threats 18 signed out while the answer was on its way: it is revoked, and nothing is stored', async () => {
  let isCurrent = true
  const { renewal, store, revoked, restored } = await run({
    options: { isCurrent: () => isCurrent, renewTokens: async () => ((isCurrent = false), fresh) },
  })
  expect(renewal).toEqual({ type: 'stored', stored: undefined })
  expect([revoked, restored, await store.read()]).toEqual([[fresh], 0, before])
})

test('TR-45 threats 18 signed out while the store was writing: what it wrote is taken back, and revoked', async () => {
  let isCurrent = true
  const memory = memoryTokenStore()
  await memory.write(before)
  const store = {
    ...memory,
    replace: (...args: [StoredTokens, string]) => ((isCurrent = false), memory.replace(...args)),
  }
  const { renewal, revoked, restored } = await run({ options: { store, isCurrent: () => isCurrent } })
  expect(renewal).toEqual({ type: 'stored', stored: undefined })
  expect([revoked, restored]).toEqual([[fresh], 1])
})

test('TR-36 another tab renewed the same session while the answer was on its way, or being stored: it is not revoked', async () => {
  for (const when of ['asking', 'storing']) {
    let isCurrent = true
    const memory = memoryTokenStore()
    await memory.write(before)
    const { renewal, revoked, restored } = await run({
      options: {
        isCurrent: () => isCurrent,
        isSame: () => true,
        renewTokens: async () => ((isCurrent = when !== 'asking'), fresh),
        store: { ...memory, replace: (...args) => ((isCurrent = false), memory.replace(...args)) },
      },
    })
    expect([when, renewal]).toEqual([when, { type: 'stored', stored: undefined }])
    // What the session is now is stored last, where ours may have been.
    expect([revoked, restored]).toEqual([[], when === 'asking' ? 0 : 1])
  }
})

test('TR-36 where another stored its tokens first, those count; ours are revoked unless both are of one session', async () => {
  for (const [others, isRevoked] of [
    [{ ...before, accessToken: 'theirs', version: 'v2' }, false],
    [{ ...before, accessToken: 'theirs', version: 'v2', session: 's2' }, true],
    [undefined, true],
  ] as const) {
    const memory = memoryTokenStore()
    await memory.write(before)
    const store = { ...memory, replace: () => (memory.write(others), false) }
    const { renewal, revoked } = await run({ options: { store } })
    expect(renewal).toEqual({ type: 'stored', stored: others })
    expect(revoked).toEqual(isRevoked ? [fresh] : [])
  }
})

test('TR-36 what another did before is taken over without asking, also a sign-out', async () => {
  for (const others of [{ ...before, version: 'v2' }, undefined]) {
    const store = memoryTokenStore()
    await store.write(others)
    const { renewal, asked } = await run({ options: { store } })
    expect([renewal, asked]).toEqual([{ type: 'stored', stored: others }, 0])
  }
  const first = await run({ given: undefined, options: { store: memoryTokenStore() } })
  expect(first.renewal).toMatchObject({ type: 'refreshed', stored: { accessToken: 'new-access' } })
})

test('TR-32 a store that fails after it wrote has them; one that never writes ends the session, and says why', async () => {
  const memory = memoryTokenStore()
  await memory.write(before)
  const late = {
    ...memory,
    replace: async (...args: [StoredTokens, string]) => {
      await memory.replace(...args)
      throw new Error('connection lost')
    },
  }
  const kept = await run({ options: { store: late } })
  expect([kept.renewal.type, kept.revoked]).toEqual(['refreshed', []])

  for (const read of [() => before, () => undefined]) {
    let reads = 0
    const broken = {
      ...memory,
      // The first look is before the refresh.
      read: () => (reads++ === 0 ? before : read()),
      replace: () => Promise.reject(new Error('disk full, at old-refresh new-refresh')),
    }
    const { renewal, revoked } = await run({ options: { store: broken } })
    expect(revoked).toEqual([fresh])
    expect(renewal).toMatchObject({
      type: 'failed',
      failure: { kind: 'rejected' },
      error: {
        name: 'RefreshRejectedError',
        message: 'the new tokens could not be stored; see cause',
        cause: { message: 'disk full, at [redacted] [redacted]' },
      },
    })
  }
})

test('AUTH-48 a store that fails and quotes what it still has, the tokens of whoever was signed in before, shows none', async () => {
  const store = memoryTokenStore()
  await store.write({ ...before, accessToken: 'their-access', refreshToken: 'their-refresh', version: 'v0' })
  const { renewal } = await run({
    options: {
      store,
      stored: () => Promise.reject(new Error('not written')),
      restore: () => Promise.reject(new Error('has their-access, their-refresh; given old-access, old-refresh')),
    },
  })
  expect(renewal).toMatchObject({
    type: 'failed',
    error: { message: 'has [redacted], [redacted]; given [redacted], [redacted]' },
  })
})

test('without revoke, or with one that fails, a late pair is let go', async () => {
  const failing = [
    undefined,
    () => Promise.reject(new Error('no')),
    () => {
      throw new Error('no')
    },
  ]
  for (const revoke of failing) {
    let isCurrent = true
    const { renewal } = await run({
      options: { revoke, isCurrent: () => isCurrent, renewTokens: async () => ((isCurrent = false), fresh) },
    })
    expect(renewal).toEqual({ type: 'stored', stored: undefined })
  }
})

test('threats 19 a lock has the name of the session, and where it is free too late nothing is asked', async () => {
  for (const [waitedMs, isAsked] of [
    [15_000, true],
    [15_001, false],
  ] as const) {
    const clock = new FakeClock()
    const names: string[] = []
    const { renewal, asked } = await run({
      options: {
        clock,
        lock: async (name, refresh) => {
          names.push(name)
          await clock.advance(waitedMs)
          return refresh()
        },
      },
    })
    expect([names, asked, renewal.type]).toEqual([['graphlinks s1'], isAsked ? 1 : 0, isAsked ? 'refreshed' : 'failed'])
    if (renewal.type === 'failed') {
      expect(renewal.failure).toMatchObject({ kind: 'transient', isLost: false })
      expect(renewal.error).toMatchObject({
        name: 'TimeoutError',
        code: 'TIMEOUT',
        message: 'the lock was free too late to ask',
      })
    }
  }
})

test('threats 19 a lock without a session, for a first token, has a name as well', async () => {
  const names: string[] = []
  const lock: RefreshLock = (name, refresh) => {
    names.push(name)
    return refresh()
  }
  const { renewal } = await run({ given: undefined, options: { lock } })
  expect([renewal.type, names]).toEqual(['refreshed', ['graphlinks ']])
})

test('threats 19 a lock is kept, also when the time is up, until the tokens are stored that the server gave', async () => {
  const memory = memoryTokenStore()
  await memory.write(before)
  const controller = new AbortController()
  let land = (): void => {}
  let isFree = false
  const store: TokenStore = {
    ...memory,
    replace: async (...args) => {
      await new Promise<void>((resolve) => (land = resolve))
      return memory.replace(...args)
    },
  }
  const lock: RefreshLock = (_, refresh) => refresh().finally(() => (isFree = true))
  const running = run({ signal: controller.signal, options: { store, lock } })
  await settle()
  controller.abort(new Error('the time is up'))
  await settle()
  // Who comes next would present a refresh token that is used up.
  expect(isFree).toBe(false)
  land()
  expect((await running).renewal.type).toBe('refreshed')
  expect(isFree).toBe(true)
})

test('TR-36 a refusal where the store was emptied meanwhile is a sign-out of another, and not the end of a session', async () => {
  const store = memoryTokenStore()
  await store.write(before)
  const clock = new FakeClock()
  const refuse = (): never => {
    throw Object.assign(new Error('no'), { error: 'invalid_grant' })
  }
  const running = run({ options: { store, clock, renewTokens: refuse } })
  await clock.advance(500)
  await store.write(undefined)
  await clock.advance(500)
  expect((await running).renewal).toEqual({ type: 'stored', stored: undefined })
})

test('TR-29 a first token that is refused is refused, though nothing was stored before', async () => {
  const clock = new FakeClock()
  const refuse = (): never => {
    throw Object.assign(new Error('no'), { error: 'invalid_grant' })
  }
  const running = run({ given: undefined, options: { clock, renewTokens: refuse } })
  await clock.advance(1_000)
  expect((await running).renewal).toMatchObject({
    type: 'failed',
    failure: { kind: 'rejected' },
    error: { message: 'no' },
  })
})

test('TR-13 an answer without an access token is a mistake, in words of its own', async () => {
  const ask = () => run({ options: { renewTokens: async () => ({ access_token: 'x' }) as never } })
  const wrong = await ask()
  const { NODE_ENV } = process.env
  process.env['NODE_ENV'] = 'production'
  try {
    expect((await ask()).renewal).toMatchObject({ error: { code: 'BAD_OPTIONS', message: 'accessToken' } })
  } finally {
    process.env['NODE_ENV'] = NODE_ENV
  }
  expect(wrong.renewal).toMatchObject({
    type: 'failed',
    failure: { kind: 'transient' },
    error: { name: 'OptionsError', code: 'BAD_OPTIONS', message: 'there is no accessToken, a string, in the tokens' },
  })
})
