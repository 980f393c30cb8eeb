import { Dispatcher } from 'undici';
import { Operation, Clock, ResponseHeaders } from '@graphlinks/core';

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

/** Options of {@link undiciTransport}. */
interface UndiciTransportOptions {
    /**
     * How many sockets each origin has at most; further requests wait for one. Subscriptions have theirs beside these,
     * because they keep them for as long as they last. Default: 64.
     */
    readonly connections?: number | undefined;
    /** How long an idle socket is kept for the next request, in milliseconds. Default: 4,000. */
    readonly keepAliveMs?: number | undefined;
    /**
     * What sends the requests in place of an `Agent` of the transport's own: a `ProxyAgent`, or an `Agent` with
     * certificates. It wins over the other options, and is yours to close.
     */
    readonly dispatcher?: Dispatcher | undefined;
}
/**
 * Carries the requests of `httpLink` with undici (an optional peer, version 7) in place of fetch: a pool of sockets that
 * are kept alive, and a fraction of the work for each request. Everything else is as with fetch: nothing is redirected,
 * bodies are decompressed and then capped, aborting closes the connection. `dispose` of the client closes the pool; what
 * other clients have under way by the same transport goes on, and their next operation opens another.
 *
 * @throws `OptionsError` when an option is no good.
 *
 * @see https://undici.nodejs.org/#/docs/api/Dispatcher
 *
 * @example
 * ```ts
 * import { createClient } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 * import { undiciTransport } from '@graphlinks/http-link/undici'
 *
 * const url = 'https://api.example.com/graphql'
 * export const client = createClient({ link: httpLink({ url, transport: undiciTransport() }) })
 * ```
 */
declare function undiciTransport(options?: UndiciTransportOptions): Transport;

export { undiciTransport };
export type { UndiciTransportOptions };
