import { GraphLinksError, ownOptions, TimeoutError, type Clock, type Operation } from '@graphlinks/core'
import { NetworkError } from './errors.ts'
import { readBody } from './readBody.ts'
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
  const details = { link: 'httpLink', operationName }
  // One controller per attempt: the operation's own signal says nothing about time or size.
  const attempt = new AbortController()
  const onAbort = (): void => attempt.abort(signal.reason)
  signal.addEventListener('abort', onAbort)
  const onTime = (): void => attempt.abort(new TimeoutError(`no response within ${timeoutMs} ms (timeoutMs)`, details))
  const cancelTimer = timeoutMs < Infinity ? clock.after(timeoutMs, onTime) : undefined
  // A fetch that ignores its signal must not hold up the end.
  const ended = new Promise<never>((_, reject) => attempt.signal.addEventListener('abort', reject))
  try {
    return await Promise.race([exchange(operation, request, options, attempt.signal), ended])
  } catch (error) {
    attempt.signal.throwIfAborted()
    // Frees the connection of a response that nobody is going to read.
    attempt.abort()
    if (GraphLinksError.is(error)) throw error
    const cause = outline(error, 3)
    const codes = [cause.message, Object(cause.cause).message].filter(Boolean).join(', ')
    throw new NetworkError(`no answer from ${request.url.origin}: the connection failed or broke (${codes})`, {
      ...details,
      cause,
    })
  } finally {
    cancelTimer?.()
    signal.removeEventListener('abort', onAbort)
  }
}

async function exchange(
  operation: Operation,
  { url, headers, body }: WireRequest,
  { fetchOptions, maxResponseBytes, redirects: policy, ...options }: SendOptions,
  signal: AbortSignal,
): Promise<WireResponse> {
  const fetch = options.fetch ?? (globalThis.fetch as Fetch | undefined) ?? (await import('cross-fetch')).fetch
  // Own members only, because fetch would read those of the prototype, too. Redirects are ours to judge: every stack
  // forwards custom headers to other origins.
  const init = ownOptions({
    cache: 'no-store',
    ...fetchOptions,
    method: 'POST',
    headers,
    body,
    signal,
    redirect: 'manual',
  })
  for (let from = url, count = 0; ; count++) {
    const response = await fetch(from.href, init as RequestInit)
    const { status, headers: received, type, redirected } = response
    let target: URL | undefined
    // Browsers hide a redirect as an "opaque redirect" of status 0.
    const redirects = redirected || type === 'opaqueredirect' || (status >= 300 && status < 400 && status !== 304)
    // After an abort, which a fetch may ignore, there is nothing to judge: reading the body cancels it and throws.
    if (redirects && !signal.aborted) {
      const { followRedirect } = await import('./redirect.ts')
      target = followRedirect(operation, { response, from, policy, count })
    }
    // The body of a redirect, too: unread, it would keep its connection.
    const bytes = await readBody(response, maxResponseBytes, signal)
    const head = { status, headers: received, url: from }
    if (!bytes) throw (await import('./failure.ts')).tooLarge(operation, head, maxResponseBytes)
    if (!target) return { ...head, text: decode(bytes) }
    from = target
  }
}

/** UTF-8, a byte order mark dropped (RFC 8259 section 8.1). Bytes that are none must not turn into data unseen. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** The names and codes of an error and its causes. Their texts may hold a header or a URL, so they are left behind. */
function outline(error: unknown, depth: number): Error {
  const { name, code, cause } = Object(error) as { name?: unknown; code?: unknown; cause?: unknown }
  const copy = new Error(String(code ?? name), cause && depth > 1 ? { cause: outline(cause, depth - 1) } : undefined)
  copy.stack = copy.message
  return typeof code === 'string' ? Object.assign(copy, { code }) : copy
}
