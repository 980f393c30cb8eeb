/** What has come to a scripted server, in order. */
export class Arrivals<Item> {
  readonly all: Item[] = []
  readonly #waiting = new Set<() => void>()

  add(item: Item): void {
    this.all.push(item)
    for (const wake of this.#waiting) wake()
  }

  /** Waits for one by its index. */
  async at(index: number): Promise<Item> {
    for (;;) {
      const item = this.all[index]
      if (item) return item
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }
}
