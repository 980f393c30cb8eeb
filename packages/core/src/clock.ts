/** Time as an option, so that tests of time need no sleeping. */
export interface Clock {
  /** Milliseconds of a clock that never goes back. Only differences mean anything. */
  now(): number
  /** Milliseconds since 1970. People and networks set this clock, so it may jump; it also runs while a machine sleeps. */
  date(): number
  /** Runs `callback` once after `delayMs` milliseconds. @returns a function that cancels it, as often as you like. */
  after(delayMs: number, callback: () => void): () => void
  /** As `after`, but does not keep a process alive that has nothing else to do. */
  inBackground(delayMs: number, callback: () => void): () => void
}

/** One moment on both clocks: the one that never goes back, and the one that runs while a machine sleeps. */
export interface Instant {
  readonly now: number
  readonly date: number
}

/** The present moment. */
export function instantOf(clock: Clock): Instant {
  return { now: clock.now(), date: clock.date() }
}

/** A moment some milliseconds later. */
export function later({ now, date }: Instant, delayMs: number): Instant {
  return { now: now + delayMs, date: date + delayMs }
}

/** Whether a moment is over by either clock: the first may have stood still in a sleep, the second was set back. */
export function isOver(moment: Instant | undefined, { now, date }: Instant): boolean {
  return moment !== undefined && (now > moment.now || date > moment.date)
}

/**
 * The clock of the platform: `performance.now`, `Date.now` and `setTimeout`, read when they are needed.
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
  date: () => Date.now(),
  after: (delayMs, callback) => cancellable(startTimer(delayMs, callback)),
  inBackground(delayMs, callback) {
    const timer = startTimer(delayMs, callback) as { unref?(): void }
    // Only Node and Bun have it.
    timer.unref?.()
    return cancellable(timer)
  },
}

function startTimer(delayMs: number, callback: () => void): unknown {
  // More than 31 bits, and setTimeout fires at once.
  return setTimeout(callback, Math.min(delayMs, 2 ** 31 - 1))
}

function cancellable(timer: unknown): () => void {
  return () => clearTimeout(timer as number)
}
