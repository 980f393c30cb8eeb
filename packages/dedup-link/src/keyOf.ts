import { fingerprintOf, type Operation } from '@graphlinks/core'
import { isPlain } from './copyOf.ts'

/**
 * A text that two operations have in common exactly where a server is asked the same by both; `undefined` where that
 * cannot be said. It holds the credentials.
 *
 * @param rest - what else there is.
 */
export function keyOf(
  operation: Operation,
  ignoredHeaders: readonly string[] | undefined,
  rest: readonly unknown[],
): string | undefined {
  try {
    return JSON.stringify(
      [
        operation.operationName,
        operation.variables,
        operation.extensions,
        fingerprintOf(operation, ignoredHeaders).reveal(),
        rest,
      ],
      canonical,
    )
  } catch {
    // Neither can it be sent, but for files; the terminal link knows.
    return undefined
  }
}

/** As a replacer of `JSON.stringify`: members in the order of their names. @throws where a value is no JSON. */
function canonical(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  // Files, streams and promises, which are read once or come later, and what JSON shows nothing of, such as a Map.
  if (!isPlain(value) || 'then' in value) throw new TypeError()
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, (value as Readonly<Record<string, unknown>>)[name]]),
  )
}
