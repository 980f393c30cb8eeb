/**
 * The state machine of a connection, pure: (state, event) -> (state, effects). A connection is what the operations of one
 * identity share, over as many sockets as it takes. docs/links/wsLink.md draws it.
 */
import type { CloseAction } from './closeCodes.ts'
import type { Run } from './run.ts'

/**
 * `'new'`: no socket was wanted yet. `'connecting'`: a socket is being opened, until the server acknowledges it.
 * `'ready'`: operations run. `'refreshing'`: the credentials were refused, and better ones are asked for. `'waiting'`:
 * the pause before the next attempt. `'preparing'`: the credentials and the payload of the next attempt are being made, of
 * the first one what an operation has not brought with it.
 * `'closed'`: over.
 */
type Status = 'new' | 'connecting' | 'ready' | 'refreshing' | 'waiting' | 'preparing' | 'closed'

export interface State {
  readonly status: Status
  /** Sockets that were opened, the present one included, since one was healthy. */
  readonly attempts: number
  /** Attempts in a row that did not come to a healthy connection. */
  readonly failures: number
  /** How often in a row a close code that has a limit was retried, by code. */
  readonly limited: Readonly<Record<number, number>>
  /** Whether it ever delivered a result, or lived for long enough. */
  readonly wasUseful: boolean
  /** Whether the credentials were renewed because they had been refused, and no healthy connection came of it yet. */
  readonly wasRefused: boolean
  /**
   * That there are better credentials than those of the socket: it is to be replaced when nothing would be lost. What
   * starts waits for that; when it is `'overdue'`, not any more.
   */
  readonly stale?: 'soon' | 'overdue' | undefined
}

/** Why a socket is of no use any more. */
export interface Loss {
  readonly action: CloseAction
  /** How often in a row it is retried; counted by code. */
  readonly limit?: number | undefined
  readonly code: number
  /** Whether another handshake may be good, such as one with the server's nonce: it is made at once, once in a row. */
  readonly atOnce?: boolean | undefined
}

export type Event =
  /** An operation needs the connection. */
  | { readonly type: 'join' }
  | { readonly type: 'acknowledged' }
  /** The first result of an operation. */
  | { readonly type: 'useful' }
  /** It has lived for `healthyMs`. */
  | { readonly type: 'healthy' }
  /** `culprit`: the operation that may be the reason, as it was sent last, but now, and never had an answer. */
  | { readonly type: 'lost'; readonly loss: Loss; readonly culprit: Run | undefined }
  /** The answer to `'refresh'`: what was refused had been replaced already, can be renewed, or neither. */
  | { readonly type: 'refreshed'; readonly outcome: 'replaced' | 'renewable' | undefined }
  /** The pause is over, or what runs has been waited for long enough. */
  | { readonly type: 'elapsed' }
  /** The page, or the machine, is awake or online again. */
  | { readonly type: 'wake' }
  /** Credentials and payload of the next attempt are there; or not yet. */
  | { readonly type: 'prepared' }
  | { readonly type: 'unprepared'; readonly retryAfterMs: number }
  /** There are better credentials. */
  | { readonly type: 'stale' }
  /** An operation ended, and others run. */
  | { readonly type: 'left' }
  /** The last operation ended. */
  | { readonly type: 'emptied' }
  /** Nobody needed it for `idleCloseMs`; it must not be used any more; the link was disposed. */
  | { readonly type: 'ended' }

export type Effect =
  /** Opens a socket. */
  | { readonly type: 'open' }
  /** Starts the operations that are not on the socket. */
  | { readonly type: 'subscribe' }
  /** Takes operations off the socket, and fails those that must not be started again. */
  | { readonly type: 'unsubscribe' }
  /** Fails the operation that may be the reason of the loss. */
  | { readonly type: 'blame'; readonly culprit: Run }
  /** Asks for better credentials. `again`: those that were refused had been renewed because of a refusal. */
  | { readonly type: 'refresh'; readonly again: boolean }
  | { readonly type: 'wait'; readonly delayMs: number }
  /** Waits for what runs, so that the socket can be replaced. */
  | { readonly type: 'hold' }
  /** Makes credentials and payload of the next attempt. */
  | { readonly type: 'prepare' }
  /** Asks the server whether it lives. */
  | { readonly type: 'probe' }
  /** Closes the socket. */
  | { readonly type: 'close' }
  /** Waits for `idleCloseMs`. */
  | { readonly type: 'idle' }
  /** Fails all operations. */
  | { readonly type: 'fail' }
  /** The connection takes no more operations. */
  | { readonly type: 'retire' }

/** How often to try again, and after how long. */
export interface RetryOptions {
  readonly connectAttempts: number
  readonly reconnectAttempts: number
  readonly retryDelayMs: number
  readonly maxRetryDelayMs: number
}

/** What the machine needs to know beside the event. */
export interface Circumstances extends RetryOptions {
  /** A number from 0 to 1. */
  readonly random: number
  /** Whether there are operations. */
  readonly isUsed: boolean
  /** Whether a query or mutation is on the socket, which would be lost with it. */
  readonly isBusy: boolean
}

export type Transition = readonly [State, readonly Effect[]]

export const initialState: State = {
  status: 'new',
  attempts: 0,
  failures: 0,
  limited: {},
  wasUseful: false,
  wasRefused: false,
}

