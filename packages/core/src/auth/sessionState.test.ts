import fc from 'fast-check'
import {
  admit,
  baseOf,
  initialState,
  nextDueMs,
  passing,
  phaseOf,
  transition,
  type Circumstances,
  type Effect,
  type Event,
  type State,
} from './sessionState.ts'
import type { Credential } from './tokens.ts'

const at = (ms: number): Circumstances => ({
  present: { now: ms, date: ms },
  random: 0,
  canRefresh: true,
  canAcquire: false,
})

/** A credential that is soft from 800, hard from 950, and expired from 1,000 ms on, counted from `from`. */
function credential(version: string, from = 0, session = 's'): Credential {
  const moment = (ms: number) => ({ now: from + ms, date: from + ms })
  return {
    stored: { accessToken: `a-${version}`, session, version },
    deadlines: { soft: moment(800), hard: moment(950), expiry: moment(1_000) },
  }
}

/** The state after events, and the effects of the last one by their names. */
function play(events: readonly Event[], circumstances: Circumstances, from: State = initialState): [State, string[]] {
  let state = from
  let effects: readonly Effect[] = []
  for (const event of events) [state, effects] = transition(state, event, circumstances)
  return [
    state,
    effects.map((effect) => ('event' in effect ? effect.event : 'reason' in effect ? effect.reason : effect.type)),
  ]
}

const [live] = play([{ type: 'loaded', credential: credential('v1') }], at(0))

test('the credential: fresh, soft, hard, by either clock', () => {
  expect([0, 800, 801, 950, 951].map((ms) => phaseOf(live, { now: ms, date: ms }))).toEqual(['fresh', 'fresh', 'soft', 'soft', 'hard']) // prettier-ignore
  expect(phaseOf(live, { now: 0, date: 951 })).toBe('hard')
  expect(phaseOf(live, { now: 951, date: -100_000 })).toBe('hard')
})

test('an operation starts: fresh does nothing, soft renews beside it, hard before it', () => {
  expect(play([{ type: 'use' }], at(0), live)).toEqual([live, []])
  const [soft, effects] = play([{ type: 'use' }], at(801), live)
  expect([effects, admit(soft, at(801))]).toEqual([['expiring'], 'send'])
  const [hard, reasons] = play([{ type: 'use' }], at(1_001), live)
  expect([reasons, admit(hard, at(1_001))]).toEqual([['expired'], 'wait'])
  expect(play([{ type: 'use' }], at(1_001), hard)).toEqual([hard, []])
})

test('refused: of the present generation, once; of another generation or epoch, never', () => {
  const refuse = (changes: object): Event => ({ type: 'refuse', epoch: 0, generation: 1, isReplay: false, ...changes })
  const [refused, effects] = play([refuse({})], at(0), live)
  expect([effects, phaseOf(refused, at(0).present)]).toEqual([['rejected'], 'hard'])
  expect(play([refuse({})], at(0), refused)).toEqual([refused, []])
  expect(play([refuse({ generation: 0 })], at(0), live)).toEqual([live, []])
  expect(play([refuse({ epoch: 1 })], at(0), live)).toEqual([live, []])
})

test('new tokens: a generation more, everybody is woken, and then told', () => {
  const [flying] = play([{ type: 'use' }], at(1_001), live)
  const [renewed, effects] = play([{ type: 'refreshed', base: baseOf(flying), credential: credential('v2', 1_001) }], at(1_001), flying) // prettier-ignore
  expect(renewed).toMatchObject({ epoch: 0, generation: 2, refresher: { status: 'idle' }, failures: 0 })
  expect(effects).toEqual(['wake', 'refreshed'])
})

test('what comes of a refresh of another session, or of tokens that were replaced, changes nothing', () => {
  const [flying] = play([{ type: 'use' }], at(1_001), live)
  const late: Event[] = [
    { type: 'refreshed', base: baseOf(flying), credential: credential('v2') },
    { type: 'stored', base: baseOf(flying), credential: undefined },
    { type: 'failed', base: baseOf(flying), failure: { ...passing, kind: 'rejected' }, error: 'e' },
  ]
  for (const change of [
    { type: 'clear' },
    { type: 'set', credential: credential('v9', 0, 'other') },
    { type: 'dispose' },
  ] as Event[]) {
    const [changed] = play([change], at(1_001), flying)
    for (const event of late) expect(play([event], at(1_001), changed)).toEqual([changed, []])
  }
})

test('failed: a pause, and the old token for as long as it is good', () => {
  const [flying] = play([{ type: 'use' }], at(960), live)
  const [paused, effects] = play(
    [{ type: 'failed', base: baseOf(flying), failure: passing, error: 'e' }],
    at(960),
    flying,
  )
  expect(effects).toEqual(['wake', 'refreshFailed'])
  expect(paused.refresher).toMatchObject({ status: 'cooldown', until: { now: 1_960, date: 1_960 }, error: 'e' })
  expect(admit(paused, at(970))).toBe('send')
  expect(play([{ type: 'use' }], at(1_001), paused)).toEqual([paused, []])
  expect(admit(paused, at(1_001))).toBe('fail')
  expect(play([{ type: 'use' }], at(1_961), paused)[1]).toEqual(['expired'])
})

