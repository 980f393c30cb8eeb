import { Link, Result, Results, Operation, Clock } from '@graphlinks/core';

/** Registers a test: `test` of jest, vitest or node:test. */
type RegisterTest = (title: string, run: () => Promise<void>) => unknown;
/** Options of {@link linkContract}. */
interface LinkContractOptions {
    /** Default: the global `test`. */
    readonly test?: RegisterTest | undefined;
}
/**
 * Registers the tests that every link must pass, whatever it is for: the promises that other links and applications
 * rely on. `makeLink` makes a fresh link that lets an ordinary query through.
 *
 * @throws Error when there is no global `test` and none is given, or when `makeLink` is a link itself.
 *
 * @example
 * ```ts
 * import { withHeader, type Link } from '@graphlinks/core'
 * import { linkContract } from '@graphlinks/testing'
 *
 * const tenant: Link = (operation, next) => next(withHeader(operation, 'x-tenant', 'acme'))
 * linkContract(() => tenant, { test: (title, run) => run().then(() => console.log('ok', title)) })
 * ```
 */
declare function linkContract(makeLink: () => Link, { test }?: LinkContractOptions): void;

/** What a {@link memoryLink} answers: one result, several, an error to fail with, or any results. */
type MemoryAnswer = Result | readonly Result[] | Error | Results;
/** One operation as it arrived, with its headers opened as a terminal link would send them. */
interface RecordedOperation {
    readonly operation: Operation;
    /** Lower-case names. They hold the credentials: print them only in tests with made-up ones. */
    readonly headers: Readonly<Record<string, string>>;
    /** How its results ended; `undefined` while they run. */
    readonly ended: 'completed' | 'failed' | 'closed' | undefined;
}
/** A terminal link in memory, with what it was sent. */
interface MemoryLink {
    (operation: Operation): Results;
    readonly stage: 'terminal';
    /** Every operation whose results were iterated, in order. */
    readonly sent: readonly RecordedOperation[];
}
/** Options of {@link memoryLink}. */
interface MemoryLinkOptions {
    /** Where it pretends to be, for credentials that are bound to origins. Default: `https://memory.test/graphql`. */
    readonly url?: string | undefined;
}
/**
 * A terminal link that answers from memory and records what it was sent. It is cold: an operation counts as sent when
 * its results are iterated. It ends when the operation's signal aborts. Cookies and signatures are among the headers; no
 * answer is shown to who makes them.
 *
 * @param answer - what each operation gets. Default: `{ data: {} }`.
 *
 * @example
 * ```ts
 * import { bearerLink, chain, createClient } from '@graphlinks/core'
 * import { memoryLink } from '@graphlinks/testing'
 *
 * const memory = memoryLink({ data: { me: { name: 'Ada' } } })
 * const client = createClient({ link: chain(bearerLink('t'), memory) })
 * await client.query('{ me { name } }')
 * console.log(memory.sent[0]?.headers['authorization']) // Bearer t
 * ```
 */
declare function memoryLink(answer?: MemoryAnswer | ((operation: Operation) => MemoryAnswer | Promise<MemoryAnswer>), { url }?: MemoryLinkOptions): MemoryLink;

/**
 * A clock that stands still until a test moves it.
 *
 * @example
 * ```ts
 * import { FakeClock } from '@graphlinks/testing'
 *
 * const clock = new FakeClock()
 * clock.after(1_000, () => console.log('a second later'))
 * await clock.advance(1_000)
 * ```
 */
declare class FakeClock implements Clock {
    #private;
    now(): number;
    date(): number;
    after(delayMs: number, callback: () => void): () => void;
    inBackground(delayMs: number, callback: () => void): () => void;
    /**
     * Sets the date forward, or back with a negative number, as people and networks do. Nothing else moves; a machine that
     * sleeps looks the same, when it is awake again.
     *
     * @param byMs - in milliseconds.
     */
    setDate(byMs: number): void;
    /** When each armed timer is due, in milliseconds from now, soonest first. */
    get delays(): readonly number[];
    /** How many timers are armed. A test of `dispose` ends with 0. */
    get pending(): number;
    /**
     * Moves time forward, running each timer at its time and what it sets off before the next one.
     *
     * @param durationMs - in milliseconds.
     */
    advance(durationMs: number): Promise<void>;
}
/**
 * Lets everything that is only waiting for promises go on.
 *
 * @example
 * ```ts
 * import { settle } from '@graphlinks/testing'
 *
 * const order: string[] = []
 * void Promise.resolve().then(() => order.push('then'))
 * await settle()
 * console.log(order) // ['then']
 * ```
 */
declare function settle(): Promise<void>;

/**
 * A secret that must never be seen: use its value as a token, run what may fail, and let it look for itself in
 * everything that came out.
 *
 * @example
 * ```ts
 * import { secretCanary } from '@graphlinks/testing'
 *
 * const canary = secretCanary()
 * const error = new Error('the token was refused')
 * canary.check(error) // throws if canary.value is in its message, stack, causes, JSON or inspection
 * ```
 */
