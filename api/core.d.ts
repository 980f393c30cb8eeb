import { DocumentNode } from 'graphql';

/** A typed key of the context. Made by {@link contextKey}; two keys of one name are different keys. */
interface ContextKey<Value> {
    /** For people who debug; it plays no part in look-ups. */
    readonly name: string;
    /** Never set: it carries the type of the value. */
    readonly __value?: Value;
}
/**
 * Makes a key for a value that links hand to each other, or that a caller hands to links.
 *
 * @example
 * ```ts
 * import { contextKey, withContext, type Link } from '@graphlinks/core'
 *
 * export const traceId = contextKey<string>('traceId')
 * export const trace: Link = (operation, next) => next(withContext(operation, traceId, crypto.randomUUID()))
 * export const log: Link = (operation, next) => {
 *   console.log(operation.context.get(traceId)) // typed string | undefined
 *   return next(operation)
 * }
 * ```
 */
declare function contextKey<Value>(name: string): ContextKey<Value>;
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
 * The context with nothing in it.
 *
 * @example
 * ```ts
 * import { contextKey, emptyContext } from '@graphlinks/core'
 *
 * const traceId = contextKey<string>('traceId')
 * const context = emptyContext.with(traceId, 'abc')
 * ```
 */
declare const emptyContext: Context;

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
/** A document of any data and variables. */
type AnyDocument = Document<unknown, never>;
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
/**
 * Reads a document of any accepted shape. No GraphQL parser is involved: the kind and name of each operation come from
 * {@link scanOperations}, and an AST is printed only when its text is asked for.
 *
 * @throws {@link DocumentError} when the value is no document.
 *
 * @example
 * ```ts
 * import { parseDocument } from '@graphlinks/core'
 *
 * const document = parseDocument('mutation AddCity { addCity { id } }')
 * console.log(document.select().kind) // mutation
 * ```
 */
declare function parseDocument(source: Document<unknown, never>): GraphQLDocument;
/**
 * Finds the operations in the text of a document, in one linear pass and without a parser. It agrees with graphql's
 * parser on every valid document; on an invalid one it finds what it can and leaves the complaint to the server.
 *
 * @example
 * ```ts
 * import { scanOperations } from '@graphlinks/core'
 *
 * console.log(scanOperations('query Me { me { id } }')) // [{ kind: 'query', operationName: 'Me' }]
 * ```
 */
declare function scanOperations(text: string): OperationSignature[];

/** Where an error happened, and what it was caused by. */
interface ErrorDetails {
    /** Name of the link that failed, such as `bearerLink`. */
    readonly link?: string | undefined;
    /** Name of the operation that failed, when it has one. */
    readonly operationName?: string | undefined;
    /** The error below this one. It is kept as it is, so whoever sets it makes sure that it holds no secret. */
    readonly cause?: unknown;
}
declare const brand: unique symbol;
/**
 * Base of every error that graphlinks throws. GraphQL errors are data (`result.errors`); an error of this family says
 * that there is no result.
 *
 * The message names the link and the operation, says what happened and what to do. No error of the family holds a
 * header value, a credential or a variable: not in its message, its fields, its `cause` or its stack.
 *
 * @example
 * ```ts
 * import { GraphLinksError } from '@graphlinks/core'
 *
 * export function describe(error: unknown): string {
 *   return GraphLinksError.is(error) ? `${error.code} in ${error.link ?? 'the client'}` : 'not one of ours'
 * }
 * ```
 */
declare class GraphLinksError extends Error {
    static readonly name: string;
    /** The stable, documented code of this class of errors; the base class matches every code. */
    static readonly code: string;
    static readonly [brand]: boolean;
    /** Stable code of the error's class, such as `HTTP_STATUS`. Safe to switch on across versions. */
    readonly code: string;
    /** Name of the link that failed, when one did. */
    readonly link: string | undefined;
    /** Name of the operation that failed, when it has one. */
    readonly operationName: string | undefined;
    constructor(message: string, details?: ErrorDetails);
    get name(): string;
    /**
     * Whether a value is an error of this class or of one that extends it, also when it was made by another copy of the
     * package.
     */
    static is<E extends GraphLinksError>(this: {
        readonly code: string;
        readonly prototype: E;
    }, value: unknown): value is E;
}
/**
 * An option has a value that can never work. Thrown when the link, client or request is built; later only for what a
 * function gave or a call passed.
 *
 * @example
 * ```ts
 * import { bearerLink, OptionsError } from '@graphlinks/core'
 *
 * try {
 *   bearerLink('secret-token', { timeoutMs: -1 })
 * } catch (error) {
 *   if (OptionsError.is(error)) console.error(error.message) // bearerLink: timeoutMs is a positive number of ...
 * }
 * ```
 */
declare class OptionsError extends GraphLinksError {
    static readonly name: string;
    static readonly code: string;
}
/**
 * Links stand in an order that can never work. Thrown by `chain`, `compose` and `split`.
 *
 * @example
 * ```ts
 * import { WiringError } from '@graphlinks/core'
 *
 * export const report = (error: unknown): void => {
 *   if (WiringError.is(error)) console.error(error.message) // names the link, and where it must stand
 * }
 * ```
 */
declare class WiringError extends GraphLinksError {
    static readonly name: string;
    static readonly code: string;
}
/**
 * A link broke its contract before it gave results: it threw, rejected, or returned something that is no results.
 *
 * @example
 * ```ts
 * import { LinkError } from '@graphlinks/core'
 *
 * export const causeOf = (error: unknown): unknown => (LinkError.is(error) ? error.cause : error)
 * ```
 */
declare class LinkError extends GraphLinksError {
    static readonly name: string;
    static readonly code: string;
}
/**
 * A document has no operation to run, has several and none was selected, or was passed to the wrong method.
 *
 * @example
 * ```ts
 * import { createRequest, DocumentError } from '@graphlinks/core'
 *
 * try {
 *   createRequest({ query: 'query A { a } query B { b }' })
 * } catch (error) {
 *   if (DocumentError.is(error)) console.error(error.message) // ... say which one with operationName
 * }
 * ```
 */
declare class DocumentError extends GraphLinksError {
    static readonly name: string;
    static readonly code: string;
}
/**
 * A header name or value cannot go on the wire. The message names the header and the position, never the value.
 *
 * @example
 * ```ts
 * import { HeaderError, headerLink } from '@graphlinks/core'
 *
 * try {
 *   headerLink({ 'x-tenant': 'acme\n' })
 * } catch (error) {
 *   if (HeaderError.is(error)) console.error(error.message) // names the header and the position, not the value
 * }
 * ```
 */
declare class HeaderError extends GraphLinksError {
    static readonly name: string;
    static readonly code: string;
}
/**
 * A credential is missing where it is required, or could not be had in time.
 *
 * @example
 * ```ts
 * import { CredentialError } from '@graphlinks/core'
 *
 * export const mustSignIn = (error: unknown): boolean => CredentialError.is(error)
 * ```
 */
declare class CredentialError extends GraphLinksError {
    static readonly name: string;
    static readonly code: string;
}
/**
 * A credential was about to leave over plain http or ws to a host that is not this machine.
 *
 * @example
 * ```ts
 * import { InsecureTransportError } from '@graphlinks/core'
 *
 * export const needsHttps = (error: unknown): boolean => InsecureTransportError.is(error)
 * ```
 */
declare class InsecureTransportError extends GraphLinksError {
    static readonly name: string;
    static readonly code: string;
}
/**
 * Something took longer than the configured number of milliseconds. Never used for a caller's own abort.
 *
 * @example
 * ```ts
 * import { TimeoutError } from '@graphlinks/core'
 *
 * export const mayTryAgain = (error: unknown): boolean => TimeoutError.is(error)
 * ```
 */
declare class TimeoutError extends GraphLinksError {
    static readonly name: string;
    static readonly code: string;
}
/**
 * A consumer read more slowly than results arrived, until the bounded queue between them was full.
 *
 * @example
 * ```ts
 * import { QueueOverflowError } from '@graphlinks/core'
 *
 * export const isTooSlow = (error: unknown): boolean => QueueOverflowError.is(error)
 * ```
 */
declare class QueueOverflowError extends GraphLinksError {
    static readonly name: string;
    static readonly code: string;
}
/**
 * An operation was started after its client was disposed, or was still running when that happened.
 *
 * @example
 * ```ts
 * import { DisposedError } from '@graphlinks/core'
 *
 * export const isOver = (error: unknown): boolean => DisposedError.is(error)
 * ```
 */
declare class DisposedError extends GraphLinksError {
    static readonly name: string;
    static readonly code: string;
}

/**
 * Headers as a caller may give them: an object, a `Headers`, a `Map`, or `[name, value]` pairs. All shapes mean the
 * same. Names are case-insensitive, the last of one name wins, `null` removes an inherited header, `undefined` is
 * skipped.
 */
type HeadersInput = Readonly<Record<string, string | null | undefined>> | Iterable<readonly [name: string, value: string | null | undefined]>;
/** One header after normalisation: a lower-case name, and a checked value or `null` for "remove". */
type HeaderEntry = readonly [name: string, value: string | null];
/**
 * Whether this is a browser, where the platform decides over cookies, origins and handshakes.
 *
 * @example
 * ```ts
 * import { inBrowser } from '@graphlinks/core'
 *
 * console.log(inBrowser() ? 'the platform keeps the cookies' : 'a jar is needed')
 * ```
 */
declare function inBrowser(): boolean;
/**
 * Checks a header name and gives it in lower case. A name is an RFC 9110 token; names that frame the message or belong
 * to one hop (`host`, `content-length`, `connection`, `proxy-authorization`, ...) are refused.
 *
 * @throws {@link HeaderError} when the name cannot be sent.
 *
 * @example
 * ```ts
 * import { checkHeaderName } from '@graphlinks/core'
 *
 * console.log(checkHeaderName('X-Tenant')) // x-tenant
 * ```
 */
declare function checkHeaderName(name: string, details?: ErrorDetails): string;
/**
 * Checks a header value: visible ASCII with inner spaces and tabs, at most 16,384 characters. Runtimes disagree on
 * everything else (RFC 9110 section 5.5), and most of them print the value when they refuse it.
 *
 * @throws {@link HeaderError} that names the header and the position of the bad character, never the value.
 *
 * @example
 * ```ts
 * import { checkHeaderValue } from '@graphlinks/core'
 *
 * console.log(checkHeaderValue('x-tenant', 'acme')) // acme
 * ```
 */
