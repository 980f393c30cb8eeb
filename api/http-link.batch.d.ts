import { GraphLinksError, ErrorDetails, TerminalLink, Operation, Result, Results, ResultError } from '@graphlinks/core';

/** What is known of the response that an error is about. */
interface ResponseDetails extends ErrorDetails {
    readonly status?: number | undefined;
    /** Without search parameters, fragment and user. */
    readonly url?: string | undefined;
    readonly retryAfter?: string | null | undefined;
    readonly wwwAuthenticate?: string | null | undefined;
    /** Default: whether the status is one that passes: 408, 429, 502, 503 or 504. */
    readonly retryable?: boolean | undefined;
}
/**
 * Base of the errors about a response that came but is no result.
 *
 * @example
 * ```ts
 * import { ResponseError } from '@graphlinks/http-link'
 *
 * export const statusOf = (error: unknown): number | undefined =>
 *   error instanceof ResponseError ? error.status : undefined
 * ```
 */
declare class ResponseError extends GraphLinksError {
    static readonly name: string;
    static readonly code: string;
    /** The HTTP status. */
    readonly status: number | undefined;
    /** The URL that answered, without search parameters, fragment and user. */
    readonly url: string | undefined;
    /** The `Retry-After` header as it came: seconds, or an HTTP date. */
    readonly retryAfter: string | null;
    /** The `WWW-Authenticate` header as it came. */
    readonly wwwAuthenticate: string | null;
    /**
     * Whether the same operation may succeed on another try, after {@link retryAfter} where there is one; a mutation may
     * have been executed all the same.
     */
    readonly retryable: boolean;
    constructor(message: string, details?: ResponseDetails);
}

/** What {@link httpLink} makes. */
interface HttpTerminalLink extends TerminalLink {
    /** What the entry `@graphlinks/http-link/batch` makes requests with. Not for others. */
    readonly wire: object;
}

/** An operation whose request is built, and not sent yet. */
interface BatchMember {
    readonly operation: Operation;
    /** What operations must have in common to share a request: where it goes, with what headers, and on whose behalf. */
    readonly key: string;
    /** Without search parameters. */
    readonly url: string;
    /** The size of its body; `undefined` where it has files or several results, or is no POST: it is sent by itself. */
    readonly bytes: number | undefined;
    /** Ends with the operation, or when the time for its answer is over. */
    readonly attempt: {
        /** @throws the reason of its end, when there was one. */
        check(): void;
        readonly reason: unknown;
        onAbort(callback: () => void): void;
        /** The operation has what it wanted. */
        end(): void;
    };
}
/** What became of one of the operations of a request. */
type BatchOutcome = {
    readonly result: Result;
} | {
    readonly error: unknown;
};
/** A request for several operations, on its way. */
interface BatchRequest {
    /** What became of each, in the order in which they were given. It does not reject. */
    readonly outcomes: Promise<readonly BatchOutcome[]>;
    /** Ends it: nobody waits for it any more. */
    readonly cancel: () => void;
}
/** Sends operations by an httpLink, by themselves or together. Who decides which, and when, is batchLink. */
interface BatchSender {
    /** Builds the request of an operation. It must be sent, or its attempt be ended. */
    prepare(operation: Operation): Promise<BatchMember>;
    /** Sends one by itself. */
    alone(member: BatchMember): Promise<Results>;
    /** Sends all as one request, a list. The time for its answer runs for each, from when it goes on the wire. */
    together(members: readonly BatchMember[]): BatchRequest;
}
/**
 * For batchLink: sends several operations as one request, with all that the link is careful of.
 *
 * @param ignoredHeaders - names of headers that may differ within a request, in lower case; it has those of the
 * first. Default: `traceparent`, `tracestate`, `x-request-id`, `x-correlation-id`.
 *
 * @example
 * ```ts
 * import { createOperation } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 * import { batchSender } from '@graphlinks/http-link/batch'
 *
 * const sender = batchSender(httpLink({ url: 'https://api.example.com/graphql' }))
 * const operations = ['{ hello }', '{ me { name } }'].map((document) => createOperation({ document }))
 * const { outcomes } = sender.together(await Promise.all(operations.map(sender.prepare)))
 * console.log((await outcomes).length) // 2
 * ```
 */
declare function batchSender(link: HttpTerminalLink, ignoredHeaders?: readonly string[]): BatchSender;

/** What a {@link BatchError} keeps of its response. */
interface BatchErrorDetails extends ResponseDetails {
    readonly unsupported?: boolean | undefined;
    readonly errors?: readonly ResultError[] | undefined;
}
/**
 * Several operations were sent as one request, and the answer is no list with a result for each: the server takes no
 * batches, takes smaller ones, or refused the request as a whole.
 *
 * @example
 * ```ts
 * import { BatchError } from '@graphlinks/http-link/batch'
 *
 * export const isForbidden = (error: unknown): boolean =>
 *   BatchError.is(error) && error.errors.some(({ extensions }) => extensions?.['code'] === 'FORBIDDEN')
 * ```
 */
declare class BatchError extends ResponseError {
    #private;
    static readonly name: string;
    static readonly code: string;
    /** Whether the server takes no batches, as far as can be told. It has executed nothing then. */
    readonly unsupported: boolean;
    constructor(message: string, details?: BatchErrorDetails);
    /** The errors that the server sent, as they came. Not printed with the error. */
    get errors(): readonly ResultError[];
}

export { BatchError, batchSender };
export type { BatchErrorDetails, BatchMember, BatchOutcome, BatchRequest, BatchSender };
