import { OperationKind, JsonObject, ResultError, Operation, Clock, TerminalLink, Client, CallOptions, ContextKey, ErrorDetails, GraphLinksError } from '@graphlinks/core';

/**
 * What the link does when a socket closes. `'retry'`: opens another, after a pause, and starts what ran again.
 * `'refresh'`: asks the links that gave the credentials for better ones first; without any, or when those are refused as
 * well, as `'fail'`. `'isolate'`: fails the operation that was sent last, within the last `connectTimeoutMs`, and had no
 * answer yet, and retries the others. `'fail'`: fails all operations of the connection.
 */
type CloseAction = 'retry' | 'refresh' | 'isolate' | 'fail';
/** What a WebSocket close code means, and what is done about it. */
interface CloseCode {
    readonly meaning: string;
    readonly action: CloseAction;
    /** How many times in a row a connection is retried for this code. Default: as often as for any other. */
    readonly limit?: number | undefined;
}
/** A close code that a specification defines. */
type KnownCloseCode = 1000 | 1001 | 1002 | 1003 | 1005 | 1006 | 1007 | 1008 | 1009 | 1010 | 1011 | 1012 | 1013 | 1014 | 1015 | 4004 | 4005 | 4400 | 4401 | 4403 | 4406 | 4408 | 4409 | 4429 | 4499 | 4500 | 4504;
/**
 * All that is known about close codes: RFC 6455 section 7.4.1, the WebSocket close code registry, and the
 * graphql-transport-ws protocol. Any other code belongs to an application, and is retried. `closeCodes` of
 * {@link WsLinkOptions} wins over it.
 *
 * @example
 * ```ts
 * import { closeCodes, wsLink } from '@graphlinks/ws-link'
 *
 * export const link = wsLink({
 *   url: 'wss://api.example.com/graphql',
 *   closeCodes: { 4100: { meaning: 'banned', action: 'fail' }, 1011: { ...closeCodes[1011], action: 'fail' } },
 * })
 * ```
 */
declare const closeCodes: Readonly<Record<KnownCloseCode, CloseCode>>;

/** Of which connection an event is. Each identity has its own; a connection has one socket after the other. */
interface OfConnection {
    /** A number that tells the connections of a link apart, from 1. */
    readonly connection: number;
}
/** Something that happened to a connection of a {@link wsLink}, for logs and for users to see. It holds no secret. */
type ConnectionEvent = OfConnection & (/** A socket is being opened. `attempt` counts from 1 since the connection was last healthy. */ {
    readonly type: 'connecting';
    readonly attempt: number;
}
/** The socket is open; the server has not acknowledged it yet. */
 | {
    readonly type: 'opened';
}
/** The server acknowledged the connection. */
 | {
    readonly type: 'connected';
    /** Whether there was an acknowledged socket before. */
    readonly isRetry: boolean;
    /** What the server sent with its acknowledgement. */
    readonly payload: unknown;
} | {
    readonly type: 'ping';
}
/** The socket is closed, or given up. */
 | {
    readonly type: 'closed';
    readonly code: number;
    /** What is wrong, where the link did not close it on purpose. Free of secrets. */
    readonly error?: Error | undefined;
}
/** The next attempt is made after a pause. */
 | {
    readonly type: 'retrying';
    readonly delayMs: number;
    readonly attempt: number;
} | {
    readonly type: 'subscribed';
    readonly operationName: string | undefined;
    /** Of the operation on this socket. */
    readonly id: string;
}
/** The operation was started again on a new socket: events in between are lost, unless the server keeps them. */
 | {
    readonly type: 'resubscribed';
    readonly operationName: string | undefined;
    readonly id: string;
    /** How long there was no socket, in milliseconds. */
    readonly gapMs: number;
});
/** Hears of connections. What it throws is ignored. */
type ConnectionListener = (event: ConnectionEvent) => void;
/** A message on a socket, without what is in it: payloads hold credentials, variables and data. */
interface SocketMessage extends OfConnection {
    readonly direction: 'in' | 'out';
    /** Such as `subscribe`, `next` or `pong`; `unknown` where it is no word. */
    readonly type: string;
    /** Of the operation that it is about. */
    readonly id: string | undefined;
    /** How long it is, in characters. */
    readonly length: number;
}

