import {
  admit,
  baseOf,
  initialState,
  isUsable,
  phaseOf,
  ticketOf,
  type Circumstances,
  type State,
} from './sessionState.ts'

const at = (ms: number): Circumstances => ({
  present: { now: ms, date: ms },
  random: 0,
  canRefresh: true,
  canAcquire: false,
})
const moment = (ms: number) => ({ now: ms, date: ms })

const none: State = { ...initialState, session: { status: 'none' } }
const dead: State = { ...initialState, session: { status: 'dead' } }
const disposed: State = { ...initialState, session: { status: 'disposed' } }
const credential = {
  stored: { accessToken: 'a', session: 's', version: 'v1' },
  deadlines: { soft: moment(800), hard: moment(950), expiry: moment(1_000) },
}
const live: State = { ...initialState, epoch: 3, generation: 5, session: { status: 'live', credential } }
const rejected: State = { ...live, session: { status: 'live', credential, isRejected: true } }

test('the credential: fresh, soft, hard, by either clock', () => {
  expect([0, 800, 801, 950, 951].map((ms) => phaseOf(live, { now: ms, date: ms }))).toEqual(['fresh', 'fresh', 'soft', 'soft', 'hard']) // prettier-ignore
  expect(phaseOf(live, { now: 0, date: 951 })).toBe('hard')
  expect(phaseOf(live, { now: 951, date: -100_000 })).toBe('hard')
  expect(phaseOf(rejected, at(0).present)).toBe('hard')
})

test('what becomes of an operation, in each phase', () => {
  const acquiring = { ...at(0), canAcquire: true }
  for (const [state, circumstances, outcome] of [
    [initialState, at(0), 'wait'],
    [none, at(0), 'send'],
    [none, acquiring, 'fail'],
    [live, at(0), 'send'],
    [live, at(801), 'send'],
    [live, at(951), 'send'],
    [live, at(1_001), 'fail'],
    [rejected, at(0), 'fail'],
    [dead, at(0), 'fail'],
    [disposed, at(0), 'fail'],
  ] as const) {
    expect(admit(state, circumstances)).toBe(outcome)
  }
  const flying = { refresher: { status: 'inflight' } } as const
  expect(admit({ ...none, ...flying }, acquiring)).toBe('wait')
  expect(admit({ ...none, ...flying }, at(0))).toBe('send')
  expect(admit({ ...live, ...flying }, at(0))).toBe('send')
  expect(admit({ ...live, ...flying }, at(951))).toBe('wait')
  // What no longer lives has no refresh of its own to wait for.
  expect([dead, disposed].map((state) => admit({ ...state, ...flying }, at(0)))).toEqual(['fail', 'fail'])
})

test('a token is usable until it expires or is refused', () => {
  expect([0, 951, 1_000, 1_001].map((ms) => isUsable(live, moment(ms)))).toEqual([true, true, true, false])
  expect([rejected, initialState, none, dead, disposed].map((state) => isUsable(state, moment(0)))).not.toContain(true)
})

test('a refresh starts from an epoch and a version of the tokens, and operations carry an epoch and a generation', () => {
  expect([baseOf(live), baseOf({ ...live, epoch: 4 }), baseOf(none)]).toEqual(['3 v1', '4 v1', '0 '])
  expect(ticketOf(live)).toEqual({ epoch: 3, generation: 5, stored: credential.stored })
  expect(ticketOf(none)).toEqual({ epoch: 0, generation: 0, stored: undefined })
})
