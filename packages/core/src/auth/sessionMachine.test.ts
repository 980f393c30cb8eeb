import fc from 'fast-check'
import { readFailure } from './refreshFailure.ts'
import {
  begin,
  dispose,
  nextDueMs,
  switchTo,
  transition,
  type Effect,
  type Event,
  type Transition,
} from './sessionMachine.ts'
import { admit, baseOf, initialState, phaseOf, type Circumstances, type State } from './sessionState.ts'
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

/** A state, and the effects that led to it by their names. */
function named([state, effects]: Transition): [State, string[]] {
  return [
    state,
    effects.map((effect) => ('event' in effect ? effect.event : 'reason' in effect ? effect.reason : effect.type)),
  ]
}

/** The state after events, and the effects of the last one by their names. */
function play(events: readonly Event[], circumstances: Circumstances, from: State): [State, string[]] {
  let state = from
  let effects: readonly Effect[] = []
  for (const event of events) [state, effects] = transition(state, event, circumstances)
  return named([state, effects])
}

/** A failure that says nothing about the session. */
const passing = readFailure(new Error('down'), 0)

const [live] = begin(initialState, credential('v1'))
const [none] = begin(initialState, undefined)

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
  const changes = [switchTo(flying, undefined), switchTo(flying, credential('v9', 0, 'other')), dispose(flying)]
  for (const [changed] of changes) {
    for (const event of late) expect(play([event], at(1_001), changed)).toEqual([changed, []])
  }
})

