import { LinkError } from './errors.ts'
import { inDevelopment } from './inDevelopment.ts'

/** A GraphQL error as it travels (GraphQL spec section 7.1.2). It is data: the server's words, unchanged. */
export interface ResultError {
  readonly message: string
  readonly locations?: readonly { readonly line: number; readonly column: number }[]
  readonly path?: readonly (string | number)[]
  readonly extensions?: Readonly<Record<string, unknown>>
}

/** The HTTP side of a result. */
export interface HttpMetadata {
  readonly status: number
  readonly headers: ResponseHeaders
  /** The URL that answered, without search parameters, fragment or user. */
  readonly url: string
  /**
   * `true` where the status is no success and the media type is `application/json`: a proxy may have written the body
   * (GraphQL over HTTP section 6.4.1).
   */
  readonly untrusted?: boolean
}

/** Response headers, as far as every runtime has them. */
export interface ResponseHeaders {
  get(name: string): string | null
  getSetCookie?(): string[]
  forEach(callback: (value: string, name: string) => void): void
}

/** One result of an operation: the only one of a query, one of several with `@defer`, one event of a subscription. */
export interface Result<Data = unknown> {
  readonly data?: Data | null
  readonly errors?: readonly ResultError[]
  readonly extensions?: Readonly<Record<string, unknown>>
  /** `true` while more results of the same execution follow (incremental delivery). */
  readonly hasNext?: boolean
  readonly http?: HttpMetadata
  /** How far the response has come, where it has several parts that a terminal link puts together. */
  readonly incremental?: IncrementalProgress
  /**
   * Set by `tokenRefreshLink` on a result that says that the token was refused, where the operation was not sent again:
   * why it was not. The rest of the result is what the server sent.
   */
  readonly notReplayed?: ReplayRefusal
  /**
   * Set by `wsLink` on the first event of a subscription after its connection was lost and made again: events in between
   * may be lost, so that a query may be due for what they would have said.
   */
  readonly resumed?: Resumption
  /** Never set: so that `yield next(operation)` without its star, which gives results as a result, does not compile. */
  readonly [Symbol.asyncIterator]?: never
}

/** How a subscription went on after its connection was lost. */
export interface Resumption {
  /** How long there was no connection, in milliseconds. */
  readonly gapMs: number
}

/** The parts of a response with `@defer` or `@stream`. */
export interface IncrementalProgress {
  /** Fragments that are in `data`; lists that are complete, where the server says so. */
  readonly delivered: readonly IncrementalPart[]
  /** What the server has announced and not yet completed; servers before graphql 17 announce nothing. */
  readonly pending: readonly IncrementalPart[]
  /** What will not come: fields of these fragments are absent, these lists end early. `errors` says why. */
  readonly failed: readonly IncrementalPart[]
}

/** A fragment with `@defer`, or a list with `@stream`. */
export interface IncrementalPart {
  /** The object that the fragment is for, or the list. */
  readonly path: readonly (string | number)[]
  /** As the document names it: `@defer(label: "..")`. */
  readonly label?: string
}

/**
 * Why an operation was not sent again with a new token: `'executed'`, a mutation whose result has `data` ran at least in
 * part; `'delivered'`, the consumer already has results of it; `'replayed'`, it was sent again before; `'one-shot'`, its
 * variables hold a stream that was read; `'never'`, its {@link replay} context says so; `'not-renewed'`, new tokens are
 * refused as well, so none was asked for.
 */
export type ReplayRefusal = 'executed' | 'delivered' | 'replayed' | 'one-shot' | 'never' | 'not-renewed'

/**
 * The results of one attempt: cold (nothing is sent before the first iteration) and one-shot. One for a query, several
 * for `@defer` and `@stream`, many for a subscription.
 */
export type Results = AsyncIterable<Result>

/** What an iterator answers when it is over. */
export function finished(): Promise<IteratorReturnResult<undefined>> {
  return Promise.resolve({ done: true, value: undefined })
}

/** Whether a value is still to come. */
export function isPromise<Value>(value: Value | Promise<Value>): value is Promise<Value> {
  return typeof (value as Promise<Value> | undefined)?.then === 'function'
}

/** Starts to iterate results. @throws {@link LinkError} when what they give is no iterator. */
export function iteratorOf(results: Results): AsyncIterator<Result> {
  const iterator = results[Symbol.asyncIterator]()
  if (typeof Object(iterator).next === 'function') return iterator
  throw new LinkError(inDevelopment(() => 'a link returned results that give no iterator') ?? 'no iterator')
}

