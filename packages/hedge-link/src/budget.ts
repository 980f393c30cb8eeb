/** What keeps an outage from being multiplied: so many hedges for each query, over all queries of a link. */
export class Budget {
  readonly #perQuery: number
  // A burst is allowed from the start, and saved up again.
  #tokens = burst

  constructor(perQuery: number) {
    this.#perQuery = perQuery
  }

  /** A query was started. */
  earn(): void {
    this.#tokens = Math.min(burst, this.#tokens + this.#perQuery)
  }

  /** Takes what a hedge costs, where that is there. */
  spend(): boolean {
    // A tenth, ten times, is a little less than one.
    if (this.#tokens < 1 - 1e-9 && this.#perQuery < Infinity) return false
    this.#tokens -= 1
    return true
  }
}

const burst = 10
