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
 * Headers as a caller may give them: an object, a `Headers`, a `Map`, or `[name, value]` pairs. All shapes mean the
 * same. Names are case-insensitive, the last of one name wins, `null` removes an inherited header, `undefined` is
 * skipped.
 */
type HeadersInput = Readonly<Record<string, string | null | undefined>> | Iterable<readonly [name: string, value: string | null | undefined]>;
/** One header after normalisation: a lower-case name, and a checked value or `null` for "remove". */
type HeaderEntry = readonly [name: string, value: string | null];

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

/** Where a terminal link is about to send an operation. */
interface Destination {
    readonly endpoint: URL;
    /** Name of the terminal link, for error messages. */
    readonly link: string;
    /** Lets credentials go over plain http or ws to other hosts than loopback. Default: `false`. */
    readonly allowInsecure?: boolean | undefined;
}

/**
 * For authors of terminal links: checks headers that an exchange wants to be set, and remembers them as secrets of the
 * operation, so that they are cut out of errors.
 *
 * @param link - the exchange's.
 * @returns the headers, with lower-case names; `null` for one that is to be removed.
 * @throws `HeaderError` when one cannot be sent, `InsecureTransportError` when it would travel unencrypted to another
 * machine.
 *
 * @example
 * ```ts
 * import { exchangesOf, type Operation, type OutgoingRequest } from '@graphlinks/core'
 * import { exchangedHeaders } from '@graphlinks/core/exchange'
 *
 * export async function changed(operation: Operation, request: OutgoingRequest): Promise<ReadonlyMap<string, string>> {
 *   const headers = new Map(request.headers)
 *   for (const exchange of exchangesOf(operation)) {
 *     const change = await exchange.request?.({ ...request, headers }, operation)
 *     const destination = { endpoint: request.url, link: 'myLink' }
 *     for (const [name, value] of exchangedHeaders(operation, change?.headers ?? {}, exchange.link, destination)) {
 *       if (value === null) headers.delete(name)
 *       else headers.set(name, value)
 *     }
 *   }
 *   return headers
 * }
 * ```
 */
declare function exchangedHeaders(operation: Operation, headers: HeadersInput, link: string, { endpoint, allowInsecure }: Destination): readonly HeaderEntry[];

export { exchangedHeaders };
