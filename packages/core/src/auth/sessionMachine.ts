/**
 * The state machine of a session, pure: (state, event) -> (state, effects). Two regions that change independently: the
 * tokens (`session`) and what is being done about them (`refresher`). docs/links/tokenRefreshLink.md draws it.
 */
import type { RefreshFailure } from './refreshFailure.ts'
import { isOver, later, type Instant } from '../clock.ts'
import { baseOf, initialState, phaseOf, type Circumstances, type State } from './sessionState.ts'
import { isExpired, type Credential } from './tokens.ts'

/** Why a refresh is made. */
export type RefreshReason = 'missing' | 'expiring' | 'expired' | 'rejected'

export type Event =
  /** An operation starts, or time has passed. */
  | { readonly type: 'use' }
  /** A server refused the token of an operation, which is, or is not, a replay. */
  | { readonly type: 'refuse'; readonly epoch: number; readonly generation: number; readonly isReplay: boolean }
  /** A replay got its result: the refresh was worth it. */
  | { readonly type: 'accept' }
  /** A refresh gave new tokens, and they are stored. `base` is what it started from: it must still be there. */
  | { readonly type: 'refreshed'; readonly base: string; readonly credential: Credential | undefined }
  | { readonly type: 'failed'; readonly base: string; readonly failure: RefreshFailure; readonly error: unknown }
  /** The store has other tokens, or none: another tab or process wrote them. */
  | { readonly type: 'stored'; readonly base: string; readonly credential: Credential | undefined }

export type Effect =
  | { readonly type: 'refresh'; readonly reason: RefreshReason }
  /** What waits looks again. */
  | { readonly type: 'wake' }
  | { readonly type: 'emit'; readonly event: SessionEventType; readonly error?: unknown }

export type SessionEventType = 'set' | 'cleared' | 'refreshed' | 'refreshFailed' | 'sessionEnded'

export type Transition = readonly [State, readonly Effect[]]

const wake: Effect = { type: 'wake' }
const rested = { refresher: { status: 'idle' }, failures: 0 } as const

export function emit(event: SessionEventType, error?: unknown): Effect {
  return { type: 'emit', event, error }
}

function holding(credential: Credential | undefined, generation: number): Pick<State, 'session' | 'generation'> {
  if (!credential) return { session: { status: 'none' }, generation }
  return { session: { status: 'live', credential }, generation: generation + 1 }
}

/** The session begins with what the store had. */
export function begin(state: State, credential: Credential | undefined): Transition {
  return [{ ...state, ...holding(credential, state.generation) }, [wake]]
}

export function dispose(state: State): Transition {
  return [{ ...state, session: { status: 'disposed' } }, [wake]]
}

/** Another session, or none. Only where it is certain that it is the same person, what runs goes on. */
export function switchTo(state: State, credential: Credential | undefined): Transition {
  const before = state.session.credential?.stored.session
  const isSame = before !== undefined && before === credential?.stored.session
  const next: State = {
    ...initialState,
    ...holding(credential, state.generation),
    epoch: isSame ? state.epoch : state.epoch + 1,
  }
  return [next, [wake, emit(credential ? 'set' : 'cleared')]]
}

// What AWS, MSAL and Supabase do, about: from one second to one minute.
const shortestCooldownMs = 1_000
const longestCooldownMs = 60_000
const unproductiveLimit = 2

/** All but the beginning, the end, and who is signed in. It is loaded when tokens are to be renewed, see refresher.ts. */
export function transition(state: State, event: Event, circumstances: Circumstances): Transition {
  const { session, generation } = state
  if (session.status === 'disposed') return [state, []]
  if ('base' in event && event.base !== baseOf(state)) return [state, []]
  switch (event.type) {
    case 'use':
      return refreshIfDue(state, circumstances)
    case 'refuse':
      return refuse(state, event, circumstances)
    case 'accept':
      return [state.unproductive ? { ...state, unproductive: 0, distrustUntil: undefined } : state, []]
    case 'refreshed':
      return [{ ...state, ...holding(event.credential, generation), ...rested }, [wake, emit('refreshed')]]
    case 'stored':
      return adopt(state, event.credential)
    case 'failed':
      return state.refresher.status === 'inflight' ? fail(state, event, circumstances) : [state, []]
  }
}

