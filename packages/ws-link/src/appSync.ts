/** The real-time protocol of AWS AppSync. An entry of its own. */
import { inDevelopment, OptionsError, ownOptions, systemClock, type Clock } from '@graphlinks/core'
import { errorsOf, readMessage } from './messages.ts'
import type { Protocol, ProtocolAddress, ProtocolOperation, ProtocolSession, ProtocolStart } from './protocol.ts'

type Headers = Readonly<Record<string, string>>

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

interface Settings {
  readonly authorize: (request: AppSyncRequest) => Headers | Promise<Headers>
  readonly api: URL
  readonly startTimeoutMs: number
  readonly clock: Clock
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
      const request = { url: `${api.href}/connect`, body: '{}', headers: withHost(headers, api.host) }
      return addressOf(endpoint, await authorize(request), handshake)
    },
    start: (started) =>
      startSession(started, { authorize, api: apiOf(started.endpoint, own.host), startTimeoutMs, clock }),
  }
}

/** The URL of the API, which signatures are made for, whatever stands before it. */
function apiOf(endpoint: URL, host: string | undefined): URL {
  const api = new URL(endpoint.href.replace(/^ws/, 'http'))
  if (host !== undefined) api.host = host
  return api
}

/** The real-time endpoint: a host of its own, or, for other domains, a path. */
function addressOf(endpoint: URL, headers: Headers, handshake: 'subprotocol' | 'query'): ProtocolAddress {
  const url = new URL(endpoint.href.replace(/^http/, 'ws'))
  if (url.host.includes('appsync-api')) url.host = url.host.replace('appsync-api', 'appsync-realtime-api')
  else url.pathname += '/realtime'
  const encoded = btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(headers))))
  if (handshake === 'query') {
    url.searchParams.set('header', encoded)
    url.searchParams.set('payload', btoa('{}'))
    return { url: url.href, subprotocols: ['graphql-ws'] }
  }
  const safe = encoded.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
  return { url: url.href, subprotocols: ['graphql-ws', `header-${safe}`] }
}

/** As AWS spells them. */
function withHost({ authorization, ...headers }: Headers, host: string): Headers {
  return { host, ...(authorization !== undefined && { Authorization: authorization }), ...headers }
}

/** A subscription that the server has not accepted yet. */
interface Starting {
  readonly cancelTimer: () => void
  isStopped: boolean
}

function startSession({ send, listener }: ProtocolStart, settings: Settings): ProtocolSession {
  const { authorize, api, clock, startTimeoutMs } = settings
  const say = (message: object): void => send(JSON.stringify(message))
  const starting = new Map<string, Starting>()
  let isEnded = false

  /** The server has answered, one way or another. @returns whether the subscription had been stopped before. */
  const settle = (id: string): boolean => {
    const start = starting.get(id)
    starting.delete(id)
    start?.cancelTimer()
    return start?.isStopped ?? false
  }
  const fail = (id: string, message: string): void => {
    settle(id)
    listener.error(id, [{ message }])
  }
  const start = async (id: string, { query, operationName, variables, headers }: ProtocolOperation): Promise<void> => {
    const body = JSON.stringify({ query, operationName, variables })
    const authorization = await authorize({ url: api.href, body, headers: withHost(headers, api.host) })
    if (isEnded) return
    if (starting.get(id)?.isStopped) return void settle(id)
    say({ id, type: 'start', payload: { data: body, extensions: { authorization } } })
  }

  return {
    opened: () => say({ type: 'connection_init' }),
    received(text) {
      const message = readMessage(text, listener)
      if (!message) return
      const { type, id = '', payload } = message
      const { errors = [], connectionTimeoutMs } = Object(payload) as {
        readonly errors?: readonly object[]
        readonly connectionTimeoutMs?: number
      }
      switch (type) {
        case 'connection_ack':
          listener.acknowledged(payload)
          if (connectionTimeoutMs !== undefined) listener.expectLife(connectionTimeoutMs)
          return
        case 'connection_error':
          return listener.refused(errors[0])
        case 'ka':
          return listener.ping()
        case 'start_ack':
          // It was left before the server had it: only now can the server be told.
          if (settle(id)) say({ id, type: 'stop' })
          return
        case 'data':
          return listener.next(id, Object(payload) as object)
        case 'error':
          settle(id)
          return listener.error(id, errorsOf(errors).map(withType))
        case 'complete':
          settle(id)
          return listener.complete(id)
        default:
          listener.malformed(new Error('its type is not one of the protocol of AWS AppSync'))
      }
    },
    subscribe(id, operation) {
      const onTime = (): void => fail(id, `the server did not accept the subscription within ${startTimeoutMs} ms`)
      starting.set(id, { cancelTimer: clock.after(startTimeoutMs, onTime), isStopped: false })
      start(id, operation).catch(() => fail(id, 'the function authorize of appSyncProtocol failed'))
    },
    unsubscribe(id) {
      const start = starting.get(id)
      if (start) start.isStopped = true
      else say({ id, type: 'stop' })
    },
    ended() {
      isEnded = true
      for (const id of starting.keys()) settle(id)
    },
  }
}

/** `MaxSubscriptionsReachedError` and its like, where GraphQL errors have such things. */
function withType({ message, ...error }: { readonly message: string; readonly extensions?: object }): {
  readonly message: string
  readonly extensions: Readonly<Record<string, unknown>>
} {
  const { errorType, errorCode } = error as { readonly errorType?: unknown; readonly errorCode?: unknown }
  return { message, extensions: { ...error.extensions, errorType, errorCode } }
}
