import { FakeClock, secretCanary, settle } from '@graphlinks/testing'
import fc from 'fast-check'
import { DisposedError, TimeoutError } from '../errors.ts'
import type { RefreshRequest } from './renewal.ts'
import { AuthExpiredError, AuthQueueFullError, AuthRefreshError, RefreshRejectedError } from './sessionErrors.ts'
import { createTokenSource } from './createTokenSource.ts'
import type { SessionEvent, TokenSource, TokenSourceBaseOptions } from './tokenSource.ts' // prettier-ignore
import type { Tokens } from './tokens.ts'
import { memoryTokenStore, type StoredTokens, type TokenStore } from './tokenStore.ts'

interface Setup {
  readonly clock: FakeClock
  readonly session: TokenSource
  readonly asked: RefreshRequest[]
  readonly events: SessionEvent[]
  readonly types: () => string[]
}

/** A signed-in session with tokens of an hour, whose refreshes give `answer`. */
function setup(
  answer: (request: RefreshRequest, count: number) => unknown = (_, count) => tokens(count),
  options: TokenSourceBaseOptions = {},
): Setup {
  const clock = (options.clock as FakeClock | undefined) ?? new FakeClock()
  const asked: RefreshRequest[] = []
  const session = createTokenSource({
    clock,
    random: () => 0,
    initial: tokens(0),
    refresh: (request) => answer(request, asked.push(request)) as Promise<Tokens>,
    ...options,
  })
  const events: SessionEvent[] = []
  session.events.subscribe((event) => events.push(event))
  return { clock, session, asked, events, types: () => events.map(({ type }) => type) }
}

function tokens(count: number, changes: Partial<Tokens> = {}): Tokens {
  return { accessToken: `access${count}`, refreshToken: `refresh${count}`, expiresInSeconds: 3_600, ...changes }
}

/** What a promise comes to, for promises that may reject. */
async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: unknown) => error)
}

const hour = 3_600_000

describe('when tokens are renewed', () => {
  test.each([
    ['an hour', 3_600, 3_300_000, 3_590_000],
    ['a day', 86_400, 86_100_000, 86_390_000],
    ['a minute', 60, 48_000, 57_000],
    ['three seconds', 3, 2_400, 2_850],
  ])('TR-16 the windows of a token of %s', async (_, expiresInSeconds, softMs, hardMs) => {
    const { clock, session } = setup(() => new Promise(() => {}), { initial: tokens(0, { expiresInSeconds }) })
    await clock.advance(softMs)
    expect(session.current.status).toBe('fresh')
    await clock.advance(1)
    expect(session.current.status).toBe('soft')
    await clock.advance(hardMs - softMs - 1)
    expect(session.current.status).toBe('soft')
    await clock.advance(1)
    expect(session.current.status).toBe('hard')
    await session.dispose()
  })

  test('TR-16 jitter begins the soft window up to 30 s, or a twentieth of the lifetime, earlier', () => {
    const softAt = (random: number, expiresInSeconds: number, ...moments: number[]): string => {
      const clock = new FakeClock()
      const { session } = setup(undefined, { clock, random: () => random, initial: tokens(0, { expiresInSeconds }) })
      const at = moments.map((before) => {
        clock.setDate((expiresInSeconds - before) * 1_000)
        const { status } = session.current
        clock.setDate(-(expiresInSeconds - before) * 1_000)
        return `${before}:${status}`
      })
      return at.join(' ')
    }
    expect(softAt(0, 3_600, 299, 300)).toBe('299:soft 300:fresh')
    expect(softAt(1, 3_600, 329, 330)).toBe('329:soft 330:fresh')
    expect(softAt(0, 60, 11, 12)).toBe('11:soft 12:fresh')
    expect(softAt(1, 60, 14, 15)).toBe('14:soft 15:fresh')
  })

  test('TR-16 in the soft window the token is used, and renewed once in the background', async () => {
    let give: (tokens: Tokens) => void = () => {}
    const { clock, session, asked } = setup(() => new Promise((resolve) => (give = resolve)))
    await clock.advance(hour - 200_000)
    expect(await session.accessToken()).toBe('access0')
    expect(await session.accessToken()).toBe('access0')
    await settle()
    expect(asked).toMatchObject([{ reason: 'expiring', refreshToken: 'refresh0' }])
    give(tokens(1))
    await settle()
    expect(await session.accessToken()).toBe('access1')
  })

  test('AUTH-21 AUTH-22 AUTH-23 skewMs: 30 s before the end, and not a millisecond earlier', async () => {
    const { clock, session, asked } = setup(undefined, { skewMs: 30_000 })
    await clock.advance(3_569_999)
    expect(await session.accessToken()).toBe('access0')
    await clock.advance(1)
    expect(await session.accessToken()).toBe('access0')
    expect(asked).toEqual([])
    await clock.advance(1)
    expect(await session.accessToken()).toBe('access1')
  })

  test('AUTH-23 a lifetime counts from when the tokens were asked for', async () => {
    const clock = new FakeClock()
    const slow = (_: unknown, count: number): Promise<Tokens> =>
      new Promise((resolve) => void clock.after(5_000, () => resolve(tokens(count))))
    const { session } = setup(slow, { clock, skewMs: 0, initial: tokens(0, { expiresInSeconds: 1 }) })
    await clock.advance(2_000)
    const renewed = session.accessToken()
    await clock.advance(5_000)
    expect(await renewed).toBe('access1')
    expect(session.current.expiresAt).toBe(Date.UTC(2026) + 2_000 + hour)
  })

  test('AUTH-24 TR-17 a lifetime shorter than the skew is not renewed by every call', async () => {
    const { clock, session, asked } = setup((_, count) => tokens(count, { expiresInSeconds: 20 }), {
      skewMs: 30_000,
      initial: tokens(0, { expiresInSeconds: 20 }),
    })
    for (let second = 0; second < 60; second++) {
      await session.accessToken()
      await clock.advance(1_000)
    }
    expect(asked.length).toBeLessThanOrEqual(4)
  })

  test('TR-18 a token without a lifetime is not renewed by time', async () => {
    const { clock, session, asked } = setup(undefined, { initial: { accessToken: 'forever' }, mode: 'eager' })
    expect(clock.pending).toBe(0)
    await clock.advance(1_000 * hour)
    expect(await session.accessToken()).toBe('forever')
    expect(asked).toEqual([])
    expect(session.current).toMatchObject({ status: 'fresh', expiresAt: undefined })
  })

  test.each([
    ['0', undefined],
    [0, undefined],
    [-5, undefined],
    [NaN, undefined],
    [Infinity, undefined],
    ['soon', undefined],
    [null, undefined],
    [[{ toString: [] }], undefined],
    ['3600', 3_600_000],
    [3_600, 3_600_000],
    [0.0001, 1_000],
    [1e12, 1e15],
  ])('TR-19 expiresInSeconds %p', async (expiresInSeconds, lifetimeMs) => {
    const { clock, session, asked } = setup(
      (_, count) => tokens(count, { expiresInSeconds: expiresInSeconds as number }),
      { initial: tokens(0, { expiresInSeconds: expiresInSeconds as number }), mode: 'eager' },
    )
    expect(session.current.expiresAt).toBe(lifetimeMs === undefined ? undefined : clock.date() + lifetimeMs)
    for (let call = 0; call < 20; call++) await session.accessToken()
    expect(asked).toEqual([])
    await clock.advance(10_000)
    // The shortest lifetime is a second, of which the last fifth is for renewing.
    expect(asked.length).toBeLessThanOrEqual(13)
    for (const delay of clock.delays) expect(delay).toBeLessThanOrEqual(60_000)
    await session.dispose()
    expect(clock.pending).toBe(0)
  })

  test('TR-42 the exp of a JWT where there is no lifetime, by the Date of the answer where the clock is wrong', async () => {
    const clock = new FakeClock()
    const jwt = (exp: unknown): string => `e30.${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.c2ln`
    const seconds = clock.date() / 1_000
    const remaining = (accessToken: string, date?: string): number | undefined => {
      const { session } = setup(undefined, { clock, initial: { accessToken, date } })
      const { expiresAt } = session.current
      return expiresAt === undefined ? undefined : expiresAt - clock.date()
    }
    expect(remaining(jwt(seconds + 600))).toBe(600_000)
    expect(remaining(jwt('tomorrow'))).toBeUndefined()
    expect(remaining('no.jwt')).toBeUndefined()
    expect(remaining('opaque')).toBeUndefined()
    const at = (offsetMs: number): string => new Date(clock.date() + offsetMs).toUTCString()
    // The server lives five minutes later than this machine believes.
    expect(remaining(jwt(seconds + 600), at(300_000))).toBe(300_000)
    // A difference that a slow network makes means nothing.
    expect(remaining(jwt(seconds + 600), at(299_000))).toBe(600_000)
    expect(remaining(jwt(seconds + 600), 'no date')).toBe(600_000)
  })

  test('TR-42 an exp or a date that is none tells nothing', async () => {
    for (const [exp, date] of [[{ toString: 1 }], [null], [1e12, { toString: 1 }]] as const) {
      const accessToken = `e30.${btoa(JSON.stringify({ exp }))}.c2ln`
      const { session } = setup(undefined, { initial: { accessToken, date: date as unknown as string } })
      expect(session.current).toMatchObject({ status: 'fresh', expiresAt: undefined })
    }
  })

  test.each([-86_400_000, 86_400_000])(
    'TR-42 TR-43 a date that is set by %d ms makes one refresh at most',
    async (byMs) => {
      const { clock, session, asked } = setup()
      clock.setDate(byMs)
      for (let call = 0; call < 20; call++) await session.accessToken()
      expect(asked.length).toBe(byMs > 0 ? 1 : 0)
      await clock.advance(hour)
      for (let call = 0; call < 20; call++) await session.accessToken()
      expect(asked.length).toBe(byMs > 0 ? 2 : 1)
      expect(await session.accessToken()).toBe(`access${asked.length}`)
    },
  )

  test('TR-43 the clock that never goes back decides where the date was set back', async () => {
    const { clock, session } = setup()
    clock.setDate(-86_400_000)
    await clock.advance(hour)
    expect(session.current.status).toBe('hard')
  })

  test('TR-44 after a sleep of eight hours the first to come renews the token, once', async () => {
    const { clock, session, asked } = setup(undefined, { mode: 'eager' })
    clock.setDate(8 * hour)
    const given = await Promise.all(Array.from({ length: 50 }, () => session.accessToken()))
    expect(new Set(given)).toEqual(new Set(['access1']))
    expect(asked).toMatchObject([{ reason: 'expired' }])
    await session.dispose()
  })
})

