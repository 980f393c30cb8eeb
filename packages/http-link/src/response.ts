import { redact, type HttpMetadata, type Operation, type Result, type ResultError } from '@graphlinks/core'
import { printable } from './endpoint.ts'
import {
  EmptyResponseError,
  HttpError,
  MalformedResponseError,
  ResponseError,
  SubscriptionNotSupportedError,
  type ResponseDetails,
} from './errors.ts'

/** A response whose body was read. */
export interface WireResponse {
  readonly status: number
  readonly headers: Headers
  /** Where it came from. */
  readonly url: URL
  readonly text: string
  /** Whether the body was valid UTF-8. */
  readonly isUtf8: boolean
}

type Body = Record<string, unknown>

/**
 * Says what a response means: a result, or an error. The one place that decides it, by media type first, then status,
 * then body (GraphQL over HTTP section 6.4); docs/links/httpLink.md has it as a table.
 */
export function classify(operation: Operation, response: WireResponse): Result {
  const { status, headers } = response
  const mediaType = essenceOf(headers.get('content-type'))
  const success = status >= 200 && status < 300
  const where: ResponseDetails = {
    link: 'httpLink',
    operationName: operation.operationName,
    status,
    url: printable(response.url),
  }
  const excerpt = response.text ? `; the body starts with: ${redact(operation, response.text)}` : ''
  const httpError = (): HttpError =>
    new HttpError(
      `the server answered ${status}${mediaType && ` with ${mediaType}`}${hint(status, response)}${excerpt}`,
      {
        ...where,
        mediaType,
        retryAfter: readable(operation, headers.get('retry-after')),
        wwwAuthenticate: readable(operation, headers.get('www-authenticate')),
      },
    )

  const isGraphQL = mediaType === 'application/graphql-response+json'
  if (!isGraphQL && mediaType !== 'application/json') {
    if (response.text === '' && success) throw emptyResponse(where)
    throw httpError()
  }
  if (response.text.trim() === '') throw success || status === 304 ? emptyResponse(where) : httpError()

  const body = response.isUtf8 ? parseObject(response.text) : undefined
  if (!body || !isWellFormed(body)) {
    // A status outside 2xx with plain JSON is not GraphQL's word (section 6.4.1): an API gateway may have written it.
    if (!isGraphQL && !success) throw httpError()
    throw new MalformedResponseError(
      `the server answered ${status} with ${mediaType}, but ${flaw(response, body)}${excerpt}`,
      where,
    )
  }
  if (operation.kind === 'subscription' && body['data'] !== undefined) {
    throw new SubscriptionNotSupportedError(
      'the server answered the subscription with a single result: it does not do subscriptions at this URL over HTTP; use wsLink',
      where,
    )
  }
  const untrusted = !isGraphQL && !success
  const http: HttpMetadata = { status, headers, url: printable(response.url), ...(untrusted ? { untrusted } : {}) }
  return { ...(body as Result), http }
}

/** The media type without its parameters, in lower case (RFC 9110 section 8.3.1). */
function essenceOf(contentType: string | null): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

function parseObject(text: string): Body | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Body) : undefined
  } catch {
    return undefined
  }
}

/** GraphQL spec section 7.1: an entry `data`, or errors; errors are objects with a message. */
function isWellFormed(body: Body): boolean {
  const { data, errors } = body as { data?: unknown; errors?: unknown }
  if (errors !== undefined && !(Array.isArray(errors) && errors.every(isError))) return false
  if (data !== undefined && typeof data !== 'object') return false
  return data !== undefined || (Array.isArray(errors) && errors.length > 0)
}

function isError(value: unknown): value is ResultError {
  return typeof (value as ResultError | null | undefined)?.message === 'string'
}

function flaw({ isUtf8 }: WireResponse, body: Body | undefined): string {
  if (!isUtf8) return 'the body is no valid UTF-8'
  return body ? 'its data or errors are not what GraphQL allows' : 'the body is no JSON object'
}

function emptyResponse(where: ResponseDetails): ResponseError {
  return new EmptyResponseError(
    `the server answered ${where.status} without a body, where a GraphQL result is due`,
    where,
  )
}

function readable(operation: Operation, value: string | null): string | null {
  return value === null ? null : redact(operation, value)
}

/** What to do about a status; the numbers are what Node servers do by default. */
function hint(status: number, { text }: WireResponse): string {
  if (/csrf|cross-site request forgery/i.test(text.slice(0, 4_096))) {
    return ' (its CSRF prevention wants a header: add headerLink({ "apollo-require-preflight": "true" }) or what its documentation names)'
  }
  switch (status) {
    case 401:
      return ' (the credential is missing, wrong or expired)'
    case 403:
      return ' (the credential is not allowed to do this)'
    case 404:
      return ' (is the url right?)'
    case 406:
      return ' (it accepts none of the media types in the accept header)'
    case 413:
      return ' (the request body is larger than the server takes)'
    case 414:
      return ' (the URL is longer than the server takes)'
    case 415:
      return ' (it wants another content-type than application/json)'
    case 429:
      return ' (too many requests: wait for retryAfter)'
    case 431:
      return ' (the headers are larger than the server takes, often about 16 KiB in all)'
    default:
      return ''
  }
}
