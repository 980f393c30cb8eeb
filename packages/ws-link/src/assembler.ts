// Loaded with the first operation that may have results in parts.
import type { Operation, Result } from '@graphlinks/core'
import { IncrementalDeliveryError, IncrementalMerger, isIncrementalPayload } from '@graphlinks/core/incremental'

/** Makes results of the payloads of one operation. */
export class Assembler {
  readonly #details: { readonly link: string; readonly operationName: string | undefined }
  #merger: IncrementalMerger | undefined

  constructor({ operationName }: Operation) {
    this.#details = { link: 'wsLink', operationName }
  }

  /** @throws {@link IncrementalDeliveryError} when the payload does not go with those before. */
  add(payload: object): Result {
    // Each event of a subscription may come in parts.
    if (!this.#merger?.hasNext)
      this.#merger = isIncrementalPayload(payload) ? new IncrementalMerger(this.#details) : undefined
    return this.#merger ? this.#merger.add(payload) : (payload as Result)
  }

  /** The server completed the operation. @throws {@link IncrementalDeliveryError} when it should not have. */
  end(): void {
    if (!this.#merger?.hasNext) return
    const message = 'the server completed the operation, and parts of the data have not come'
    throw new IncrementalDeliveryError(message, this.#details, this.#merger.latest)
  }
}
