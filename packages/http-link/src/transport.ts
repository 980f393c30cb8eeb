import type { ResponseHeaders } from '@graphlinks/core'
import type { Attempt } from './attempt.ts'

/** A request as it goes on the wire. */
export interface WireRequest {
  readonly url: URL
  readonly method: string
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  // A form only where the platform's own fetch carries it.
  readonly body?: string | Uint8Array | FormData | undefined
  /** In browsers: whether the platform sends its cookies along. It wins over the option of fetch. */
  readonly credentials?: 'omit' | 'same-origin' | 'include' | undefined
  /** How many redirects led to it. */
  readonly redirects?: number | undefined
}

/** A response whose head is here and whose body is not. */
export interface TransportResponse {
  readonly status: number
  readonly headers: ResponseHeaders
  /** Whether it redirects: browsers hide the status of one. */
  readonly redirects: boolean
  /** Whether a redirect was followed although none should be. */
  readonly redirected: boolean
  /** The body as it comes, decompressed. Leaving the loop cancels it, and so does the end of the attempt. */
  readonly body: AsyncIterable<Uint8Array>
  /** The whole body in place of {@link body}, where the stack has a faster way; `undefined` when it is larger. */
  readonly readAll?: ((maxBytes: number) => Uint8Array | undefined | Promise<Uint8Array | undefined>) | undefined
}

/**
 * What carries requests of {@link httpLink}: `fetch`, or another stack in its place. Made by a function such as
 * `undiciTransport`.
 */
export interface Transport {
  /** Sends one request, follows no redirect, and rejects at once when the attempt aborts. */
  send(request: WireRequest, attempt: Attempt): Promise<TransportResponse>
  /** Whether a body may be a `FormData`: the platform's own fetch knows that of the platform. */
  readonly takesForms?: boolean | undefined
  /** Calls back when the connection of a response that was read can carry another request. Default: at once. */
  whenFree?(callback: () => void): void
  /** Closes its connections. */
  dispose?(): void | Promise<void>
}

/** Whether a body is a form, which has its boundary from whoever writes it. */
export function isForm(body: WireRequest['body']): body is FormData {
  return typeof body === 'object' && !(body instanceof Uint8Array)
}
