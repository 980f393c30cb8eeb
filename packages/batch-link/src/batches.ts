import { executionOf, single, type Clock, type Results } from '@graphlinks/core'
import type { BatchMember, BatchOutcome, BatchSender } from '@graphlinks/http-link/batch'

/** When operations are sent together. */
export interface BatchSettings {
  readonly windowMs: number | 'microtask'
  readonly maxSize: number
  readonly maxBytes: number
  readonly fallback: boolean
  readonly clock: Clock
}

interface Entry extends BatchMember {
  readonly resolve: (results: Results | Promise<Results>) => void
  readonly reject: (error: unknown) => void
}

/** Operations that wait for others, or are on the wire together. */
interface Batch {
  readonly entries: Set<Entry>
  bytes: number
  /** Ends the waiting, or the request. */
  cancel: () => void
}

/** The operations of one batchLink that wait for others, by what they must have in common. */
export class Batches {
  readonly #sender: BatchSender
  readonly #settings: BatchSettings
  readonly #waiting = new Map<string, Batch>()
  /** URLs of servers that take no batches. */
  readonly #alone = new Set<string>()

  constructor(sender: BatchSender, settings: BatchSettings) {
    this.#sender = sender
    this.#settings = settings
  }

  /** Sends an operation, together with others that come soon. */
  add(member: BatchMember): Results | Promise<Results> {
    const { maxSize, maxBytes } = this.#settings
    const { key, bytes, url, attempt } = member
    if (!bytes || maxSize === 1 || this.#alone.has(url)) return this.#sender.alone(member)
    return new Promise((resolve, reject) => {
      attempt.check()
      const entry: Entry = { ...member, resolve, reject }
      const last = this.#waiting.get(key)
      // One more has a comma before it, and the last a bracket after it.
      if (last && last.bytes + bytes + 2 > maxBytes) this.#send(key, last)
      const batch = this.#waiting.get(key) ?? this.#start(key)
      batch.entries.add(entry)
      batch.bytes += bytes + 1
      attempt.onAbort(() => {
        batch.entries.delete(entry)
        if (batch.entries.size === 0) batch.cancel()
        reject(attempt.reason)
      })
      if (batch.entries.size === maxSize) this.#send(key, batch)
    })
  }

  #start(key: string): Batch {
    const { windowMs, clock } = this.#settings
    const send = (): void => this.#send(key, batch)
    const cancelTimer = windowMs === 'microtask' ? queueMicrotask(send) : clock.after(windowMs, send)
    const cancel = (): void => {
      cancelTimer?.()
      this.#waiting.delete(key)
    }
    const batch: Batch = { entries: new Set(), bytes: 0, cancel }
    this.#waiting.set(key, batch)
    return batch
  }

  #send(key: string, batch: Batch): void {
    // A microtask cannot be cancelled.
    if (this.#waiting.get(key) !== batch) return
    batch.cancel()
    const entries = [...batch.entries]
    const [first] = entries as [Entry]
    if (entries.length === 1) return first.resolve(this.#sender.alone(first))
    for (const { operation } of entries) executionOf(operation)?.note('batched')
    const { outcomes, cancel } = this.#sender.together(entries)
    batch.cancel = cancel
    void outcomes.then((all) => {
      batch.cancel = () => {}
      entries.forEach((entry, index) => {
        if (batch.entries.has(entry)) this.#settle(entry, all[index] as BatchOutcome)
      })
    })
  }

  #settle(entry: Entry, outcome: BatchOutcome): void {
    const { operation, url, attempt, resolve, reject } = entry
    attempt.end()
    if ('result' in outcome) return resolve(single(outcome.result))
    const { unsupported } = Object(outcome.error) as { readonly unsupported?: boolean }
    if (!unsupported || !this.#settings.fallback) return reject(outcome.error)
    this.#alone.add(url)
    if (operation.kind !== 'query') return reject(outcome.error)
    executionOf(operation)?.note('unbatched')
    resolve(this.#sender.alone(entry))
  }
}
