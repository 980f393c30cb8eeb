/** The real-time protocol of AWS AppSync. An entry of its own. */
import { inDevelopment, OptionsError, ownOptions, systemClock, type Clock } from '@graphlinks/core'
import { addressOf, apiOf, below, credentialsOf, withHost, type Headers } from './appSyncAddress.ts'
import { startSession } from './appSyncSession.ts'
import type { Protocol } from './protocol.ts'

/** What is to be authorized: the connection, or one subscription. */
export interface AppSyncRequest {
  /** The URL that a signature is made for. */
  readonly url: string
  /** The body that a signature is made for: `{}` for the connection. */
  readonly body: string
  /** The host of the API, and the headers that links attached. They are secrets. */
  readonly headers: Headers
}

/** Options of {@link appSyncProtocol}. */
export interface AppSyncProtocolOptions {
  /** The host of the API, where `url` names a proxy in front of it. Default: that of `url`. */
  readonly host?: string | undefined
  /**
   * Where the credentials of the connection travel: in the list of subprotocols, or, for older proxies, in the URL, which
   * servers and proxies log. Default: `'subprotocol'`.
   */
  readonly handshake?: 'subprotocol' | 'query' | undefined
  /** Makes the headers of a request, such as an IAM signature. Default: they are the host and what links attached. */
  readonly authorize?: ((request: AppSyncRequest) => Headers | Promise<Headers>) | undefined
  /** How long the server may take to accept a subscription, in milliseconds. Default: 15,000. */
  readonly startTimeoutMs?: number | undefined
  /** Time for `startTimeoutMs`. Default: the platform's. */
  readonly clock?: Clock | undefined
}

/**
 * The real-time protocol of AWS AppSync: subscriptions alone. `url` of the link is that of the API, such as
 * `https://abc.appsync-api.eu-west-1.amazonaws.com/graphql`, or of a domain of your own.
 *
 * @throws `OptionsError` when an option is no good.
 *
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/real-time-websocket-client.html
 *
 * @example
 * ```ts
 * import { apiKeyLink, chain } from '@graphlinks/core'
 * import { wsLink } from '@graphlinks/ws-link'
 * import { appSyncProtocol } from '@graphlinks/ws-link/appsync'
 *
 * const url = 'https://abc.appsync-api.eu-west-1.amazonaws.com/graphql'
 * export const link = chain(apiKeyLink({ key: 'da2-123' }), wsLink({ url, protocol: appSyncProtocol() }))
 * ```
 */
export function appSyncProtocol(options: AppSyncProtocolOptions = {}): Protocol {
  const own = ownOptions(options)
  const { handshake = 'subprotocol', startTimeoutMs = 15_000, clock = systemClock } = own
  const { authorize = ({ headers }: AppSyncRequest) => headers } = own
  const wrong =
    (!/^(subprotocol|query)$/.test(handshake) && 'handshake') ||
    (!(startTimeoutMs > 0 && startTimeoutMs < 2 ** 31) && 'startTimeoutMs') ||
    (typeof authorize !== 'function' && 'authorize') ||
    (own.host !== undefined && !/^[\w.-]+(:\d+)?$/.test(own.host) && 'host')
  if (wrong) {
    const sentence = inDevelopment(() => `${wrong} of appSyncProtocol: see docs/links/wsLink.md for what it takes`)
    throw new OptionsError(sentence ?? wrong, { link: 'wsLink' })
  }
  return {
    name: 'the protocol of AWS AppSync',
    subprotocol: 'graphql-ws',
    kinds: ['subscription'],
    async address(endpoint, headers) {
      const api = apiOf(endpoint, own.host)
      const request = { url: below(api, 'connect').href, body: '{}', headers: credentialsOf(headers, api) }
      return addressOf(endpoint, withHost(await authorize(request), api), handshake)
    },
    start(started) {
      const api = apiOf(started.endpoint, own.host)
      const authorizeStart = async (body: string, headers: Headers): Promise<Headers> =>
        withHost(await authorize({ url: api.href, body, headers: credentialsOf(headers, api) }), api)
      return startSession(started, { authorize: authorizeStart, startTimeoutMs, clock })
    },
  }
}
