/** Where an error happened, and what it was caused by. */
interface ErrorDetails {
    /** Name of the link that failed, such as `bearerLink`. */
    readonly link?: string | undefined;
    /** Name of the operation that failed, when it has one. */
    readonly operationName?: string | undefined;
    /** The error below this one. It is kept as it is, so whoever sets it makes sure that it holds no secret. */
    readonly cause?: unknown;
}
declare const brand: unique symbol;
/**
 * Base of every error that graphlinks throws. GraphQL errors are data (`result.errors`); an error of this family says
 * that there is no result.
 *
 * The message names the link and the operation, says what happened and what to do. No error of the family holds a
 * header value, a credential or a variable: not in its message, its fields, its `cause` or its stack.
 *
 * @example
 * ```ts
 * import { GraphLinksError } from '@graphlinks/core'
 *
 * export function describe(error: unknown): string {
 *   return GraphLinksError.is(error) ? `${error.code} in ${error.link ?? 'the client'}` : 'not one of ours'
 * }
 * ```
 */
declare class GraphLinksError extends Error {
    static readonly name: string;
    /** The stable, documented code of this class of errors; the base class matches every code. */
    static readonly code: string;
    static readonly [brand]: boolean;
    /** Stable code of the error's class, such as `HTTP_STATUS`. Safe to switch on across versions. */
    readonly code: string;
    /** Name of the link that failed, when one did. */
    readonly link: string | undefined;
    /** Name of the operation that failed, when it has one. */
    readonly operationName: string | undefined;
    constructor(message: string, details?: ErrorDetails);
    get name(): string;
    /**
     * Whether a value is an error of this class or of one that extends it, also when it was made by another copy of the
     * package.
     */
    static is<E extends GraphLinksError>(this: {
        readonly code: string;
        readonly prototype: E;
    }, value: unknown): value is E;
}

/** A GraphQL error as it travels (GraphQL spec section 7.1.2). It is data: the server's words, unchanged. */
interface ResultError {
    readonly message: string;
    readonly locations?: readonly {
        readonly line: number;
        readonly column: number;
    }[];
    readonly path?: readonly (string | number)[];
    readonly extensions?: Readonly<Record<string, unknown>>;
}
/** The HTTP side of a result. */
interface HttpMetadata {
    readonly status: number;
    readonly headers: ResponseHeaders;
    /** The URL that answered, without search parameters, fragment or user. */
    readonly url: string;
    /**
     * `true` where the status is no success and the media type is `application/json`: a proxy may have written the body
     * (GraphQL over HTTP section 6.4.1).
     */
    readonly untrusted?: boolean;
}
/** Response headers, as far as every runtime has them. */
interface ResponseHeaders {
    get(name: string): string | null;
    getSetCookie?(): string[];
    forEach(callback: (value: string, name: string) => void): void;
}
/** One result of an operation: the only one of a query, one of several with `@defer`, one event of a subscription. */
interface Result<Data = unknown> {
    readonly data?: Data | null;
    readonly errors?: readonly ResultError[];
    readonly extensions?: Readonly<Record<string, unknown>>;
    /** `true` while more results of the same execution follow (incremental delivery). */
    readonly hasNext?: boolean;
    readonly http?: HttpMetadata;
    /** How far the response has come, where it has several parts that a terminal link puts together. */
    readonly incremental?: IncrementalProgress;
    /**
     * Set by `tokenRefreshLink` on a result that says that the token was refused, where the operation was not sent again:
     * why it was not. The rest of the result is what the server sent.
     */
    readonly notReplayed?: ReplayRefusal;
    /**
     * Set by `wsLink` on the first event of a subscription after its connection was lost and made again: events in between
     * may be lost, so that a query may be due for what they would have said.
     */
    readonly resumed?: Resumption;
    /** Never set: so that `yield next(operation)` without its star, which gives results as a result, does not compile. */
    readonly [Symbol.asyncIterator]?: never;
}
/** How a subscription went on after its connection was lost. */
interface Resumption {
    /** How long there was no connection, in milliseconds. */
    readonly gapMs: number;
}
/** The parts of a response with `@defer` or `@stream`. */
interface IncrementalProgress {
    /** Fragments that are in `data`; lists that are complete, where the server says so. */
    readonly delivered: readonly IncrementalPart[];
    /** What the server has announced and not yet completed; servers before graphql 17 announce nothing. */
    readonly pending: readonly IncrementalPart[];
    /** What will not come: fields of these fragments are absent, these lists end early. `errors` says why. */
    readonly failed: readonly IncrementalPart[];
}
/** A fragment with `@defer`, or a list with `@stream`. */
interface IncrementalPart {
    /** The object that the fragment is for, or the list. */
    readonly path: readonly (string | number)[];
    /** As the document names it: `@defer(label: "..")`. */
    readonly label?: string;
}
/**
 * Why an operation was not sent again with a new token: `'executed'`, a mutation whose result has `data` ran at least in
 * part; `'delivered'`, the consumer already has results of it; `'replayed'`, it was sent again before; `'one-shot'`, its
 * variables hold a stream that was read; `'never'`, its {@link replay} context says so; `'not-renewed'`, new tokens are
 * refused as well, so none was asked for.
 */