/** What a protocol on a socket tells the link: the server's messages, as far as they mean anything. */
interface ProtocolListener {
    /**
     * The server accepted the connection.
     *
     * @param payload - what came with it.
     */
    acknowledged(payload: unknown): void;
    /**
     * The server refused the credentials of the connection: it is no use before there are others.
     *
     * @param payload - what came with it. Its `message` says why.
     * @param mayPass - that it is not about credentials, and only time may help. Default: `false`.
     */
    refused(payload: unknown, mayPass?: boolean): void;
    /** A result, or a part of one, of the operation with this id. */
    next(id: string, payload: object): void;
    /** The server refused the operation (GraphQL request errors). Nothing follows. */
    error(id: string, errors: readonly ResultError[]): void;
    /** The operation is complete. Nothing follows. */
    complete(id: string): void;
    /** The server says that it lives, with a message that means nothing else. */
    ping(): void;
    /** From now on, a server that says nothing for so many milliseconds is gone. After the acknowledgement. */
    expectLife(withinMs: number): void;
    /** A message that the protocol does not have. Its text may hold what the server sent: it is redacted later. */
    malformed(error: Error): void;
}
/** What an operation comes to on the wire. */
interface ProtocolOperation {
    /** Empty where the text is not sent. */
    readonly query: string;
    readonly documentId?: string | undefined;
    readonly operationName?: string | undefined;
    readonly variables?: JsonObject | undefined;
    readonly extensions?: JsonObject | undefined;
    /** Headers and credentials, for protocols that authorize each operation. They are secrets. */
    readonly headers: Readonly<Record<string, string>>;
}
/** What a socket is opened with. */
interface ProtocolAddress {
    readonly url: string;
    /** What is offered, the first preferred. */
    readonly subprotocols: readonly string[];
}
/** What a protocol needs to begin on a socket. */
interface ProtocolStart {
    /** What the link was told to connect to. */
    readonly endpoint: URL;
    /** Sends one text message. Does nothing where the socket is not open. */
    readonly send: (message: string) => void;
    /** Payload of `connection_init`; `undefined` where there is none. */
    readonly payload: JsonObject | undefined;
    readonly listener: ProtocolListener;
}
/** One socket's side of a protocol. It never opens, closes or waits: that is the link's. */
interface ProtocolSession {
    /** The socket is open. */
    opened(): void;
    /** A text message has come. */
    received(message: string): void;
    /** Starts an operation. Called after the server's acknowledgement only. */
    subscribe(id: string, operation: ProtocolOperation): void;
    /** Ends an operation that runs. The listener hears nothing of it any more. */
    unsubscribe(id: string): void;
    /** Asks the server whether it lives; absent where a protocol has no question for that. */
    ping?(): void;
    /** The link is about to close the socket, or it is closed: what to say before, and what to let go of. */
    ended(): void;
}
/**
 * A way to speak GraphQL over a WebSocket. What it says on the wire; when sockets are opened, closed and opened again is
 * the business of {@link wsLink}, whatever the protocol.
 */
