import { GraphLinksError, type ErrorDetails, type Result } from '@graphlinks/core'

/** What is known of the response that an error is about. */
export interface ResponseDetails extends ErrorDetails {
  readonly status?: number | undefined
  /** Without search parameters, fragment and user. */
  readonly url?: string | undefined
  readonly retryAfter?: string | null | undefined
  readonly wwwAuthenticate?: string | null | undefined
  /** Default: whether the status is one that passes: 408, 429, 502, 503 or 504. */
  readonly retryable?: boolean | undefined
}

/**
 * Base of the errors about a response that came but is no result.
 *
 * @example
 * ```ts
 * import { ResponseError } from '@graphlinks/http-link'
 *
 * export const statusOf = (error: unknown): number | undefined =>
 *   error instanceof ResponseError ? error.status : undefined
 * ```
 */
export class ResponseError extends GraphLinksError {
  static override readonly name: string = 'ResponseError'
  static override readonly code: string = 'RESPONSE'
  /** The HTTP status. */
  declare readonly status: number | undefined
  /** The URL that answered, without search parameters, fragment and user. */
  declare readonly url: string | undefined
  /** The `Retry-After` header as it came: seconds, or an HTTP date. */
  declare readonly retryAfter: string | null
  /** The `WWW-Authenticate` header as it came. */
  declare readonly wwwAuthenticate: string | null
  /**
   * Whether the same operation may succeed on another try, after {@link retryAfter} where there is one; a mutation may
   * have been executed all the same.
   */
  declare readonly retryable: boolean

  constructor(message: string, details: ResponseDetails = {}) {
    super(message, details)
    this.status = details.status
    this.url = details.url
    this.retryAfter = details.retryAfter ?? null
    this.wwwAuthenticate = details.wwwAuthenticate ?? null
    // The server was slow, too busy, or away behind its proxy; every other status would come again.
    this.retryable = details.retryable ?? [408, 429, 502, 503, 504].includes(details.status ?? 0)
  }
}

/** What a {@link HttpError} keeps of its response. */
export interface HttpErrorDetails extends ResponseDetails {
  readonly mediaType: string
}

/**
 * The server answered with a status or a body that is no GraphQL response: a proxy, a login page, a wrong URL.
 *
 * @example
 * ```ts
 * import { HttpError } from '@graphlinks/http-link'
 *
 * export const mustWait = (error: unknown): string | null =>
 *   HttpError.is(error) && error.status === 429 ? error.retryAfter : null
 * ```
 */
export class HttpError extends ResponseError {
  static override readonly name: string = 'HttpError'
  static override readonly code: string = 'HTTP_STATUS'
  /** The media type of the response, without parameters; empty where the server named none. */
  declare readonly mediaType: string

  constructor(message: string, details: HttpErrorDetails) {
    super(message, details)
    this.mediaType = details.mediaType
  }
}

/**
 * The response claims to be GraphQL, and is not well-formed.
 *
 * @example
 * ```ts
 * import { MalformedResponseError } from '@graphlinks/http-link'
 *
 * export const report = (error: unknown): void => {
 *   if (MalformedResponseError.is(error)) console.error(error.url, error.message) // quotes how the body starts
 * }
 * ```
 */
export class MalformedResponseError extends ResponseError {
  static override readonly name: string = 'MalformedResponseError'
  static override readonly code: string = 'MALFORMED_RESPONSE'
}

/**
 * The response has no body, where GraphQL over HTTP has a result.
 *
 * @example
 * ```ts
 * import { EmptyResponseError } from '@graphlinks/http-link'
 *
 * export const isEmpty = (error: unknown): boolean => EmptyResponseError.is(error)
 * ```
 */
export class EmptyResponseError extends ResponseError {
  static override readonly name: string = 'EmptyResponseError'
  static override readonly code: string = 'EMPTY_RESPONSE'
}

/**
 * The response is larger than `maxResponseBytes`, counted after decompression. It was cut off there.
 *
 * @example
 * ```ts
 * import { ResponseTooLargeError } from '@graphlinks/http-link'
 *
 * export const askForLess = (error: unknown): boolean => ResponseTooLargeError.is(error)
 * ```
 */
export class ResponseTooLargeError extends ResponseError {
  static override readonly name: string = 'ResponseTooLargeError'
  static override readonly code: string = 'RESPONSE_TOO_LARGE'
}

/**
 * The server redirects, and following it could carry credentials away or turn a mutation into a GET.
 *
 * @example
 * ```ts
 * import { RedirectBlockedError } from '@graphlinks/http-link'
 *
 * export const report = (error: unknown): void => {
 *   if (RedirectBlockedError.is(error)) console.error(error.message) // names the URL that the server wants
 * }
 * ```
 */
export class RedirectBlockedError extends ResponseError {
  static override readonly name: string = 'RedirectBlockedError'
  static override readonly code: string = 'REDIRECT_BLOCKED'
}

/**
 * A subscription was answered by a single result: the server does not do subscriptions at this endpoint.
 *
 * @example
 * ```ts
 * import { SubscriptionNotSupportedError } from '@graphlinks/http-link'
 *
 * export const needsWebSocket = (error: unknown): boolean => SubscriptionNotSupportedError.is(error)
 * ```
 */
export class SubscriptionNotSupportedError extends ResponseError {
  static override readonly name: string = 'SubscriptionNotSupportedError'
  static override readonly code: string = 'SUBSCRIPTION_NOT_SUPPORTED'
}

/**
 * A stream of results ended before it was complete: the connection broke, or the server gave up. Results that came
 * before have been delivered.
 *
 * @example
 * ```ts
 * import { StreamInterruptedError } from '@graphlinks/http-link'
 *
 * export const soFar = (error: unknown): unknown => (StreamInterruptedError.is(error) ? error.partial?.data : undefined)
 * ```
 */
export class StreamInterruptedError extends ResponseError {
  static override readonly name: string = 'StreamInterruptedError'
  static override readonly code: string = 'STREAM_INTERRUPTED'
  readonly #partial: Result | undefined

  constructor(message: string, details?: ResponseDetails, partial?: Result) {
    super(message, { ...details, retryable: true })
    this.#partial = partial
  }

  /** The data so far, where `@defer` or `@stream` broke off. Not printed with the error. */
  get partial(): Result | undefined {
    return this.#partial
  }
}