describe('one refresh', () => {
  test('AUTH-25 fifty callers at expiry, one refresh', async () => {
    const { clock, session, asked } = setup()
    await clock.advance(hour + 1)
    const given = await Promise.all(Array.from({ length: 50 }, () => session.accessToken()))
    expect(new Set(given)).toEqual(new Set(['access1']))
    expect(asked.length).toBe(1)
  })

  test('TR-13 a refresh that throws at once, or answers nonsense, leaves the session usable', async () => {
    const nonsense = [undefined, null, 'token', 7, {}, { accessToken: '' }, { accessToken: 5 }, []]
    for (const answer of [...nonsense, 'throw'] as unknown[]) {
      let isWell = false
      const { clock, session, asked } = setup((_, count) => {
        if (isWell) return tokens(count)
        if (answer === 'throw') throw new Error('at once')
        return answer
      })
      await clock.advance(hour + 1)
      const error = await outcomeOf(session.accessToken())
      expect(error).toBeInstanceOf(AuthRefreshError)
      isWell = true
      await clock.advance(3_000)
      expect([answer, await session.accessToken()]).toEqual([answer, 'access2'])
      expect(asked.length).toBe(2)
    }
  })

  test('TR-13 whatever a refresh throws, also what is no text and cannot be read, is a failure as any other', async () => {
    const silent: object = Object.create(null)
    const closed = new Proxy(new Error('closed'), {
      get() {
        throw new Error('nobody may look')
      },
    })
    for (const thrown of [
      silent,
      { message: silent },
      { error: silent },
      { headers: { get: 7 } },
      closed,
      Symbol('s'),
    ]) {
      let isWell = false
      const { clock, session } = setup((_, count) => {
        return isWell ? tokens(count) : Promise.reject(thrown)
      })
      await clock.advance(hour + 1)
      expect(await outcomeOf(session.accessToken())).toBeInstanceOf(AuthRefreshError)
      isWell = true
      await clock.advance(3_000)
      expect(await session.accessToken()).toBe('access2')
    }
  })

  test('TR-14 a refresh that never ends is over after timeoutMs, for everybody', async () => {
    const { clock, session, asked } = setup(() => new Promise(() => {}), { timeoutMs: 7_000 })
    await clock.advance(hour + 1)
    const waiting = Array.from({ length: 20 }, () => outcomeOf(session.accessToken()))
    await clock.advance(6_999)
    expect(session.current.status).toBe('hard')
    await clock.advance(1)
    for (const error of await Promise.all(waiting)) {
      expect(error).toBeInstanceOf(AuthRefreshError)
      expect((error as Error).cause).toBeInstanceOf(TimeoutError)
    }
    expect(asked[0]?.signal.aborted).toBe(true)
    await session.dispose()
  })

  test('a refresh that ends after its time is not lost: the refresh token is used up', async () => {
    let give: (tokens: Tokens) => void = () => {}
    const store = memoryTokenStore()
    const { clock, session } = setup(() => new Promise((resolve) => (give = resolve)), { timeoutMs: 7_000, store })
    await clock.advance(hour + 1)
    const waiting = outcomeOf(session.accessToken())
    await clock.advance(7_000)
    expect(await waiting).toBeInstanceOf(AuthRefreshError)
    give(tokens(9))
    await settle()
    expect(await session.accessToken()).toBe('access9')
    expect(await store.read()).toMatchObject({ refreshToken: 'refresh9' })
  })

  test('TR-15 one more than maxQueued is refused, and the others get their token in order', async () => {
    let give: (tokens: Tokens) => void = () => {}
    const { clock, session } = setup(() => new Promise((resolve) => (give = resolve)), { maxQueued: 3 })
    await clock.advance(hour + 1)
    const order: number[] = []
    const waiting = [1, 2, 3].map((index) => session.accessToken().then(() => order.push(index)))
    const refused = (await outcomeOf(session.accessToken())) as AuthQueueFullError
    expect(refused).toBeInstanceOf(AuthQueueFullError)
    expect(refused.message).toContain('maxQueued')
    await settle()
    give(tokens(1))
    await Promise.all(waiting)
    expect(order).toEqual([1, 2, 3])
  })
})

