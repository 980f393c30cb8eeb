/** A link that limits how many operations are on their way at once. */
import {
  executionOf,
  failed,
  flatten,
  inDevelopment,
  onSettled,
  OptionsError,
  ownOptions,
  systemClock,
  TimeoutError,
  urgent,
  type Clock,
  type Link,
  type Next,
  type Operation,
  type Results,
} from '@graphlinks/core'
import { Lane } from './lane.ts'
import { QueueFullError } from './queueFullError.ts'

/** Options of {@link concurrencyLink}. */
export interface ConcurrencyLinkOptions {
  /** How many operations of one key may be on their way at once. A place is kept until the results have ended. */
  readonly maxInFlight: number
  /** How many of one key may wait for a place; the next one fails with a {@link QueueFullError}. Default: 10,000. */
  readonly maxQueued?: number | undefined
  /**
   * How long an operation may wait for a place, in milliseconds, before it fails with a `TimeoutError`.
   * Default: `Infinity`, no limit.
   */
  readonly queueTimeoutMs?: number | undefined
  /**
   * Operations with different keys are limited apart; one with `undefined` needs no place. Wins over the default: one key
   * for all queries and mutations, and none for subscriptions. What is marked `urgent` needs no place, whatever its key.
   */
  readonly key?: ((operation: Operation) => string | undefined) | undefined
  /** Time for `queueTimeoutMs`. Default: the platform's. */
  readonly clock?: Clock | undefined
}

/**
 * Lets so many operations on their way at once; the others wait, first come, first served. One that is cancelled leaves
 * the queue at once and is never sent. Subscriptions, which may last for days, neither wait nor count.
 *
 * @throws {@link OptionsError} when an option is no good, when the link is built. Operations fail with a
 * {@link QueueFullError} where too many wait, or with a `TimeoutError` after `queueTimeoutMs`.
 *
 * @example
 * ```ts
 * import { bearerLink, chain } from '@graphlinks/core'
 * import { concurrencyLink } from '@graphlinks/concurrency-link'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * export const link = chain(
 *   concurrencyLink({ maxInFlight: 6, queueTimeoutMs: 10_000 }),
 *   bearerLink('token'), // asked when an operation has its place
 *   httpLink({ url: 'https://api.example.com/graphql' }),
 * )
 * ```
 */
export function concurrencyLink(options: ConcurrencyLinkOptions): Link {
  const settings = checkOptions(options)
  const lanes = new Map<string, Lane>()
  const named: Link = function concurrencyLink(operation, next) {
    const key = operation.context.get(urgent) ? undefined : settings.key(operation)
    if (key === undefined) return next(operation)
    return { [Symbol.asyncIterator]: () => enter(lanes, key, operation, next, settings)[Symbol.asyncIterator]() }
  }
  return Object.assign(named, { stage: 'queue' as const })
}

/** Results that begin when there is a place, and keep it until they end. */
function enter(
  lanes: Map<string, Lane>,
  key: string,
  operation: Operation,
  next: Next,
  { maxInFlight, maxQueued, queueTimeoutMs, clock }: Settings,
): Results {
  const execution = executionOf(operation)
  const details = { link, operationName: operation.operationName }
  const lane = lanes.get(key) ?? new Lane(maxInFlight)
  if (lane.isFull(maxQueued)) {
    return failed(new QueueFullError(`${maxQueued} operations wait for a place already (maxQueued)`, details))
  }
  lanes.set(key, lane)
  const visit = lane.enter()
  const leave = (reason?: unknown): void => {
    cancelTimer?.()
    visit.leave(reason)
    if (lane.isEmpty && lanes.get(key) === lane) lanes.delete(key)
  }
  const { turn } = visit
  const onTime = (): void => leave(new TimeoutError(`no place within ${queueTimeoutMs} ms (queueTimeoutMs)`, details))
  const cancelTimer = turn && queueTimeoutMs < Infinity ? clock.after(queueTimeoutMs, onTime) : undefined
  if (turn) execution?.note('queued')
  // Also where nobody closes the results. A moment later, when there is a reason.
  execution?.onEnd(() => void Promise.resolve().then(() => leave(execution.reason)))
  const begin = (): Results => {
    cancelTimer?.()
    return next(operation)
  }
  return onSettled(turn ? flatten(turn.then(begin)) : begin(), () => leave())
}

const link = 'concurrencyLink'

interface Settings {
  readonly maxInFlight: number
  readonly maxQueued: number
  readonly queueTimeoutMs: number
  readonly key: (operation: Operation) => string | undefined
  readonly clock: Clock
}

function checkOptions(options: ConcurrencyLinkOptions): Settings {
  const {
    maxInFlight,
    maxQueued = 10_000,
    queueTimeoutMs = Infinity,
    key = keyOf,
    clock = systemClock,
  } = ownOptions(options)
  const check = (isGood: boolean, option: 'maxInFlight' | 'maxQueued' | 'queueTimeoutMs' | 'key'): void => {
    if (isGood) return
    const sentence = inDevelopment(() => {
      const rules = {
        maxInFlight: 'a positive integer',
        maxQueued: 'an integer from 0, or Infinity',
        queueTimeoutMs: 'a positive number of milliseconds',
        key: 'a function of the operation',
      }
      return `${option} is ${rules[option]}`
    })
    throw new OptionsError(sentence ?? option, { link })
  }
  check(isCount(maxInFlight) && maxInFlight > 0, 'maxInFlight')
  check(isCount(maxQueued), 'maxQueued')
  check(typeof queueTimeoutMs === 'number' && queueTimeoutMs > 0, 'queueTimeoutMs')
  check(typeof key === 'function', 'key')
  return { maxInFlight, maxQueued, queueTimeoutMs, key, clock }
}

function isCount(value: number): boolean {
  return value === Infinity || (Number.isInteger(value) && value >= 0)
}

function keyOf({ kind }: Operation): string | undefined {
  return kind === 'subscription' ? undefined : ''
}
