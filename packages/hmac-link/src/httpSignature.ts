/** HTTP message signatures (RFC 9421) with HMAC using SHA-256, and digests of bodies (RFC 9530). */
import type { OutgoingRequest } from '@graphlinks/core'

/** What is signed of a request: its body aside, that is all that RFC 9421 looks at. */
export type SignedRequest = Pick<OutgoingRequest, 'method' | 'url' | 'headers'>

/** What a signature says of itself (RFC 9421 section 2.3), in the order of its names. */
export type SignatureParameters = readonly (readonly [name: string, value: string | number])[]

// RFC 9421 section 2.2. A handshake of a WebSocket is a request by http or https.
const derived: Readonly<Record<string, (request: SignedRequest) => string>> = {
  '@method': ({ method }) => method,
  '@target-uri': ({ url }) => schemeOf(url) + url.href.slice(url.protocol.length - 1).replace(/#.*/s, ''),
  '@authority': ({ url }) => url.host,
  '@scheme': ({ url }) => schemeOf(url),
  '@path': ({ url }) => url.pathname,
  '@query': ({ url }) => url.search || '?',
}

/** Whether a component has a value that can be had here. */
export function isComponent(name: string): boolean {
  return Object.hasOwn(derived, name) || /^[a-z\d!#$%&'*+.^_`|~-]+$/.test(name)
}

/** The values of components; those that are headers which the request does not have are left out. */
function valuesOf(components: readonly string[], request: SignedRequest): [name: string, value: string][] {
  return components.flatMap((name) => {
    const value = derived[name]?.(request) ?? request.headers.get(name)?.trim()
    return value === undefined ? [] : [[name, value]]
  })
}

/**
 * The headers that carry a signature (RFC 9421 section 4).
 *
 * @see https://www.rfc-editor.org/rfc/rfc9421#section-3.1
 */
export async function signatureHeaders(
  request: SignedRequest,
  components: readonly string[],
  parameters: SignatureParameters,
  label: string,
  key: CryptoKey,
): Promise<Readonly<Record<string, string>>> {
  const values = valuesOf(components, request)
  const covered = values.map(([name]) => quote(name)).join(' ')
  const input = `(${covered})${parameters.map(([name, value]) => `;${name}=${typeof value === 'number' ? value : quote(value)}`).join('')}`
  // RFC 9421 section 2.5
  const lines = [...values.map(([name, value]) => `${quote(name)}: ${value}`), `"@signature-params": ${input}`]
  const signature = await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(lines.join('\n')))
  return { 'signature-input': `${label}=${input}`, signature: `${label}=${toBytes(signature)}` }
}

/** The `Content-Digest` header of a body (RFC 9530 section 2). */
export async function digestOf(body: NonNullable<OutgoingRequest['body']>): Promise<string> {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  return `sha-256=${toBytes(await crypto.subtle.digest('SHA-256', bytes as BufferSource))}`
}

/** The key in the form that signs. */
export function importKey(secret: string | Uint8Array): Promise<CryptoKey> {
  const bytes = typeof secret === 'string' ? new TextEncoder().encode(secret) : secret
  return crypto.subtle.importKey('raw', bytes as BufferSource, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
}

/** Whether a text can stand in a string of a structured field (RFC 9651 section 3.3.3). */
export function isPrintable(text: unknown): text is string {
  return typeof text === 'string' && /^[ -~]+$/.test(text)
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

/** A byte sequence of a structured field (RFC 9651 section 3.3.5). */
function toBytes(bytes: ArrayBuffer): string {
  return `:${btoa(String.fromCharCode(...new Uint8Array(bytes)))}:`
}

function schemeOf({ protocol }: URL): string {
  return protocol.slice(0, -1).replace('ws', 'http')
}
