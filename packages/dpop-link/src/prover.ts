/** Proofs of possession (RFC 9449 section 4), with what servers want of them: a nonce, and the right time. */
import { ClockSkew, originOf, type ClockSkewOptions, type IncomingResponse } from '@graphlinks/core'
import { toBase64Url, type DpopKey } from './dpopKey.ts'

/** What a proof is for. */
export interface Provable {
  readonly method: string
  readonly url: URL
}

/** Makes proofs, and hears what servers say of them. */
export class Prover {
  readonly #skew: ClockSkew
  readonly #uniqueId: () => string
  /** The newest of each origin. */
  readonly #nonces = new Map<string, string>()
  readonly #sent = new WeakMap<object, { readonly origin: string; readonly nonce: string | undefined }>()

  constructor(options: ClockSkewOptions, uniqueId: () => string = randomId) {
    this.#skew = new ClockSkew(options)
    this.#uniqueId = uniqueId
  }

  /**
   * @param request - the object that {@link hear} gets later.
   * @param token - the access token that goes along, if one does.
   */
  async prove(key: DpopKey, request: Provable, token: string | undefined): Promise<string> {
    const { method, url } = request
    const origin = originOf(url)
    const nonce = this.#nonces.get(origin)
    this.#sent.set(request, { origin, nonce })
    const claims = {
      jti: this.#uniqueId(),
      htm: method,
      htu: origin + url.pathname,
      iat: Math.floor(this.#skew.date(request) / 1_000),
      ...(token !== undefined && { ath: toBase64Url(await digest(token)) }),
      nonce,
    }
    const text = `${encode({ typ: 'dpop+jwt', alg: 'ES256', jwk: key.publicJwk })}.${encode(claims)}`
    const algorithm = { name: 'ECDSA', hash: 'SHA-256' }
    const signature = await crypto.subtle.sign(algorithm, key.privateKey as CryptoKey, new TextEncoder().encode(text))
    return `${text}.${toBase64Url(signature)}`
  }

  /**
   * Hears of the answer to a request. Nonces come with any (RFC 9449 section 8.2).
   *
   * @param reason - why it was refused, where it was.
   * @returns whether another proof may be good.
   */
  hear(response: IncomingResponse, request: object, reason: string | null): boolean {
    const sent = this.#sent.get(request)
    if (!sent) return false
    const nonce = response.headers.get('dpop-nonce')
    if (nonce) this.#nonces.set(sent.origin, nonce)
    // A server that does not take its own newest nonce will take none.
    if (/use_dpop_nonce/.test(reason ?? '')) return Boolean(nonce) && nonce !== sent.nonce
    return /invalid_dpop_proof/.test(reason ?? '') && this.#skew.explains(response, request)
  }
}

/** The access token of an `authorization` header that says that it needs a proof (RFC 9449 section 7.1). */
export function tokenOf(authorization: string | null | undefined): string | undefined {
  return /^DPoP +(\S+)$/i.exec(authorization ?? '')?.[1]
}

function encode(part: object): string {
  return toBase64Url(new TextEncoder().encode(JSON.stringify(part)))
}

function digest(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
}

function randomId(): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(16)))
}
