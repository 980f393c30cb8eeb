import type { Clock } from '@graphlinks/core'

/** What keeps an outage from being multiplied by the attempts of each operation. */
export interface RetryBudget {
  /** An operation was started. */
  earn(): void
  /** Takes what a retry costs, where that is there. */
  spend(): boolean
}

/**
 * A token bucket, counted in operations: each adds one, each second half of one, and a retry costs as many as there are
 * for one. It starts with 50, and holds 500.
 */
export function retryBudget(retriesPerOperation: number, clock: Clock): RetryBudget {
  const cost = 1 / retriesPerOperation
  let tokens = 50
  let countedAt = clock.now()
  const add = (more: number): void => void (tokens = Math.min(500, tokens + more))
  return {
    earn: () => add(1),
    spend() {
      const now = clock.now()
      add((now - countedAt) / 2_000)
      countedAt = now
      if (tokens < cost) return false
      tokens -= cost
      return true
    },
  }
}
