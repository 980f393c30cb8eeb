/** Proofs of possession (RFC 9449 section 4), with what servers want of them: a nonce, and the right time. */
import { originOf, type ClockSkew, type IncomingResponse } from '@graphlinks/core'
import { toBase64Url, type DpopKey } from './dpopKey.ts'

/** What a proof is for. */
interface Provable {
  readonly method: string
  readonly url: URL
}

/** Makes the proofs of one key. */
export interface Prover {
  /** @param token - the access token that goes along, if one does. */
  readonly prove: (request: Provable, token: string | undefined) => Promise<string>
  /**
   * Hears of the answer to a request. Nonces come with any (RFC 9449 section 8.2).
   *
   * @param reason - why it was refused, where it was.
   * @returns whether another proof may be good.
   */
  readonly hear: (response: IncomingResponse, request: Provable, reason: string | null) => boolean
}

/** @param nonces - the newest of each origin. */
export function createProver(
  { publicJwk: jwk, privateKey }: DpopKey,
  skew: ClockSkew,
  nonces: Map<string, string>,
  uniqueId: () => string = randomId,
): Prover {
  const used = new WeakMap<Provable, string | undefined>()
  return {
    async prove(request, token) {
      const { method: htm, url } = request
      const origin = originOf(url)
      const nonce = nonces.get(origin)
      used.set(request, nonce)
      const jti = uniqueId()
      if (!jti?.length) throw new TypeError('no uniqueId')
      const claims = {
        jti,
        htm,
        htu: origin + url.pathname,
        iat: Math.floor(skew.date(request) / 1_000),
        ath: token && toBase64Url(await crypto.subtle.digest('SHA-256', toBytes(token))),
        nonce,
      }
      const parts = [{ typ: 'dpop+jwt', alg: 'ES256', jwk }, claims]
      const text = parts.map((part) => toBase64Url(toBytes(JSON.stringify(part)))).join('.')
      const algorithm = { name: 'ECDSA', hash: 'SHA-256' }
      return `${text}.${toBase64Url(await crypto.subtle.sign(algorithm, privateKey as CryptoKey, toBytes(text)))}`
    },
    hear(response, request, reason) {
      if (!used.has(request)) return false
      const nonce = response.headers.get('dpop-nonce')
      if (nonce) nonces.set(originOf(request.url), nonce)
      // Whatever it is refused for, the time may be wrong as well, and it is sent once more only.
      const isLate = /_dpop_/.test(reason ?? '') && skew.explains(response, request)
      // A server that does not take its own newest nonce will take none.
      return /use_dpop_nonce/.test(reason ?? '') ? Boolean(nonce) && nonce !== used.get(request) : isLate
    },
  }
}

/** The access token of an `authorization` header that says that it needs a proof (RFC 9449 section 7.1). */
export function tokenOf(authorization: string | null | undefined): string | undefined {
  return /^DPoP +(\S+)$/i.exec(authorization ?? '')?.[1]
}

/** Bytes of a text, in a buffer of their own. */
function toBytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

function randomId(): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(16)))
}
