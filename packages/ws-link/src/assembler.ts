import type { Operation, Result } from '@graphlinks/core'

/** Makes results of the payloads of one operation. */
export interface Assembler {
  /** @throws {@link IncrementalDeliveryError} when the payload does not go with those before. */
  add(payload: unknown): Result
  /** The server completed the operation. @throws {@link IncrementalDeliveryError} when it should not have. */
  end(): void
}

/** Whether an operation may have results in parts. A text or a comment that looks like it does no harm. */
export function mayHaveParts(query: string): boolean {
  return /@[\s,\uFEFF]*(defer|stream)\b/.test(query)
}

/** Loads what puts parts together. Before the operation is sent: messages can't wait for it. */
export async function loadAssembler({ operationName }: Operation): Promise<Assembler> {
  const { IncrementalDeliveryError, IncrementalMerger, isIncrementalPayload } =
    await import('@graphlinks/core/incremental')
  const details = { link: 'wsLink', operationName }
  let merger: InstanceType<typeof IncrementalMerger> | undefined
  return {
    add(payload) {
      // Each event of a subscription may come in parts.
      if (!merger?.hasNext)
        merger = isIncrementalPayload(Object(payload) as object) ? new IncrementalMerger(details) : undefined
      return merger ? merger.add(payload) : (payload as Result)
    },
    end() {
      if (!merger?.hasNext) return
      const message = 'the server completed the operation, and parts of the data have not come'
      throw new IncrementalDeliveryError(message, details, merger.latest)
    },
  }
}
