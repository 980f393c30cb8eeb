import { systemClock, type Clock } from './clock.ts'
import type { IncomingResponse } from './exchange.ts'

/** Options of {@link ClockSkew}. */
export interface ClockSkewOptions {
  /** How far the two clocks may differ before a signature is blamed on it, in milliseconds. `Infinity`: any time. */
  readonly maxSkewMs: number
  /** The clock of this machine. Default: the platform's. */
  readonly clock?: Clock | undefined
}

/**
 * For authors of signers: the time as a server has it. It is this machine's, until a refusal says in its `Date` header
 * that the two differ; nobody can mend the clock of a visitor.
 *
 * @example
 * ```ts
 * import { ClockSkew, type Exchange } from '@graphlinks/core'
 *
 * const skew = new ClockSkew({ maxSkewMs: 300_000 })
 * export const signer: Exchange = {
 *   link: 'mySigner',
 *   identity: 'key-1',
 *   request: (request) => ({ headers: { 'x-signed-at': new Date(skew.date(request)).toISOString() } }),
 *   // With the right time it may be good.
 *   response: (response, request) => response.status === 401 && skew.explains(response, request),
 * }
 * ```
 */
export class ClockSkew {
  readonly #maxSkewMs: number
  readonly #clock: Clock
  #offsetMs = 0
  /** What was added for each request: many are on their way when the first is refused. */
  readonly #offsets = new WeakMap<object, number>()

  constructor({ maxSkewMs, clock = systemClock }: ClockSkewOptions) {
    this.#maxSkewMs = maxSkewMs
    this.#clock = clock
  }

  /**
   * Milliseconds since 1970 by the server's clock, as far as it is known, for a request that is about to be sent.
   *
   * @param request - the object that {@link explains} gets later.
   */
  date(request: object): number {
    this.#offsets.set(request, this.#offsetMs)
    return this.#clock.date() + this.#offsetMs
  }

  /**
   * Whether a request was refused because of the time that it was given. If so, later requests get a better one.
   *
   * @param response - one that refuses; that it does is for the caller to know.
   */
  explains({ headers }: IncomingResponse, request: object): boolean {
    const offsetMs = Date.parse(headers.get('date') ?? '') - this.#clock.date()
    // Neither without a date nor for a request that got no time here.
    if (!(Math.abs(offsetMs - (this.#offsets.get(request) ?? NaN)) >= this.#maxSkewMs)) return false
    this.#offsetMs = offsetMs
    return true
  }
}
