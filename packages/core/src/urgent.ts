import { contextKey, type ContextKey } from './context.ts'

/**
 * Marks an operation that others wait for, under this key of its context: a link that lets operations wait lets it pass,
 * since it would wait for those that wait for it. The `context` that a function which renews tokens is given has it.
 *
 * @example
 * ```ts
 * import { emptyContext, urgent, type Client } from '@graphlinks/core'
 *
 * // A link further in asks for it on behalf of other operations.
 * export const tenantOf = (client: Client) =>
 *   client.request('{ tenant }', undefined, { context: emptyContext.with(urgent, true) })
 * ```
 */
export const urgent: ContextKey<boolean> = /* @__PURE__ */ contextKey('urgent')
