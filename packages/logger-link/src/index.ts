export { loggerLink } from './loggerLink.ts'
export type { LoggerLink } from './loggerLink.ts'
export type { Logger, LoggerLinkOptions, LogLevel } from './options.ts'
export type { AttemptRecord, EndRecord, LogRecord, OperationRecord, RecordBase, StartRecord } from './records.ts'