interface Protocol {
    /** Named in error messages. */
    readonly name: string;
    /** The subprotocol that the server must choose. */
    readonly subprotocol: string;
    /** Which kinds of operations it carries. Default: all. */
    readonly kinds?: readonly OperationKind[] | undefined;
    /** Where to connect and what to offer. Default: the endpoint, and {@link Protocol.subprotocol} alone. */
    address?(endpoint: URL, headers: Readonly<Record<string, string>>): ProtocolAddress | Promise<ProtocolAddress>;
    start(options: ProtocolStart): ProtocolSession;
}

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
/** Query parameters for one connection, such as a one-time ticket. They are secrets. */
type Ticket = (operation: Operation, input: PayloadInput) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;

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
    /**
     * Query parameters of one connection, such as a one-time ticket, for servers that look at the URL alone. Asked for
     * once before each attempt. Default: none; the URL is as given, as servers and proxies log it.
     */
    readonly ticket?: Ticket | undefined;
    /**
     * What is spoken. Default: graphql-transport-ws. Others come from entries of their own: `legacyProtocol` of
     * `@graphlinks/ws-link/legacy`, `appSyncProtocol` of `@graphlinks/ws-link/appsync`.
     */
    readonly protocol?: Protocol | undefined;
    /**
     * Reads a document before it is sent, such as `parse` of graphql, and throws where it is malformed: some servers close
     * the whole socket for a syntax error in one document. Default: documents are not read.
     */
    readonly parse?: ((document: string) => unknown) | undefined;
    /** How long connecting may take until the server's acknowledgement, in milliseconds. Default: 10,000. */
    readonly connectTimeoutMs?: number | undefined;
    /**
     * How many sockets are opened in a row before operations fail, while none was ever useful: delivered a result, or
     * stayed for `healthyMs`. Default: 5. `Infinity`: no limit.
     */
    readonly connectAttempts?: number | undefined;
    /** As `connectAttempts`, for a connection that was useful before. Default: `Infinity`. */
    readonly reconnectAttempts?: number | undefined;
    /**
     * The longest pause before the second attempt, in milliseconds; it doubles with each. Each pause is random, from 0 to
     * that. Default: 1,000.
     */
    readonly retryDelayMs?: number | undefined;
    /** What the longest pause does not exceed, in milliseconds. Default: 30,000. */
    readonly maxRetryDelayMs?: number | undefined;
    /** How long a socket must stay so that attempts and pauses count from the beginning, in milliseconds. Default: 30,000. */
    readonly healthyMs?: number | undefined;
    /** After how long without any message the server is asked whether it lives, in milliseconds. Default: 30,000. */
    readonly pingMs?: number | undefined;
    /** How long it may take to answer, in milliseconds. Default: 10,000. */
    readonly pongTimeoutMs?: number | undefined;
    /** What is done about the close codes of a server, where it is not what {@link closeCodes} says. */
    readonly closeCodes?: Readonly<Record<number, CloseCode>> | undefined;
    /** How long a socket without operations is kept for the next one, in milliseconds. Default: 3,000. */
    readonly idleCloseMs?: number | undefined;
    /** How many identities may have a socket at one time. Default: 1,000. `Infinity`: no limit. */
    readonly maxSockets?: number | undefined;
    /** How many results of one operation may wait for a slow consumer. Default: 1,000. `Infinity`: no limit. */
    readonly maxQueuedResults?: number | undefined;
    /**
     * What happens when more wait: `'error'` fails the operation after what waits was read; `'drop-oldest'` forgets the
     * one that has waited longest. Default: `'error'`.
     */
    readonly overflow?: 'error' | 'drop-oldest' | undefined;
    /** How much may wait in the socket before operations that start have to wait, in bytes. Default: 1,048,576 (1 MiB). */
    readonly maxBufferedBytes?: number | undefined;
    /** How large one message may be, in bytes. Default: 16,777,216 (16 MiB). */
    readonly maxMessageBytes?: number | undefined;
    /** Lets credentials go over plain ws to other hosts than loopback. Default: `false`. */
    readonly allowInsecure?: boolean | undefined;
    /** Hears of connections: for logs, and for users to see. */
    readonly onEvent?: ConnectionListener | undefined;
    /**
     * Hears of every message on every socket, in both directions: its type and length, never what is in it. For finding out
     * what happens: each is parsed once more for that. What it throws is ignored. Default: none.
     */
    readonly onMessage?: ((message: SocketMessage) => void) | undefined;
    /** Time for the durations above. Default: the platform's. */
    readonly clock?: Clock | undefined;
    /** Gives numbers from 0 to 1 that spread out attempts. Default: `Math.random`. */
    readonly random?: (() => number) | undefined;
}

