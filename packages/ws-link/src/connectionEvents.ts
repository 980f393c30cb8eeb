/** Of which connection an event is. Each identity has its own; a connection has one socket after the other. */
interface OfConnection {
  /** A number that tells the connections of a link apart, from 1. */
  readonly connection: number
}

/** Something that happened to a connection of a {@link wsLink}, for logs and for users to see. It holds no secret. */
export type ConnectionEvent = OfConnection &
  (
    | /** A socket is being opened. `attempt` counts from 1 since the connection was last healthy. */
      { readonly type: 'connecting'; readonly attempt: number }
    /** The socket is open; the server has not acknowledged it yet. */
    | { readonly type: 'opened' }
    /** The server acknowledged the connection. */
    | {
        readonly type: 'connected'
        /** Whether there was an acknowledged socket before. */
        readonly isRetry: boolean
        /** What the server sent with its acknowledgement. */
        readonly payload: unknown
      }
    | { readonly type: 'ping' }
    /** The socket is closed, or given up. */
    | {
        readonly type: 'closed'
        readonly code: number
        /** What is wrong, where the link did not close it on purpose. Free of secrets. */
        readonly error?: Error | undefined
      }
    /** The next attempt is made after a pause. */
    | { readonly type: 'retrying'; readonly delayMs: number; readonly attempt: number }
    | {
        readonly type: 'subscribed'
        readonly operationName: string | undefined
        /** Of the operation on this socket. */
        readonly id: string
      }
    /** The operation was started again on a new socket: events in between are lost, unless the server keeps them. */
    | {
        readonly type: 'resubscribed'
        readonly operationName: string | undefined
        readonly id: string
        /** How long there was no socket, in milliseconds. */
        readonly gapMs: number
      }
  )

/** Hears of connections. What it throws is ignored. */
export type ConnectionListener = (event: ConnectionEvent) => void

/** A message on a socket, without what is in it: payloads hold credentials, variables and data. */
export interface SocketMessage extends OfConnection {
  readonly direction: 'in' | 'out'
  /** Such as `subscribe`, `next` or `pong`; `unknown` where it is no word. */
  readonly type: string
  /** Of the operation that it is about. */
  readonly id: string | undefined
  /** How long it is, in characters. */
  readonly length: number
}

/** What may be told of the text of a message. */
export function describeMessage(text: string): Pick<SocketMessage, 'type' | 'id' | 'length'> {
  const { type, id } = Object(parse(text)) as { readonly type?: unknown; readonly id?: unknown }
  return {
    type: typeof type === 'string' && /^[a-z_]{1,40}$/.test(type) ? type : 'unknown',
    id: typeof id === 'string' && /^\d{1,15}$/.test(id) ? id : undefined,
    length: text.length,
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
