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
}

/**
 * The results of one attempt: cold (nothing is sent before the first iteration) and one-shot. One for a query, several
 * for `@defer` and `@stream`, many for a subscription.
 */
export type Results = AsyncIterable<Result>

const done: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined })

/** What an iterator answers when it is over. One shared promise would do; each caller gets its own all the same. */
export function finished(): Promise<IteratorReturnResult<undefined>> {
  return Promise.resolve(done)
}

/** An iterator that fails on its first step and is then over. */
export class FailedIterator implements AsyncIterableIterator<Result> {
  readonly #error: unknown
  #delivered = false

  constructor(error: unknown) {
    this.#error = error
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Result> {
    return this
  }

  next(): Promise<IteratorResult<Result>> {
    if (this.#delivered) return finished()
    this.#delivered = true
    return Promise.reject(this.#error)
  }

  return(): Promise<IteratorResult<Result>> {
    this.#delivered = true
    return finished()
  }
}

/** Results that fail with this error, kept as it is. */
export function failed(error: unknown): Results {
  return new FailedIterator(error)
}

/** An iterator over one result that is at hand. */
class SingleIterator implements AsyncIterableIterator<Result> {
  #result: Result | undefined

  constructor(result: Result) {
    this.#result = result
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Result> {
    return this
  }

  next(): Promise<IteratorResult<Result>> {
    if (this.#result === undefined) return finished()
    const value = this.#result
    this.#result = undefined
    return Promise.resolve({ done: false, value })
  }

  return(): Promise<IteratorResult<Result>> {
    this.#result = undefined
    return finished()
  }
}

/** Results with exactly this one: for links that answer themselves, such as a cache or a fake. */
export function single(result: Result): Results {
  return new SingleIterator(result)
}

/**
 * Results that are still a promise, as results. By hand and not by an async generator: its `return()` would wait for
 * the promise, and each step would cost a turn for ever instead of once.
 */
class FlatteningIterator implements AsyncIterableIterator<Result> {
  readonly #results: Promise<Results>
  #iterator: AsyncIterator<Result> | undefined = undefined
  #opening: Promise<AsyncIterator<Result> | undefined> | undefined = undefined
  #closed = false

  constructor(results: Promise<Results>) {
    this.#results = results
    // Nobody may ever iterate; the rejection is delivered to whoever does.
    results.catch(ignore)
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Result> {
    return this
  }

  next(): Promise<IteratorResult<Result>> {
    if (this.#closed) return finished()
    if (this.#iterator !== undefined) return this.#iterator.next()
    this.#opening ??= this.#results.then((results) => {
      if (!this.#closed) this.#iterator = results[Symbol.asyncIterator]()
      return this.#iterator
    })
    return this.#opening.then(
      (iterator) => (iterator === undefined || this.#closed ? finished() : iterator.next()),
      (error: unknown) => {
        if (this.#closed) return finished()
        this.#closed = true
        throw error
      },
    )
  }

  return(): Promise<IteratorResult<Result>> {
    this.#closed = true
    return this.#iterator?.return?.() ?? finished()
  }
}

/** Results that are still a promise, as results (K-5). */
export function flatten(results: Promise<Results>): Results {
  return new FlatteningIterator(results)
}

function ignore(): void {}
