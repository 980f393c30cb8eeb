/** Whether there is a file in variables, or what one is read from. Looks at each object once. */
export function hasFiles(value: unknown, seen: Set<unknown> = new Set()): boolean {
  if (typeof value !== 'object' || value === null || seen.has(value)) return false
  return (
    /^\[object (Blob|File|Promise|ReadableStream)/.test(Object.prototype.toString.call(value)) ||
    Object.values(value).some((inner) => hasFiles(inner, seen.add(value)))
  )
}
