// What `@graphlinks/logger-link` is in Node: the same, with lines for people where a person reads.
export { loggerLink } from './terminalLoggerLink.ts'
export type { LoggerLink } from './loggerLink.ts'
export type { Logger, LoggerLinkOptions, LogLevel } from './options.ts'
export type { AttemptRecord, EndRecord, LogRecord, OperationRecord, RecordBase, StartRecord } from './records.ts'
