import { DocumentNode } from 'graphql';

/** A typed key of the context. Made by {@link contextKey}; two keys of one name are different keys. */
interface ContextKey<Value> {
    /** For people who debug; it plays no part in look-ups. */
    readonly name: string;
    /** Never set: it carries the type of the value. */
    readonly __value?: Value;
}
/**
 * The context of an operation: an immutable map from typed keys to values. Start from {@link emptyContext}.
 *
 * @example
 * ```ts
 * import { contextKey, emptyContext } from '@graphlinks/core'
 *
 * const traceId = contextKey<string>('traceId')
 * const context = emptyContext.with(traceId, 'abc')
 * console.log(context.get(traceId), emptyContext.get(traceId)) // abc undefined
 * ```
 */
declare class Context {
    #private;
    constructor(key?: ContextKey<unknown>, value?: unknown, parent?: Context);
    /** The value of a key, or `undefined`. */
    get<Value>(key: ContextKey<Value>): Value | undefined;
    /** A context that has this value too. The receiver is unchanged. */
    with<Value>(key: ContextKey<Value>, value: Value): Context;
}

/**
 * A box around a credential. Every way of printing it gives `[redacted]`: string conversion, templates,
 * `JSON.stringify`, `util.inspect`, and `structuredClone` (which copies an empty object). Only terminal links open it.
 *
 * @example
 * ```ts
 * import { Secret } from '@graphlinks/core'
 *
 * const token = new Secret('s3cr3t')
 * console.log(`${token}`, JSON.stringify({ token })) // [redacted] {"token":"[redacted]"}
 * ```
 */
declare class Secret {
    #private;
    constructor(value: string);
    /** The value itself. Call it where the value goes on the wire, and nowhere else. */
    reveal(): string;
    /** The first four characters of a value of at least 20, to tell keys apart in a log; otherwise `undefined`. */
    get hint(): string | undefined;
    toString(): string;
    toJSON(): string;
}

/** A secret value and where it may go. */
interface CredentialInit {
    /** Name of the header, or of the query parameter. */
    readonly name: string;
    readonly value: string;
    /** Default: `'header'`. A query parameter is redacted in every URL that is printed. */
    readonly in?: 'header' | 'query' | undefined;
    /** Origins that may see it. Default: only the origin of the terminal link that sends the operation. */
    readonly origins?: readonly string[] | undefined;
    /** Name of the link, for error messages. */
    readonly link?: string | undefined;
}

/**
 * Headers as a caller may give them: an object, a `Headers`, a `Map`, or `[name, value]` pairs. All shapes mean the
 * same. Names are case-insensitive, the last of one name wins, `null` removes an inherited header, `undefined` is
 * skipped.
 */
type HeadersInput = Readonly<Record<string, string | null | undefined>> | Iterable<readonly [name: string, value: string | null | undefined]>;

/** The three kinds of operation of GraphQL (spec section 2.3). */
type OperationKind = 'query' | 'mutation' | 'subscription';
/**
 * What types a document: the data it gives and the variables it takes. Matches, by structure, the documents of
 * GraphQL Code Generator (`TypedDocumentNode`, `TypedDocumentString`) and of gql.tada.
 */
interface TypedDocument<Data, Variables> {
    __apiType?: ((variables: Variables) => Data) | undefined;
}
/**
 * A document as a caller may give it: text, a `TypedDocumentString`, or an AST (`TypedDocumentNode`). The last two
 * carry the types of data and variables.
 */
type Document<Data = unknown, Variables = Record<string, unknown>> = string | (TypedDocument<Data, Variables> & (DocumentNode | StringObject));
/** What a `TypedDocumentString` is beside its types: an object of a class that extends `String`. */
interface StringObject {
    toString(): string;
    charAt(position: number): string;
}
/** Kind and name of one operation in a document. */
interface OperationSignature {
    readonly kind: OperationKind;
    readonly operationName: string | undefined;
}
/**
 * A document, ready to be sent: the operations in it are known, and its text is had without a parser. Made by
 * {@link parseDocument}; immutable, so that one serves any number of executions.
 *
 * @example
 * ```ts
 * import { parseDocument } from '@graphlinks/core'
 *
 * const document = parseDocument('query A { a } query B { b }')
 * console.log(document.operations.length, document.select('B').operationName) // 2 B
 * console.log(await document.text())
 * ```
 */
