/** Where an error happened, and what it was caused by. */
export interface ErrorDetails {
  /** Name of the link that failed, such as `bearerLink`. */
  readonly link?: string | undefined
  /** Name of the operation that failed, when it has one. */
  readonly operationName?: string | undefined
  /** The error below this one. It is kept as it is, so whoever sets it makes sure that it holds no secret. */
  readonly cause?: unknown
}

// A registered symbol and not `instanceof`: an application may load this module twice (ESM beside CommonJS).
const brand = Symbol.for('graphlinks.error')

/**
 * Base of every error that graphlinks throws. GraphQL errors are data (`result.errors`); an error of this family says
 * that there is no result.
 *
 * The message names the link and the operation, says what happened and what to do. No error of the family holds a
 * header value, a credential or a variable: not in its message, its fields, its `cause` or its stack.
 *
 * @example
 * ```ts
 * import { GraphLinksError } from '@graphlinks/core'
 *
 * export function describe(error: unknown): string {
 *   return GraphLinksError.is(error) ? `${error.code} in ${error.link ?? 'the client'}` : 'not one of ours'
 * }
 * ```
 */
export class GraphLinksError extends Error {
  // `name` and `code` are statics, so that a minifier that renames classes changes neither.
  static override readonly name: string = 'GraphLinksError'
  /** The stable, documented code of this class of errors; the base class matches every code. */
  static readonly code: string = 'GRAPHLINKS'
  static readonly [brand]: boolean = true

  /** Stable code of the error's class, such as `HTTP_STATUS`. Safe to switch on across versions. */
  declare readonly code: string
  /** Name of the link that failed, when one did. */
  declare readonly link: string | undefined
  /** Name of the operation that failed, when it has one. */
  declare readonly operationName: string | undefined

  constructor(message: string, details: ErrorDetails = {}) {
    super(sentence(message, details), details)
    this.code = new.target.code
    this.link = details.link
    this.operationName = details.operationName
  }

  override get name(): string {
    return this.constructor.name
  }

  /**
   * Whether a value is an error of this class or of one that extends it, also when it was made by another copy of the
   * package.
   */
  static is<E extends GraphLinksError>(
    this: { readonly code: string; readonly prototype: E },
    value: unknown,
  ): value is E {
    let of = Object(value).constructor as typeof GraphLinksError | undefined
    while (of?.[brand] && of.code !== this.code) of = Object.getPrototypeOf(of) as typeof GraphLinksError
    return of?.[brand] === true
  }
}

function sentence(message: string, { link, operationName }: ErrorDetails): string {
  const where = [link, operationName && `operation ${operationName}`].filter(Boolean).join(', ')
  return where ? `${where}: ${message}` : message
}

/**
 * An option has a value that can never work. Thrown when the link, client or request is built; later only for what a
 * function gave or a call passed.
 *
 * @example
 * ```ts
 * import { bearerLink, OptionsError } from '@graphlinks/core'
 *
 * try {
 *   bearerLink('secret-token', { timeoutMs: -1 })
 * } catch (error) {
 *   if (OptionsError.is(error)) console.error(error.message) // bearerLink: timeoutMs is a positive number of ...
 * }
 * ```
 */
export class OptionsError extends GraphLinksError {
  static override readonly name: string = 'OptionsError'
  static override readonly code: string = 'BAD_OPTIONS'
}

/**
 * Links stand in an order that can never work. Thrown by `chain`, `compose` and `split`.
 *
 * @example
 * ```ts
 * import { WiringError } from '@graphlinks/core'
 *
 * export const report = (error: unknown): void => {
 *   if (WiringError.is(error)) console.error(error.message) // names the link, and where it must stand
 * }
 * ```
 */
export class WiringError extends GraphLinksError {
  static override readonly name: string = 'WiringError'
  static override readonly code: string = 'BAD_WIRING'
}

/**
 * A link broke its contract before it gave results: it threw, rejected, or returned something that is no results.
 *
 * @example
 * ```ts
 * import { LinkError } from '@graphlinks/core'
 *
 * export const causeOf = (error: unknown): unknown => (LinkError.is(error) ? error.cause : error)
 * ```
 */
export class LinkError extends GraphLinksError {
  static override readonly name: string = 'LinkError'
  static override readonly code: string = 'LINK_FAILED'
}

/**
 * A document has no operation to run, has several and none was selected, or was passed to the wrong method.
 *
 * @example
 * ```ts
 * import { createRequest, DocumentError } from '@graphlinks/core'
 *
 * try {
 *   createRequest({ query: 'query A { a } query B { b }' })
 * } catch (error) {
 *   if (DocumentError.is(error)) console.error(error.message) // ... say which one with operationName
 * }
 * ```
 */
export class DocumentError extends GraphLinksError {
  static override readonly name: string = 'DocumentError'
  static override readonly code: string = 'BAD_DOCUMENT'
}

/**
 * A header name or value cannot go on the wire. The message names the header and the position, never the value.
 *
 * @example
 * ```ts
 * import { HeaderError, headerLink } from '@graphlinks/core'
 *
 * try {
 *   headerLink({ 'x-tenant': 'acme\n' })
 * } catch (error) {
 *   if (HeaderError.is(error)) console.error(error.message) // names the header and the position, not the value
 * }
 * ```
 */
export class HeaderError extends GraphLinksError {
  static override readonly name: string = 'HeaderError'
  static override readonly code: string = 'BAD_HEADER'
}

/**
 * A credential is missing where it is required, or could not be had in time.
 *
 * @example
 * ```ts
 * import { CredentialError } from '@graphlinks/core'
 *
 * export const mustSignIn = (error: unknown): boolean => CredentialError.is(error)
 * ```
 */
export class CredentialError extends GraphLinksError {
  static override readonly name: string = 'CredentialError'
  static override readonly code: string = 'CREDENTIAL'
}

/**
 * A credential was about to leave over plain http or ws to a host that is not this machine.
 *
 * @example
 * ```ts
 * import { InsecureTransportError } from '@graphlinks/core'
 *
 * export const needsHttps = (error: unknown): boolean => InsecureTransportError.is(error)
 * ```
 */
export class InsecureTransportError extends GraphLinksError {
  static override readonly name: string = 'InsecureTransportError'
  static override readonly code: string = 'INSECURE_TRANSPORT'
}

/**
 * Something took longer than the configured number of milliseconds. Never used for a caller's own abort.
 *
 * @example
 * ```ts
 * import { TimeoutError } from '@graphlinks/core'
 *
 * export const mayTryAgain = (error: unknown): boolean => TimeoutError.is(error)
 * ```
 */
export class TimeoutError extends GraphLinksError {
  static override readonly name: string = 'TimeoutError'
  static override readonly code: string = 'TIMEOUT'
}

/**
 * A consumer read more slowly than results arrived, until the bounded queue between them was full.
 *
 * @example
 * ```ts
 * import { QueueOverflowError } from '@graphlinks/core'
 *
 * export const isTooSlow = (error: unknown): boolean => QueueOverflowError.is(error)
 * ```
 */
export class QueueOverflowError extends GraphLinksError {
  static override readonly name: string = 'QueueOverflowError'
  static override readonly code: string = 'QUEUE_OVERFLOW'
}

/**
 * An operation was started after its client was disposed, or was still running when that happened.
 *
 * @example
 * ```ts
 * import { DisposedError } from '@graphlinks/core'
 *
 * export const isOver = (error: unknown): boolean => DisposedError.is(error)
 * ```
 */
export class DisposedError extends GraphLinksError {
  static override readonly name: string = 'DisposedError'
  static override readonly code: string = 'DISPOSED'
}
