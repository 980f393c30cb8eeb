import { inDevelopment, OptionsError, renderFields, type JsonObject, type Operation } from '@graphlinks/core'

/** What a payload function gets beside the operation. */
export interface PayloadInput {
  /** The headers and credentials that the HTTP link would send, by lower-case name. They are secrets. */
  readonly headers: Readonly<Record<string, string>>
}

/**
 * The shape of the `connection_init` payload: headers `'nested'` under `headers`, `'flat'` at the top, or whatever a
 * function gives.
 */
export type Payload =
  | 'nested'
  | 'flat'
  | ((operation: Operation, input: PayloadInput) => JsonObject | undefined | Promise<JsonObject | undefined>)

/** Everything that makes one socket differ from another. */
export interface Handshake {
  /** Equal for two operations exactly when they may share a socket. Holds credentials: never print it. */
  readonly identity: string
  readonly payload: JsonObject | undefined
  /** Headers of the HTTP upgrade, where those were asked for. */
  readonly headers: Readonly<Record<string, string>> | undefined
}

/** What {@link createHandshake} needs to know. */
export interface HandshakeOptions {
  readonly endpoint: URL
  readonly payload: Payload
  readonly handshakeHeaders: boolean
  readonly allowInsecure: boolean
}

// They describe one HTTP message; in a payload they would only keep operations from sharing a socket.
const transportHeaders = new Set(
  'accept accept-encoding baggage cache-control content-type idempotency-key priority traceparent tracestate user-agent x-correlation-id x-request-id'.split(
    ' ',
  ),
)

/** Renders the headers and credentials of an operation for `connection_init` (graphql-transport-ws, ConnectionInit). */
export async function createHandshake(operation: Operation, options: HandshakeOptions): Promise<Handshake> {
  const { endpoint, allowInsecure, handshakeHeaders } = options
  const fields = renderFields(operation, { endpoint, link: 'wsLink', allowInsecure })
  // A query parameter would put the secret into the URL of the handshake, which servers and proxies log.
  const entries = [...fields.headers, ...fields.searchParams].filter(
    (entry): entry is [string, string] => entry[1] !== null && !transportHeaders.has(entry[0]),
  )
  const headers = Object.fromEntries(entries)
  const payload = await createPayload(options.payload, operation, headers)
  const upgrade = handshakeHeaders ? headers : undefined
  return { identity: canonical([payload, upgrade]), payload, headers: upgrade }
}

async function createPayload(
  shape: Payload,
  operation: Operation,
  headers: Readonly<Record<string, string>>,
): Promise<JsonObject | undefined> {
  if (typeof shape === 'function') {
    const given: unknown = (await shape(operation, { headers })) ?? undefined
    if (given === undefined || (typeof given === 'object' && !Array.isArray(given))) return given as JsonObject
    throw new OptionsError(
      inDevelopment(
        () => `the payload function gave ${Array.isArray(given) ? 'an array' : `a ${typeof given}`}, not an object`,
      ) ?? 'payload',
      { link: 'wsLink', operationName: operation.operationName },
    )
  }
  if (Object.keys(headers).length === 0) return undefined
  return shape === 'flat' ? headers : { headers }
}

/** JSON with sorted keys, so that equal values have equal texts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
