import { AttemptOutcome, Operation, Clock, TerminalLink } from '@graphlinks/core';

/** A terminal link of several, of which the first that can be used sends the operation. */

/** Options of {@link failoverLink}. */
interface FailoverLinkOptions {
    /**
     * How long an endpoint that could not be used is not tried first, in milliseconds, and up to a fifth longer at random.
     * Then one operation tries it, and the others follow when it has answered. Default: 30,000.
     */
    readonly stickyMs?: number | undefined;
    /**
     * Whether an endpoint cannot be used, so that the next one is tried. What it throws is the operation's error.
     * Mutations are moved only where they certainly did not run, whatever it says. Default: {@link isUnavailable}.
     */
    readonly isUnavailable?: ((outcome: AttemptOutcome, operation: Operation) => boolean) | undefined;
    /** Called when an operation goes on to another endpoint. What it throws is ignored. */
    readonly onFailover?: ((event: FailoverEvent) => void) | undefined;
    /** Time for `stickyMs`. No timer is set. Default: the platform's. */
    readonly clock?: Clock | undefined;
    /** Numbers from 0 to 1, for `stickyMs`. Default: `Math.random`. */
    readonly random?: (() => number) | undefined;
}
/** An operation goes on to another endpoint. */
interface FailoverEvent {
    /** Position in the list. */
    readonly from: number;
    /** Position in the list. */
    readonly to: number;
    readonly operationName: string | undefined;
    /** What the operation failed with before, where it was an error. */
    readonly error: unknown;
}
/**
 * Makes one terminal link of several that lead to the same API, the preferred one first. Where it cannot be used, a query,
 * or a subscription that has had no event, goes to the next; a mutation only where it certainly did not run.
 * What follows goes there at once, for `stickyMs`.
 *
 * Credentials without `origins` go to whichever endpoint sends the operation; those with `origins` to no other.
 *
 * @throws {@link OptionsError} when an option is no good, `WiringError` when one of the links is no terminal link; both
 * when the link is built. Operations fail with the error of the endpoint that was tried last; one whose circuit is open
 * was not tried.
 *
 * @example
 * ```ts
 * import { bearerLink, chain } from '@graphlinks/core'
 * import { failoverLink } from '@graphlinks/failover-link'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * export const link = chain(
 *   bearerLink('token'),
 *   failoverLink([
 *     httpLink({ url: 'https://eu.example.com/graphql', timeoutMs: 5_000 }),
 *     httpLink({ url: 'https://us.example.com/graphql' }),
 *   ]),
 * )
 * ```
 */
declare function failoverLink(terminals: readonly TerminalLink[], options?: FailoverLinkOptions): TerminalLink;

/**
 * Whether an attempt says that its endpoint cannot be used now: no connection, no answer in time; 502, 503 or 504, also
 * with a GraphQL body, since a gateway wrote it; an open circuit. Never a GraphQL error, another status, or what has to
 * do with credentials: the next endpoint would say the same.
 *
 * @example
 * ```ts
 * import { failoverLink, isUnavailable } from '@graphlinks/failover-link'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * export const link = failoverLink(
 *   [httpLink({ url: 'https://eu.example.com/graphql' }), httpLink({ url: 'https://us.example.com/graphql' })],
 *   { isUnavailable: (outcome) => isUnavailable(outcome) || outcome.result?.http?.status === 500 },
 * )
 * ```
 */
declare function isUnavailable({ result, error }: AttemptOutcome): boolean;

export { failoverLink, isUnavailable };
export type { FailoverEvent, FailoverLinkOptions };
