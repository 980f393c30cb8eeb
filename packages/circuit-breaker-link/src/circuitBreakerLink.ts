/** A link that leaves an endpoint alone that has failed too often. */
import { executionOf, type Link } from '@graphlinks/core'
import { ask, closed, end, type Circuit } from './circuit.ts'
import { CircuitOpenError } from './circuitOpenError.ts'
import { checkOptions, link, type CircuitBreakerLinkOptions } from './options.ts'
import { isAnswer } from './outage.ts'

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
  const settings = checkOptions(options)
  const { clock } = settings
  const circuits = new Map<string, Circuit>()
  const present = (key: string): Circuit => circuits.get(key) ?? closed

  const become = (key: string, circuit: Circuit, error?: unknown): void => {
    const from = present(key).phase
    // Nobody has so many endpoints: what should bound the keys does not.
    if (circuits.size > 1_000) circuits.clear()
    circuits.set(key, circuit)
    if (from === circuit.phase) return
    // A listener must not keep operations from going on; it may be an async function, too.
    const change = { key, from, to: circuit.phase, error }
    new Promise((resolve) => resolve(settings.onStateChange(change))).catch(() => {})
  }

  const named: Link = async function* circuitBreakerLink(operation, next) {
    const execution = executionOf(operation)
    const key = settings.key(operation)
    const circuit = ask(present(key), clock.now(), settings)
    if (!circuit) {
      execution?.note('rejected')
      throw new CircuitOpenError(present(key).until - clock.now(), { link, operationName: operation.operationName })
    }
    become(key, circuit)
    let isJudged = false
    /** Once for each attempt: by its first result, or by its error. Otherwise it says nothing about the endpoint. */
    const judge = (verdict?: () => boolean | undefined, error?: unknown): void => {
      if (isJudged) return
      isJudged = true
      become(key, end(present(key), circuit.epoch, verdict?.(), clock.now(), settings.random(), settings), error)
    }
    try {
      for await (const result of next(operation)) {
        judge(() => settings.isFailure({ result }, operation))
        yield result
      }
    } catch (error) {
      // What was cancelled, or failed on this side, says nothing either.
      if (!execution?.aborted)
        judge(() => settings.isFailure({ error }, operation) || (isAnswer(error) ? false : undefined), error)
      throw error
    } finally {
      judge()
    }
  }
  return Object.assign(named, { stage: 'attempt' as const })
}
