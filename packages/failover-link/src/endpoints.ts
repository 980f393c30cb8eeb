import type { Clock } from '@graphlinks/core'

/** Why an endpoint is not tried first. */
interface Mark {
  /** When it was found to be down. */
  readonly since: number
  /** When it has its turn again. */
  readonly until: number
}

/** Which endpoints are up, as far as it is known. The first listed is the preferred one. */
export class Endpoints {
  readonly #marks: (Mark | undefined)[]
  readonly #stickyMs: number
  readonly #clock: Clock
  readonly #random: () => number

  constructor(count: number, stickyMs: number, clock: Clock, random: () => number) {
    this.#marks = Array.from({ length: count })
    this.#stickyMs = stickyMs
    this.#clock = clock
    this.#random = random
  }

  /** Those that nothing is known against, and then the others. */
  get order(): readonly number[] {
    const now = this.#clock.now()
    const rest: number[] = []
    const first = [...this.#marks.keys()].filter((index) => {
      const isDown = now < (this.#marks[index]?.until ?? 0)
      if (isDown) rest.push(index)
      return !isDown
    })
    return [...first, ...rest]
  }

  /** An operation is about to go there. Where it is a first try after a while, others do not follow until it is known. */
  begin(index: number): number {
    const mark = this.#marks[index]
    const now = this.#clock.now()
    if (mark && now >= mark.until) this.#marks[index] = { ...mark, until: this.#later(now) }
    return now
  }

  /** An operation found it down. */
  down(index: number): void {
    const since = this.#clock.now()
    this.#marks[index] = { since, until: this.#later(since) }
  }

  /** An operation that began then was answered. One that began before it went down says nothing. */
  up(index: number, begunAt: number): void {
    if (begunAt >= (this.#marks[index]?.since ?? 0)) this.#marks[index] = undefined
  }

  /** Up to a fifth later at random, or all clients would come back at once. */
  #later(now: number): number {
    return now + this.#stickyMs * (1 + this.#random() / 5)
  }
}
