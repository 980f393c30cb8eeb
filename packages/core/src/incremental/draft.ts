import type { IncrementalProgress, Result } from '../results.ts'

/** A JSON object, or a list taken as the object of its indices. */
export type JsonNode = Record<string | number, unknown>

// A list with holes is as long as its last index says: one number of the server's could fill the memory.
const mostHoles = 10_000

/**
 * The next snapshot, while a payload goes into it. What is written to is copied first, once; all else is shared with the
 * snapshot before.
 *
 * So a list that grows by one item per payload is copied per payload. Snapshots that never change, with lists that are
 * plain arrays, leave no other way; a copy moves pointers only (0.1 s for 10,000 payloads of one item).
 */
export class Draft {
  readonly result: { -readonly [Key in keyof Result]: Result[Key] }
  /** How many items were overtaken by later ones of their list. */
  holes: number
  readonly #copies = new Set<unknown>()

  /** @param result - as it was, for this draft alone. */
  constructor(result: Result, holes: number) {
    this.result = result
    this.holes = holes
  }

  /** Adds to a list that is there. */
  append(path: readonly (string & (keyof Result | keyof IncrementalProgress))[], items: readonly unknown[]): void {
    this.insert(this.open(path) as JsonNode, items)
  }

  /** The object or list at a path, for writing; `null` where a field on the way is null, `undefined` where none is. */
  open(path: readonly (string | number)[]): JsonNode | null | undefined {
    let node = this.result as JsonNode
    for (const key of path) {
      const child = own(node, key)
      if (!isNode(child)) return child === null ? null : undefined
      node = this.#copy(node, key, child)
    }
    return node
  }

  /** Merges fields into an opened object. @returns whether they are an object as well. */
  merge(node: JsonNode, fields: unknown): boolean {
    if (!isNode(fields) || Array.isArray(node) !== Array.isArray(fields)) return false
    for (const key of Object.keys(fields)) this.#put(node, key, fields[key])
    return true
  }

  /**
   * Puts items into an opened list. Grafserv sends them as they are ready: the places of those that were overtaken are
   * holes until they come.
   *
   * @param start - index of the first. Default: the end of the list.
   * @returns whether they are items, and can stand there.
   */
  insert(list: JsonNode, items: unknown, start: unknown = list['length']): boolean {
    if (!Array.isArray(list) || !Array.isArray(items) || !Number.isInteger(start)) return false
    let index = start as number
    this.holes += Math.max(0, index - list.length)
    if (index < 0 || this.holes > mostHoles) return false
    for (const item of items) {
      if (index < list.length && !Object.hasOwn(list, index)) this.holes--
      this.#put(list, index++, item)
    }
    return true
  }

  /**
   * Two fragments may bring the same field, which is then merged. Null is not: it came of an error in a field below that
   * must not be null, and with fields of the other fragment there would be an object without it.
   */
  #put(node: JsonNode, key: string | number, value: unknown): void {
    const before = own(node, key)
    if (isNode(before) && isNode(value) && this.merge(this.#copy(node, key, before), value)) return
    if (before !== null) define(node, key, value)
  }

  #copy(node: JsonNode, key: string | number, child: JsonNode): JsonNode {
    if (this.#copies.has(child)) return child
    const copy = Array.isArray(child) ? (child.slice() as unknown as JsonNode) : { ...child }
    this.#copies.add(copy)
    define(node, key, copy)
    return copy
  }
}

/** Whether a value is an object or a list. */
export function isNode(value: unknown): value is JsonNode {
  return typeof value === 'object' && value !== null
}

function own(node: JsonNode, key: string | number): unknown {
  return Object.hasOwn(node, key) ? node[key] : undefined
}

/** Not by assignment, which would set the prototype where a server answers with a field `__proto__`. */
function define(node: JsonNode, key: string | number, value: unknown): void {
  Object.defineProperty(node, key, { value, writable: true, enumerable: true, configurable: true })
}
