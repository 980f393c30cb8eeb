import fc from 'fast-check'
import { closeCodeOf, closeCodes } from './closeCodes.ts'
import { initialState, transition, type Circumstances, type Event, type State } from './connectionState.ts'
import type { Run } from './run.ts'

const usual: Circumstances = {
  random: 1,
  isUsed: true,
  isBusy: false,
  connectAttempts: 5,
  reconnectAttempts: Infinity,
  retryDelayMs: 1_000,
  maxRetryDelayMs: 30_000,
}

/** Where events lead, and the effects of the last one. */
function after(events: readonly Event[], circumstances: Partial<Circumstances> = {}, from: State = initialState) {
  let state = from
  let effects: readonly { readonly type: string }[] = []
  for (const event of events) [state, effects] = transition(state, event, { ...usual, ...circumstances })
  return { state, effects, types: effects.map(({ type }) => type) }
}

const lost = (code: number, hasCulprit = false): Event => ({
  type: 'lost',
  loss: { code, ...closeCodeOf(code) },
  culprit: hasCulprit ? ({} as Run) : undefined,
})
const join: Event = { type: 'join' }
const acknowledged: Event = { type: 'acknowledged' }
const ready = [join, acknowledged] as const

describe('W15 what a close code leads to', () => {
  const expected: Readonly<Record<string, readonly number[]>> = {
    waiting: [1000, 1001, 1005, 1006, 1011, 1012, 1013, 1014, 3000, 4000, 4408, 4499, 4500, 4504, 4999],
    refreshing: [4401, 4403],
    closed: [1002, 1003, 1007, 1008, 1009, 1010, 1015, 4004, 4005, 4400, 4406, 4409, 4429],
  }
  const cases = Object.entries(expected).flatMap(([status, codes]) => codes.map((code) => [code, status] as const))
  test.each(cases)('W15 %d: %s', (code, status) => {
    expect(after([...ready, lost(code)]).state.status).toBe(status)
  })

  test('W15 the table has every code of the specification, with a meaning', () => {
    const codes = Object.values(expected)
      .flat()
      .filter((code) => ![3000, 4000, 4999].includes(code))
    expect(new Set(Object.keys(closeCodes).map(Number))).toEqual(new Set(codes))
    for (const { meaning } of Object.values(closeCodes)) expect(meaning).toMatch(/\w/)
    expect(Object.isFrozen(closeCodes)).toBe(true)
  })

  test('W15 the application wins over the table, and an inherited name is no code', () => {
    expect(closeCodeOf(4403, { 4403: { meaning: 'banned', action: 'fail' } }).meaning).toBe('banned')
    expect(closeCodeOf('constructor' as never).meaning).toBe('a code of the application')
  })

  test('W15 1000 with nothing running closes without another socket', () => {
    const { state, types } = after([...ready])
    expect(types).toEqual(['subscribe'])
    expect(after([lost(1000)], { isUsed: false }, state)).toMatchObject({ types: ['close', 'retire'] })
  })

  test('W15 1011 is retried five times in a row, also on a connection that was useful', () => {
    let { state } = after([...ready, { type: 'useful' }])
    for (let time = 0; time < 5; time++) {
      ;({ state } = after([lost(1011)], {}, state))
      expect(state.status).toBe('waiting')
      ;({ state } = after([{ type: 'elapsed' }, { type: 'prepared' }, acknowledged], {}, state))
    }
    expect(after([lost(1011)], {}, state).state.status).toBe('closed')
    const healthy = after([{ type: 'healthy' }, lost(1011)], {}, state)
    expect(healthy.state.status).toBe('waiting')
  })

  test('W15 4500 with an operation to blame: that one fails, the others are retried, however often', () => {
    let { state } = after(ready)
    for (let time = 0; time < 3; time++) {
      const step = after([lost(4500, true)], { connectAttempts: Infinity }, state)
      expect(step.types).toEqual(['blame', 'unsubscribe', 'wait'])
      ;({ state } = after([{ type: 'elapsed' }, { type: 'prepared' }, acknowledged], {}, step.state))
    }
  })

  test('W15 4500 with nobody to blame: retried once, then fatal', () => {
    const once = after([...ready, lost(4500)])
    expect(once.types).toEqual(['unsubscribe', 'wait'])
    const again = after([{ type: 'elapsed' }, { type: 'prepared' }, acknowledged, lost(4500)], {}, once.state)
    expect(again.types).toEqual(['fail', 'close', 'retire'])
  })
})

