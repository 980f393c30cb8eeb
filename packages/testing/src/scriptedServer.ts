import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createGzip, type Gzip } from 'node:zlib'
import { Arrivals } from './arrivals.ts'
import { Connections } from './connections.ts'
import { encodeHead, sendBytes } from './sendBytes.ts'

/** What a client sent to a {@link scriptedServer}. */
export interface ScriptedRequest {
  readonly method: string
  /** Path and query, as they came. */
  readonly url: string
  readonly headers: Headers
  /** Each line of the header, in the order and spelling of the client. */
  readonly headerLines: readonly (readonly [name: string, value: string])[]
  /** What has arrived of the body: all of it, when the script runs. */
  readonly body: Uint8Array
  /** The body as text. */
  readonly text: string
  /** Resolves when the connection is closed, whoever did it. */
  readonly closed: Promise<void>
}

/** One request and what the script answers, byte by byte. Whatever is sent after the client has gone is dropped. */
export interface ScriptedExchange {
  readonly request: ScriptedRequest
  /** Resolves when the connection is closed, whoever did it. */
  readonly closed: Promise<void>
  /**
   * Sends status line and headers; a header with several values has a line for each. The body is chunked, unless there is
   * a `content-length`, or `connection: close`, with which a body lasts until the connection ends. With
   * `content-encoding: gzip` it is compressed, and flushed after each write.
   */
  head(status: number, headers?: Readonly<Record<string, string | readonly string[]>>): Promise<boolean>
  /**
   * Sends a piece of the body as a chunk of its own, and lets clients in the same process read it.
   *
   * @returns whether the client is still there.
   */
  write(data: string | Uint8Array): Promise<boolean>
  /** Sends a piece of the body in chunks of that many bytes. */
  split(data: string | Uint8Array, bytes: number): Promise<boolean>
  /** Ends the body properly. The connection stays open, unless the head said `connection: close`. */
  end(): Promise<void>
  /** A whole answer: head, body and end. */
  respond(
    status: number,
    headers?: Readonly<Record<string, string | readonly string[]>>,
    body?: string | Uint8Array,
  ): Promise<void>
  /** Sends bytes as they are, without framing: a status line, a broken chunk, another protocol. */
  raw(data: string | Uint8Array): Promise<boolean>
  /** Ends the connection (FIN) after what was sent, complete or not. */
  close(): void
  /** Breaks the connection off (RST). */
  reset(): void
}

/** What to answer: called when a request has arrived with its body. It may return before its answer is complete. */
export type Script = (exchange: ScriptedExchange) => unknown

/** A server that is as broken as a test needs it. */
export interface ScriptedServer {
  readonly url: string
  /** Every request whose headers have arrived, in order. */
  readonly requests: readonly ScriptedRequest[]
  /** Waits for a request by its index, until its headers have arrived. */
  request(index: number): Promise<ScriptedRequest>
  /** How many connections there are, were at most at one time, and were ever made. */
  readonly connections: { readonly open: number; readonly most: number; readonly made: number }
  /**
   * Closes all connections.
   *
   * @throws what a script threw.
   */
  close(): Promise<void>
}

/**
 * Starts an HTTP server on a free port of 127.0.0.1 whose answers are scripts of bytes, for what real servers cannot be
 * made to do: any chunks, any status and headers, truncation, silence. To be silent, a script waits or returns.
 *
 * @example
 * ```ts
 * import { scriptedServer } from '@graphlinks/testing'
 *
 * const server = await scriptedServer(async (exchange) => {
 *   await exchange.head(200, { 'content-type': 'application/json' })
 *   await exchange.split('{"data":{"hello":"wor', 3)
 *   exchange.reset()
 * })
 * const response = await fetch(server.url, { method: 'POST', body: '{}' })
 * await response.text().catch((error) => console.log('as a client sees it:', error))
 * console.log(server.requests[0]?.text) // {}
 * await server.close()
 * ```
 */
