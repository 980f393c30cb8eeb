/** What is said on a socket of AWS AppSync. */
import type { Clock, ResultError } from '@graphlinks/core'
import type { Headers } from './appSyncAddress.ts'
import { appSyncErrors, connectionError } from './appSyncErrors.ts'
import { isObject, readMessage } from './messages.ts'
import type { ProtocolOperation, ProtocolSession, ProtocolStart } from './protocol.ts'

/** What {@link startSession} needs beside the socket. */
export interface SessionSettings {
  /** Makes the headers of a start. */
  readonly authorize: (body: string, headers: Headers) => Promise<Headers>
  readonly startTimeoutMs: number
  readonly clock: Clock
}

/** A subscription that somebody still wants. */
interface Subscription {
  readonly cancelTimer: () => void
  isAccepted: boolean
}

export function startSession({ send, listener }: ProtocolStart, settings: SessionSettings): ProtocolSession {
  const { authorize, clock, startTimeoutMs } = settings
  const say = (message: object): void => send(JSON.stringify(message))
  const subscriptions = new Map<string, Subscription>()
  // AppSync names no subscription when it was asked for too many at once.
  let unaddressed: readonly ResultError[] = []

  /** @returns what is forgotten from now on; nothing where it was before. */
  const release = (id: string): Subscription | undefined => {
    const subscription = subscriptions.get(id)
    subscriptions.delete(id)
    subscription?.cancelTimer()
    return subscription
  }
  const accept = (id: string): boolean => {
    const subscription = subscriptions.get(id)
    if (!subscription) return false
    subscription.isAccepted = true
    subscription.cancelTimer()
    return true
  }
  const fail = (id: string, message: string, reasons: readonly ResultError[] = []): void => {
    if (release(id)) listener.error(id, [{ message }, ...reasons])
  }
  const start = async (id: string, { query, operationName, variables, headers }: ProtocolOperation): Promise<void> => {
    const wanted = subscriptions.get(id)
    const data = JSON.stringify({ query, operationName, variables })
    const authorization = await authorize(data, headers)
    // It may have been given up meanwhile, and the socket closed.
    if (subscriptions.get(id) === wanted) say({ id, type: 'start', payload: { data, extensions: { authorization } } })
  }

  return {
    opened: () => say({ type: 'connection_init' }),
    received(text) {
      const message = readMessage(text, listener)
      if (!message) return
      const { type, id, payload } = message
      switch (type) {
        case 'connection_ack': {
          listener.acknowledged(payload)
          const { connectionTimeoutMs } = Object(payload) as { readonly connectionTimeoutMs?: unknown }
          if (typeof connectionTimeoutMs === 'number' && connectionTimeoutMs > 0)
            listener.expectLife(connectionTimeoutMs)
          return
        }
        case 'connection_error': {
          const { message, mayPass } = connectionError(payload)
          return listener.refused({ message }, mayPass)
        }
        case 'ka':
          return listener.ping()
        case 'start_ack':
          // Nobody wants it any more: only now does the server know what to stop.
          if (id !== undefined && !accept(id)) say({ id, type: 'stop' })
          return
        case 'data':
          if (!isObject(payload)) return listener.malformed(new Error('its data is no object'))
          if (id !== undefined && accept(id)) listener.next(id, payload)
          return
        case 'error':
          if (id === undefined) unaddressed = appSyncErrors(payload)
          else if (release(id)) listener.error(id, appSyncErrors(payload))
          return
        case 'complete':
          if (id !== undefined && release(id)) listener.complete(id)
          return
        default:
          listener.malformed(new Error('its type is not one of the protocol of AWS AppSync'))
      }
    },
    subscribe(id, operation) {
      if (subscriptions.size === 0) unaddressed = []
      const onTime = (): void =>
        fail(id, `the server did not accept the subscription within ${startTimeoutMs} ms`, unaddressed)
      subscriptions.set(id, { cancelTimer: clock.after(startTimeoutMs, onTime), isAccepted: false })
      start(id, operation).catch(() => fail(id, 'the function authorize of appSyncProtocol failed'))
    },
    unsubscribe(id) {
      if (release(id)?.isAccepted) say({ id, type: 'stop' })
    },
    ended() {
      for (const id of subscriptions.keys()) release(id)
    },
  }
}
