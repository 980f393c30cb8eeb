import type { AttemptOutcome, Link, Results } from '@graphlinks/core'
import { checkOptions, type RetryLinkOptions } from './options.ts'
import { RetryRun } from './retryRun.ts'

/**
 * Sends operations again that failed for what may pass: a network that failed, a server that is overloaded, slow or away
 * (408, 429, 502, 503, 504), a stream that broke off. Queries, and subscriptions without a result so far; mutations with an
 * idempotency key, or where it is certain that nothing ran. Results are never judged by their status.
 *
 * @throws {@link OptionsError} when an option is no good, when the link is built. Operations fail with what the last
 * attempt failed with, or with a `LinkError` where a function of the options throws.
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
  const settings = checkOptions(options)
  const named: Link = async function* retryLink(operation, next) {
    const run = new RetryRun(operation, settings)
    const sent = await run.prepare()
    for (;;) {
      let delayMs: number | undefined
      for await (const outcome of outcomesOf(next(sent))) {
        delayMs = await run.delayAfter(outcome)
        // Closes the attempt, which must not run beside the next one.
        if (delayMs !== undefined) break
        if (!outcome.result) throw outcome.error
        yield run.deliver(outcome.result)
      }
      if (delayMs === undefined) return
      await run.wait(delayMs)
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
