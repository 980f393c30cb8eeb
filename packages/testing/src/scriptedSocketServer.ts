import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, STATUS_CODES, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { settle } from './fakeClock.ts'
import { decodeFrames, encodeFrame, opcodes, type SocketFrameOptions } from './socketFrames.ts'

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
  const sockets: Upgraded[] = []
  const connections = { open: 0, most: 0, made: 0 }
  const open = new Map<Socket, Promise<void>>()
  const arrivals = new Set<() => void>()
  const failures: unknown[] = []
  let server: Server | undefined
  let port = 0

  const upgrade = async (request: IncomingMessage, connection: Duplex): Promise<void> => {
    const socket = new Upgraded(request, connection as Socket, open.get(connection as Socket) ?? Promise.resolve())
    sockets.push(socket)
    for (const wake of arrivals) wake()
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
      connections.made++
      connections.most = Math.max(connections.most, ++connections.open)
      const closed = new Promise<void>((resolve) =>
        connection.once('close', () => {
          connections.open--
          open.delete(connection)
          resolve()
        }),
      )
      open.set(connection, closed)
      connection.on('error', () => {})
    })
    server.on('upgrade', (request, connection) => void upgrade(request, connection))
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    ;({ port } = server.address() as AddressInfo)
  }
  const stop = async (): Promise<void> => {
    const stopped = new Promise((resolve) => server?.close(resolve))
    const closings = [...open.values()]
    // Not by a reset, which does nothing to a connection that is just ending.
    for (const connection of open.keys()) connection.destroy()
    await Promise.all([stopped, ...closings])
  }

  await start()
  return {
    url: `ws://127.0.0.1:${port}/graphql`,
    sockets,
    connections,
    async socket(index) {
      for (;;) {
        const socket = sockets[index]
        if (socket) return socket
        await new Promise<void>((resolve) => arrivals.add(resolve))
      }
    },
    start,
    stop,
    async close() {
      await stop()
      if (failures.length > 0) throw failures[0]
    },
  }
}

// RFC 6455 section 1.3
const handshakeKey = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

class Upgraded implements ScriptedSocket {
  readonly headers: Headers
  readonly url: string
  readonly offered: readonly string[]
  readonly messages: unknown[] = []
  readonly closed: Promise<void>
  closeFrame: { readonly code: number | undefined; readonly reason: string } | undefined = undefined
  readonly #socket: Socket
  #rest: Buffer = Buffer.alloc(0)
  #fragments: Buffer[] = []
  #read = 0
  #isFrozen = false
  #isOver = false
  readonly #waiting = new Set<() => void>()

  constructor({ headers, url = '' }: IncomingMessage, socket: Socket, closed: Promise<void>) {
    this.headers = new Headers(Object.entries(headers).map(([name, value]) => [name, String(value)]))
    this.url = url
    this.offered = (this.headers.get('sec-websocket-protocol') ?? '').split(/, */).filter(Boolean)
    this.closed = closed
    this.#socket = socket
    socket.on('data', (bytes: Buffer) => this.#receive(bytes))
    socket.on('end', () => !this.#isFrozen && socket.end())
    void closed.then(() => {
      this.#isOver = true
      this.#wake()
    })
  }

  async accept({ subprotocol = this.offered[0] ?? null, headers = {} }: ScriptedHandshake = {}): Promise<void> {
    const key = `${this.headers.get('sec-websocket-key')}${handshakeKey}`
    const chosen = subprotocol === null ? {} : { 'sec-websocket-protocol': subprotocol }
    await this.#head(101, {
      upgrade: 'websocket',
      connection: 'Upgrade',
      'sec-websocket-accept': createHash('sha1').update(key).digest('base64'),
      ...chosen,
      ...headers,
    })
  }

  async refuse(status: number, headers: Readonly<Record<string, string>> = {}, body = ''): Promise<void> {
    await this.#head(status, { connection: 'close', 'content-length': String(Buffer.byteLength(body)), ...headers })
    await this.raw(Buffer.from(body))
    this.end()
  }

  async message(): Promise<unknown> {
    while (this.messages.length <= this.#read) {
      if (this.#isOver) throw new Error('the connection ended, and no message came')
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
    return this.messages[this.#read++]
  }

  async messageOfType(type: string): Promise<Readonly<Record<string, unknown>>> {
    for (;;) {
      const message = (await this.message()) as Readonly<Record<string, unknown>>
      if (Object(message).type === type) return message
    }
  }

  send(message: unknown): Promise<boolean> {
    return this.frame(opcodes.text, Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)))
  }

  frame(opcode: number, payload: Uint8Array = Buffer.alloc(0), options?: SocketFrameOptions): Promise<boolean> {
    return this.raw(encodeFrame(opcode, payload, options))
  }

  async fragment(text: string, bytes: number): Promise<boolean> {
    const all = Buffer.from(text)
    for (let start = 0; start < all.length; start += bytes) {
      const opcode = start === 0 ? opcodes.text : opcodes.continuation
      const isFinal = start + bytes >= all.length
      if (!(await this.frame(opcode, all.subarray(start, start + bytes), { isFinal }))) return false
    }
    return true
  }

  async raw(bytes: Uint8Array): Promise<boolean> {
    if (this.#isFrozen) return false
    const isSent = await new Promise<boolean>((resolve) => this.#socket.write(bytes, (error) => resolve(!error)))
    // Node reads sockets between two turns, and the first may be the end of this one.
    await settle()
    await settle()
    return isSent
  }

  close(code?: number, reason = ''): void {
    if (code === 1005 || code === 1006 || code === 1015)
      throw new Error(`${code} never travels: close() without a code is 1005, end() and reset() are 1006`)
    const payload =
      code === undefined ? Buffer.alloc(0) : Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)])
    void this.frame(opcodes.close, payload)
    if (this.closeFrame) this.end()
  }

  end(): void {
    this.#socket.end()
  }

  reset(): void {
    if (this.#socket.writableEnded) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
  }

  freeze(): void {
    this.#isFrozen = true
    this.#socket.pause()
  }

  #head(status: number, headers: Readonly<Record<string, string>>): Promise<boolean> {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
    return this.raw(
      Buffer.from([`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines, '', ''].join('\r\n'), 'latin1'),
    )
  }

  #receive(bytes: Buffer): void {
    if (this.#isFrozen) return
    const { frames, rest } = decodeFrames(Buffer.concat([this.#rest, bytes]))
    this.#rest = rest
    for (const { opcode, payload, isFinal } of frames) {
      if (opcode === opcodes.ping) void this.frame(opcodes.pong, payload)
      else if (opcode === opcodes.close) this.#closing(payload)
      else if (opcode <= opcodes.binary) {
        this.#fragments.push(payload)
        if (isFinal) this.messages.push(parsed(Buffer.concat(this.#fragments.splice(0)).toString()))
      }
    }
    this.#wake()
  }

  /** The client's close, or its answer to ours. */
  #closing(payload: Buffer): void {
    const code = payload.length >= 2 ? payload.readUInt16BE() : undefined
    this.closeFrame = { code, reason: payload.subarray(2).toString() }
    void this.frame(opcodes.close, payload).then(() => this.end())
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
