import { exchangesOf, GraphLinksError, type Operation } from '@graphlinks/core'
import type { Attempt } from './attempt.ts'
import { NetworkError } from './networkError.ts'
import { outline } from './outline.ts'
import { readBody } from './readBody.ts'
import { mediaTypeOf, type ResponseHead, type WireResponse } from './response.ts'
import type { Transport, TransportResponse, WireRequest } from './transport.ts'

/** What {@link send} needs to know beside the request. */
export interface SendOptions {
  readonly transport: Transport
  readonly maxResponseBytes: number
  readonly redirects?: 'error' | 'same-origin' | undefined
  readonly allowInsecure?: boolean | undefined
}

/** A response whose body is still to be read. */
export interface OpenResponse extends ResponseHead, Pick<TransportResponse, 'body' | 'readAll'> {}

/** Sends a request, and again where the policy lets it follow a redirect. */
export async function send(
  operation: Operation,
  request: WireRequest,
  attempt: Attempt,
  options: SendOptions,
): Promise<OpenResponse> {
  return open(operation, request, await transmit(operation, request, attempt, options), attempt, options)
}

/**
 * Hands a request to the transport, after what takes part in the exchanges of its operation.
 *
 * @throws the reason of the attempt's end, when there was one.
 */
export function transmit(
  operation: Operation,
  request: WireRequest,
  attempt: Attempt,
  options: SendOptions,
): Promise<TransportResponse> {
  // What is over may have ended while its request was made of it, and not every stack would look.
  attempt.check()
  const exchanges = exchangesOf(operation)
  for (const each of exchanges) {
    if (each.credentialsMode) request = { ...request, credentials: each.credentialsMode(request.url) }
  }
  // The mode is all that browsers need for cookies.
  if (exchanges.every((each) => !each.request && !each.response)) return options.transport.send(request, attempt)
  return import('./exchanges.ts').then(({ exchange }) => exchange(operation, request, exchanges, attempt, options))
}

/** What a request was answered with, in the end. */
export function open(
  operation: Operation,
  request: WireRequest,
  response: TransportResponse,
  attempt: Attempt,
  options: SendOptions,
): OpenResponse | Promise<OpenResponse> {
  const { status, headers, body, readAll } = response
  const { origin, pathname } = request.url
  const head = { status, headers, url: origin + pathname, mediaType: mediaTypeOf(headers), body, readAll }
  if (!response.redirects) return head
  return import('./redirect.ts').then(({ follow }) =>
    follow(operation, { request, response, head }, attempt, options, { readWhole, send }),
  )
}

/** Reads a response to its end. A body that is there already needs no waiting, which costs more than reading it. */
export function readWhole(
  operation: Operation,
  response: OpenResponse,
  attempt: Attempt,
  { maxResponseBytes }: Pick<SendOptions, 'maxResponseBytes'>,
): WireResponse | Promise<WireResponse> {
  const { status, headers, url, mediaType, readAll } = response
  const toWhole = (bytes: Uint8Array | undefined): WireResponse | Promise<never> => {
    attempt.check()
    if (!bytes) return fail(operation, response, maxResponseBytes)
    return { status, headers, url, mediaType, text: decode(bytes) }
  }
  const body = readAll ? readAll(maxResponseBytes) : readBody(response.body, maxResponseBytes)
  return body instanceof Promise ? body.then(toWhole) : toWhole(body)
}

async function fail(operation: Operation, response: OpenResponse, maxBytes: number): Promise<never> {
  throw (await import('./failure.ts')).tooLarge(operation, response, maxBytes)
}

/** UTF-8, a byte order mark dropped (RFC 8259 section 8.1). Bytes that are none must not turn into data unseen. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** What an operation fails with when this went wrong. Not loaded lazily: without a network nothing loads. */
export function failureOf(error: unknown, { operationName }: Operation, origin = 'the server'): unknown {
  if (GraphLinksError.is(error)) return error
  const cause = outline(error, 3)
  const codes = [cause.message, Object(cause.cause).message].filter(Boolean).join(', ')
  return new NetworkError(`no answer from ${origin}: the connection failed or broke (${codes})`, {
    link: 'httpLink',
    operationName,
    cause,
  })
}
