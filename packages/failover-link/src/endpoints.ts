import type { Clock } from '@graphlinks/core'

/** What {@link Endpoints} needs to know of the options. */
interface Timing {
  readonly stickyMs: number
  readonly clock: Clock
  readonly random: () => number
}

/** Which endpoints are up, as far as it is known. The first listed is the preferred one. */
export class Endpoints {
  /** Until when each is not tried first. 0: nothing is known against it. */
  readonly #until: number[]
  /** How often each was left: what began before says nothing after. */
  readonly #times: number[]
  readonly #timing: Timing

  constructor(links: readonly unknown[], timing: Timing) {
    this.#until = links.map(() => 0)
    this.#times = [...this.#until]
    this.#timing = timing
  }

  /** Those that nothing is known against, or that may be tried again, and then the others. */
  get order(): readonly number[] {
    const now = this.#timing.clock.now()
    const isDown = (index: number): number => Number(now < (this.#until[index] as number))
    return [...this.#until.keys()].sort((a, b) => isDown(a) - isDown(b))
  }

  /**
   * An operation is about to go there. Where that is a first try after a while, others do not follow until it is known.
   *
   * @returns what {@link up} wants to know.
   */
  begin(index: number): number | undefined {
    if (this.#until[index]) this.down(index)
    return this.#times[index]
  }

  /** An operation found it down. Up to a fifth longer at random, or all clients would come back at once. */
  down(index: number): void {
    const { stickyMs, clock, random } = this.#timing
    this.#until[index] = clock.now() + stickyMs * (1 + random() / 5)
    this.#times[index] = (this.#times[index] as number) + 1
  }

  /** An operation was answered. */
  up(index: number, begun: number | undefined): void {
    if (begun === this.#times[index]) this.#until[index] = 0
  }
}
