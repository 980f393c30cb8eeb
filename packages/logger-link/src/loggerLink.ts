import {
  executionOf,
  identityOf,
  mapResults,
  onSettled,
  ownOptions,
  systemClock,
  type Link,
  type Next,
  type Operation,
  type OperationExecution,
  type Results,
} from '@graphlinks/core'
import type * as telemetryOf from '@graphlinks/core/telemetry'
import { checkOptions, type LoggerLinkOptions, type LogLevel } from './options.ts'
import type { LogRecord } from './records.ts'

/** A link that logs operations, with one that logs attempts. */
export type LoggerLink = Link & {
  /** Logs each attempt. It belongs further in, after the links that try again, and those that say who asks. */
  readonly attempts: Link
}

/** What the records of an operation have in common. */
interface Subject {
  readonly id: number
  attempts: number
  /** As an attempt had it, with its credentials. */
  seen?: Operation
  isSampled?: boolean
}

type Telemetry = typeof telemetryOf

/** What a server has sent in the place of an error. */
type MaybeError = { readonly extensions?: { readonly code?: unknown } | null } | null | undefined

/** How many codes of errors a record has at most. */
const maxCodes = 8

/**
 * Logs a record of each operation when it is over: what it was, how long it took, how it ended, how often it was tried,
 * and whose it was, as a hash. No header, variable, data or text of a server is in it. It belongs outermost. Its
 * property `attempts` is a link that logs each attempt, for the place where they are made.
 *
 * What completes is `info`, with errors of GraphQL `warn`; what fails is `error`, an attempt `warn`. A logger that fails
 * does no harm.
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
export function loggerLink(options: LoggerLinkOptions = {}): LoggerLink {
  const own = ownOptions(options)
  checkOptions(own)
  const {
    logger = console,
    format = own.logger ? 'record' : 'json',
    sample = () => true,
    starts,
    clock = systemClock,
  } = own
  const subjects = new WeakMap<OperationExecution, Subject>()
  let lastId = 0
  let loading: Promise<Telemetry> | undefined
  let hash: ReturnType<Telemetry['identityHash']> | undefined

  const subjectOf = (operation: Operation): Subject => {
    let execution = executionOf(operation)
    // Links that run a copy of their own still run this operation.
    while (execution?.parent) execution = execution.parent
    const subject = (execution && subjects.get(execution)) ?? { id: ++lastId, attempts: 0 }
    if (execution) subjects.set(execution, subject)
    return subject
  }
  const log = async (
    event: LogRecord['event'],
    level: LogLevel,
    operation: Operation,
    subject: Subject,
    endOf?: (telemetry: Telemetry) => object,
    credentialed?: Operation,
  ): Promise<void> => {
    const at = clock.date()
    if (level === 'info' && !(subject.isSampled ??= sample(operation))) return
    // A page has better things to load before it has something to log.
    const telemetry = await (loading ??= import('@graphlinks/core/telemetry'))
    hash ??= telemetry.identityHash()
    const record = {
      event,
      at,
      id: subject.id,
      kind: operation.kind,
      operationName: telemetry.recordedName(operation),
      ...endOf?.(telemetry),
      identity: credentialed && (await hash(identityOf(credentialed))),
    } as LogRecord
    if (format === 'record') await logger[level](record)
    else await logger[level](format === 'json' ? JSON.stringify({ level, ...record }) : await format(record, level))
  }
  /** Whatever goes wrong with a log, the operation goes on; what could not be loaded is loaded for the next record. */
  const ignore = (): void => {
    loading = undefined
  }
  /** Counts results as they pass, and logs what was counted in the end: of an attempt by its number, or of all. */
  const watch = (operation: Operation, next: Next, subject: Subject, attempt?: number): Results => {
    const startedAt = clock.now()
    // To the microsecond: clocks have digits that mean nothing.
    const elapsedMs = (): number => Math.round((clock.now() - startedAt) * 1_000) / 1_000
    const codes = new Set<unknown>()
    let results = 0
    let errors = 0
    let firstResultMs: number | undefined
    let lastStatus: number | undefined
    const counted = mapResults(next(operation), (result) => {
      const found = Array.isArray(result.errors) ? (result.errors as readonly MaybeError[]) : []
      results++
      firstResultMs ??= elapsedMs()
      lastStatus = result.http?.status ?? lastStatus
      // Of a result that comes in parts, the last one has the errors of all.
      errors = found.length + (result.hasNext === undefined ? errors : 0)
      for (const error of found) {
        const code = error?.extensions?.code
        if (code != null && codes.size < maxCodes) codes.add(code)
      }
      return result
    })
    return onSettled(counted, (end) => {
      const durationMs = elapsedMs()
      const execution = executionOf(operation)
      // A link further in may have failed, or completed, for being cancelled.
      const outcome = execution?.aborted ? 'cancelled' : end.status
      const isFailure = outcome === 'failed'
      const level = isFailure && !attempt ? 'error' : isFailure || errors ? 'warn' : 'info'
      const endOf = ({ recordedCode, recordedError }: Telemetry): object => ({
        ...(attempt
          ? { attempt }
          : { attempts: execution?.attempts ?? subject.attempts, notes: Object.fromEntries(execution?.notes ?? []) }),
        outcome,
        durationMs,
        firstResultMs,
        results,
        errors,
        errorCodes: [...new Set(Array.from(codes, (code) => recordedCode(operation, code)))],
        status: lastStatus,
        ...(isFailure && recordedError(operation, (end as { readonly error?: unknown }).error)),
      })
      const credentialed = attempt ? operation : (execution?.sent.at(-1) ?? subject.seen)
      log(attempt ? 'attempt' : 'operation', level, operation, subject, endOf, credentialed).catch(ignore)
    })
  }

  const attempts: Link = function loggerAttempts(operation, next) {
    const subject = subjectOf(operation)
    subject.seen = operation
    return watch(operation, next, subject, ++subject.attempts)
  }
  const named: Link = function loggerLink(operation, next) {
    const subject = subjectOf(operation)
    if (starts?.includes(operation.kind)) log('start', 'info', operation, subject).catch(ignore)
    return watch(operation, next, subject)
  }
  return Object.assign(named, { attempts })
}
