import { Operation, Clock, TerminalLink, GraphLinksError, ErrorDetails } from '@graphlinks/core';

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
    /** How long a request may take until its body is read, in milliseconds. Default: 30,000. `Infinity`: no limit. */
    readonly timeoutMs?: number | undefined;
    /** How large a body may be after decompression, in bytes. Default: 16,777,216 (16 MiB). */
    readonly maxResponseBytes?: number | undefined;
    /**
     * `'error'` fails an operation that is redirected. `'same-origin'` follows up to three 307 or 308 within the origin.
     * Default: `'error'`.
     */
    readonly redirects?: 'error' | 'same-origin' | undefined;
    /** Lets credentials go over plain http to other hosts than loopback. Default: `false`. */
    readonly allowInsecure?: boolean | undefined;
    /** Time for `timeoutMs`. Default: the platform's. */
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
/**
 * The terminal link of GraphQL over HTTP: it POSTs queries and mutations with `fetch` and gives the result, with status
 * and headers in `result.http`. Redirects are not followed, bodies are capped, and what an error says of a response is
 * free of credentials and variables.
 *
 * @throws {@link OptionsError} when an option is no good, when the link is built. Operations fail with a
 * {@link NetworkError}, {@link HttpError}, {@link MalformedResponseError}, {@link EmptyResponseError},
 * {@link ResponseTooLargeError}, {@link RedirectBlockedError}, {@link SubscriptionNotSupportedError}, `TimeoutError` or
 * `InsecureTransportError`, with a `LinkError` where `url` throws or variables are no JSON, or with the reason of the caller's own signal.
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
declare function httpLink(options: HttpLinkOptions): TerminalLink;

/** What is known of the response that an error is about. */
interface ResponseDetails extends ErrorDetails {
    readonly status?: number | undefined;
    /** Without search parameters, fragment and user. */
    readonly url?: string | undefined;
    readonly retryAfter?: string | null | undefined;
    readonly wwwAuthenticate?: string | null | undefined;
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

export { EmptyResponseError, HttpError, MalformedResponseError, NetworkError, RedirectBlockedError, ResponseError, ResponseTooLargeError, SubscriptionNotSupportedError, httpLink };
export type { EndpointOptions, Fetch, FetchOptions, HttpErrorDetails, HttpLinkBaseOptions, HttpLinkOptions, ResponseDetails };
