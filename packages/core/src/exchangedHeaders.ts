import { withField } from './copies.ts'
import { requireConfidential, type Destination } from './credentials.ts'
import { Field } from './field.ts'
import { isHarmless } from './harmless.ts'
import { headerEntries, type HeaderEntry, type HeadersInput } from './headers.ts'
import type { Operation, OperationValue } from './operation.ts'

/**
 * For authors of terminal links: checks headers that an exchange wants to be set, and remembers them as secrets of the
 * operation, so that they are cut out of errors.
 *
 * @param link - the exchange's.
 * @returns the headers, with lower-case names; `null` for one that is to be removed.
 * @throws `HeaderError` when one cannot be sent, `InsecureTransportError` when it would travel unencrypted to another
 * machine.
 *
 * @example
 * ```ts
 * import { exchangesOf, type Operation, type OutgoingRequest } from '@graphlinks/core'
 * import { exchangedHeaders } from '@graphlinks/core/exchange'
 *
 * export async function changed(operation: Operation, request: OutgoingRequest): Promise<ReadonlyMap<string, string>> {
 *   const headers = new Map(request.headers)
 *   for (const exchange of exchangesOf(operation)) {
 *     const change = await exchange.request?.({ ...request, headers }, operation)
 *     const destination = { endpoint: request.url, link: 'myLink' }
 *     for (const [name, value] of exchangedHeaders(operation, change?.headers ?? {}, exchange.link, destination)) {
 *       if (value === null) headers.delete(name)
 *       else headers.set(name, value)
 *     }
 *   }
 *   return headers
 * }
 * ```
 */
export function exchangedHeaders(
  operation: Operation,
  headers: HeadersInput,
  link: string,
  { endpoint, allowInsecure }: Destination,
): readonly HeaderEntry[] {
  const entries = headerEntries(headers, { link, operationName: operation.operationName })
  let marked = operation
  for (const [name, value] of entries) {
    const sensitive = !isHarmless(name)
    if (sensitive && value && !allowInsecure) requireConfidential(endpoint, name, link, operation)
    marked = withField(marked, new Field(name, value, sensitive))
  }
  ;(operation as OperationValue).execution?.sent.push(marked)
  return entries
}
