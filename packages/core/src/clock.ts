/** Time as an option, so that tests of time need no sleeping. */
export interface Clock {
  /** Milliseconds of a clock that never goes back. Only differences mean anything. */
  now(): number
  /** Runs `callback` once after `delayMs` milliseconds. @returns a function that cancels it, as often as you like. */
  after(delayMs: number, callback: () => void): () => void
}

/**
 * The clock of the platform: `performance.now` and `setTimeout`, read when they are needed.
 *
 * @example
 * ```ts
 * import { systemClock } from '@graphlinks/core'
 *
 * const cancel = systemClock.after(1_000, () => console.log('a second later'))
 * cancel()
 * ```
 */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, callback) {
    // More than 31 bits, and setTimeout fires at once.
    const timer = setTimeout(callback, Math.min(delayMs, 2 ** 31 - 1))
    return () => clearTimeout(timer)
  },
}
