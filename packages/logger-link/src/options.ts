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
   * What the logger is given: `'record'`, the object; `'json'`, a line of JSON; `'pretty'`, a line for people; or what a
   * function makes of it, now or later. Default: `'record'` for a logger that is given; else `'pretty'` in a terminal, `'json'` elsewhere.
   */
  readonly format?: 'record' | 'json' | 'pretty' | ((record: LogRecord, level: LogLevel) => unknown) | undefined
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
export function checkOptions({ logger = console, format = 'json', sample, starts = [] }: LoggerLinkOptions): void {
  const good: Readonly<Record<string, boolean>> = {
    logger: ['info', 'warn', 'error'].every((level) => typeof Object(logger)[level] === 'function'),
    format: typeof format === 'function' || /^(record|json|pretty)$/.test(format),
    sample: sample === undefined || typeof sample === 'function',
    starts: Array.isArray(starts),
  }
  const wrong = Object.keys(good).find((name) => !good[name])
  if (wrong === undefined) return
  throw new OptionsError(
    inDevelopment(() => {
      const rules: Readonly<Record<string, string>> = {
        logger: 'has the functions info, warn and error',
        format: 'is record, json, pretty or a function',
        sample: 'is a function of the operation',
        starts: 'is a list of kinds of operations',
      }
      return `${wrong} ${rules[wrong]}`
    }) ?? wrong,
    { link: 'loggerLink' },
  )
}
