import { InsecureTransportError } from './errors.ts'
import { inDevelopment } from './inDevelopment.ts'
import { exchangesOf } from './exchange.ts'
import type { Operation, OperationValue } from './operation.ts'
import { isLoopback, originOf } from './origin.ts'
import { Secret } from './secret.ts'

/** Where a terminal link is about to send an operation. */
export interface Destination {
  readonly endpoint: URL
  /** Name of the terminal link, for error messages. */
  readonly link: string
  /** Lets credentials go over plain http or ws to other hosts than loopback. Default: `false`. */
  readonly allowInsecure?: boolean | undefined
}

/** What an operation's headers and credentials come to at one destination. */
export interface RenderedFields {
  /** Lower-case names, one value each; `null` where something was removed, so that defaults stay away too. */
  readonly headers: ReadonlyMap<string, string | null>
  readonly searchParams: readonly (readonly [name: string, value: string])[]
  /** Of values that change while who they belong to stays, as the tokens of a session do: the owner of each. */
  readonly owners: ReadonlyMap<string, string> | undefined
}

/**
 * Opens the headers and credentials of an operation for one destination. The strongest of each name wins (call, request,
 * then links from the last to the first); a credential that is bound to other origins is left out, whatever its name.
 *
 * For authors of terminal links: everybody else leaves credentials closed.
 *
 * @throws {@link InsecureTransportError} when something sensitive would travel unencrypted to another machine.
 *
 * @example
 * ```ts
 * import { renderFields, single, type TerminalLink } from '@graphlinks/core'
 *
 * export const echo: TerminalLink = (operation) => {
 *   const endpoint = new URL('https://api.example.com/graphql')
 *   const { headers } = renderFields(operation, { endpoint, link: 'echo' })
 *   return single({ data: { names: [...headers.keys()] } })
 * }
 * ```
 */
export function renderFields(operation: Operation, { endpoint, link, allowInsecure }: Destination): RenderedFields {
  const headers = new Map<string, string | null>()
  let params: Map<string, string | null> | undefined
  let owners: Map<string, string> | undefined
  let isConfidential = allowInsecure
  for (const { name, place, value, sensitive, origins, owner } of (operation as OperationValue).fields) {
    const target = place === 'header' ? headers : (params ??= new Map())
    if (target.has(name) || (origins && !origins.includes(originOf(endpoint)))) continue
    if (sensitive && value && !isConfidential) {
      requireConfidential(endpoint, name, link, operation)
      isConfidential = true
    }
    target.set(name, value && value.reveal())
    if (owner !== undefined && value) (owners ??= new Map()).set(value.reveal(), owner)
  }
  ;(operation as OperationValue).execution?.sends(operation)
  const searchParams = params ? [...params].filter((param): param is [string, string] => param[1] !== null) : []
  return { headers, searchParams, owners }
}

/** @throws {@link InsecureTransportError} when the endpoint is neither encrypted nor on this machine. */
export function requireConfidential(endpoint: URL, name: string, link: string, { operationName }: Operation): void {
  if (/^(https|wss):$/.test(endpoint.protocol) || isLoopback(endpoint.hostname)) return
  throw new InsecureTransportError(
    inDevelopment(
      () =>
        `"${name}" is secret and ${originOf(endpoint)} not encrypted: use https or wss, or set sensitive: false or allowInsecure: true`,
    ) ?? `"${name}" needs https or wss`,
    { link, operationName },
  )
}

/**
 * What the operation's credentials amount to: two operations whose sensitive headers or query parameters differ have
 * different identities; the tokens of one session, however often they are renewed, are one. Links that share work between operations (dedup, batch, cache, sockets) key on it. It comes in
 * a {@link Secret} because it holds the credentials: reveal it as a key in memory, never print it.
 *
 * @example
 * ```ts
 * import { createOperation, identityOf } from '@graphlinks/core'
 *
 * const ada = createOperation({ document: '{ hello }', headers: { authorization: 'Bearer ada' } })
 * const bob = createOperation({ document: '{ hello }', headers: { authorization: 'Bearer bob' } })
 * console.log(identityOf(ada).reveal() === identityOf(bob).reveal()) // false
 * ```
 */
export function identityOf(operation: Operation): Secret {
  const settled = new Set<string>()
  const parts: unknown[][] = []
  for (const { name, place, value, sensitive, origins, owner } of (operation as OperationValue).fields) {
    const slot = `${place} ${name}`
    if (settled.has(slot)) continue
    if (origins === undefined) settled.add(slot)
    if (sensitive && value !== null) parts.push([slot, owner === undefined ? value.reveal() : { owner }, origins])
  }
  for (const { link, identity } of exchangesOf(operation)) if (identity) parts.push([link, identity])
  return new Secret(JSON.stringify(parts.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))))
}

/**
 * All that a server is told beside the document, its variables and extensions: operations of one fingerprint have one
 * identity, and the same headers and query parameters to the letter. Other than in {@link identityOf}, harmless headers
 * count, and so do the tokens of a session: one that was renewed may be good where the one before was refused. For links
 * that answer several operations by one request.
 *
 * @param except - names of headers that do not count, in lower case. A sensitive one stays part of the identity. Default:
 * those that name a request and do not change its answer, `traceparent`, `tracestate`, `x-request-id` and
 * `x-correlation-id`.
 *
 * @example
 * ```ts
 * import { createOperation, fingerprintOf } from '@graphlinks/core'
 *
 * const english = createOperation({ document: '{ hello }', headers: { 'accept-language': 'en' } })
 * const german = createOperation({ document: '{ hello }', headers: { 'accept-language': 'de' } })
 * console.log(fingerprintOf(english).reveal() === fingerprintOf(german).reveal()) // false
 * ```
 */
export function fingerprintOf(operation: Operation, except: readonly string[] = namesOfRequests): Secret {
  const told = (operation as OperationValue).fields
    .filter(({ name }) => !except.includes(name))
    .map(({ name, place, value, origins }) => [name, place, value && value.reveal(), origins])
    // Stable: of one name, the stronger stays first.
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0))
  return new Secret(JSON.stringify([identityOf(operation).reveal(), told]))
}

const namesOfRequests: readonly string[] = ['traceparent', 'tracestate', 'x-request-id', 'x-correlation-id']
