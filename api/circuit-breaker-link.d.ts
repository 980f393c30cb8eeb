import { Operation, AttemptOutcome, Clock, Link, GraphLinksError, ErrorDetails } from '@graphlinks/core';

/** `closed`: operations pass. `open`: none does. `half-open`: a few do, to find out whether the endpoint is back. */
type CircuitPhase = 'closed' | 'open' | 'half-open';

/** Options of `circuitBreakerLink`. */
interface CircuitBreakerLinkOptions {
    /**
     * Which circuit an operation belongs to: the endpoint that it goes to. Where there are more than 1,000, all are
     * forgotten. Default: one circuit for the link.
     */
    readonly key?: ((operation: Operation) => string) | undefined;
    /** How many failures open the circuit, less what successes made up for. Default: 5. */
    readonly failureThreshold?: number | undefined;
    /**
     * How many failures one success makes up for. `Infinity`: all, so that only failures in a row count. With 1, an endpoint
     * that fails more than half of the attempts opens the circuit, with 0.25 one that fails more than a fifth.
     * Default: `Infinity`.
     */
    readonly successWeight?: number | undefined;
    /** How long the circuit stays open, in milliseconds, and up to a fifth longer at random. Default: 10,000. */
    readonly openMs?: number | undefined;
    /**
     * How many attempts at once are let through then. The first that succeeds closes the circuit, the first that fails opens
     * it again. Default: 1.
     */
    readonly maxProbes?: number | undefined;
    /** Whether an attempt failed, as far as the endpoint is concerned. What it throws is the operation's error.
     * Default: {@link isOutage}. */
    readonly isFailure?: ((outcome: AttemptOutcome, operation: Operation) => boolean) | undefined;
    /** Called after each change of a circuit. What it throws is ignored. */
    readonly onStateChange?: ((change: CircuitChange) => void) | undefined;
    /** Default: the platform's. No timer is set. */
    readonly clock?: Clock | undefined;
    /** Numbers from 0 to 1, for `openMs`. Default: `Math.random`. */
    readonly random?: (() => number) | undefined;
}
/** A circuit went from one phase to another. Open becomes half-open with the first operation that comes after `openMs`. */
interface CircuitChange {
    readonly key: string;
    readonly from: CircuitPhase;
    readonly to: CircuitPhase;
    /** What the attempt failed with that opened the circuit, where it was an error. */
    readonly error: unknown;
}

/** A link that leaves an endpoint alone that has failed too often. */

/**
 * Stops sending to an endpoint that is down: after so many failures the circuit opens, and operations fail at once with a
 * {@link CircuitOpenError}; after a while a probe is let through, and closes the circuit if it succeeds. What counts as a
 * failure is that there is no answer, not what the answer is.
 *
 * @throws {@link OptionsError} when an option is no good, when the link is built. Operations fail with a
 * {@link CircuitOpenError} while the circuit is open.
 *
 * @example
 * ```ts
 * import { bearerLink, chain } from '@graphlinks/core'
 * import { circuitBreakerLink } from '@graphlinks/circuit-breaker-link'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * export const link = chain(
 *   bearerLink('token'),
 *   circuitBreakerLink({ onStateChange: ({ from, to }) => console.warn(`the API was ${from} and is ${to}`) }),
 *   httpLink({ url: 'https://api.example.com/graphql' }),
 * )
 * ```
 */
declare function circuitBreakerLink(options?: CircuitBreakerLinkOptions): Link;

/**
 * The endpoint failed too often, and is left alone for a while. The operation was not sent.
 *
 * @example
 * ```ts
 * import { CircuitOpenError } from '@graphlinks/circuit-breaker-link'
 *
 * export const waitMs = (error: unknown): number | undefined =>
 *   CircuitOpenError.is(error) ? error.retryAfterMs : undefined
 * ```
 */
declare class CircuitOpenError extends GraphLinksError {
    static readonly name: string;
    static readonly code: string;
    /** In how many milliseconds the endpoint is tried again. */
    readonly retryAfterMs: number;
    /** The same in whole seconds, as the header `Retry-After` has it. */
    readonly retryAfter: string;
    /** Always worth another try, later. */
    readonly retryable: boolean;
    /** Nothing was sent: a mutation did not run. */
    readonly mayHaveRun: boolean;
    constructor(retryAfterMs: number, details?: ErrorDetails);
}

/**
 * Whether an attempt says that its endpoint is unwell: no answer, or none in time; a status from 500 without a GraphQL
 * body; 502, 503 or 504 with one, since a gateway wrote it. Never a GraphQL error, a status of the 400s, or what has to
 * do with credentials: those are answers.
 *
 * @example
 * ```ts
 * import { circuitBreakerLink, isOutage } from '@graphlinks/circuit-breaker-link'
 *
 * export const breaker = circuitBreakerLink({
 *   isFailure: (outcome) => isOutage(outcome) || outcome.result?.errors?.[0]?.extensions?.['code'] === 'OVERLOADED',
 * })
 * ```
 */
declare function isOutage({ result, error }: AttemptOutcome): boolean;

export { CircuitOpenError, circuitBreakerLink, isOutage };
export type { CircuitBreakerLinkOptions, CircuitChange, CircuitPhase };