/**
 * The terminal link of GraphQL over WebSocket (protocol graphql-transport-ws): queries, mutations and subscriptions.
 * Credentials of auth links travel in the `connection_init` payload. Operations of one identity share a socket, two
 * identities never do. With `@defer` and `@stream`, each result is all of the data so far.
 *
 * A socket that is lost is replaced, with credentials as they are then: subscriptions go on (the first result after the
 * gap says `resumed`), queries without a result are sent again, mutations that were sent fail, as they may have run.
 * Refused credentials are renewed once. A token that is about to expire is replaced, and the socket with it.
 *
 * @throws {@link OptionsError} when an option is no good, when the link is built. Operations fail with a
 * {@link SocketClosedError}, {@link SocketConnectError}, {@link SocketLimitError}, `DocumentError`, `QueueOverflowError`,
 * `InsecureTransportError`, `TimeoutError` or `IncrementalDeliveryError`, with what an auth link fails with, or with the
 * reason of the caller's own signal.
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

/**
 * In the context of a subscription: all that it is for is the connection. Nothing is sent for it, and it is complete when
 * the server has acknowledged the connection. See {@link connect}.
 *
 * @example
 * ```ts
 * import { split, type TerminalLink } from '@graphlinks/core'
 * import { connectOnly } from '@graphlinks/ws-link'
 *
 * // Where not every subscription goes over the socket.
 * export const route = (sockets: TerminalLink, http: TerminalLink): TerminalLink =>
 *   split((operation) => operation.context.get(connectOnly) === true || operation.operationName === 'Live', sockets, http)
 * ```
 */
declare const connectOnly: ContextKey<boolean>;
/**
 * Opens the connection before there is an operation, as a first one would: with the credentials of the client's links,
 * with as many attempts, and with the same events. It is then kept for `idleCloseMs`, for the operation that is to come.
 * The client's chain must take subscriptions to a `wsLink`.
 *
 * @returns when the server has acknowledged the connection.
 * @throws what a first operation would fail with.
 *
 * @example
 * ```ts
 * import { bearerLink, chain, createClient } from '@graphlinks/core'
 * import { connect, wsLink } from '@graphlinks/ws-link'
 *
 * const socket = wsLink({ url: 'wss://api.example.com/graphql', idleCloseMs: 60_000 })
 * const client = createClient({ link: chain(bearerLink('secret-token'), socket) })
 * await connect(client)
 * await client.dispose()
 * ```
 */
declare function connect(client: Client, options?: CallOptions): Promise<void>;

/** What is known of the socket that an error is about. */
interface SocketDetails extends ErrorDetails {
    readonly closeCode?: number | undefined;
    readonly reason?: string | undefined;
    readonly wasClean?: boolean | undefined;
    readonly attempts?: number | undefined;
    readonly mayHaveRun?: boolean | undefined;
}
/** What is known of a connection that could not be made. */
interface ConnectDetails extends ErrorDetails {
    readonly status?: number | undefined;
    readonly attempts?: number | undefined;
}
/**
 * The socket was closed while the operation was running, and another one is no help, or must not be tried: the server
 * would close it again, all attempts are used up, or the operation is a mutation that may have run.
 *
 * @example
 * ```ts
 * import { SocketClosedError } from '@graphlinks/ws-link'
 *
 * export const report = (error: unknown): void => {
 *   if (SocketClosedError.is(error)) console.error(error.closeCode, error.reason, error.mayHaveRun)
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
    /** How many sockets were opened in a row, the last one included, without one that stayed. */
    readonly attempts: number;
    /** Whether the server may have run the operation, a mutation: it was sent, and its result did not come, or not all of it. */
    readonly mayHaveRun: boolean;
    /** Whether the same operation may succeed on a new socket. */
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
    /** What the handshake was answered with; `undefined` where there was no answer, and in browsers, which do not tell. */
    readonly status: number | undefined;
    /** How many attempts were made in a row. */
    readonly attempts: number;
    /** Whether another attempt may succeed. */
    readonly retryable: boolean;
    constructor(message: string, details: ConnectDetails, retryable: boolean);
}
/**
 * The operation would need one more socket than the link may have: each identity has its own.
 *
 * @example
 * ```ts
 * import { SocketLimitError } from '@graphlinks/ws-link'
 *
 * export const isBusy = (error: unknown): boolean => SocketLimitError.is(error)
 * ```
 */
declare class SocketLimitError extends GraphLinksError {
    static readonly name: string;
    static readonly code: string;
}

export { SocketClosedError, SocketConnectError, SocketLimitError, closeCodes, connect, connectOnly, wsLink };
export type { CloseAction, CloseCode, ConnectDetails, ConnectionEvent, ConnectionListener, KnownCloseCode, Payload, PayloadInput, Protocol, ProtocolAddress, ProtocolListener, ProtocolOperation, ProtocolSession, ProtocolStart, SocketDetails, SocketMessage, Ticket, WsLinkOptions };
