import {
  inDevelopment,
  OptionsError,
  renderFields,
  TimeoutError,
  type Clock,
  type JsonObject,
  type Operation,
} from '@graphlinks/core'
import { identityOf } from '@graphlinks/core/deferred'
import { detailsOf } from './details.ts'
import type { Protocol } from './protocol.ts'
import { loadSocketClass, type SocketClass } from './socket.ts'
import { createUpgrade, upgradesOf, type Upgrade } from './upgrade.ts'

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

/** Query parameters for one connection, such as a one-time ticket. They are secrets. */
export type Ticket = (
  operation: Operation,
  input: PayloadInput,
) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>

/** Everything that makes one connection differ from another. */
export interface Handshake {
  /**
   * Equal for two operations exactly when they may share a connection. It stays the same while the tokens of a session
   * are renewed. Holds credentials: never print it.
   */
  readonly key: string
  readonly payload: JsonObject | undefined
  readonly socketClass: SocketClass
  /** What the operation itself would be sent with. */
  readonly headers: Readonly<Record<string, string>>
  /** Makes what is good for one socket. @throws what a function fails with that has a part in it. */
  readonly address: () => Promise<SocketAddress>
}

/** Where one socket is opened, and with what: a ticket is good for one. */
interface SocketAddress {
  readonly url: string
  readonly subprotocols: readonly string[]
  /** What was put into the URL, where that was asked for. */
  readonly parameters: Readonly<Record<string, string>> | undefined
  /** Headers of the HTTP upgrade. */
  readonly upgradeHeaders: Readonly<Record<string, string>>
  /** Hears what the upgrade was answered with; `undefined` where nobody wants to know. */
  readonly answered: Upgrade['answered'] | undefined
}

/** All that a socket is opened with. */
export type FullHandshake = Handshake & SocketAddress

/** What {@link createHandshake} needs to know. */
export interface HandshakeOptions {
  readonly endpoint: URL
  readonly protocol: Protocol
  readonly payload: Payload
  readonly ticket: Ticket | undefined
  readonly handshakeHeaders: boolean
  readonly webSocket: SocketClass | undefined
  readonly allowInsecure: boolean
  readonly connectTimeoutMs: number
  readonly clock: Clock
}

// They describe one HTTP message; in a payload they would only keep operations from sharing a socket.
const transportHeaders: ReadonlySet<string> = new Set(
  'accept accept-encoding baggage cache-control content-type idempotency-key priority traceparent tracestate user-agent x-correlation-id x-request-id'.split(
    ' ',
  ),
)

/** Renders the headers and credentials of an operation for `connection_init` (graphql-transport-ws, ConnectionInit). */
export async function createHandshake(operation: Operation, options: HandshakeOptions): Promise<Handshake> {
  const { endpoint, allowInsecure, handshakeHeaders, protocol, ticket } = options
  const fields = renderFields(operation, { endpoint, link: 'wsLink', allowInsecure })
  // A query parameter would put the secret into the URL of the handshake, which servers and proxies log.
  const entries = [...fields.headers, ...fields.searchParams].filter(
    (entry): entry is [string, string] => entry[1] !== null && !transportHeaders.has(entry[0]),
  )
  const headers = Object.fromEntries(entries)
  const hasExchanges = upgradesOf(operation).length > 0
  const making = Promise.all([
    createPayload(options.payload, operation, headers),
    loadSocketClass(options.webSocket, handshakeHeaders || hasExchanges, operation),
  ])
  const isPrompt = typeof options.payload !== 'function'
  const [payload, socketClass] = await (isPrompt ? making : inTime(operation, options, making))
  const rendered = handshakeHeaders && headers
  // Of what differs from one attempt to the next, the key has whose it is.
  const isPersonal = ticket !== undefined || hasExchanges
  const identity = isPersonal && identityOf(operation).reveal()
  const parts = [payload, rendered, protocol.address && headers, identity]
  return {
    key: canonical(parts, fields.owners),
    payload,
    socketClass,
    headers,
    address: () => inTime(operation, options, createAddress(operation, headers, options)),
  }
}

async function createAddress(
  operation: Operation,
  headers: Readonly<Record<string, string>>,
  { endpoint, protocol, ticket, allowInsecure, handshakeHeaders }: HandshakeOptions,
): Promise<SocketAddress> {
  const [address, parameters] = await Promise.all([
    protocol.address?.(endpoint, headers) ?? { url: endpoint.href, subprotocols: [protocol.subprotocol] },
    ticket?.(operation, { headers }),
  ])
  const url = new URL(address.url)
  for (const [name, value] of Object.entries(parameters ?? {})) url.searchParams.set(name, value)
  const upgrade = await createUpgrade(operation, url, headers, allowInsecure)
  return {
    url: url.href,
    subprotocols: address.subprotocols,
    parameters,
    upgradeHeaders: { ...(handshakeHeaders && headers), ...upgrade?.headers },
    answered: upgrade?.answered,
  }
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
      detailsOf(operation),
    )
  }
  if (Object.keys(headers).length === 0) return undefined
  return shape === 'flat' ? headers : { headers }
}

/** JSON with sorted keys, so that equal values have equal texts, and with the owners of values in place of those. */
function canonical(value: unknown, owners: ReadonlyMap<string, string> | undefined): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'string' && owners) return withOwners(inner, owners)
    return typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner
  })
}

function withOwners(text: string, owners: ReadonlyMap<string, string>): string {
  let owned = text
  for (const [value, owner] of owners) {
    // NUL: no header has it, so nobody can write what stands for the tokens of somebody else.
    const mark = `\0${owner}\0`
    owned = owned.replaceAll(value, mark).replaceAll(value.slice(value.indexOf(' ') + 1), mark)
  }
  return owned
}

/** Nothing is waited for for ever. */
export function inTime<Value>(
  operation: Operation,
  { connectTimeoutMs, clock }: Pick<HandshakeOptions, 'connectTimeoutMs' | 'clock'>,
  making: Promise<Value>,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(connectTimeoutMs, () => {
      const message = `no payload, ticket or credentials within ${connectTimeoutMs} ms (connectTimeoutMs)`
      reject(new TimeoutError(message, detailsOf(operation)))
    })
    making.finally(cancel).then(resolve, reject)
  })
}
