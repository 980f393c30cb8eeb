/** Takes a response apart into the payloads that it streams, whatever chunks its bytes come in. */
export interface StreamDecoder {
  /**
   * Takes bytes as they come. A flaw is not thrown here, since payloads before it in the same chunk would be lost:
   * it makes the stream complete, and {@link end} throws it.
   *
   * @returns the payloads that they complete, as parsed JSON.
   */
  push(chunk: Uint8Array): unknown[]
  /**
   * The body is over, or nothing more is wanted of it.
   *
   * @throws {@link PayloadError} or {@link PayloadTooLargeError} when that is what the stream ended with.
   */
  end(): void
  /**
   * Whether nothing that follows counts: the stream's own terminator came, or a flaw that {@link end} throws.
   * `false` after the end: the stream broke off.
   */
  readonly isComplete: boolean
  /** Whether a payload has begun and not ended. */
  readonly isAmid?: boolean
}

/** Something in a stream is no payload. The message goes on from "a part of the stream", and holds nothing of it. */
export class PayloadError extends Error {
  readonly #text: string

  constructor(message: string, text: string) {
    super(message)
    this.#text = text
  }

  /** What is in its place. It may hold secrets, so it is not printed with the error. */
  get text(): string {
    return this.#text
  }
}

/** A payload has more bytes than it may have. */
export class PayloadTooLargeError extends Error {}

/** @throws {@link PayloadError} when the text is no JSON. */
export function parsePayload(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // What the engine says of it may quote it.
    throw new PayloadError('is no JSON', text)
  }
}
