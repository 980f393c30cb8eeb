import { Operation, JsonObject, Clock, TerminalLink, GraphLinksError, ErrorDetails } from '@graphlinks/core';

/** What a payload function gets beside the operation. */
interface PayloadInput {
    /** The headers and credentials that the HTTP link would send, by lower-case name. They are secrets. */
    readonly headers: Readonly<Record<string, string>>;
}
/**
 * The shape of the `connection_init` payload: headers `'nested'` under `headers`, `'flat'` at the top, or whatever a
 * function gives.
 */
type Payload = 'nested' | 'flat' | ((operation: Operation, input: PayloadInput) => JsonObject | undefined | Promise<JsonObject | undefined>);

/** Options of {@link wsLink}. */
interface WsLinkOptions {
    /** Where to connect: `wss:`, or `ws:` on loopback. */
    readonly url: string | URL;
    /**
     * How headers and credentials are put into the `connection_init` payload: `'nested'` under the key `headers`,
     * `'flat'` at the top, or as a function of the operation gives it. Default: `'nested'`.
     */
    readonly payload?: Payload | undefined;
    /** The WebSocket class. Default: the platform's; isomorphic-ws where there is none, as in Node 20. */
    readonly webSocket?: unknown;
    /** Sends headers and credentials on the HTTP upgrade too. Not in browsers, which cannot. Default: `false`. */
    readonly handshakeHeaders?: boolean | undefined;
    /** How long connecting may take until the server's `connection_ack`, in milliseconds. Default: 10,000. */
    readonly connectTimeoutMs?: number | undefined;
    /** How long a socket without operations is kept for the next one, in milliseconds. Default: 3,000. */
    readonly idleCloseMs?: number | undefined;
    /** How many results of one operation may wait for a slow consumer before it fails. Default: 1,000. */
    readonly maxQueuedResults?: number | undefined;
    /** How large one message may be, in bytes. Default: 16,777,216 (16 MiB). */
    readonly maxMessageBytes?: number | undefined;
    /** Lets credentials go over plain ws to other hosts than loopback. Default: `false`. */
    readonly allowInsecure?: boolean | undefined;
    /** Time for the durations above. Default: the platform's. */
    readonly clock?: Clock | undefined;
}
/**
 * The terminal link of GraphQL over WebSocket (protocol graphql-transport-ws): queries, mutations and subscriptions.
 * Credentials of auth links travel in the `connection_init` payload. Operations of one identity share a socket, two
 * identities never do. With `@defer` and `@stream`, each result is all of the data so far.
 *
 * A socket that is lost fails its operations with a {@link SocketClosedError} that says whether another attempt may
 * succeed; the link does not reconnect by itself.
 *
 * @throws {@link OptionsError} when an option is no good, when the link is built. Operations fail with a
 * {@link SocketClosedError}, {@link SocketConnectError}, `QueueOverflowError`, `InsecureTransportError` or
 * `IncrementalDeliveryError`, or with the reason of the caller's own signal.
 *
 * @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
 *
 * @example
 * ```ts
 * import { bearerLink, chain, createClient } from '@graphlinks/core'
 * import { wsLink } from '@graphlinks/ws-link'
 *
 * const client = createClient({ link: chain(bearerLink('secret-token'), wsLink({ url: 'wss://api.example.com/graphql' })) })
 * for await (const { data } of client.subscribe('subscription { countdown(from: 3) }')) console.log(data)
 * await client.dispose()
 * ```
 */
declare function wsLink(options: WsLinkOptions): TerminalLink;

/** What is known of the socket that an error is about. */
interface SocketDetails extends ErrorDetails {
    readonly closeCode?: number | undefined;
    readonly reason?: string | undefined;
    readonly wasClean?: boolean | undefined;
}
/**
 * The socket was closed while operations were running.
 *
 * @example
 * ```ts
 * import { SocketClosedError } from '@graphlinks/ws-link'
 *
 * export const report = (error: unknown): void => {
 *   if (SocketClosedError.is(error)) console.error(error.closeCode, error.reason, error.retryable)
 * }
 * ```
 */
declare class SocketClosedError extends GraphLinksError {
    static readonly name: string;
    static readonly code: string;
    /** The WebSocket close code; 1006 when the connection broke without one. */
    readonly closeCode: number;
    /** The reason that came with it, redacted and shortened. */
    readonly reason: string;
    /** Whether the closing handshake was completed. */
    readonly wasClean: boolean;
    /** How many attempts were made to run the operation. Always 1: reconnection is not part of this version. */
    readonly attempts: number;
    /** Whether the same operation may succeed on a new socket. A mutation that was sent may have been executed. */
    readonly retryable: boolean;
    constructor(message: string, details: SocketDetails, retryable: boolean);
}
/**
 * No WebSocket connection could be made: the server is away, refuses the handshake, or speaks another protocol.
 *
 * @example
 * ```ts
 * import { SocketConnectError } from '@graphlinks/ws-link'
 *
 * export const mayTryAgain = (error: unknown): boolean => SocketConnectError.is(error) && error.retryable
 * ```
 */
declare class SocketConnectError extends GraphLinksError {
    static readonly name: string;
    static readonly code: string;
    /** How many attempts were made. Always 1: reconnection is not part of this version. */
    readonly attempts: number;
    /** Whether another attempt may succeed. */
    readonly retryable: boolean;
    constructor(message: string, details: ErrorDetails, retryable: boolean);
}

export { SocketClosedError, SocketConnectError, wsLink };
export type { Payload, PayloadInput, SocketDetails, WsLinkOptions };
