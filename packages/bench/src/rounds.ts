/** How often everybody takes a turn. */
export interface Rounds {
  readonly least: number
  readonly most: number
  /** When this is over, only the least are still missing: on a busy machine there are fewer rounds, not more minutes. */
  readonly budgetMs: number
}

/** Numbers rounds, as many as fit. */
export function* roundsWithin({ least, most, budgetMs }: Rounds): Generator<number> {
  const end = performance.now() + budgetMs
  for (let round = 0; round < least || (round < most && performance.now() < end); round++) yield round
}

/** Another order in each round, so that nobody always runs after the same neighbour. */
export function inTurn<Item>(items: readonly Item[], round: number): Item[] {
  const start = (round * 3) % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}