describe('failures', () => {
  test('TR-23 AUTH-26 the token endpoint is down, and the token still good: it is used', async () => {
    const down = async (): Promise<never> => {
      throw new Error('down')
    }
    const { clock, session, asked } = setup(down, { random: () => 1 })
    await clock.advance(hour - 250_000)
    for (let second = 0; second < 245; second++) {
      expect(await session.accessToken()).toBe('access0')
      await clock.advance(1_000)
    }
    // Within the hard window, too: the old token is better than none.
    expect(await session.accessToken()).toBe('access0')
    expect(asked.length).toBeLessThan(20)
    await clock.advance(5_001)
    expect(await outcomeOf(session.accessToken())).toBeInstanceOf(AuthRefreshError)
  })

  test('TR-24 TR-25 a thousand calls while the endpoint answers 503: one refresh per pause', async () => {
    const { clock, session, asked } = setup(async () => {
      throw Object.assign(new Error('busy'), { status: 503 })
    })
    await clock.advance(hour + 1)
    for (let call = 0; call < 50; call++)
      expect(await outcomeOf(session.accessToken())).toBeInstanceOf(AuthRefreshError)
    expect(asked.length).toBe(1)
    const staggered = Array.from({ length: 1_000 }, () => outcomeOf(session.accessToken()))
    await clock.advance(500)
    await Promise.all(staggered)
    expect(asked.length).toBe(1)
  })

  test('TR-26 pauses grow from one second to one minute, with full jitter above the first', async () => {
    const pauses = async (random: number): Promise<number[]> => {
      const { clock, session } = setup(
        async () => {
          throw new Error('down')
        },
        { random: () => random },
      )
      await clock.advance(hour + 1)
      const found: number[] = []
      for (let failure = 0; failure < 8; failure++) {
        const { retryAfterMs } = (await outcomeOf(session.accessToken())) as AuthRefreshError
        found.push(retryAfterMs)
        await clock.advance(retryAfterMs + 1)
      }
      return found
    }
    expect(await pauses(0)).toEqual(Array.from({ length: 8 }, () => 1_000))
    expect(await pauses(1)).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000])
  })

  test.each([
    ['120', 120_000],
    ['0', 1_000],
    ['999999', 3_600_000],
    [new Date(Date.UTC(2026) + hour + 1 + 90_000).toUTCString(), 89_000],
    ['nonsense', 1_000],
  ])('TR-26 Retry-After %s', async (retryAfter, expected) => {
    const { clock, session, asked } = setup(async () => {
      throw Object.assign(new Error('busy'), { cause: { status: 429, headers: new Headers({ 'retry-after': retryAfter }) } }) // prettier-ignore
    })
    await clock.advance(hour + 1)
    const { retryAfterMs } = (await outcomeOf(session.accessToken())) as AuthRefreshError
    expect(Math.floor(retryAfterMs / 1_000) * 1_000).toBe(expected)
    await clock.advance(retryAfterMs)
    await outcomeOf(session.accessToken())
    expect(asked.length).toBe(1)
    await clock.advance(1)
    await outcomeOf(session.accessToken())
    expect(asked.length).toBe(2)
  })

  test.each([408, 429, 500, 503])(
    'OA-4 HTTP %d is passing, whatever its body repeats, and its Retry-After counts',
    async (status) => {
      const { clock, session, types } = setup(async () => {
        const response = { headers: new Headers({ 'retry-after': '30' }) }
        throw Object.assign(new Error('busy'), { error: 'invalid_grant', status, response })
      })
      await clock.advance(hour + 1)
      const { code, retryAfterMs } = (await outcomeOf(session.accessToken())) as AuthRefreshError
      expect([code, retryAfterMs]).toEqual(['AUTH_REFRESH', 30_000])
      expect(types()).toEqual(['refreshFailed'])
    },
  )

  test('TR-26 a new sign-in does not wait for the pause of the old one', async () => {
    let isDown = true
    const { clock, session, asked } = setup(async (_, count) => {
      if (isDown) throw Object.assign(new Error('busy'), { status: 429, retryAfter: 3_600 })
      return tokens(count)
    })
    await clock.advance(hour + 1)
    await outcomeOf(session.accessToken())
    isDown = false
    await session.set(tokens(50, { expiresInSeconds: 1 }))
    await clock.advance(2_000)
    expect(await session.accessToken()).toBe('access2')
    expect(asked[1]?.refreshToken).toBe('refresh50')
  })

  test('AUTH-26 failures are not remembered once a refresh worked', async () => {
    const { clock, session, asked } = setup(async (_, count) => {
      if (count % 2) throw new Error('down')
      return tokens(count, { expiresInSeconds: 60 })
    })
    await clock.advance(hour + 1)
    for (let round = 0; round < 3; round++) {
      const { retryAfterMs } = (await outcomeOf(session.accessToken())) as AuthRefreshError
      expect(retryAfterMs).toBe(1_000)
      await clock.advance(1_001)
      expect(await session.accessToken()).toBe(`access${asked.length}`)
      await clock.advance(61_000)
    }
  })

  test.each(['invalid_request', 'invalid_client', 'unauthorized_client', 'unsupported_grant_type', 'invalid_scope'])(
    'TR-29 %s is a mistake in the configuration: the session goes on',
    async (error) => {
      const { clock, session, types } = setup(async () => {
        throw Object.assign(new Error('no'), { error, status: 400 })
      })
      await clock.advance(hour - 100_000)
      expect(await session.accessToken()).toBe('access0')
      await settle()
      expect(types()).toEqual(['refreshFailed'])
      expect(await session.accessToken()).toBe('access0')
      await clock.advance(200_000)
      const failure = (await outcomeOf(session.accessToken())) as AuthRefreshError
      expect(failure).toBeInstanceOf(AuthRefreshError)
      expect(failure.message).toContain(error)
      expect(types()).not.toContain('sessionEnded')
    },
  )

  test.each([
    ['invalid_grant', () => Object.assign(new Error('no'), { error: 'invalid_grant', status: 400 })],
    ['RefreshRejectedError', () => new RefreshRejectedError('the server says so')],
    ['one that is the cause of another', () => new Error('no', { cause: { cause: { error: 'invalid_grant' } } })],
  ])('TR-29 TR-30 %s ends the session, once', async (_, makeError) => {
    const { clock, session, types, asked } = setup(async () => {
      throw makeError()
    })
    await clock.advance(hour + 1)
    const waiting = Array.from({ length: 5 }, () => outcomeOf(session.accessToken()))
    // Another tab may be about to store what it got: a second is given to it.
    await clock.advance(1_000)
    for (const error of await Promise.all(waiting)) expect(error).toBeInstanceOf(AuthExpiredError)
    expect(await outcomeOf(session.accessToken())).toBeInstanceOf(AuthExpiredError)
    await clock.advance(10 * hour)
    expect(await outcomeOf(session.accessToken())).toBeInstanceOf(AuthExpiredError)
    expect(types()).toEqual(['refreshFailed', 'sessionEnded'])
    expect(asked.length).toBe(1)
    expect(session.current.status).toBe('dead')
    await session.set(tokens(7))
    expect(await session.accessToken()).toBe('access7')
  })

  test('invalid_grant while the access token is good: it is used until the hard window, and then it is over', async () => {
    const ended: SessionEvent[] = []
    const { clock, session, asked } = setup(
      async () => {
        throw Object.assign(new Error('no'), { error: 'invalid_grant' })
      },
      { onSessionEnded: (event) => ended.push(event) },
    )
    await clock.advance(hour - 200_000)
    expect(await session.accessToken()).toBe('access0')
    await clock.advance(100_000)
    expect(await session.accessToken()).toBe('access0')
    expect(ended).toEqual([])
    await clock.advance(90_001)
    expect(await outcomeOf(session.accessToken())).toBeInstanceOf(AuthExpiredError)
    expect(ended).toMatchObject([{ type: 'sessionEnded', epoch: 0, generation: 1 }])
    expect(asked.length).toBe(1)
  })

  test('TR-30 sessionEnded comes when the state is final: a listener may sign in again', async () => {
    const { clock, session } = setup(async () => {
      throw Object.assign(new Error('no'), { error: 'invalid_grant' })
    })
    const seen: string[] = []
    session.events.subscribe(({ type }) => {
      seen.push(`${type} ${session.current.status}`)
      if (type === 'sessionEnded') void session.set(tokens(5))
    })
    await clock.advance(hour + 1)
    const waiting = outcomeOf(session.accessToken())
    await clock.advance(1_000)
    await waiting
    expect(seen).toEqual(['refreshFailed dead', 'sessionEnded dead', 'set fresh'])
    expect(await session.accessToken()).toBe('access5')
  })

  test('a listener that throws, or leaves, does not disturb the others', async () => {
    const { clock, session, types } = setup(undefined, {
      onSessionEnded: () => {
        throw new Error('in a listener')
      },
    })
    const leave = session.events.subscribe(() => {
      throw new Error('in another')
    })
    const heard: string[] = []
    session.events.subscribe(({ type }) => heard.push(type))
    await clock.advance(hour + 1)
    expect(await session.accessToken()).toBe('access1')
    leave()
    await session.clear()
    expect(heard).toEqual(['refreshed', 'cleared'])
    expect(types()).toEqual(heard)
  })

  test('no error, event or state holds a token', async () => {
    const canary = secretCanary()
    const secret = canary.value
    const leaks = [
      () => new Error(`POST /token?refresh_token=${secret} failed`),
      () => Object.assign(new Error('no'), { body: secret, cause: new Error(`Bearer ${secret}`) }),
      () => secret,
    ]
    for (const makeError of leaks) {
      const { clock, session, events } = setup(
        async () => {
          throw makeError() as Error
        },
        { initial: { accessToken: secret, refreshToken: secret, expiresInSeconds: 60 } },
      )
      await clock.advance(61_000)
      const error = await outcomeOf(session.accessToken())
      expect(error).toBeInstanceOf(AuthRefreshError)
      canary.check(error, events, session, session.current)
    }
  })
})