/** Tokens that another tab or process stored. */
function adopt(state: State, credential: Credential | undefined): Transition {
  const { session, generation } = state
  if (session.status === 'live' && session.credential.stored.session !== credential?.stored.session) {
    return switchTo(state, credential)
  }
  if (!credential) return [{ ...state, ...rested }, [wake]]
  // Read later than what the session was to begin with, and so newer.
  if (session.status === 'loading') return begin(state, credential)
  // Whoever waits for a first token has the one that was first.
  if (session.status !== 'live' && state.refresher.status !== 'inflight') return switchTo(state, credential)
  return [{ ...state, ...holding(credential, generation), ...rested }, [wake, emit('refreshed')]]
}

function refreshIfDue(state: State, circumstances: Circumstances): Transition {
  const { session } = state
  const { present, canRefresh, canAcquire } = circumstances
  const phase = phaseOf(state, present)
  if (session.status === 'live') {
    if (phase === 'fresh') return [state, []]
    if (session.isFinal || !canRefresh) return phase === 'hard' ? end(state) : [state, []]
    const reason = session.isRejected ? 'rejected' : isExpired(session.credential, present) ? 'expired' : 'expiring'
    return start(state, reason, present)
  }
  return phase === 'none' && canAcquire ? start(state, 'missing', present) : [state, []]
}

function start(state: State, reason: RefreshReason, present: Instant): Transition {
  const { refresher } = state
  if (refresher.status === 'inflight' || ('until' in refresher && !isOver(refresher.until, present))) return [state, []]
  return [{ ...state, refresher: { status: 'inflight' } }, [{ type: 'refresh', reason }]]
}

function refuse(
  state: State,
  { epoch, generation, isReplay }: Extract<Event, { type: 'refuse' }>,
  circumstances: Circumstances,
): Transition {
  const { session, unproductive = 0, countedGeneration, distrustUntil } = state
  // Of a token that was replaced since, there is nothing to say.
  if (session.status !== 'live' || epoch !== state.epoch || generation !== state.generation) return [state, []]
  const { present, random } = circumstances
  if (isReplay) {
    if (countedGeneration === generation) return [state, []]
    const counted = { ...state, unproductive: unproductive + 1, countedGeneration: generation }
    if (counted.unproductive < unproductiveLimit) return [counted, []]
    return [{ ...counted, distrustUntil: later(present, cooldownMs(counted.unproductive + 4, random)) }, []]
  }
  if (distrustUntil && !isOver(distrustUntil, present)) return [state, []]
  return refreshIfDue({ ...state, session: { ...session, isRejected: true } }, circumstances)
}

function fail(
  state: State,
  { failure, error }: Extract<Event, { type: 'failed' }>,
  { present, random }: Circumstances,
): Transition {
  const { session } = state
  const failed = emit('refreshFailed', error)
  if (failure.kind === 'rejected') {
    if (session.status === 'live' && phaseOf(state, present) !== 'hard') {
      return [{ ...state, ...rested, session: { ...session, isFinal: true } }, [wake, failed]]
    }
    const [dead, effects] = end(state)
    return [dead, [failed, ...effects]]
  }
  const failures = (state.failures ?? 0) + 1
  const delayMs = failure.retryAfterMs ?? cooldownMs(failures, random)
  const status = failure.kind === 'misconfigured' ? 'open' : 'cooldown'
  const until = later(present, Math.max(delayMs, shortestCooldownMs))
  const refresher: State['refresher'] = { status, until, oauthError: failure.oauthError, error }
  return [{ ...state, failures, refresher }, [wake, failed]]
}

function end(state: State): Transition {
  return [{ ...state, ...rested, session: { status: 'dead' } }, [wake, emit('sessionEnded')]]
}

/** In how many milliseconds `'use'` would do something by itself; `undefined` where it never would. */
export function nextDueMs(state: State, { present, canRefresh }: Circumstances): number | undefined {
  const { session, refresher } = state
  if (session.status !== 'live' || refresher.status === 'inflight') return undefined
  const { deadlines } = session.credential
  const due = session.isRejected ? present : session.isFinal || !canRefresh ? deadlines?.hard : deadlines?.soft
  if (!due) return undefined
  const moments = 'until' in refresher ? [due, refresher.until] : [due]
  // Over is what lies strictly before.
  return Math.max(...moments.map(({ now, date }) => Math.min(now - present.now, date - present.date))) + 1
}

/** Full jitter over exponential steps, above the shortest. */
function cooldownMs(count: number, random: number): number {
  const longest = Math.min(longestCooldownMs, shortestCooldownMs * 2 ** count)
  return shortestCooldownMs + random * (longest - shortestCooldownMs)
}
