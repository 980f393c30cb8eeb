import { Operation, Clock, Link, GraphLinksError } from '@graphlinks/core';

/** A link that limits how many operations are on their way at once. */

/** Options of {@link concurrencyLink}. */
interface ConcurrencyLinkOptions {
    /** How many operations of one key may be on their way at once. A place is kept until the results have ended. */
    readonly maxInFlight: number;
    /** How many of one key may wait for a place; the next one fails with a {@link QueueFullError}. Default: 10,000. */
    readonly maxQueued?: number | undefined;
    /**
     * How long an operation may wait for a place, in milliseconds, before it fails with a `TimeoutError`.
     * Default: `Infinity`, no limit.
     */
    readonly queueTimeoutMs?: number | undefined;
    /**
     * Operations with different keys are limited apart; one with `undefined` needs no place. Wins over the default: one key
     * for all queries and mutations, and none for subscriptions. What is marked `urgent` needs no place, whatever its key.
     */
    readonly key?: ((operation: Operation) => string | undefined) | undefined;
    /** Time for `queueTimeoutMs`. Default: the platform's. */
    readonly clock?: Clock | undefined;
}
/**
 * Lets so many operations on their way at once; the others wait, first come, first served. One that is cancelled leaves
 * the queue at once and is never sent. Subscriptions, which may last for days, neither wait nor count.
 *
 * @throws {@link OptionsError} when an option is no good, when the link is built. Operations fail with a
 * {@link QueueFullError} where too many wait, or with a `TimeoutError` after `queueTimeoutMs`.
 *
 * @example
 * ```ts
 * import { bearerLink, chain } from '@graphlinks/core'
 * import { concurrencyLink } from '@graphlinks/concurrency-link'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * export const link = chain(
 *   concurrencyLink({ maxInFlight: 6, queueTimeoutMs: 10_000 }),
 *   bearerLink('token'), // asked when an operation has its place
 *   httpLink({ url: 'https://api.example.com/graphql' }),
 * )
 * ```
 */
declare function concurrencyLink(options: ConcurrencyLinkOptions): Link;

/**
 * As many operations wait for a place as may (`maxQueued`). The operation was not sent.
 *
 * @example
 * ```ts
 * import { QueueFullError } from '@graphlinks/concurrency-link'
 *
 * export const isOverloaded = (error: unknown): boolean => QueueFullError.is(error)
 * ```
 */
declare class QueueFullError extends GraphLinksError {
    static readonly name: string;
    static readonly code: string;
}

export { QueueFullError, concurrencyLink };
export type { ConcurrencyLinkOptions };
