import { Operation, Clock, Link } from '@graphlinks/core';

/** A link that makes a second attempt where the first is slow. */

/** Options of {@link hedgeLink}. */
interface HedgeLinkOptions {
    /**
     * How long an attempt may go without a result before another is made beside it, in milliseconds; or a function of the
     * operation that gives it. `undefined` or `Infinity` of the function: none is made. Good is what 95 % of the queries need.
     */
    readonly delayMs: number | ((operation: Operation) => number | undefined);
    /** How many attempts are made at most beside the first, each `delayMs` after the one before. Default: 1. */
    readonly maxHedges?: number | undefined;
    /**
     * How many hedges there may be for each query, over all queries of the link: 0.1 is one for ten, so that an outage is
     * not multiplied. What is not used is kept, up to 10 hedges; a link starts with these. `Infinity`: no limit. Default: 0.1.
     */
    readonly budget?: number | undefined;
    /** Time for `delayMs`. Default: the platform's. */
    readonly clock?: Clock | undefined;
}
/**
 * Makes a second attempt of a query that is slow, beside the first. The first result wins, and with it the rest of its
 * attempt; the others are closed at once. An error counts where no other attempt is on its way. Mutations and
 * subscriptions pass, as do queries with a stream in their variables, and those whose context says `replay: 'never'`.
 *
 * @throws {@link OptionsError} when an option is no good, when the link is built; operations fail with one where a
 * function gives what is no delay.
 *
 * @example
 * ```ts
 * import { bearerLink, chain } from '@graphlinks/core'
 * import { hedgeLink } from '@graphlinks/hedge-link'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * export const link = chain(
 *   hedgeLink({ delayMs: 300 }),
 *   bearerLink('token'),
 *   httpLink({ url: 'https://api.example.com/graphql' }),
 * )
 * ```
 */
declare function hedgeLink(options: HedgeLinkOptions): Link;

export { hedgeLink };
export type { HedgeLinkOptions };
