import { capped, hasExpired, isAcceptable, type Cookie } from './cookie.ts'
import { CookieJarError } from './errors.ts'

/** A full jar of the longest cookies is smaller, whatever escapes it takes. */
export const maxSavedLength = 32 * 1_048_576

/** The cookies as JSON, in the words of tough-cookie, which can read it. */
export function toSaved(cookies: readonly Cookie[]): string {
  return JSON.stringify({ version: 'graphlinks-cookie-jar@1', cookies: cookies.map(toEntry) })
}

function toEntry({ name, expiresAt, createdAt, usedAt, ...rest }: Cookie): object {
  const { value, domain, path, hostOnly, secure, httpOnly, sameSite } = rest
  return {
    key: name,
    value,
    domain,
    path,
    hostOnly,
    secure,
    httpOnly,
    sameSite,
    expires: expiresAt === undefined ? undefined : new Date(expiresAt).toISOString(),
    creation: new Date(createdAt).toISOString(),
    lastAccessed: new Date(usedAt).toISOString(),
  }
}

/**
 * The cookies in what {@link toSaved} gave, or in what `serialize` of a tough-cookie jar gave. Anybody may have written to
 * it since: a cookie that no server could have set is left out.
 *
 * @throws {@link CookieJarError} where it is no saved jar at all.
 */
export function fromSaved(link: string, saved: unknown, now: number): readonly Cookie[] {
  const entries = own(typeof saved === 'string' ? parse(saved) : saved, 'cookies')
  if (!Array.isArray(entries)) {
    throw new CookieJarError('this is no saved jar: it is cut off, or has no list of cookies, or is too long', { link })
  }
  return entries.flatMap((entry: unknown) => readEntry(entry, now) ?? [])
}

/** The error of `JSON.parse` quotes the text, so it is of no use. */
function parse(text: string): unknown {
  try {
    return text.length <= maxSavedLength ? JSON.parse(text) : undefined
  } catch {
    return undefined
  }
}

function readEntry(entry: unknown, now: number): Cookie | undefined {
  // tough-cookie leaves out a value that is empty, and flags that are not set.
  const fields = {
    name: textOf(entry, 'key'),
    value: textOf(entry, 'value', ''),
    domain: textOf(entry, 'domain'),
    path: textOf(entry, 'path'),
    hostOnly: flagOf(entry, 'hostOnly', true),
    secure: flagOf(entry, 'secure', false),
    httpOnly: flagOf(entry, 'httpOnly', false),
  }
  const createdAt = Math.min(timeOf(own(entry, 'creation')) ?? now, now)
  const usedAt = Math.min(timeOf(own(entry, 'lastAccessed')) ?? createdAt, now)
  const expiry = expiryOf(own(entry, 'maxAge'), own(entry, 'expires'), usedAt)
  if (Object.values(fields).includes(undefined) || Number.isNaN(expiry)) return undefined
  const cookie = {
    ...(fields as Pick<Cookie, keyof typeof fields>),
    sameSite: (['strict', 'lax', 'none'] as const).find((mode) => mode === own(entry, 'sameSite')),
    expiresAt: expiry === undefined ? undefined : capped(expiry, now),
    createdAt,
    usedAt,
  }
  return isAcceptable(cookie) && !hasExpired(cookie, now) ? cookie : undefined
}

/** When it expires; `undefined` for never, `NaN` where nobody can tell, and it might live for ever. */
function expiryOf(maxAge: unknown, expires: unknown, usedAt: number): number | undefined {
  // An object may have no number at all, which throws.
  if (maxAge !== undefined) return typeof maxAge === 'object' ? Number.NaN : usedAt + Number(maxAge) * 1_000
  return expires === undefined || expires === 'Infinity' ? undefined : (timeOf(expires) ?? Number.NaN)
}

function textOf(entry: unknown, name: string, missing?: string): string | undefined {
  const value = own(entry, name) ?? missing
  return typeof value === 'string' ? value : undefined
}

function flagOf(entry: unknown, name: string, missing: boolean): boolean | undefined {
  const value = own(entry, name) ?? missing
  return typeof value === 'boolean' ? value : undefined
}

function timeOf(value: unknown): number | undefined {
  if (typeof value !== 'string' && typeof value !== 'number' && !(value instanceof Date)) return undefined
  const time = new Date(value).getTime()
  return Number.isNaN(time) ? undefined : time
}

/** What lies on the value itself: somebody may have put the same name on `Object.prototype`. `null` counts as missing. */
function own(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Record<string, unknown>)[name] ?? undefined
}
