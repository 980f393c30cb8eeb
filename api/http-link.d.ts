import { Operation, Clock, ResponseHeaders, TerminalLink, GraphLinksError, ErrorDetails, Result } from '@graphlinks/core';

/**
 * One try at an operation, and everything that can end it early: the operation's own cancellation, time, or whoever
 * reads the response. Its signal is made when somebody asks for it; callbacks are cheaper.
 */
declare class Attempt {
    #private;
    aborted: boolean;
    reason: unknown;
    /**
     * @param operation - `undefined`: no operation's cancellation ends it.
     * @param leave - gives back the place on the wire.
     */
    constructor(operation: Operation | undefined, clock: Clock, leave: () => void);
    /** For `fetch`. */
    get signal(): AbortSignal;
    /** Calls back when the attempt is aborted, or at once where it was. */
    onAbort(callback: () => void): void;
    /** Waits for something, but no longer than the attempt lasts: what does not listen must not hold up its end. */
    until<Value>(promise: Promise<Value>): Promise<Value>;
    /** Aborts the attempt after so many milliseconds from now; a limit that was set before no longer counts. */
    limit(ms: number, option: string, what: string): void;
    /** @throws the reason of the abort, when there was one. */
    check(): void;
    abort(reason: unknown): void;
    /** The attempt is over: no timer and no listener is left behind, and an abort that comes later means nothing. */
    end(): void;
    /** Gives the place on the wire back before the end. */
    leave(): void;
}

/** A request as it goes on the wire. */
interface WireRequest {
    readonly url: URL;
    readonly method: string;
    /** Names in lower case. */
    readonly headers: ReadonlyMap<string, string>;
    readonly body?: string | Uint8Array | FormData | undefined;
    /** In browsers: whether the platform sends its cookies along. It wins over the option of fetch. */
    readonly credentials?: 'omit' | 'same-origin' | 'include' | undefined;
    /** How many redirects led to it. */
    readonly redirects?: number | undefined;
}
/** A response whose head is here and whose body is not. */
interface TransportResponse {
    readonly status: number;
    readonly headers: ResponseHeaders;
    /** Whether it redirects: browsers hide the status of one. */
    readonly redirects: boolean;
    /** Whether a redirect was followed although none should be. */
    readonly redirected: boolean;
    /** The body as it comes, decompressed. Leaving the loop cancels it, and so does the end of the attempt. */
    readonly body: AsyncIterable<Uint8Array>;
    /** The whole body in place of {@link body}, where the stack has a faster way; `undefined` when it is larger. */
    readonly readAll?: ((maxBytes: number) => Uint8Array | undefined | Promise<Uint8Array | undefined>) | undefined;
}
/**
 * What carries requests of {@link httpLink}: `fetch`, or another stack in its place. Made by a function such as
 * `undiciTransport`.
 */
interface Transport {
    /** Sends one request, follows no redirect, and rejects at once when the attempt aborts. */
    send(request: WireRequest, attempt: Attempt): Promise<TransportResponse>;
    /** Whether a body may be a `FormData`: the platform's own fetch knows that of the platform. */
    readonly takesForms?: boolean | undefined;
    /** Calls back when the connection of a response that was read can carry another request. Default: at once. */
    whenFree?(callback: () => void): void;
    /** Closes its connections. */
    dispose?(): void | Promise<void>;
}

/** The header that CSRF prevention asks of requests that need no preflight; `false` for none. */
type CsrfHeader = 'apollo' | 'yoga' | 'hot-chocolate' | 'draft' | Readonly<Record<string, string>> | false;

/** `fetch`, as far as the link uses it. */
type Fetch = (url: string, init: RequestInit) => Promise<Response>;
/** Members of fetch's `init` that pass through to it; the runtime's own, such as `dispatcher` or `next`, included. */
type FetchOptions = Omit<RequestInit, 'method' | 'headers' | 'body' | 'signal' | 'redirect'> & Readonly<Record<string, unknown>>;

