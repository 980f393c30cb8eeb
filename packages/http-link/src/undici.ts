/** The transport over undici, for Node: less work for each request than fetch. An entry of its own. */
import { Duplex, pipeline, Readable } from 'node:stream'
import { constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib'
import { inDevelopment, OptionsError, ownOptions, type ResponseHeaders } from '@graphlinks/core'
import { Agent, type Dispatcher } from 'undici'
import type { Attempt } from './attempt.ts'
import type { Transport, TransportResponse, WireRequest } from './transport.ts'

/** Options of {@link undiciTransport}. */
export interface UndiciTransportOptions {
  /** How many sockets each origin has at most; further requests wait for one. Default: 64. */
  readonly connections?: number | undefined
  /** How long an idle socket is kept for the next request, in milliseconds. Default: 4,000. */
  readonly keepAliveMs?: number | undefined
  /**
   * What sends the requests in place of an `Agent` of the transport's own: a `ProxyAgent`, or an `Agent` with
   * certificates. It wins over the other options, and is yours to close.
   */
  readonly dispatcher?: Dispatcher | undefined
}

/**
 * Carries the requests of `httpLink` with undici (an optional peer, version 7) in place of fetch: a pool of sockets that
 * are kept alive, and a fraction of the work for each request. Everything else is as with fetch: nothing is redirected,
 * bodies are decompressed and then capped, aborting closes the connection. `dispose` of the client closes the pool.
 *
 * @throws `OptionsError` when an option is no good.
 *
 * @see https://undici.nodejs.org/#/docs/api/Dispatcher
 *
 * @example
 * ```ts
 * import { createClient } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 * import { undiciTransport } from '@graphlinks/http-link/undici'
 *
 * const url = 'https://api.example.com/graphql'
 * export const client = createClient({ link: httpLink({ url, transport: undiciTransport() }) })
 * ```
 */
export function undiciTransport(options: UndiciTransportOptions = {}): Transport {
  const { connections = 64, keepAliveMs = 4_000, dispatcher } = ownOptions(options)
  const wrong = (!(connections > 0) && 'connections') || (!(keepAliveMs > 0) && 'keepAliveMs')
  if (wrong) throw new OptionsError(inDevelopment(() => `${wrong} is a positive number`) ?? wrong, { link: 'httpLink' })
  const own = dispatcher ? undefined : new Agent({ connections, keepAliveTimeout: keepAliveMs })
  const used = dispatcher ?? (own as Agent)
  return {
    send: (request, attempt) => dispatch(used, request, attempt),
    ...(own && { dispose: () => own.destroy() }),
  }
}

function dispatch(dispatcher: Dispatcher, request: WireRequest, attempt: Attempt): Promise<TransportResponse> {
  const { url, method, headers, body } = request
  const lines = headers.has('accept-encoding') ? [] : ['accept-encoding', 'gzip, deflate, br']
  for (const [name, value] of headers) lines.push(name, value)
  return new Promise((resolve, reject) => {
    const reader = new ResponseReader(resolve, reject)
    attempt.onAbort(() => reader.cancel(attempt.reason))
    dispatcher.dispatch(
      {
        origin: url.origin,
        path: url.pathname + url.search,
        method: method as Dispatcher.HttpMethod,
        headers: lines,
        body: (body as Exclude<typeof body, FormData>) ?? null,
        // Time is the link's.
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      reader,
    )
  })
}

/** What waits for a slow reader until the socket is paused, in bytes. */
const highWaterMark = 65_536

/** One response: the head by a promise; the body at once, or as an iterator that holds the socket back. */
class ResponseReader implements Dispatcher.DispatchHandler, AsyncIterableIterator<Uint8Array> {
  readonly #resolve: (response: TransportResponse) => void
  readonly #reject: (error: unknown) => void
  #chunks: Buffer[] = []
  /** Bytes in them. */
  #waiting = 0
  #limit = highWaterMark
  #controller: Dispatcher.DispatchController | undefined
  #isCancelled = false
  #end: { readonly error?: Error } | undefined
  /** Called when there is something new. */
  #wake: (() => void) | undefined

  constructor(resolve: (response: TransportResponse) => void, reject: (error: unknown) => void) {
    this.#resolve = resolve
    this.#reject = reject
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#isCancelled) this.cancel()
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // An informational response: the real one follows.
    if (status < 200) return
    const redirects = status >= 300 && status < 400 && status !== 304
    const encoding = headers['content-encoding']
    this.#resolve({
      status,
      headers: new WireHeaders(headers),
      redirects,
      redirected: false,
      body: encoding ? decompressed(this, encoding) : this,
      readAll: encoding ? undefined : (maxBytes) => this.#readAll(maxBytes),
    })
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#waiting += chunk.length
    if (this.#waiting > this.#limit) controller.pause()
    this.#wake?.()
  }

  onResponseEnd(): void {
    this.#finish({})
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#reject(error)
    this.#finish({ error })
  }

  /** Closes the connection of a response that is not over; one still in the pool's queue is dropped there. */
  cancel(reason?: unknown): void {
    this.#isCancelled = true
    this.#reject(reason)
    if (!this.#end) this.#controller?.abort(new Error('cancelled'))
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    return new Promise((resolve, reject) => {
      this.#wake = () => {
        const value = this.#chunks.shift()
        if (!value && !this.#end) return
        this.#wake = undefined
        if (value) {
          this.#waiting -= value.length
          if (this.#controller?.paused && this.#waiting <= this.#limit) this.#controller.resume()
          resolve({ done: false, value })
        } else if (this.#end?.error) reject(this.#end.error)
        else resolve({ done: true, value: undefined })
      }
      this.#wake()
    })
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.cancel()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #readAll(maxBytes: number): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    if (this.#end && !this.#end.error && this.#waiting <= maxBytes) return this.#takeAll()
    this.#limit = maxBytes
    if (this.#controller?.paused) this.#controller.resume()
    return new Promise((resolve, reject) => {
      this.#wake = () => {
        if (this.#waiting > maxBytes) {
          this.cancel()
          resolve(undefined)
        } else if (this.#end?.error) reject(this.#end.error)
        else if (this.#end) resolve(this.#takeAll())
      }
      this.#wake()
    })
  }

  #takeAll(): Uint8Array | undefined {
    // The socket remembers this until its next request, and with it must not remember them.
    const chunks = this.#chunks
    this.#chunks = []
    return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
  }

  #finish(end: { readonly error?: Error }): void {
    this.#end = end
    this.#wake?.()
  }
}

// A stream's results must come out as they come in, and what was cut off shows in the JSON.
const flushing = (flush: number): { readonly flush: number; readonly finishFlush: number } => ({
  flush,
  finishFlush: flush,
})

/** Some servers send what deflate is without the header that it has (RFC 9110 section 8.4.1.2), and clients take both. */
async function* inflated(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]()
  const { value: first } = (await chunks.next()) as IteratorResult<Uint8Array, undefined>
  if (!first) return
  // The header begins with its method, which is 8.
  const inflate = ((first[0] ?? 0) & 0x0f) === 8 ? createInflate : createInflateRaw
  async function* all(): AsyncGenerator<Uint8Array> {
    yield first as Uint8Array
    yield* { [Symbol.asyncIterator]: () => chunks }
  }
  yield* pipeline([Readable.from(all()), inflate(flushing(constants.Z_SYNC_FLUSH))], () => {}) as unknown as Readable
}

/** RFC 9110 section 8.4.1. What is encoded otherwise passes as it is. */
function decompressed(body: AsyncIterable<Uint8Array>, encodings: string | string[] = ''): AsyncIterable<Uint8Array> {
  const names = String(encodings)
    .toLowerCase()
    .split(/[\s,]+/)
    .reverse()
  const steps = names.flatMap((name) =>
    /^(x-)?gzip$/.test(name)
      ? createGunzip(flushing(constants.Z_SYNC_FLUSH))
      : name === 'deflate'
        ? Duplex.from(inflated)
        : name === 'br'
          ? createBrotliDecompress(flushing(constants.BROTLI_OPERATION_FLUSH))
          : [],
  )
  // Whoever reads the last stream gets the error of any.
  return steps.length === 0 ? body : (pipeline([Readable.from(body), ...steps], () => {}) as unknown as Readable)
}

/** Headers as undici gives them: names in lower case, several lines of one name as a list. */
class WireHeaders implements ResponseHeaders {
  readonly #headers: Readonly<Record<string, string | string[] | undefined>>

  constructor(headers: Readonly<Record<string, string | string[] | undefined>>) {
    this.#headers = headers
  }

  get(name: string): string | null {
    const key = name.toLowerCase()
    const value = Object.hasOwn(this.#headers, key) ? this.#headers[key] : undefined
    return (Array.isArray(value) ? value.join(', ') : value) ?? null
  }

  getSetCookie(): string[] {
    return [this.#headers['set-cookie'] ?? []].flat()
  }

  forEach(callback: (value: string, name: string) => void): void {
    for (const name of Object.keys(this.#headers)) callback(this.get(name) ?? '', name)
  }
}
