import type { OperationKind } from '@graphlinks/core'

/** What all records say. It has no place for headers, variables, data, or words of a server. */
export interface RecordBase {
  /** When it was written, in milliseconds since 1970. */
  readonly at: number
  /** The number of the operation, from 1 on, by which its records belong together. */
  readonly id: number
  readonly kind: OperationKind
  /** At most 100 characters, without control characters; `undefined` for an anonymous one. */
  readonly operationName: string | undefined
}

/** How an operation or an attempt ended. */
export interface EndRecord extends RecordBase {
  /** `cancelled`: the caller left or aborted. */
  readonly outcome: 'completed' | 'failed' | 'cancelled'
  /** From when the results were first asked for, in milliseconds, to the microsecond. */
  readonly durationMs: number
  /** Until the first result, in milliseconds; `undefined` where there was none. */
  readonly firstResultMs: number | undefined
  /** How many results came: one of a query, each event of a subscription. */
  readonly results: number
  /** How many errors of GraphQL were in them. */
  readonly errors: number
  /** Their `extensions.code`, each once, at most 8. What is not made like a code is `OTHER`. */
  readonly errorCodes: readonly string[]
  /** Where it failed: the code of the error, such as `HTTP_STATUS` or `ECONNRESET`, or else its name. */
  readonly errorCode?: string | undefined
  /** The HTTP status of the last result, or of the error. */
  readonly status: number | undefined
  /** Where a WebSocket failed: the code that it was closed with. */
  readonly closeCode?: number | undefined
  /**
   * The same for operations with the same credentials, and different for others: a keyed hash that means nothing outside
   * this link. `undefined` where there are no credentials, or they are not known.
   */
  readonly identity: string | undefined
}

/** One operation, from the first read of its results to their end. */
export interface OperationRecord extends EndRecord {
  readonly event: 'operation'
  /** How often terminal links sent it. */
  readonly attempts: number
  /** What links did for it, and how often: `retry`, `replay` (with a new token), `resend`, `shared`, ... */
  readonly notes: Readonly<Record<string, number>>
}

/** One attempt of an operation. */
export interface AttemptRecord extends EndRecord {
  readonly event: 'attempt'
  /** Its number, from 1 on. */
  readonly attempt: number
}

/** An operation began. */
export interface StartRecord extends RecordBase {
  readonly event: 'start'
}

/** What is logged, one JSON object each. */
export type LogRecord = OperationRecord | AttemptRecord | StartRecord