describe('rotation and the store', () => {
  test('TR-31 a new refresh token replaces the old one, and no news keeps it', async () => {
    const { clock, session, asked } = setup((_, count) => ({
      accessToken: `access${count}`,
      expiresInSeconds: 3_600,
      ...(count === 2 && { refreshToken: 'rotated' }),
    }))
    for (let round = 0; round < 4; round++) {
      await clock.advance(hour + 1)
      await session.accessToken()
    }
    expect(asked.map(({ refreshToken }) => refreshToken)).toEqual(['refresh0', 'refresh0', 'rotated', 'rotated'])
  })

  test('TR-32 new tokens are stored before anybody gets them', async () => {
    const memory = memoryTokenStore()
    let release = (): void => {}
    const store: TokenStore = {
      ...memory,
      replace: async (next, version) => {
        await new Promise<void>((resolve) => (release = resolve))
        return memory.replace(next, version)
      },
    }
    await memory.write({ ...stored(0), expiresAt: Date.UTC(2026) - 1 })
    const { session } = setup(undefined, { store, initial: undefined })
    let given: unknown
    const waiting = session.accessToken().then((token) => (given = token))
    await settle()
    expect(given).toBeUndefined()
    expect(session.current.status).toBe('hard')
    release()
    await waiting
    expect(given).toBe('access1')
    expect(await memory.read()).toMatchObject({ accessToken: 'access1' })
  })

  test('TR-32 a write that fails is tried again, and one that succeeded without saying so counts', async () => {
    for (const fails of ['before', 'after']) {
      const memory = memoryTokenStore()
      let failures = 2
      const store: TokenStore = {
        ...memory,
        replace: async (next, version) => {
          if (fails === 'after') await memory.replace(next, version)
          if (failures-- > 0) throw new Error('the disk is busy')
          return memory.replace(next, version)
        },
      }
      await memory.write({ ...stored(0), expiresAt: Date.UTC(2026) - 1 })
      const { session, asked } = setup(undefined, { store, initial: undefined })
      expect([fails, await session.accessToken()]).toEqual([fails, 'access1'])
      expect(asked.length).toBe(1)
    }
  })

  test('TR-32 tokens that cannot be stored are revoked, and the session ends: half of it is not kept', async () => {
    const canary = secretCanary()
    const memory = memoryTokenStore()
    const store: TokenStore = {
      ...memory,
      replace: async (next) => {
        throw new Error(`cannot write ${JSON.stringify(next)}`)
      },
    }
    await memory.write({ ...stored(0), expiresAt: Date.UTC(2026) - 1 })
    const revoked: Tokens[] = []
    const { clock, session, events, types } = setup(() => tokens(1, { accessToken: canary.value }), {
      store,
      initial: undefined,
      revoke: async (late) => {
        revoked.push(late)
        throw new Error('nobody listens')
      },
    })
    const waiting = outcomeOf(session.accessToken())
    await clock.advance(1_000)
    const error = await waiting
    expect(error).toBeInstanceOf(AuthExpiredError)
    expect(revoked).toMatchObject([{ refreshToken: 'refresh1' }])
    expect(types()).toEqual(['refreshFailed', 'sessionEnded'])
    canary.check(error, events, session)
  })

  test.each([
    ['fetch', () => new TypeError('fetch failed')],
    ['httpLink', () => Object.assign(new Error('no answer'), { code: 'NETWORK' })],
    ['a socket', () => new Error('no', { cause: Object.assign(new Error(), { code: 'ECONNRESET' }) })],
  ])(
    'TR-33 an answer that was lost, as %s says it: asked again at once with the same refresh token',
    async (_, lost) => {
      const { clock, session, asked } = setup(async (__, count) => {
        if (count === 1) throw lost()
        return tokens(count)
      })
      await clock.advance(hour + 1)
      expect(await session.accessToken()).toBe('access2')
      expect(asked.map(({ refreshToken }) => refreshToken)).toEqual(['refresh0', 'refresh0'])
    },
  )

  test('TR-33 once, not where the server answered, not where it was not there, and not after ten seconds', async () => {
    const asks = async (makeError: () => unknown, delayMs = 0): Promise<number> => {
      const clock = new FakeClock()
      const { session, asked } = setup(
        () => new Promise((_, reject) => void clock.after(delayMs, () => reject(makeError() as Error))),
        { clock },
      )
      await clock.advance(hour + 1)
      const waiting = outcomeOf(session.accessToken())
      await clock.advance(delayMs)
      await clock.advance(delayMs)
      await waiting
      return asked.length
    }
    expect(await asks(() => new TypeError('fetch failed'))).toBe(2)
    expect(await asks(() => new TypeError('fetch failed'), 9_999)).toBe(2)
    expect(await asks(() => new TypeError('fetch failed'), 10_000)).toBe(1)
    expect(await asks(() => Object.assign(new Error(), { status: 503 }))).toBe(1)
    expect(await asks(() => new SyntaxError('Unexpected token <'))).toBe(1)
    const refused = Object.assign(new Error(), { code: 'ECONNREFUSED' })
    expect(await asks(() => new TypeError('fetch failed', { cause: refused }))).toBe(1)
  })

  test('TR-35 the tokens of another subject end the session, and are revoked', async () => {
    const revoked: Tokens[] = []
    const { clock, session } = setup(() => tokens(1, { subject: 'mallory' }), {
      initial: tokens(0, { subject: 'ada' }),
      revoke: (late) => void revoked.push(late),
    })
    await clock.advance(hour + 1)
    expect(await outcomeOf(session.accessToken())).toBeInstanceOf(AuthExpiredError)
    expect(revoked).toMatchObject([{ accessToken: 'access1' }])
  })

  test('TR-36 two sources over one store: what one renewed, the other takes over without asking', async () => {
    const store = memoryTokenStore()
    const clock = new FakeClock()
    const one = setup(undefined, { store, clock })
    const two = setup(undefined, { store, clock, initial: undefined })
    await clock.advance(hour + 1)
    expect(await one.session.accessToken()).toBe('access1')
    expect(await two.session.accessToken()).toBe('access1')
    expect([one.asked.length, two.asked.length]).toEqual([1, 0])
    expect(two.types()).toEqual(['refreshed'])
  })

  test('TR-36 both ask at once: one stores its tokens, and both go on with those', async () => {
    const store = memoryTokenStore()
    const clock = new FakeClock()
    const give: ((tokens: Tokens) => void)[] = []
    const ask = (): Promise<Tokens> => new Promise((resolve) => give.push(resolve))
    const one = setup(ask, { store, clock })
    const two = setup(ask, { store, clock, initial: undefined })
    await clock.advance(hour + 1)
    const both = [one.session.accessToken(), two.session.accessToken()]
    await settle()
    expect(give.length).toBe(2)
    give[1]?.(tokens(2))
    await settle()
    give[0]?.(tokens(1))
    expect(await Promise.all(both)).toEqual(['access2', 'access2'])
    expect(await store.read()).toMatchObject({ refreshToken: 'refresh2' })
  })

  test('TR-36 invalid_grant where another was faster: its tokens are taken over after a second', async () => {
    const store = memoryTokenStore()
    const { clock, session, types } = setup(
      async () => {
        throw Object.assign(new Error('used up'), { error: 'invalid_grant' })
      },
      { store },
    )
    await clock.advance(hour + 1)
    const waiting = session.accessToken()
    await clock.advance(500)
    await store.write({ ...stored(8), session: ((await store.read()) as StoredTokens).session })
    await clock.advance(500)
    expect(await waiting).toBe('access8')
    expect(types()).toEqual(['refreshed'])
  })

  test('TR-36 the store was emptied by another process: this one is signed out, too', async () => {
    const store = memoryTokenStore()
    const { clock, session, asked, types } = setup(undefined, { store })
    await store.write(undefined)
    await clock.advance(hour + 1)
    await outcomeOf(session.accessToken())
    expect(session.current).toMatchObject({ status: 'none', epoch: 1 })
    expect(await session.accessToken()).toBeUndefined()
    expect(types()).toEqual(['cleared'])
    expect(asked).toEqual([])
  })

  test('threats 19 a lock runs one refresh at a time; one that is never free ends with timeoutMs', async () => {
    const clock = new FakeClock()
    const { session, asked } = setup(undefined, { clock, lock: () => new Promise(() => {}), timeoutMs: 4_000 })
    await clock.advance(hour + 1)
    const waiting = outcomeOf(session.accessToken())
    await clock.advance(4_000)
    expect(await waiting).toBeInstanceOf(AuthRefreshError)
    expect(asked).toEqual([])
    const names: string[] = []
    const other = setup(undefined, {
      clock,
      lock: async (name, refresh) => {
        names.push(name)
        return refresh()
      },
    })
    await clock.advance(hour + 1)
    expect(await other.session.accessToken()).toBe('access1')
    expect(names).toEqual([expect.stringMatching(/^graphlinks \S+$/)])
  })

  test('threats 19 a lock that does not hand on what the refresh gave does no harm; one that never runs it is a failure', async () => {
    const forgetful = setup(undefined, {
      lock: async (_, refresh) => {
        await refresh()
        return undefined as never
      },
    })
    await forgetful.clock.advance(hour + 1)
    expect(await forgetful.session.accessToken()).toBe('access1')
    const idle = setup(undefined, { lock: async () => undefined as never })
    await idle.clock.advance(hour + 1)
    expect(await outcomeOf(idle.session.accessToken())).toMatchObject({
      code: 'AUTH_REFRESH',
      cause: { message: 'the lock ended without a refresh' },
    })
    expect(idle.asked).toEqual([])
  })

  test('threats 19 a lock is given back when the time is up, and what comes after that is still taken', async () => {
    let give: (tokens: Tokens) => void = () => {}
    let isFree = true
    const { clock, session } = setup(() => new Promise((resolve) => (give = resolve)), {
      timeoutMs: 4_000,
      lock: async (_, refresh) => {
        isFree = false
        return refresh().finally(() => (isFree = true))
      },
    })
    await clock.advance(hour + 1)
    const waiting = outcomeOf(session.accessToken())
    await clock.advance(3_999)
    expect(isFree).toBe(false)
    await clock.advance(1)
    expect(isFree).toBe(true)
    expect(await waiting).toBeInstanceOf(AuthRefreshError)
    give(tokens(4))
    await settle()
    expect(await session.accessToken()).toBe('access4')
  })
})