test('a first token that comes after the end does not begin the session anew', () => {
  const [flying] = play([{ type: 'use' }], { ...at(0), canAcquire: true }, none)
  const [disposed] = dispose(flying)
  const late: Event = { type: 'refreshed', base: baseOf(flying), credential: credential('v1') }
  expect(baseOf(disposed)).toBe(baseOf(flying))
  expect(play([late], at(0), disposed)).toEqual([disposed, []])
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

test('what needs no doing is left: what fails or is refused where nothing is, is used before all is read', () => {
  const acquiring = { ...at(0), canAcquire: true }
  const failed: Event = { type: 'failed', base: baseOf(live), failure: passing, error: 'e' }
  expect(play([failed], at(0), live)).toEqual([live, []])
  const refused: Event = { type: 'refuse', epoch: 0, generation: 0, isReplay: false }
  expect(play([refused], at(0), none)).toEqual([none, []])
  expect(play([{ type: 'use' }], acquiring, initialState)).toEqual([initialState, []])
})

test('somebody signs in or out: as somebody else, in another epoch; as the same, in the same one', () => {
  const [same, sameEffects] = named(switchTo(live, credential('v2')))
  expect([same.epoch, same.generation, sameEffects]).toEqual([0, 2, ['wake', 'set']])
  const [other, otherEffects] = named(switchTo(live, credential('v2', 0, 't')))
  expect([other.epoch, other.generation, otherEffects]).toEqual([1, 2, ['wake', 'set']])
  const [out, outEffects] = named(switchTo(live, undefined))
  expect([out.epoch, out.session, outEffects]).toEqual([1, { status: 'none' }, ['wake', 'cleared']])
})

test('another tab signs in, renews, signs out, or does what is known', () => {
  const stored = (from: State, given: Credential | undefined): [State, string[]] =>
    play([{ type: 'stored', base: baseOf(from), credential: given }], at(0), from)
  const [renewed, effects] = stored(live, credential('v2'))
  expect([renewed.epoch, renewed.generation, effects]).toEqual([0, 2, ['wake', 'refreshed']])
  const [other, otherEffects] = stored(live, credential('v2', 0, 't'))
  expect([other.epoch, otherEffects]).toEqual([1, ['wake', 'set']])
  const [out, outEffects] = stored(live, undefined)
  expect([out.session.status, outEffects]).toEqual(['none', ['wake', 'cleared']])
  const [again, againEffects] = stored(out, credential('v3'))
  expect([again.session.status, againEffects]).toEqual(['live', ['wake', 'set']])
  expect(stored(out, undefined)).toEqual([{ ...out, failures: 0 }, ['wake']])
  // Heard of before the first look into the store was over: the session begins, and nobody is another.
  const [begun, begunEffects] = stored(initialState, credential('v1'))
  expect([begun, begunEffects]).toEqual([live, ['wake']])
})

test('somebody else got the first token, while it was being fetched here as well: who waits goes on with it', () => {
  const acquiring = { ...at(0), canAcquire: true }
  const [flying] = play([{ type: 'use' }], acquiring, none)
  const stored: Event = { type: 'stored', base: baseOf(flying), credential: credential('v1') }
  const [adopted, effects] = play([stored], acquiring, flying)
  expect([adopted.epoch, adopted.session.status, adopted.refresher.status]).toEqual([none.epoch, 'live', 'idle'])
  expect(effects).toEqual(['wake', 'refreshed'])
})

test('refused while it is being renewed in the background: from then on operations wait for it', () => {
  const [flying] = play([{ type: 'use' }], at(801), live)
  expect(admit(flying, at(801))).toBe('send')
  const [refused, effects] = play([{ type: 'refuse', epoch: 0, generation: 1, isReplay: false }], at(801), flying)
  expect([admit(refused, at(801)), effects]).toEqual(['wait', []])
})

test('replays that are refused: each generation counts once, and after two it is the server that is not believed', () => {
  const replayed = (generation: number): Event => ({ type: 'refuse', epoch: 0, generation, isReplay: true })
  const circumstances = { ...at(0), random: 1 }
  const [once] = play([replayed(1), replayed(1)], circumstances, live)
  expect(once).toMatchObject({ unproductive: 1, countedGeneration: 1 })
  expect(once.distrustUntil).toBeUndefined()
  const [renewed] = play([{ type: 'stored', base: baseOf(once), credential: credential('v2') }], circumstances, once)
  const [distrusting] = play([replayed(2)], circumstances, renewed)
  expect(distrusting).toMatchObject({ unproductive: 2, distrustUntil: { now: 60_000, date: 60_000 } })
  const refuse: Event = { type: 'refuse', epoch: 0, generation: 2, isReplay: false }
  expect(play([refuse], at(0), distrusting)).toEqual([distrusting, []])
  // A replay that worked: it is believed again, at once.
  const [trusting] = play([{ type: 'accept' }], at(0), distrusting)
  expect(trusting).toMatchObject({ unproductive: 0 })
  expect(play([refuse], at(0), trusting)[1]).toEqual(['rejected'])
})

test('a first sign-in that is refused ends what never began', () => {
  const acquiring = { ...at(0), canAcquire: true }
  const [flying] = play([{ type: 'use' }], acquiring, none)
  const failure = { ...passing, kind: 'rejected' } as const
  const [dead, effects] = play([{ type: 'failed', base: baseOf(flying), failure, error: 'e' }], acquiring, flying)
  expect([dead.session.status, effects]).toEqual(['dead', ['refreshFailed', 'wake', 'sessionEnded']])
})

test('without deadlines nothing is due, by two clocks what the sooner one says', () => {
  const { stored } = credential('v1')
  const [endless] = begin(initialState, { stored })
  expect(nextDueMs(endless, at(0))).toBeUndefined()
  expect(nextDueMs(endless, { ...at(0), canRefresh: false })).toBeUndefined()
  expect(nextDueMs(live, { ...at(0), present: { now: 500, date: 100 } })).toBe(301)
  expect(nextDueMs(live, { ...at(0), present: { now: 100, date: 500 } })).toBe(301)
})

test('any sequence of events: epochs and generations never fall, one refresh at a time, nothing after the end', () => {
  const anyCredential = fc.option(
    fc.record({ version: fc.constantFrom('v1', 'v2', 'v3'), from: fc.nat(5_000), session: fc.constantFrom('s', 't') }),
    { nil: undefined },
  )
  const kinds = fc.constantFrom('rejected' as const, 'misconfigured' as const, 'transient' as const)
  const step = fc.record({
    type: fc.constantFrom('set', 'clear', 'use', 'use', 'use', 'refuse', 'accept', 'refreshed', 'failed', 'stored'),
    credential: anyCredential,
    kind: kinds,
    isReplay: fc.boolean(),
    isCurrent: fc.boolean(),
    afterMs: fc.nat(2_000),
  })
  fc.assert(
    fc.property(anyCredential, fc.array(step, { maxLength: 60 }), fc.boolean(), (first, steps, canAcquire) => {
      let [state] = begin(initialState, first && credential(first.version, first.from, first.session))
      let ms = 0
      let isFlying = false
      const ended = new Set<number>()
      for (const { type, credential: given, kind, isReplay, isCurrent, afterMs } of steps) {
        ms += afterMs
        const circumstances = { ...at(ms), canAcquire }
        const made = given && credential(given.version, given.from, given.session)
        const event = {
          type,
          credential: type === 'refreshed' ? (made ?? credential('v4', ms)) : made,
          base: isCurrent ? baseOf(state) : 'another',
          failure: { ...passing, kind },
          error: 'e',
          epoch: state.epoch,
          generation: isCurrent ? state.generation : state.generation - 1,
          isReplay,
        } as unknown as Event
        const [next, effects] =
          type === 'set' || type === 'clear'
            ? switchTo(state, type === 'set' ? (made ?? credential('v4', ms)) : undefined)
            : transition(state, event, circumstances)
        expect(next.epoch).toBeGreaterThanOrEqual(state.epoch)
        expect(next.generation).toBeGreaterThanOrEqual(state.generation)
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
      const [disposed] = dispose(state)
      expect(transition(disposed, { type: 'use' }, at(ms))).toEqual([disposed, []])
    }),
    { numRuns: 1_000 },
  )
})
