/**
 * A copy of the lists and plain objects in a value, all the way down, for about half of what parsing them took; freezing
 * would take no less. The rest, such as the headers of a response, stays what it is.
 *
 * @param copies - what was copied before, by its original: it is not copied again.
 */
export function copyOf<Value>(value: Value, copies: Map<unknown, unknown>): Value {
  if (typeof value !== 'object' || value === null) return value
  const known = copies.get(value)
  if (known) return known as Value
  if (Array.isArray(value)) {
    const list = value.map((item: unknown) => copyOf(item, copies))
    copies.set(value, list)
    return list as Value
  }
  if (!isPlain(value)) return value
  // Spread, because a member named `__proto__` is copied then, and is one's own when it is set.
  const copy = { ...value }
  copies.set(value, copy)
  for (const name in copy) copy[name] = copyOf(copy[name], copies)
  return copy
}

/** Whether an object is of no class, in whatever realm it was made. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
