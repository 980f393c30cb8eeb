/** HTTP message signatures (RFC 9421) with HMAC using SHA-256, and digests of bodies (RFC 9530). */
import type { OutgoingRequest } from '@graphlinks/core'

/** Stands for the body. */
export const digestHeader = 'content-digest'

/** What a signature says of itself (RFC 9421 section 2.3), in the order of its names. */
export type SignatureParameters = Readonly<Record<string, string | number | undefined>>

/** Whether a component has a value that can be had here. */
export function isComponent(name: string): boolean {
  return /^(@(method|target-uri|authority|path|query)|[\d!#-'*+.^-z|~-]+)$/.test(name)
}

/**
 * The headers that carry a signature (RFC 9421 section 4) and, where it is signed, the digest of the body (RFC 9530
 * section 2). Components that are headers which the request does not have are left out.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9421#section-3.1
 */
export async function signatureHeaders(
  request: OutgoingRequest,
  components: readonly string[],
  parameters: SignatureParameters,
  label: string,
  key: CryptoKey,
): Promise<Readonly<Record<string, string | undefined>>> {
  const { method, url, headers, body } = request
  // RFC 9421 section 2.2
  const values = new Map([
    ...headers,
    ['@method', method],
    // The handshake of a WebSocket is a request by http or https.
    ['@target-uri', url.href.replace(/^ws/, 'http').replace(/#.*/, '')],
    ['@authority', url.host],
    ['@path', url.pathname],
    ['@query', url.search || '?'],
  ])
  if (body !== undefined && components.includes(digestHeader))
    values.set(digestHeader, `sha-256=:${toBase64(await crypto.subtle.digest('SHA-256', toBytes(body)))}:`)
  // RFC 9421 section 2.5
  const lines = components.flatMap((name) => (values.has(name) ? [`"${name}": ${values.get(name)}`] : []))
  const names = lines.map((line) => line.split(':')[0])
  // Of visible ASCII, JSON makes a string of a structured field (RFC 9651 section 3.3.3).
  const described = Object.entries(parameters).map(([name, value]) => value === undefined ? '' : `;${name}=${JSON.stringify(value)}`) // prettier-ignore
  const input = `(${names.join(' ')})${described.join('')}`
  const base = [...lines, `"@signature-params": ${input}`].join('\n')
  const signature = await crypto.subtle.sign('HMAC', key, toBytes(base))
  return {
    [digestHeader]: values.get(digestHeader),
    'signature-input': `${label}=${input}`,
    signature: `${label}=:${toBase64(signature)}:`,
  }
}

/** The key in the form that signs. */
export function importKey(secret: string | Uint8Array): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', toBytes(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
}

/** Whether a text can stand in a string of a structured field. */
export function isPrintable(text: unknown): text is string {
  return typeof text === 'string' && /^[ -~]+$/.test(text)
}

/** What stands between the colons of a byte sequence (RFC 9651 section 3.3.5). */
export function toBase64(bytes: ArrayBuffer | Uint8Array): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)))
}

function toBytes(data: string | Uint8Array): BufferSource {
  return (typeof data === 'string' ? new TextEncoder().encode(data) : data) as BufferSource
}
