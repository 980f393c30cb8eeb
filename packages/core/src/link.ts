import { cold, step } from './invoke.ts'
import type { Operation } from './operation.ts'
import type { Results } from './results.ts'
import { checkLinks, checkOrder } from './wiring.ts'

/** Runs the rest of the chain. Each call is a new attempt; nothing is sent before its results are iterated. */
export type Next = (operation: Operation) => Results

/** Where a link belongs in a chain. */
export type Stage = 'replay' | 'queue' | 'credential' | 'share' | 'attempt' | 'terminal'

/** What a link may tell `chain` and the client about itself, as properties of the function. */
export interface LinkTraits {
  /**
   * Where the link belongs, from outside to inside: `replay`, it calls `next` again; `queue`, it lets operations wait;
   * `credential`, it attaches what says who asks; `share`, it answers several operations at once; `attempt`, it is about
   * one attempt; `terminal`. In development `chain` warns of a wrong order, by name; a `share` link before a
   * `credential` link, which would hand one user what belongs to another, it refuses. Default: anywhere.
   */
  readonly stage?: Stage
  /** The links that a composed link stands for. Set by `compose`; `chain` puts them in its place. */
  readonly parts?: readonly Link[]
  /** The links in a terminal link that is made of others. Set by `chain` and `split`; an outer `chain` checks the order. */
  readonly within?: readonly Link[]
  /**
   * Of a terminal link that limits how many operations are on the wire: waits for a place. See {@link admission}. A
   * chain with a `share` link has none.
   */
  readonly admit?: ((operation: Operation) => Promise<void> | undefined) | undefined
  /** Frees what the link holds: sockets, timers, listeners. Called by the client's `dispose`. */
  readonly dispose?: (() => void | Promise<void>) | undefined
}

/**
 * A link: it may change the operation, call `next` any number of times, and change the results.
 *
 * @example
 * ```ts
 * import { withHeader, type Link } from '@graphlinks/core'
 *
 * export const tenant: Link = (operation, next) => next(withHeader(operation, 'x-tenant', 'acme'))
 * ```
 */
export type Link = ((operation: Operation, next: Next) => Results | Promise<Results>) & LinkTraits

/** A link that never calls `next`: it talks to the network, or to a fake. A chain ends in one. */
export type TerminalLink = ((operation: Operation) => Results | Promise<Results>) & LinkTraits

/**
 * Makes one terminal link of links in order. The first listed is the outermost: it sees the operation first and the
 * results last. The last must be a terminal link; leaving it out does not compile.
 *
 * @throws {@link WiringError} when a terminal link is missing or stands anywhere but at the end.
 *
 * @example
 * ```ts
 * import { bearerLink, chain } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * export const link = chain(bearerLink('token'), httpLink({ url: 'https://api.example.com/graphql' }))
 * ```
 */
export function chain(...links: [...Link[], TerminalLink]): TerminalLink {
  checkLinks(links, 'chain')
  const terminal = links.at(-1) as TerminalLink
  const middle = (links.slice(0, -1) as Link[]).flatMap((link) => link.parts ?? link)
  checkOrder(middle, terminal)
  const first = middle.reduceRight<Next>((next, link) => step(link, next), cold(terminal))
  return withTraits((operation: Operation) => first(operation), 'chain', links, {
    stage: 'terminal',
    within: [...middle, ...(terminal.within ?? [])],
    // Operations that share a request would each keep a place that only one of them takes.
    admit: middle.some(({ stage }) => stage === 'share') ? undefined : terminal.admit,
  })
}

/**
 * Makes one link of links in order, to be used in a chain like any other.
 *
 * @throws {@link WiringError} when one of them is a terminal link.
 *
 * @example
 * ```ts
 * import { bearerLink, compose, headerLink } from '@graphlinks/core'
 *
 * export const auth = compose(headerLink({ 'x-tenant': 'acme' }), bearerLink('token'))
 * ```
 */
export function compose(...links: Link[]): Link {
  checkLinks(links, 'compose')
  const parts = links.flatMap((link) => link.parts ?? link)
  checkOrder(parts)
  const composed: Link = (operation, next) =>
    parts.reduceRight<Next>((inner, link) => step(link, inner), next)(operation)
  return withTraits(composed, 'compose', links, { parts })
}

/**
 * Makes one terminal link of two: each operation goes to `yes` where the test holds and to `no` where it does not.
 *
 * @throws {@link WiringError} when one of them is no function.
 *
 * @example
 * ```ts
 * import { split } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 * import { wsLink } from '@graphlinks/ws-link'
 *
 * export const link = split(
 *   (operation) => operation.kind === 'subscription',
 *   wsLink({ url: 'wss://api.example.com/graphql' }),
 *   httpLink({ url: 'https://api.example.com/graphql' }),
 * )
 * ```
 */
export function split(test: (operation: Operation) => boolean, yes: TerminalLink, no: TerminalLink): TerminalLink {
  checkLinks([test, yes, no], 'split')
  const [first, second] = [cold(yes), cold(no)]
  const splitting = (operation: Operation): Results => (test(operation) ? first : second)(operation)
  return withTraits(splitting, 'split', [yes, no], {
    stage: 'terminal',
    within: [yes, no].flatMap((terminal) => terminal.within ?? []),
    admit: (operation) => (test(operation) ? yes : no).admit?.(operation),
  })
}

function withTraits<L extends Link | TerminalLink>(
  link: L,
  name: string,
  parts: readonly LinkTraits[],
  traits: LinkTraits,
): L {
  Object.defineProperty(link, 'name', { value: name })
  return Object.assign(link, traits, {
    async dispose() {
      await Promise.all(parts.map(async (part) => part.dispose?.()))
    },
  })
}
