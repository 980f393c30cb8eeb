import type { Operation, ResponseHeaders, Result } from '@graphlinks/core'
import { printable } from './endpoint.ts'

/** A response without its body. */
export interface ResponseHead {
  readonly status: number
  readonly headers: ResponseHeaders
  /** Without parameters, in lower case. */
  readonly mediaType: string
  /** Where it came from. */
  readonly url: URL
}

/** A response whose body was read. */
export interface WireResponse extends ResponseHead {
  /** The body as text; `undefined` when its bytes are no UTF-8. */
  readonly text: string | undefined
}

/**
 * The result in a response, or `undefined` where there is none: then `explainFailure` says why. The one place that
 * decides it, by media type, then body; the status is metadata (GraphQL over HTTP section 6.4).
 */
export function readResult(
  { kind }: Operation,
  { status, headers, url, mediaType, text = '' }: WireResponse,
): Result | undefined {
  const isGraphQL = mediaType === graphqlMediaType
  if (!isGraphQL && mediaType !== 'application/json') return undefined
  const result = parseResult(text)
  if (!result) return undefined
  // One result with data is no stream: the server took the subscription for a query. Errors alone say what went wrong.
  const hasErrors = Boolean(result.errors?.length)
  if (kind === 'subscription' && !(hasErrors && result.data == null)) return undefined
  const untrusted = !isGraphQL && !isSuccess(status)
  // Plain JSON of no success that has data but no errors is some other API's.
  if (untrusted && !hasErrors) return undefined
  const http = { status, headers, url: printable(url) }
  // The object is new and nobody else's: a copy of it would cost as much as all the rest of this.
  return Object.assign(result, { http: untrusted ? { ...http, untrusted } : http })
}

/** The media type of GraphQL over HTTP section 6.4.2: its status may be anything. */
export const graphqlMediaType = 'application/graphql-response+json'

/** The media type without its parameters, in lower case (RFC 9110 section 8.3.1). */
export function mediaTypeOf(headers: ResponseHeaders): string {
  const [mediaType = ''] = (headers.get('content-type') ?? '').split(';', 1)
  return mediaType.trim().toLowerCase()
}

/** Whether a status is one of success. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

/** Whether a response is a stream of results: multipart or server-sent events. */
export function isStream({ status, mediaType }: ResponseHead): boolean {
  return mediaType === 'multipart/mixed' || (mediaType === 'text/event-stream' && isSuccess(status))
}

/** The result that a text is, or `undefined`. */
export function parseResult(text: string): Result | undefined {
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
