import { canonicalDomain, getPublicSuffix } from 'tough-cookie'

/** A cookie as a jar keeps it: with all that the server did not say filled in. */
export interface Cookie {
  readonly name: string
  readonly value: string
  /** In lower case and ASCII, without a leading dot; an IPv6 address without brackets. */
  readonly domain: string
  readonly path: string
  /** Whether it is for this very host, and not for those below it. */
  readonly hostOnly: boolean
  readonly secure: boolean
  readonly httpOnly: boolean
  readonly sameSite: 'strict' | 'lax' | 'none' | undefined
  /** In milliseconds since 1970, never infinite; `undefined` where the server gave none: it lasts as long as the jar. */
  readonly expiresAt: number | undefined
  readonly createdAt: number
  readonly usedAt: number
}

// RFC 6265bis section 5.6: name and value together, and each attribute. All is ASCII, so characters are bytes.
const maxPairLength = 4_096
const maxPathLength = 1_024
const maxLifeMs = 400 * 86_400_000

/**
 * Whether a cookie, new or restored, may be in a jar. Names and values have no other characters than those that every
 * runtime sends as they are (RFC 9110 section 5.5): a cookie that cannot be sent would fail each request from then on.
 */
export function isAcceptable(cookie: Cookie): boolean {
  const { name, value, domain, path, hostOnly } = cookie
  return (
    /^[\x21-\x3a\x3c\x3e-\x7e]([\x20-\x3a\x3c\x3e-\x7e]*[\x21-\x3a\x3c\x3e-\x7e])?$/.test(name) &&
    /^([\x21-\x3a\x3c-\x7e]([\x20-\x3a\x3c-\x7e]*[\x21-\x3a\x3c-\x7e])?)?$/.test(value) &&
    name.length + value.length <= maxPairLength &&
    /^\/[\x20-\x3a\x3c-\x7e]*$/.test(path) &&
    path.length <= maxPathLength &&
    /^[\w.:-]{1,255}$/.test(domain) &&
    canonical(domain) === domain &&
    (hostOnly || registrableDomain(domain) !== undefined) &&
    keepsPromises(cookie)
  )
}

/** What the prefix of a name promises to the server (RFC 6265bis section 4.1.3), in whatever case it is written. */
function keepsPromises({ name, path, hostOnly, secure, httpOnly }: Cookie): boolean {
  if (/^__(secure|host|http)-/i.test(name) && !secure) return false
  if (/^__(host-)?http-/i.test(name) && !httpOnly) return false
  return !/^__host-/i.test(name) || (hostOnly && path === '/')
}

/** A path that is too long counts as none (RFC 6265bis section 5.6). */
export function isPath(path: string | null | undefined): path is string {
  return path?.startsWith('/') === true && path.length <= maxPathLength
}

/** When a cookie expires that a server, or a file, lets expire then: after 400 days at the latest. */
export function capped(expiresAt: number, now: number): number {
  // What has expired is as good as what expired long ago.
  return Math.max(0, Math.min(expiresAt, now + maxLifeMs))
}

export function hasExpired({ expiresAt }: Cookie, now: number): boolean {
  return expiresAt !== undefined && expiresAt <= now
}

/** A domain as cookies have it, or `undefined` where it can be none. */
export function canonical(domain: string): string | undefined {
  try {
    return canonicalDomain(domain)
  } catch {
    return undefined
  }
}

/** The domain that somebody registered, `example.co.uk`; `undefined` for what many share, as `co.uk`, and for addresses. */
export function registrableDomain(domain: string): string | undefined {
  // tough-cookie makes an exception of it. For browsers it is what any other top-level domain is.
  if (domain === 'localhost') return undefined
  return getPublicSuffix(domain, { allowSpecialUseDomain: true, ignoreError: true })
}
