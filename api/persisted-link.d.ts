import { Operation, OperationKind, Result, Link, GraphLinksError } from '@graphlinks/core';

/** Gives the id that the server knows a document by, or nothing, now or later. */
type DocumentIdSource = (operation: Operation) => string | undefined | Promise<string | undefined>;

/** Gives the SHA-256 of a text in UTF-8, as 64 hexadecimal digits in lower case, now or later. */
type Sha256 = (text: string) => string | Promise<string>;

/** Options of both ways. */
interface PersistedLinkBaseOptions {
    /**
     * Which kinds of operations go without their text. Default: queries and mutations; with `documentId`, subscriptions
     * too.
     */
    readonly kinds?: readonly OperationKind[] | undefined;
    /**
     * How queries travel over HTTP while their text is not sent, such as `'GET'` for caches; variables are in the URL then.
     * It wins over the option of `httpLink`. Default: as that says.
     */
    readonly queryMethod?: 'GET' | 'POST' | undefined;
    /**
     * Whether a result means that the server does not know the document. Default: by the codes and messages of Apollo
     * Server and Router, Yoga, Hive and mercurius, at any HTTP status.
     */
    readonly isNotFound?: ((result: Result) => boolean) | undefined;
}
/** Options of {@link persistedLink} for automatic persisted queries. */
interface AutomaticOptions extends PersistedLinkBaseOptions {
    readonly documentId?: undefined;
    /** Default: by WebCrypto, which browsers have on https pages and on localhost only. */
    readonly sha256?: Sha256 | undefined;
    /**
     * Whether a result means that the server takes no hashes, so that texts are sent from then on. Default: by
     * `PERSISTED_QUERY_NOT_SUPPORTED`, and by what servers say that miss the query.
     */
    readonly isNotSupported?: ((result: Result) => boolean) | undefined;
}
/** Options of {@link persistedLink} for documents that were published before. */
interface PersistedDocumentOptions extends PersistedLinkBaseOptions {
    /**
     * Where ids come from: {@link embeddedId}, {@link manifestId}, {@link hashedId}, or a function of the operation that
     * gives one, or a promise of it, or nothing.
     */
    readonly documentId: DocumentIdSource;
    /**
     * Where the id goes: `'documentId'`, a member of its own, as the draft has it; `'persistedQuery'`, the extension of
     * Apollo. Default: `'documentId'`.
     */
    readonly sendAs?: 'documentId' | 'persistedQuery' | undefined;
    /**
     * Writes an id as the server wants it, such as ``(id) => `web~1.4.0~${id}` `` for Hive. Default: as it is; in Apollo's
     * extension without `sha256:`.
     */
    readonly formatId?: ((id: string, operation: Operation) => string) | undefined;
    /**
     * What happens to an operation without an id: `'error'` fails it with an {@link UnknownDocumentError}, `'text'` sends
     * its text. Default: `'error'`.
     */
    readonly onUnknown?: 'error' | 'text' | undefined;
    /**
     * What happens where the server does not know the document: `'result'` gives the result with the server's error,
     * `'text'` sends the operation once more with its text. Default: `'result'`.
     */
    readonly onNotFound?: 'result' | 'text' | undefined;
}

/** Options of {@link persistedLink}: with `documentId` it sends ids, without it hashes. */
type PersistedLinkOptions = AutomaticOptions | PersistedDocumentOptions;
/**
 * Sends a hash or an id in place of the text of a document.
 *
 * Without `documentId`, automatic persisted queries: the hash of the text is sent, and where the server does not know
 * it, once more with the text, from which the server learns it. With `documentId`, persisted documents: ids of what a
 * build published.
 *
 * An operation is left alone where its `extensions` have `persistedQuery`, or its context has `documentTransfer`.
 *
 * @throws `OptionsError` when an option is no good, when the link is built. Operations fail with an
 * `UnknownDocumentError` where there is no id, and with a `LinkError` where a function that was given fails.
 *
 * @see https://www.apollographql.com/docs/apollo-server/performance/apq
 * @see https://github.com/graphql/graphql-over-http/blob/main/spec/Appendix%20A%20--%20Persisted%20Documents.md
 *
 * @example
 * ```ts
 * import { chain } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 * import { embeddedId, persistedLink } from '@graphlinks/persisted-link'
 *
 * const terminal = httpLink({ url: 'https://api.example.com/graphql' })
 * export const automatic = chain(persistedLink(), terminal)
 * export const published = chain(persistedLink({ documentId: embeddedId() }), terminal)
 * ```
 */
declare function persistedLink(options?: PersistedLinkOptions): Link;

/**
 * The id that a build wrote into the document, as GraphQL Code Generator does with `persistedDocuments`: in its
 * `__meta__`, also where nothing else is left of the document (`replaceDocumentWithHash`).
 *
 * @param property - the name of it in `__meta__`. Default: `'hash'`.
 *
 * @example
 * ```ts
 * import { embeddedId, persistedLink } from '@graphlinks/persisted-link'
 *
 * export const link = persistedLink({ documentId: embeddedId() })
 * ```
 */
declare function embeddedId(property?: string): DocumentIdSource;

/**
 * An id that is made of the text, `sha256:` and its SHA-256: for a server that has the same documents and knows them so.
 * It needs the text, so an AST is printed for it, once.
 *
 * @throws `OptionsError` where there is no WebCrypto and no `sha256` is given.
 *
 * @see https://github.com/graphql/graphql-over-http/blob/main/spec/Appendix%20A%20--%20Persisted%20Documents.md
 *
 * @example
 * ```ts
 * import { hashedId, persistedLink } from '@graphlinks/persisted-link'
 *
 * export const link = persistedLink({ documentId: hashedId() })
 * ```
 */
declare function hashedId({ sha256 }?: {
    readonly sha256?: Sha256 | undefined;
}): DocumentIdSource;

/**
 * A document has no id, and its text must not be sent: it was not published with the others.
 *
 * @example
 * ```ts
 * import { UnknownDocumentError } from '@graphlinks/persisted-link'
 *
 * export const isUnpublished = (error: unknown): boolean => UnknownDocumentError.is(error)
 * ```
 */
declare class UnknownDocumentError extends GraphLinksError {
    static readonly name: string;
    static readonly code: string;
}

export { UnknownDocumentError, embeddedId, hashedId, persistedLink };
export type { AutomaticOptions, DocumentIdSource, PersistedDocumentOptions, PersistedLinkBaseOptions, PersistedLinkOptions, Sha256 };
