import type { Clock } from '@graphlinks/core'

/** How many retries a link allows itself for all of its operations together: one costs a token. */
export interface RetryBudgetOptions {
  /** What each operation adds, in tokens. Default: 0.2, so one retry for five operations. */
  readonly perOperation?: number | undefined
  /** What each second adds, in tokens, so that a client with few operations may retry too. Default: 0.1. */
  readonly perSecond?: number | undefined
  /** How many tokens there are at most. A link starts with 10 of them, or fewer where this is less. Default: 100. */
  readonly max?: number | undefined
}

/** A token bucket: what keeps an outage from being multiplied by the number of attempts. */
export class RetryBudget {
  readonly #perOperation: number
  readonly #perSecond: number
  readonly #max: number
  readonly #clock: Clock
  #tokens: number
  #countedAt: number

  constructor({ perOperation = 0.2, perSecond = 0.1, max = 100 }: RetryBudgetOptions, clock: Clock) {
    this.#perOperation = perOperation
    this.#perSecond = perSecond
    this.#max = max
    this.#clock = clock
    this.#tokens = Math.min(10, max)
    this.#countedAt = clock.now()
  }

  /** An operation was started. */
  earn(): void {
    this.#add(this.#perOperation)
  }

  /** Takes a token, where there is one. */
  spend(): boolean {
    const now = this.#clock.now()
    this.#add(((now - this.#countedAt) / 1_000) * this.#perSecond)
    this.#countedAt = now
    // Five times 0.2 may be a little less than one.
    if (this.#tokens < 1 - 1e-6) return false
    this.#tokens--
    return true
  }

  #add(tokens: number): void {
    this.#tokens = Math.min(this.#max, this.#tokens + tokens)
  }
}
