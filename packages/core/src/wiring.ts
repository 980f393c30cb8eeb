import { WiringError } from './errors.ts'
import { kindOf } from './headers.ts'
import { inDevelopment } from './inDevelopment.ts'
import { nameOf } from './invoke.ts'
import type { Link, Stage, TerminalLink } from './link.ts'

/** Whether what was passed in are links. @throws {@link WiringError} naming the argument that is none. */
export function checkLinks(links: readonly unknown[], link: string): void {
  const position = links.findIndex((candidate) => typeof candidate !== 'function')
  if (links.length === 0 && link === 'chain')
    throw new WiringError(inDevelopment(() => 'a chain needs at least a terminal link') ?? 'no terminal link', { link })
  if (position >= 0) {
    const argument = `argument ${position + 1}`
    throw new WiringError(
      inDevelopment(() => {
        const kind = kindOf(links[position])
        if (link === 'split') return `${argument} is ${kind}: it takes a test, a function, and two terminal links`
        if (kind === 'object' || kind === 'string')
          return `${argument} is ${kind}, not a link: pass what a factory makes, as in bearerLink(token)`
        return `${argument} is ${kind}, not a link: pass links one by one, and spread a list, as in ...(isOn ? [link] : [])`
      }) ?? argument,
      { link },
    )
  }
}

/**
 * Whether links may stand in this order; in development, warns of those that had better not.
 *
 * @throws {@link WiringError} naming the link that stands in the wrong place, and the right one.
 */
export function checkOrder(middle: readonly Link[], terminal?: TerminalLink): void {
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
  for (const [position, link] of middle.entries()) {
    const { stage } = link
    // One without a stage, such as one that measures, may be meant to.
    if (stage && links.includes(link, position + 1)) {
      // oxlint-disable-next-line no-console
      console.warn(
        `graphlinks: ${nameOf(link)} stands in the chain twice, the same link, so each operation passes it twice. Make one for each place.`,
      )
    }
    const inner = links.slice(position).find((link) => consequences[stage ?? 'replay']?.[link.stage ?? 'terminal'])
    if (!inner) continue
    const [outerName, name] = [nameOf(link), nameOf(inner)]
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
