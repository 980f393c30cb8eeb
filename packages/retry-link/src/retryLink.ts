import {
  executionOf,
  isOverridden,
  isTransient,
  mayRepeat,
  retryAfterMs,
  whileRunning,
  withHeader,
  type AttemptOutcome,
  type Link,
  type Results,
} from '@graphlinks/core'
import { checkOptions, type GiveUpEvent, type RetryLinkOptions } from './options.ts'
import { retryBudget } from './retryBudget.ts'

const keyHeader = 'idempotency-key'

/**
 * Sends operations again that failed for what may pass: a network that failed, a server that is overloaded, slow or away
 * (408, 429, 502, 503, 504), a stream that broke off, a timeout. Queries, and subscriptions without a result so far;
 * mutations with an idempotency key, or where it is certain that nothing ran. Results are never judged by their status.
 *
 * @throws {@link OptionsError} when an option is no good, when the link is built. Operations fail with what the last
 * attempt failed with, or with what a function of the options throws.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 *
 * @example
 * ```ts
 * import { bearerLink, chain } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 * import { retryLink } from '@graphlinks/retry-link'
 *
 * export const link = chain(retryLink(), bearerLink('token'), httpLink({ url: 'https://api.example.com/graphql' }))
 * ```
 */
export function retryLink(options?: RetryLinkOptions): Link {
  const { maxAttempts, maxElapsedMs, baseDelayMs, maxDelayMs, clock, ...settings } = checkOptions(options)
  const budget = retryBudget(settings.budget, clock)
  const named: Link = async function* retryLink(operation, next) {
    const execution = executionOf(operation)
    const replays = (): number => execution?.notes.get('replay') ?? 0
    const { kind } = operation
    // All that is known of an operation is here: it shares nothing with others, nor with other links.
    let attempt = 1
    let attemptedAt = clock.now()
    // Where time and the replays of `tokenRefreshLink` are counted from.
    let startedAt = attemptedAt
    let replaysBefore = replays()
    // Whether the consumer has results: of any attempt, and of this one.
    let isDelivered = false
    let isUseful = false
    // Since when a subscription that had results is interrupted.
    let interruptedAt: number | undefined
    budget.earn()
    const key =
      kind === 'mutation' && !isOverridden(operation, keyHeader)
        ? await whileRunning(operation, settings.idempotencyKey(operation))
        : undefined
    const sent = key ? withHeader(operation, keyHeader, key) : operation

    /** How long to wait before the next attempt; `undefined` where the outcome is that of the operation. */
    const delayAfter = async (outcome: AttemptOutcome): Promise<number | undefined> => {
      const { result, error } = outcome
      if (execution?.aborted || (isDelivered && (result || kind !== 'subscription' || !settings.resubscribe))) return
      const now = clock.now()
      if (isDelivered) interruptedAt ??= now
      // A subscription that was well for a while: what was before no longer counts.
      if (isUseful && now - attemptedAt >= 30_000) {
        attempt = 1
        startedAt = now
        replaysBefore = replays()
      }
      const mayBe = (): boolean => mayRepeat(operation, outcome, sent !== operation)
      const report = { operation, attempt, outcome }
      const isRetryable = isTransient(error) && mayBe()
      const answer = settings.retryIf({ ...report, isRetryable })
      const again = typeof answer === 'boolean' ? answer : await whileRunning(operation, answer)
      if (again !== true || !mayBe()) return
      // Full jitter, beyond what the server asks for: not all clients are to come back at once.
      const jitterMs = settings.random() * Math.min(maxDelayMs, baseDelayMs * 2 ** (attempt - 1))
      const delayMs = Math.min(maxDelayMs, retryAfterMs(outcome, clock) ?? 0) + jitterMs
      const reason: GiveUpEvent['reason'] | undefined =
        attempt + replays() - replaysBefore >= maxAttempts
          ? 'attempts'
          : clock.now() + delayMs - startedAt > maxElapsedMs
            ? 'time'
            : budget.spend()
              ? undefined
              : 'budget'
      await whileRunning(
        operation,
        reason ? settings.onGiveUp({ ...report, reason }) : settings.onRetry({ ...report, delayMs }),
      )
      return reason ? undefined : delayMs
    }

    for (; ; attempt++) {
      let delayMs: number | undefined
      for await (const outcome of outcomesOf(next(sent))) {
        delayMs = await delayAfter(outcome)
        // Closes the attempt, which must not run beside the next one.
        if (delayMs !== undefined) break
        const { result, error } = outcome
        if (!result) throw error
        isDelivered = isUseful = true
        yield interruptedAt === undefined ? result : { ...result, resumed: { gapMs: attemptedAt - interruptedAt } }
        interruptedAt = undefined
      }
      if (delayMs === undefined) return
      let cancel = (): void => {}
      const pause = new Promise<void>((resolve) => (cancel = clock.after(delayMs, resolve)))
      await whileRunning(operation, pause, cancel)
      execution?.note('retry')
      attemptedAt = clock.now()
      isUseful = false
    }
  }
  return Object.assign(named, { stage: 'replay' as const })
}

/** What an attempt comes to: its results, and its error as the last of them. So, what is thrown elsewhere is no error of it. */
async function* outcomesOf(results: Results): AsyncGenerator<AttemptOutcome> {
  try {
    for await (const result of results) yield { result }
  } catch (error) {
    yield { error }
  }
}
