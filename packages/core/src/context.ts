/** A typed key of the context. Made by {@link contextKey}; two keys of one name are different keys. */
export interface ContextKey<Value> {
  /** For people who debug; it plays no part in look-ups. */
  readonly name: string
  /** Never set: it carries the type of the value. */
  readonly __value?: Value
}

/**
 * Makes a key for a value that links hand to each other, or that a caller hands to links.
 *
 * @example
 * ```ts
 * import { contextKey, withContext, type Link } from '@graphlinks/core'
 *
 * export const traceId = contextKey<string>('traceId')
 * export const trace: Link = (operation, next) => next(withContext(operation, traceId, crypto.randomUUID()))
 * export const log: Link = (operation, next) => {
 *   console.log(operation.context.get(traceId)) // typed string | undefined
 *   return next(operation)
 * }
 * ```
 */
export function contextKey<Value>(name: string): ContextKey<Value> {
  return Object.freeze({ name })
}

/**
 * The context of an operation: an immutable map from typed keys to values. Start from {@link emptyContext}.
 *
 * @example
 * ```ts
 * import { contextKey, emptyContext } from '@graphlinks/core'
 *
 * const traceId = contextKey<string>('traceId')
 * const context = emptyContext.with(traceId, 'abc')
 * console.log(context.get(traceId), emptyContext.get(traceId)) // abc undefined
 * ```
 */
export class Context {
  readonly #key: ContextKey<unknown> | undefined
  readonly #value: unknown
  readonly #parent: Context | undefined

  constructor(key?: ContextKey<unknown>, value?: unknown, parent?: Context) {
    this.#key = key
    this.#value = value
    this.#parent = parent
  }

  /** The value of a key, or `undefined`. */
  get<Value>(key: ContextKey<Value>): Value | undefined {
    return this.#key === key ? (this.#value as Value) : this.#parent?.get(key)
  }

  /** A context that has this value too. The receiver is unchanged. */
  with<Value>(key: ContextKey<Value>, value: Value): Context {
    return new Context(key, value, this)
  }
}

/**
 * The context with nothing in it.
 *
 * @example
 * ```ts
 * import { contextKey, emptyContext } from '@graphlinks/core'
 *
 * const traceId = contextKey<string>('traceId')
 * const context = emptyContext.with(traceId, 'abc')
 * ```
 */
export const emptyContext: Context = new Context()
