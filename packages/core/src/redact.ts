/**
 * For authors of terminal links: text from outside, made fit for an error. An entry of its own, so that browsers load it
 * when the first error needs it.
 */
import { isHarmless } from './field.ts'
import type { Operation, OperationValue } from './operation.ts'
import { redacted } from './secret.ts'

/**
 * Makes a text that came from outside fit for an error message: every credential, sensitive header and variable of the
 * operation is cut out (also in JSON and URL spelling), control characters become spaces, and the rest is shortened.
 *
 * @param maxLength - in characters. Default: 256.
 *
 * @example
 * ```ts
 * import type { Operation } from '@graphlinks/core'
 * import { redact } from '@graphlinks/core/redact'
 *
 * export const explain = (operation: Operation, body: string): string => `the server said: ${redact(operation, body)}`
 * ```
 */
export function redact(operation: Operation, text: string, maxLength = 256): string {
  let clean = text
  for (const secret of secretsOf(operation)) {
    for (const spelling of new Set([secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])) {
      clean = clean.replaceAll(spelling, redacted)
    }
  }
  // Control characters could move the cursor of the terminal that prints the log.
  // oxlint-disable-next-line no-control-regex
  clean = clean.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').trim()
  return clean.length > maxLength ? `${clean.slice(0, maxLength)}...` : clean
}

/** Longest first, so that a value that contains another one is cut out whole. */
function secretsOf(operation: Operation): string[] {
  const { execution, overrides, variables } = operation as OperationValue
  const headers = (overrides ?? []).flatMap(([name, value]) => (value !== null && !isHarmless(name) ? [value] : []))
  const credentials = [...(execution?.secrets ?? []), ...headers]
  // The token of "Bearer token" is as secret as the whole; the scheme is not, and WWW-Authenticate starts with it.
  const words = credentials
    .flatMap((value) => [value, ...value.replace(/^(basic|bearer|dpop|token|jwt) /i, '').split(/[ =]/)])
    .filter((word) => word.length > 3)
  const found = new Set(words)
  collectStrings(variables, found, new Set())
  return [...found].sort((a, b) => b.length - a.length)
}

function collectStrings(value: unknown, found: Set<string>, seen: Set<object>): void {
  if (typeof value === 'string' && value.length > 2) found.add(value)
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  seen.add(value)
  for (const inner of Object.values(value)) collectStrings(inner, found, seen)
}

/**
 * An error of a library as a cause that may be kept: its name, its code and its redacted message, three causes deep.
 * The original is dropped, since errors of HTTP and WebSocket stacks carry headers, URLs and values.
 *
 * @example
 * ```ts
 * import type { Operation } from '@graphlinks/core'
 * import { redactError } from '@graphlinks/core/redact'
 *
 * export const causeFor = (operation: Operation, error: unknown): Error => redactError(operation, error)
 * ```
 */
export function redactError(operation: Operation, error: unknown, depth = 3): Error {
  const { name, message, code, cause } = (typeof error === 'object' && error !== null ? error : {}) as Error & {
    code?: unknown
  }
  const copy = new Error(redact(operation, String(message ?? error)))
  copy.name = String(name ?? 'Error')
  copy.stack = `${copy.name}: ${copy.message}`
  if (typeof code === 'string') Object.assign(copy, { code })
  if (cause !== undefined && depth > 1) copy.cause = redactError(operation, cause, depth - 1)
  return copy
}
