/** Whether a value passes the test, or one within its arrays and plain objects does. */
export function holdsValue(value: unknown, test: (value: unknown) => boolean, seen: Set<unknown> = new Set()): boolean {
  if (test(value)) return true
  if (typeof value !== 'object' || value === null || seen.has(value)) return false
  seen.add(value)
  return Object.values(value).some((inner) => holdsValue(inner, test, seen))
}
