/** A link that leaves an endpoint alone that has failed too often. */
import {
  executionOf,
  failed,
  mapResults,
  onSettled,
  type AttemptOutcome,
  type Clock,
  type Link,
  type Operation,
  type Outcome,
  type Results,
} from '@graphlinks/core'
import { ask, closed, end, waitMs, type Circuit, type Verdict } from './circuit.ts'
import { CircuitOpenError } from './circuitOpenError.ts'
import { checkOptions, link, type CircuitBreakerLinkOptions } from './options.ts'
import { isRefusal } from './outage.ts'

/**
 * Stops sending to an endpoint that is down: after so many failures the circuit opens, and operations fail at once with a
 * {@link CircuitOpenError}; after a while a probe is let through, and closes the circuit if it succeeds. What counts as a
 * failure is that there is no answer, not what the answer is.
 *
 * @throws {@link OptionsError} when an option is no good, when the link is built. Operations fail with a
 * {@link CircuitOpenError} while the circuit is open.
 *
 * @example
 * ```ts
 * import { bearerLink, chain } from '@graphlinks/core'
 * import { circuitBreakerLink } from '@graphlinks/circuit-breaker-link'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * export const link = chain(
 *   bearerLink('token'),
 *   circuitBreakerLink({ onStateChange: ({ from, to }) => console.warn(`the API was ${from} and is ${to}`) }),
 *   httpLink({ url: 'https://api.example.com/graphql' }),
 * )
 * ```
 */
export function circuitBreakerLink(options: CircuitBreakerLinkOptions = {}): Link {
  const { key: keyOf, isFailure, onStateChange, clock, random, rules } = checkOptions(options)
  const circuits = new Map<string, Circuit>()

  const update = (key: string, before: Circuit, after: Circuit, error?: unknown): void => {
    circuits.delete(key)
    circuits.set(key, after)
    if (circuits.size > maxKeys) circuits.delete(circuits.keys().next().value as string)
    if (before.phase === after.phase) return
    // A listener must not keep operations from going on; it may be an async function, too.
    const change = { key, from: before.phase, to: after.phase, error }
    new Promise((resolve) => resolve(onStateChange?.(change))).catch(() => {})
  }

  /** Results that are judged once: by the first of them, or by how they end without one. */
  const run = (key: string, operation: Operation, results: Results): Results => {
    const before = circuits.get(key) ?? closed
    const { circuit, passes } = ask(before, clock.now(), rules)
    update(key, before, circuit)
    if (!passes) return refuse(circuit, operation, clock)
    let isJudged = false
    const judge = (verdict: Verdict, error?: unknown): void => {
      if (isJudged) return
      isJudged = true
      const present = circuits.get(key) ?? closed
      const attempt = { epoch: circuit.epoch, verdict }
      update(key, present, end(present, attempt, { now: clock.now(), random: random() }, rules), error)
    }
    const hasFailed = (outcome: AttemptOutcome): boolean => {
      try {
        return isFailure(outcome, operation)
      } catch {
        return false
      }
    }
    const watched = mapResults(results, (result) => {
      if (!isJudged) judge(hasFailed({ result }) ? 'failure' : 'success')
      return result
    })
    return onSettled(watched, (outcome) => judge(verdictOf(outcome, operation, hasFailed), Object(outcome).error))
  }

  const named: Link = function circuitBreakerLink(operation, next) {
    const key = keyOf(operation)
    return { [Symbol.asyncIterator]: () => run(key, operation, next(operation))[Symbol.asyncIterator]() }
  }
  return Object.assign(named, { stage: 'attempt' as const })
}

const maxKeys = 1_000

/** What an attempt without results says. One that was cancelled, or failed on this side, says nothing. */
function verdictOf(outcome: Outcome, operation: Operation, hasFailed: (outcome: AttemptOutcome) => boolean): Verdict {
  if (outcome.status !== 'failed') return outcome.status === 'completed' ? 'success' : 'unknown'
  if (executionOf(operation)?.aborted) return 'unknown'
  if (hasFailed({ error: outcome.error })) return 'failure'
  return isRefusal(outcome.error) ? 'success' : 'unknown'
}

function refuse(circuit: Circuit, operation: Operation, clock: Clock): Results {
  executionOf(operation)?.note('rejected')
  const retryAfterMs = waitMs(circuit, clock.now())
  const what = circuit.phase === 'open' ? 'the endpoint failed too often' : 'the endpoint is being tried again'
  const message = `${what}; the operation was not sent: try again in ${Math.ceil(retryAfterMs / 1_000)} s`
  return failed(new CircuitOpenError(message, { link, operationName: operation.operationName, retryAfterMs }))
}
