// Loaded when the first operation fails, so that applications do not start by loading what may never happen.
import {
  inDevelopment,
  LinkError,
  OptionsError,
  type Operation,
  type ResponseHeaders,
  type Result,
} from '@graphlinks/core'
import { redact, redactError } from '@graphlinks/core/redact'
import {
  EmptyResponseError,
  HttpError,
  MalformedResponseError,
  ResponseTooLargeError,
  SubscriptionNotSupportedError,
  type ResponseDetails,
  type ResponseError,
} from './index.ts'
import type { Flaw, ResponseHead, WireResponse } from './response.ts'
import type { StreamOptions } from './streams.ts'

/** The result of what is none as it is, where it has all the parts of one. @throws why there is none. */
export async function settleFlaw(
  operation: Operation,
  response: WireResponse,
  flaw: Flaw,
  options: StreamOptions,
): Promise<Result> {
  if (flaw !== 'single' || operation.kind === 'subscription') throw explainFailure(operation, response, flaw)
  const { resultAtOnce } = await import('./streams.ts')
  return resultAtOnce(operation, response, options)
}

/** Why a response is no result, as an error. docs/links/httpLink.md has all cases as a table. */
export function explainFailure(operation: Operation, response: WireResponse, flaw: Flaw): ResponseError {
  const { status, text = '' } = response
  // RFC 6838 section 4.2; what is none could be anything.
  const mediaType = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}$/.test(response.mediaType) ? response.mediaType : ''
  const isEmpty = text.trim() === '' && response.text !== undefined
  const details = responseDetails(operation, response)

  if (isEmpty && ((status >= 200 && status < 300) || status === 304)) {
    return new EmptyResponseError(
      `the server answered ${status} without a body, where a GraphQL result is due`,
      details,
    )
  }
  const excerpt = text && `; the body starts with: ${redact(operation, text)}`
  if (flaw === 'single') {
    return new SubscriptionNotSupportedError(
      `the server answered the subscription with a single result: it does no subscriptions at this URL; use wsLink${excerpt}`,
      details,
    )
  }
  const what = `the server answered ${status}${mediaType && ` with ${mediaType}`}`
  return isEmpty || flaw === 'foreign'
    ? new HttpError(`${what}${hint(operation, response) ?? ''}${excerpt}`, {
        ...details,
        mediaType,
      })
    : new MalformedResponseError(`${what}, but ${malformation(response)}${excerpt}`, details)
}

/** A request could not be made of the operation. */
export function unsendable(operation: Operation, url: URL | undefined, error: unknown): unknown {
  // As runtimes and bundlers say that a file could not be had.
  if (/(ed|a|find) module|load(ing)? (css )?chunk/i.test(String(error))) return error
  const problem = url ? 'the operation cannot be written as JSON' : 'the url function threw'
  return new LinkError(`${problem}; see cause`, {
    link: 'httpLink',
    operationName: operation.operationName,
    cause: redactError(operation, error),
  })
}

/** A value in the variables cannot be sent. */
export function unfit({ operationName }: Operation, problem: string): OptionsError {
  return new OptionsError(problem, { link: 'httpLink', operationName })
}

/** The error of a response that was cut off. */
export function tooLarge(operation: Operation, response: ResponseHead, maxBytes: number): ResponseTooLargeError {
  return new ResponseTooLargeError(
    `the response has more than ${maxBytes} bytes (maxResponseBytes)`,
    responseDetails(operation, response),
  )
}

/** What every error about a response says of it. */
export function responseDetails(
  operation: Operation,
  { status, headers, url }: Omit<ResponseHead, 'mediaType'>,
): ResponseDetails {
  return {
    link: 'httpLink',
    operationName: operation.operationName,
    status,
    url,
    retryAfter: header(operation, headers, 'retry-after'),
    wwwAuthenticate: header(operation, headers, 'www-authenticate'),
  }
}

function malformation({ text }: WireResponse): string {
  if (text === undefined) return 'the body is no valid UTF-8'
  try {
    JSON.parse(text)
    return 'the body is no GraphQL result: an object with data, or with a list of errors that have a message'
  } catch {
    return 'the body is no JSON'
  }
}

function header(operation: Operation, headers: ResponseHeaders, name: string): string | null {
  const value = headers.get(name)
  return value === null ? null : redact(operation, value)
}

/** What to do about it, for whoever develops. */
function hint({ kind }: Operation, { status, url, text = '' }: WireResponse): string | undefined {
  return inDevelopment(() => {
    // Whatever else is wrong, it would not work: servers answer 405, 406 or 415, or with their page for people.
    if (kind === 'subscription')
      return ' (does this server do subscriptions over HTTP, and as the option subscriptions says? Otherwise use wsLink, as in split((operation) => operation.kind === "subscription", wsLink(...), httpLink(...)))'
    if (/csrf|cross-site request forgery/i.test(text.slice(0, 4_096))) {
      return ' (its CSRF prevention wants a header: see the option csrf, or add it by headerLink({ "apollo-require-preflight": "true" }) or as its documentation names it)'
    }
    const hints: Readonly<Record<number, string>> = {
      401: 'the credential is missing, wrong or expired',
      403: 'the credential is not allowed to do this',
      404: `is the url right? it is ${url}`,
      406: 'it accepts none of the media types in the accept header',
      413: 'the request body is larger than the server takes',
      414: 'the URL is longer than the server takes',
      415: 'it wants another content-type than application/json',
      429: 'too many requests: wait for retryAfter',
      431: 'the headers are larger than the server takes, often about 16 KiB in all',
    }
    return hints[status] && ` (${hints[status]})`
  })
}
