import { ownOptions } from '@graphlinks/core'
import type { Attempt } from './attempt.ts'
import type { Transport, TransportResponse } from './transport.ts'

/** `fetch`, as far as the link uses it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** Members of fetch's `init` that pass through to it; the runtime's own, such as `dispatcher` or `next`, included. */
export type FetchOptions = Omit<RequestInit, 'method' | 'headers' | 'body' | 'signal' | 'redirect'> &
  Readonly<Record<string, unknown>>

/** The transport over fetch: the given one, the global one at the time of the call, or cross-fetch where there is none. */
export function fetchTransport(given: Fetch | undefined, options: FetchOptions): Transport {
  return {
    takesForms: !given,
    // Node's fetch takes a socket again in the next turn of the event loop, and opens another one until then.
    whenFree: (callback) => (globalThis.setImmediate ? void globalThis.setImmediate(callback) : callback()),
    async send(request, attempt) {
      const { url, method, headers, body } = request
      const fetch = given ?? (globalThis.fetch as Fetch | undefined) ?? (await import('cross-fetch')).fetch
      // Own members only, because fetch would read those of the prototype, too. Redirects are ours to judge: every stack
      // forwards custom headers to other origins.
      const init = ownOptions({
        cache: 'no-store',
        ...options,
        ...(Object.hasOwn(request, 'credentials') && { credentials: request.credentials }),
        method,
        headers: Object.fromEntries(headers),
        body,
        signal: attempt.signal,
        redirect: 'manual',
      })
      return attempt.until(fetch(url.href, init as RequestInit).then((response) => toResponse(response, attempt)))
    },
  }
}

function toResponse(response: Response, attempt: Attempt): TransportResponse {
  const { status, headers, type, redirected } = response
  // Browsers hide a redirect as an "opaque redirect" of status 0.
  const redirects = redirected || type === 'opaqueredirect' || (status >= 300 && status < 400 && status !== 304)
  return { status, headers, redirects, redirected, body: readable(response, attempt) }
}

type Body = ReadableStream<Uint8Array> | (AsyncIterable<Uint8Array> & { destroy?: () => void })

/**
 * A web stream (fetch), a Node stream (node-fetch), or whole bytes where there is neither (React Native). Web streams
 * are async iterables too, but not in every browser. Leaving the loop cancels the stream.
 */
function readable(response: Response, attempt: Attempt): AsyncIterable<Uint8Array> {
  const body = response.body as Body | null
  const reader = body && 'getReader' in body ? body.getReader() : undefined
  // After the end this does nothing; a body that is left must not go on arriving.
  const cancel = (): void => {
    if (reader) reader.cancel().catch(() => {})
    else (body as { destroy?: () => void } | null)?.destroy?.()
  }
  // A fetch that ignores its signal answers late. A read that waits ends with the cancellation.
  attempt.onAbort(cancel)
  return reader ? chunksOf(reader, cancel) : otherChunks(response, body as AsyncIterable<Uint8Array> | null, attempt)
}

/** By hand: what a reader gives is what an iterator gives, and a generator would add turns to every chunk. */
function chunksOf(reader: ReadableStreamDefaultReader<Uint8Array>, cancel: () => void): AsyncIterable<Uint8Array> {
  const iterator: AsyncIterator<Uint8Array> = {
    next: () => reader.read() as Promise<IteratorResult<Uint8Array>>,
    async return() {
      cancel()
      return { done: true, value: undefined }
    },
  }
  return { [Symbol.asyncIterator]: () => iterator }
}

async function* otherChunks(
  response: Response,
  body: AsyncIterable<Uint8Array> | null,
  attempt: Attempt,
): AsyncGenerator<Uint8Array> {
  if (attempt.aborted) return
  if (body) yield* body
  else yield new Uint8Array(await response.arrayBuffer())
}
