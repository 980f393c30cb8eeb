import type { Operation, ResponseHeaders, Result } from '@graphlinks/core'

/** A response without its body. */
export interface ResponseHead {
  readonly status: number
  readonly headers: ResponseHeaders
  /** Without parameters, in lower case. */
  readonly mediaType: string
  /** Where it came from, as it may be shown: search parameters can hold keys, so they are cut off. */
  readonly url: string
}

/** A response whose body was read. */
export interface WireResponse extends ResponseHead {
  /** The body as text; `undefined` when its bytes are no UTF-8. */
  readonly text: string | undefined
}

/**
 * Why a response is no result: it is not GraphQL's word, it is and is broken, or it is one where several are due, or where
 * several have been put into one.
 */
export type Flaw = 'foreign' | 'malformed' | 'single'

/**
 * The result in a response, or why there is none. The one place that decides it, by media type, then body; the status is
 * metadata (GraphQL over HTTP section 6.4).
 */
export function readResult(
  { kind }: Operation,
  { status, headers, url, mediaType, text = '' }: WireResponse,
): Result | Flaw {
  // Its status may be anything (section 6.4.2).
  const isGraphQL = mediaType === 'application/graphql-response+json'
  if (!isGraphQL && mediaType !== 'application/json') return 'foreign'
  // A status outside 2xx with plain JSON is not GraphQL's word (section 6.4.1): an API gateway may have written it.
  const untrusted = !isGraphQL && !isSuccess(status)
  const result = parseResult(text)
  if (untrusted && !result?.errors?.length) return 'foreign'
  if (!result) return 'malformed'
  // With data, be it null, it was executed: the server took the subscription for a query. Errors alone say what is wrong.
  // With parts, it was a stream, which a proxy may hand on as one.
  if ('data' in result && (kind === 'subscription' || 'incremental' in result)) return 'single'
  const http = { status, headers, url }
  // The object is new and nobody else's: a copy of it would cost as much as all the rest of this.
  return Object.assign(result, { http: untrusted ? { ...http, untrusted } : http })
}

/** The media type without its parameters, in lower case (RFC 9110 section 8.3.1); the first where there are two. */
export function mediaTypeOf(headers: ResponseHeaders): string {
  const [mediaType = ''] = (headers.get('content-type') ?? '').split(/[;,]/)
  return mediaType.trim().toLowerCase()
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

/** Whether a response is a stream of results: multipart or server-sent events. */
export function isStream({ status, mediaType }: ResponseHead): boolean {
  return mediaType === 'multipart/mixed' || (mediaType === 'text/event-stream' && isSuccess(status))
}

function parseResult(text: string): Result | undefined {
  try {
    return toResult(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** GraphQL spec section 7.1: an object with `data`, or with errors; errors are objects with a message. */
export function toResult(body: unknown): Result | undefined {
  const { data, errors } = Object(body) as { data?: unknown; errors?: unknown }
  const hasErrors = Array.isArray(errors) && errors.every((error) => typeof Object(error).message === 'string')
  const isWellFormed =
    typeof data === 'object' && !Array.isArray(data)
      ? errors === undefined || hasErrors
      : data === undefined && hasErrors && errors.length > 0
  return isWellFormed ? (body as Result) : undefined
}
