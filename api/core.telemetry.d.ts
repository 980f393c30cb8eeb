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

/**
 * For authors of links that log, measure or trace: what records say of operations, without a secret. An entry of its own,
 * so that browsers load it when there is something to record.
 */

/**
 * The name of an operation as it may be printed: at most 100 characters, without what moves a cursor or turns the
 * direction of writing; `undefined` for an anonymous one.
 *
 * @example
 * ```ts
 * import type { Link } from '@graphlinks/core'
 * import { recordedName } from '@graphlinks/core/telemetry'
 *
 * export const trace: Link = (operation, next) => {
 *   console.log(operation.kind, recordedName(operation))
 *   return next(operation)
 * }
 * ```
 */
declare function recordedName({ operationName }: Operation): string | undefined;
/**
 * A code that came from outside, such as `extensions.code` of a server, if it is made like one (`NOT_FOUND`,
 * `invalid-jwt`, `42P01`) and is neither a credential nor a variable of the operation; anything else is `OTHER`.
 *
 * @example
 * ```ts
 * import { mapResults, type Link } from '@graphlinks/core'
 * import { recordedCode } from '@graphlinks/core/telemetry'
 *
 * export const codes: Link = (operation, next) =>
 *   mapResults(next(operation), (result) => {
 *     for (const { extensions } of result.errors ?? []) console.log(recordedCode(operation, extensions?.['code']))
 *     return result
 *   })
 * ```
 */
declare function recordedCode(operation: Operation, code: unknown): string;
/** What a record says of an error. It has no place for words. */
interface RecordedError {
    /** Its code, such as `HTTP_STATUS` or `ECONNRESET`, or else its name, as {@link recordedCode} has it. */
    readonly errorCode: string;
    /** The HTTP status that it came with. */
    readonly status?: number;
    /** The code that a WebSocket was closed with. */
    readonly closeCode?: number;
}
/**
 * What may be recorded of whatever an operation failed with.
 *
 * @example
 * ```ts
 * import { onSettled, type Link } from '@graphlinks/core'
 * import { recordedError } from '@graphlinks/core/telemetry'
 *
 * export const failures: Link = (operation, next) =>
 *   onSettled(next(operation), (end) => {
 *     if (end.status === 'failed') console.log(recordedError(operation, end.error))
 *   })
 * ```
 */
declare function recordedError(operation: Operation, error: unknown): RecordedError;
/**
 * Makes a function that hashes identities: 48 bits of an HMAC-SHA-256, as hexadecimal digits, with a key that nobody has
 * and that never leaves the platform's cryptography. Who reads the records knows which operations were the same user's,
 * and can neither try out tokens nor compare them with records of another such function.
 *
 * @returns a function that gives `undefined` for operations without credentials, and where there is no WebCrypto, as on
 * pages without https.
 *
 * @example
 * ```ts
 * import { identityOf, type Link } from '@graphlinks/core'
 * import { identityHash } from '@graphlinks/core/telemetry'
 *
 * const hash = identityHash()
 * export const audit: Link = async (operation, next) => {
 *   console.log(operation.operationName, await hash(identityOf(operation)))
 *   return next(operation)
 * }
 * ```
 */
declare function identityHash(): (identity: Secret) => Promise<string | undefined>;

export { identityHash, recordedCode, recordedError, recordedName };
export type { RecordedError };
