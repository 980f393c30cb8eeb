import { isOver, later, type Instant } from '../clock.ts'
import type { StoredTokens } from './tokenStore.ts'

/** What a sign-in or a refresh gives. */
export interface Tokens {
  readonly accessToken: string
  /** Renews the access token. Absent from the answer of a refresh: the one before stays (RFC 6749 section 6). */
  readonly refreshToken?: string | undefined
  /**
   * For how long the access token is good, in seconds (RFC 6749 section 5.1, `expires_in`). Default: until the `exp` of
   * the token, where it is a JWT; otherwise nobody knows, and it is renewed when a server refuses it.
   */
  readonly expiresInSeconds?: number | string | undefined
  /** Whose tokens they are. A refresh that gives those of somebody else ends the session. */
  readonly subject?: string | undefined
  /** The `Date` header of the answer that brought them: right where this machine's clock is wrong. For the `exp` of a JWT. */
  readonly date?: string | undefined
}

/** When tokens are to be renewed. */
interface Deadlines {
  /** From here on they are renewed in the background. */
  readonly soft: Instant
  /** From here on operations wait for the new ones. */
  readonly hard: Instant
  /** From here on they are no good. */
  readonly expiry: Instant
}

/** Tokens that are in use. */
export interface Credential {
  readonly stored: StoredTokens
  /** `undefined` where nobody knows how long they are good. */
  readonly deadlines?: Deadlines
}

/** What decides how long before its end a token is renewed. */
export interface Windows {
  /** One window for everything, in milliseconds; `undefined` for the two that depend on the lifetime. */
  readonly skewMs?: number | undefined
  /** A number from 0 to 1, so that many clients do not renew at once. */
  readonly random: () => number
}

// A token that is dead on arrival would be renewed by every operation.
const shortestLifetimeMs = 1_000
// A difference that no network makes: the clock of this machine is wrong.
const wrongClockMs = 300_000

/** Whether tokens are any. */
export function hasAccessToken<Some extends Tokens>(tokens: Some | undefined | null): tokens is Some {
  // Not of an object made of nothing, which could have what somebody put on `Object.prototype`.
  const accessToken: unknown = tokens?.accessToken
  return typeof accessToken === 'string' && accessToken !== ''
}

/** Tokens as they are stored: what an answer says, counted from the moment when it was asked for. */
export function storedTokens(
  { accessToken, refreshToken, subject, expiresInSeconds, date }: Tokens,
  from: Instant,
  before?: StoredTokens,
): StoredTokens {
  const lifetimeMs = lifetimeOf(expiresInSeconds) ?? lifetimeOf(remainingOf(accessToken, from.date, date))
  return {
    accessToken,
    refreshToken: refreshToken ?? before?.refreshToken,
    subject: subject ?? before?.subject,
    lifetimeMs,
    expiresAt: lifetimeMs && from.date + lifetimeMs,
    session: before?.session ?? randomId(),
    version: randomId(),
  }
}

/** Tokens in use, as they came from the store. */
export function credentialOf(stored: StoredTokens, present: Instant, { skewMs, random }: Windows): Credential {
  const { expiresAt = 0, lifetimeMs = 0 } = stored
  // A store may give anything.
  if (!(expiresAt > 0 && lifetimeMs > 0)) return { stored }
  const expiry = later(present, expiresAt - present.date)
  let softMs = Math.min(skewMs ?? 300_000, lifetimeMs * 0.2)
  let hardMs = softMs
  if (skewMs === undefined) {
    softMs += random() * Math.min(30_000, lifetimeMs * 0.05)
    hardMs = Math.min(10_000, lifetimeMs * 0.05)
  }
  return { stored, deadlines: { soft: later(expiry, -softMs), hard: later(expiry, -hardMs), expiry } }
}

/** Whether a token may still be sent, where there is no new one. */
export function isExpired({ deadlines }: Credential, present: Instant): boolean {
  return isOver(deadlines?.expiry, present)
}

/** The lifetime that a number of seconds means; servers also send it as text, and send numbers that mean nothing. */
function lifetimeOf(seconds: unknown): number | undefined {
  // An object may have no number at all, which throws.
  const lifetimeMs = typeof seconds === 'object' ? 0 : Number(seconds) * 1_000
  return lifetimeMs > 0 && lifetimeMs < Infinity ? Math.max(lifetimeMs, shortestLifetimeMs) : undefined
}

/** The seconds until the `exp` of a JWT (RFC 7519 section 4.1.4); what is none has no such thing. */
function remainingOf(token: string, date: number, answered: string | undefined): number | undefined {
  try {
    const serverDate = Date.parse(answered ?? '')
    const present = Math.abs(serverDate - date) >= wrongClockMs ? serverDate : date
    const payload = token.split('.')[1] as string
    const { exp } = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as { readonly exp: number }
    return exp - present / 1_000
  } catch {
    return undefined
  }
}

/** An id that no other session or version has, whichever process made it. */
function randomId(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join('-')
}
