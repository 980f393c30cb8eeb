// Loaded with the first record.
import type { executionOf, identityOf, Operation } from '@graphlinks/core'
import { identityHash } from './identity.ts'
import { lineOf } from './line.ts'
import type { LoggerLinkOptions, LogLevel } from './options.ts'
import type { EndRecord, LogRecord } from './records.ts'
import { codeOf, nameOf } from './words.ts'

/** What was seen of an operation, for a record to be made of it. */
export interface Observation extends Partial<
  Pick<EndRecord, 'outcome' | 'durationMs' | 'firstResultMs' | 'results' | 'errors' | 'status'>
> {
  readonly at: number
  readonly id: number
  readonly event: LogRecord['event']
  readonly operation: Operation
  /** With its credentials, as an attempt had it. */
  readonly seen?: Operation | undefined
  readonly attempt?: number
  readonly attempts?: number
  /** Of GraphQL errors, as the server sent them. */
  readonly codes?: ReadonlySet<unknown>
  /** What it failed with. */
  readonly error?: unknown
}

/** Makes a record, and gives it to the logger. Fails, now or later, where that does. */
export type Report = (observed: Observation) => Promise<void>

/** Handed over. */
export interface ReporterParts {
  readonly executionOf: typeof executionOf
  readonly identityOf: typeof identityOf
}

export function reporter({ logger: given, format: chosen }: LoggerLinkOptions, parts: ReporterParts): Report {
  const logger = given ?? console
  const { stdout, env } = (globalThis as { readonly process?: Partial<Terminal> }).process ?? {}
  const isTerminal = stdout?.isTTY === true
  const format = chosen ?? (given ? 'record' : isTerminal ? 'pretty' : 'json')
  const hashOf = identityHash(parts.identityOf)

  const entryOf = (record: LogRecord, level: LogLevel): unknown => {
    if (typeof format === 'function') return format(record, level)
    if (format === 'record') return record
    // https://no-color.org
    if (format === 'pretty') return lineOf(record, level, isTerminal && !env?.['NO_COLOR'])
    return JSON.stringify({ level, ...record })
  }
  return async ({ event, at, id, operation, seen, attempt, attempts, codes = [], error, ...counts }) => {
    const base = { event, at, id, kind: operation.kind, operationName: nameOf(operation) }
    const execution = parts.executionOf(operation)
    const isOperation = event === 'operation'
    const isFailure = counts.outcome === 'failed'
    const level = isFailure && isOperation ? 'error' : isFailure || counts.errors ? 'warn' : 'info'
    const { code, name, closeCode, status = counts.status } = Object(error) as Partial<Record<string, unknown>>
    const found = [...codes].filter((each) => each != null).map((each) => codeOf(each, operation))
    const end = {
      ...(isOperation ? { attempts: execution?.attempts ?? attempts, notes: plain(execution?.notes) } : { attempt }),
      ...counts,
      durationMs: rounded(counts.durationMs),
      firstResultMs: rounded(counts.firstResultMs),
      errorCodes: found.length > 0 ? [...new Set(found)] : undefined,
      errorCode: isFailure ? codeOf(typeof code === 'string' ? code : name, operation) : undefined,
      status: numberOf(status),
      closeCode: numberOf(closeCode),
    }
    const credentialed = isOperation ? (execution?.sent.at(-1) ?? seen) : operation
    const record =
      event === 'start' ? base : { ...base, ...end, identity: credentialed && (await hashOf(credentialed)) }
    await logger[level](await entryOf(record as LogRecord, level))
  }
}

/** What there is of Node's `process`. */
interface Terminal {
  readonly stdout: { readonly isTTY?: boolean }
  readonly env: Readonly<Record<string, string | undefined>>
}

function plain(notes: ReadonlyMap<string, number> | undefined): Readonly<Record<string, number>> | undefined {
  return notes?.size ? Object.fromEntries(notes) : undefined
}

/** To the microsecond: clocks have digits that mean nothing. */
function rounded(ms: number | undefined): number | undefined {
  return ms && Math.round(ms * 1_000) / 1_000
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