interface SecretCanary {
    /** The secret: different for each canary, made of letters and digits. */
    readonly value: string;
    /**
     * Looks for the secret, and its Base64 and URL forms, in each value: message, stack, cause chain, own properties
     * (hidden ones too), JSON, conversion to a string, and `util.inspect` at depth 20 with hidden properties.
     *
     * @throws Error that says where it was found.
     */
    check(...emitted: unknown[]): void;
    /**
     * Runs a function and checks everything that was written to the console, stdout and stderr meanwhile.
     *
     * @returns what the function gave.
     */
    watch<Value>(run: () => Value | Promise<Value>): Promise<Value>;
}
/**
 * Makes a {@link SecretCanary}.
 *
 * @example
 * ```ts
 * import { secretCanary } from '@graphlinks/testing'
 *
 * const canary = secretCanary()
 * const output = await canary.watch(() => JSON.stringify({ token: '[redacted]' }))
 * canary.check(output)
 * ```
 */
declare function secretCanary(): SecretCanary;

/** What a client sent to a {@link scriptedServer}. */
interface ScriptedRequest {
    readonly method: string;
    /** Path and query, as they came. */
    readonly url: string;
    readonly headers: Headers;
    /** Each line of the header, in the order and spelling of the client. */
    readonly headerLines: readonly (readonly [name: string, value: string])[];
    /** What has arrived of the body: all of it, when the script runs. */
    readonly body: Uint8Array;
    /** The body as text. */
    readonly text: string;
    /** Resolves when the connection is closed, whoever did it. */
    readonly closed: Promise<void>;
}
/** One request and what the script answers, byte by byte. Whatever is sent after the client has gone is dropped. */
interface ScriptedExchange {
    readonly request: ScriptedRequest;
    /** Resolves when the connection is closed, whoever did it. */
    readonly closed: Promise<void>;
    /**
     * Sends status line and headers; a header with several values has a line for each. The body is chunked, unless there is
     * a `content-length`, or `connection: close`, with which a body lasts until the connection ends. With
     * `content-encoding: gzip` it is compressed, and flushed after each write.
     */
    head(status: number, headers?: Readonly<Record<string, string | readonly string[]>>): Promise<boolean>;
    /**
     * Sends a piece of the body as a chunk of its own, and lets clients in the same process read it.
     *
     * @returns whether the client is still there.
     */
    write(data: string | Uint8Array): Promise<boolean>;
    /** Sends a piece of the body in chunks of that many bytes. */
    split(data: string | Uint8Array, bytes: number): Promise<boolean>;
    /** Ends the body properly. The connection stays open, unless the head said `connection: close`. */
    end(): Promise<void>;
    /** A whole answer: head, body and end. */
    respond(status: number, headers?: Readonly<Record<string, string | readonly string[]>>, body?: string | Uint8Array): Promise<void>;
    /** Sends bytes as they are, without framing: a status line, a broken chunk, another protocol. */
    raw(data: string | Uint8Array): Promise<boolean>;
    /** Ends the connection (FIN) after what was sent, complete or not. */
    close(): void;
    /** Breaks the connection off (RST). */
    reset(): void;
}
/** What to answer: called when a request has arrived with its body. It may return before its answer is complete. */
type Script = (exchange: ScriptedExchange) => unknown;
/** A server that is as broken as a test needs it. */
interface ScriptedServer {
    readonly url: string;
    /** Every request whose headers have arrived, in order. */
    readonly requests: readonly ScriptedRequest[];
    /** Waits for a request by its index, until its headers have arrived. */
    request(index: number): Promise<ScriptedRequest>;
    /** How many connections there are, were at most at one time, and were ever made. */
    readonly connections: {
        readonly open: number;
        readonly most: number;
        readonly made: number;
    };
    /**
     * Closes all connections.
     *
     * @throws what a script threw.
     */
    close(): Promise<void>;
}
/**
 * Starts an HTTP server on a free port of 127.0.0.1 whose answers are scripts of bytes, for what real servers cannot be
 * made to do: any chunks, any status and headers, truncation, silence. To be silent, a script waits or returns.
 *
 * @example
 * ```ts
 * import { scriptedServer } from '@graphlinks/testing'
 *
 * const server = await scriptedServer(async (exchange) => {
 *   await exchange.head(200, { 'content-type': 'application/json' })
 *   await exchange.split('{"data":{"hello":"wor', 3)
 *   exchange.reset()
 * })
 * const response = await fetch(server.url, { method: 'POST', body: '{}' })
 * await response.text().catch((error) => console.log('as a client sees it:', error))
 * console.log(server.requests[0]?.text) // {}
 * await server.close()
 * ```
 */
