import { withLayers } from './copies.ts'
import type { CredentialSource, FieldLayer } from './layers.ts'
import type { Link, Next } from './link.ts'
import { OperationValue, type Operation } from './operation.ts'
import { isPromise, type Results } from './results.ts'

export type { CredentialSource } from './layers.ts'

/**
 * Makes a link of a function that attaches credentials which change: WebSocket links call it again for each connection
 * that a subscription lives to see. What a plain link attaches stays as it was at first.
 *
 * @example
 * ```ts
 * import { renewableLink, withCredential } from '@graphlinks/core'
 *
 * export const session = renewableLink(async (operation) =>
 *   withCredential(operation, { name: 'x-session', value: await readSession() }),
 * )
 *
 * const readSession = async (): Promise<string> => 'abc123'
 * ```
 */
export function renewableLink(attach: (operation: Operation) => Operation | Promise<Operation>): Link {
  const source: CredentialSource = { attach }
  const named: Link = function renewableLink(operation, next) {
    return sendWith(source, operation, next)
  }
  return Object.assign(named, { stage: 'credential' as const })
}

/** Sends an operation with what a source attaches. Stays synchronous for as long as the source does. */
export function sendWith(source: CredentialSource, operation: Operation, next: Next): Results | Promise<Results> {
  const send = (changed: Operation): Results | Promise<Results> => next(withSource(operation, changed, source))
  const attached = source.attach(operation)
  return isPromise(attached) ? attached.then(send) : send(attached)
}

/** A copy that remembers where what was attached between two copies came from. */
export function withSource(before: Operation, after: Operation, source: CredentialSource): Operation {
  return withLayers(after, {
    type: 'source',
    source,
    base: (before as OperationValue).layers,
    parent: (after as OperationValue).layers,
  })
}

/**
 * For authors of terminal links: where the credentials of an operation come from, the outermost link's last. Those of
 * plain links and constant values come from nowhere.
 *
 * @example
 * ```ts
 * import { credentialSources, type Operation } from '@graphlinks/core'
 *
 * export const mayChange = (operation: Operation): boolean => credentialSources(operation).length > 0
 * ```
 */
export function credentialSources(operation: Operation): readonly CredentialSource[] {
  const sources: CredentialSource[] = []
  for (let layer = (operation as OperationValue).layers; layer; layer = layer.parent) {
    if (layer.type === 'source') sources.push(layer.source)
  }
  return sources
}

/**
 * For authors of terminal links: a copy of the operation with all credentials as they are now. Each source sees what the
 * links before it attached, as it did the first time.
 *
 * @throws what a source fails with.
 *
 * @example
 * ```ts
 * import { renderFields, renewCredentials, type Operation } from '@graphlinks/core'
 *
 * export const reconnect = async (operation: Operation, endpoint: URL): Promise<ReadonlyMap<string, string | null>> =>
 *   renderFields(await renewCredentials(operation), { endpoint, link: 'myLink' }).headers
 * ```
 */
export async function renewCredentials(operation: Operation): Promise<Operation> {
  const { origin, variables, extensions, context, layers, execution } = operation as OperationValue
  const renew = async (layer: FieldLayer | undefined): Promise<Operation> => {
    if (!layer) return new OperationValue(origin, variables, extensions, context, undefined, execution)
    if (layer.type !== 'source') {
      const before = await renew(layer.parent)
      return withLayers(before, { ...layer, parent: (before as OperationValue).layers })
    }
    const before = await renew(layer.base)
    return withSource(before, await layer.source.attach(before), layer.source)
  }
  return credentialSources(operation).length > 0 ? renew(layers) : operation
}
