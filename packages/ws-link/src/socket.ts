import { inDevelopment, OptionsError, type Clock, type Operation } from '@graphlinks/core'
import { detailsOf } from './details.ts'
import type { CloseEventLike } from './failures.ts'

/** A WebSocket, as far as the link uses it: the browser's, Node's or that of `ws`. */
export interface Socket {
  readonly readyState: number
  readonly protocol: string
  readonly bufferedAmount?: number
  binaryType: string
  onopen: ((event: never) => void) | null
  onmessage: ((event: MessageEventLike) => void) | null
  onerror: ((event: unknown) => void) | null
  onclose: ((event: CloseEventLike) => void) | null
  send(data: string): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'close' | 'error', listener: () => void): void
  /** Only where the socket is one of `ws`. */
  terminate?(): void
  /** Only where the socket is one of `ws`. */
  on?(event: 'upgrade', listener: (response: UpgradeResponse) => void): unknown
  /** Only where the socket is one of `ws`, which then leaves the failure to the listener. */
  on?(event: 'unexpected-response', listener: (request: unknown, response: UpgradeResponse) => void): unknown
}

/** A message event, as far as it is used. */
export interface MessageEventLike {
  readonly data: unknown
}

/** The server's answer to the handshake. */
export interface UpgradeResponse {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** A WebSocket class. The third argument is understood by `ws` alone. */
export type SocketClass = new (url: string, protocols: string | string[], options?: object) => Socket

const open = 1
const closing = 2
// How long a server may take to answer a close before the socket is cut.
const closeTimeoutMs = 1_000

/** The platform's WebSocket; isomorphic-ws where there is none, or where headers of the handshake are wanted. */
export async function loadSocketClass(
  given: SocketClass | undefined,
  needsHeaders: boolean,
  operation: Operation,
): Promise<SocketClass> {
  const { WebSocket: own, navigator } = globalThis as { WebSocket?: SocketClass; navigator?: { product?: string } }
  if (given ?? (!needsHeaders && own)) return (given ?? own) as SocketClass
  const { default: socketClass } = await import('isomorphic-ws')
  // What bundlers make of it, for workerd too. React Native's own takes headers as `ws` does.
  if ((socketClass as unknown) === own && navigator?.product !== 'ReactNative') {
    const message = inDevelopment(
      () =>
        'the WebSocket of this platform sends no headers, and handshakeHeaders, cookieLink or a signer have some for the handshake: subscribe over HTTP, or give webSocket a class that sends them',
    )
    throw new OptionsError(message ?? 'webSocket', detailsOf(operation))
  }
  return socketClass as unknown as SocketClass
}

/** Closes a socket in whatever state it is. @returns when it is closed, or was cut because the server did not answer. */
export async function closeSocket(socket: Socket, code: number, clock: Clock): Promise<void> {
  if (socket.readyState > closing) return
  await new Promise<void>((resolve) => {
    const cancel = clock.after(closeTimeoutMs, () => {
      socket.terminate?.()
      resolve()
    })
    const gone = (): void => {
      cancel()
      resolve()
    }
    socket.addEventListener('close', gone)
    if (socket.readyState === open) return socket.close(code, '')
    // That of Node 22 has no close event where it never was open.
    socket.addEventListener('error', gone)
    socket.close()
  })
}