declare function scriptedServer(script: Script): Promise<ScriptedServer>;

/** How a frame is written, also where that is not allowed. */
interface SocketFrameOptions {
    /** Whether the message ends with it. Default: `true`. */
    readonly isFinal?: boolean | undefined;
    /** Whether it is masked, as only those of clients may be. Default: `false`. */
    readonly isMasked?: boolean | undefined;
}

/** What the handshake is answered with. */
interface ScriptedHandshake {
    /** The subprotocol that is chosen; `null` for none. Default: the first that was offered. */
    readonly subprotocol?: string | null | undefined;
    readonly headers?: Readonly<Record<string, string>> | undefined;
}
/** One WebSocket of a {@link scriptedSocketServer}, frame by frame. What is sent after the client has gone is dropped. */
interface ScriptedSocket {
    /** Of the upgrade request. */
    readonly headers: Headers;
    /** Path and query, as they came. */
    readonly url: string;
    /** The subprotocols that the client offers, in order. */
    readonly offered: readonly string[];
    /** All messages that have come: what their JSON says, or the text where it is none. */
    readonly messages: readonly unknown[];
    /** The close frame of the client, once it has come. */
    readonly closeFrame: {
        readonly code: number | undefined;
        readonly reason: string;
    } | undefined;
    /** Resolves when the connection is closed, whoever did it. */
    readonly closed: Promise<void>;
    /** Answers the handshake, and makes it a WebSocket. */
    accept(handshake?: ScriptedHandshake): Promise<void>;
    /** Answers the handshake with an HTTP response in place of a WebSocket. */
    refuse(status: number, headers?: Readonly<Record<string, string>>, body?: string): Promise<void>;
    /** The next message of the client, each once. @throws Error when the connection ends before it comes. */
    message(): Promise<unknown>;
    /** The next message with that `type`; those before it are skipped. */
    messageOfType(type: string): Promise<Readonly<Record<string, unknown>>>;
    /** Sends a text message: a string as it is, anything else as JSON. @returns whether the client is still there. */
    send(message: unknown): Promise<boolean>;
    /** Sends one frame, allowed or not. */
    frame(opcode: number, payload?: Uint8Array, options?: SocketFrameOptions): Promise<boolean>;
    /** Sends one message in frames of that many bytes. */
    fragment(text: string, bytes: number): Promise<boolean>;
    /** Sends bytes as they are. */
    raw(bytes: Uint8Array): Promise<boolean>;
    /** Sends a close frame (without a code, an empty one), and ends the connection when the client has answered. */
    close(code?: number, reason?: string): void;
    /** Ends the connection (FIN) without a close frame. */
    end(): void;
    /** Breaks the connection off (RST). */
    reset(): void;
    /** Half-open: stays connected, reads nothing any more, and answers no ping and no close. */
    freeze(): void;
}
/** What to do with a WebSocket: called with each upgrade request. A script that returns at once leaves it unanswered. */
type SocketScript = (socket: ScriptedSocket) => unknown;
/** A WebSocket server that is as broken as a test needs it. */
interface ScriptedSocketServer {
    readonly url: string;
    /** Every upgrade request, in order. */
    readonly sockets: readonly ScriptedSocket[];
    /** Waits for an upgrade request by its index. */
    socket(index: number): Promise<ScriptedSocket>;
    /** How many connections there are, were at most at one time, and were ever made. */
    readonly connections: {
        readonly open: number;
        readonly most: number;
        readonly made: number;
    };
    /** Breaks all connections off, and refuses others from then on. */
    stop(): Promise<void>;
    /** Listens again, where it did before. */
    start(): Promise<void>;
    /**
     * Ends everything.
     *
     * @throws what a script threw.
     */
    close(): Promise<void>;
}
/**
 * Starts a WebSocket server on a free port of 127.0.0.1 whose answers are scripts of frames, for what real servers cannot
 * be made to do: silence, half-open connections, refused handshakes, frames that are not allowed.
 *
 * @example
 * ```ts
 * import { scriptedSocketServer } from '@graphlinks/testing'
 *
 * const server = await scriptedSocketServer(async (socket) => {
 *   await socket.accept()
 *   await socket.messageOfType('connection_init')
 *   await socket.send({ type: 'connection_ack' })
 *   socket.freeze()
 * })
 * console.log(server.url)
 * await server.close()
 * ```
 */
declare function scriptedSocketServer(script: SocketScript): Promise<ScriptedSocketServer>;

export { FakeClock, linkContract, memoryLink, scriptedServer, scriptedSocketServer, secretCanary, settle };
export type { LinkContractOptions, MemoryAnswer, MemoryLink, MemoryLinkOptions, RecordedOperation, RegisterTest, Script, ScriptedExchange, ScriptedHandshake, ScriptedRequest, ScriptedServer, ScriptedSocket, ScriptedSocketServer, SecretCanary, SocketFrameOptions, SocketScript };
