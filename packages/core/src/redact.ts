/**
 * For authors of terminal links: text from outside, made fit for an error. An entry of its own, so that browsers load it
 * when the first error needs it.
 */
import { fold, viewsOf } from './escapes.ts'
import type { Operation, OperationValue } from './operation.ts'

// Not shared with secret.ts: bundlers make a chunk of what a lazily loaded file imports.
const redacted = '[redacted]'
// A secret is searched for by its beginning, and the rest of it is compared where that was found.
const longestNeedle = 128
// Characters of the original that one character of a secret may take: "%26%23x2b%3B" is a plus, in HTML, in a URL.
const longestSpelling = 16

/**
 * Makes a text that came from outside fit for an error message: every credential, sensitive header and variable of the
 * operation is cut out (also as JSON, URLs, forms and HTML spell it, and as two of them in turn), control characters
 * become spaces, and the rest is shortened.
 *
 * @param secrets - the operation, or texts to cut out, such as {@link secretsOf} and {@link valuesOf} give.
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
export function redact(secrets: Operation | ReadonlySet<string>, text: string, maxLength = 256): string {
  // A long text is cut before it is searched, but not within a secret, half of which would be left.
  let end = Math.min(text.length, 4_096 + maxLength)
  const searched = text.slice(0, end + longestNeedle * longestSpelling)
  const isSecret = new Uint8Array(searched.length)
  const views = viewsOf(searched)
  for (const secret of new Set([...(secrets instanceof Set ? secrets : secretsOf(secrets as Operation))].map(fold))) {
    for (const { text: spelled, starts } of views) {
      for (const [from, to] of occurrences(spelled, secret)) {
        const start = starts[from] as number
        if (start >= end) break
        const after = starts[to] as number
        isSecret.fill(1, start, after)
        end = Math.max(end, after)
      }
    }
  }
  let clean = ''
  for (let from = 0, to = 0; from < end; from = to) {
    while (to < end && isSecret[to] === isSecret[from]) to++
    clean += isSecret[from] ? redacted : searched.slice(from, to)
  }
  // Control characters could move the cursor of the terminal that prints the log.
  // oxlint-disable-next-line no-control-regex
  clean = clean.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').trim()
  return text.length > end || clean.length > maxLength ? `${clean.slice(0, maxLength)}...` : clean
}

/** Where a secret is, or at least the beginning of a long one: from and to. They may overlap. */
function* occurrences(text: string, secret: string): Generator<readonly [number, number]> {
  const needle = secret.slice(0, longestNeedle)
  for (let from = text.indexOf(needle); from >= 0; from = text.indexOf(needle, from + 1)) {
    let length = needle.length
    while (length < secret.length && secret[length] === text[from + length]) length++
    yield [from, from + length]
  }
}

/**
 * The credentials, sensitive headers and variables of an operation, as it is and as terminal links sent it.
 *
 * @example
 * ```ts
 * import type { Operation } from '@graphlinks/core'
 * import { redact, secretsOf } from '@graphlinks/core/redact'
 *
 * export const explain = (operations: Operation[], reason: string): string =>
 *   redact(new Set(operations.flatMap((operation) => [...secretsOf(operation)])), reason)
 * ```
 */
export function secretsOf(operation: Operation): Set<string> {
  const copies = [operation, ...((operation as OperationValue).execution?.sent ?? [])] as OperationValue[]
  const fields = copies.flatMap((copy) => copy.fields)
  const credentials = fields.flatMap(({ sensitive, value }) => (sensitive && value ? [value.reveal()] : []))
  const found = new Set(credentials.flatMap(partsOf))
  for (const variables of new Set(copies.map((copy) => copy.variables))) {
    for (const value of valuesOf(variables)) found.add(value)
  }
  return found
}

/**
 * A credential and what is as secret in it: the token of "Bearer token", the password in Base64, each of the cookies.
 *
 * @example
 * ```ts
 * import { partsOf } from '@graphlinks/core/redact'
 *
 * console.log(partsOf('Bearer abc123')) // [ 'Bearer abc123', 'abc123' ]
 * ```
 */
export function partsOf(credential: string): string[] {
  // The scheme is no secret, and WWW-Authenticate starts with it.
  const [, scheme = '', value = credential] = /^(basic|bearer|dpop|token|jwt) (.*)/i.exec(credential) ?? []
  const parts = [...new Set([credential, value, ...value.split(/[ =;]/)])].filter((part) => part.length > 3)
  if (scheme.toLowerCase() !== 'basic') return parts
  try {
    const bytes = Uint8Array.from(atob(value), (character) => character.charCodeAt(0))
    const user = new TextDecoder().decode(bytes)
    return [...parts, user, user.slice(user.indexOf(':') + 1)].filter((part) => part.length > 3)
  } catch {
    return parts
  }
}

/**
 * The texts and numbers in a JSON value, as they go on the wire. What has less than three characters says nothing.
 *
 * @example
 * ```ts
 * import { redact, valuesOf } from '@graphlinks/core/redact'
 *
 * export const explain = (payload: object, reason: string): string => redact(valuesOf(payload), reason)
 * ```
 */
export function valuesOf(json: unknown): Set<string> {
  const reached = new Set([asSent(json)])
  const found = new Set<string>()
  // The set grows meanwhile.
  for (const value of reached) {
    if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) reached.add(inner)
    else if ((typeof value === 'string' || typeof value === 'number') && String(value).length > 2)
      found.add(String(value))
  }
  return found
}

/** A date, for instance, is sent as a text. */
function asSent(json: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(json) ?? 'null')
  } catch {
    return json
  }
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
export function redactError(secrets: Operation | ReadonlySet<string>, error: unknown, depth = 3): Error {
  try {
    return redactedCopy(secrets, error, depth)
  } catch {
    return new Error('what was thrown cannot be read')
  }
}

function redactedCopy(secrets: Operation | ReadonlySet<string>, error: unknown, depth: number): Error {
  const { name, message, code, cause } = (typeof error === 'object' && error !== null ? error : {}) as Error & {
    code?: unknown
  }
  const copy = new Error(redact(secrets, String(message ?? error)))
  copy.name = String(name ?? 'Error')
  copy.stack = `${copy.name}: ${copy.message}`
  if (typeof code === 'string') Object.assign(copy, { code })
  if (cause !== undefined && depth > 1) copy.cause = redactError(secrets, cause, depth - 1)
  return copy
}