describe('W16 pauses and attempts', () => {
  const cycle = [lost(1006), { type: 'elapsed' }, { type: 'prepared' }, acknowledged] as const

  test('W16 TR-54 threats 22 an acknowledgement resets nothing: five attempts, pauses of up to 1, 2, 4 and 8 s', () => {
    const delays: unknown[] = []
    let { state } = after(ready)
    for (;;) {
      const step = after([lost(1000)], {}, state)
      if (step.state.status === 'closed') break
      delays.push(step.effects.at(-1))
      ;({ state } = after(cycle.slice(1), {}, step.state))
    }
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000].map((delayMs) => ({ type: 'wait', delayMs })))
  })

  test('W16 a result lifts the limit on attempts, and leaves the pauses as long as they are', () => {
    let { state } = after([...ready, { type: 'useful' }])
    for (let time = 0; time < 40; time++) ({ state } = after(cycle, {}, state))
    expect(after([lost(1006)], {}, state).effects.at(-1)).toEqual({ type: 'wait', delayMs: 30_000 })
    expect(after([lost(1006)], { reconnectAttempts: 41 }, state).state.status).toBe('closed')
  })

  test('W16 a socket that stayed resets both', () => {
    let { state } = after(ready)
    for (let time = 0; time < 4; time++) ({ state } = after(cycle, {}, state))
    const step = after([{ type: 'healthy' }, lost(1006)], {}, state)
    expect(step.effects.at(-1)).toEqual({ type: 'wait', delayMs: 1_000 })
  })

  test('W16 the jitter is full', () => {
    expect(after([...ready, lost(1006)], { random: 0.25 }).effects.at(-1)).toEqual({ type: 'wait', delayMs: 250 })
    expect(after([...ready, lost(1006)], { random: 0 }).effects.at(-1)).toEqual({ type: 'wait', delayMs: 0 })
  })

  test('W20 nobody left during the pause: no reconnect', () => {
    const waiting = after([...ready, lost(1006)])
    const emptied = after([{ type: 'emptied' }], { isUsed: false }, waiting.state)
    expect(emptied.types).toEqual(['close', 'retire'])
    expect(after([{ type: 'elapsed' }], {}, emptied.state).types).toEqual([])
  })

  test('W7 awake: a pause ends at once, a socket is asked whether it lives', () => {
    expect(after([...ready, lost(1006), { type: 'wake' }]).types).toEqual(['prepare'])
    expect(after([...ready, { type: 'wake' }]).types).toEqual(['probe'])
    expect(after([join, { type: 'wake' }]).types).toEqual([])
  })

  test('credentials that cannot be had yet: a pause longer than they say, and not the same for all', () => {
    const preparing = after([...ready, lost(1006), { type: 'elapsed' }])
    const step = after([{ type: 'unprepared', retryAfterMs: 60_000 }], {}, preparing.state)
    expect(step.effects).toEqual([{ type: 'wait', delayMs: 60_001 + 2_000 }])
  })
})

describe('TR-53 threats 22 refused credentials', () => {
  const refused = [...ready, lost(4403)] as const

  test('TR-53 are renewed once, and a second refusal is final', () => {
    expect(after(refused).effects.at(-1)).toEqual({ type: 'refresh', again: false })
    const renewed = after([...refused, { type: 'refreshed', outcome: 'renewable' }])
    expect(renewed.types).toEqual(['prepare'])
    const second = after([{ type: 'prepared' }, acknowledged, { type: 'useful' }, lost(4401)], {}, renewed.state)
    expect(second.effects.at(-1)).toEqual({ type: 'refresh', again: true })
    expect(after([{ type: 'refreshed', outcome: 'renewable' }], {}, second.state).types).toContain('fail')
  })

  test('TR-53 of an older generation: another socket, after a pause, and the one renewal is left', () => {
    const step = after([...refused, { type: 'refreshed', outcome: 'replaced' }])
    expect(step.types).toEqual(['wait'])
    expect(step.state.wasRefused).toBe(false)
  })

  test('TR-53 that nobody can renew are final', () => {
    expect(after([...refused, { type: 'refreshed', outcome: undefined }]).types).toEqual(['fail', 'close', 'retire'])
  })

  test('TR-53 after a healthy connection they are renewed again', () => {
    const renewed = after([...refused, { type: 'refreshed', outcome: 'renewable' }, { type: 'prepared' }, acknowledged])
    const { state } = after([{ type: 'healthy' }, lost(4403)], {}, renewed.state)
    expect(after([{ type: 'refreshed', outcome: 'renewable' }], {}, state).types).toEqual(['prepare'])
  })
})

