import {
  inDevelopment,
  OptionsError,
  ownOptions,
  systemClock,
  type AttemptOutcome,
  type Clock,
  type Operation,
} from '@graphlinks/core'
import { RetryBudget, type RetryBudgetOptions } from './retryBudget.ts'

/** What an attempt came to. */
export interface AttemptReport {
  /** The operation as the link received it. */
  readonly operation: Operation
  /** Which attempt it was: 1 is the first. */
  readonly attempt: number
  /** Its first result, or the error that it failed with. */
  readonly outcome: AttemptOutcome
}

/** What `retryIf` is asked. */
export interface RetryQuestion extends AttemptReport {
  /** What the link would do by itself. */
  readonly isRetryable: boolean
}

/** What `onRetry` is told. */
export interface RetryEvent extends AttemptReport {
  /** How long the link is going to wait before the next attempt, in milliseconds. */
  readonly delayMs: number
}

/** What `onGiveUp` is told. */
export interface GiveUpEvent extends AttemptReport {
  /** What is used up: `maxAttempts`, `maxElapsedMs`, or the budget that the operations of the link share. */
  readonly reason: 'attempts' | 'time' | 'budget'
}

/** Options of {@link retryLink}. */
export interface RetryLinkOptions {
  /**
   * How often an operation is sent at most, the first time included. When `tokenRefreshLink` sends it again with a new
   * token, that counts too. Default: 3.
   */
  readonly maxAttempts?: number | undefined
  /** No attempt starts later than this after the first, in milliseconds. Default: 60,000. */
  readonly maxElapsedMs?: number | undefined
  /** The longest first pause, in milliseconds; the next ones may be twice as long, each. Default: 500. */
  readonly baseDelayMs?: number | undefined
  /** What no pause exceeds, but for what a server asks for, in milliseconds. Default: 30,000. */
  readonly maxDelayMs?: number | undefined
  /**
   * How much of a server's `Retry-After` is waited for at most, in milliseconds. The pause comes on top, so that not all
   * clients come back at once. Default: 30,000.
   */
  readonly maxRetryAfterMs?: number | undefined
  /**
   * Whether an operation is sent again after this outcome: of each error, and of the first result. It may say so where
   * the link would not, and the other way round; what could run a mutation twice stays as it is, see
   * {@link idempotencyKey}. What it throws becomes the operation's error. Default: `isRetryable` of the question.
   */
  readonly retryIf?: ((question: RetryQuestion) => boolean | Promise<boolean>) | undefined
  /**
   * Gives a mutation a key that its server knows it by when it comes again, sent as `idempotency-key` with each attempt,
   * and with that lets it be sent again. `undefined`: this one is not. A header of that name of the request or call takes
   * its place, and the mutation is then not sent again. Default: none has a key, so that a mutation is sent again only
   * where it certainly did not run.
   */
  readonly idempotencyKey?: ((operation: Operation) => string | undefined | Promise<string | undefined>) | undefined
  /**
   * Whether a subscription that breaks after it had results is started again: events are lost, and some may come twice.
   * Its first result after that has `resumed`. Default: `false`.
   */
  readonly resubscribe?: boolean | undefined
  /** How long such a subscription must last so that attempts and time count anew, in milliseconds. Default: 30,000. */
  readonly healthyMs?: number | undefined
  /** What all operations of the link may do together; `false`: no limit. Default: see {@link RetryBudgetOptions}. */
  readonly budget?: RetryBudgetOptions | false | undefined
  /** Called before the pause, and waited for. What it throws becomes the operation's error. */
  readonly onRetry?: ((event: RetryEvent) => unknown) | undefined
  /**
   * Called where an operation would be sent again if something were not used up, and waited for. What it throws becomes
   * the operation's error.
   */
  readonly onGiveUp?: ((event: GiveUpEvent) => unknown) | undefined
  /** Default: the platform's. */
  readonly clock?: Clock | undefined
  /** From 0 to 1, for pauses. Default: `Math.random`. */
  readonly random?: (() => number) | undefined
}

type Hook = 'retryIf' | 'idempotencyKey' | 'onRetry' | 'onGiveUp'
type Setting = Exclude<keyof RetryLinkOptions, Hook | 'budget'>

/** The options of the link, with defaults, after they were checked. */
export type RetrySettings = Pick<RetryLinkOptions, Hook> & {
  readonly [Name in Setting]: NonNullable<RetryLinkOptions[Name]>
} & { readonly budget: RetryBudget | undefined }

/** Checks the options of the link. @throws {@link OptionsError} naming the option. */
export function checkOptions(given: RetryLinkOptions | undefined): RetrySettings {
  const { budget = {}, ...own } = ownOptions(given)
  const { clock = systemClock, random = Math.random, resubscribe = false } = own
  const limits = {
    maxAttempts: own.maxAttempts ?? 3,
    maxElapsedMs: own.maxElapsedMs ?? 60_000,
    baseDelayMs: own.baseDelayMs ?? 500,
    maxDelayMs: own.maxDelayMs ?? 30_000,
    maxRetryAfterMs: own.maxRetryAfterMs ?? 30_000,
    healthyMs: own.healthyMs ?? 30_000,
  }
  const shares = budget === false ? undefined : ownOptions(budget)
  for (const [name, value] of Object.entries({ ...limits, ...shares })) {
    const least = name === 'maxAttempts' ? 1 : 0
    if (value !== undefined && !(typeof value === 'number' && value >= least))
      refuse(name, () => `is a number of at least ${least}, not ${String(value)}`)
  }
  for (const name of ['retryIf', 'idempotencyKey', 'onRetry', 'onGiveUp', 'random'] as const) {
    if (own[name] !== undefined && typeof own[name] !== 'function') refuse(name, () => 'is a function')
  }
  if (typeof resubscribe !== 'boolean') refuse('resubscribe', () => 'is true or false')
  return { ...own, ...limits, resubscribe, clock, random, budget: shares && new RetryBudget(shares, clock) }
}

function refuse(name: string, rule: () => string): never {
  throw new OptionsError(inDevelopment(() => `${name} ${rule()}`) ?? name, { link: 'retryLink' })
}
