import {
  checkCredentialOptions,
  ClockSkew,
  CredentialError,
  inDevelopment,
  isOverridden,
  OptionsError,
  originOf,
  ownOptions,
  provideCredential,
  renewableLink,
  withSigner,
  type CredentialOptions,
  type Exchange,
  type IncomingResponse,
  type Link,
  type Operation,
  type Provided,
} from '@graphlinks/core'
import { isCredentials, signatureHeaders, type AwsCredentials } from './signer.ts'

/** Options of {@link sigv4Link}. */
export interface Sigv4LinkOptions extends CredentialOptions {
  /** The credentials, or a function that gives those of now, such as a provider of the AWS SDK. */
  readonly credentials: Provided<AwsCredentials>
  /** Where the API is, such as `'eu-west-1'`. */
  readonly region: string
  /** What the API is: `'appsync'`; `'execute-api'`, which is API Gateway; `'lambda'`, a function's own URL; ... */
  readonly service: 'appsync' | 'execute-api' | (string & {})
}

/** What AWS allows, and what the two clocks must differ by before one of them is blamed. */
const maxSkewMs = 300_000

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
  const link = 'sigv4Link'
  const own = ownOptions(options)
  const checked = checkCredentialOptions(link, own)
  const { credentials, region, service } = own
  const wrong =
    (typeof credentials !== 'function' && !isCredentials(credentials) && 'credentials') ||
    (!isName(region) && 'region') ||
    (!isName(service) && 'service')
  if (wrong) {
    const sentence = inDevelopment(() => `${wrong} is no good: docs/links/sigv4Link.md has what it takes`)
    throw new OptionsError(sentence ?? wrong, { link })
  }
  const skew = new ClockSkew({ maxSkewMs, clock: checked.clock })

  const signer = (given: AwsCredentials): Exchange => ({
    link,
    identity: given.accessKeyId,
    async request(request) {
      if (checked.origins && !checked.origins.includes(originOf(request.url))) return undefined
      // Proxies and the platform may change others, and AWS asks for no more.
      const headers = Object.fromEntries([...request.headers].filter(([name]) => /^(content-type$|x-amz-)/.test(name)))
      const scope = { credentials: given, region, service }
      return { headers: await signatureHeaders(link, scope, { ...request, headers }, skew.date(request)) }
    },
    response: (response, request) => mayBeSkew(response) && skew.explains(response, request),
  })

  const attach = (operation: Operation, given: AwsCredentials | undefined | null): Operation => {
    if (isCredentials(given)) return withSigner(operation, signer(given))
    if (given == null && checked.onMissing === 'omit') return operation
    const problem = given == null ? 'there are none (onMissing: "error")' : 'the credentials are no { accessKeyId, secretAccessKey }' // prettier-ignore
    throw new CredentialError(problem, { link, operationName: operation.operationName })
  }
  const signing = renewableLink((operation) =>
    typeof credentials === 'function'
      ? provideCredential(credentials, 'credentials', operation, checked, (given) => attach(operation, given))
      : attach(operation, credentials),
  )
  const named: Link = function sigv4Link(operation, next) {
    return isOverridden(operation, 'authorization') ? next(operation) : signing(operation, next)
  }
  return Object.assign(named, { stage: 'credential' as const })
}

/** Whether AWS refused a signature for what may be its time. Not every service has a header for the reason. */
function mayBeSkew({ status, headers }: IncomingResponse): boolean {
  const reason = headers.get('x-amzn-errortype')
  if (status !== 401 && status !== 403) return false
  return reason === null || /^(RequestTimeTooSkewed|RequestExpired|RequestInTheFuture|InvalidSignature)/.test(reason)
}

function isName(given: unknown): boolean {
  return typeof given === 'string' && /^[a-z\d-]+$/.test(given)
}
