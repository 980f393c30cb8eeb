import { HeaderError, type ErrorDetails } from './errors.ts'
import { inDevelopment } from './inDevelopment.ts'

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
const unsafe = /[^\t\x20-\x7e]|^[\t ]|[\t ]$/

// RFC 9110 section 7.6.1 and RFC 9112: these frame a message or belong to one hop, so an application that sets them
// can only smuggle or leak.
const refused =
  /^(connection|content-length|expect|host|keep-alive|proxy-(auth.*|connection)|te|trailer|transfer-encoding|upgrade)$/

// https://fetch.spec.whatwg.org/#forbidden-request-header: a browser drops these without a word.
const forbiddenInBrowsers =
  /^(accept-charset|accept-encoding|access-control-request-.*|cookie2?|date|dnt|origin|referer|set-cookie|via|proxy-.*|sec-.*)$/

/**
 * Whether this is a browser, where the platform decides over cookies, origins and handshakes.
 *
 * @example
 * ```ts
 * import { inBrowser } from '@graphlinks/core'
 *
 * console.log(inBrowser() ? 'the platform keeps the cookies' : 'a jar is needed')
 * ```
 */
export function inBrowser(): boolean {
  // What is on every object makes no browser.
  return 'importScripts' in globalThis || ('document' in globalThis && !('document' in {}))
}

/**
 * Checks a header name and gives it in lower case. A name is an RFC 9110 token; names that frame the message or belong
 * to one hop (`host`, `content-length`, `connection`, `proxy-authorization`, ...) are refused.
 *
 * @throws {@link HeaderError} when the name cannot be sent.
 *
 * @example
 * ```ts
 * import { checkHeaderName } from '@graphlinks/core'
 *
 * console.log(checkHeaderName('X-Tenant')) // x-tenant
 * ```
 */
export function checkHeaderName(name: string, details?: ErrorDetails): string {
  const lower = isToken(name) ? name.toLowerCase() : ''
  if (lower && !refused.test(lower) && !(forbiddenInBrowsers.test(lower) && inBrowser())) return lower
  throw new HeaderError(
    inDevelopment(() =>
      !lower
        ? 'a header name has a character that HTTP does not allow in names'
        : refused.test(lower)
          ? `"${lower}" is set by the transport, not by a client`
          : `"${lower}" cannot be set in a browser, which would drop it silently`,
    ) ?? `"${lower}" cannot be set`,
    details,
  )
}

/**
 * Checks a header value: visible ASCII with inner spaces and tabs, at most 16,384 characters. Runtimes disagree on
 * everything else (RFC 9110 section 5.5), and most of them print the value when they refuse it.
 *
 * @throws {@link HeaderError} that names the header and the position of the bad character, never the value.
 *
 * @example
 * ```ts
 * import { checkHeaderValue } from '@graphlinks/core'
 *
 * console.log(checkHeaderValue('x-tenant', 'acme')) // acme
 * ```
 */
export function checkHeaderValue(name: string, value: string, details?: ErrorDetails): string {
  if (typeof value === 'string' && !unsafe.test(value) && value.length <= maxValueLength) return value
  throw new HeaderError(
    inDevelopment(() =>
      typeof value !== 'string'
        ? `the value of "${name}" is ${kindOf(value)}, not a string`
        : unsafe.test(value)
          ? `the value of "${name}" has a character other than inner white space and visible ASCII at position ${value.search(unsafe)}`
          : `the value of "${name}" has ${value.length} characters, more than ${maxValueLength}`,
    ) ?? `the value of "${name}" cannot be sent`,
    details,
  )
}

/**
 * Normalises headers of any accepted shape into checked entries, one per name, in the order of first appearance.
 *
 * @throws {@link HeaderError} when a name or a value cannot be sent, or the input is no headers at all.
 *
 * @example
 * ```ts
 * import { headerEntries } from '@graphlinks/core'
 *
 * console.log(headerEntries({ 'X-Tenant': 'acme', 'x-tenant': 'other' })) // [['x-tenant', 'other']]
 * ```
 */
export function headerEntries(input: HeadersInput, details?: ErrorDetails): readonly HeaderEntry[] {
  if (typeof input !== 'object' || input === null)
    throw new HeaderError(inDevelopment(() => `headers are ${kindOf(input)}, not an object`) ?? 'headers', details)
  const entries = new Map<string, string | null>()
  const add = (rawName: string, value: string | null | undefined): void => {
    if (value === undefined) return
    const name = checkHeaderName(rawName, details)
    entries.set(name, value === null ? null : checkHeaderValue(name, value, details))
  }
  if (!(Symbol.iterator in input)) {
    for (const name of Object.keys(input)) add(name, input[name])
    return [...entries]
  }
  for (const pair of input) {
    if (!Array.isArray(pair) || pair.length !== 2)
      throw new HeaderError(inDevelopment(() => 'a list of headers has [name, value] pairs only') ?? 'headers', details)
    add(...(pair as [string, string | null | undefined]))
  }
  return [...entries]
}

/** What a value is, for an error message that must not show it and that {@link inDevelopment} gives. */
export function kindOf(value: unknown): string | undefined {
  return inDevelopment(() =>
    value instanceof Promise
      ? 'a promise (await it first)'
      : value === null || Array.isArray(value)
        ? 'null or a list'
        : typeof value,
  )
}

/** Whether a value is a token: a word of HTTP (RFC 9110 section 5.6.2). */
export function isToken(value: unknown): boolean {
  return typeof value === 'string' && /^[!#$%&'*+\-.^_`|~\w]+$/.test(value)
}
