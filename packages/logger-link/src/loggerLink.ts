import {
  executionOf,
  identityOf,
  inBrowser,
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
import { checkOptions, type LoggerLinkOptions } from './options.ts'
import type { OwnMembers } from './records.ts'
import type { Observation, Report } from './report.ts'

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
  const { sample = () => true, starts, clock = systemClock } = own
  const subjects = new WeakMap<OperationExecution, Subject>()
  let lastId = 0
  let report: Report | undefined
  let loading: Promise<Report> | undefined
  const load = async (): Promise<Report> => (report = (await import('./report.ts')).reporter(own, parts))
  // A page has better things to load before it has something to log; another process may end with its first operation.
  if (!inBrowser()) (loading = load()).catch(ignore)

  const subjectOf = (operation: Operation): Subject => {
    let execution = executionOf(operation)
    // Links that run a copy of their own still run this operation.
    while (execution?.parent) execution = execution.parent
    const subject = (execution && subjects.get(execution)) ?? { id: ++lastId, attempts: 0 }
    if (execution) subjects.set(execution, subject)
    return subject
  }
  const log = async (observed: Omit<Observation, 'at' | 'id'>, subject: Subject): Promise<void> => {
    const at = clock.date()
    const isNotable = observed.outcome === 'failed' || observed.errors
    if (isNotable || (subject.isSampled ??= sample(observed.operation)))
      await (report ?? (await (loading ??= load())))({ ...observed, at, id: subject.id })
  }
  /** Counts results as they pass, and logs what was counted in the end. */
  const watch = (operation: Operation, next: Next, subject: Subject, membersOf: () => OwnMembers): Results => {
    const startedAt = clock.now()
    const codes = new Set<unknown>()
    let results = 0
    let errors = 0
    let firstResultMs: number | undefined
    let status: number | undefined
    const counted = mapResults(next(operation), (result) => {
      const found = Array.isArray(result.errors) ? (result.errors as readonly unknown[]) : []
      results++
      firstResultMs ??= clock.now() - startedAt
      status = result.http?.status ?? status
      // Of a result that comes in parts, the last one has the errors of all.
      errors = found.length + (result.hasNext === undefined ? errors : 0)
      for (const error of found.slice(0, maxCodes - codes.size)) codes.add(Object(Object(error).extensions).code)
      return result
    })
    return onSettled(counted, (end) => {
      const isFailure = end.status === 'failed'
      // A link further in may have failed for being cancelled.
      const outcome = isFailure && executionOf(operation)?.aborted ? 'cancelled' : end.status
      const durationMs = clock.now() - startedAt
      const error: unknown = isFailure && end.error
      const counts = { outcome, durationMs, firstResultMs, results, errors, status, codes, error }
      log({ operation, seen: subject.seen, ...membersOf(), ...counts }, subject).catch(ignore)
    })
  }

  const attempts: Link = function loggerAttempts(operation, next) {
    const subject = subjectOf(operation)
    const attempt = ++subject.attempts
    subject.seen = operation
    return watch(operation, next, subject, () => ({ event: 'attempt', attempt }))
  }
  const named: Link = function loggerLink(operation, next) {
    const subject = subjectOf(operation)
    if (starts?.includes(operation.kind)) log({ operation, event: 'start' }, subject).catch(ignore)
    return watch(operation, next, subject, () => ({ event: 'operation', attempts: subject.attempts }))
  }
  return Object.assign(named, { attempts })
}

/** For the file that loads lazily: what that imported here by value would part core from the rest of the first chunk. */
const parts = { executionOf, identityOf }

/** Whatever goes wrong with a log, the operation goes on. */
function ignore(): void {}
