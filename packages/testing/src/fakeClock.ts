import type { Clock } from '@graphlinks/core'

interface Timer {
  readonly at: number
  readonly callback: () => void
}

/**
 * A clock that stands still until a test moves it.
 *
 * @example
 * ```ts
 * import { FakeClock } from '@graphlinks/testing'
 *
 * const clock = new FakeClock()
 * clock.after(1_000, () => console.log('a second later'))
 * await clock.advance(1_000)
 * ```
 */
export class FakeClock implements Clock {
  #now = 0
  // What `date` is ahead of `now`; it begins on 2026-01-01.
  #ahead = Date.UTC(2026)
  readonly #timers = new Set<Timer>()

  now(): number {
    return this.#now
  }

  date(): number {
    return this.#now + this.#ahead
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, delayMs), callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  inBackground(delayMs: number, callback: () => void): () => void {
    return this.after(delayMs, callback)
  }

  /**
   * Sets the date forward, or back with a negative number, as people and networks do. Nothing else moves; a machine that
   * sleeps looks the same, when it is awake again.
   *
   * @param byMs - in milliseconds.
   */
  setDate(byMs: number): void {
    this.#ahead += byMs
  }

  /** When each armed timer is due, in milliseconds from now, soonest first. */
  get delays(): readonly number[] {
    return [...this.#timers].map(({ at }) => at - this.#now).sort((a, b) => a - b)
  }

  /** How many timers are armed. A test of `dispose` ends with 0. */
  get pending(): number {
    return this.#timers.size
  }

  /**
   * Moves time forward, running each timer at its time and what it sets off before the next one.
   *
   * @param durationMs - in milliseconds.
   */
  async advance(durationMs: number): Promise<void> {
    const until = this.#now + durationMs
    await settle()
    for (let timer = this.#first(until); timer; timer = this.#first(until)) {
      this.#timers.delete(timer)
      this.#now = timer.at
      timer.callback()
      await settle()
    }
    this.#now = until
  }

  #first(until: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) if (timer.at <= until && (!first || timer.at < first.at)) first = timer
    return first
  }
}

/**
 * Lets everything that is only waiting for promises go on.
 *
 * @example
 * ```ts
 * import { settle } from '@graphlinks/testing'
 *
 * const order: string[] = []
 * void Promise.resolve().then(() => order.push('then'))
 * await settle()
 * console.log(order) // ['then']
 * ```
 */
export function settle(): Promise<void> {
  // Node's setTimeout takes a millisecond at least.
  return new Promise((resolve) => (globalThis.setImmediate ?? setTimeout)(resolve))
}