/** Results that can be iterated once: another iteration would be another attempt, which is for `next` to make. */
export abstract class OneShotIterator implements AsyncIterableIterator<Result> {
  #taken = false

  abstract next(): Promise<IteratorResult<Result>>
  abstract return(): Promise<IteratorResult<Result>>

  [Symbol.asyncIterator](): AsyncIterableIterator<Result> {
    if (this.#taken)
      throw new LinkError(
        inDevelopment(() => 'results can be iterated once: call next, or execute, again') ?? 'iterated twice',
      )
    this.#taken = true
    return this
  }
}

/**
 * Results that are opened on the first step: cold, one-shot, and failed where opening fails. By hand and not by an async
 * generator: its `return()` would wait for what is being opened, and each step would cost a turn for ever.
 */
export class OpeningIterator extends OneShotIterator {
  #open: (() => Results | Promise<Results>) | undefined
  #source: AsyncIterator<Result> | undefined
  #opening: Promise<Results> | undefined
  #closed = false

  constructor(open: () => Results | Promise<Results>) {
    super()
    this.#open = open
  }

  next(): Promise<IteratorResult<Result>> {
    const open = this.#open
    this.#open = undefined
    try {
      const results = open?.()
      if (isPromise(results)) this.#opening = results
      else if (results) this.#start(results)
      if (this.#source) return this.#source.next()
    } catch (error) {
      return Promise.reject(error)
    }
    if (this.#closed || !this.#opening) return finished()
    return this.#opening.then(
      (late) => {
        this.#start(late)
        return (this.#closed ? undefined : stepOf(this.#source)) ?? { done: true, value: undefined }
      },
      (error: unknown) => {
        if (this.#closed) return finished()
        this.#closed = true
        throw error
      },
    )
  }

  return(): Promise<IteratorResult<Result>> {
    this.#closed = true
    this.#open = undefined
    return this.#source?.return?.() ?? finished()
  }

  #start(results: Results): void {
    if (this.#closed) return
    try {
      // Of several steps that waited for it, the first one starts it.
      this.#source ??= iteratorOf(results)
    } catch (error) {
      this.#closed = true
      throw error
    }
  }
}

/**
 * Results that fail with this error, kept as it is.
 *
 * @example
 * ```ts
 * import { failed, type Link } from '@graphlinks/core'
 *
 * export const readOnly: Link = (operation, next) =>
 *   operation.kind === 'mutation' ? failed(new Error('this client only reads')) : next(operation)
 * ```
 */
export function failed(error: unknown): Results {
  return new OpeningIterator(() => {
    throw error
  })
}

/**
 * Results that are still a promise, as results. A rejection is delivered to whoever iterates, or to nobody.
 *
 * @example
 * ```ts
 * import { flatten, type Link, type Results } from '@graphlinks/core'
 *
 * export const later: Link = (operation, next) => {
 *   const results: Promise<Results> = Promise.resolve().then(() => next(operation))
 *   return flatten(results) // an async link needs no flatten: chain does it
 * }
 * ```
 */
export function flatten(results: Promise<Results>): Results {
  results.catch(() => {})
  return new OpeningIterator(() => results)
}

/**
 * Results with exactly this one: for links that answer themselves, such as a cache or a fake.
 *
 * @example
 * ```ts
 * import { single, type TerminalLink } from '@graphlinks/core'
 *
 * export const fake: TerminalLink = () => single({ data: { hello: 'Hello' } })
 * ```
 */
export function single(result: Result): Results {
  return new SingleIterator(result)
}

function stepOf(
  source: AsyncIterator<Result> | undefined,
): IteratorResult<Result> | Promise<IteratorResult<Result>> | undefined {
  return source instanceof SingleIterator ? source.take() : source?.next()
}

class SingleIterator implements AsyncIterableIterator<Result> {
  #result: Result | undefined

  constructor(result: Result) {
    this.#result = result
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Result> {
    return this
  }

  next(): Promise<IteratorResult<Result>> {
    return Promise.resolve(this.take())
  }

  /** The step at once: most operations have one result, and a promise in a promise costs two turns. */
  take(): IteratorResult<Result> {
    const value = this.#result
    this.#result = undefined
    return value === undefined ? { done: true, value } : { done: false, value }
  }
}
