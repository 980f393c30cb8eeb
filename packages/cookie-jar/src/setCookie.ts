import { defaultPath, domainMatch, parse } from 'tough-cookie'
import { canonical, capped, isAcceptable, isPath, registrableDomain, type Cookie } from './cookie.ts'
import type { Target } from './target.ts'

/**
 * The cookie in a `Set-Cookie` field, or `undefined` where the server may not set it (RFC 6265bis sections 5.6 and 5.7).
 * What depends on the cookies that are there already, the jar decides.
 *
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis
 */
export function readSetCookie(text: string, target: Target, now: number): Cookie | undefined {
  // oxlint-disable-next-line no-control-regex
  if (typeof text !== 'string' || /[\x00-\x08\x0a-\x1f\x7f]/.test(text)) return undefined
  const parsed = parse(text)
  const scope = parsed && scopeOf(parsed.domain, target.host)
  if (!scope || (parsed.secure && !target.isSecure)) return undefined
  const { key: name, value, secure, httpOnly, sameSite } = parsed
  const hasPath = isPath(parsed.path)
  // "__Host-" asks for a path that was said, and not only guessed right.
  if (!hasPath && /^__host-/i.test(name)) return undefined
  const cookie: Cookie = {
    name,
    value,
    ...scope,
    path: hasPath ? (parsed.path as string) : defaultPath(target.path),
    secure,
    httpOnly,
    sameSite: sameSite as Cookie['sameSite'],
    expiresAt: expiryOf(parsed, now),
    createdAt: now,
    usedAt: now,
  }
  return isAcceptable(cookie) ? cookie : undefined
}

/** Which hosts a cookie is for, or `undefined` where this host may not say so. */
function scopeOf(domain: string | null, host: string): Pick<Cookie, 'domain' | 'hostOnly'> | undefined {
  if (!domain) return { domain: host, hostOnly: true }
  const wanted = canonical(domain)
  if (wanted === undefined || !domainMatch(host, wanted, false)) return undefined
  if (registrableDomain(wanted) !== undefined) return { domain: wanted, hostOnly: false }
  // A host that is a public suffix itself, or an address, or has one label, can set cookies for itself.
  return wanted === host ? { domain: host, hostOnly: true } : undefined
}

/**
 * `Max-Age` over `Expires`, as a moment: tough-cookie counts `Max-Age` from the last time the cookie was read, so that one
 * in use would never expire.
 */
function expiryOf(
  { maxAge, expires }: { readonly maxAge: number | string | null; readonly expires: Date | string | null },
  now: number,
): number | undefined {
  if (maxAge !== null) return Number(maxAge) > 0 ? capped(now + Number(maxAge) * 1_000, now) : 0
  return expires instanceof Date ? capped(expires.getTime(), now) : undefined
}
