import { Operation, AttemptOutcome, Clock, Link } from '@graphlinks/core';

/** What an attempt came to. */
interface AttemptReport {
    /** The operation as the link received it. */
    readonly operation: Operation;
    /** Which attempt it was: 1 is the first. */
    readonly attempt: number;
    /** Its first result, or the error that it failed with. */
    readonly outcome: AttemptOutcome;
}
/** What `retryIf` is asked. */
interface RetryQuestion extends AttemptReport {
    /** What the link would do by itself. */
    readonly isRetryable: boolean;
}
/** What `onRetry` is told. */
interface RetryEvent extends AttemptReport {
    /** How long the link is going to wait before the next attempt, in milliseconds. */
    readonly delayMs: number;
}
/** What `onGiveUp` is told. */
interface GiveUpEvent extends AttemptReport {
    /** What is used up: `maxAttempts`, `maxElapsedMs`, or the budget that the operations of the link share. */
    readonly reason: 'attempts' | 'time' | 'budget';
}
/** Options of {@link retryLink}. */
interface RetryLinkOptions {
    /**
     * How often an operation is sent at most, the first time included. When `tokenRefreshLink` sends it again with a new
     * token, that counts too. Default: 3.
     */
    readonly maxAttempts?: number | undefined;
    /** No attempt starts later than this after the first, in milliseconds. Default: 60,000. */
    readonly maxElapsedMs?: number | undefined;
    /** The longest first pause, in milliseconds; the next ones may be twice as long, each. Default: 500. */
    readonly baseDelayMs?: number | undefined;
    /**
     * What no pause exceeds, in milliseconds; and of what a server asks for with `Retry-After`, which comes on top, nothing
     * beyond it is waited for. Default: 30,000.
     */
    readonly maxDelayMs?: number | undefined;
    /**
     * Whether an operation is sent again after this outcome: of each error, and of the first result. It may say yes where
     * the link says no, and the other way round; but not for what could run a mutation twice, send a stream that was read,
     * or ask again what `tokenRefreshLink` has asked. What it throws is the operation's error. Default: `isRetryable` of
     * the question.
     */
    readonly retryIf?: ((question: RetryQuestion) => boolean | Promise<boolean>) | undefined;
    /**
     * Gives a mutation a key that its server knows it by when it comes again, sent as `idempotency-key` with each attempt,
     * and with that lets it be sent again. `undefined`: this one is not. A header of that name of the request or call takes
     * its place, and the mutation is then not sent again. Default: none has a key, so that a mutation is sent again only
     * where it certainly did not run.
     */
    readonly idempotencyKey?: ((operation: Operation) => string | undefined | Promise<string | undefined>) | undefined;
    /**
     * Whether a subscription that breaks after it had results is started again: events are lost, and some may come twice.
     * Its first result after that has `resumed`. When it lasted for 30 seconds, attempts and time count anew.
     * Default: `false`.
     */
    readonly resubscribe?: boolean | undefined;
    /**
     * How many retries there may be for each operation, over all operations of the link: 0.2 is one for five, so that an
     * outage is not multiplied. What is not used is kept, up to 100 retries; a link starts with 10, and each 10 seconds add
     * one. `Infinity`: no limit. Default: 0.2.
     */
    readonly budget?: number | undefined;
    /** Called before the pause, and waited for. What it throws is the operation's error. */
    readonly onRetry?: ((event: RetryEvent) => unknown) | undefined;
    /**
     * Called where an operation would be sent again if something were not used up, and waited for. What it throws is the
     * operation's error.
     */
    readonly onGiveUp?: ((event: GiveUpEvent) => unknown) | undefined;
    /** Default: the platform's. */
    readonly clock?: Clock | undefined;
    /** From 0 to 1, for pauses. Default: `Math.random`. */
    readonly random?: (() => number) | undefined;
}

/**
 * Sends operations again that failed for what may pass: a network that failed, a server that is overloaded, slow or away
 * (408, 429, 502, 503, 504), a stream that broke off, a timeout. Queries, and subscriptions without a result so far;
 * mutations with an idempotency key, or where it is certain that nothing ran. Results are never judged by their status.
 *
 * @throws {@link OptionsError} when an option is no good, when the link is built. Operations fail with what the last
 * attempt failed with, or with what a function of the options throws.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 *
 * @example
 * ```ts
 * import { bearerLink, chain } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 * import { retryLink } from '@graphlinks/retry-link'
 *
 * export const link = chain(retryLink(), bearerLink('token'), httpLink({ url: 'https://api.example.com/graphql' }))
 * ```
 */
declare function retryLink(options?: RetryLinkOptions): Link;

export { retryLink };
export type { AttemptReport, GiveUpEvent, RetryEvent, RetryLinkOptions, RetryQuestion };
