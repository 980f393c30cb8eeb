import { withLayers } from './copies.ts'
import type { HeadersInput } from './headers.ts'
import type { Operation, OperationValue } from './operation.ts'
import type { ResponseHeaders } from './results.ts'

/** A request of a terminal link as it is about to go on the wire. */
export interface OutgoingRequest {
  readonly method: string
  /** `https:` or `http:`; of a WebSocket's handshake, `wss:` or `ws:`. */
  readonly url: URL
  /** With all credentials, so they are secrets. Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  /** The very bytes, or their text; `undefined` where there are none. */
  readonly body: string | Uint8Array | undefined
}

/** What is to be changed of a request before it goes on the wire. */
export interface RequestChange {
  /** Headers to set; `null` removes one. They win over all others, and are secrets. */
  readonly headers?: HeadersInput | undefined
}

/** The head of the answer to a request. */
export interface IncomingResponse {
  readonly status: number
  readonly headers: ResponseHeaders
}

/**
 * Takes part in every exchange between a terminal link and its server on behalf of an operation: after serialisation,
 * for each request that is really sent, those of replays and redirects included. Cookies and signatures are made so.
 */
export interface Exchange {
  /** Name of the link, for errors. */
  readonly link: string
  /**
   * Equal for two operations exactly when this says the same of who asks. A part of the operation's identity, and no
   * secret.
   */
  readonly identity: string
  /** In browsers: whether the platform sends its cookies along to a URL (Fetch section 2.2.5). The last one wins. */
  credentialsMode?(url: URL): 'omit' | 'same-origin' | 'include'
  /** What is to be changed of a request. What it throws fails the operation. */
  request?(
    request: OutgoingRequest,
    operation: Operation,
  ): RequestChange | undefined | Promise<RequestChange | undefined>
  /**
   * Hears of the answer, whatever it is, before anybody else.
   *
   * @returns `true` to have the request made and sent once more, which is granted once for each time that the terminal
   * link sends.
   */
  response?(
    response: IncomingResponse,
    request: OutgoingRequest,
    operation: Operation,
  ): boolean | void | Promise<boolean | void>
}

/**
 * A copy whose requests an exchange takes part in. Exchanges see a request in the order in which links attached them.
 *
 * @example
 * ```ts
 * import { withExchange, type Exchange, type Link } from '@graphlinks/core'
 *
 * const clockSkew: Exchange = {
 *   link: 'clockSkew',
 *   identity: '',
 *   response: ({ headers }) => console.log('the server has', headers.get('date')),
 * }
 * export const skew: Link = (operation, next) => next(withExchange(operation, clockSkew))
 * ```
 */
export function withExchange(operation: Operation, exchange: Exchange): Operation {
  return withLayers(operation, { type: 'exchange', exchange, parent: (operation as OperationValue).layers })
}

/**
 * A copy whose requests are signed: as {@link withExchange}, but after all that changes them, in whatever order links
 * stand, so that what is signed is what is sent.
 *
 * @example
 * ```ts
 * import { withSigner, type Exchange, type Link } from '@graphlinks/core'
 *
 * const signer: Exchange = {
 *   link: 'mySigner',
 *   identity: 'key-1',
 *   request: async ({ method, url, body }) => ({ headers: { 'x-signature': await sign(`${method} ${url.pathname} ${String(body)}`) } }),
 * }
 * export const signed: Link = (operation, next) => next(withSigner(operation, signer))
 *
 * const sign = async (text: string): Promise<string> => String(text.length)
 * ```
 */
export function withSigner(operation: Operation, signer: Exchange): Operation {
  return withLayers(operation, { type: 'signer', exchange: signer, parent: (operation as OperationValue).layers })
}

/**
 * For authors of terminal links: what takes part in the exchanges of an operation, in order; signers are last.
 *
 * @example
 * ```ts
 * import { exchangesOf, type Operation } from '@graphlinks/core'
 *
 * export const isSigned = (operation: Operation): boolean => exchangesOf(operation).length > 0
 * ```
 */
export function exchangesOf(operation: Operation): readonly Exchange[] {
  const exchanges: Exchange[] = []
  const signers: Exchange[] = []
  for (let { layers: layer } = operation as OperationValue; layer; layer = layer.parent) {
    if (layer.type === 'exchange') exchanges.unshift(layer.exchange)
    if (layer.type === 'signer') signers.unshift(layer.exchange)
  }
  return [...exchanges, ...signers]
}
