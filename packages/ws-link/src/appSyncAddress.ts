/** Where AWS AppSync has its real-time endpoints, and how credentials get there. */
import type { ProtocolAddress } from './protocol.ts'

export type Headers = Readonly<Record<string, string>>

// The API and its real-time twin. Any other host is somebody's own domain, and credentials go to none that is like it.
const awsHost = /^([^.]+\.appsync-)(?:realtime-)?(api\.[^.]+\.amazonaws\.com(?:\.cn)?)$/

/**
 * The URL of the API, which signatures are made for, whatever stands before it.
 *
 * @param host - that of the API, where the endpoint is a proxy.
 */
export function apiOf(endpoint: URL, host: string | undefined): URL {
  const api = new URL(endpoint.href.replace(/^ws/, 'http'))
  api.search = ''
  api.pathname = api.pathname.replace(/\/+$/, '').replace(/\/realtime$/, '')
  if (host !== undefined) return new URL(`https://${host}${api.pathname}`)
  api.hostname = api.hostname.replace(awsHost, '$1$2')
  return api
}

/** The URL one level down. */
export function below(url: URL, name: string): URL {
  const lower = new URL(url)
  lower.pathname = `${url.pathname.replace(/\/$/, '')}/${name}`
  return lower
}

/** The real-time endpoint: a host of its own, or, for other domains, a path. */
export function addressOf(endpoint: URL, headers: Headers, handshake: 'subprotocol' | 'query'): ProtocolAddress {
  const api = apiOf(endpoint, undefined)
  const url = new URL((awsHost.test(api.hostname) ? api : below(api, 'realtime')).href.replace(/^http/, 'ws'))
  url.hostname = url.hostname.replace(awsHost, '$1realtime-$2')
  url.search = endpoint.search
  const bytes = new TextEncoder().encode(JSON.stringify(headers))
  const encoded = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
  if (handshake === 'query') {
    url.searchParams.set('header', encoded)
    url.searchParams.set('payload', btoa('{}'))
    return { url: url.href, subprotocols: ['graphql-ws'] }
  }
  const safe = encoded.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
  return { url: url.href, subprotocols: ['graphql-ws', `header-${safe}`] }
}

/** What links attached, with the host of the API in place of any other, and names as AWS spells them. */
export function credentialsOf({ authorization, ...headers }: Headers, { host }: URL): Headers {
  return { ...(authorization !== undefined && { Authorization: authorization }), ...headers, host }
}

/** With the host of the API, unless it is there: a signature may have covered it. */
export function withHost(headers: Headers, { host }: URL): Headers {
  return Object.keys(headers).some((name) => name.toLowerCase() === 'host') ? headers : { host, ...headers }
}
