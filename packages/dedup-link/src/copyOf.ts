/**
 * A copy of the lists and plain objects in a value, all the way down, for about half of what parsing them took; freezing
 * would take no less. The rest, such as the headers of a response, stays what it is.
 *
 * @param copies - what was copied before, by its original.
 */
export function copyOf<Value>(value: Value, copies: Map<object, object> | undefined): Value {
  if (typeof value !== 'object' || value === null) return value
  const known = copies?.get(value)
  if (known) return known as Value
  const copy: object = Array.isArray(value)
    ? value.map((item: unknown) => copyOf(item, copies))
    : isPlain(value)
      ? copyMembers(value, copies)
      : value
  copies?.set(value, copy)
  return copy as Value
}

function copyMembers(value: object, copies: Map<object, object> | undefined): object {
  // Spread, because a member named `__proto__` is copied then, and is one's own when it is set.
  const copy = { ...value } as Record<string, unknown>
  for (const name in copy) {
    const member = copy[name]
    if (typeof member === 'object') copy[name] = copyOf(member, copies)
  }
  return copy
}

/** Whether an object is of no class, in whatever realm it was made. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
