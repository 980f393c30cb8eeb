import { ownOptions } from '@graphlinks/core'
import { createClient, GRAPHQL_TRANSPORT_WS_PROTOCOL, type SubscribePayload } from 'graphql-ws/client'
import type { Protocol, ProtocolOperation, ProtocolStart } from './protocol.ts'

const connecting = 0
const open = 1
const closed = 3

/**
 * graphql-transport-ws, as the client of graphql-ws speaks it. It gets a socket that only looks like one: what that
 * client would do with a real socket (reconnect without a pause, close it with the text of an error as the reason, close
 * it at a second `complete` while others run) is the link's business.
 *
 * @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
 */
export const graphqlTransportWs: Protocol = {
  name: GRAPHQL_TRANSPORT_WS_PROTOCOL,
  subprotocol: GRAPHQL_TRANSPORT_WS_PROTOCOL,
  start({ send, payload, listener }) {
    const socket = lentSocket(send)
    const releases = new Map<string, () => void>()
    let lastId = ''
    let lastMessage = ''
    // Own members only: it would find those that somebody put on Object.prototype.
    const client = createClient(
      ownOptions({
        url: 'lent:',
        webSocketImpl: socket.socketClass,
        connectionParams: payload && { ...payload },
        // Not lazy: it is begun when there is a socket.
        lazy: false,
        retryAttempts: 0,
        onNonLazyError: ignore,
        generateID: () => lastId,
        on: ownOptions({
          connected: (_, acknowledgement) => listener.acknowledged(acknowledgement),
          // graphql-ws tells the sink of `complete` some turns later, and of messages that come after it before that.
          message: (message) => {
            if (message.type === 'next') return listener.next(message.id, message.payload)
            if (message.type === 'ping') return listener.ping()
            if (message.type !== 'error' && message.type !== 'complete') return
            releases.delete(message.id)
            if (message.type === 'complete') listener.complete(message.id)
            else listener.error(message.id, message.payload)
          },
          error: (error) => {
            const refusal = refusalIn(lastMessage)
            if (refusal) listener.refused(refusal.payload)
            else listener.malformed(error as Error)
          },
        }),
      }),
    )
    return {
      opened: () => socket.opened(),
      received(message) {
        lastMessage = message
        socket.received(message)
      },
      subscribe(id, { query, documentId, operationName, variables, extensions }) {
        lastId = id
        const request: SubscribePayload & Pick<ProtocolOperation, 'documentId'> = {
          // Servers want it to be a text, also where there is an id.
          query,
          documentId,
          operationName,
          variables: variables && { ...variables },
          extensions: extensions && { ...extensions },
        }
        releases.set(id, client.subscribe(request, { next: ignore, error: ignore, complete: ignore }))
      },
      unsubscribe(id) {
        releases.get(id)?.()
        releases.delete(id)
      },
      ping: () => send('{"type":"ping"}'),
      ended() {
        // Keeps it from reconnecting. It also waits for a connection that never came, until the socket says it is closed.
        ;(client.dispose() as Promise<void>).catch(ignore)
        socket.ended()
      },
    }
  },
}

/** Some servers that speak both protocols refuse a connection in the words of the older one (mercurius). */
function refusalIn(message: string): { readonly payload?: unknown } | undefined {
  try {
    const parsed = Object(JSON.parse(message)) as { readonly type?: unknown; readonly payload?: unknown }
    return parsed.type === 'connection_error' ? parsed : undefined
  } catch {
    return undefined
  }
}

interface LentSocket {
  readyState: number
  onopen?: () => void
  onmessage?: ((event: { readonly data: string }) => void) | null
  onclose?: ((event: object) => void) | null
}

/** What graphql-ws takes for a WebSocket class, and what drives its only socket. */
function lentSocket(send: ProtocolStart['send']) {
  const socket: LentSocket = { readyState: connecting }
  // A class is what graphql-ws asks for, with these names.
  const socketClass = class {
    static readonly CONNECTING = connecting
    static readonly OPEN = open
    static readonly CLOSING = 2
    static readonly CLOSED = closed
    constructor() {
      return Object.assign(socket, { send, close: ignore })
    }
  }
  return {
    socketClass,
    opened() {
      socket.readyState = open
      socket.onopen?.()
    },
    received: (data: string) => socket.onmessage?.({ data }),
    ended() {
      socket.readyState = closed
      socket.onclose?.({ code: 4499, reason: '', wasClean: false })
    },
  }
}

function ignore(): void {}
