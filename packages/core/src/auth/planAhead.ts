import type { SessionOptions } from './sessionOptions.ts'

export const longestTickMs = 60_000

/** What is looked at: a token source. */
interface Planned {
  /** In how many milliseconds to look at the clocks again. */
  readonly dueMs: number | undefined
  check(): void
}

/**
 * Has an eager session renew its tokens by itself.
 *
 * @returns a function that plans anew, for when something has changed; a lazy session plans nothing.
 */
export function planAhead({ mode, clock }: SessionOptions, session: Planned): (leastMs?: number) => void {
  let cancelTick: (() => void) | undefined
  const plan = (leastMs = 1): void => {
    cancelTick?.()
    const dueMs = mode === 'eager' ? session.dueMs : undefined
    if (dueMs === undefined) return
    // Long waits in short steps: a timer knows nothing of a date that was set, or of a sleep.
    cancelTick = clock.inBackground(Math.min(Math.max(dueMs, leastMs), longestTickMs), () => {
      session.check()
      plan()
    })
  }
  return plan
}