/** Options of {@link httpLink} but for the endpoint. */
interface HttpLinkBaseOptions {
    /** Default: the `fetch` that is global when an operation is sent; cross-fetch where there is none. */
    readonly fetch?: Fetch | undefined;
    /** Passed to fetch as they are. Default: `{ cache: 'no-store' }`, because responses belong to one user. */
    readonly fetchOptions?: FetchOptions | undefined;
    /** What carries the requests in place of fetch, such as `undiciTransport()`. Default: fetch. */
    readonly transport?: Transport | undefined;
    /**
     * How queries travel: `'POST'`; `'GET'`, so that caches can keep the answers; or another method that takes a body, such
     * as `'QUERY'`. Mutations and subscriptions are always POSTed. Default: `'POST'`.
     */
    readonly queryMethod?: 'POST' | 'GET' | (string & {}) | undefined;
    /** The longest URL of a GET, in characters: a query that needs a longer one is POSTed. Default: 2,048. */
    readonly maxUrlLength?: number | undefined;
    /**
     * The header that makes browsers ask first, sent with GET and with uploads, as servers with CSRF prevention want it:
     * that of Apollo Server, of Yoga's plugin, of Hot Chocolate, of the draft, or your own; `false` for none.
     * Default: `'apollo'`.
     */
    readonly csrf?: CsrfHeader | undefined;
    /**
     * How subscriptions travel: `'sse'`, server-sent events, a request for each; `'single-connection'`, server-sent events
     * of one stream for all; `'multipart'`, the protocol of Apollo Router; `'auto'` takes what the server chooses of the
     * first and the third. Default: `'auto'`.
     */
    readonly subscriptions?: 'auto' | 'sse' | 'single-connection' | 'multipart' | undefined;
    /**
     * How long a stream may be silent, in milliseconds; heartbeats count. In place of `timeoutMs` once a stream has begun.
     * Default: 60,000. `Infinity`: no limit.
     */
    readonly idleTimeoutMs?: number | undefined;
    /** Whether the end of the connection is the end of a stream, for servers that say no `complete`. Default: `false`. */
    readonly eofCompletes?: boolean | undefined;
    /**
     * What it means that a server completes a subscription: `'end'`, or `'interruption'`, an error that can be retried, for
     * servers that complete subscriptions when they restart. Default: `'end'`.
     */
    readonly completion?: 'end' | 'interruption' | undefined;
    /**
     * What `@defer` and `@stream` give: `'merged'`, the data as it is so far, each time; `'raw'`, each payload as it came.
     * Default: `'merged'`.
     */
    readonly incremental?: 'merged' | 'raw' | undefined;
    /**
     * The `accept` header of operations with `@defer` or `@stream`. Default: `multipart/mixed;incrementalSpec=v0.2,
     * multipart/mixed;deferSpec=20220824`, then what all operations accept.
     */
    readonly incrementalAccept?: string | undefined;
    /**
     * Whether a value in variables is a file beside `Blob`, `File` and `FileList`, such as `{ uri, name, type }` in React
     * Native. Default: none is.
     */
    readonly isFile?: ((value: object) => boolean) | undefined;
    /**
     * How many operations are on the wire at once; the others wait in order, without credentials. A subscription counts
     * until its stream begins. Default: 64.
     */
    readonly maxInFlight?: number | undefined;
    /** How long a request may take until its body is read, in milliseconds, from when it is sent. Default: 30,000. `Infinity`: no limit. */
    readonly timeoutMs?: number | undefined;
    /** How large a body, or a part of a stream, may be after decompression, in bytes. Default: 16,777,216 (16 MiB). */
    readonly maxResponseBytes?: number | undefined;
    /**
     * `'error'` fails an operation that is redirected. `'same-origin'` follows up to three 307 or 308 within the origin.
     * Default: `'error'`.
     */
    readonly redirects?: 'error' | 'same-origin' | undefined;
    /** Lets credentials go over plain http to other hosts than loopback. Default: `false`. */
    readonly allowInsecure?: boolean | undefined;
    /** Time for `timeoutMs` and `idleTimeoutMs`. Default: the platform's. */
    readonly clock?: Clock | undefined;
}
/** Where operations go: one URL, or one that a function chooses within `origins`. */
type EndpointOptions = {
    readonly url: string | URL;
    readonly origins?: undefined;
} | {
    readonly url: (operation: Operation) => string | URL;
    /** The origins that the function may choose. Anything else fails the operation before it is sent. */
    readonly origins: readonly string[];
};
/** Options of {@link httpLink}. */
type HttpLinkOptions = HttpLinkBaseOptions & EndpointOptions;

/** What {@link httpLink} makes. */
interface HttpTerminalLink extends TerminalLink {
    /** What the entry `@graphlinks/http-link/batch` makes requests with. Not for others. */
    readonly wire: object;
}
/**
 * The terminal link of GraphQL over HTTP: queries and mutations, files in their variables included; `@defer` and
 * `@stream`; subscriptions as server-sent events or multipart. It gives results with status and headers in
 * `result.http`. Redirects are not followed, bodies are capped, and what an error says of a response is free of
 * credentials and variables.
 *
 * @throws {@link OptionsError} when an option is no good, when the link is built. Operations fail with a
 * {@link NetworkError}, {@link HttpError}, {@link MalformedResponseError}, {@link EmptyResponseError},
 * {@link ResponseTooLargeError}, {@link RedirectBlockedError}, {@link SubscriptionNotSupportedError},
 * {@link StreamInterruptedError}, `IncrementalDeliveryError`, `TimeoutError` or `InsecureTransportError`, with a
 * `LinkError` where `url` throws or the operation cannot be written, or with the reason of the caller's own signal.
 *
 * @see https://graphql.github.io/graphql-over-http/draft/
 *
 * @example
 * ```ts
 * import { createClient } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * const client = createClient({ link: httpLink({ url: 'https://api.example.com/graphql', timeoutMs: 10_000 }) })
 * const { data } = await client.query('{ hello }')
 * console.log(data)
 * ```
 */
