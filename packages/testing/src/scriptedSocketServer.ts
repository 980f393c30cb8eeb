import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Arrivals } from './arrivals.ts'
import { Connections } from './connections.ts'
import type { SocketFrameOptions } from './socketFrames.ts'
import { UpgradedSocket } from './upgradedSocket.ts'

/** What the handshake is answered with. */
export interface ScriptedHandshake {
  /** The subprotocol that is chosen; `null` for none. Default: the first that was offered. */
  readonly subprotocol?: string | null | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** One WebSocket of a {@link scriptedSocketServer}, frame by frame. What is sent after the client has gone is dropped. */
export interface ScriptedSocket {
  /** Of the upgrade request. */
  readonly headers: Headers
  /** Path and query, as they came. */
  readonly url: string
  /** The subprotocols that the client offers, in order. */
  readonly offered: readonly string[]
  /** All messages that have come: what their JSON says, or the text where it is none. */
  readonly messages: readonly unknown[]
  /** The close frame of the client, once it has come. */
  readonly closeFrame: { readonly code: number | undefined; readonly reason: string } | undefined
  /** Resolves when the connection is closed, whoever did it. */
  readonly closed: Promise<void>
  /** Answers the handshake, and makes it a WebSocket. */
  accept(handshake?: ScriptedHandshake): Promise<void>
  /** Answers the handshake with an HTTP response in place of a WebSocket. */
  refuse(status: number, headers?: Readonly<Record<string, string>>, body?: string): Promise<void>
  /** The next message of the client, each once. @throws Error when the connection ends before it comes. */
  message(): Promise<unknown>
  /** The next message with that `type`; those before it are skipped. */
  messageOfType(type: string): Promise<Readonly<Record<string, unknown>>>
  /** Sends a text message: a string as it is, anything else as JSON. @returns whether the client is still there. */
  send(message: unknown): Promise<boolean>
  /** Sends one frame, allowed or not. */
  frame(opcode: number, payload?: Uint8Array, options?: SocketFrameOptions): Promise<boolean>
  /** Sends one message in frames of that many bytes. */
  fragment(text: string, bytes: number): Promise<boolean>
  /** Sends bytes as they are. */
  raw(bytes: Uint8Array): Promise<boolean>
  /** Sends a close frame (without a code, an empty one), and ends the connection when the client has answered. */
  close(code?: number, reason?: string): void
  /** Ends the connection (FIN) without a close frame. */
  end(): void
  /** Breaks the connection off (RST). */
  reset(): void
  /** Half-open: stays connected, reads nothing any more, and answers no ping and no close. */
  freeze(): void
}

/** What to do with a WebSocket: called with each upgrade request. A script that returns at once leaves it unanswered. */
export type SocketScript = (socket: ScriptedSocket) => unknown

/** A WebSocket server that is as broken as a test needs it. */
export interface ScriptedSocketServer {
  readonly url: string
  /** Every upgrade request, in order. */
  readonly sockets: readonly ScriptedSocket[]
  /** Waits for an upgrade request by its index. */
  socket(index: number): Promise<ScriptedSocket>
  /** How many connections there are, were at most at one time, and were ever made. */
  readonly connections: { readonly open: number; readonly most: number; readonly made: number }
  /** Breaks all connections off, and refuses others from then on. */
  stop(): Promise<void>
  /** Listens again, where it did before. */
  start(): Promise<void>
  /**
   * Ends everything.
   *
   * @throws what a script threw.
   */
  close(): Promise<void>
}

/**
 * Starts a WebSocket server on a free port of 127.0.0.1 whose answers are scripts of frames, for what real servers cannot
 * be made to do: silence, half-open connections, refused handshakes, frames that are not allowed.
 *
 * @example
 * ```ts
 * import { scriptedSocketServer } from '@graphlinks/testing'
 *
 * const server = await scriptedSocketServer(async (socket) => {
 *   await socket.accept()
 *   await socket.messageOfType('connection_init')
 *   await socket.send({ type: 'connection_ack' })
 *   socket.freeze()
 * })
 * console.log(server.url)
 * await server.close()
 * ```
 */
export async function scriptedSocketServer(script: SocketScript): Promise<ScriptedSocketServer> {
  const sockets = new Arrivals<ScriptedSocket>()
  const connections = new Connections()
  const failures: unknown[] = []
  let server: Server
  let port = 0

  const upgrade = async (request: IncomingMessage, connection: Socket): Promise<void> => {
    const socket = new UpgradedSocket(request, connection, connections.closed(connection))
    sockets.add(socket)
    try {
      await script(socket)
    } catch (error) {
      failures.push(error)
      connection.destroy()
    }
  }
  const start = async (): Promise<void> => {
    server = createServer()
    server.on('connection', (connection: Socket) => {
      connections.add(connection)
      connection.on('error', () => {})
    })
    server.on('upgrade', (request, connection) => void upgrade(request, connection as Socket))
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    ;({ port } = server.address() as AddressInfo)
  }
  const stop = (): Promise<void> => connections.stop(server)

  await start()
  return {
    url: `ws://127.0.0.1:${port}/graphql`,
    sockets: sockets.all,
    connections: connections.counts,
    socket: (index) => sockets.at(index),
    start,
    stop,
    async close() {
      await stop()
      if (failures.length > 0) throw failures[0]
    },
  }
}