describe('signing in and out', () => {
  test('AUTH-30 set and clear: at once, with generations and epochs', async () => {
    const { session, types, events } = setup(undefined, { initial: undefined })
    expect(session.current).toMatchObject({ status: 'none', epoch: 0, generation: 0 })
    expect(await session.accessToken()).toBeUndefined()
    void session.set(tokens(1, { subject: 'ada' }))
    expect(session.current).toMatchObject({ status: 'fresh', epoch: 1, generation: 1, subject: 'ada' })
    void session.set(tokens(2, { subject: 'ada' }))
    expect(session.current).toMatchObject({ epoch: 1, generation: 2 })
    void session.set(tokens(3, { subject: 'bob' }))
    expect(session.current).toMatchObject({ epoch: 2, generation: 3 })
    void session.set(tokens(4))
    expect(session.current).toMatchObject({ epoch: 3, generation: 4, subject: undefined })
    void session.clear()
    expect(session.current).toMatchObject({ status: 'none', epoch: 4, subject: undefined, expiresAt: undefined })
    expect(types()).toEqual(['set', 'set', 'set', 'set', 'cleared'])
    expect(events.map(({ epoch }) => epoch)).toEqual([1, 1, 2, 3, 4])
    await settle()
  })

  test('TR-45 threats 18 a sign-out during a refresh: the late pair is revoked, and the store stays empty', async () => {
    const store = memoryTokenStore()
    const revoked: Tokens[] = []
    let give: (tokens: Tokens) => void = () => {}
    const { clock, session, types } = setup(() => new Promise((resolve) => (give = resolve)), {
      store,
      revoke: (late) => void revoked.push(late),
    })
    await clock.advance(hour + 1)
    const waiting = outcomeOf(session.accessToken())
    await settle()
    await session.clear()
    expect(((await waiting) as { code: string }).code).toBe('IDENTITY_CHANGED')
    give(tokens(1))
    await settle()
    expect(session.current.status).toBe('none')
    expect(await store.read()).toBeUndefined()
    expect(revoked).toMatchObject([{ accessToken: 'access1' }])
    expect(types()).toEqual(['cleared'])
  })

  test.each(['sign out', 'sign in as another'])(
    'TR-45 threats 18 %s within the store write of a refresh, by a store that is not atomic',
    async (what) => {
      let content: StoredTokens | undefined
      let land = (): void => {}
      const store: TokenStore = {
        read: async () => content,
        write: async (next) => void (content = next),
        replace: async (next) => {
          await new Promise<void>((resolve) => (land = resolve))
          content = next
          return true
        },
      }
      const revoked: Tokens[] = []
      const { clock, session } = setup(undefined, {
        store,
        initial: undefined,
        revoke: (late) => void revoked.push(late),
      })
      await settle()
      await session.set(tokens(0))
      await clock.advance(hour + 1)
      const waiting = outcomeOf(session.accessToken())
      await settle()
      if (what === 'sign out') await session.clear()
      else await session.set(tokens(70))
      land()
      await waiting
      await settle()
      expect((await store.read())?.accessToken).toBe(what === 'sign out' ? undefined : 'access70')
      expect(revoked).toMatchObject([{ accessToken: 'access1' }])
      expect(await session.accessToken()).toBe(what === 'sign out' ? undefined : 'access70')
    },
  )

  test('TR-46 threats 18 a sign-out does not wait for a refresh or for the store, and wins over a store that is being read', async () => {
    const never = new Promise<never>(() => {})
    const { session } = setup(() => never, { store: { read: () => never, write: () => never, replace: () => never } })
    void session.clear()
    expect(session.current.status).toBe('none')
    expect(await session.accessToken()).toBeUndefined()
    await session.dispose()
  })

  test('TR-49 two sources share nothing', async () => {
    const clock = new FakeClock()
    const sources = Array.from({ length: 20 }, (_, index) =>
      setup((request) => tokens(0, { accessToken: `new-of-${request.refreshToken}` }), {
        clock,
        initial: tokens(index),
      }),
    )
    await clock.advance(hour + 1)
    const given = await Promise.all(sources.map(({ session }) => session.accessToken()))
    expect(given).toEqual(sources.map((_, index) => `new-of-refresh${index}`))
  })

  test('TR-50 readonly: used for as long as it is good, never renewed, and then the session is over', async () => {
    const clock = new FakeClock()
    const ended: SessionEvent[] = []
    const session = createTokenSource({
      readonly: true,
      clock,
      initial: tokens(0),
      onSessionEnded: (event) => ended.push(event),
    })
    await clock.advance(hour - 10_000)
    expect(await session.accessToken()).toBe('access0')
    await clock.advance(1)
    expect(await outcomeOf(session.accessToken())).toBeInstanceOf(AuthExpiredError)
    expect(ended.length).toBe(1)
  })

  test('fetchToken gets the first token without a sign-in, and the next ones when they expire', async () => {
    const clock = new FakeClock()
    const reasons: string[] = []
    const session = createTokenSource({
      clock,
      random: () => 0,
      fetchToken: async ({ reason, refreshToken }) => {
        reasons.push(`${reason} ${refreshToken}`)
        return { accessToken: `access${reasons.length}`, expiresInSeconds: 3_600 }
      },
    })
    expect(await Promise.all([session.accessToken(), session.accessToken()])).toEqual(['access1', 'access1'])
    await clock.advance(hour + 1)
    expect(await session.accessToken()).toBe('access2')
    await session.clear()
    expect(await session.accessToken()).toBe('access3')
    expect(reasons).toEqual(['missing undefined', 'expired undefined', 'missing undefined'])
  })

  test('TR-29 fetchToken: invalid_grant is about no refresh token, and nobody could sign in again; RefreshRejectedError ends it', async () => {
    const clock = new FakeClock()
    const ended = jest.fn()
    let failure: Error | undefined = Object.assign(new Error('clock skew'), { error: 'invalid_grant' })
    const session = createTokenSource({
      clock,
      random: () => 0,
      onSessionEnded: ended,
      fetchToken: async () => {
        if (failure) throw failure
        return { accessToken: 'access', expiresInSeconds: 3_600 }
      },
    })
    const ask = async (): Promise<unknown> => {
      let outcome: unknown
      void session.accessToken().then(
        (token) => (outcome = token),
        (error: unknown) => (outcome = error),
      )
      // A source that was told invalid_grant looks a second later whether another one was faster.
      for (let turns = 0; outcome === undefined && turns < 20; turns++) await clock.advance(250)
      return outcome
    }
    expect(await ask()).toMatchObject({ code: 'AUTH_REFRESH', cause: { message: 'clock skew' } })
    expect(ended).not.toHaveBeenCalled()
    failure = undefined
    await clock.advance(60_000)
    expect(await ask()).toBe('access')
    failure = new RefreshRejectedError('the machine was decommissioned')
    await clock.advance(3_600_001)
    expect(await ask()).toMatchObject({ code: 'AUTH_EXPIRED' })
    expect(ended).toHaveBeenCalledTimes(1)
    await session.dispose()
  })

  test('TR-36 fetchToken of two processes that share a store: both go on with the token that was stored first', async () => {
    const clock = new FakeClock()
    const store = memoryTokenStore()
    let asked = 0
    const open = (): TokenSource =>
      createTokenSource({ clock, store, fetchToken: async () => ({ accessToken: `access${++asked}` }) })
    const [one, two, three] = [open(), open(), open()]
    const given = await Promise.all([one.accessToken(), two.accessToken()])
    expect(given[0]).toBe(given[1])
    // It found nothing when it began.
    expect([await three.accessToken(), asked, three.current.epoch]).toEqual([given[0], 2, 0])
  })

  test('TR-24 fetchToken where the store keeps nothing: a failure with a pause, and not one request after the other', async () => {
    const clock = new FakeClock()
    let asked = 0
    const session = createTokenSource({
      clock,
      store: { ...memoryTokenStore(), replace: () => false },
      fetchToken: async () => ({ accessToken: `access${++asked}` }),
    })
    const outcome = outcomeOf(session.accessToken())
    await settle()
    expect(asked).toBe(1)
    expect(await outcome).toMatchObject({
      code: 'AUTH_REFRESH',
      cause: { message: 'the store did not take the tokens, and has no others' },
    })
    await session.dispose()
  })

  test('fetchToken after a sign-out while a token was on its way: the late one is not used', async () => {
    const give: ((tokens: Tokens) => void)[] = []
    const session = createTokenSource({
      clock: new FakeClock(),
      fetchToken: () => new Promise((resolve) => give.push(resolve)),
    })
    const first = outcomeOf(session.accessToken())
    await settle()
    void session.clear()
    const second = session.accessToken()
    await settle()
    give[0]?.(tokens(1))
    await settle()
    give[1]?.(tokens(2))
    expect(await first).toMatchObject({
      code: 'IDENTITY_CHANGED',
      message: 'tokenRefreshLink: somebody signed in or out meanwhile',
    })
    expect(await second).toBe('access2')
  })
})