export function transition(state: State, event: Event, circumstances: Circumstances): Transition {
  const { status } = state
  if (status === 'closed') return [state, []]
  switch (event.type) {
    case 'join':
      if (status === 'new') return prepare(state)
      // What starts while the socket is to be replaced waits for the next one.
      return [state, status === 'ready' && state.stale !== 'soon' ? [{ type: 'subscribe' }] : []]
    case 'acknowledged':
      return replaceIfStale({ ...state, status: 'ready' }, [{ type: 'subscribe' }], circumstances)
    case 'useful':
      return [{ ...state, wasUseful: true }, []]
    case 'healthy':
      return [{ ...state, wasUseful: true, attempts: 1, failures: 0, limited: {}, wasRefused: false }, []]
    case 'lost':
      return circumstances.isUsed ? lose(state, event, circumstances) : close(state)
    case 'refreshed':
      if (status !== 'refreshing') return [state, []]
      if (event.outcome === 'replaced') return retry(state, circumstances)
      if (event.outcome === undefined || state.wasRefused) return fail(state)
      return prepare({ ...state, wasRefused: true })
    case 'elapsed':
      if (status === 'waiting') return prepare(state)
      return state.stale === 'soon' ? [{ ...state, stale: 'overdue' }, [{ type: 'subscribe' }]] : [state, []]
    case 'wake':
      if (status === 'waiting') return prepare(state)
      return [state, status === 'ready' ? [{ type: 'probe' }] : []]
    case 'prepared':
      return status === 'preparing' ? open(state) : [state, []]
    case 'unprepared':
      return status === 'preparing' ? retry(state, circumstances, event.retryAfterMs + 1) : [state, []]
    case 'stale':
      // Any other status makes its credentials anew before it connects.
      if ((status !== 'ready' && status !== 'connecting') || state.stale) return [state, []]
      return replaceIfStale(
        { ...state, stale: 'soon' },
        status === 'ready' && circumstances.isBusy ? [{ type: 'hold' }] : [],
        circumstances,
      )
    case 'left':
      return replaceIfStale(state, [], circumstances)
    case 'emptied':
      return status === 'connecting' || (status === 'ready' && !state.stale)
        ? [state, [{ type: 'idle' }]]
        : close(state)
    case 'ended':
      return fail(state)
  }
}

/** Replaces a socket whose credentials are not the best any more, once no operation would be lost with it. */
function replaceIfStale(state: State, effects: readonly Effect[], { isBusy, isUsed }: Circumstances): Transition {
  if (!state.stale || state.status !== 'ready' || isBusy) return [state, effects]
  // The next operation gets a socket of its own.
  if (!isUsed) return close(state)
  return prepare({ ...state, stale: undefined }, { type: 'close' }, { type: 'unsubscribe' })
}

function open(state: State): Transition {
  return [{ ...state, status: 'connecting', attempts: state.attempts + 1 }, [{ type: 'open' }]]
}

function prepare(state: State, ...before: readonly Effect[]): Transition {
  return [{ ...state, status: 'preparing' }, [...before, { type: 'prepare' }]]
}

function lose(
  state: State,
  { loss: { action, code, limit, atOnce }, culprit }: Extract<Event, { type: 'lost' }>,
  circumstances: Circumstances,
): Transition {
  const lost: State = { ...state, stale: undefined }
  if (atOnce && !state.limited[code]) {
    return prepare({ ...lost, limited: { ...state.limited, [code]: 1 } }, { type: 'unsubscribe' })
  }
  if (action === 'fail') return fail(lost)
  if (action === 'refresh') {
    return [{ ...lost, status: 'refreshing' }, [{ type: 'unsubscribe' }, { type: 'refresh', again: state.wasRefused }]]
  }
  // Without the operation that was the reason there is no repetition to be counted.
  const blamed = action === 'isolate' ? culprit : undefined
  const repeats = (state.limited[code] ?? 0) + 1
  if (!blamed && limit !== undefined && repeats > limit) return fail(lost)
  const limited = blamed || limit === undefined ? state.limited : { ...state.limited, [code]: repeats }
  const [next, effects] = retry({ ...lost, limited }, circumstances)
  if (next.status === 'closed') return [next, effects]
  return [next, [...(blamed ? [{ type: 'blame', culprit: blamed } as const] : []), { type: 'unsubscribe' }, ...effects]]
}

/** Full jitter over exponential steps: the clients of a server that restarts do not come back all at once. */
function retry(state: State, circumstances: Circumstances, leastMs = 0): Transition {
  const { connectAttempts, reconnectAttempts, retryDelayMs, maxRetryDelayMs, random } = circumstances
  const failures = state.failures + 1
  if (failures >= (state.wasUseful ? reconnectAttempts : connectAttempts)) return fail({ ...state, failures })
  const longestMs = Math.min(maxRetryDelayMs, retryDelayMs * 2 ** (failures - 1))
  const delayMs = leastMs + random * longestMs
  return [{ ...state, failures, status: 'waiting' }, [{ type: 'wait', delayMs }]]
}

function fail(state: State): Transition {
  return [{ ...state, status: 'closed' }, [{ type: 'fail' }, { type: 'close' }, { type: 'retire' }]]
}

function close(state: State): Transition {
  return [{ ...state, status: 'closed' }, [{ type: 'close' }, { type: 'retire' }]]
}
