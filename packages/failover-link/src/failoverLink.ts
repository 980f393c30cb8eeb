/** A terminal link of several, of which the first that can be used sends the operation. */
import {
  chain,
  executionOf,
  inDevelopment,
  isOneShot,
  OptionsError,
  ownOptions,
  replay,
  systemClock,
  type AttemptOutcome,
  type Clock,
  type Operation,
  type TerminalLink,
} from '@graphlinks/core'
import { Endpoints } from './endpoints.ts'
import { isAnswer, isUnavailable, isUnsent } from './unavailable.ts'

/** Options of {@link failoverLink}. */
export interface FailoverLinkOptions {
  /**
   * How long an endpoint that could not be used is not tried first, in milliseconds, and up to a fifth longer at random.
   * Then one operation tries it, and the others follow when it has answered. Default: 30,000.
   */
  readonly stickyMs?: number | undefined
  /**
   * Whether an endpoint cannot be used, so that the next one is tried. What it throws counts as no. Mutations are moved
   * only where nothing was sent, whatever it says. Default: {@link isUnavailable}.
   */
  readonly isUnavailable?: ((outcome: AttemptOutcome, operation: Operation) => boolean) | undefined
  /** Called when an operation goes on to another endpoint. What it throws is ignored. */
  readonly onFailover?: ((event: FailoverEvent) => void) | undefined
  /** Time for `stickyMs`. Default: the platform's. No timer is set. */
  readonly clock?: Clock | undefined
  /** Numbers from 0 to 1, for `stickyMs`. Default: `Math.random`. */
  readonly random?: (() => number) | undefined
}

/** An operation goes on to another endpoint. */
export interface FailoverEvent {
  /** Position in the list. */
  readonly from: number
  /** Position in the list. */
  readonly to: number
  readonly operationName: string | undefined
  /** What the operation failed with before, where it was an error. */
  readonly error: unknown
}

/**
 * Makes one terminal link of several that lead to the same API, the preferred one first. Where it cannot be used, a query,
 * or a subscription that has had no event, goes to the next; a mutation only where it is certain that nothing was sent.
 * What follows goes there at once, for `stickyMs`.
 *
 * Credentials without `origins` go to whichever endpoint sends the operation; those with `origins` to no other.
 *
 * @throws {@link OptionsError} when an option is no good, `WiringError` when one of the links is no terminal link; both
 * when the link is built. Operations fail with the error of the endpoint that was tried last.
 *
 * @example
 * ```ts
 * import { bearerLink, chain } from '@graphlinks/core'
 * import { failoverLink } from '@graphlinks/failover-link'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * export const link = chain(
 *   bearerLink('token'),
 *   failoverLink([
 *     httpLink({ url: 'https://eu.example.com/graphql', timeoutMs: 5_000 }),
 *     httpLink({ url: 'https://us.example.com/graphql' }),
 *   ]),
 * )
 * ```
 */
export function failoverLink(terminals: readonly TerminalLink[], options: FailoverLinkOptions = {}): TerminalLink {
  const { stickyMs, hasFailed, onFailover, clock, random } = checkOptions(terminals, options)
  // What a chain of one adds: a link that breaks its contract, or an operation that was cancelled, becomes failed results.
  const links = terminals.map((terminal) => chain(terminal))
  const endpoints = new Endpoints(links.length, stickyMs, clock, random)

  /** Whether the operation is to go on to the next endpoint, after what this one gave first. */
  const goesOn = (outcome: AttemptOutcome, operation: Operation, { from, to, begunAt }: Try): boolean => {
    const { result, error } = outcome
    if (executionOf(operation)?.aborted) return false
    if (!hasFailed(outcome, operation)) {
      if (result || isAnswer(error)) endpoints.up(from, begunAt)
      return false
    }
    endpoints.down(from)
    if (to === undefined || !mayMove(operation, outcome)) return false
    executionOf(operation)?.note('failover')
    // A listener must not keep operations from going on; it may be an async function, too.
    const event = { from, to, operationName: operation.operationName, error }
    new Promise((resolve) => resolve(onFailover?.(event))).catch(() => {})
    return true
  }

  const named: TerminalLink = async function* failoverLink(operation) {
    const { order } = endpoints
    for (const [position, from] of order.entries()) {
      const attempt = { from, to: order[position + 1], begunAt: endpoints.begin(from) }
      let isFirst = true
      let isOver = true
      try {
        for await (const result of await (links[from] as TerminalLink)(operation)) {
          isOver = !isFirst || !goesOn({ result }, operation, attempt)
          if (!isOver) break
          isFirst = false
          yield result
        }
      } catch (error) {
        isOver = !isFirst || !goesOn({ error }, operation, attempt)
        if (isOver) throw error
      }
      if (isOver) return
    }
  }
  return Object.assign(named, {
    stage: 'terminal' as const,
    within: links.flatMap(({ within }) => within ?? []),
    admit: (operation: Operation) => links[endpoints.order[0] as number]?.admit?.(operation),
    dispose: async () => {
      await Promise.all(links.map(async (each) => each.dispose?.()))
    },
  })
}

/** Whether an operation may be sent to another endpoint as well. */
function mayMove(operation: Operation, { error }: AttemptOutcome): boolean {
  // A stream may have been read by now, also where no connection was made.
  if (isOneShot(operation)) return false
  return isUnsent(error) || (operation.kind !== 'mutation' && operation.context.get(replay) !== 'never')
}

/** One endpoint's turn, and whose it is next. */
interface Try {
  readonly from: number
  readonly to: number | undefined
  readonly begunAt: number
}

interface Settings {
  readonly stickyMs: number
  readonly hasFailed: (outcome: AttemptOutcome, operation: Operation) => boolean
  readonly onFailover: FailoverLinkOptions['onFailover']
  readonly clock: Clock
  readonly random: () => number
}

function checkOptions(terminals: readonly TerminalLink[], options: FailoverLinkOptions): Settings {
  const own = ownOptions(options)
  const { stickyMs = 30_000, onFailover, clock = systemClock, random = Math.random } = own
  const judge = own.isUnavailable ?? isUnavailable
  const check = (isGood: boolean, option: string, rule: string): void => {
    if (!isGood) throw new OptionsError(inDevelopment(() => `${option} ${rule}`) ?? option, { link: 'failoverLink' })
  }
  check(
    Array.isArray(terminals) && terminals.length > 0,
    'terminals',
    'are a list of terminal links, as in failoverLink([httpLink(...), httpLink(...)])',
  )
  check(Number.isFinite(stickyMs) && stickyMs >= 0, 'stickyMs', 'is a number of milliseconds from 0')
  for (const [name, value] of Object.entries({ isUnavailable: judge, onFailover: onFailover ?? judge, random }))
    check(typeof value === 'function', name, 'is a function')
  const hasFailed = (outcome: AttemptOutcome, operation: Operation): boolean => {
    try {
      return judge(outcome, operation)
    } catch {
      return false
    }
  }
  return { stickyMs, hasFailed, onFailover, clock, random }
}