declare class GraphQLDocument {
    #private;
    /** What the caller passed: a string, a `TypedDocumentString`, an AST, or what a build put in its place. For links that read a hash off it. */
    readonly source: Document<unknown, never>;
    /** The operations of the document, in order; none are known of one that a build replaced by its hash. */
    readonly operations: readonly OperationSignature[];
    constructor(source: Document<unknown, never>, operations: readonly OperationSignature[], text: string | undefined);
    /**
     * The text of the document. A promise only for an AST that was not printed yet: that loads graphql's printer. Rejects
     * with a {@link DocumentError} for a document that a build replaced by its hash.
     */
    text(): string | Promise<string>;
    /** The text as a JSON string with its quotes, kept after the first call since it is part of every request body. */
    jsonText(): string | Promise<string>;
    /**
     * The operation that a request with this `operationName` runs (GraphQL spec section 6.1, GetOperation).
     *
     * @param kind - of the operation, where nothing but a hash is left of the document.
     * @throws {@link DocumentError} when there is no such operation, or the document has several and none is named.
     */
    select(operationName?: string, kind?: OperationKind): OperationSignature;
}

/** Variables or extensions: a JSON object, as GraphQL over HTTP section 5.1 has it. */
type JsonObject = Readonly<Record<string, unknown>>;
/**
 * One execution of a query, mutation or subscription: an immutable value. Links change it by copying: {@link withHeader},
 * {@link withCredential}, {@link withVariables}, {@link withExtensions}, {@link withContext}.
 *
 * Printing an operation shows its kind, name and the names of its headers, never a value.
 */
interface Operation {
    readonly kind: OperationKind;
    /** The name of the operation that runs; `undefined` for an anonymous one. */
    readonly operationName: string | undefined;
    readonly document: GraphQLDocument;
    readonly variables: JsonObject | undefined;
    readonly extensions: JsonObject | undefined;
    /** What links and callers attached under typed keys. */
    readonly context: Context;
    /**
     * Aborts when the caller's own signal does (with its reason), when the consumer stops early, or when the client is
     * disposed. Made on the first read, one per execution.
     */
    readonly signal: AbortSignal;
}

/** Response headers, as far as every runtime has them. */
interface ResponseHeaders {
    get(name: string): string | null;
    getSetCookie?(): string[];
    forEach(callback: (value: string, name: string) => void): void;
}

/** A request of a terminal link as it is about to go on the wire. */
interface OutgoingRequest {
    readonly method: string;
    /** `https:` or `http:`; of a WebSocket's handshake, `wss:` or `ws:`. */
    readonly url: URL;
    /** With all credentials, so they are secrets. Names in lower case. */
    readonly headers: ReadonlyMap<string, string>;
    /** The very bytes, or their text; `undefined` where there are none. */
    readonly body: string | Uint8Array | undefined;
}
/** What is to be changed of a request before it goes on the wire. */
interface RequestChange {
    /** Headers to set; `null` removes one. They win over all others, and are secrets. */
    readonly headers?: HeadersInput | undefined;
}
/** The head of the answer to a request. */
interface IncomingResponse {
    readonly status: number;
    readonly headers: ResponseHeaders;
}
/**
 * Takes part in every exchange between a terminal link and its server on behalf of an operation: after serialisation,
 * for each request that is really sent, those of replays and redirects included. Cookies and signatures are made so.
 */
interface Exchange {
    /** Name of the link, for errors. */
    readonly link: string;
    /**
     * Equal for two operations exactly when this says the same of who asks. A part of the operation's identity, and no
     * secret.
     */
    readonly identity: string;
    /** In browsers: whether the platform sends its cookies along to a URL (Fetch section 2.2.5). The last one wins. */
    credentialsMode?(url: URL): 'omit' | 'same-origin' | 'include';
    /** What is to be changed of a request. What it throws fails the operation. */
    request?(request: OutgoingRequest, operation: Operation): RequestChange | undefined | Promise<RequestChange | undefined>;
    /**
     * Hears of the answer, whatever it is, before anybody else.
     *
     * @returns `true` to have the request made and sent once more, which is granted once for each time that the terminal
     * link sends.
     */
    response?(response: IncomingResponse, request: OutgoingRequest, operation: Operation): boolean | void | Promise<boolean | void>;
}
/**
 * For authors of terminal links: what takes part in the exchanges of an operation, in order; signers are last.
 *
 * @example
 * ```ts
 * import { exchangesOf, type Operation } from '@graphlinks/core'
 *
 * export const isSigned = (operation: Operation): boolean => exchangesOf(operation).length > 0
 * ```
 */
declare function exchangesOf(operation: Operation): readonly Exchange[];

/**
 * Where the credentials of an operation come from. A terminal link that runs an operation over several connections, one
 * after the other, asks it for the credentials of each.
 */
interface CredentialSource {
    /** A copy of the operation with the credentials as they are now. */
    attach(operation: Operation): Operation | Promise<Operation>;
}

