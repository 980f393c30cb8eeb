// Loaded with the first subscription of a link whose option `subscriptions` is 'single-connection'.
import type { Operation, Results } from '@graphlinks/core'
import { identityOf } from '@graphlinks/core/deferred'
import type { Attempt } from './attempt.ts'
import { EventStream, type EventStreamParts } from './eventStream.ts'
import type { Settings } from './options.ts'

/**
 * The event streams of a link: subscriptions to one URL share one, but those of different identities never do, because
 * whoever holds a stream's token sees all that comes by it.
 *
 * @see https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md#single-connection-mode
 */
export class SingleConnection {
  readonly #streams = new Map<string, EventStream>()
  readonly #settings: Settings
  readonly #parts: EventStreamParts

  constructor(settings: Settings, parts: EventStreamParts) {
    this.#settings = settings
    this.#parts = parts
  }

  /** Starts a subscription, and once more on a new stream where the server has lost the one there was. */
  async subscribe(operation: Operation, attempt: Attempt): Promise<Results> {
    const { url } = await this.#parts.requestOf(operation, this.#settings)
    attempt.check()
    const key = `${url.href} ${identityOf(operation).reveal()}`
    const start = (isLast: boolean): Promise<Results | undefined> =>
      this.#streamOf(key, operation).subscribe(operation, attempt, isLast)
    return (await start(false)) ?? ((await start(true)) as Results)
  }

  dispose(): void {
    for (const stream of this.#streams.values()) stream.close()
  }

  #streamOf(key: string, operation: Operation): EventStream {
    const known = this.#streams.get(key)
    if (known) return known
    const stream = new EventStream(operation, this.#settings, this.#parts, () => this.#streams.delete(key))
    this.#streams.set(key, stream)
    return stream
  }
}