declare function httpLink(options: HttpLinkOptions): HttpTerminalLink;

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
/** What a {@link HttpError} keeps of its response. */
interface HttpErrorDetails extends ResponseDetails {
    readonly mediaType: string;
}
/**
 * The server answered with a status or a body that is no GraphQL response: a proxy, a login page, a wrong URL.
 *
 * @example
 * ```ts
 * import { HttpError } from '@graphlinks/http-link'
 *
 * export const mustWait = (error: unknown): string | null =>
 *   HttpError.is(error) && error.status === 429 ? error.retryAfter : null
 * ```
 */
declare class HttpError extends ResponseError {
    static readonly name: string;
    static readonly code: string;
    /** The media type of the response, without parameters; empty where the server named none. */
    readonly mediaType: string;
    constructor(message: string, details: HttpErrorDetails);
}
/**
 * The response claims to be GraphQL, and is not well-formed.
 *
 * @example
 * ```ts
 * import { MalformedResponseError } from '@graphlinks/http-link'
 *
 * export const report = (error: unknown): void => {
 *   if (MalformedResponseError.is(error)) console.error(error.url, error.message) // quotes how the body starts
 * }
 * ```
 */
declare class MalformedResponseError extends ResponseError {
    static readonly name: string;
    static readonly code: string;
}
/**
 * The response has no body, where GraphQL over HTTP has a result.
 *
 * @example
 * ```ts
 * import { EmptyResponseError } from '@graphlinks/http-link'
 *
 * export const isEmpty = (error: unknown): boolean => EmptyResponseError.is(error)
 * ```
 */
declare class EmptyResponseError extends ResponseError {
    static readonly name: string;
    static readonly code: string;
}
/**
 * The response is larger than `maxResponseBytes`, counted after decompression. It was cut off there.
 *
 * @example
 * ```ts
 * import { ResponseTooLargeError } from '@graphlinks/http-link'
 *
 * export const askForLess = (error: unknown): boolean => ResponseTooLargeError.is(error)
 * ```
 */
declare class ResponseTooLargeError extends ResponseError {
    static readonly name: string;
    static readonly code: string;
}
/**
 * The server redirects, and following it could carry credentials away or turn a mutation into a GET.
 *
 * @example
 * ```ts
 * import { RedirectBlockedError } from '@graphlinks/http-link'
 *
 * export const report = (error: unknown): void => {
 *   if (RedirectBlockedError.is(error)) console.error(error.message) // names the URL that the server wants
 * }
 * ```
 */
declare class RedirectBlockedError extends ResponseError {
    static readonly name: string;
    static readonly code: string;
}
/**
 * A subscription was answered by a single result: the server does not do subscriptions at this endpoint.
 *
 * @example
 * ```ts
 * import { SubscriptionNotSupportedError } from '@graphlinks/http-link'
 *
 * export const needsWebSocket = (error: unknown): boolean => SubscriptionNotSupportedError.is(error)
 * ```
 */
declare class SubscriptionNotSupportedError extends ResponseError {
    static readonly name: string;
    static readonly code: string;
}
/**
 * A stream of results ended before it was complete: the connection broke, or the server gave up. Results that came
 * before have been delivered.
 *
 * @example
 * ```ts
 * import { StreamInterruptedError } from '@graphlinks/http-link'
 *
 * export const soFar = (error: unknown): unknown => (StreamInterruptedError.is(error) ? error.partial?.data : undefined)
 * ```
 */
declare class StreamInterruptedError extends ResponseError {
    #private;
    static readonly name: string;
    static readonly code: string;
    constructor(message: string, details?: ResponseDetails, partial?: Result);
    /** The data so far, where `@defer` or `@stream` broke off. Not printed with the error. */
    get partial(): Result | undefined;
}

/**
 * There was no response: the server could not be reached, or the connection broke.
 *
 * @example
 * ```ts
 * import { NetworkError } from '@graphlinks/http-link'
 *
 * export const isOffline = (error: unknown): boolean => NetworkError.is(error)
 * ```
 */
declare class NetworkError extends GraphLinksError {
    static readonly name: string;
    static readonly code: string;
    /** Always worth another try; a mutation may have been executed all the same. */
    readonly retryable: boolean;
}

export { EmptyResponseError, HttpError, MalformedResponseError, NetworkError, RedirectBlockedError, ResponseError, ResponseTooLargeError, StreamInterruptedError, SubscriptionNotSupportedError, httpLink };
export type { CsrfHeader, EndpointOptions, Fetch, FetchOptions, HttpErrorDetails, HttpLinkBaseOptions, HttpLinkOptions, HttpTerminalLink, ResponseDetails, Transport };
