import fc from 'fast-check'
import { credentialOf, hasAccessToken, storedTokens, type Tokens } from '../../../../core/src/auth/tokens.ts'
import { readRetryAfter } from '../../../../core/src/retryAfterMs.ts'
import { parameterOf } from '../../../../http-link/src/contentType.ts'
import { mediaTypeOf } from '../../../../http-link/src/response.ts'
import { bent, jsonWith, wild } from '../inputs.ts'
import { fuzzTarget, must } from '../target.ts'

const dates = ['Thu, 01 Jan 2026 00:00:00 GMT', '120', '1.5', '0x10', '1e3', ' 7 ', '-5', '2026-01-01T00:00:00Z']

/** A pause is between nothing and an hour, whatever the server asks for. */
export const retryAfter = fuzzTarget(
  'retry-after',
  fc.tuple(
    fc.oneof<fc.Arbitrary<unknown>[]>(bent(dates, [' ', ',', 'GMT', '+', '9']), wild(dates), jsonWith(['a'])),
    fc.nat(),
  ),
  ([value, date]) => {
    const ms = readRetryAfter(value, date)
    must(ms === undefined || (ms >= 0 && ms <= 3_600_000), `it is ${ms}`)
  },
)

const mediaWords = [
  ';',
  '=',
  '"',
  '\\',
  ' ',
  '\t',
  ',',
  'boundary',
  'Boundary=',
  '"-"',
  'multipart/mixed',
  '/',
  'charset=utf-8',
]
const mediaTypes = ['multipart/mixed; boundary="-"; deferSpec=20220824', 'text/event-stream;charset=utf-8']

/** A parameter is part of its content type, and one that was quoted by the book is read by the book. */
export const mediaType = fuzzTarget(
  'media-type',
  fc.tuple(fc.oneof(wild(mediaWords), bent(mediaTypes, mediaWords)), fc.stringMatching(/^[\x20-\x7e]{0,20}$/)),
  ([contentType, value]) => {
    const boundary = parameterOf(contentType, 'boundary')
    must(boundary === undefined || boundary.length < contentType.length, 'the parameter is longer than all')
    const type = mediaTypeOf({ get: () => contentType } as never)
    must(type === type.trim().toLowerCase() && !type.includes(';'), 'the media type is none')
    const quoted = `multipart/mixed; a=b; boundary="${value.replace(/["\\]/g, '\\$&')}"; ${contentType}`
    must(parameterOf(quoted, 'BOUNDARY') === value, 'a quoted parameter is read as another')
  },
)

const jwt = (claims: unknown): string => `e30.${Buffer.from(JSON.stringify(claims) ?? '').toString('base64url')}.c2ln`

/** What a token endpoint may answer: tokens whose times are in order. */
export const tokens = fuzzTarget(
  'tokens',
  fc.tuple(
    fc.oneof(
      jsonWith(['accessToken', 'refreshToken', 'expiresInSeconds', 'subject', 'date']),
      fc.record({
        accessToken: fc.oneof(jsonWith(['exp'], [1e9, 2e9, 1e300]).map(jwt), wild(['e30.', '.', 'e30', '=', '-', '_'])),
        expiresInSeconds: fc.oneof(fc.double(), wild(['60', '1e9', '-', '.']), fc.constant(undefined)),
        date: fc.oneof(bent(dates, [' ']), fc.constant(undefined)),
      }),
    ),
    fc.nat(),
    fc.oneof(fc.nat(1e9), fc.constant(undefined)),
  ),
  ([given, now, skewMs]) => {
    if (!hasAccessToken(given as Tokens)) return
    const instant = { now, date: now }
    const stored = storedTokens(given as Tokens, instant)
    const { lifetimeMs } = stored
    must(lifetimeMs === undefined || (lifetimeMs >= 1_000 && lifetimeMs < Infinity), `the lifetime is ${lifetimeMs}`)
    const { deadlines } = credentialOf(stored, instant, { skewMs: skewMs ?? undefined, random: () => 1 })
    if (!deadlines) return
    const { soft, hard, expiry } = deadlines
    must(soft.now <= hard.now && hard.now <= expiry.now, 'the deadlines are not in order')
  },
)