/**
 * A copy with a credential: a value that only the given origins may see, only over https, wss or loopback, and that is
 * part of the operation's identity. HTTP sends it as a header or query parameter, WebSocket in `connection_init`.
 *
 * @throws {@link HeaderError} when the name or the value cannot be sent; {@link OptionsError} when an origin is no
 * origin.
 *
 * @example
 * ```ts
 * import { withCredential, type Link } from '@graphlinks/core'
 *
 * export const session: Link = (operation, next) =>
 *   next(withCredential(operation, { name: 'x-session', value: 'abc123', origins: ['https://api.example.com'] }))
 * ```
 */
declare function withCredential(operation: Operation, credential: CredentialInit): Operation;
/**
 * A copy with more extensions, merged by top-level key over those before (GraphQL over HTTP section 5.1).
 *
 * @example
 * ```ts
 * import { withExtensions, type Link } from '@graphlinks/core'
 *
 * export const origin: Link = (operation, next) => next(withExtensions(operation, { origin: 'checkout' }))
 * ```
 */
declare function withExtensions(operation: Operation, extensions: JsonObject): Operation;

/**
 * For authors of terminal links: where the credentials of an operation come from, the outermost link's last. Those of
 * plain links and constant values come from nowhere.
 *
 * @example
 * ```ts
 * import { credentialSources, type Operation } from '@graphlinks/core'
 *
 * export const mayChange = (operation: Operation): boolean => credentialSources(operation).length > 0
 * ```
 */
declare function credentialSources(operation: Operation): readonly CredentialSource[];
/**
 * For authors of terminal links: a copy of the operation with all credentials as they are now. Each source sees what the
 * links before it attached, as it did the first time.
 *
 * @throws what a source fails with.
 *
 * @example
 * ```ts
 * import { renderFields, renewCredentials, type Operation } from '@graphlinks/core'
 *
 * export const reconnect = async (operation: Operation, endpoint: URL): Promise<ReadonlyMap<string, string | null>> =>
 *   renderFields(await renewCredentials(operation), { endpoint, link: 'myLink' }).headers
 * ```
 */
declare function renewCredentials(operation: Operation): Promise<Operation>;

/** What a terminal link has to do with the session whose tokens it uses for as long as a connection lives. */
interface CredentialLease {
    /**
     * A server refused what was attached last. From then on it is the terminal link that has the operation sent again: no
     * other link does, whatever comes of it.
     *
     * @param again - whether it was attached because what was attached before had been refused.
     * @returns `'replaced'` when what was refused was no longer the best there is, `'renewable'` when something better can
     * be had (`attach` waits for it), `undefined` when it cannot.
     */
    refused(again: boolean): Promise<'replaced' | 'renewable' | undefined>;
    /** In how many milliseconds to {@link check}; `undefined` where there is no need to. */
    readonly dueMs: number | undefined;
    /** Has a token that is due renewed, in the background. */
    check(): void;
    /**
     * Calls back, also at once, with `'renewed'` when there is something better than what was attached, and with `'ended'`
     * when it must not be used any more, because somebody signed in or out. @returns a function that ends it.
     */
    subscribe(listener: (change: 'renewed' | 'ended') => void): () => void;
}
/**
 * For authors of terminal links: what to do about credentials that are the tokens of a session; `undefined` for others.
 *
 * @example
 * ```ts
 * import { credentialSources, leaseOf, type Operation } from '@graphlinks/core'
 *
 * export const onRenewed = (operation: Operation, reconnect: () => void): void => {
 *   for (const source of credentialSources(operation)) {
 *     leaseOf(source)?.subscribe((change) => change === 'renewed' && reconnect())
 *   }
 * }
 * ```
 */
declare function leaseOf(source: CredentialSource): CredentialLease | undefined;

/**
 * What the operation's credentials amount to: two operations whose sensitive headers or query parameters differ have
 * different identities; the tokens of one session, however often they are renewed, are one. Links that share work between operations (dedup, batch, cache, sockets) key on it. It comes in
 * a {@link Secret} because it holds the credentials: reveal it as a key in memory, never print it.
 *
 * @example
 * ```ts
 * import { createOperation, identityOf } from '@graphlinks/core'
 *
 * const ada = createOperation({ document: '{ hello }', headers: { authorization: 'Bearer ada' } })
 * const bob = createOperation({ document: '{ hello }', headers: { authorization: 'Bearer bob' } })
 * console.log(identityOf(ada).reveal() === identityOf(bob).reveal()) // false
 * ```
 */
declare function identityOf(operation: Operation): Secret;

/**
 * Calls back when a page, or the machine below it, is awake or online again. Never where there is no page.
 *
 * @returns functions that take it back.
 *
 * @example
 * ```ts
 * import { onWake } from '@graphlinks/core'
 *
 * const releases = onWake(() => console.log('awake'))
 * for (const release of releases) release()
 * ```
 */
declare function onWake(listener: () => void): (() => void)[];

export { credentialSources, exchangesOf, identityOf, leaseOf, onWake, renewCredentials, withCredential, withExtensions };