declare function checkHeaderValue(name: string, value: string, details?: ErrorDetails): string;
/**
 * Normalises headers of any accepted shape into checked entries, one per name, in the order of first appearance.
 *
 * @throws {@link HeaderError} when a name or a value cannot be sent, or the input is no headers at all.
 *
 * @example
 * ```ts
 * import { headerEntries } from '@graphlinks/core'
 *
 * console.log(headerEntries({ 'X-Tenant': 'acme', 'x-tenant': 'other' })) // [['x-tenant', 'other']]
 * ```
 */
declare function headerEntries(input: HeadersInput, details?: ErrorDetails): readonly HeaderEntry[];

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

/** How a header or query parameter that a link sets is treated. */
interface FieldOptions {
    /**
     * A sensitive value needs https (or loopback), is masked wherever it is printed, and is part of the operation's
     * identity. Default: `true`, except for names known to be harmless, such as `accept-language` and `traceparent`.
     */
    readonly sensitive?: boolean | undefined;
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

/** A GraphQL error as it travels (GraphQL spec section 7.1.2). It is data: the server's words, unchanged. */
interface ResultError {
    readonly message: string;
    readonly locations?: readonly {
        readonly line: number;
        readonly column: number;
    }[];
    readonly path?: readonly (string | number)[];
    readonly extensions?: Readonly<Record<string, unknown>>;
}
/** The HTTP side of a result. */
interface HttpMetadata {
    readonly status: number;
    readonly headers: ResponseHeaders;
    /** The URL that answered, without search parameters, fragment or user. */
    readonly url: string;
    /**
     * `true` where the status is no success and the media type is `application/json`: a proxy may have written the body
     * (GraphQL over HTTP section 6.4.1).
     */
    readonly untrusted?: boolean;
}
/** Response headers, as far as every runtime has them. */
interface ResponseHeaders {
    get(name: string): string | null;
    getSetCookie?(): string[];
    forEach(callback: (value: string, name: string) => void): void;
}
/** One result of an operation: the only one of a query, one of several with `@defer`, one event of a subscription. */
interface Result<Data = unknown> {
    readonly data?: Data | null;
    readonly errors?: readonly ResultError[];
    readonly extensions?: Readonly<Record<string, unknown>>;
    /** `true` while more results of the same execution follow (incremental delivery). */
    readonly hasNext?: boolean;
    readonly http?: HttpMetadata;
    /** How far the response has come, where it has several parts that a terminal link puts together. */
    readonly incremental?: IncrementalProgress;
    /**
     * Set by `tokenRefreshLink` on a result that says that the token was refused, where the operation was not sent again:
     * why it was not. The rest of the result is what the server sent.
     */
    readonly notReplayed?: ReplayRefusal;
    /**
     * Set by `wsLink` on the first event of a subscription after its connection was lost and made again: events in between
     * may be lost, so that a query may be due for what they would have said.
     */
    readonly resumed?: Resumption;
    /** Never set: so that `yield next(operation)` without its star, which gives results as a result, does not compile. */
    readonly [Symbol.asyncIterator]?: never;
}
/** How a subscription went on after its connection was lost. */
interface Resumption {
    /** How long there was no connection, in milliseconds. */
    readonly gapMs: number;
}
/** The parts of a response with `@defer` or `@stream`. */
interface IncrementalProgress {
    /** Fragments that are in `data`; lists that are complete, where the server says so. */
    readonly delivered: readonly IncrementalPart[];
    /** What the server has announced and not yet completed; servers before graphql 17 announce nothing. */
    readonly pending: readonly IncrementalPart[];
    /** What will not come: fields of these fragments are absent, these lists end early. `errors` says why. */
    readonly failed: readonly IncrementalPart[];
}
/** A fragment with `@defer`, or a list with `@stream`. */
interface IncrementalPart {
    /** The object that the fragment is for, or the list. */
    readonly path: readonly (string | number)[];
    /** As the document names it: `@defer(label: "..")`. */
    readonly label?: string;
}
/**
 * Why an operation was not sent again with a new token: `'executed'`, a mutation whose result has `data` ran at least in
 * part; `'delivered'`, the consumer already has results of it; `'replayed'`, it was sent again before; `'one-shot'`, its
 * variables hold a stream that was read; `'never'`, its {@link replay} context says so; `'not-renewed'`, new tokens are
 * refused as well, so none was asked for.
 */
type ReplayRefusal = 'executed' | 'delivered' | 'replayed' | 'one-shot' | 'never' | 'not-renewed';
/**
 * The results of one attempt: cold (nothing is sent before the first iteration) and one-shot. One for a query, several
 * for `@defer` and `@stream`, many for a subscription.
 */
type Results = AsyncIterable<Result>;
/**
 * Results that fail with this error, kept as it is.
 *
 * @example
 * ```ts
 * import { failed, type Link } from '@graphlinks/core'
 *
 * export const readOnly: Link = (operation, next) =>
 *   operation.kind === 'mutation' ? failed(new Error('this client only reads')) : next(operation)
 * ```
 */
declare function failed(error: unknown): Results;
/**
 * Results that are still a promise, as results. A rejection is delivered to whoever iterates, or to nobody.
 *
 * @example
 * ```ts
 * import { flatten, type Link, type Results } from '@graphlinks/core'
 *
 * export const later: Link = (operation, next) => {
 *   const results: Promise<Results> = Promise.resolve().then(() => next(operation))
 *   return flatten(results) // an async link needs no flatten: chain does it
 * }
 * ```
 */
declare function flatten(results: Promise<Results>): Results;
/**
 * Results with exactly this one: for links that answer themselves, such as a cache or a fake.
 *
 * @example
 * ```ts
 * import { single, type TerminalLink } from '@graphlinks/core'
 *
 * export const fake: TerminalLink = () => single({ data: { hello: 'Hello' } })
 * ```
 */
declare function single(result: Result): Results;

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
 * A copy whose requests an exchange takes part in. Exchanges see a request in the order in which links attached them.
 *
 * @example
 * ```ts
 * import { withExchange, type Exchange, type Link } from '@graphlinks/core'
 *
 * const clockSkew: Exchange = {
 *   link: 'clockSkew',
 *   identity: '',
 *   response: ({ headers }) => console.log('the server has', headers.get('date')),
 * }
 * export const skew: Link = (operation, next) => next(withExchange(operation, clockSkew))
 * ```
 */
declare function withExchange(operation: Operation, exchange: Exchange): Operation;
/**
 * A copy whose requests are signed: as {@link withExchange}, but after all that changes them, in whatever order links
 * stand, so that what is signed is what is sent.
 *
 * @example
 * ```ts
 * import { withSigner, type Exchange, type Link } from '@graphlinks/core'
 *
 * const signer: Exchange = {
 *   link: 'mySigner',
 *   identity: 'key-1',
 *   request: async ({ method, url, body }) => ({ headers: { 'x-signature': await sign(`${method} ${url.pathname} ${String(body)}`) } }),
 * }
 * export const signed: Link = (operation, next) => next(withSigner(operation, signer))
 *
 * const sign = async (text: string): Promise<string> => String(text.length)
 * ```
 */
declare function withSigner(operation: Operation, signer: Exchange): Operation;
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
 * One run of an operation, for authors of links: the same object for every copy and every attempt, so that it can be a
 * key of a `WeakMap`. See {@link executionOf}.
 */
interface OperationExecution {
    /** Whether the operation was cancelled: by the caller, by an early end of reading, or by the client's `dispose`. */
    readonly aborted: boolean;
    /** Why it was. */
    readonly reason: unknown;
    /** Calls back when the operation is cancelled. Cheaper than its signal. @returns a function that takes it back. */
    onAbort(callback: () => void): () => void;
    /** Calls back when the operation is over, however it ended. */
    onEnd(callback: () => void): void;
    /** How often terminal links have sent the operation. */
    readonly attempts: number;
    /**
     * The operation as terminal links sent it, once for each attempt, its credentials boxed: for those who have to know
     * whose it was, by `identityOf`, or what must not be printed. The last 64 of them.
     */
    readonly sent: readonly Operation[];
    /** How often links did something for the operation: `'replay'` of `tokenRefreshLink`, `'retry'` of `retryLink`, ... */
    readonly notes: ReadonlyMap<string, number>;
    /** Counts something that a link did for the operation. */
    note(what: string): void;
    /** Of a {@link detached} copy: the run that it was made in. */
    readonly parent: OperationExecution | undefined;
}
/**
 * The run that an operation belongs to; `undefined` for one that is not run by a client, `execute` or `lastResult`.
 *
 * @example
 * ```ts
 * import { executionOf, type Link } from '@graphlinks/core'
 *
 * const attempts = new WeakMap<object, number>()
 * export const count: Link = (operation, next) => {
 *   const execution = executionOf(operation)
 *   if (execution) attempts.set(execution, (attempts.get(execution) ?? 0) + 1)
 *   return next(operation)
 * }
 * ```
 */
declare function executionOf(operation: Operation): OperationExecution | undefined;
/**
 * Waits until the terminal link has room for the operation, where it limits how many are on the wire. A link that
 * fetches a credential waits for it first, so that the credential does not age in a queue; the links of this package do.
 *
 * @returns `undefined` where there is nothing to wait for.
 *
 * @example
 * ```ts
 * import { admission, withCredential, type Link } from '@graphlinks/core'
 *
 * export const session: Link = async (operation, next) => {
 *   await admission(operation)
 *   return next(withCredential(operation, { name: 'x-session', value: await readSession() }))
 * }
 *
 * const readSession = async (): Promise<string> => 'abc123'
 * ```
 */
declare function admission(operation: Operation): Promise<void> | undefined;

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
/** What an operation is made from. */
interface OperationInit {
    readonly document: AnyDocument | GraphQLDocument;
    /** Which operation of the document runs. Needed only where it has several. */
    readonly operationName?: string | undefined;
    /** What the operation is, where a build left nothing of the document but a hash. Otherwise the document says it. */
    readonly kind?: OperationKind | undefined;
    readonly variables?: JsonObject | null | undefined;
    readonly extensions?: JsonObject | undefined;
    /** Headers of this operation alone: they win over every link. `null` removes a header and silences its auth link. */
    readonly headers?: HeadersInput | undefined;
    readonly context?: Context | undefined;
    /** The caller's own signal; its abort reason is what the caller gets. */
    readonly signal?: AbortSignal | undefined;
}
/**
 * Makes an operation outside a client: for tests of links, and for code that runs a chain by itself with `execute`.
 *
 * @throws {@link DocumentError} when the document has no such operation; {@link OptionsError} when variables are no
 * object; {@link HeaderError} when a header cannot be sent.
 *
 * @example
 * ```ts
 * import { createOperation } from '@graphlinks/core'
 *
 * const operation = createOperation({ document: 'query Me { me { id } }', headers: { 'accept-language': 'de' } })
 * console.log(operation.kind, operation.operationName) // query Me
 * ```
 */
declare function createOperation(init: OperationInit): Operation;
/**
 * Whether the request or the call itself sets (or, with `null`, removes) a header. An auth link asks before it fetches a
 * credential: what the caller says wins, and nothing is attached, refreshed or replayed.
 *
 * @example
 * ```ts
 * import { isOverridden, withCredential, type Link } from '@graphlinks/core'
 *
 * export const session: Link = async (operation, next) => {
 *   if (isOverridden(operation, 'x-session')) return next(operation)
 *   return next(withCredential(operation, { name: 'x-session', value: await readSession() }))
 * }
 *
 * const readSession = async (): Promise<string> => 'abc123'
 * ```
 */
declare function isOverridden(operation: Operation, name: string): boolean;

/** Runs the rest of the chain. Each call is a new attempt; nothing is sent before its results are iterated. */
type Next = (operation: Operation) => Results;
/** Where a link belongs in a chain. */
type Stage = 'replay' | 'queue' | 'credential' | 'share' | 'attempt' | 'terminal';
/** What a link may tell `chain` and the client about itself, as properties of the function. */
interface LinkTraits {
    /**
     * Where the link belongs, from outside to inside: `replay`, it calls `next` again; `queue`, it lets operations wait;
     * `credential`, it attaches what says who asks; `share`, it answers several operations at once; `attempt`, it is about
     * one attempt; `terminal`. In development `chain` warns of a wrong order, by name; a `share` link before a
     * `credential` link, which would hand one user what belongs to another, it refuses. Default: anywhere.
     */
    readonly stage?: Stage;
    /** The links that a composed link stands for. Set by `compose`; `chain` puts them in its place. */
    readonly parts?: readonly Link[];
    /** The links in a terminal link that is made of others. Set by `chain` and `split`; an outer `chain` checks the order. */
    readonly within?: readonly Link[];
    /**
     * Of a terminal link that limits how many operations are on the wire: waits for a place. See {@link admission}. A
     * chain with a `share` link has none.
     */
    readonly admit?: ((operation: Operation) => Promise<void> | undefined) | undefined;
    /** Frees what the link holds: sockets, timers, listeners. Called by the client's `dispose`. */
    readonly dispose?: (() => void | Promise<void>) | undefined;
}
/**
 * A link: it may change the operation, call `next` any number of times, and change the results.
 *
 * @example
 * ```ts
 * import { withHeader, type Link } from '@graphlinks/core'
 *
 * export const tenant: Link = (operation, next) => next(withHeader(operation, 'x-tenant', 'acme'))
 * ```
 */
type Link = ((operation: Operation, next: Next) => Results | Promise<Results>) & LinkTraits;
/** A link that never calls `next`: it talks to the network, or to a fake. A chain ends in one. */
type TerminalLink = ((operation: Operation) => Results | Promise<Results>) & LinkTraits;
/**
 * Makes one terminal link of links in order. The first listed is the outermost: it sees the operation first and the
 * results last. The last must be a terminal link; leaving it out does not compile.
 *
 * @throws {@link WiringError} when a terminal link is missing or stands anywhere but at the end.
 *
 * @example
 * ```ts
 * import { bearerLink, chain } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * export const link = chain(bearerLink('token'), httpLink({ url: 'https://api.example.com/graphql' }))
 * ```
 */
declare function chain(...links: [...Link[], TerminalLink]): TerminalLink;
/**
 * Makes one link of links in order, to be used in a chain like any other.
 *
 * @throws {@link WiringError} when one of them is a terminal link.
 *
 * @example
 * ```ts
 * import { bearerLink, compose, headerLink } from '@graphlinks/core'
 *
 * export const auth = compose(headerLink({ 'x-tenant': 'acme' }), bearerLink('token'))
 * ```
 */
declare function compose(...links: Link[]): Link;
/**
 * Makes one terminal link of two: each operation goes to `yes` where the test holds and to `no` where it does not.
 *
 * @throws {@link WiringError} when one of them is no function.
 *
 * @example
 * ```ts
 * import { split } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 * import { wsLink } from '@graphlinks/ws-link'
 *
 * export const link = split(
 *   (operation) => operation.kind === 'subscription',
 *   wsLink({ url: 'wss://api.example.com/graphql' }),
 *   httpLink({ url: 'https://api.example.com/graphql' }),
 * )
 * ```
 */
declare function split(test: (operation: Operation) => boolean, yes: TerminalLink, no: TerminalLink): TerminalLink;

/** What a reusable request is made from. */
interface RequestInit<Data = unknown, Variables = object> {
    readonly query: Document<Data, Variables>;
    /** Variables of every call. A call's own are merged over them, by top-level key. */
    readonly variables?: Partial<Variables> | undefined;
    readonly operationName?: string | undefined;
    /** Headers of every call of this request. A call's own win over them. */
    readonly headers?: HeadersInput | undefined;
    readonly extensions?: JsonObject | undefined;
}
/** A request that was checked once and can be run any number of times. Frozen. Made by {@link createRequest}. */
interface Request<Data = unknown, Variables = object> {
    readonly document: GraphQLDocument;
    readonly variables: Partial<Variables> | undefined;
    readonly operationName: string | undefined;
    /** Names and boxed values: printing a request shows no value. */
    readonly headers: readonly {
        readonly name: string;
        readonly value: Secret | null;
    }[] | undefined;
    readonly extensions: JsonObject | undefined;
    /** Never set: it carries the type of the data. */
    readonly __data?: Data;
}
/**
 * Makes a request that can be run many times, with variables and headers of its own. Everything in it is checked now.
 *
 * @throws {@link DocumentError} when the document has no such operation; {@link HeaderError} when a header cannot be
 * sent.
 *
 * @example
 * ```ts
 * import { createRequest } from '@graphlinks/core'
 *
 * const cities = createRequest({
 *   query: 'query Cities($first: Int!) { cities(first: $first) { name } }',
 *   variables: { first: 10 },
 *   headers: { 'accept-language': 'de' },
 * })
 * ```
 */
declare function createRequest<Data = unknown, Variables = object>(init: RequestInit<Data, Variables>): Request<Data, Variables>;

/** What one call may say beside its document and variables. */
interface CallOptions {
    /** Headers of this call alone: they win over the request's, and those over every link. `null` removes a header. */
    readonly headers?: HeadersInput | undefined;
    /** Ends the operation when it aborts; the call rejects with the signal's own reason. */
    readonly signal?: AbortSignal | undefined;
    /** Values for links, under typed keys. Default: empty. */
    readonly context?: Context | undefined;
    /** Which operation of the document runs. Needed only where it has several. Wins over the request's. */
    readonly operationName?: string | undefined;
    /** Members of `extensions` of the request, merged over the request's by top-level key. */
    readonly extensions?: JsonObject | undefined;
}
/** Variables and options of a call: the variables are required exactly when the operation requires any. */
type CallArguments<Variables> = {} extends Variables ? [variables?: Variables | null, options?: CallOptions] : [variables: Variables, options?: CallOptions];
/** Runs an operation and gives its last result. */
interface QueryMethod {
    <Data, Variables>(request: Request<Data, Variables>, variables?: Partial<NoInfer<Variables>> | null, options?: CallOptions): Promise<Result<Data>>;
    <Data = unknown, Variables = object>(document: Document<Data, Variables>, ...args: CallArguments<NoInfer<Variables>>): Promise<Result<Data>>;
}
/** Runs an operation and gives its data, or throws. */
interface RequestMethod {
    <Data, Variables>(request: Request<Data, Variables>, variables?: Partial<NoInfer<Variables>> | null, options?: CallOptions): Promise<Data>;
    <Data = unknown, Variables = object>(document: Document<Data, Variables>, ...args: CallArguments<NoInfer<Variables>>): Promise<Data>;
}
/** Runs an operation and gives its results as they come. */
interface IterateMethod {
    <Data, Variables>(request: Request<Data, Variables>, variables?: Partial<NoInfer<Variables>> | null, options?: CallOptions): AsyncIterable<Result<Data>>;
    <Data = unknown, Variables = object>(document: Document<Data, Variables>, ...args: CallArguments<NoInfer<Variables>>): AsyncIterable<Result<Data>>;
}
/** A GraphQL client: a chain of links, and methods that run operations through it. */
interface Client {
    /** Runs a query and gives its result; with `@defer` or `@stream`, the complete one. GraphQL errors are data. */
    readonly query: QueryMethod;
    /** Runs a mutation and gives its result. GraphQL errors are data. */
    readonly mutate: QueryMethod;
    /** Runs a subscription and gives its events. Leaving the loop ends it on the server. */
    readonly subscribe: IterateMethod;
    /** Runs any operation and gives each of its results, as `@defer` and `@stream` deliver them. */
    readonly execute: IterateMethod;
    /**
     * Runs a query or mutation and gives its data.
     *
     * @throws {@link GraphQLResultError} when the result has errors or no data.
     */
    readonly request: RequestMethod;
    /** Ends what is running with a {@link DisposedError}, and closes sockets, timers and listeners of all links. */
    dispose(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}
/** Options of {@link createClient}. */
interface ClientOptions {
    /** A chain, or a single terminal link. */
    readonly link: TerminalLink;
}
/**
 * The result of `client.request` had errors, or no data. GraphQL's errors and the data are there, but not printed.
 *
 * @example
 * ```ts
 * import { createClient, GraphQLResultError } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * const client = createClient({ link: httpLink({ url: 'https://api.example.com/graphql' }) })
 * try {
 *   await client.request('{ me { name } }')
 * } catch (error) {
 *   if (GraphQLResultError.is(error)) console.error(error.errors[0]?.extensions?.['code'], error.result.data)
 * }
 * ```
 */
declare class GraphQLResultError extends GraphLinksError {
    #private;
    static readonly name: string;
    static readonly code: string;
    constructor(result: Result, message: string, operationName?: string);
    /** The errors as the server sent them; empty when it sent neither errors nor data. */
    get errors(): readonly ResultError[];
    /** The whole result, with partial data where there is some. */
    get result(): Result;
}
/**
 * Makes a client. It holds no state but its parsed documents and what is running, so that clients share nothing unless
 * they are given the same links.
 *
 * @throws {@link OptionsError} when `link` is no link, {@link WiringError} when it is one that calls `next`.
 *
 * @example
 * ```ts
 * import { bearerLink, chain, createClient } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * const client = createClient({
 *   link: chain(bearerLink('secret-token'), httpLink({ url: 'https://api.example.com/graphql' })),
 * })
 * const { data, errors } = await client.query('{ me { name } }')
 * console.log(data, errors)
 * await client.dispose()
 * ```
 */
declare function createClient(options: ClientOptions): Client;

/** Time as an option, so that tests of time need no sleeping. */
interface Clock {
    /** Milliseconds of a clock that never goes back. Only differences mean anything. */
    now(): number;
    /** Milliseconds since 1970. People and networks set this clock, so it may jump; it also runs while a machine sleeps. */
    date(): number;
    /** Runs `callback` once after `delayMs` milliseconds. @returns a function that cancels it, as often as you like. */
    after(delayMs: number, callback: () => void): () => void;
    /** As `after`, but does not keep a process alive that has nothing else to do. */
    inBackground(delayMs: number, callback: () => void): () => void;
}
/**
 * The clock of the platform: `performance.now`, `Date.now` and `setTimeout`, read when they are needed.
 *
 * @example
 * ```ts
 * import { systemClock } from '@graphlinks/core'
 *
 * const cancel = systemClock.after(1_000, () => console.log('a second later'))
 * cancel()
 * ```
 */
declare const systemClock: Clock;

/** A credential as an application may give it: a value, or a function of the operation that gives or promises one. */
type Provided<Value> = Value | ((operation: Operation) => Value | undefined | null | Promise<Value | undefined | null>);
/** Options that every auth link has. */
interface CredentialOptions {
    /**
     * Origins that may see the credential, such as `https://api.example.com`; ws counts as http, wss as https.
     * Default: the origin of the terminal link that sends the operation, and no other.
     */
    readonly origins?: readonly string[] | undefined;
    /**
     * What happens when there is no credential (`undefined`, `null` or an empty string): `'omit'` sends the operation
     * without it, `'error'` fails it with a {@link CredentialError}. Default: `'omit'`.
     */
    readonly onMissing?: 'omit' | 'error' | undefined;
    /** How long a function may take to give the credential, in milliseconds. Default: 30,000. `Infinity`: no limit. */
    readonly timeoutMs?: number | undefined;
    /** Time for `timeoutMs`. Default: the platform's. */
    readonly clock?: Clock | undefined;
}

/** Options of {@link headerLink}. */
interface HeaderLinkOptions extends Omit<CredentialOptions, 'onMissing'> {
    /**
     * Which headers are secret, by name: a sensitive value needs https or loopback, is masked wherever it is printed, goes
     * to `origins` only, and is part of the identity. Default: `true`, except for names known to be harmless
     * (`accept-language`, `traceparent`, `x-request-id`, ...).
     */
    readonly sensitive?: Readonly<Record<string, boolean>> | undefined;
}
/**
 * Sets headers on every operation: the same ones, or those that a function of the operation gives. They win over
 * earlier links; headers of the request and of the call win over them. `null` removes what earlier links set.
 *
 * @throws {@link HeaderError} when a header cannot be sent, {@link OptionsError} when an option is no good; both when
 * the link is built. What a function gives is checked on each operation.
 *
 * @example
 * ```ts
 * import { headerLink } from '@graphlinks/core'
 *
 * export const tenant = headerLink({ 'x-tenant': 'acme' })
 * export const requestId = headerLink(() => ({ 'x-request-id': crypto.randomUUID() }))
 * ```
 */
declare function headerLink(headers: HeadersInput | ((operation: Operation) => HeadersInput | undefined | null | Promise<HeadersInput | undefined | null>), options?: HeaderLinkOptions): Link;

/** How a token is written into a header. */
interface BearerFieldOptions {
    /** The word before the token; `''` sends the token alone (AWS AppSync). Default: `'Bearer'`. */
    readonly scheme?: string | undefined;
    /** The header that carries the token. Default: `'authorization'`. */
    readonly header?: string | undefined;
}

/** Options of {@link bearerLink}. */
interface BearerLinkOptions extends CredentialOptions, BearerFieldOptions {
    /**
     * Whether white space around the token is cut off, as files and environment variables have it. Default: `false`,
     * which refuses such a token.
     */
    readonly trim?: boolean | undefined;
}
/**
 * Sends a bearer token with every operation (RFC 6750 section 2.1). The token is read for each attempt, so a function
 * that gives a new one needs no new client. An `authorization` header of the request or the call wins, and the function
 * is then not called at all.
 *
 * @throws {@link CredentialError} or {@link HeaderError} when a constant token is malformed, {@link OptionsError} when
 * an option is no good; all when the link is built. What a function gives is checked on each operation.
 *
 * @example
 * ```ts
 * import { bearerLink } from '@graphlinks/core'
 *
 * export const constant = bearerLink('secret-token')
 * export const current = bearerLink(async () => localStorage.getItem('token'), { onMissing: 'error' })
 * export const github = bearerLink('secret-token', { scheme: 'token', origins: ['https://api.github.com'] })
 * ```
 */
declare function bearerLink(token: Provided<string> | undefined | null, options?: BearerLinkOptions): Link;

/** Options of {@link basicAuthLink}. */
interface BasicAuthLinkOptions extends CredentialOptions {
    /** The user-id: no colon, no control characters. Without one there is no credential, see `onMissing`. */
    readonly username: Provided<string>;
    /** The password; it may be empty. No control characters. `undefined` or `null` is no credential, see `onMissing`. */
    readonly password: Provided<string>;
    /** How characters become bytes. Default: `'utf-8'`. `'latin1'` is for servers older than RFC 7617. */
    readonly encoding?: 'utf-8' | 'latin1' | undefined;
}
/**
 * Sends a user name and a password with every operation (RFC 7617), as UTF-8. An `authorization` header of the request
 * or the call wins.
 *
 * @throws {@link CredentialError} when a constant user name or password cannot be sent, {@link OptionsError} when an
 * option is no good; both when the link is built. What a function gives is checked on each operation.
 *
 * @example
 * ```ts
 * import { basicAuthLink } from '@graphlinks/core'
 *
 * export const login = basicAuthLink({ username: 'zoë', password: () => 'pässwörd' })
 * ```
 */
declare function basicAuthLink(options: BasicAuthLinkOptions): Link;

/** Options of {@link apiKeyLink}. */
interface ApiKeyLinkOptions extends CredentialOptions {
    /**
     * The key; or, while keys are being rotated, several: where one gets a 401, the next is tried once, unless the operation
     * has a stream, which can be read once, or its context says that it is not to be sent again (`replay`).
     */
    readonly key: Provided<string> | readonly Provided<string>[];
    /** The header that carries the key. Default: `'x-api-key'`. Not with `in: 'query'`. */
    readonly header?: string | undefined;
    /**
     * `'query'` puts the key into the URL, where proxies and servers log it: only for servers that take it nowhere else.
     * Over WebSocket it travels in the `connection_init` payload all the same. Default: `'header'`.
     */
    readonly in?: 'header' | 'query' | undefined;
    /** Name of the query parameter. Default: `'api_key'`. Only with `in: 'query'`. */
    readonly parameter?: string | undefined;
    /**
     * Called when a key got a 401 and the next one is tried. `hint` is its first 4 characters, if it has 20 or more. What it
     * throws, or rejects with, is ignored.
     */
    readonly onRejected?: ((rejected: {
        readonly index: number;
        readonly hint: string | undefined;
    }) => unknown) | undefined;
}
/**
 * Sends an API key with every operation, in a header of its own. It never follows a redirect to another origin. A
 * header of the same name of the request or the call wins.
 *
 * @throws {@link HeaderError} when a constant key cannot be sent, {@link OptionsError} when an option is no good; both
 * when the link is built. What a function gives is checked on each operation.
 *
 * @example
 * ```ts
 * import { apiKeyLink } from '@graphlinks/core'
 *
 * export const constant = apiKeyLink({ key: 'k-123' })
 * export const rotating = apiKeyLink({ key: ['k-new', 'k-old'], header: 'api-key' })
 * ```
 */
declare function apiKeyLink(options: ApiKeyLinkOptions): Link;

/** How an attempt ended, as far as it says something about the token: a result, or the error that came in its place. */
interface AttemptOutcome {
    readonly result?: Result | undefined;
    readonly error?: unknown;
}
/**
 * Whether one operation may be sent again with a new token, under this key of its context: `'always'`, also a mutation
 * that may have run; `'never'`, nothing. Default: queries and subscriptions, and mutations that certainly did not run.
 *
 * @example
 * ```ts
 * import { emptyContext, replay } from '@graphlinks/core'
 *
 * // A mutation that may run twice, as it carries an idempotency key.
 * export const context = emptyContext.with(replay, 'always')
 * ```
 */
declare const replay: ContextKey<'always' | 'never'>;
/**
 * Whether a server refused the token: HTTP 401, or a GraphQL error with the code `UNAUTHENTICATED` (Hasura:
 * `invalid-jwt`); over WebSocket, a close with 4401 or 4403. Never what says that the token is good and not enough: 403,
 * `FORBIDDEN`, `insufficient_scope`; nor what is wrong with a DPoP proof (RFC 9449 sections 7.1 and 9).
 */
declare function isTokenRefused({ result, error }: AttemptOutcome): boolean;

/** Tokens as a {@link TokenStore} holds them: plain JSON. They are secrets. */
interface StoredTokens {
    readonly accessToken: string;
    readonly refreshToken?: string | undefined;
    readonly subject?: string | undefined;
    /** When the access token expires, in milliseconds since 1970; absent where nobody knows. */
    readonly expiresAt?: number | undefined;
    /** How long it was good for when it was new, in milliseconds; absent where nobody knows. */
    readonly lifetimeMs?: number | undefined;
    /** The same from a sign-in to the sign-out, however often the tokens are renewed. */
    readonly session: string;
    /** Another one each time that tokens are stored. */
    readonly version: string;
}
/**
 * Where the tokens of a session are kept, so that they survive a restart and several tabs or processes can share them.
 * Each method may be synchronous or not.
 */
interface TokenStore {
    /** What is stored now. */
    read(): StoredTokens | undefined | null | Promise<StoredTokens | undefined | null>;
    /** Stores tokens whatever is there, or with `undefined` forgets what is there. */
    write(tokens: StoredTokens | undefined): void | Promise<void>;
    /**
     * Stores tokens if those that are there have this `version`, or if there are none and it is `undefined`; in one step,
     * so that of two that try, one succeeds.
     *
     * @returns whether it stored them.
     */
    replace(tokens: StoredTokens, version: string | undefined): boolean | Promise<boolean>;
}
/**
 * Keeps one refresh at a time among all that share a store: runs `refresh` when nobody else does. `navigator.locks` is
 * one, where it is there: `(name, refresh) => navigator.locks.request(name, refresh)`. One that fails without having run
 * `refresh` is a refresh that failed.
 */
type RefreshLock = <Value>(name: string, refresh: () => Promise<Value>) => Promise<Value>;
/**
 * A store in memory: of one process, gone with it.
 *
 * @example
 * ```ts
 * import { createTokenSource, memoryTokenStore } from '@graphlinks/core'
 *
 * const store = memoryTokenStore()
 * export const session = createTokenSource({ store, refresh: async () => ({ accessToken: 'renewed' }) })
 * ```
 */
declare function memoryTokenStore(): TokenStore;

/** What a sign-in or a refresh gives. */
interface Tokens {
    readonly accessToken: string;
    /** Renews the access token. Absent from the answer of a refresh: the one before stays (RFC 6749 section 6). */
    readonly refreshToken?: string | undefined;
    /**
     * For how long the access token is good, in seconds (RFC 6749 section 5.1, `expires_in`). Default: until the `exp` of
     * the token, where it is a JWT; otherwise nobody knows, and it is renewed when a server refuses it.
     */
    readonly expiresInSeconds?: number | string | undefined;
    /** Whose tokens they are. A refresh that gives those of somebody else ends the session. */
    readonly subject?: string | undefined;
    /** The `Date` header of the answer that brought them: right where this machine's clock is wrong. For the `exp` of a JWT. */
    readonly date?: string | undefined;
}

/**
 * The state machine of a session, pure: (state, event) -> (state, effects). Two regions that change independently: the
 * tokens (`session`) and what is being done about them (`refresher`). docs/links/tokenRefreshLink.md draws it.
 */

/** Why a refresh is made. */
type RefreshReason = 'missing' | 'expiring' | 'expired' | 'rejected';

/** What a function that renews tokens is given. */
interface RefreshRequest {
    /** The refresh token, where there is one. A session whose refresh token is a cookie has none here. */
    readonly refreshToken: string | undefined;
    /** Aborts when the refresh takes longer than `timeoutMs`, or the source is disposed; never because an operation does. */
    readonly signal: AbortSignal;
    /**
     * `'missing'`: there is no token yet. `'expiring'`: the token is good for a little longer. `'expired'`: it is not.
     * `'rejected'`: a server refused it.
     */
    readonly reason: RefreshReason;
    /** For the call that renews the tokens, where it goes through the same client: it then does not wait for itself. */
    readonly context: Context;
}

/** Options of {@link createTokenSource} that every source has. */
interface TokenSourceBaseOptions {
    /** Tokens to begin with, where the store has none. Default: nobody is signed in. */
    readonly initial?: Tokens | undefined;
    /** Where the tokens are kept. Default: in memory, for this source alone. */
    readonly store?: TokenStore | undefined;
    /** Keeps one refresh at a time among all that share the store. Default: none; the store's `replace` settles a race. */
    readonly lock?: RefreshLock | undefined;
    /**
     * Tells the tabs that share the store when to look into it, such as `new BroadcastChannel('session')`. No token goes
     * through it. The source owns it, and closes it when it is disposed.
     */
    readonly channel?: SessionChannel | undefined;
    /** Revokes tokens that came too late, after a sign-out (RFC 7009). What it throws is ignored. */
    readonly revoke?: ((tokens: Tokens) => void | Promise<void>) | undefined;
    /**
     * How long before its end a token is renewed, in milliseconds, at most a fifth of its lifetime; operations wait for the
     * new one. Default: in the background for the last 300,000 ms or fifth of the lifetime, plus up to 30,000 ms or a
     * twentieth at random; with operations waiting for the last 10,000 ms or twentieth.
     */
    readonly skewMs?: number | undefined;
    /** How long a refresh may take, in milliseconds. Default: 30,000. */
    readonly timeoutMs?: number | undefined;
    /** How many operations may wait for a refresh. Default: 10,000. */
    readonly maxQueued?: number | undefined;
    /**
     * `'eager'` renews tokens also while nothing is sent, by a timer and when a page is shown again; `'lazy'` has no timers
     * and renews them when an operation needs it. Default: `'eager'` in browsers, `'lazy'` elsewhere.
     */
    readonly mode?: 'eager' | 'lazy' | undefined;
    /** Called once when the tokens are no good and cannot be renewed: time to sign in again. Not called for `clear`. */
    readonly onSessionEnded?: SessionListener | undefined;
    /** Default: the platform's. */
    readonly clock?: Clock | undefined;
    /** Gives numbers from 0 to 1 that spread out refreshes. Default: `Math.random`. */
    readonly random?: (() => number) | undefined;
}
/** How a source comes by its tokens. */
type RefreshOptions = {
    /** Renews the tokens of somebody who signed in, with `session.set` or `initial`. */
    readonly refresh: (request: RefreshRequest) => Tokens | Promise<Tokens>;
    readonly fetchToken?: undefined;
    readonly readonly?: undefined;
} | {
    /** Gets tokens without a sign-in, whenever there are none or they expire: for servers and machines. */
    readonly fetchToken: (request: RefreshRequest) => Tokens | Promise<Tokens>;
    readonly refresh?: undefined;
    readonly readonly?: undefined;
} | {
    /**
     * Uses the tokens for as long as they are good, and never renews them: for rendering on a server, where a renewed
     * refresh token would be lost with the request.
     */
    readonly readonly: true;
    readonly refresh?: undefined;
    readonly fetchToken?: undefined;
};
/** Options of {@link createTokenSource}. */
type TokenSourceOptions = TokenSourceBaseOptions & RefreshOptions;
/** A `BroadcastChannel`, as far as it is used. */
interface SessionChannel {
    postMessage(message: SessionMessage): void;
    addEventListener(type: 'message', listener: () => void): void;
    removeEventListener(type: 'message', listener: () => void): void;
    close(): void;
}
/** What tabs tell each other: that something happened, and to which session. */
interface SessionMessage {
    /** A random id of the session; absent after a sign-out. */
    readonly session: string | undefined;
    readonly generation: number;
    readonly event: 'set' | 'cleared' | 'refreshed';
}
/** Something that happened to a session. It holds no token. */
interface SessionEvent {
    /**
     * `'set'` and `'cleared'`: somebody signed in or out, here or in another tab. `'refreshed'`: there is a new access
     * token. `'refreshFailed'`: a refresh failed, see `error`. `'sessionEnded'`: the tokens cannot be renewed any more.
     */
    readonly type: 'set' | 'cleared' | 'refreshed' | 'refreshFailed' | 'sessionEnded';
    /** Grows when somebody signs in or out. */
    readonly epoch: number;
    /** Grows with each new access token. */
    readonly generation: number;
    /** What the refresh failed with, free of tokens. */
    readonly error?: unknown;
}
/** Hears of what happens to a session. What it throws, or rejects with, is ignored. */
type SessionListener = (event: SessionEvent) => unknown;
/** What a session is at the moment. It holds no token. */
interface SessionState {
    /**
     * `'loading'`: the store was not read yet. `'none'`: nobody is signed in. `'fresh'`, `'soft'`, `'hard'`: the access
     * token is good, is to be renewed in the background, or is to be renewed before anything is sent. `'dead'`: the tokens
     * are no good and cannot be renewed.
     */
    readonly status: 'loading' | 'none' | 'fresh' | 'soft' | 'hard' | 'dead' | 'disposed';
    readonly epoch: number;
    readonly generation: number;
    readonly subject: string | undefined;
    /** When the access token expires, in milliseconds since 1970; `undefined` where nobody knows. */
    readonly expiresAt: number | undefined;
}
/**
 * The one object that holds the tokens of a session and renews them. Every link that needs them, over HTTP and over
 * WebSocket, is given the same source.
 */
interface TokenSource {
    readonly current: SessionState;
    readonly events: {
        /** Calls back for each event, after the session has changed. @returns a function that ends it. */
        subscribe(listener: SessionListener): () => void;
    };
    /**
     * Somebody signed in. Operations of whoever was signed in before fail with an {@link IdentityChangedError}, unless
     * both have the same `subject`. At once; the promise is when the tokens are stored.
     *
     * @throws {@link OptionsError} when there is no access token, {@link DisposedError} after `dispose`.
     */
    set(tokens: Tokens): Promise<void>;
    /**
     * Somebody signed out. At once, whatever is running; the promise is when the store is empty. Operations that run fail
     * with an {@link IdentityChangedError}, and a refresh that is running comes to nothing.
     *
     * @throws {@link DisposedError} after `dispose`.
     */
    clear(): Promise<void>;
    /**
     * An access token that is good now, renewed before if need be: for requests that no link makes. `undefined` where
     * nobody is signed in.
     *
     * @throws {@link AuthRefreshError}, {@link AuthExpiredError}, {@link AuthQueueFullError} or {@link DisposedError}.
     */
    accessToken(): Promise<string | undefined>;
    /** Looks at the clock: call it when an app comes to the foreground. At most one refresh comes of it. */
    check(): void;
    /** Ends everything: timers, listeners, the channel. A refresh that is running has 5,000 ms to end and store its tokens. */
    dispose(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}

/** Options of {@link tokenRefreshLink} beside its source. */
interface TokenRefreshLinkOptions extends BearerFieldOptions, Pick<CredentialOptions, 'origins' | 'onMissing'> {
    /**
     * Whether what came back means that the token was refused. What it throws counts as no.
     * Default: {@link isTokenRefused}.
     */
    readonly isRefused?: ((outcome: AttemptOutcome, operation: Operation) => boolean) | undefined;
}
/**
 * Sends the access token of a session with every operation (RFC 6750 section 2.1) and renews it: before it expires, and
 * when a server refuses it. Operations that need a new token wait for one refresh, and are then sent; one that was
 * refused is sent again, at most once, and never if that could run a mutation twice.
 *
 * An `authorization` header of the request or the call wins: nothing is then attached, renewed or sent again.
 *
 * @param source - a {@link TokenSource}, which other links may share, or the options of one that is this link's own.
 * @throws {@link OptionsError} when an option is no good, when the link is built. Operations fail with an
 * {@link AuthExpiredError}, {@link AuthRefreshError}, {@link AuthQueueFullError}, {@link IdentityChangedError} or
 * `CredentialError`.
 *
 * @example
 * ```ts
 * import { chain, tokenRefreshLink } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * export const link = chain(
 *   tokenRefreshLink({ fetchToken: async () => ({ accessToken: 'secret-token', expiresInSeconds: 3_600 }) }),
 *   httpLink({ url: 'https://api.example.com/graphql' }),
 * )
 * ```
 */
declare function tokenRefreshLink(source: TokenSource | TokenSourceOptions, options?: TokenRefreshLinkOptions): Link;

/**
 * Makes a link of a function that attaches credentials which change: WebSocket links call it again for each connection
 * that a subscription lives to see. What a plain link attaches stays as it was at first.
 *
 * @example
 * ```ts
 * import { renewableLink, withCredential } from '@graphlinks/core'
 *
 * export const session = renewableLink(async (operation) =>
 *   withCredential(operation, { name: 'x-session', value: await readSession() }),
 * )
 *
 * const readSession = async (): Promise<string> => 'abc123'
 * ```
 */
declare function renewableLink(attach: (operation: Operation) => Operation | Promise<Operation>): Link;
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

/**
 * A token could not be renewed, and what is left of the old one is no good. The session itself goes on: the same
 * operation may succeed later.
 *
 * @example
 * ```ts
 * import { AuthRefreshError } from '@graphlinks/core'
 *
 * export const waitMs = (error: unknown): number | undefined =>
 *   AuthRefreshError.is(error) ? error.retryAfterMs : undefined
 * ```
 */
declare class AuthRefreshError extends GraphLinksError {
    static readonly name: string;
    static readonly code: string;
    /** How long no refresh is tried, in milliseconds from the failure of the operation. */
    readonly retryAfterMs: number;
    constructor(message: string, details: ErrorDetails & {
        readonly retryAfterMs: number;
    });
}
/**
 * The session is over: its tokens are no good and cannot be renewed. Nothing but a new sign-in helps.
 *
 * @example
 * ```ts
 * import { AuthExpiredError } from '@graphlinks/core'
 *
 * export const mustSignIn = (error: unknown): boolean => AuthExpiredError.is(error)
 * ```
 */
declare class AuthExpiredError extends GraphLinksError {
    static readonly name: string;
    static readonly code: string;
}
/**
 * Too many operations wait for one refresh (`maxQueued`).
 *
 * @example
 * ```ts
 * import { AuthQueueFullError } from '@graphlinks/core'
 *
 * export const isOverloaded = (error: unknown): boolean => AuthQueueFullError.is(error)
 * ```
 */
declare class AuthQueueFullError extends GraphLinksError {
    static readonly name: string;
    static readonly code: string;
}
/**
 * Somebody signed in, out, or as somebody else while the operation was running: its result belongs to a session that is
 * no longer there, and is not delivered. A mutation may have been executed.
 *
 * @example
 * ```ts
 * import { IdentityChangedError } from '@graphlinks/core'
 *
 * export const isOfFormerUser = (error: unknown): boolean => IdentityChangedError.is(error)
 * ```
 */
declare class IdentityChangedError extends GraphLinksError {
    static readonly name: string;
    static readonly code: string;
}
/**
 * For functions that renew tokens to throw, where a server says in words of its own that the refresh token is no longer
 * good. It ends the session, as `invalid_grant` does (RFC 6749 section 5.2); any other error is taken for a passing one.
 *
 * @example
 * ```ts
 * import { createTokenSource, RefreshRejectedError } from '@graphlinks/core'
 *
 * export const session = createTokenSource({
 *   refresh: async ({ refreshToken, signal }) => {
 *     const response = await fetch('/refresh', { method: 'POST', body: refreshToken ?? null, signal })
 *     if (response.status === 401) throw new RefreshRejectedError('the server wants a new sign-in')
 *     return response.json()
 *   },
 * })
 * ```
 */
declare class RefreshRejectedError extends GraphLinksError {
    static readonly name: string;
    static readonly code: string;
}

/**
 * Marks an operation that others wait for, under this key of its context: a link that lets operations wait lets it pass,
 * since it would wait for those that wait for it. The `context` that a function which renews tokens is given has it.
 *
 * @example
 * ```ts
 * import { emptyContext, urgent, type Client } from '@graphlinks/core'
 *
 * // A link further in asks for it on behalf of other operations.
 * export const tenantOf = (client: Client) =>
 *   client.request('{ tenant }', undefined, { context: emptyContext.with(urgent, true) })
 * ```
 */
declare const urgent: ContextKey<boolean>;

/**
 * Loaded with the first operation of a cookieLink that can sign in again, and built on its own: what renews tokens is there
 * once more, so that no page has it for cookies that it may never need to renew.
 */

/** What a function that signs in is given. */
type LoginRequest = Pick<RefreshRequest, 'signal' | 'context'>;

/**
 * What keeps cookies outside browsers: `memoryCookieJar()` or `fileCookieJar(path)` of `@graphlinks/cookie-jar`, or a
 * `CookieJar` of tough-cookie as it is.
 */
interface CookieJar {
    /** The `cookie` header for a URL (RFC 6265 section 5.4); an empty text where there are no cookies. */
    getCookieString(url: string): Promise<string>;
    /** Takes the value of one `set-cookie` header of an answer from a URL. A cookie that it refuses is nobody's error. */
    setCookie(cookie: string, url: string): Promise<unknown>;
}

/**
 * Where the token against cross-site request forgery comes from, and the header that it goes to: what a framework does by
 * default, or in your words.
 */
type Csrf = keyof typeof presets | CsrfCookie | CsrfMeta | CsrfToken;
/** The token is in a cookie that scripts can read (double submit), where `%` begins an encoded character. */
interface CsrfCookie {
    readonly header: string;
    readonly cookie: string;
}
/** The token is in a `<meta>` element of the page, found by its name. Browsers only. */
interface CsrfMeta {
    readonly header: string;
    readonly meta: string;
}
/** The application has the token. It is asked for each request; nothing is sent where there is none. */
interface CsrfToken {
    readonly header: string;
    readonly token: (operation: Operation) => string | undefined | Promise<string | undefined>;
}
declare const presets: {
    django: CsrfCookie;
    laravel: CsrfCookie;
    rails: CsrfMeta;
};

/** Options of {@link cookieLink}. */
interface CookieLinkOptions {
    /**
     * What keeps the cookies: a jar, or a function of the operation that gives or promises one, such as that of the user who
     * asks; `'platform'` where fetch itself keeps them, as in React Native. Needed everywhere but in browsers, which keep
     * their own and in which it means nothing.
     */
    readonly jar?: CookieJar | ((operation: Operation) => CookieJar | Promise<CookieJar>) | 'platform' | undefined;
    /**
     * Origins that cookies go to, such as `https://api.example.com`. Default: in browsers, that of the page alone, and any
     * other has to be named here; with a jar, those that the jar has cookies for.
     */
    readonly origins?: readonly string[] | undefined;
    /**
     * The token against cross-site request forgery: sent with every request but GET; in browsers with every operation, to
     * the page's own origin only. Default: none.
     */
    readonly csrf?: Csrf | undefined;
    /**
     * Whether the headers `graphql-require-preflight` and `apollo-require-preflight` are sent, with which no browser sends
     * a request of another site's without asking first. Default: `false`.
     */
    readonly requirePreflight?: boolean | undefined;
    /**
     * Signs in again, when a server says that nobody is signed in: once for all operations that hear of it, which are then
     * sent again, as with `tokenRefreshLink`. What it throws fails them. Default: they fail as the server says.
     */
    readonly onUnauthenticated?: ((request: LoginRequest) => unknown) | undefined;
    /** Whether what came back means that nobody is signed in. What it throws counts as no. Default: `isTokenRefused`. */
    readonly isUnauthenticated?: ((outcome: AttemptOutcome, operation: Operation) => boolean) | undefined;
    /**
     * How long `onUnauthenticated`, or a function that gives the jar, or in browsers the token, may take, in milliseconds.
     * Default: 30,000.
     */
    readonly timeoutMs?: number | undefined;
    /** Time for `timeoutMs`. Default: the platform's. */
    readonly clock?: Clock | undefined;
}
/**
 * Sends cookies with every operation and keeps those that servers set, over HTTP and with the handshake of a WebSocket.
 *
 * In browsers, the platform does both, and the link says to which origins. Elsewhere the jar does: each response's
 * `set-cookie` headers are kept, whatever its status. A `cookie` header of the operation is merged with the jar's cookies,
 * and wins by name; `null` for it, in the request or the call, sends none and keeps none.
 *
 * @throws {@link OptionsError} when an option is no good, or where there must be a jar; when the link is built. Operations
 * fail with a `LinkError` where the jar fails, and as those of `tokenRefreshLink` where `onUnauthenticated` does.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6265
 *
 * @example
 * ```ts
 * import { chain, cookieLink, type CookieJar } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * // On a server, a jar for each user: memoryCookieJar() of @graphlinks/cookie-jar.
 * export const linkFor = (jar: CookieJar) =>
 *   chain(cookieLink({ jar, csrf: 'django' }), httpLink({ url: 'https://api.example.com/graphql' }))
 * ```
 */
declare function cookieLink(options?: CookieLinkOptions): Link;

/**
 * Makes the source of a session's tokens. However many operations need a new token, over however many links, one refresh
 * is made; a token that is still good is used while it runs, and nothing that belongs to one session is delivered to
 * another.
 *
 * @throws {@link OptionsError} when an option is no good.
 *
 * @example
 * ```ts
 * import { chain, createTokenSource, tokenRefreshLink } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * export const session = createTokenSource({
 *   refresh: async ({ refreshToken, signal }) => {
 *     const response = await fetch('https://api.example.com/refresh', {
 *       method: 'POST',
 *       body: JSON.stringify({ refreshToken }),
 *       signal,
 *     })
 *     return response.json() // { accessToken, refreshToken, expiresInSeconds }
 *   },
 *   onSessionEnded: () => location.assign('/sign-in'),
 * })
 * export const link = chain(tokenRefreshLink(session), httpLink({ url: 'https://api.example.com/graphql' }))
 * ```
 */
declare function createTokenSource(options: TokenSourceOptions): TokenSource;

/**
 * A copy with a header. A later link wins over an earlier one, headers of the request and the call win over both.
 *
 * @param value - `null` removes the header that earlier links set.
 * @throws {@link HeaderError} when the name or the value cannot be sent.
 *
 * @example
 * ```ts
 * import { withHeader, type Link } from '@graphlinks/core'
 *
 * export const tenant: Link = (operation, next) => next(withHeader(operation, 'x-tenant', 'acme'))
 * ```
 */
declare function withHeader(operation: Operation, name: string, value: string | null, options?: FieldOptions): Operation;
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
 * A copy with other variables. They replace the ones before, they are not merged.
 *
 * @example
 * ```ts
 * import { withVariables, type Link } from '@graphlinks/core'
 *
 * export const limit: Link = (operation, next) => next(withVariables(operation, { ...operation.variables, first: 10 }))
 * ```
 */
declare function withVariables(operation: Operation, variables: JsonObject | undefined): Operation;
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
 * A copy with a value in its context, for links further in. See {@link contextKey}.
 *
 * @example
 * ```ts
 * import { contextKey, withContext, type Link } from '@graphlinks/core'
 *
 * export const startedAt = contextKey<number>('startedAt')
 * export const start: Link = (operation, next) => next(withContext(operation, startedAt, performance.now()))
 * ```
 */
declare function withContext<Value>(operation: Operation, key: ContextKey<Value>, value: Value): Operation;
/**
 * A copy that neither the caller's signal nor the end of its execution can end: for links that run one operation on
 * behalf of several, or several for one. Run it with `execute`, whose end ends it. What it sends and notes counts for the
 * execution that it came from.
 *
 * @example
 * ```ts
 * import { detached, execute, type Link } from '@graphlinks/core'
 *
 * // Leaving the results ends it all the same; the caller's signal alone does not.
 * export const unhurried: Link = (operation, next) => execute(next, detached(operation))
 * ```
 */
declare function detached(operation: Operation): Operation;

/** Options of {@link ClockSkew}. */
interface ClockSkewOptions {
    /** How far the two clocks may differ before a signature is blamed on it, in milliseconds. `Infinity`: any time. */
    readonly maxSkewMs: number;
    /** The clock of this machine. Default: the platform's. */
    readonly clock?: Clock | undefined;
}
/**
 * For authors of signers: the time as a server has it. It is this machine's, until a refusal says in its `Date` header
 * that the two differ; nobody can mend the clock of a visitor.
 *
 * @example
 * ```ts
 * import { ClockSkew, type Exchange } from '@graphlinks/core'
 *
 * const skew = new ClockSkew({ maxSkewMs: 300_000 })
 * export const signer: Exchange = {
 *   link: 'mySigner',
 *   identity: 'key-1',
 *   request: (request) => ({ headers: { 'x-signed-at': new Date(skew.date(request)).toISOString() } }),
 *   // With the right time it may be good.
 *   response: (response, request) => response.status === 401 && skew.explains(response, request),
 * }
 * ```
 */
declare class ClockSkew {
    #private;
    constructor({ maxSkewMs, clock }: ClockSkewOptions);
    /**
     * Milliseconds since 1970 by the server's clock, as far as it is known, for a request that is about to be sent.
     *
     * @param request - the object that {@link explains} gets later.
     */
    date(request: object): number;
    /**
     * Whether a request was refused because of the time that it was given. If so, later requests get a better one.
     *
     * @param response - one that refuses; that it does is for the caller to know.
     */
    explains({ headers }: IncomingResponse, request: object): boolean;
}

/** What a signer of {@link signerLink} is, beside its link. */
type Signer = Omit<Exchange, 'link'>;
/** What {@link signerLink} needs to know. */
interface SignerLinkOptions<Key extends object> {
    /** Name of the link, for errors. */
    readonly name: string;
    /** A header that the link sets. Where the request or the call has it, or removes it, nothing is signed. */
    readonly header: string;
    /** The link's own options, as far as every auth link has them. */
    readonly options: CredentialOptions;
    /** How far the clocks may differ before a refusal is blamed on it, in milliseconds; `Infinity`: any time. */
    readonly maxSkewMs: number;
    /** The first of its other options that is no good, if one is. */
    readonly problem?: string | false | undefined;
    /** Another key is another object: what was made for one is kept. */
    readonly key: Provided<Key>;
    /** What the key is called among the options. */
    readonly what: string;
    /** Whether something can be used as a key. */
    readonly isKey: (given: unknown) => given is Key;
    /** Makes what signs with a key. Once for each object: what it prepares, it may keep. */
    readonly signer: (key: Key, skew: ClockSkew) => Signer;
}
/**
 * For authors of auth links: makes a link that signs requests with a key of the application. It checks the options that
 * all such links have, and heeds them.
 *
 * @throws {@link OptionsError} when an option is no good. Operations fail with a {@link CredentialError} or
 * `TimeoutError` where a function gives no key.
 *
 * @example
 * ```ts
 * import { signerLink, type CredentialOptions, type Link, type Provided } from '@graphlinks/core'
 *
 * interface Key {
 *   readonly id: string
 *   readonly secret: string
 * }
 *
 * export function timeLink(options: CredentialOptions & { readonly key: Provided<Key> }): Link {
 *   return signerLink({
 *     name: 'timeLink',
 *     header: 'x-time',
 *     options,
 *     maxSkewMs: 300_000,
 *     key: options.key,
 *     what: 'key',
 *     isKey: (given): given is Key => typeof Object(given).secret === 'string',
 *     signer: ({ id, secret }, skew) => ({
 *       identity: id,
 *       request: (request) => ({ headers: { 'x-time': `${skew.date(request)} ${secret.length}` } }),
 *       response: (response, request) => response.status === 401 && skew.explains(response, request),
 *     }),
 *   })
 * }
 * ```
 */
declare function signerLink<Key extends object>({ name, header, options, maxSkewMs, key, what, isKey, signer, ...own }: SignerLinkOptions<Key>): Link;

/** What a terminal link sends of a document, under {@link documentTransfer}. */
interface DocumentTransfer {
    /** Whether its text is sent. Default: `true`. An AST whose text is not sent is never printed. */
    readonly text?: boolean | undefined;
    /** What the server knows it by, sent as `documentId`. Default: none. */
    readonly id?: string | undefined;
    /**
     * Whether it has `@defer` or `@stream`, which a terminal link cannot see where the text is not sent. Default: `false`.
     */
    readonly incremental?: boolean | undefined;
    /** How a query travels over HTTP. Default: as the option `queryMethod` of `httpLink` says. */
    readonly queryMethod?: 'GET' | 'POST' | undefined;
}
/**
 * The key under which a link tells the terminal links what to send of a document: for links that send a hash or an id in
 * place of the text.
 *
 * @see https://github.com/graphql/graphql-over-http/blob/main/spec/Appendix%20A%20--%20Persisted%20Documents.md
 *
 * @example
 * ```ts
 * import { documentTransfer, withContext, type Link } from '@graphlinks/core'
 *
 * export const byName: Link = (operation, next) =>
 *   next(withContext(operation, documentTransfer, { text: false, id: `x-name:${operation.operationName}` }))
 * ```
 */
declare const documentTransfer: ContextKey<DocumentTransfer>;

/**
 * Runs an operation through a link or chain. This is the edge of the pipeline: cold, one-shot, and in charge of
 * cancellation. Whatever a link does, an early `return()` and an abort of the caller's signal settle at once, and
 * exactly one of completion, error or cancellation reaches the consumer.
 *
 * @example
 * ```ts
 * import { createOperation, execute } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * const operation = createOperation({ document: '{ hello }' })
 * for await (const result of execute(httpLink({ url: 'https://api.example.com/graphql' }), operation)) {
 *   console.log(result.data)
 * }
 * ```
 */
declare function execute(link: TerminalLink, operation: Operation): Results;
/**
 * Runs an operation and gives its last result: the only one of a query or mutation, the complete one with incremental
 * delivery.
 *
 * @throws {@link LinkError} when the chain completes without a result; otherwise what the chain failed with.
 *
 * @example
 * ```ts
 * import { createOperation, lastResult } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * const link = httpLink({ url: 'https://api.example.com/graphql' })
 * const { data } = await lastResult(link, createOperation({ document: '{ hello }' }))
 * console.log(data)
 * ```
 */
declare function lastResult(link: TerminalLink, operation: Operation): Promise<Result>;

/**
 * Changes each result. Written by hand so that a wrapper costs one promise per result; for work that awaits, write an
 * async generator.
 *
 * An error that `change` throws becomes the operation's error, and the attempt is closed.
 *
 * @example
 * ```ts
 * import { mapResults, type Link } from '@graphlinks/core'
 *
 * export const stamp: Link = (operation, next) =>
 *   mapResults(next(operation), (result) => ({ ...result, extensions: { ...result.extensions, seen: true } }))
 * ```
 */
declare function mapResults(results: Results, change: (result: Result) => Result): Results;
/** How an attempt ended. `cancelled` means that the consumer stopped reading. */
type Outcome = {
    readonly status: 'completed';
} | {
    readonly status: 'failed';
    readonly error: unknown;
} | {
    readonly status: 'cancelled';
};
/**
 * Calls back once when an attempt is over: completed, failed or cancelled. Results and the error pass unchanged.
 *
 * @example
 * ```ts
 * import { onSettled, type Link } from '@graphlinks/core'
 *
 * export const count: Link = (operation, next) => onSettled(next(operation), ({ status }) => console.log(status))
 * ```
 */
declare function onSettled(results: Results, callback: (outcome: Outcome) => void): Results;

/** Options of a {@link ResultQueue}. */
interface ResultQueueOptions {
    /** How many results wait at most for a slow consumer. Default: 1,000. `Infinity`: no limit. */
    readonly limit?: number | undefined;
    /**
     * What happens to a result that finds the queue full: `'error'` ends the stream with a {@link QueueOverflowError},
     * after what is waiting has been read; `'drop-oldest'` forgets the result that has waited longest.
     * Default: `'error'`.
     */
    readonly overflow?: 'error' | 'drop-oldest' | undefined;
    /** Runs once when the consumer stops early or the queue overflows: stop the source here. */
    readonly onClose?: (() => void) | undefined;
}
/**
 * Results that are pushed by a source, such as a socket, to a consumer that reads at its own pace. One iteration.
 * Linear in the number of results, whatever waits.
 *
 * @throws {@link OptionsError} when the limit is no positive integer.
 *
 * @example
 * ```ts
 * import { ResultQueue, type TerminalLink } from '@graphlinks/core'
 *
 * export const ticker: TerminalLink = () => {
 *   const timer = setInterval(() => queue.push({ data: { now: Date.now() } }), 1_000)
 *   const queue = new ResultQueue({ limit: 10, overflow: 'drop-oldest', onClose: () => clearInterval(timer) })
 *   return queue
 * }
 * ```
 */
declare class ResultQueue implements AsyncIterableIterator<Result> {
    #private;
    constructor({ limit, overflow, onClose }?: ResultQueueOptions);
    /** Adds a result. After the end it is ignored. */
    push(value: Result): void;
    /** Ends the stream: what is waiting can still be read. */
    end(): void;
    /** Ends the stream with an error, which comes after what is waiting. */
    fail(error: unknown): void;
    [Symbol.asyncIterator](): AsyncIterableIterator<Result>;
    next(): Promise<IteratorResult<Result>>;
    return(): Promise<IteratorResult<Result>>;
}

/**
 * Whether an operation can be sent only once: its variables hold a stream, which can be read once. A `Blob` can be read
 * again. For links that call `next` again.
 *
 * @example
 * ```ts
 * import { isOneShot, type Link } from '@graphlinks/core'
 *
 * export const fallBack: Link = async function* fallBack(operation, next) {
 *   try {
 *     yield* next(operation)
 *   } catch (error) {
 *     if (operation.kind !== 'query' || isOneShot(operation)) throw error
 *     yield* next(operation)
 *   }
 * }
 * ```
 */
declare function isOneShot({ variables }: Operation): boolean;

/**
 * Whether a link may send an operation again after this outcome, without doing harm. Never a stream that was read, what
 * the context forbids ({@link replay}), or what `tokenRefreshLink` has dealt with already; a mutation only where it
 * certainly did not run.
 *
 * @param hasKey - whether the server knows the mutation by its idempotency key when it comes again.
 *
 * @example
 * ```ts
 * import { isTransient, mayRepeat, type Link } from '@graphlinks/core'
 *
 * export const tryTwice: Link = async function* tryTwice(operation, next) {
 *   let isDelivered = false
 *   try {
 *     for await (const result of next(operation)) {
 *       isDelivered = true
 *       yield result
 *     }
 *   } catch (error) {
 *     if (isDelivered || !isTransient(error) || !mayRepeat(operation, { error })) throw error
 *     yield* next(operation)
 *   }
 * }
 * ```
 */
declare function mayRepeat(operation: Operation, outcome: AttemptOutcome, hasKey?: boolean): boolean;

/**
 * Whether the same operation may succeed on another try, in the words of its error: `retryable`, where the error has it,
 * as those of the terminal links do; otherwise a timeout, or HTTP status 408, 429, 502, 503 or 504. A mutation may have
 * been executed all the same.
 *
 * @example
 * ```ts
 * import { isTransient } from '@graphlinks/core'
 *
 * export const advice = (error: unknown): string => (isTransient(error) ? 'Try again later.' : 'This will not work.')
 * ```
 */
declare function isTransient(error: unknown): boolean;

/**
 * Waits for a value for as long as the operation runs: a link that waits for something of its own, such as a function of
 * the application, ends with its operation, at once.
 *
 * @param cancel - called where the operation is cancelled first.
 * @throws what the promise rejects with; the reason of the operation's signal, when it is cancelled.
 *
 * @example
 * ```ts
 * import { whileRunning, type Link } from '@graphlinks/core'
 *
 * export const confirmed: Link = async (operation, next) => {
 *   if (operation.kind === 'mutation') await whileRunning(operation, askTheUser())
 *   return next(operation)
 * }
 *
 * const askTheUser = async (): Promise<boolean> => true
 * ```
 */
declare function whileRunning<Value>(operation: Operation, value: Value | Promise<Value>, cancel?: () => void): Promise<Value>;

/**
 * How long the server asks to wait before another try, in milliseconds and at most an hour: `Retry-After` of an error or
 * of a result, in seconds or as a date.
 *
 * @returns `undefined` where it asks for nothing.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 *
 * @example
 * ```ts
 * import { retryAfterMs, systemClock } from '@graphlinks/core'
 *
 * export const advice = (error: unknown): string => {
 *   const waitMs = retryAfterMs({ error }, systemClock)
 *   return waitMs === undefined ? 'Try again.' : `Try again in ${Math.ceil(waitMs / 1_000)} seconds.`
 * }
 * ```
 */
declare function retryAfterMs({ result, error }: AttemptOutcome, clock: Clock): number | undefined;

/** Where a terminal link is about to send an operation. */
interface Destination {
    readonly endpoint: URL;
    /** Name of the terminal link, for error messages. */
    readonly link: string;
    /** Lets credentials go over plain http or ws to other hosts than loopback. Default: `false`. */
    readonly allowInsecure?: boolean | undefined;
}
/** What an operation's headers and credentials come to at one destination. */
interface RenderedFields {
    /** Lower-case names, one value each; `null` where something was removed, so that defaults stay away too. */
    readonly headers: ReadonlyMap<string, string | null>;
    readonly searchParams: readonly (readonly [name: string, value: string])[];
    /** Of values that change while who they belong to stays, as the tokens of a session do: the owner of each. */
    readonly owners: ReadonlyMap<string, string> | undefined;
}
/**
 * Opens the headers and credentials of an operation for one destination. The strongest of each name wins (call, request,
 * then links from the last to the first); a credential that is bound to other origins is left out, whatever its name.
 *
 * For authors of terminal links: everybody else leaves credentials closed.
 *
 * @throws {@link InsecureTransportError} when something sensitive would travel unencrypted to another machine.
 *
 * @example
 * ```ts
 * import { renderFields, single, type TerminalLink } from '@graphlinks/core'
 *
 * export const echo: TerminalLink = (operation) => {
 *   const endpoint = new URL('https://api.example.com/graphql')
 *   const { headers } = renderFields(operation, { endpoint, link: 'echo' })
 *   return single({ data: { names: [...headers.keys()] } })
 * }
 * ```
 */
declare function renderFields(operation: Operation, { endpoint, link, allowInsecure }: Destination): RenderedFields;
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
 * All that a server is told beside the document, its variables and extensions: operations of one fingerprint have one
 * identity, and the same headers and query parameters to the letter. Other than in {@link identityOf}, harmless headers
 * count, and so do the tokens of a session: one that was renewed may be good where the one before was refused. For links
 * that answer several operations by one request.
 *
 * @param except - names of headers that do not count, in lower case. A sensitive one stays part of the identity. Default:
 * those that name a request and do not change its answer, `traceparent`, `tracestate`, `x-request-id` and
 * `x-correlation-id`.
 *
 * @example
 * ```ts
 * import { createOperation, fingerprintOf } from '@graphlinks/core'
 *
 * const english = createOperation({ document: '{ hello }', headers: { 'accept-language': 'en' } })
 * const german = createOperation({ document: '{ hello }', headers: { 'accept-language': 'de' } })
 * console.log(fingerprintOf(english).reveal() === fingerprintOf(german).reveal()) // false
 * ```
 */
declare function fingerprintOf(operation: Operation, except?: readonly string[]): Secret;

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

/**
 * Checks that a text is the origin of an http(s) or ws(s) URL and gives it as http(s), since a session is the same over
 * both.
 *
 * @throws {@link OptionsError} when it is none, or has more than an origin.
 *
 * @example
 * ```ts
 * import { checkOrigin } from '@graphlinks/core'
 *
 * console.log(checkOrigin('wss://API.example.com')) // https://api.example.com
 * ```
 */
declare function checkOrigin(origin: string, link?: string): string;
/**
 * The origin of a URL, with ws counted as http and wss as https.
 *
 * @example
 * ```ts
 * import { originOf } from '@graphlinks/core'
 *
 * console.log(originOf(new URL('wss://api.example.com/graphql'))) // https://api.example.com
 * ```
 */
declare function originOf(url: URL): string;
/**
 * The URL, or undefined where the text is none: `new URL` prints its input, which may hold a password.
 *
 * @example
 * ```ts
 * import { parseUrl } from '@graphlinks/core'
 *
 * console.log(parseUrl('/graphql', 'https://api.example.com')?.href, parseUrl('graphql')) // https://... undefined
 * ```
 */
declare function parseUrl(text: string, base?: string): URL | undefined;
/**
 * Whether a host name of a URL is this machine: nothing that goes there leaves it.
 *
 * @example
 * ```ts
 * import { isLoopback } from '@graphlinks/core'
 *
 * console.log(isLoopback('127.0.0.1'), isLoopback('api.example.com')) // true false
 * ```
 */
declare function isLoopback(hostname: string): boolean;

/**
 * What only a developer reads, such as how to mend an option: production builds leave it out. Bundlers that know
 * `process.env.NODE_ENV` find an empty function, and drop the calls of it and the words; without a bundler it runs
 * unless `NODE_ENV` is `production`.
 *
 * @example
 * ```ts
 * import { inDevelopment } from '@graphlinks/core'
 *
 * export function checkRate(rate: number): void {
 *   if (rate > 1) throw new RangeError(inDevelopment(() => `rate is at most 1, not ${rate}`) ?? 'rate')
 * }
 * ```
 */
declare function inDevelopment<Value>(make: () => Value): Value | undefined;

/**
 * Options as the caller gave them, for factories of links: a name that somebody put on `Object.prototype` is no option,
 * and options that are missing altogether are none.
 *
 * @example
 * ```ts
 * import { ownOptions } from '@graphlinks/core'
 *
 * export function sampleLink(options: { readonly rate?: number } = {}) {
 *   const { rate = 0.1 } = ownOptions(options)
 *   return rate
 * }
 * ```
 */
declare function ownOptions<Options extends object>(options: Options | undefined): Options;

export { AuthExpiredError, AuthQueueFullError, AuthRefreshError, ClockSkew, Context, CredentialError, DisposedError, DocumentError, GraphLinksError, GraphQLDocument, GraphQLResultError, HeaderError, IdentityChangedError, InsecureTransportError, LinkError, OptionsError, QueueOverflowError, RefreshRejectedError, ResultQueue, Secret, TimeoutError, WiringError, admission, apiKeyLink, basicAuthLink, bearerLink, chain, checkHeaderName, checkHeaderValue, checkOrigin, compose, contextKey, cookieLink, createClient, createOperation, createRequest, createTokenSource, credentialSources, detached, documentTransfer, emptyContext, exchangesOf, execute, executionOf, failed, fingerprintOf, flatten, headerEntries, headerLink, identityOf, inBrowser, inDevelopment, isLoopback, isOneShot, isOverridden, isTokenRefused, isTransient, lastResult, leaseOf, mapResults, mayRepeat, memoryTokenStore, onSettled, onWake, originOf, ownOptions, parseDocument, parseUrl, renderFields, renewCredentials, renewableLink, replay, retryAfterMs, scanOperations, signerLink, single, split, systemClock, tokenRefreshLink, urgent, whileRunning, withContext, withCredential, withExchange, withExtensions, withHeader, withSigner, withVariables };
export type { AnyDocument, ApiKeyLinkOptions, AttemptOutcome, BasicAuthLinkOptions, BearerFieldOptions, BearerLinkOptions, CallArguments, CallOptions, Client, ClientOptions, Clock, ClockSkewOptions, ContextKey, CookieJar, CookieLinkOptions, CredentialInit, CredentialLease, CredentialOptions, CredentialSource, Csrf, CsrfCookie, CsrfMeta, CsrfToken, Destination, Document, DocumentTransfer, ErrorDetails, Exchange, FieldOptions, HeaderEntry, HeaderLinkOptions, HeadersInput, HttpMetadata, IncomingResponse, IncrementalPart, IncrementalProgress, IterateMethod, JsonObject, Link, LinkTraits, LoginRequest, Next, Operation, OperationExecution, OperationInit, OperationKind, OperationSignature, Outcome, OutgoingRequest, Provided, QueryMethod, RefreshLock, RefreshOptions, RefreshReason, RefreshRequest, RenderedFields, ReplayRefusal, Request, RequestChange, RequestInit, RequestMethod, ResponseHeaders, Result, ResultError, ResultQueueOptions, Results, Resumption, SessionChannel, SessionEvent, SessionListener, SessionMessage, SessionState, Signer, SignerLinkOptions, Stage, StoredTokens, TerminalLink, TokenRefreshLinkOptions, TokenSource, TokenSourceBaseOptions, TokenSourceOptions, TokenStore, Tokens, TypedDocument };