describe('the end', () => {
  test('TR-22 dispose: who waits is told, a refresh that is on its way may end and is stored, no timer is left', async () => {
    const store = memoryTokenStore()
    let give: (tokens: Tokens) => void = () => {}
    const { clock, session, asked } = setup(() => new Promise((resolve) => (give = resolve)), { store, mode: 'eager' })
    clock.setDate(hour + 1)
    const waiting = outcomeOf(session.accessToken())
    await settle()
    let isGone = false
    const gone = session.dispose().then(() => (isGone = true))
    expect(await waiting).toBeInstanceOf(DisposedError)
    expect(isGone).toBe(false)
    expect(asked[0]?.signal.aborted).toBe(false)
    give(tokens(1))
    await gone
    expect(await store.read()).toMatchObject({ refreshToken: 'refresh1' })
    expect(clock.pending).toBe(0)
    expect(await outcomeOf(session.accessToken())).toBeInstanceOf(DisposedError)
    expect(() => session.set(tokens(2))).toThrow(DisposedError)
    expect(() => session.clear()).toThrow(DisposedError)
    expect(await store.read()).toMatchObject({ refreshToken: 'refresh1' })
    await session[Symbol.asyncDispose]()
  })

  test('TR-22 dispose: a refresh that hangs is given five seconds', async () => {
    const { clock, session, asked } = setup(() => new Promise(() => {}), { mode: 'eager' })
    clock.setDate(hour + 1)
    void outcomeOf(session.accessToken())
    await settle()
    let isGone = false
    void session.dispose().then(() => (isGone = true))
    await clock.advance(4_999)
    expect(isGone).toBe(false)
    await clock.advance(1)
    expect(isGone).toBe(true)
    expect(asked[0]?.signal.aborted).toBe(true)
    expect(clock.pending).toBe(0)
  })

  test('a source is disposed of by await using as well; who comes then is told what happened', async () => {
    const { session } = setup()
    await session[Symbol.asyncDispose]()
    expect(session.current.status).toBe('disposed')
    expect(await outcomeOf(session.accessToken())).toMatchObject({
      code: 'DISPOSED',
      message: 'tokenRefreshLink: the token source was disposed',
    })
  })

  test('TR-22 dispose while the store is being read', async () => {
    const clock = new FakeClock()
    const { session } = setup(undefined, { clock, store: { ...memoryTokenStore(), read: () => new Promise(() => {}) } })
    const waiting = outcomeOf(session.accessToken())
    await session.dispose()
    expect(await waiting).toBeInstanceOf(DisposedError)
    expect(clock.pending).toBe(0)
  })
})

