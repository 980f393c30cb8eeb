import type { LogLevel } from './options.ts'
import type { AttemptRecord, LogRecord, OperationRecord } from './records.ts'
import { inTerminal } from './terminal.ts'

/** All members that a record may have. */
type AnyRecord = Partial<Omit<OperationRecord, 'event'> & Omit<AttemptRecord, 'event'>> & Pick<LogRecord, 'event'>

const columns = 80
const colours: Readonly<Record<LogLevel, number>> = { info: 32, warn: 33, error: 31 }

/**
 * A record as a line for people, of at most 80 columns: `completed query Viewer 34 ms 200 2 attempts replay 1`.
 *
 * @param isColoured - whether how it ended is in a colour, by its level. Default: where the output is a terminal and
 * `NO_COLOR` is not set (https://no-color.org).
 *
 * @example
 * ```ts
 * import { loggerLink } from '@graphlinks/logger-link'
 * import { prettyLine } from '@graphlinks/logger-link/pretty'
 *
 * export const log = loggerLink({ format: prettyLine })
 * ```
 */
export function prettyLine(record: LogRecord, level: LogLevel, isColoured = inTerminal().isColoured): string {
  const {
    event,
    kind,
    operationName,
    durationMs,
    results = 0,
    attempts = 0,
    attempt,
    notes,
    outcome = event,
    status,
    closeCode = status,
    errorCode,
    errorCodes,
    identity,
  } = record as AnyRecord
  const words = [
    kind,
    operationName?.slice(0, 30),
    durationMs !== undefined && `${Math.round(durationMs)} ms`,
    closeCode,
    errorCode ?? errorCodes?.join(),
    results > 1 && `${results} results`,
    attempts > 1 && `${attempts} attempts`,
    attempt && `attempt ${attempt}`,
    ...Object.entries(notes ?? {}).map((note) => note.join(' ')),
    identity,
  ]
  const line = `${outcome} ${words.filter(Boolean).join(' ')}`.slice(0, columns)
  return isColoured ? line.replace(/\w+/, `\x1b[${colours[level]}m$&\x1b[39m`) : line
}
