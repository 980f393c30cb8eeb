import {
  inDevelopment,
  OptionsError,
  ownOptions,
  systemClock,
  type AttemptOutcome,
  type Clock,
  type Operation,
} from '@graphlinks/core'

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
  /**
   * What no pause exceeds, in milliseconds; and of what a server asks for with `Retry-After`, which comes on top, nothing
   * beyond it is waited for. Default: 30,000.
   */
  readonly maxDelayMs?: number | undefined
  /**
   * Whether an operation is sent again after this outcome: of each error, and of the first result. It may say yes where
   * the link says no, and the other way round; but not for what could run a mutation twice, send a stream that was read,
   * or ask again what `tokenRefreshLink` has asked. What it throws is the operation's error. Default: `isRetryable` of
   * the question.
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
   * Its first result after that has `resumed`. When it lasted for 30 seconds, attempts and time count anew.
   * Default: `false`.
   */
  readonly resubscribe?: boolean | undefined
  /**
   * How many retries there may be for each operation, over all operations of the link: 0.2 is one for five, so that an
   * outage is not multiplied. What is not used is kept, up to 100 retries; a link starts with 10, and each 10 seconds add
   * one. `Infinity`: no limit. Default: 0.2.
   */
  readonly budget?: number | undefined
  /** Called before the pause, and waited for. What it throws is the operation's error. */
  readonly onRetry?: ((event: RetryEvent) => unknown) | undefined
  /**
   * Called where an operation would be sent again if something were not used up, and waited for. What it throws is the
   * operation's error.
   */
  readonly onGiveUp?: ((event: GiveUpEvent) => unknown) | undefined
  /** Default: the platform's. */
  readonly clock?: Clock | undefined
  /** From 0 to 1, for pauses. Default: `Math.random`. */
  readonly random?: (() => number) | undefined
}

/** The options of the link, with defaults, after they were checked. */
export type RetrySettings = { -readonly [Name in keyof RetryLinkOptions]-?: NonNullable<RetryLinkOptions[Name]> }

/** Checks the options of the link. @throws {@link OptionsError} naming the option. */
export function checkOptions(given: RetryLinkOptions | undefined): RetrySettings {
  const defaults: RetrySettings = {
    maxAttempts: 3,
    maxElapsedMs: 60_000,
    baseDelayMs: 500,
    maxDelayMs: 30_000,
    budget: 0.2,
    resubscribe: false,
    clock: systemClock,
    random: Math.random,
    retryIf: ({ isRetryable }) => isRetryable,
    idempotencyKey: () => undefined,
    onRetry: () => {},
    onGiveUp: () => {},
  }
  const settings = ownOptions<Record<string, unknown>>(given as Record<string, unknown> | undefined)
  for (const [name, byDefault] of Object.entries(defaults)) {
    const value = (settings[name] ??= byDefault)
    const least = name === 'maxAttempts' ? 1 : 0
    if (typeof value === typeof byDefault && !((value as number) < least || Number.isNaN(value))) continue
    throw new OptionsError(
      inDevelopment(() =>
        typeof byDefault === 'number'
          ? `${name} is a number of at least ${least}, not ${typeof value === 'number' ? value : typeof value}`
          : `${name} is a ${typeof byDefault}, not ${typeof value}`,
      ) ?? name,
      { link: 'retryLink' },
    )
  }
  return settings as unknown as RetrySettings
}
