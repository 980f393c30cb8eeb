/** The legacy protocol `graphql-ws`. An entry of its own. */
import { inDevelopment, OptionsError, ownOptions } from '@graphlinks/core'
import { errorsOf, isObject, readMessage } from './messages.ts'
import type { Protocol, ProtocolSession, ProtocolStart } from './protocol.ts'

/** Options of {@link legacyProtocol}. */
export interface LegacyProtocolOptions {
  /**
   * How long a server that sends `ka` messages may be silent before its socket is replaced, in milliseconds. Nothing
   * is expected of a server that never sent one. Default: 60,000.
   */
  readonly keepAliveTimeoutMs?: number | undefined
}

/**
 * The protocol of subscriptions-transport-ws, which nobody maintains, for servers that speak no other. Its name on the
 * wire is `graphql-ws`. Everything else about the link is the same.
 *
 * @throws `OptionsError` when an option is no good.
 *
 * @see https://github.com/apollographql/subscriptions-transport-ws/blob/v0.11.0/PROTOCOL.md
 *
 * @example
 * ```ts
 * import { bearerLink, chain } from '@graphlinks/core'
 * import { wsLink } from '@graphlinks/ws-link'
 * import { legacyProtocol } from '@graphlinks/ws-link/legacy'
 *
 * const url = 'wss://api.example.com/graphql'
 * export const link = chain(bearerLink('secret-token'), wsLink({ url, protocol: legacyProtocol() }))
 * ```
 */
export function legacyProtocol(options: LegacyProtocolOptions = {}): Protocol {
  const { keepAliveTimeoutMs = 60_000 } = ownOptions(options)
  if (!(keepAliveTimeoutMs > 0 && keepAliveTimeoutMs < 2 ** 31)) {
    const sentence = inDevelopment(
      () => `keepAliveTimeoutMs is a positive number of milliseconds, not ${keepAliveTimeoutMs}`,
    )
    throw new OptionsError(sentence ?? 'keepAliveTimeoutMs', { link: 'wsLink' })
  }
  return {
    name: 'the legacy protocol graphql-ws',
    subprotocol: 'graphql-ws',
    start: (started) => startSession(started, keepAliveTimeoutMs),
  }
}

function startSession({ send, payload, listener }: ProtocolStart, keepAliveTimeoutMs: number): ProtocolSession {
  const say = (message: object): void => send(JSON.stringify(message))
  let isAcknowledged = false
  let isWatched = false
  let hasKeepAlive = false
  const watch = (): void => {
    if (isWatched || !isAcknowledged || !hasKeepAlive) return
    isWatched = true
    listener.expectLife(keepAliveTimeoutMs)
  }
  return {
    // Never without one: the client of subscriptions-transport-ws sends it, and servers take it apart without a look.
    opened: () => say({ type: 'connection_init', payload: payload ?? {} }),
    received(text) {
      const message = readMessage(text, listener)
      if (!message) return
      const { type, id = '', payload } = message
      switch (type) {
        case 'connection_ack':
          isAcknowledged = true
          listener.acknowledged(payload)
          return watch()
        case 'connection_error':
          // Later, it is about a message that the server could not read, and not the end of the connection.
          return isAcknowledged ? undefined : listener.refused(payload)
        case 'ka':
          hasKeepAlive = true
          listener.ping()
          return watch()
        case 'data':
          if (isObject(payload)) return listener.next(id, payload)
          return listener.malformed(new Error('its data is no object'))
        case 'error':
          return listener.error(id, errorsOf(payload))
        case 'complete':
          return listener.complete(id)
        default:
          listener.malformed(new Error('its type is not one of the legacy protocol'))
      }
    },
    subscribe: (id, { query, documentId, operationName, variables, extensions }) =>
      say({
        id,
        type: 'start',
        payload: { query: query || undefined, documentId, operationName, variables, extensions },
      }),
    unsubscribe: (id) => say({ id, type: 'stop' }),
    ended: () => say({ type: 'connection_terminate' }),
  }
}