export async function scriptedServer(script: Script): Promise<ScriptedServer> {
  const connections = new Connections()
  const requests = new Arrivals<Received>()
  const failures: unknown[] = []

  const server = createServer()
  server.on('connection', (socket: Socket) => connections.add(socket))
  // Otherwise, Node answers what it can't read with a 400.
  server.on('clientError', (_, socket) => socket.destroy())
  server.on('request', (message) => {
    const { socket } = message
    const request = new Received(message, connections.closed(socket))
    requests.add(request)
    message.on('error', () => {})
    message.on('end', async () => {
      try {
        await script(new Exchange(request, socket))
      } catch (error) {
        failures.push(error)
        socket.destroy()
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    requests: requests.all,
    connections: connections.counts,
    request: (index) => requests.at(index),
    async close() {
      await connections.stop(server)
      if (failures.length > 0) throw failures[0]
    },
  }
}

class Received implements ScriptedRequest {
  readonly method: string
  readonly url: string
  readonly headers: Headers
  readonly headerLines: readonly (readonly [string, string])[]
  readonly closed: Promise<void>
  readonly #chunks: Buffer[] = []

  constructor(message: IncomingMessage, closed: Promise<void>) {
    const { method = '', url = '', rawHeaders } = message
    this.method = method
    this.url = url
    this.headerLines = rawHeaders.flatMap((name, index) =>
      index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? ''] as const] : [],
    )
    this.headers = new Headers(this.headerLines.map(([name, value]) => [name, value]))
    this.closed = closed
    message.on('data', (chunk: Buffer) => this.#chunks.push(chunk))
  }

  get body(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  get text(): string {
    return this.body.toString()
  }
}

class Exchange implements ScriptedExchange {
  readonly request: ScriptedRequest
  readonly closed: Promise<void>
  readonly #socket: Socket
  #isChunked = false
  #endsConnection = false
  #gzip: Gzip | undefined

  constructor(request: ScriptedRequest, socket: Socket) {
    this.request = request
    this.closed = request.closed
    this.#socket = socket
  }

  head(status: number, headers: Readonly<Record<string, string | readonly string[]>> = {}): Promise<boolean> {
    const lines = Object.entries(headers).flatMap(([name, values]) =>
      [values].flat().map((value) => `${name}: ${value}`),
    )
    const has = (line: RegExp): boolean => lines.some((text) => line.test(text))
    this.#endsConnection = has(/^connection: close$/i)
    const hasFraming = has(/^(content-length|transfer-encoding):/i)
    if (!hasFraming && !this.#endsConnection && status !== 204 && status !== 304)
      lines.push('transfer-encoding: chunked')
    this.#isChunked = has(/^transfer-encoding: chunked$/i)
    if (has(/^content-encoding: gzip$/i)) this.#gzip = this.#startGzip()
    return this.raw(encodeHead(status, lines))
  }

  async write(data: string | Uint8Array): Promise<boolean> {
    const gzip = this.#gzip
    if (!gzip) return this.raw(this.#framed(data))
    gzip.write(data)
    await new Promise<void>((resolve) => gzip.flush(resolve))
    return this.raw('')
  }

  async split(data: string | Uint8Array, bytes: number): Promise<boolean> {
    const rest = Buffer.from(data as Uint8Array)
    for (let start = 0; start < rest.length; start += bytes)
      if (!(await this.write(rest.subarray(start, start + bytes)))) return false
    return true
  }

  async end(): Promise<void> {
    if (this.#gzip) {
      this.#gzip.end()
      await once(this.#gzip, 'end')
    }
    // https://www.rfc-editor.org/rfc/rfc9112#section-7.1
    if (this.#isChunked) await this.raw('0\r\n\r\n')
    if (this.#endsConnection) this.close()
  }

  async respond(
    status: number,
    headers: Readonly<Record<string, string | readonly string[]>> = {},
    body: string | Uint8Array = '',
  ): Promise<void> {
    await this.head(status, headers)
    await this.write(body)
    await this.end()
  }

  raw(data: string | Uint8Array): Promise<boolean> {
    return sendBytes(this.#socket, data)
  }

  close(): void {
    this.#socket.end()
  }

  reset(): void {
    this.#socket.resetAndDestroy()
  }

  #startGzip(): Gzip {
    const gzip = createGzip()
    gzip.on('data', (compressed: Buffer) => void this.raw(this.#framed(compressed)))
    return gzip
  }

  #framed(data: string | Uint8Array): Buffer {
    const bytes = Buffer.from(data as Uint8Array)
    // A chunk of no bytes is the last one.
    if (!this.#isChunked || bytes.length === 0) return bytes
    return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
  }
}
