/**
 * For authors of terminal links: text from outside, made fit for an error. An entry of its own, so that browsers load it
 * when the first error needs it.
 */
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
  const spellings = [...new Set([...secretsOf(operation)].flatMap(spellingsOf))].sort((a, b) => b.length - a.length)
  // A long text is cut before it is searched, but not within a secret, half of which would be left.
  let end = 4_096 + maxLength
  for (const spelling of spellings) {
    const start = Math.max(0, end - spelling.length)
    const offset = text.slice(start, end + spelling.length).indexOf(spelling)
    if (offset >= 0) end = Math.max(end, start + offset + spelling.length)
  }
  let clean = text.slice(0, end)
  for (const spelling of spellings) clean = clean.replaceAll(spelling, redacted)
  // Control characters could move the cursor of the terminal that prints the log.
  // oxlint-disable-next-line no-control-regex
  clean = clean.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').trim()
  return text.length > end || clean.length > maxLength ? `${clean.slice(0, maxLength)}...` : clean
}

function secretsOf(operation: Operation): Set<string> {
  const { execution, variables } = operation as OperationValue
  const fields = [operation, ...(execution?.sent ?? [])].flatMap((sent) => (sent as OperationValue).fields)
  const credentials = fields.flatMap(({ sensitive, value }) => (sensitive && value ? [value.reveal()] : []))
  const found = new Set(credentials.flatMap(partsOf).filter((part) => part.length > 3))
  collectValues(variables, found, new Set())
  return found
}

/** A credential and what is as secret in it: the token of "Bearer token", the password in Base64, each of the cookies. */
function partsOf(credential: string): string[] {
  // The scheme is no secret, and WWW-Authenticate starts with it.
  const [, scheme = '', value = credential] = /^(basic|bearer|dpop|token|jwt) (.*)/i.exec(credential) ?? []
  const parts = [credential, value, ...value.split(/[ =;]/)]
  if (scheme.toLowerCase() !== 'basic') return parts
  try {
    const bytes = Uint8Array.from(atob(value), (character) => character.charCodeAt(0))
    const user = new TextDecoder().decode(bytes)
    return [...parts, user, user.slice(user.indexOf(':') + 1)]
  } catch {
    return parts
  }
}

/** How servers spell a text when they echo it: in JSON (PHP escapes slashes), in a URL, in a form, in HTML. */
function spellingsOf(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1)
  // encodeURIComponent throws on half a character.
  const url = encodeURIComponent(secret.replace(/[\ud800-\udfff]/gu, '\ufffd'))
  const form = new URLSearchParams([['', secret]]).toString().slice(1)
  const html = secret.replace(/[&<>"']/g, (character) => htmlEntities[character] ?? character)
  return [secret, json, json.replaceAll('/', '\\/'), url, form, html]
}

const htmlEntities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function collectValues(value: unknown, found: Set<string>, seen: Set<object>): void {
  if ((typeof value === 'string' || typeof value === 'number') && String(value).length > 2) found.add(String(value))
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  seen.add(value)
  for (const inner of Object.values(value)) collectValues(inner, found, seen)
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
