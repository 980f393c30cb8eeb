import { GraphLinksError, redactError, TimeoutError, type Clock, type Operation } from '@graphlinks/core'
import { printable } from './endpoint.ts'
import { NetworkError, ResponseTooLargeError } from './errors.ts'
import { readBody } from './readBody.ts'
import { followRedirect, isRedirect, refuseFollowed } from './redirect.ts'
import type { WireRequest } from './request.ts'
import type { WireResponse } from './response.ts'

/** `fetch`, as far as the link uses it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** What {@link send} needs to know beside the request. */
export interface SendOptions {
  readonly fetch: Fetch | undefined
  readonly fetchOptions: Readonly<Record<string, unknown>> | undefined
  readonly timeoutMs: number
  readonly maxResponseBytes: number
  readonly redirects: 'error' | 'same-origin'
  readonly clock: Clock
}

/** Sends a request and reads the response, within the time and until the operation's signal aborts. */
export async function send(operation: Operation, request: WireRequest, options: SendOptions): Promise<WireResponse> {
  const { signal, operationName } = operation
  const { timeoutMs, clock } = options
  signal.throwIfAborted()
  // One controller per attempt: the operation's own signal says nothing about time or size.
  const attempt = new AbortController()
  const onAbort = (): void => attempt.abort(signal.reason)
  signal.addEventListener('abort', onAbort)
  let timedOut = false
  const cancelTimer =
    timeoutMs === Infinity
      ? undefined
      : clock.after(timeoutMs, () => {
          timedOut = true
          attempt.abort()
        })
  try {
    return await exchange(operation, request, options, attempt.signal)
  } catch (error) {
    // Frees the connection of a response that nobody is going to read.
    attempt.abort()
    signal.throwIfAborted()
    const details = { link: 'httpLink', operationName }
    if (timedOut) throw new TimeoutError(`the server did not answer within ${timeoutMs} ms (timeoutMs)`, details)
    if (GraphLinksError.is(error)) throw error
    throw new NetworkError(
      `no answer from ${request.url.origin}: it could not be reached or the connection broke; see cause`,
      {
        ...details,
        cause: redactError(operation, error),
      },
    )
  } finally {
    cancelTimer?.()
    signal.removeEventListener('abort', onAbort)
  }
}

async function exchange(
  operation: Operation,
  { url: endpoint, headers, body }: WireRequest,
  { fetchOptions, maxResponseBytes, redirects, ...options }: SendOptions,
  signal: AbortSignal,
): Promise<WireResponse> {
  const fetch = options.fetch ?? (globalThis.fetch as Fetch | undefined) ?? (await loadFetch())
  let url = endpoint
  for (let count = 0; ; count++) {
    // Redirects are ours to judge: every stack forwards custom headers to other origins.
    const init = {
      cache: 'no-store',
      ...fetchOptions,
      method: 'POST',
      headers,
      body,
      signal,
      redirect: 'manual',
    } as const
    const response = await fetch(url.href, init as RequestInit)
    refuseFollowed(operation, response, url)
    if (isRedirect(response)) {
      url = followRedirect(operation, response, url, redirects, count)
      await readBody(response, 65_536)
      continue
    }
    const read = await readBody(response, maxResponseBytes)
    if (read !== 'too large') return { status: response.status, headers: response.headers, url, ...decode(read.bytes) }
    throw new ResponseTooLargeError(
      `the response is larger than ${maxResponseBytes} bytes after decompression (maxResponseBytes)`,
      {
        link: 'httpLink',
        operationName: operation.operationName,
        status: response.status,
        url: printable(url),
      },
    )
  }
}

async function loadFetch(): Promise<Fetch> {
  const { fetch } = await import('cross-fetch')
  return fetch
}

/** UTF-8, a byte order mark dropped (RFC 8259 section 8.1). Bytes that are none must not turn into data unseen. */
function decode(bytes: Uint8Array): { text: string; isUtf8: boolean } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), isUtf8: true }
  } catch {
    return { text: new TextDecoder().decode(bytes), isUtf8: false }
  }
}
