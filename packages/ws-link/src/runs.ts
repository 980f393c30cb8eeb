import type { Run } from './run.ts'

// A socket may live for days, and would hold all that was ever sent.
const rememberedOperations = 1_000
const rememberedSize = 20_000

/** The operations of a connection: those on its socket, and those that wait for one. */
export class Runs {
  readonly #all = new Set<Run>()
  readonly #waiting = new Set<Run>()
  /** Those on the present socket, in the order in which they were started. */
  readonly #byId = new Map<string, Run>()
  /** Of the last that were started, uploads left out: a server may speak of one in the error of another. */
  readonly variables: unknown[] = []
  #lastId = 0

  get size(): number {
    return this.#all.size
  }

  [Symbol.iterator](): IterableIterator<Run> {
    return this.#all.values()
  }

  /** Those that are on no socket. */
  get waiting(): Iterable<Run> {
    return this.#waiting
  }

  has(run: Run): boolean {
    return this.#all.has(run)
  }

  /** The one that has an id on the present socket. */
  get(id: string): Run | undefined {
    return this.#byId.get(id)
  }

  add(run: Run): void {
    this.#all.add(run)
    this.#waiting.add(run)
  }

  delete(run: Run): void {
    this.#all.delete(run)
    this.#waiting.delete(run)
    if (run.id !== undefined) this.#byId.delete(run.id)
  }

  /** One is being started on the socket. @returns its id there, and how long it had no socket, where it had one before. */
  start(run: Run, now: number): { readonly id: string; readonly gapMs: number | undefined } {
    // Never used twice, on one socket or on two.
    const id = String(++this.#lastId)
    this.#waiting.delete(run)
    this.#byId.set(id, run)
    const { variables } = run.operation
    if (variables !== undefined && run.size <= rememberedSize) this.variables.push(variables)
    if (this.variables.length > rememberedOperations) this.variables.shift()
    return { id, gapMs: run.start(id, now) }
  }

  /** The socket is gone. @returns those that must not be started on another. */
  lose(now: number): readonly Run[] {
    const lost = [...this.#byId.values()]
    this.#byId.clear()
    return lost.filter((run) => {
      if (!run.isRepeatable) return true
      run.lose(now)
      this.#waiting.add(run)
      return false
    })
  }

  /** Whether a query or mutation is on the socket. */
  get isBusy(): boolean {
    for (const run of this.#byId.values()) if (!run.isSubscription) return true
    return false
  }

  /** The one that was sent last, if it never had an answer, and was first sent since then. */
  culprit(since: number): Run | undefined {
    const last = [...this.#byId.values()].filter((run) => !run.hasAnswer).at(-1)
    return last?.starts === 1 && last.startedAt >= since ? last : undefined
  }
}
