/** AWS Signature Version 4, by the implementation of the AWS SDK. It is loaded with the first request. */
import { LinkError } from '@graphlinks/core'

/** Credentials of AWS, as its SDK has them. */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Only of temporary credentials. */
  readonly sessionToken?: string | undefined
}

/** What a signature is for. */
export interface SignatureScope {
  readonly credentials: AwsCredentials
  readonly region: string
  readonly service: string
}

/** What is signed. The handshake of a WebSocket is signed as if it were http. */
export interface SignableRequest {
  readonly method: string
  readonly url: URL
  /** All of them are signed, and the host. Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | undefined
}

/**
 * The headers that carry a signature: `authorization`, `x-amz-date` and, of temporary credentials,
 * `x-amz-security-token`.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export async function signatureHeaders(
  link: string,
  scope: SignatureScope,
  { method, url, headers, body }: SignableRequest,
  date: number,
): Promise<Readonly<Record<string, string>>> {
  const { SignatureV4 } = await loadLibrary(link)
  // Its own copy of the hash goes into a header that not every API lets browsers send, and only S3 needs.
  const signer = new SignatureV4({
    ...scope,
    credentials: scope.credentials as AwsCredentials & { readonly sessionToken: string },
    sha256: WebCryptoSha256,
    applyChecksum: false,
  })
  const request = {
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: queryOf(url),
    headers: { ...headers, host: url.host },
    body,
  }
  const signed = await signer.sign(request, { signingDate: new Date(date) })
  const names = ['authorization', 'x-amz-date', 'x-amz-security-token']
  return Object.fromEntries(names.flatMap((name) => (signed.headers[name] ? [[name, signed.headers[name]]] : [])))
}

/** Whether something can be used as credentials. */
export function isCredentials(given: unknown): given is AwsCredentials {
  const { accessKeyId, secretAccessKey, sessionToken = 'none' } = Object(given) as Partial<AwsCredentials>
  return [accessKeyId, secretAccessKey, sessionToken].every((text) => typeof text === 'string' && text !== '')
}

/** Whether something can be the name of a region or of a service. */
export function isName(given: unknown): boolean {
  return typeof given === 'string' && /^[a-z\d-]+$/.test(given)
}

async function loadLibrary(link: string): Promise<typeof import('@smithy/signature-v4')> {
  try {
    return await import('@smithy/signature-v4')
  } catch (error) {
    const { code } = Object(error) as { readonly code?: unknown }
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error
    throw new LinkError('@smithy/signature-v4 is not installed: npm i @smithy/signature-v4', { link })
  }
}

function queryOf({ searchParams }: URL): Record<string, string[]> {
  return Object.fromEntries([...searchParams.keys()].map((name) => [name, searchParams.getAll(name)]))
}

/** What the SDK takes for SHA-256, and, with a secret, for HMAC. */
class WebCryptoSha256 {
  readonly #secret: Uint8Array | undefined
  #data = new Uint8Array()

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret = secret === undefined ? undefined : toBytes(secret)
  }

  update(data: Uint8Array): void {
    const joined = new Uint8Array(this.#data.length + data.length)
    joined.set(this.#data)
    joined.set(data, this.#data.length)
    this.#data = joined
  }

  async digest(): Promise<Uint8Array> {
    const { subtle } = crypto
    if (!this.#secret) return new Uint8Array(await subtle.digest('SHA-256', this.#data))
    const algorithm = { name: 'HMAC', hash: 'SHA-256' }
    const key = await subtle.importKey('raw', this.#secret as BufferSource, algorithm, false, ['sign'])
    return new Uint8Array(await subtle.sign('HMAC', key, this.#data))
  }

  reset(): void {
    this.#data = new Uint8Array()
  }
}

function toBytes(secret: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof secret === 'string') return new TextEncoder().encode(secret)
  return ArrayBuffer.isView(secret)
    ? new Uint8Array(secret.buffer, secret.byteOffset, secret.byteLength)
    : new Uint8Array(secret)
}
