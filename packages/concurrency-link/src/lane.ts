/** Somebody who came to a {@link Lane}: waits, is in, or has left. */
export interface Visit {
  /** When it is their turn; `undefined` where they were let in at once. Rejects with the reason when they leave before. */
  readonly turn: Promise<void> | undefined
  /** Gives the place to the first that waits, or leaves the queue. As often as you like. */
  leave(reason?: unknown): void
}

/**
 * So many at once, the others in the order they came. Each step takes constant time, also where somebody leaves the
 * middle of the queue, and nothing is kept of who has left.
 */
export class Lane {
  readonly #limit: number
  #inside = 0
  #waiting = 0
  #first: Waiter | undefined
  #last: Waiter | undefined

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Whether there is no place, and no room to wait where so many may. */
  isFull(maxQueued: number): boolean {
    return this.#inside >= this.#limit && this.#waiting >= maxQueued
  }

  /** Nobody waits where nobody is in. */
  get isEmpty(): boolean {
    return this.#inside === 0
  }

  enter(): Visit {
    if (this.#inside < this.#limit) {
      this.#inside++
      return { turn: undefined, leave: once(() => this.#proceed()) }
    }
    const waiter: Waiter = { previous: this.#last, next: undefined, letIn: undefined, refuse: undefined }
    const turn = new Promise<void>((resolve, reject) => {
      waiter.letIn = resolve
      waiter.refuse = reject
    })
    if (this.#last) this.#last.next = waiter
    else this.#first = waiter
    this.#last = waiter
    this.#waiting++
    const leave = (reason: unknown): void => {
      const { refuse } = waiter
      if (!refuse) return this.#proceed()
      this.#remove(waiter)
      refuse(reason)
    }
    return { turn, leave: once(leave) }
  }

  /** Somebody left: the first that waits has their place. */
  #proceed(): void {
    const first = this.#first
    if (!first) return void this.#inside--
    const { letIn } = first
    this.#remove(first)
    letIn?.()
  }

  #remove(waiter: Waiter): void {
    const { previous, next } = waiter
    if (previous) previous.next = next
    else this.#first = next
    if (next) next.previous = previous
    else this.#last = previous
    waiter.previous = waiter.next = waiter.letIn = waiter.refuse = undefined
    this.#waiting--
  }
}

interface Waiter {
  previous: Waiter | undefined
  next: Waiter | undefined
  /** Unset once they do not wait any more. */
  letIn: (() => void) | undefined
  refuse: ((reason: unknown) => void) | undefined
}

function once(leave: (reason: unknown) => void): (reason?: unknown) => void {
  let hasLeft = false
  return (reason) => {
    if (hasLeft) return
    hasLeft = true
    leave(reason)
  }
}
