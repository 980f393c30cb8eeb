import {
  ownOptions,
  signerLink,
  type CredentialOptions,
  type IncomingResponse,
  type Link,
  type Provided,
} from '@graphlinks/core'
import { isCredentials, isText, signatureHeaders, type AwsCredentials } from './signer.ts'

/** Options of {@link sigv4Link}. */
export interface Sigv4LinkOptions extends CredentialOptions {
  /** The credentials, or a function that gives those of now, such as a provider of the AWS SDK. */
  readonly credentials: Provided<AwsCredentials>
  /** Where the API is, such as `'eu-west-1'`. */
  readonly region: string
  /** What the API is: `'appsync'`; `'execute-api'`, which is API Gateway; `'lambda'`, a function's own URL; ... */
  readonly service: 'appsync' | 'execute-api' | (string & {})
}

/**
 * Signs each request with credentials of AWS (Signature Version 4), just before it is sent, and anew whenever it is sent
 * again. Where AWS says that the clock of this machine is wrong, the request is sent once more with the right time.
 *
 * It needs `@smithy/signature-v4`, which is loaded with the first request. An `authorization` header of the request or
 * the call wins: nothing is then signed.
 *
 * @throws {@link OptionsError} when an option is no good, when the link is built. What a function gives is checked on
 * each operation, which fails with a {@link CredentialError} or `TimeoutError`; with a `LinkError` where the library is
 * not installed.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
 *
 * @example
 * ```ts
 * import { chain } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 * import { sigv4Link } from '@graphlinks/sigv4-link'
 *
 * const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret-key' }
 * export const link = chain(
 *   sigv4Link({ credentials, region: 'eu-west-1', service: 'appsync' }),
 *   httpLink({ url: 'https://abc.appsync-api.eu-west-1.amazonaws.com/graphql' }),
 * )
 * ```
 */
export function sigv4Link(options: Sigv4LinkOptions): Link {
  const own = ownOptions(options)
  const { credentials, region, service } = own
  return signerLink({
    name: 'sigv4Link',
    header: 'authorization',
    options: own,
    problem: (!isText(region) && 'region') || (!isText(service) && 'service'),
    // What AWS allows.
    maxSkewMs: 300_000,
    key: credentials,
    what: 'credentials',
    isKey: isCredentials,
    signer: (signing, skew) => ({
      identity: signing.accessKeyId,
      async request(request) {
        // Proxies and the platform may change others, and AWS asks for no more.
        const headers = Object.fromEntries(
          [...request.headers].filter(([header]) => /^(content-type$|x-amz-)/.test(header)),
        )
        const scope = { credentials: signing, region, service }
        return { headers: await signatureHeaders(scope, { ...request, headers }, skew.date(request)) }
      },
      response: (response, request) => mayBeSkew(response) && skew.explains(response, request),
    }),
  })
}

/** Whether AWS refused a signature for what may be its time. Not every service has a header for the reason. */
function mayBeSkew({ status, headers }: IncomingResponse): boolean {
  const mayBe = /^(Request(TimeTooSkewed|Expired)|InvalidSig)/
  return /40[13]/.test(`${status}`) && mayBe.test(headers.get('x-amzn-errortype') ?? 'InvalidSig')
}
