const redacted = '[redacted]'

/**
 * A box around a credential. Every way of printing it gives `[redacted]`: string conversion, templates,
 * `JSON.stringify`, `util.inspect`, and `structuredClone` (which copies an empty object). Only terminal links open it.
 *
 * @example
 * ```ts
 * import { Secret } from '@graphlinks/core'
 *
 * const token = new Secret('s3cr3t')
 * console.log(`${token}`, JSON.stringify({ token })) // [redacted] {"token":"[redacted]"}
 * ```
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself. Call it where the value goes on the wire, and nowhere else. */
  reveal(): string {
    return this.#value
  }

  /** The first four characters of a value of at least 20, to tell keys apart in a log; otherwise `undefined`. */
  get hint(): string | undefined {
    return this.#value.length >= 20 ? this.#value.slice(0, 4) : undefined
  }

  toString(): string {
    return redacted
  }

  toJSON(): string {
    return redacted
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return redacted
  }
}
