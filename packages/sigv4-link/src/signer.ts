/** AWS Signature Version 4, by the implementation of the AWS SDK. It is loaded with the first request. */
import { inDevelopment, LinkError } from '@graphlinks/core'

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
 * The headers of a signed request: those that were given, `authorization`, `x-amz-date` and, of temporary credentials,
 * `x-amz-security-token`.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export async function signatureHeaders(
  { credentials, region, service }: SignatureScope,
  request: SignableRequest,
  date: number,
): Promise<Readonly<Record<string, string>>> {
  const { SignatureV4 } = await loadLibrary()
  const signer = new SignatureV4({
    credentials: credentials as AwsCredentials & { readonly sessionToken: string },
    region,
    service,
    sha256: WebCryptoSha256,
    // It would be in a header that not every API lets browsers send, and only S3 needs.
    applyChecksum: false,
  })
  const { protocol, hostname, host, pathname, searchParams } = request.url
  const { headers } = await signer.sign(
    {
      ...request,
      protocol,
      hostname,
      path: pathname,
      query: Object.fromEntries([...searchParams.keys()].map((name) => [name, searchParams.getAll(name)])),
      headers: { ...request.headers, host },
    },
    { signingDate: new Date(date) },
  )
  // The transport writes it.
  delete headers['host']
  return headers
}

/** Whether something can be used as credentials. */
export function isCredentials(given: unknown): given is AwsCredentials {
  const { accessKeyId, secretAccessKey, sessionToken = 'none' } = Object(given) as Partial<AwsCredentials>
  return [accessKeyId, secretAccessKey, sessionToken].every(isText)
}

/** Whether something is a text that says something. */
export function isText(given: unknown): boolean {
  return typeof given === 'string' && given !== ''
}

function loadLibrary(): Promise<typeof import('@smithy/signature-v4')> {
  const loading = import('@smithy/signature-v4')
  return (
    inDevelopment(() =>
      loading.catch((error: unknown) => {
        const { code } = Object(error) as { readonly code?: unknown }
        if (!/MODULE_NOT_FOUND/.test(String(code))) throw error
        throw new LinkError('@smithy/signature-v4 is not installed: npm i @smithy/signature-v4', { link: 'sigv4Link' })
      }),
    ) ?? loading
  )
}

type Data = string | ArrayBuffer | ArrayBufferView

/** What the SDK takes for SHA-256, and, with a secret, for HMAC. */
class WebCryptoSha256 {
  readonly #secret: Data | undefined
  readonly #data: Data[] = []

  constructor(secret?: Data) {
    this.#secret = secret
  }

  update(data: Data): void {
    this.#data.push(data)
  }

  async digest(): Promise<Uint8Array> {
    const { subtle } = crypto
    const data = await join(this.#data)
    const hash = 'SHA-256'
    if (this.#secret === undefined) return new Uint8Array(await subtle.digest(hash, data))
    const secret = await join([this.#secret])
    const key = await subtle.importKey('raw', secret, { name: 'HMAC', hash }, false, ['sign'])
    return new Uint8Array(await subtle.sign('HMAC', key, data))
  }
}

/** As bytes: of a text, those of UTF-8. */
function join(data: readonly Data[]): Promise<ArrayBuffer> {
  return new Blob(data as BlobPart[]).arrayBuffer()
}