describe('torture: each await in turn', () => {
  const awaits = ['read', 'write', 'replace', 'refresh', 'lock', 'revoke', 'listener', 'postMessage'] as const
  const faults = ['throws', 'rejects', 'hangs'] as const
  const cases = awaits.flatMap((name) => faults.map((fault) => [name, fault] as const)).slice(0, -2)

  test.each(cases)('%s %s: everybody settles in time, and the session recovers', async (name, fault) => {
    const canary = secretCanary()
    const clock = new FakeClock()
    const memory = memoryTokenStore()
    let isFaulty = false
    const faulty =
      <Args extends unknown[], Value>(point: (typeof awaits)[number], act: (...args: Args) => Value) =>
      (...args: Args): Value => {
        if (!isFaulty || point !== name) return act(...args)
        // As who cannot write what it was given, and says what that was.
        const error = new Error(`fault ${JSON.stringify([args, memory.read()])}`)
        if (fault === 'throws') throw error
        return (fault === 'rejects' ? Promise.reject(error) : new Promise(() => {})) as Value
      }
    let count = 0
    const fresh = (): Tokens => ({
      accessToken: `${canary.value}a${++count}`,
      refreshToken: `${canary.value}r${count}`,
      expiresInSeconds: 60,
    })
    const session = createTokenSource({
      clock,
      random: () => 0.5,
      mode: 'eager',
      store: {
        read: faulty('read', () => memory.read()),
        write: faulty('write', (next: StoredTokens | undefined) => memory.write(next)),
        replace: faulty('replace', (next: StoredTokens, version: string | undefined) => memory.replace(next, version)),
      },
      lock: faulty('lock', (_: string, refresh: () => Promise<unknown>) => refresh()) as never,
      revoke: faulty('revoke', () => {}),
      channel: {
        // A channel answers at once.
        postMessage: faulty('postMessage', () => {}) as () => void,
        addEventListener: () => {},
        removeEventListener: () => {},
        close: () => {},
      },
      refresh: faulty('refresh', async () => fresh()),
    })
    const events: SessionEvent[] = []
    session.events.subscribe((event) => events.push(event))
    session.events.subscribe(faulty('listener', () => {}) as () => void)
    await session.set(fresh())

    isFaulty = true
    const outcomes: unknown[] = []
    const call = (): void => void outcomeOf(session.accessToken()).then((outcome) => outcomes.push(outcome))
    call()
    await clock.advance(61_000)
    for (let round = 0; round < 10; round++) call()
    await clock.advance(500)
    void outcomeOf(session.clear())
    void outcomeOf(session.set(fresh()))
    call()
    await clock.advance(61_000)
    call()
    await clock.advance(40_000)
    expect(outcomes.length).toBe(13)
    canary.check(
      outcomes.filter((outcome) => outcome instanceof Error),
      events,
      session,
    )

    isFaulty = false
    void session.set(fresh())
    // Writes that hang are given up one after the other.
    await clock.advance(95_000)
    expect(await outcomeOf(session.accessToken())).toMatch(canary.value)
    void session.dispose()
    await clock.advance(35_000)
    expect(clock.pending).toBe(0)
  })
})

test('memoryTokenStore replaces only what it is told to replace', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(3), fc.nat(3)), { maxLength: 20 }), async (writes) => {
      const store = memoryTokenStore()
      let version: string | undefined
      for (const [next, expected] of writes) {
        const replaced = await store.replace(stored(next), expected ? `v${expected}` : undefined)
        expect(replaced).toBe(version === (expected ? `v${expected}` : undefined))
        if (replaced) version = `v${next}`
        expect((await store.read())?.version).toBe(version)
      }
    }),
  )
})

function stored(count: number): StoredTokens {
  return {
    accessToken: `access${count}`,
    refreshToken: `refresh${count}`,
    expiresAt: Date.UTC(2026) + 10 * hour,
    lifetimeMs: hour,
    session: 's',
    version: `v${count}`,
  }
}
