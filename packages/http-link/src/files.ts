import type { JsonObject } from '@graphlinks/core'

/** What the `isFile` option says of a value; `undefined` where it is not set. */
export type FileTest = ((value: object) => boolean) | undefined

/**
 * Whether there may be a file in variables, or a promise of one: something of the platform's, or something to wait for.
 * For every operation, so that {@link hasFiles}, which looks closer, need not be there from the beginning.
 */
export function mayHaveFiles(variables: object, isFile: FileTest, seen = new Set<unknown>()): boolean {
  return Object.values(variables).some(
    (value: unknown) =>
      typeof value === 'object' &&
      value &&
      !seen.has(value) &&
      (Symbol.toStringTag in value ||
        'then' in value ||
        isFile?.(value) ||
        (!('toJSON' in value) && mayHaveFiles(value, isFile, seen.add(value)))),
  )
}

/** Whether there is a file in variables, or a promise of one. Stops at the first. */
export function hasFiles(variables: JsonObject | undefined, isFile: FileTest): boolean {
  return variables !== undefined && holdsFile(variables, isFile)
}

/** @param seen - what was looked at, so that cycles and objects in many places take no time. */
function holdsFile(holder: object, isFile: FileTest, seen = new Set<unknown>()): boolean {
  return Object.values(holder).some((value: unknown) => {
    if (typeof value !== 'object' || !value || seen.has(value)) return false
    // What says itself how it is written is data.
    return isUpload(value, isFile) || (!('toJSON' in value) && holdsFile(value, isFile, seen.add(value)))
  })
}

/** Whether a value is a file, a `FileList`, or a promise of a file. Classes of other realms have these names, too. */
export function isUpload(value: object, isFile: FileTest): boolean {
  const { then, [Symbol.toStringTag]: tag } = value as {
    readonly then?: unknown
    readonly [Symbol.toStringTag]?: string
  }
  return /^(Blob|File(List)?)$/.test(tag ?? '') || typeof then === 'function' || isFile?.(value) === true
}
