import { HeaderError, type ErrorDetails } from './errors.ts'

/**
 * Headers as a caller may give them: an object, a `Headers`, a `Map`, or `[name, value]` pairs. All shapes mean the
 * same. Names are case-insensitive, the last of one name wins, `null` removes an inherited header, `undefined` is
 * skipped.
 */
export type HeadersInput =
  | Readonly<Record<string, string | null | undefined>>
  | Iterable<readonly [name: string, value: string | null | undefined]>

/** One header after normalisation: a lower-case name, and a checked value or `null` for "remove". */
export type HeaderEntry = readonly [name: string, value: string | null]

const maxValueLength = 16_384
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const unsafe = /[^\t\x20-\x7e]|^[\t ]|[\t ]$/

// RFC 9110 section 7.6.1 and RFC 9112: these frame a message or belong to one hop, so an application that sets them
// can only smuggle or leak.
const refused = new Set(
  'connection content-length expect host keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
)

// https://fetch.spec.whatwg.org/#forbidden-request-header: a browser drops these without a word.
const forbiddenInBrowsers =
  /^(accept-charset|accept-encoding|access-control-request-.*|cookie2?|date|dnt|origin|referer|set-cookie|via|proxy-.*|sec-.*)$/

/** Whether this is a browser, where the platform decides over cookies, origins and handshakes. */
export function inBrowser(): boolean {
  return 'document' in globalThis || 'importScripts' in globalThis
}

/**
 * Checks a header name and gives it in lower case. A name is an RFC 9110 token; names that frame the message or belong
 * to one hop (`host`, `content-length`, `connection`, `proxy-authorization`, ...) are refused.
 *
 * @throws {@link HeaderError} when the name cannot be sent.
 */
export function checkHeaderName(name: string, details?: ErrorDetails): string {
  if (typeof name !== 'string' || !token.test(name)) {
    throw new HeaderError('a header name has a character that HTTP does not allow in names', details)
  }
  const lower = name.toLowerCase()
  if (refused.has(lower)) {
    throw new HeaderError(`the header "${lower}" is set by the transport and cannot be set by a client`, details)
  }
  if (forbiddenInBrowsers.test(lower) && inBrowser()) {
    throw new HeaderError(`browsers do not let a page set the header "${lower}": they drop it silently`, details)
  }
  return lower
}

/**
 * Checks a header value: visible ASCII with inner spaces and tabs, at most 16,384 characters. Runtimes disagree on
 * everything else (RFC 9110 section 5.5), and most of them print the value when they refuse it.
 *
 * @throws {@link HeaderError} that names the header and the position of the bad character, never the value.
 */
export function checkHeaderValue(name: string, value: string, details?: ErrorDetails): string {
  if (typeof value !== 'string') {
    throw new HeaderError(`the value of "${name}" is ${kindOf(value)}, not a string`, details)
  }
  const position = value.search(unsafe)
  if (position >= 0) {
    const problem = /[\t ]/.test(value.charAt(position))
      ? 'leading or trailing white space'
      : 'a character other than visible ASCII'
    throw new HeaderError(`the value of "${name}" has ${problem} at position ${position}`, details)
  }
  if (value.length > maxValueLength) {
    throw new HeaderError(
      `the value of "${name}" has ${value.length} characters, more than the ${maxValueLength} allowed`,
      details,
    )
  }
  return value
}

/**
 * Normalises headers of any accepted shape into checked entries, one per name, in the order of first appearance.
 *
 * @throws {@link HeaderError} when a name or a value cannot be sent, or the input is no headers at all.
 */
export function headerEntries(input: HeadersInput, details?: ErrorDetails): readonly HeaderEntry[] {
  if (typeof input !== 'object' || input === null) {
    throw new HeaderError(`headers are ${kindOf(input)}, not an object, Headers, Map or list of pairs`, details)
  }
  const entries = new Map<string, string | null>()
  for (const pair of Symbol.iterator in input ? input : Object.entries(input)) {
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw new HeaderError('a list of headers has an entry that is no [name, value] pair', details)
    }
    const [rawName, value] = pair as [string, string | null | undefined]
    if (value === undefined) continue
    const name = checkHeaderName(rawName, details)
    entries.set(name, value === null ? null : checkHeaderValue(name, value, details))
  }
  return [...entries]
}

/** What a value is, for an error message that must not show it. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  if (typeof (value as PromiseLike<unknown>).then === 'function') return 'a promise (await it first)'
  return `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`
}
