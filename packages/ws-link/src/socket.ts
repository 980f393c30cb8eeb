import type { Clock } from '@graphlinks/core'

type Handler = ((event: never) => void) | null

/** A WebSocket, as far as the link uses it: the browser's, Node's or that of `ws`. */
export interface Socket {
  readonly readyState: number
  readonly protocol: string
  onopen: Handler
  onmessage: Handler
  onerror: Handler
  onclose: Handler
  send(data: string): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'close' | 'error', listener: () => void): void
  /** Only where the socket is one of `ws`. */
  terminate?(): void
  /** Only where the socket is one of `ws`. */
  on?(event: 'upgrade', listener: (response: UpgradeResponse) => void): unknown
}

/** The server's answer to the handshake. */
export interface UpgradeResponse {
  readonly headers: Readonly<Record<string, string | undefined>>
}

/** A WebSocket class. The third argument is understood by `ws` alone. */
export type SocketClass = new (url: string, protocols: string, options?: object) => Socket

const open = 1
const closing = 2
// How long a server may take to answer a close before the socket is cut.
const closeTimeoutMs = 1_000

/** The platform's WebSocket; isomorphic-ws where there is none, or where headers of the handshake are wanted. */
export async function loadSocketClass(given: SocketClass | undefined, needsHeaders: boolean): Promise<SocketClass> {
  const native = needsHeaders ? undefined : (globalThis as { WebSocket?: SocketClass }).WebSocket
  if (given ?? native) return (given ?? native) as SocketClass
  const { default: socketClass } = await import('isomorphic-ws')
  return socketClass as unknown as SocketClass
}

/**
 * The class that graphql-ws gets: it gives the socket that is there already, and its `close` does nothing. graphql-ws
 * would close with the text of an error as the reason, and at a second `complete` message for one operation even while
 * others run; when and how a socket is closed is the connection's business.
 *
 * @param onTooLarge - called instead of the listener: Node's own WebSocket, and browsers', know no limit.
 */
export function lendSocket(socket: Socket, maxMessageBytes: number, onTooLarge: () => void): new () => unknown {
  return class LentSocket {
    static readonly CONNECTING = 0
    static readonly OPEN = open
    static readonly CLOSING = closing
    static readonly CLOSED = 3

    get readyState(): number {
      return socket.readyState
    }

    get protocol(): string {
      return socket.protocol
    }

    set onopen(handler: Handler) {
      socket.onopen = handler
    }

    set onmessage(handler: Handler) {
      const listener = handler as ((event: { readonly data: unknown }) => void) | null
      socket.onmessage =
        listener &&
        ((event: { readonly data: unknown }) => {
          if (sizeOf(event.data) > maxMessageBytes) onTooLarge()
          else listener(event)
        })
    }

    set onerror(handler: Handler) {
      socket.onerror = handler
    }

    set onclose(handler: Handler) {
      socket.onclose = handler
    }

    send(data: string): void {
      socket.send(data)
    }

    close(): void {}
  }
}

/** Of a text, its characters: no more than its bytes, and counted already. */
function sizeOf(data: unknown): number {
  if (typeof data === 'string') return data.length
  const { byteLength, size } = (data ?? {}) as { byteLength?: number; size?: number }
  return byteLength ?? size ?? 0
}

/** Closes a socket in whatever state it is. @returns when it is closed, or was cut because the server did not answer. */
export async function closeSocket(socket: Socket, code: number, clock: Clock): Promise<void> {
  if (socket.readyState > closing) return
  await new Promise<void>((resolve) => {
    const cancel = clock.after(closeTimeoutMs, () => {
      socket.terminate?.()
      resolve()
    })
    socket.addEventListener('close', () => {
      cancel()
      resolve()
    })
    if (socket.readyState === open) socket.close(code, '')
    else socket.close()
  })
}
