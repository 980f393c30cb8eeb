import { OperationKind, JsonObject, ResultError } from '@graphlinks/core';

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

/** Options of {@link legacyProtocol}. */
interface LegacyProtocolOptions {
    /**
     * How long a server that sends `ka` messages may be silent before its socket is replaced, in milliseconds. Nothing
     * is expected of a server that never sent one. Default: 60,000.
     */
    readonly keepAliveTimeoutMs?: number | undefined;
}
/**
 * The protocol of subscriptions-transport-ws, which nobody maintains, for servers that speak no other. Its name on the
 * wire is `graphql-ws`. Everything else about the link is the same.
 *
 * @throws `OptionsError` when an option is no good.
 *
 * @see https://github.com/apollographql/subscriptions-transport-ws/blob/v0.11.0/PROTOCOL.md
 *
 * @example
 * ```ts
 * import { bearerLink, chain } from '@graphlinks/core'
 * import { wsLink } from '@graphlinks/ws-link'
 * import { legacyProtocol } from '@graphlinks/ws-link/legacy'
 *
 * const url = 'wss://api.example.com/graphql'
 * export const link = chain(bearerLink('secret-token'), wsLink({ url, protocol: legacyProtocol() }))
 * ```
 */
declare function legacyProtocol(options?: LegacyProtocolOptions): Protocol;

export { legacyProtocol };
export type { LegacyProtocolOptions };
