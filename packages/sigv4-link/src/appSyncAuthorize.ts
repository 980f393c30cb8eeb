/** Signatures for AppSync's real-time protocol. An entry of its own. */
import { CredentialError, inDevelopment, OptionsError, ownOptions, systemClock, type Clock } from '@graphlinks/core'
import { isCredentials, isText, signatureHeaders, type AwsCredentials } from './signer.ts'

/** Options of {@link appSyncAuthorize}. */
export interface AppSyncAuthorizeOptions {
  /** The credentials, or a function that gives those of now, such as a provider of the AWS SDK. */
  readonly credentials: AwsCredentials | (() => AwsCredentials | Promise<AwsCredentials>)
  /** Where the API is, such as `'eu-west-1'`. */
  readonly region: string
  /** The time of signatures. Default: the platform's. */
  readonly clock?: Clock | undefined
}

/** What the real-time protocol of AppSync wants to be signed: the connection, or one subscription. */
export interface AppSyncSignable {
  readonly url: string
  readonly body: string
  /** The host of the API, and the headers that links attached. */
  readonly headers: Readonly<Record<string, string>>
}

// As AWS has it for both requests.
const signed = {
  accept: 'application/json, text/javascript',
  'content-encoding': 'amz-1.0',
  'content-type': 'application/json; charset=UTF-8',
}

/**
 * Signs connections and subscriptions of AWS AppSync's real-time protocol with credentials of AWS: the `authorize` of
 * `appSyncProtocol`. Each is signed when it is made, those after a loss of the connection included.
 *
 * @throws {@link OptionsError} when an option is no good. What a function gives is checked when it is used.
 *
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/real-time-websocket-client.html
 *
 * @example
 * ```ts
 * import { appSyncAuthorize } from '@graphlinks/sigv4-link/appsync'
 * import { wsLink } from '@graphlinks/ws-link'
 * import { appSyncProtocol } from '@graphlinks/ws-link/appsync'
 *
 * const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret-key' }
 * export const link = wsLink({
 *   url: 'https://abc.appsync-api.eu-west-1.amazonaws.com/graphql',
 *   protocol: appSyncProtocol({ authorize: appSyncAuthorize({ credentials, region: 'eu-west-1' }) }),
 * })
 * ```
 */
export function appSyncAuthorize(
  options: AppSyncAuthorizeOptions,
): (request: AppSyncSignable) => Promise<Readonly<Record<string, string>>> {
  const link = 'appSyncAuthorize'
  const { credentials, region, clock = systemClock } = ownOptions(options)
  const wrong =
    (typeof credentials !== 'function' && !isCredentials(credentials) && 'credentials') || (!isText(region) && 'region')
  if (wrong) {
    const sentence = inDevelopment(() => `${wrong} is no good: docs/links/sigv4Link.md has what it takes`)
    throw new OptionsError(sentence ?? wrong, { link })
  }
  return async ({ url, body, headers }) => {
    const given = typeof credentials === 'function' ? await credentials() : credentials
    if (!isCredentials(given))
      throw new CredentialError('the credentials are no { accessKeyId, secretAccessKey }', { link })
    const scope = { credentials: given, region, service: 'appsync' }
    const request = { method: 'POST', url: new URL(url), headers: signed, body }
    const signature = await signatureHeaders(scope, request, clock.date())
    return { ...headers, ...asSpelled(signature) }
  }
}

/** The names as the documentation of AppSync spells them: in a message, case may matter. */
function asSpelled({ authorization, 'x-amz-security-token': token, ...others }: Readonly<Record<string, string>>) {
  return {
    ...others,
    Authorization: authorization as string,
    ...(token !== undefined && { 'X-Amz-Security-Token': token }),
  }
}
