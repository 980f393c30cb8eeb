import { OperationKind, Operation, Clock, Link } from '@graphlinks/core';

/** What all records say. It has no place for headers, variables, data, or words of a server. */
interface RecordBase {
    /** When it was written, in milliseconds since 1970. */
    readonly at: number;
    /** The number of the operation, from 1 on, by which its records belong together. */
    readonly id: number;
    readonly kind: OperationKind;
    /** At most 100 characters, without control characters; `undefined` for an anonymous one. */
    readonly operationName: string | undefined;
}
/** How an operation or an attempt ended. */
interface EndRecord extends RecordBase {
    /** `cancelled`: the caller left or aborted. */
    readonly outcome: 'completed' | 'failed' | 'cancelled';
    /** From when the results were first asked for, in milliseconds, to the microsecond. */
    readonly durationMs: number;
    /** Until the first result, in milliseconds; `undefined` where there was none. */
    readonly firstResultMs: number | undefined;
    /** How many results came: one of a query, each event of a subscription. */
    readonly results: number;
    /** How many errors of GraphQL were in them. */
    readonly errors: number;
    /** Their `extensions.code`, each once, at most 8. What is not made like a code is `OTHER`. */
    readonly errorCodes: readonly string[];
    /** Where it failed: the code of the error, such as `HTTP_STATUS` or `ECONNRESET`, or else its name. */
    readonly errorCode?: string | undefined;
    /** The HTTP status of the last result, or of the error. */
    readonly status: number | undefined;
    /** Where a WebSocket failed: the code that it was closed with. */
    readonly closeCode?: number | undefined;
    /**
     * The same for operations with the same credentials, and different for others: a keyed hash that means nothing outside
     * this link. `undefined` where there are no credentials, or they are not known.
     */
    readonly identity: string | undefined;
}
/** One operation, from the first read of its results to their end. */
interface OperationRecord extends EndRecord {
    readonly event: 'operation';
    /** How often terminal links sent it. */
    readonly attempts: number;
    /** What links did for it, and how often: `retry`, `replay` (with a new token), `resend`, `shared`, ... */
    readonly notes: Readonly<Record<string, number>>;
}
/** One attempt of an operation. */
interface AttemptRecord extends EndRecord {
    readonly event: 'attempt';
    /** Its number, from 1 on. */
    readonly attempt: number;
}
/** An operation began. */
interface StartRecord extends RecordBase {
    readonly event: 'start';
}
/** What is logged, one JSON object each. */
type LogRecord = OperationRecord | AttemptRecord | StartRecord;

/** How grave a record is. */
type LogLevel = 'info' | 'warn' | 'error';
/** What records are given to, such as `console`, or a logger of pino or winston. */
interface Logger {
    info(entry: unknown): unknown;
    warn(entry: unknown): unknown;
    error(entry: unknown): unknown;
}
/** Options of {@link loggerLink}. */
interface LoggerLinkOptions {
    /** Default: `console`. */
    readonly logger?: Logger | undefined;
    /**
     * What the logger is given: `'record'`, the object; `'json'`, a line of JSON; or what a function makes of it, now or
     * later, such as `prettyLine` of `@graphlinks/logger-link/pretty`. Default: `'record'` for a logger that is given; else
     * `prettyLine` in a terminal, `'json'` elsewhere.
     */
    readonly format?: 'record' | 'json' | ((record: LogRecord, level: LogLevel) => unknown) | undefined;
    /**
     * Whether an operation is logged that completes without errors; others always are. Asked once for each, when it is to
     * be logged first. Default: all are.
     */
    readonly sample?: ((operation: Operation) => boolean) | undefined;
    /** Kinds of operations that are logged when they begin, too, such as `['subscription']`. Default: none. */
    readonly starts?: readonly OperationKind[] | undefined;
    /** Default: the platform's. */
    readonly clock?: Clock | undefined;
}

/** A link that logs operations, with one that logs attempts. */
type LoggerLink = Link & {
    /** Logs each attempt. It belongs further in, after the links that try again, and those that say who asks. */
    readonly attempts: Link;
};

/**
 * What `loggerLink` is in Node: the same, but that a terminal is given lines for people where no `logger` and no `format` is.
 *
 * @throws `OptionsError` when an option is no good, when the link is built.
 *
 * @example
 * ```ts
 * import { bearerLink, chain } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 * import { loggerLink } from '@graphlinks/logger-link'
 *
 * const log = loggerLink()
 * const terminal = httpLink({ url: 'https://api.example.com/graphql' })
 * export const link = chain(log, bearerLink('secret-token'), log.attempts, terminal)
 * ```
 */
declare function loggerLink(options?: LoggerLinkOptions): LoggerLink;

export { loggerLink };
export type { AttemptRecord, EndRecord, LogLevel, LogRecord, Logger, LoggerLink, LoggerLinkOptions, OperationRecord, RecordBase, StartRecord };
