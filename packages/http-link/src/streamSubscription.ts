import { QueueOverflowError, type Operation, type Result } from '@graphlinks/core'
import type { Attempt } from './attempt.ts'
import { StreamInterruptedError } from './index.ts'
import type { Settings } from './options.ts'
import type { OpenResponse } from './send.ts'
import { StreamResults } from './streams.ts'

/** How many results wait at most for a slow consumer. */
const maxWaiting = 1_000

/** A subscription whose results come by a stream that it shares with others. */
export class StreamSubscription {
  readonly operation: Operation
  readonly attempt: Attempt
  /** Results that nobody has read yet. */
  readonly #waiting: Result[] = []
  readonly #settings: Settings
  #end: { readonly error?: unknown } | undefined
  /** Called when there is something new. */
  #wake: (() => void) | undefined
  #results: StreamResults | undefined

  constructor(operation: Operation, attempt: Attempt, settings: Settings) {
    this.operation = operation
    this.attempt = attempt
    this.#settings = settings
  }

  /**
   * Takes an event that names it: a result, or its end.
   *
   * @param response - by which it came.
   * @param onOver - called when nothing follows.
   */
  take(event: object, response: OpenResponse, onOver: () => void): void {
    const results = this.#resultsOf(response)
    try {
      if ('payload' in event) this.#waiting.push(...results.of([event.payload]))
      if (this.#waiting.length > maxWaiting)
        throw new QueueOverflowError(`${maxWaiting} results wait, and nobody reads them`, {
          link: 'httpLink',
          operationName: this.operation.operationName,
        })
      this.#wake?.()
      if ('payload' in event && !results.isOver) return
      onOver()
      results.finish(true)
      this.end({})
    } catch (error) {
      this.attempt.abort(results.failure(error))
    }
  }

  end(how: { readonly error?: unknown }): void {
    this.#end ??= how
    this.#wake?.()
  }

  /**
   * Its results as they come. By hand: core's queue, imported here, would be in everybody's first chunk.
   *
   * @param onLeave - called when nobody reads them any more.
   */
  async *results(onLeave: () => void): AsyncGenerator<Result> {
    try {
      for (;;) {
        const result = this.#waiting.shift()
        if (result) yield result
        else if (!this.#end) await new Promise<void>((resolve) => (this.#wake = resolve))
        else if ('error' in this.#end) throw this.#end.error
        else return
      }
    } finally {
      this.attempt.end()
      onLeave()
    }
  }

  /** What it fails with when something went wrong while its stream was read. */
  failure(error: unknown, response: OpenResponse): unknown {
    return this.#resultsOf(response).failure(error)
  }

  /** What it fails with when its stream is over before its time. */
  interrupted(message: string, response: OpenResponse | undefined): StreamInterruptedError {
    if (response) return this.#resultsOf(response).interrupted(message)
    const { operationName } = this.operation
    return new StreamInterruptedError(message, { link: 'httpLink', operationName })
  }

  #resultsOf(response: OpenResponse): StreamResults {
    return (this.#results ??= new StreamResults(this.operation, response, this.#settings))
  }
}
