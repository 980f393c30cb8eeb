import { domainMatch, pathMatch } from 'tough-cookie'
import { hasExpired, registrableDomain, type Cookie } from './cookie.ts'
import type { Target } from './target.ts'

// As browsers have it.
const maxPerSite = 180
const maxInAll = 3_000
// What a link can send; common servers take half of it, or all.
const maxHeaderLength = 16_384

/** A cookie in its place among the others. */
interface Kept extends Cookie {
  usedAt: number
  /** Who came first: clocks go back, and two cookies may come in one millisecond. */
  readonly serial: number
  /** What is limited together: subdomains cost nothing. */
  readonly site: string
}

/** The cookies of a jar. Nothing in here waits, so that no two changes mix. */
export class Cookies {
  // The one that was used last is the last.
  readonly #kept = new Map<string, Kept>()
  #serial = 0
  #revision = 0

  /** Another number after each change. */
  get revision(): number {
    return this.#revision
  }

  /** All that have not expired, in the order in which they came. */
  list(now: number): readonly Cookie[] {
    this.#expire(now)
    return [...this.#kept.values()].sort((a, b) => a.serial - b.serial)
  }

  clear(): void {
    this.#kept.clear()
    this.#revision++
  }

  /** @returns whether the cookie was taken; one that has expired is, and takes out the one that it replaces. */
  set(cookie: Cookie, isSecure: boolean, now: number): boolean {
    this.#expire(now)
    if (!isSecure && !cookie.secure && this.#hidesSecure(cookie)) return false
    const key = keyOf(cookie)
    const old = this.#kept.get(key)
    if (hasExpired(cookie, now)) {
      if (this.#kept.delete(key)) this.#revision++
      return true
    }
    if (!old || !isSame(old, cookie)) this.#revision++
    this.#kept.delete(key)
    this.#evict(this.#put(key, cookie, old).site)
    return this.#kept.has(key)
  }

  /** Puts in cookies that were saved, of too many those that were used last. */
  restore(saved: readonly Cookie[]): void {
    const last = new Set([...saved].sort((a, b) => a.usedAt - b.usedAt).slice(-maxInAll))
    const inOrder = saved.filter((cookie) => last.has(cookie)).sort((a, b) => a.createdAt - b.createdAt)
    for (const cookie of inOrder) this.#put(keyOf(cookie), cookie)
    const byUse = [...this.#kept].sort(([, a], [, b]) => a.usedAt - b.usedAt)
    this.#kept.clear()
    for (const [key, cookie] of byUse) {
      this.#kept.set(key, cookie)
      this.#evict(cookie.site)
    }
  }

  /** The value of a `Cookie` header (RFC 6265bis section 5.8.3), or an empty text. */
  header({ host, path, isSecure }: Target, now: number): string {
    this.#expire(now)
    const found: Kept[] = []
    for (const cookie of this.#kept.values()) {
      if (!(cookie.hostOnly ? host === cookie.domain : domainMatch(host, cookie.domain, false))) continue
      if (pathMatch(path, cookie.path) && (isSecure || !cookie.secure)) found.push(cookie)
    }
    found.sort((a, b) => b.path.length - a.path.length || a.serial - b.serial)
    let header = ''
    for (const cookie of found) {
      const key = keyOf(cookie)
      this.#kept.delete(key)
      this.#kept.set(key, cookie)
      cookie.usedAt = now
      const pair = `${header && '; '}${cookie.name}=${cookie.value}`
      if (header.length + pair.length <= maxHeaderLength) header += pair
    }
    return header
  }

  /** Whether a cookie from a connection that others can change would replace, or come before, one from a safe one. */
  #hidesSecure({ name, domain, path }: Cookie): boolean {
    for (const other of this.#kept.values()) {
      if (!other.secure || other.name !== name || !pathMatch(path, other.path)) continue
      if (domainMatch(domain, other.domain, false) || domainMatch(other.domain, domain, false)) return true
    }
    return false
  }

  #put(key: string, cookie: Cookie, old?: Kept): Kept {
    const { createdAt, serial } = old ?? { createdAt: cookie.createdAt, serial: this.#serial++ }
    const kept = { ...cookie, createdAt, serial, site: registrableDomain(cookie.domain) ?? cookie.domain }
    this.#kept.set(key, kept)
    return kept
  }

  #expire(now: number): void {
    for (const [key, cookie] of this.#kept) if (hasExpired(cookie, now)) this.#kept.delete(key)
  }

  /** After one more came: one goes where its site, or the jar, has too many. */
  #evict(site: string): void {
    let ofSite = 0
    for (const kept of this.#kept.values()) if (kept.site === site) ofSite++
    const isCrowded = ofSite > maxPerSite
    if (!isCrowded && this.#kept.size <= maxInAll) return
    // The one that was not used for the longest time; but nobody on an unsafe connection can push out what is secure.
    let victim: string | undefined
    for (const [key, kept] of this.#kept) {
      if (isCrowded && kept.site !== site) continue
      victim ??= key
      if (kept.secure) continue
      victim = key
      break
    }
    if (victim !== undefined) this.#kept.delete(victim)
  }
}

/** One cookie replaces another where these are equal: also whether it is for one host, which tough-cookie leaves out. */
function keyOf({ name, domain, path, hostOnly }: Cookie): string {
  return [name, domain, path, hostOnly].join('\n')
}

function isSame(a: Cookie, b: Cookie): boolean {
  return (['value', 'secure', 'httpOnly', 'sameSite', 'expiresAt'] as const).every((key) => a[key] === b[key])
}
