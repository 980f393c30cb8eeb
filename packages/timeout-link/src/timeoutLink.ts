import {
  detached,
  execute,
  executionOf,
  inDevelopment,
  OptionsError,
  ownOptions,
  systemClock,
  TimeoutError,
  type Clock,
  type Link,
  type Operation,
  type Result,
} from '@graphlinks/core'

/** A number of milliseconds, or a function of the operation that gives one; `undefined` or `Infinity`: no limit. */
export type Limit = number | ((operation: Operation) => number | undefined)

/** Options of {@link timeoutLink}. At least one limit is needed. */
export interface TimeoutLinkOptions {
  /**
   * How long a query or mutation may take from its start to its last result, in milliseconds. It does not count for
   * subscriptions, which last as long as somebody listens. Default: no limit.
   */
  readonly timeoutMs?: Limit | undefined
  /**
   * How long any operation may go without a result while one is asked for, in milliseconds: before the first, and between
   * two. What comes first, this or `timeoutMs`, ends the operation. Default: no limit.
   */
  readonly idleTimeoutMs?: Limit | undefined
  /** Time for both. Default: the platform's. */
  readonly clock?: Clock | undefined
}

const link = 'timeoutLink'

/**
 * Ends operations that take too long with a `TimeoutError`. Before a retry link it limits the whole operation, after one
 * each attempt.
 *
 * @throws {@link OptionsError} when an option is no good, when the link is built; operations fail with one where a
 * function gives what is no limit.
 *
 * @example
 * ```ts
 * import { chain } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 * import { timeoutLink } from '@graphlinks/timeout-link'
 *
 * export const link = chain(timeoutLink({ timeoutMs: 10_000 }), httpLink({ url: 'https://api.example.com/graphql' }))
 * ```
 */
export function timeoutLink(options: TimeoutLinkOptions): Link {
  const { timeoutMs, idleTimeoutMs, clock = systemClock } = ownOptions(options)
  if (timeoutMs === undefined && idleTimeoutMs === undefined)
    throw new OptionsError(inDevelopment(() => 'give it { timeoutMs }, { idleTimeoutMs } or both') ?? 'timeoutMs', {
      link,
    })
  for (const [name, limit] of Object.entries({ timeoutMs, idleTimeoutMs })) {
    if (typeof limit !== 'function') checkLimit(name, limit)
  }

  const named: Link = async function* timeoutLink(operation, next) {
    const totalMs = operation.kind === 'subscription' ? undefined : limitOf('timeoutMs', timeoutMs, operation)
    const idleMs = limitOf('idleTimeoutMs', idleTimeoutMs, operation)
    if (totalMs === undefined && idleMs === undefined) return yield* next(operation)
    // A run of its own, since what is further in ends with its run, and with nothing less while a result is due.
    const attempt = execute(next, detached(operation))[Symbol.asyncIterator]()
    const execution = executionOf(operation)
    let failure: TimeoutError | undefined
    const close = (): void => void attempt.return?.()
    const limit = (ms: number | undefined, what: string): (() => void) | undefined =>
      ms === undefined
        ? undefined
        : clock.after(ms, () => {
            if (failure) return
            failure = new TimeoutError(what, { link, operationName: operation.operationName })
            execution?.note('timeout')
            close()
          })
    const leave = execution?.onAbort(close)
    const cancelTotal = limit(totalMs, `not complete within ${totalMs} ms (timeoutMs)`)
    let cancelIdle: (() => void) | undefined
    let ahead: Promise<IteratorResult<Result>> | undefined
    try {
      for (;;) {
        cancelIdle = limit(idleMs, `no result within ${idleMs} ms (idleTimeoutMs)`)
        const step = await (ahead ?? attempt.next())
        cancelIdle?.()
        if (failure) throw failure
        // What was closed completes, and a link further out must not take that for the whole answer.
        if (execution?.aborted) throw execution.reason
        if (step.done) return
        if (cancelTotal) {
          // What is over is known to be while the consumer takes its time with the last result.
          ahead = attempt.next()
          ahead.then(({ done }) => done && cancelTotal(), cancelTotal)
        }
        yield step.value
      }
    } finally {
      cancelTotal?.()
      cancelIdle?.()
      leave?.()
      close()
    }
  }
  // No stage: what it limits is what stands further in, wherever that is.
  return named
}

/** What is to limit an operation; `undefined` where nothing does. */
function limitOf(name: string, limit: Limit | undefined, operation: Operation): number | undefined {
  const ms = checkLimit(name, typeof limit === 'function' ? limit(operation) : limit, operation.operationName)
  return ms === Infinity ? undefined : ms
}

function checkLimit(name: string, ms: number | undefined, operationName?: string): number | undefined {
  if (ms === undefined || (typeof ms === 'number' && ms > 0)) return ms
  throw new OptionsError(
    inDevelopment(
      () =>
        `${name} is a positive number of milliseconds, or a function that gives one, not ${typeof ms === 'number' ? ms : typeof ms}`,
    ) ?? name,
    { link, operationName },
  )
}
