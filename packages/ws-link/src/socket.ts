/** A WebSocket, as far as the link uses it: the browser's, Node's or that of `ws`. */
export interface Socket {
  readonly readyState: number
  readonly protocol: string
  close(code?: number, reason?: string): void
  addEventListener(type: 'close' | 'error', listener: () => void): void
  /** Only where the socket is one of `ws`. */
  terminate?(): void
}

/** A WebSocket class. The third argument is understood by `ws` alone. */
export type SocketClass = new (url: string, protocols: string, options?: object) => Socket

/** How sockets of one connection are made. */
export interface SocketOptions {
  readonly headers: Readonly<Record<string, string>> | undefined
  readonly maxMessageBytes: number
  /** Gets each socket that is made. */
  readonly onSocket: (socket: Socket) => void
}

/** A class that makes sockets with these options; graphql-ws itself passes on only a URL and a protocol. */
export function configureSocket(
  base: SocketClass,
  { headers = {}, maxMessageBytes, onSocket }: SocketOptions,
): SocketClass {
  return class ConfiguredSocket extends base {
    constructor(url: string, protocols: string) {
      super(url, protocols, { headers, maxPayload: maxMessageBytes, followRedirects: false })
      // `ws` reports a close during the handshake as an error, after graphql-ws has taken its listeners away.
      this.addEventListener('error', ignore)
      onSocket(this)
    }
  }
}

/** The platform's WebSocket; isomorphic-ws where there is none, or where headers of the handshake are wanted. */
export async function loadSocketClass(given: SocketClass | undefined, needsHeaders: boolean): Promise<SocketClass> {
  const native = needsHeaders ? undefined : (globalThis as { WebSocket?: SocketClass }).WebSocket
  if (given ?? native) return (given ?? native) as SocketClass
  const { default: socketClass } = await import('isomorphic-ws')
  return socketClass as unknown as SocketClass
}

function ignore(): void {}
