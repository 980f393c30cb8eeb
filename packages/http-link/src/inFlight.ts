import { executionOf, urgent, type Operation } from '@graphlinks/core'
import type { Transport } from './transport.ts'

/**
 * How many operations are on the wire at once, and in which order the others follow. There are two lines: operations
 * wait in the first before their credentials are fetched, so that none ages in a queue; the second is for those that
 * arrive all the same, such as a replay, and goes first. An operation that was admitted and is still on its way holds up
 * the first line only: what it waits for, a refresh through this very link perhaps, must not wait for it.
 */
export class InFlight {
  readonly #limit: number
  readonly #outside = new Line()
  readonly #arrived = new Line()
  readonly #admitted = new WeakSet<object>()
  readonly #transport: Pick<Transport, 'whenFree'>
  #expected = 0
  #active = 0
  /** Places whose connection is not free yet. */
  #cooling = 0
  #isCooling = false

  constructor(limit: number, transport: Pick<Transport, 'whenFree'> = {}) {
    this.#limit = limit
    this.#transport = transport
  }

  /**
   * Waits for a place before an operation is prepared. It is kept until the operation arrives, or ends without. What
   * those that keep one may wait for needs none here.
   */
  admit(operation: Operation): Promise<void> | undefined {
    const execution = executionOf(operation)
    if (operation.context.get(urgent) || !execution) return undefined
    const keep = (): void => {
      this.#expected++
      this.#admitted.add(execution)
      execution.onEnd(() => {
        this.#arrive(execution)
        this.#proceed()
      })
    }
    if (!this.#mayEnter(this.#expected)) return this.#outside.join(operation, keep)
    keep()
    return undefined
  }

  /** Takes a place on the wire, which {@link leave} gives back. */
  enter(operation: Operation): Promise<void> | undefined {
    this.#arrive(executionOf(operation) ?? operation)
    if (this.#mayEnter()) return void this.#active++
    return this.#arrived.join(operation, () => this.#active++)
  }

  leave(): void {
    this.#active--
    if (this.#transport.whenFree) this.#cooling++
    this.#proceed()
  }

  /**
   * Whether there is a place beside those that are kept. Where connections are waited for, whoever waits is called when
   * they are free.
   */
  #mayEnter(kept = 0): boolean {
    if (this.#active + this.#cooling + kept < this.#limit) return true
    if (this.#cooling > 0 && !this.#isCooling) {
      const count = this.#cooling
      this.#isCooling = true
      this.#transport.whenFree?.(() => {
        this.#isCooling = false
        this.#cooling -= count
        this.#proceed()
      })
    }
    return false
  }

  #arrive(execution: object): void {
    if (this.#admitted.delete(execution)) this.#expected--
  }

  #proceed(): void {
    while (this.#arrived.first && this.#mayEnter()) this.#arrived.advance()
    while (this.#outside.first && this.#mayEnter(this.#expected)) this.#outside.advance()
  }
}

interface Waiter {
  /** Unset once it is cancelled. */
  turn: (() => void) | undefined
  next: Waiter | undefined
}

/** First come, first served, in constant time each; whoever was cancelled is passed over. */
class Line {
  first: Waiter | undefined
  #last: Waiter | undefined

  /** Waits for the turn, in which `onTurn` is called before anybody else can go on. */
  join(operation: Operation, onTurn: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const execution = executionOf(operation)
      const turn = (): void => {
        forget?.()
        onTurn()
        resolve()
      }
      const waiter: Waiter = { turn, next: undefined }
      const forget = execution?.onAbort(() => {
        waiter.turn = undefined
        reject(execution.reason as Error)
      })
      if (this.#last) this.#last.next = waiter
      else this.first = waiter
      this.#last = waiter
    })
  }

  /** Gives the first its turn. */
  advance(): void {
    for (let waiter = this.first; waiter; waiter = this.first) {
      this.first = waiter.next
      if (!this.first) this.#last = undefined
      // Dead waiters in a row would keep each other, and what they waited for, from being collected.
      waiter.next = undefined
      if (waiter.turn) return waiter.turn()
    }
  }
}
