// https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1
import { parsePayload, PayloadError, PayloadTooLargeError, type StreamDecoder } from './streamDecoder.ts'

const lf = 0x0a
const cr = 0x0d
const space = 0x20
const quote = 0x22
const backslash = 0x5c
const openBrace = 0x7b
const closeBrace = 0x7d

/**
 * Takes a multipart body apart, each part of which is a JSON object. Every byte is looked at once, and only a part that
 * is incomplete is kept.
 *
 * A part is given as soon as its object is closed, since some servers write the next delimiter only with the next part.
 * Headers of parts are skipped: where a part ends is for its JSON and the delimiters to say, not for a Content-Length.
 */
export function createMultipartDecoder(boundary: string, maxPartBytes: number): StreamDecoder {
  return new MultipartDecoder(boundary, maxPartBytes)
}

class MultipartDecoder implements StreamDecoder {
  isComplete = false
  readonly #terminator: Uint8Array
  readonly #maxPartBytes: number
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true })
  #place: 'preamble' | 'headers' | 'body' | 'after body' = 'preamble'
  #body: PartBody
  /** How much of the terminator this line is so far, a delimiter being its beginning; -1 once it is neither. */
  #matched = 0
  #flaw: unknown

  constructor(boundary: string, maxPartBytes: number) {
    this.#terminator = new TextEncoder().encode(`--${boundary}--`)
    this.#maxPartBytes = maxPartBytes
    this.#body = new PartBody(maxPartBytes)
  }

  get isAmid(): boolean {
    return this.#place === 'body' && this.#body.isBegun
  }

  push(chunk: Uint8Array): unknown[] {
    const payloads: unknown[] = []
    try {
      if (!this.isComplete) this.#read(chunk, payloads)
    } catch (error) {
      this.#flaw = error
      this.isComplete = true
    }
    return payloads
  }

  end(): void {
    if (this.#flaw) throw this.#flaw as Error
  }

  #read(chunk: Uint8Array, payloads: unknown[]): void {
    const terminator = this.#terminator
    // Where the body begins in this chunk, or goes on.
    let start = 0
    for (let index = 0; index < chunk.length; index++) {
      const byte = chunk[index] as number
      const matched = this.#matched
      if (byte === terminator[matched]) {
        this.#matched++
        if (this.#matched < terminator.length) continue
        this.#delimit(chunk.subarray(start, index))
        this.isComplete = true
        return
      }
      if (matched === terminator.length - 2 && byte <= space) {
        // White space may follow a delimiter in its line.
        if (byte === lf) this.#delimit(chunk.subarray(start, index))
        continue
      }
      // Another line; what looked like a delimiter belongs to it. A carriage return alone leaves it empty.
      this.#matched = byte === lf || (byte === cr && matched === 0) ? 0 : -1
      if (this.#place === 'headers' && matched === 0 && (byte === lf || byte === openBrace)) {
        this.#place = 'body'
        this.#body = new PartBody(this.#maxPartBytes)
        start = byte === lf ? index + 1 : index
      }
      if (this.#place === 'body') {
        index = this.#body.scan(chunk, index)
        this.#matched = chunk[index] === lf ? 0 : -1
        if (chunk[index] !== closeBrace) continue
        this.#place = 'after body'
        payloads.push(this.#parse(this.#body.take(chunk.subarray(start, index + 1))))
      } else if (this.#place === 'after body' && (byte > space || matched > 0)) {
        throw new PayloadError('goes on after its JSON', decodeAnyhow(chunk.subarray(index)))
      }
    }
    if (this.#place === 'body') this.#body.add(chunk.subarray(start))
  }

  #delimit(rest: Uint8Array): void {
    if (this.#place === 'body') {
      const text = decodeAnyhow(this.#body.take(rest)).replace(/(^|\r?\n)--[^\n]*$/, '')
      throw new PayloadError('is no complete JSON object', text)
    }
    this.#place = 'headers'
    this.#matched = 0
  }

  #parse(bytes: Uint8Array): unknown {
    let text
    try {
      text = this.#utf8.decode(bytes)
    } catch {
      throw new PayloadError('is no valid UTF-8', decodeAnyhow(bytes))
    }
    return parsePayload(text)
  }
}

/** The body of a part, as much of it as came. */
class PartBody {
  readonly #maxBytes: number
  #bytes = new Uint8Array()
  #length = 0
  #depth = 0
  #isString = false
  #isEscaped = false

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get isBegun(): boolean {
    return this.#depth > 0
  }

  /** Looks for the end of the object, or of the line. @returns the index of its last byte; else the chunk's length. */
  scan(chunk: Uint8Array, from: number): number {
    for (let index = from; index < chunk.length; index++) {
      const byte = chunk[index]
      if (byte === lf) return index
      if (this.#isEscaped) this.#isEscaped = false
      else if (byte === quote) this.#isString = !this.#isString
      else if (this.#isString) this.#isEscaped = byte === backslash
      else if (byte === openBrace) this.#depth++
      else if (byte === closeBrace && --this.#depth <= 0) return index
    }
    return chunk.length
  }

  /** Keeps bytes until the others have come. */
  add(bytes: Uint8Array): void {
    const length = this.#length + bytes.length
    this.#limit(length)
    if (length > this.#bytes.length) {
      // Twice as large, so that bytes are moved once on average, however many chunks there are.
      const larger = new Uint8Array(Math.max(length, 2 * this.#bytes.length))
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    this.#bytes.set(bytes, this.#length)
    this.#length = length
  }

  /** All of it, now that the last bytes have come. */
  take(last: Uint8Array): Uint8Array {
    this.#limit(this.#length + last.length)
    if (!this.#length) return last
    this.add(last)
    return this.#bytes.subarray(0, this.#length)
  }

  #limit(length: number): void {
    if (length > this.#maxBytes) throw new PayloadTooLargeError()
  }
}

function decodeAnyhow(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
