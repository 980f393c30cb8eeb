import { GraphLinksError, LinkError, WiringError } from './errors.ts'
import { kindOf } from './headers.ts'
import { inDevelopment } from './inDevelopment.ts'
import type { Operation, OperationValue } from './operation.ts'
import { failed, flatten, isPromise, OpeningIterator, type Results } from './results.ts'

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

function step(link: Link, next: Next): Next {
  return (operation) => invoke(link, operation, next)
}

/** A terminal link as results that call it on the first step. */
function cold(terminal: TerminalLink): Next {
  return (operation) => new OpeningIterator(() => invoke(terminal, operation))
}

/** Calls a link so that whatever it does becomes results: of a link that breaks its contract, failed ones. */
export function invoke(link: Link, operation: Operation, next: Next = nothingFurtherIn): Results {
  const { execution } = operation as OperationValue
  // Work that was cancelled while a link was waiting must not start further in.
  if (execution?.aborted) return failed(execution.reason)
  try {
    const returned = link(operation, next)
    if (isResults(returned)) return returned
    if (isPromise(returned)) return flatten(settle(returned, link, operation))
    throw noResults(returned, link, operation)
  } catch (error) {
    return failed(blameLink(error, link, operation))
  }
}

function nothingFurtherIn({ operationName }: Operation): Results {
  return failed(
    new WiringError(
      inDevelopment(
        () =>
          'the last link called next, and there is nothing further in: end the chain in a terminal link, such as httpLink({ url })',
      ) ?? 'no terminal link',
      { operationName },
    ),
  )
}

function settle(returned: Promise<Results>, link: Link, operation: Operation): Promise<Results> {
  return returned.then(
    (results) => {
      if (!isResults(results)) throw noResults(results, link, operation)
      // A link around this one may still ask for results that nobody waits for any more.
      const { execution } = operation as OperationValue
      if (execution?.aborted) throw execution.reason
      return results
    },
    (error: unknown) => {
      throw blameLink(error, link, operation)
    },
  )
}

function noResults(returned: unknown, link: Link, { operationName }: Operation): LinkError {
  return new LinkError(
    inDevelopment(
      () =>
        `the link returned ${kindOf(returned)} and not results: return next(operation), or yield what it gives (for await)`,
    ) ?? 'the link returned no results',
    { link: nameOf(link), operationName },
  )
}

function isResults(value: unknown): value is Results {
  return typeof (value as Results | undefined)?.[Symbol.asyncIterator] === 'function'
}

function blameLink(error: unknown, link: Link, operation: Operation): unknown {
  return blame(error, LinkError, 'the link failed before it gave results; see cause', nameOf(link), operation)
}

/**
 * What an operation fails with when something that was called for it failed: an error of ours and the reason of the
 * abort as they are, anything else as the cause of an error that names the link.
 */
export function blame(
  error: unknown,
  Kind: typeof GraphLinksError,
  message: string,
  link: string,
  operation: Operation,
): unknown {
  const { execution, operationName } = operation as OperationValue
  if (GraphLinksError.is(error) || (execution?.aborted && error === execution.reason)) return error
  return new Kind(message, { link, operationName, cause: error })
}

function nameOf(link: { readonly name: string }): string {
  return link.name || 'an unnamed link'
}

function checkLinks(links: readonly unknown[], link: string): void {
  const position = links.findIndex((candidate) => typeof candidate !== 'function')
  if (links.length === 0 && link === 'chain')
    throw new WiringError(inDevelopment(() => 'a chain needs at least a terminal link') ?? 'no terminal link', { link })
  if (position >= 0) {
    const argument = `argument ${position + 1}`
    throw new WiringError(
      inDevelopment(
        () => `${argument} is ${kindOf(links[position])}, not a link: call the factory, as in bearerLink(token)`,
      ) ?? argument,
      { link },
    )
  }
}

function checkOrder(middle: readonly Link[], terminal?: TerminalLink): void {
  const where = { link: terminal ? 'chain' : 'compose' }
  const misplaced = middle.find((link) => link.stage === 'terminal')
  if (misplaced) {
    throw new WiringError(
      inDevelopment(() => `${nameOf(misplaced)} is a terminal link and never calls next: it must stand last`) ??
        nameOf(misplaced),
      where,
    )
  }
  if (terminal) checkTerminal(terminal, 'chain')
  // Every link of ours has a stage; a function of that kind of name without one, and with one parameter, makes links.
  const factory = middle.find(({ name, length, stage }) => name.endsWith('Link') && length === 1 && !stage)
  if (factory) {
    throw new WiringError(
      inDevelopment(() => `${factory.name} makes a link and is none: call it, as in bearerLink(token)`) ?? factory.name,
      where,
    )
  }
  const links = [...middle, ...(terminal?.within ?? [])]
  const sharing = middle.find(({ stage }) => stage === 'share')
  const late = sharing && links.slice(middle.indexOf(sharing)).find(({ stage }) => stage === 'credential')
  if (late) {
    const [outer, inner] = [nameOf(sharing), nameOf(late)]
    throw new WiringError(
      inDevelopment(
        () =>
          `${outer} stands before ${inner}, so it cannot tell users apart and would answer one with what belongs to another: move ${inner} before ${outer}`,
      ) ?? `${outer} before ${inner}`,
      where,
    )
  }
  inDevelopment(() => warnOfOrder(middle, links))
}

function warnOfOrder(middle: readonly Link[], links: readonly Link[]): void {
  // By the stage of the outer one, then of the inner one.
  const consequences: Partial<Record<Stage, Partial<Record<Stage, string>>>> = {
    queue: { replay: 'so an operation that waits for its next attempt by INNER keeps its place, and others waiting' },
    credential: {
      replay: 'so every attempt of INNER carries the credential of the first',
      queue: 'so credentials grow old while operations wait in INNER',
    },
    attempt: { replay: 'so it takes all attempts of INNER for one' },
  }
  for (const [position, { stage }] of middle.entries()) {
    const inner = links.slice(position).find((link) => consequences[stage ?? 'replay']?.[link.stage ?? 'terminal'])
    if (!inner) continue
    const [outerName, name] = [nameOf(middle[position] as Link), nameOf(inner)]
    const consequence = consequences[stage ?? 'replay']?.[inner.stage ?? 'terminal']?.replace('INNER', name)
    // oxlint-disable-next-line no-console
    console.warn(`graphlinks: ${outerName} stands before ${name}, ${consequence}. Move ${name} before ${outerName}.`)
  }
}

/** Whether a link can stand last. @throws {@link WiringError} when it says of itself that it calls `next`. */
export function checkTerminal(terminal: TerminalLink, link: string): void {
  if (!terminal.parts && (terminal.stage ?? 'terminal') === 'terminal') return
  throw new WiringError(
    inDevelopment(
      () => `${nameOf(terminal)} stands last but is no terminal link: end the chain in one, such as httpLink({ url })`,
    ) ?? 'no terminal link',
    { link },
  )
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
