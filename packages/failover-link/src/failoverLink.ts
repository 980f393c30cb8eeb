/** A terminal link of several, of which the first that can be used sends the operation. */
import {
  chain,
  executionOf,
  inDevelopment,
  mayRepeat,
  OptionsError,
  ownOptions,
  systemClock,
  type AttemptOutcome,
  type Clock,
  type Operation,
  type TerminalLink,
} from '@graphlinks/core'
import { Endpoints } from './endpoints.ts'
import { isAnswer, isUnavailable } from './unavailable.ts'

/** Options of {@link failoverLink}. */
export interface FailoverLinkOptions {
  /**
   * How long an endpoint that could not be used is not tried first, in milliseconds, and up to a fifth longer at random.
   * Then one operation tries it, and the others follow when it has answered. Default: 30,000.
   */
  readonly stickyMs?: number | undefined
  /**
   * Whether an endpoint cannot be used, so that the next one is tried. What it throws is the operation's error.
   * Mutations are moved only where they certainly did not run, whatever it says. Default: {@link isUnavailable}.
   */
  readonly isUnavailable?: ((outcome: AttemptOutcome, operation: Operation) => boolean) | undefined
  /** Called when an operation goes on to another endpoint. What it throws is ignored. */
  readonly onFailover?: ((event: FailoverEvent) => void) | undefined
  /** Time for `stickyMs`. No timer is set. Default: the platform's. */
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
 * or a subscription that has had no event, goes to the next; a mutation only where it certainly did not run.
 * What follows goes there at once, for `stickyMs`.
 *
 * Credentials without `origins` go to whichever endpoint sends the operation; those with `origins` to no other.
 *
 * @throws {@link OptionsError} when an option is no good, `WiringError` when one of the links is no terminal link; both
 * when the link is built. Operations fail with the error of the endpoint that was tried last; one whose circuit is open
 * was not tried.
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
  const settings = checkOptions(terminals, options)
  // What a chain of one adds: a link that breaks its contract, or an operation that was cancelled, becomes failed results.
  const links = terminals.map((terminal) => chain(terminal))
  const endpoints = new Endpoints(links, settings)

  /** Whether the operation is to go on to the next endpoint, after what this one gave first. */
  const goesOn = (outcome: AttemptOutcome, operation: Operation, { from, to, begun }: Turn): boolean => {
    const { result, error } = outcome
    if (settings.isUnavailable(outcome, operation) !== true) {
      if (result || isAnswer(error)) endpoints.up(from, begun)
      return false
    }
    endpoints.down(from)
    // What a gateway wrote is no proof that a mutation did not run, whatever it looks like.
    if (to === undefined || !mayRepeat(operation, { error })) return false
    executionOf(operation)?.note('failover')
    // A listener must not keep operations from going on; it may be an async function, too.
    const event = { from, to, operationName: operation.operationName, error }
    new Promise((resolve) => resolve(settings.onFailover(event))).catch(() => {})
    return true
  }

  const named: TerminalLink = async function* failoverLink(operation) {
    const { order } = endpoints
    // Of an endpoint that was tried, rather than of one whose circuit is open.
    let failure: unknown
    for (const [position, from] of order.entries()) {
      const turn = { from, to: order[position + 1], begun: endpoints.begin(from) }
      let moves: boolean | undefined
      try {
        for await (const result of await (links[from] as TerminalLink)(operation)) {
          // Before it is judged: what judges may throw, and is not asked about its own error.
          moves ??= ((moves = false), goesOn({ result }, operation, turn))
          if (moves) break
          yield result
        }
      } catch (error) {
        if (moves !== undefined || executionOf(operation)?.aborted) throw error
        if (!failure || Object(error).code !== 'CIRCUIT_OPEN') failure = error
        moves = goesOn({ error }, operation, turn)
        if (!moves) throw failure
      }
      if (!moves) return
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

/** An endpoint's turn, and whose it is next. */
interface Turn {
  readonly from: number
  readonly to: number | undefined
  readonly begun: number | undefined
}

type Settings = { [Name in keyof FailoverLinkOptions]-?: NonNullable<FailoverLinkOptions[Name]> }

function checkOptions(terminals: readonly TerminalLink[], options: FailoverLinkOptions): Settings {
  const link = 'failoverLink'
  const defaults: Settings = {
    stickyMs: 30_000,
    isUnavailable,
    onFailover: () => {},
    clock: systemClock,
    random: Math.random,
  }
  if (!Array.isArray(terminals) || typeof terminals[0] !== 'function')
    throw new OptionsError(
      inDevelopment(() => 'give it a list of terminal links: failoverLink([httpLink(...), httpLink(...)])') ??
        'terminals',
      { link },
    )
  const settings = ownOptions(options) as Record<string, unknown>
  for (const [name, byDefault] of Object.entries(defaults)) {
    const value = (settings[name] ??= byDefault)
    if (typeof value === typeof byDefault && (typeof value !== 'number' || value >= 0)) continue
    throw new OptionsError(
      inDevelopment(() =>
        typeof byDefault === 'number'
          ? `${name} is a number from 0, not ${typeof value === 'number' ? value : typeof value}`
          : `${name} is a ${typeof byDefault}, not ${typeof value}`,
      ) ?? name,
      { link },
    )
  }
  return settings as unknown as Settings
}
