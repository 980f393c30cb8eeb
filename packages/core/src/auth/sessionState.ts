/** What a session is at a moment, as plain data, and what can be read from it; sessionMachine.ts has what changes it. */
import { isOver, type Instant } from '../clock.ts'
import { isExpired, type Credential } from './tokens.ts'
import type { StoredTokens } from './tokenStore.ts'

/** What the session has. */
type Session =
  | { readonly status: 'loading' | 'none' | 'dead' | 'disposed'; readonly credential?: undefined }
  /** `isRejected`: a server refused the access token. `isFinal`: it is the last, as its refresh token was refused. */
  | {
      readonly status: 'live'
      readonly credential: Credential
      readonly isRejected?: boolean
      readonly isFinal?: boolean
    }

/** What is being done about it. After `until`, a cooldown lets one refresh through, and an open circuit one probe. */
type Refresher =
  | { readonly status: 'idle' | 'inflight' }
  | {
      readonly status: 'cooldown' | 'open'
      readonly until: Instant
      readonly oauthError: string | undefined
      readonly error: unknown
    }

export interface State {
  /** Grows when somebody signs in or out. */
  readonly epoch: number
  /** Grows with each new access token. */
  readonly generation: number
  readonly session: Session
  readonly refresher: Refresher
  /** Refreshes that failed in a row. */
  readonly failures?: number
  /** Refreshes in a row whose new token was refused as well, and the generation that was counted last. */
  readonly unproductive?: number
  readonly countedGeneration?: number
  /** Until then a refused token is no reason for a refresh. */
  readonly distrustUntil?: Instant | undefined
}

export const initialState: State = {
  epoch: 0,
  generation: 0,
  session: { status: 'loading' },
  refresher: { status: 'idle' },
}

/** What decides beside the state. */
export interface Circumstances {
  readonly present: Instant
  /** A number from 0 to 1. */
  readonly random: number
  /** Whether there is a function that renews tokens. */
  readonly canRefresh: boolean
  /** Whether that function needs no sign-in before. */
  readonly canAcquire: boolean
}

/** `'fresh'`: send it. `'soft'`: send it and renew it meanwhile. `'hard'`: renew it first. */
export type Phase = Exclude<Session['status'], 'live'> | 'fresh' | 'soft' | 'hard'

export function phaseOf({ session }: State, present: Instant): Phase {
  if (session.status !== 'live') return session.status
  const { deadlines } = session.credential
  if (session.isRejected || isOver(deadlines?.hard, present)) return 'hard'
  return isOver(deadlines?.soft, present) ? 'soft' : 'fresh'
}

/** What an operation is sent with. */
export interface Ticket {
  readonly epoch: number
  readonly generation: number
  /** `undefined` where nobody is signed in. */
  readonly stored: StoredTokens | undefined
}

export function ticketOf({ epoch, generation, session }: State): Ticket {
  return { epoch, generation, stored: session.credential?.stored }
}

/** What becomes of an operation that starts now, once sessionMachine.ts has seen `'use'`. */
export function admit(state: State, { present, canAcquire }: Circumstances): 'send' | 'wait' | 'fail' {
  const { refresher } = state
  const phase = phaseOf(state, present)
  if (phase === 'loading') return 'wait'
  if (phase === 'dead' || phase === 'disposed') return 'fail'
  if (phase === 'fresh' || phase === 'soft' || (phase === 'none' && !canAcquire)) return 'send'
  if (refresher.status === 'inflight') return 'wait'
  // No new token to be had, and the old one still good for a while: better than nothing.
  return isUsable(state, present) ? 'send' : 'fail'
}

/** Whether there is a token that neither time nor a server has ended. */
export function isUsable({ session }: State, present: Instant): boolean {
  return session.status === 'live' && !session.isRejected && !isExpired(session.credential, present)
}

/** What a refresh starts from: its outcome means something for as long as this stays the same. */
export function baseOf(state: State): string {
  const { epoch, stored } = ticketOf(state)
  return `${epoch} ${stored?.version ?? ''}`
}
