import { createParser, type EventSourceMessage, type EventSourceParser } from 'eventsource-parser'
import { parsePayload, PayloadError, PayloadTooLargeError, type StreamDecoder } from './streamDecoder.ts'

/**
 * Takes an event stream apart into the payloads of its `next` events; `complete` ends it. Events of other names, such as
 * heartbeats, mean nothing.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 * @see https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md#distinct-connections-mode
 */
export function createEventDecoder(maxEventBytes: number): StreamDecoder {
  return new EventDecoder(maxEventBytes, ['next', 'message'], 'complete')
}

/**
 * The same for a stream that operations share: the payloads of `next` and `complete` say which operation they are of, and
 * nothing but the end of the connection ends it.
 *
 * @see https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md#single-connection-mode
 */
export function createSharedEventDecoder(maxEventBytes: number): StreamDecoder {
  return new EventDecoder(maxEventBytes, ['next', 'complete'], undefined)
}

const completes = ['event: complete', 'event:complete']

class EventDecoder implements StreamDecoder {
  isComplete = false
  readonly #maxBytes: number
  /** Names of the events that have payloads. */
  readonly #names: readonly string[]
  /** Name of the event that is the end. */
  readonly #terminal: string | undefined
  // It drops a byte order mark.
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true })
  readonly #parser: EventSourceParser
  #payloads: unknown[] = []
  #flaw: unknown
  /** The end of the last chunk, where it may be the beginning of a line that says `complete`. */
  #held = ''
  #isLineStart = true
  #endsInCr = false

  constructor(maxEventBytes: number, names: readonly string[], terminal: string | undefined) {
    this.#maxBytes = maxEventBytes
    this.#names = names
    this.#terminal = terminal
    this.#parser = createParser({
      maxBufferSize: maxEventBytes,
      onEvent: (event) => this.#take(event),
      onError: ({ type }) => type === 'max-buffer-size-exceeded' && this.#fail(new PayloadTooLargeError()),
    })
  }

  push(chunk: Uint8Array): unknown[] {
    this.#payloads = []
    try {
      this.#parser.feed(this.#withData(this.#withLf(this.#utf8.decode(chunk, { stream: true }))))
    } catch {
      this.#fail(new PayloadError('is no valid UTF-8', ''))
    }
    return this.#payloads
  }

  end(): void {
    if (this.#flaw) throw this.#flaw as Error
  }

  /** Lines may end in CR, LF or both; the parser would wait for what comes after a CR at the end of a chunk. */
  #withLf(chunk: string): string {
    const text = this.#endsInCr && chunk.startsWith('\n') ? chunk.slice(1) : chunk
    if (chunk !== '') this.#endsInCr = chunk.endsWith('\r')
    return text.replace(/\r\n?/g, '\n')
  }

  /** An event without data is none by the standard, but a `complete` without data is what some servers send. */
  #withData(chunk: string): string {
    const text = this.#held + chunk
    const line = text.lastIndexOf('\n') + 1
    const rest = text.slice(line)
    const isHeld = (line > 0 || this.#isLineStart) && completes.some((complete) => complete.startsWith(rest))
    const pattern = this.#isLineStart ? /(^|\n)event: ?complete(?=\n)/g : /\nevent: ?complete(?=\n)/g
    this.#held = isHeld ? rest : ''
    this.#isLineStart = isHeld
    return (isHeld ? text.slice(0, line) : text).replace(pattern, '$&\ndata')
  }

  #take({ event = 'message', data }: EventSourceMessage): void {
    if (this.isComplete) return
    if (event === this.#terminal) this.isComplete = true
    if (!this.#names.includes(event)) return
    if (data.length > this.#maxBytes) return this.#fail(new PayloadTooLargeError())
    try {
      this.#payloads.push(parsePayload(data))
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(flaw: unknown): void {
    // What follows the end is nobody's.
    if (this.isComplete) return
    this.#flaw = flaw
    this.isComplete = true
  }
}
