import { Operation, Clock, Link } from '@graphlinks/core';

/** A number of milliseconds, or a function of the operation that gives one; `undefined` or `Infinity`: no limit. */
type Limit = number | ((operation: Operation) => number | undefined);
/** Options of {@link timeoutLink}. At least one limit is needed. */
interface TimeoutLinkOptions {
    /**
     * How long a query or mutation may take from its start to its last result, in milliseconds. It does not count for
     * subscriptions, which last as long as somebody listens. Default: no limit.
     */
    readonly timeoutMs?: Limit | undefined;
    /**
     * How long any operation may go without a result while one is asked for, in milliseconds: before the first, and between
     * two. What comes first, this or `timeoutMs`, ends the operation. Default: no limit.
     */
    readonly idleTimeoutMs?: Limit | undefined;
    /** Time for both. Default: the platform's. */
    readonly clock?: Clock | undefined;
}
/**
 * Ends operations that take too long with a `TimeoutError`. Before a retry link it limits the whole operation, after one
 * each attempt.
 *
 * @throws {@link OptionsError} when an option is no good, when the link is built; operations fail with one where a
 * function gives what is no limit.
 *
 * @example
 * ```ts
 * import { chain } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 * import { timeoutLink } from '@graphlinks/timeout-link'
 *
 * export const link = chain(timeoutLink({ timeoutMs: 10_000 }), httpLink({ url: 'https://api.example.com/graphql' }))
 * ```
 */
declare function timeoutLink(options: TimeoutLinkOptions): Link;

export { timeoutLink };
export type { Limit, TimeoutLinkOptions };
