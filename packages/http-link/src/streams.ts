// Loaded when several results may come: @defer, @stream and subscriptions.
import { GraphLinksError, type HttpMetadata, type Operation, type Result } from '@graphlinks/core'
import { IncrementalMerger, isIncrementalPayload } from '@graphlinks/core/incremental'
import { redact } from '@graphlinks/core/redact'
import type { Attempt } from './attempt.ts'
import { parameterOf } from './contentType.ts'
import { MalformedResponseError, StreamInterruptedError } from './index.ts'
import { createEventDecoder } from './eventDecoder.ts'
import { explainFailure, responseDetails, tooLarge } from './failure.ts'
import { createMultipartDecoder } from './multipartDecoder.ts'
import { outline } from './outline.ts'
import { toResult } from './response.ts'
import type { OpenResponse } from './send.ts'
import { PayloadError, PayloadTooLargeError, type StreamDecoder } from './streamDecoder.ts'

// With its classes, of which there must not be two.
export { createSharedEventDecoder } from './eventDecoder.ts'

/** What {@link readStream} needs to know beside the response. */
export interface StreamOptions {
  readonly maxResponseBytes: number
  readonly idleTimeoutMs?: number | undefined
  readonly eofCompletes?: boolean | undefined
  readonly completion?: 'end' | 'interruption' | undefined
  readonly incremental?: 'merged' | 'raw' | undefined
}

/** Of the option `idleTimeoutMs`. */
export const defaultIdleTimeoutMs = 60_000

/** The results in a response that is a stream, as they come. */
export async function* readStream(
  operation: Operation,
  response: OpenResponse,
  attempt: Attempt,
  options: StreamOptions,
): AsyncGenerator<Result> {
  // It may last for days, and must not keep others off the wire for so long.
  if (operation.kind === 'subscription') attempt.leave()
  const { maxResponseBytes, idleTimeoutMs = defaultIdleTimeoutMs } = options
  const decoder = decoderOf(response, maxResponseBytes)
  const results = new StreamResults(operation, response, options)
  const limitSilence = (): void =>
    attempt.limit(idleTimeoutMs, 'idleTimeoutMs', 'the stream was open, but nothing came')
  limitSilence()
  try {
    for await (const chunk of response.body) {
      // The consumer may take long for a result, with nobody reading what comes.
      attempt.limit(Infinity, '', '')
      yield* results.of(decoder.push(chunk))
      if (decoder.isComplete || results.isOver) break
      limitSilence()
    }
    attempt.check()
    if (!results.isOver) decoder.end()
    results.finish(decoder.isComplete, decoder.isAmid)
  } catch (error) {
    throw attempt.aborted ? attempt.reason : results.failure(error)
  } finally {
    // The connection may stay open after the last part, and node-fetch closes none for a body that is left.
    attempt.abort(undefined)
  }
}

function decoderOf({ headers, mediaType }: OpenResponse, maxPartBytes: number): StreamDecoder {
  if (mediaType === 'text/event-stream') return createEventDecoder(maxPartBytes)
  const boundary = parameterOf(headers.get('content-type') ?? '', 'boundary') ?? '-'
  return createMultipartDecoder(boundary, maxPartBytes)
}

/** What the payloads of one response amount to. */
export class StreamResults {
  /** Whether the server said that nothing follows. */
  isOver = false
  readonly #operation: Operation
  readonly #response: OpenResponse
  readonly #options: StreamOptions
  readonly #http: HttpMetadata
  readonly #isEnveloped: boolean
  #merger: IncrementalMerger | undefined
  #isEmpty = true
  /** What the last payload of `@defer` or `@stream` said. */
  #hasNext: boolean | undefined

  constructor(operation: Operation, response: OpenResponse, options: StreamOptions) {
    const { status, headers, url } = response
    this.#operation = operation
    this.#response = response
    this.#options = options
    this.#http = { status, headers, url }
    this.#isEnveloped = parameterOf(headers.get('content-type') ?? '', 'subscriptionSpec') !== undefined
  }

  *of(payloads: readonly unknown[]): Generator<Result> {
    for (const payload of payloads) {
      const content = this.#unwrap(payload)
      if (content === undefined) continue
      if (content === null) {
        this.isOver = true
        return
      }
      yield this.#toResult(content)
    }
  }

  /**
   * The stream has ended.
   *
   * @throws {@link StreamInterruptedError} when it should not have, and {@link EmptyResponseError} when there was nothing in it.
   */
  finish(isComplete: boolean, isAmid = false): void {
    const { eofCompletes, completion } = this.#options
    const isDone = isComplete || this.isOver || (eofCompletes && !isAmid) || this.#hasNext === false
    if (this.#hasNext || !isDone) throw this.interrupted('the stream broke off before it was complete')
    if (this.#operation.kind !== 'subscription') {
      if (this.#isEmpty) throw explainFailure(this.#operation, { ...this.#response, text: '' }, 'foreign')
    } else if (completion === 'interruption') throw this.interrupted('the server completed the subscription')
  }

  /** The stream is over before its time. */
  interrupted(message: string, cause?: Error): StreamInterruptedError {
    const details = { ...responseDetails(this.#operation, this.#response), cause }
    return new StreamInterruptedError(message, details, this.#merger?.latest)
  }

  /** What to throw for something that went wrong while the stream was read. */
  failure(error: unknown): unknown {
    if (error instanceof PayloadTooLargeError)
      return tooLarge(this.#operation, this.#response, this.#options.maxResponseBytes)
    if (error instanceof PayloadError) return this.#malformed(error.message, error.text)
    return GraphLinksError.is(error) ? error : this.interrupted('the connection broke', outline(error, 3))
  }

  /**
   * What a payload says: nothing (`undefined`), the end (`null`), or a result. Apollo Router wraps each event, and sends
   * empty objects as heartbeats.
   */
  #unwrap(payload: unknown): unknown {
    const body = Object(payload) as { readonly payload?: unknown; readonly errors?: unknown }
    if (!this.#isEnveloped && ('data' in body || 'hasNext' in body)) return payload
    if (!('payload' in body)) return typeof payload === 'object' && Object.keys(body).length === 0 ? undefined : payload
    if (body.payload === null && body.errors) {
      const said = redact(this.#operation, jsonOf(body.errors))
      throw this.interrupted(`the server cannot go on with the stream: ${said}`)
    }
    return body.payload
  }

  #toResult(payload: unknown): Result {
    this.#isEmpty = false
    const isPart = isIncrementalPayload(Object(payload) as object)
    if (isPart) this.#hasNext = (payload as Result).hasNext === true
    if ((isPart && this.#options.incremental !== 'raw') || this.#merger?.hasNext) {
      // A subscription may have incremental events, each with results of its own.
      if (!this.#merger?.hasNext) this.#merger = new IncrementalMerger(responseDetails(this.#operation, this.#response))
      return { ...this.#merger.add(payload), http: this.#http }
    }
    const result = isPart ? (payload as Result) : toResult(payload)
    if (!result) throw this.#malformed('is no GraphQL result', jsonOf(payload))
    return Object.assign(result, { http: this.#http })
  }

  #malformed(flaw: string, text: string): MalformedResponseError {
    const excerpt = redact(this.#operation, text)
    return new MalformedResponseError(
      `a part of the stream ${flaw}; it starts with: ${excerpt}`,
      responseDetails(this.#operation, this.#response),
    )
  }
}

/** As text, to be quoted; of what is nested deeper than the stack there is none. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch {
    return ''
  }
}
