import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { ScriptedHandshake, ScriptedSocket } from './scriptedSocketServer.ts'
import { encodeHead, sendBytes } from './sendBytes.ts'
import { decodeFrames, encodeFrame, opcodes, type SocketFrameOptions } from './socketFrames.ts'

// RFC 6455 section 1.3
const handshakeKey = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** The server's side of a WebSocket. */
export class UpgradedSocket implements ScriptedSocket {
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
    return !this.#isFrozen && sendBytes(this.#socket, bytes)
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
    return this.raw(encodeHead(status, lines))
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
