import { Operation, Link, ContextKey } from '@graphlinks/core';

/** Options of {@link dedupLink}. */
interface DedupLinkOptions {
    /**
     * Headers that name a request and do not change its answer: queries that differ in them alone are identical, and the
     * one that is sent has those of the first. Default: `traceparent`, `tracestate`, `x-request-id`, `x-correlation-id`.
     */
    readonly ignoreHeaders?: readonly string[] | undefined;
    /**
     * What else decides the answer, as a text: queries for which it differs are not identical; `undefined`: the query is
     * not shared. In place of the default: the context of the operation, by which links further in may choose a server.
     */
    readonly key?: ((operation: Operation) => string | undefined) | undefined;
}
/**
 * Whether a query may share its execution with identical ones, under this key of its context. Default: `true`.
 *
 * @example
 * ```ts
 * import { emptyContext } from '@graphlinks/core'
 * import { sharing } from '@graphlinks/dedup-link'
 *
 * // A query that must be asked for itself, such as that of a poll.
 * export const context = emptyContext.with(sharing, false)
 * ```
 */
declare const sharing: ContextKey<boolean>;
/**
 * Lets identical queries that are on their way at the same time share one execution: the same document, variables and
 * extensions, headers and credentials. Each caller gets results of its own; one that leaves ends nothing for the others,
 * and the last one to leave ends the execution.
 *
 * @throws {@link OptionsError} when an option is no good, when the link is built.
 *
 * @example
 * ```ts
 * import { bearerLink, chain, createClient } from '@graphlinks/core'
 * import { dedupLink } from '@graphlinks/dedup-link'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * const client = createClient({
 *   link: chain(bearerLink('token'), dedupLink(), httpLink({ url: 'https://api.example.com/graphql' })),
 * })
 * await Promise.all([client.query('{ hello }'), client.query('{ hello }')]) // one request
 * ```
 */
declare function dedupLink(options?: DedupLinkOptions): Link;

export { dedupLink, sharing };
export type { DedupLinkOptions };