test('a mistake in the configuration opens the circuit, and keeps the session', () => {
  const [flying] = play([{ type: 'use' }], at(1_001), live)
  const failure = { ...passing, kind: 'misconfigured', oauthError: 'invalid_client' } as const
  const [open] = play([{ type: 'failed', base: baseOf(flying), failure, error: 'e' }], at(1_001), flying)
  expect(open).toMatchObject({
    session: { status: 'live' },
    refresher: { status: 'open', oauthError: 'invalid_client' },
  })
})

test('the refresh token was refused: over at once where the token is, otherwise when it is', () => {
  const rejected = (base: string): Event => ({
    type: 'failed',
    base,
    failure: { ...passing, kind: 'rejected' },
    error: 'e',
  })
  const [expired] = play([{ type: 'use' }], at(1_001), live)
  expect(play([rejected(baseOf(expired))], at(1_001), expired)[1]).toEqual(['refreshFailed', 'wake', 'sessionEnded'])
  const [soft] = play([{ type: 'use' }], at(801), live)
  const [final, effects] = play([rejected(baseOf(soft))], at(801), soft)
  expect([effects, admit(final, at(801))]).toEqual([['wake', 'refreshFailed'], 'send'])
  expect(play([{ type: 'use' }], at(900), final)).toEqual([final, []])
  expect(play([{ type: 'use' }], at(951), final)[1]).toEqual(['wake', 'sessionEnded'])
})

test('when the machine would do something by itself', () => {
  expect(nextDueMs(live, at(0))).toBe(801)
  expect(nextDueMs(live, { ...at(0), canRefresh: false })).toBe(951)
  const [flying] = play([{ type: 'use' }], at(801), live)
  expect(nextDueMs(flying, at(801))).toBeUndefined()
  const [paused] = play([{ type: 'failed', base: baseOf(flying), failure: passing, error: 'e' }], at(801), flying)
  expect(nextDueMs(paused, at(801))).toBe(1_001)
  expect(nextDueMs(initialState, at(0))).toBeUndefined()
})

test('any sequence of events: epochs and generations never fall, one refresh at a time, nothing after the end', () => {
  const anyCredential = fc.option(
    fc.record({ version: fc.constantFrom('v1', 'v2', 'v3'), from: fc.nat(5_000), session: fc.constantFrom('s', 't') }),
    { nil: undefined },
  )
  const kinds = fc.constantFrom('rejected' as const, 'misconfigured' as const, 'transient' as const)
  const step = fc.record({
    type: fc.constantFrom(
      'loaded',
      'set',
      'clear',
      'use',
      'use',
      'use',
      'refuse',
      'accept',
      'refreshed',
      'failed',
      'stored',
    ),
    credential: anyCredential,
    kind: kinds,
    isReplay: fc.boolean(),
    isCurrent: fc.boolean(),
    afterMs: fc.nat(2_000),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, canAcquire) => {
      let state = initialState
      let ms = 0
      let isFlying = false
      const ended = new Set<number>()
      for (const { type, credential: given, kind, isReplay, isCurrent, afterMs } of steps) {
        ms += afterMs
        const circumstances = { ...at(ms), canAcquire }
        const made = given && credential(given.version, given.from, given.session)
        const event = {
          type,
          credential: type === 'set' || type === 'refreshed' ? (made ?? credential('v4', ms)) : made,
          base: isCurrent ? baseOf(state) : 'another',
          failure: { ...passing, kind },
          error: 'e',
          epoch: state.epoch,
          generation: isCurrent ? state.generation : state.generation - 1,
          isReplay,
        } as unknown as Event
        const [next, effects] = transition(state, event, circumstances)
        expect(next.epoch).toBeGreaterThanOrEqual(state.epoch)
        expect(next.generation).toBeGreaterThanOrEqual(state.generation)
        if (next.epoch !== state.epoch) expect(effects).toContainEqual({ type: 'disown' })
        const starts = effects.filter((effect) => effect.type === 'refresh').length
        isFlying = state.refresher.status === 'inflight'
        expect(starts).toBeLessThanOrEqual(isFlying ? 0 : 1)
        expect(next.refresher.status === 'inflight' && !isFlying ? 1 : 0).toBe(starts)
        for (const effect of effects) {
          if (effect.type !== 'emit' || effect.event !== 'sessionEnded') continue
          expect(ended.has(next.epoch)).toBe(false)
          ended.add(next.epoch)
        }
        // Whatever waits is woken when it has something to look at.
        if (admit(state, circumstances) === 'wait' && admit(next, circumstances) !== 'wait') {
          expect(effects).toContainEqual({ type: 'wake' })
        }
        state = next
      }
      const [disposed] = transition(state, { type: 'dispose' }, at(ms))
      for (const event of [{ type: 'use' }, { type: 'clear' }] as const) {
        expect(transition(disposed, event, at(ms))).toEqual([disposed, []])
      }
    }),
    { numRuns: 1_000 },
  )
})
