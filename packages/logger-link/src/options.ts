import { inDevelopment, OptionsError, type Clock, type Operation, type OperationKind } from '@graphlinks/core'
import type { LogRecord } from './records.ts'

/** How grave a record is. */
export type LogLevel = 'info' | 'warn' | 'error'

/** What records are given to, such as `console`, or a logger of pino or winston. */
export interface Logger {
  info(entry: unknown): unknown
  warn(entry: unknown): unknown
  error(entry: unknown): unknown
}

/** Options of {@link loggerLink}. */
export interface LoggerLinkOptions {
  /** Default: `console`. */
  readonly logger?: Logger | undefined
  /**
   * What the logger is given: `'record'`, the object; `'json'`, a line of JSON; or what a function makes of it, now or
   * later, such as `prettyLine` of `@graphlinks/logger-link/pretty`. Default: `'record'` for a logger that is given; else
   * `prettyLine` in a terminal, `'json'` elsewhere.
   */
  readonly format?: 'record' | 'json' | ((record: LogRecord, level: LogLevel) => unknown) | undefined
  /**
   * Whether an operation is logged that completes without errors; others always are. Asked once for each, when it is to
   * be logged first. Default: all are.
   */
  readonly sample?: ((operation: Operation) => boolean) | undefined
  /** Kinds of operations that are logged when they begin, too, such as `['subscription']`. Default: none. */
  readonly starts?: readonly OperationKind[] | undefined
  /** Default: the platform's. */
  readonly clock?: Clock | undefined
}

/** @throws {@link OptionsError} naming the option that is no good. */
export function checkOptions({
  logger = console,
  format = 'json',
  sample = () => true,
  starts = [],
}: LoggerLinkOptions): void {
  const isLogger = ['info', 'warn', 'error'].every((level) => typeof Object(logger)[level] === 'function')
  const isFormat = typeof format === 'function' || /^(record|json)$/.test(format)
  const wrong =
    (!isLogger && 'logger') ||
    (!isFormat && 'format') ||
    (typeof sample !== 'function' && 'sample') ||
    (!Array.isArray(starts) && 'starts')
  if (!wrong) return
  throw new OptionsError(
    inDevelopment(() => {
      const rules = {
        logger: 'has the functions info, warn and error',
        format: 'is record, json or a function',
        sample: 'is a function of the operation',
        starts: 'is a list of kinds of operations',
      }
      return `${wrong} ${rules[wrong]}`
    }) ?? wrong,
    { link: 'loggerLink' },
  )
}