type ReplayRefusal = 'executed' | 'delivered' | 'replayed' | 'one-shot' | 'never' | 'not-renewed';

/**
 * The payloads of a response with `@defer` or `@stream` cannot be put together. Results that came before have been
 * delivered.
 *
 * @example
 * ```ts
 * import { IncrementalDeliveryError } from '@graphlinks/core/incremental'
 *
 * export const soFar = (error: unknown): unknown =>
 *   IncrementalDeliveryError.is(error) ? error.partial?.data : undefined
 * ```
 */
declare class IncrementalDeliveryError extends GraphLinksError {
    #private;
    static readonly name: string;
    static readonly code: string;
    constructor(message: string, details?: ErrorDetails, partial?: Result);
    /** The data so far. Not printed with the error. */
    get partial(): Result | undefined;
}
/** Whether a payload is part of a response with several, in any of the formats. A plain result is not. */
declare function isIncrementalPayload(payload: object): boolean;
/**
 * Puts the payloads of one response together, in each of the formats that servers speak: patches that name a path (one
 * per payload, as Grafserv sends them, or in lists, as of 2022), and parts that are announced and then named by an id.
 *
 * Results are snapshots: none changes later, what a payload does not touch is the same object as in the snapshot before,
 * and payloads are left as they came. A patch below a field that is null is dropped, as is one below a fragment that
 * failed, and listed in `incremental.failed`; below any other field that is not there it is an error.
 *
 * @see https://github.com/graphql/graphql-spec/pull/1110
 * @see https://github.com/graphql/graphql-over-http/blob/main/rfcs/IncrementalDelivery.md
 *
 * @example
 * ```ts
 * import { IncrementalMerger } from '@graphlinks/core/incremental'
 *
 * const merger = new IncrementalMerger()
 * merger.add({ data: { id: '1' }, pending: [{ id: '0', path: [] }], hasNext: true })
 * const { data } = merger.add({ incremental: [{ id: '0', data: { name: 'Ada' } }], completed: [{ id: '0' }], hasNext: false })
 * console.log(data) // { id: '1', name: 'Ada' }
 * ```
 */
declare class IncrementalMerger {
    #private;
    /** @param details - for errors: the link and the operation. */
    constructor(details?: ErrorDetails);
    /** Whether more must come. */
    get hasNext(): boolean;
    /** The last snapshot, if there is one: also what came before an error. */
    get latest(): Result | undefined;
    /** Takes a payload as it came. @returns the snapshot with it. @throws {@link IncrementalDeliveryError} */
    add(payload: unknown): Result;
}

export { IncrementalDeliveryError, IncrementalMerger, isIncrementalPayload };
