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
 * Makes a text that came from outside fit for an error message: every credential, sensitive header and variable of the
 * operation is cut out (also as JSON, URLs, forms and HTML spell it, and as two of them in turn), control characters
 * become spaces, and the rest is shortened.
 *
 * @param secrets - the operation, or texts to cut out, such as {@link secretsOf} and {@link valuesOf} give.
 * @param maxLength - in characters. Default: 256.
 *
 * @example
 * ```ts
 * import type { Operation } from '@graphlinks/core'
 * import { redact } from '@graphlinks/core/redact'
 *
 * export const explain = (operation: Operation, body: string): string => `the server said: ${redact(operation, body)}`
 * ```
 */
declare function redact(secrets: Operation | ReadonlySet<string>, text: string, maxLength?: number): string;
/**
 * The credentials, sensitive headers and variables of an operation, as it is and as terminal links sent it.
 *
 * @example
 * ```ts
 * import type { Operation } from '@graphlinks/core'
 * import { redact, secretsOf } from '@graphlinks/core/redact'
 *
 * export const explain = (operations: Operation[], reason: string): string =>
 *   redact(new Set(operations.flatMap((operation) => [...secretsOf(operation)])), reason)
 * ```
 */
declare function secretsOf(operation: Operation): Set<string>;
/**
 * A credential and what is as secret in it: the token of "Bearer token", the password in Base64, each of the cookies.
 *
 * @example
 * ```ts
 * import { partsOf } from '@graphlinks/core/redact'
 *
 * console.log(partsOf('Bearer abc123')) // [ 'Bearer abc123', 'abc123' ]
 * ```
 */
declare function partsOf(credential: string): string[];
/**
 * The texts and numbers in a JSON value, as they go on the wire. What has less than three characters says nothing.
 *
 * @example
 * ```ts
 * import { redact, valuesOf } from '@graphlinks/core/redact'
 *
 * export const explain = (payload: object, reason: string): string => redact(valuesOf(payload), reason)
 * ```
 */
declare function valuesOf(json: unknown): Set<string>;
/**
 * An error of a library as a cause that may be kept: its name, its code and its redacted message, three causes deep.
 * The original is dropped, since errors of HTTP and WebSocket stacks carry headers, URLs and values.
 *
 * @example
 * ```ts
 * import type { Operation } from '@graphlinks/core'
 * import { redactError } from '@graphlinks/core/redact'
 *
 * export const causeFor = (operation: Operation, error: unknown): Error => redactError(operation, error)
 * ```
 */
declare function redactError(secrets: Operation | ReadonlySet<string>, error: unknown, depth?: number): Error;

export { partsOf, redact, redactError, secretsOf, valuesOf };