describe('TR-52 better credentials', () => {
  test('TR-52 replace the socket, without a failure', () => {
    const step = after([...ready, { type: 'stale' }])
    expect(step.types).toEqual(['close', 'unsubscribe', 'prepare'])
    expect(step.state.failures).toBe(0)
  })

  test('TR-52 wait for queries and mutations, which would be lost; what starts meanwhile waits, too', () => {
    const stale = after([...ready, { type: 'stale' }], { isBusy: true })
    expect(stale.types).toEqual(['hold'])
    expect(after([join], { isBusy: true }, stale.state).types).toEqual([])
    expect(after([{ type: 'stale' }], { isBusy: true }, stale.state).types).toEqual([])
    expect(after([{ type: 'left' }], {}, stale.state).types).toEqual(['close', 'unsubscribe', 'prepare'])
    expect(after([{ type: 'emptied' }], { isUsed: false }, stale.state).types).toEqual(['close', 'retire'])
  })

  test('TR-52 wait for so long, and then hold up nobody, until there is quiet', () => {
    const overdue = after([...ready, { type: 'stale' }, { type: 'elapsed' }], { isBusy: true })
    expect(overdue.types).toEqual(['subscribe'])
    expect(after([join], { isBusy: true }, overdue.state).types).toEqual(['subscribe'])
    expect(after([{ type: 'stale' }], { isBusy: true }, overdue.state).types).toEqual([])
    expect(after([{ type: 'left' }], {}, overdue.state).types).toEqual(['close', 'unsubscribe', 'prepare'])
    expect(after([{ type: 'emptied' }], { isUsed: false }, overdue.state).types).toEqual(['close', 'retire'])
  })

  test('TR-52 while it connects: once it is there', () => {
    expect(after([join, { type: 'prepared' }, { type: 'stale' }, acknowledged]).types).toEqual([
      'close',
      'unsubscribe',
      'prepare',
    ])
  })

  test('TR-52 with nothing running, the socket just goes', () => {
    expect(after([...ready, { type: 'stale' }], { isUsed: false }).types).toEqual(['close', 'retire'])
  })
})

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.constantFrom<Event>(
    join,
    acknowledged,
    { type: 'useful' },
    { type: 'healthy' },
    { type: 'elapsed' },
    { type: 'wake' },
    { type: 'prepared' },
    { type: 'stale' },
    { type: 'left' },
    { type: 'emptied' },
    { type: 'ended' },
    { type: 'refreshed', outcome: 'renewable' },
    { type: 'refreshed', outcome: 'replaced' },
    { type: 'refreshed', outcome: undefined },
    { type: 'unprepared', retryAfterMs: 5_000 },
  ),
  fc.tuple(fc.constantFrom(...Object.keys(closeCodes).map(Number), 4999), fc.boolean()).map((of) => lost(...of)),
)

/** What can happen in a status: the shell has sockets, pauses and answers only where the machine asked for them. */
const possible: Readonly<Record<State['status'], readonly Event['type'][]>> = {
  new: ['join', 'emptied', 'ended'],
  connecting: ['join', 'acknowledged', 'lost', 'wake', 'stale', 'emptied', 'ended', 'left'],
  ready: ['join', 'useful', 'healthy', 'elapsed', 'lost', 'wake', 'stale', 'left', 'emptied', 'ended'],
  refreshing: ['join', 'refreshed', 'wake', 'emptied', 'ended', 'left'],
  waiting: ['join', 'elapsed', 'wake', 'emptied', 'ended', 'left'],
  preparing: ['join', 'prepared', 'unprepared', 'wake', 'emptied', 'ended', 'left'],
  closed: ['join', 'elapsed', 'wake', 'refreshed', 'prepared', 'ended', 'emptied'],
}

test('any sequence: one socket at a time, one pause or preparation at a time, bounded pauses, a final end', () => {
  const step = fc.record({
    event,
    isUsed: fc.boolean(),
    isBusy: fc.boolean(),
    random: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      let state = initialState
      let sockets = 0
      let opened = 0
      for (const { event, ...circumstances } of steps) {
        if (!possible[state.status].includes(event.type)) continue
        if (event.type === 'lost') sockets--
        const before = state
        const [next, effects] = transition(state, event, { ...usual, ...circumstances })
        for (const effect of effects) {
          if (effect.type === 'open') [sockets, opened] = [sockets + 1, opened + 1]
          if (effect.type === 'close') sockets = 0
          if (effect.type === 'wait') {
            expect(effect.delayMs).toBeGreaterThanOrEqual(0)
            expect(effect.delayMs).toBeLessThanOrEqual(30_000 + 5_001)
          }
          expect(before.status).not.toBe('closed')
        }
        expect(sockets).toBe(next.status === 'connecting' || next.status === 'ready' ? 1 : 0)
        // Nothing that was useful once, and nothing healthy: as many sockets as are allowed.
        if (!next.wasUseful && !steps.some((one) => one.event.type === 'stale' || one.event.type === 'refreshed'))
          expect(opened).toBeLessThanOrEqual(5)
        state = next
      }
    }),
    { numRuns: 2_000 },
  )
})
