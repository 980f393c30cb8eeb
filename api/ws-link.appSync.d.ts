import { OperationKind, JsonObject, ResultError, Clock } from '@graphlinks/core';

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

/** Where AWS AppSync has its real-time endpoints, and how credentials get there. */

type Headers = Readonly<Record<string, string>>;

/** The real-time protocol of AWS AppSync. An entry of its own. */

/** What is to be authorized: the connection, or one subscription. */
interface AppSyncRequest {
    /** The URL that a signature is made for. */
    readonly url: string;
    /** The body that a signature is made for: `{}` for the connection. */
    readonly body: string;
    /** The host of the API, and the headers that links attached. They are secrets. */
    readonly headers: Headers;
}
/** Options of {@link appSyncProtocol}. */
interface AppSyncProtocolOptions {
    /** The host of the API, where `url` names a proxy in front of it. Default: that of `url`. */
    readonly host?: string | undefined;
    /**
     * Where the credentials of the connection travel: in the list of subprotocols, or, for older proxies, in the URL, which
     * servers and proxies log. Default: `'subprotocol'`.
     */
    readonly handshake?: 'subprotocol' | 'query' | undefined;
    /** Makes the headers of a request, such as an IAM signature. Default: they are the host and what links attached. */
    readonly authorize?: ((request: AppSyncRequest) => Headers | Promise<Headers>) | undefined;
    /** How long the server may take to accept a subscription, in milliseconds. Default: 15,000. */
    readonly startTimeoutMs?: number | undefined;
    /** Time for `startTimeoutMs`. Default: the platform's. */
    readonly clock?: Clock | undefined;
}
/**
 * The real-time protocol of AWS AppSync: subscriptions alone. `url` of the link is that of the API, such as
 * `https://abc.appsync-api.eu-west-1.amazonaws.com/graphql`, or of a domain of your own.
 *
 * @throws `OptionsError` when an option is no good.
 *
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/real-time-websocket-client.html
 *
 * @example
 * ```ts
 * import { apiKeyLink, chain } from '@graphlinks/core'
 * import { wsLink } from '@graphlinks/ws-link'
 * import { appSyncProtocol } from '@graphlinks/ws-link/appsync'
 *
 * const url = 'https://abc.appsync-api.eu-west-1.amazonaws.com/graphql'
 * export const link = chain(apiKeyLink({ key: 'da2-123' }), wsLink({ url, protocol: appSyncProtocol() }))
 * ```
 */
declare function appSyncProtocol(options?: AppSyncProtocolOptions): Protocol;

export { appSyncProtocol };
export type { AppSyncProtocolOptions, AppSyncRequest };
