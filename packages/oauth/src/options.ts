import { InsecureTransportError, isLoopback, OptionsError, ownOptions, parseUrl } from '@graphlinks/core'
import { problemOf, type OAuthClientAuth } from './clientAuth.ts'

/** Options of both grants beside the address of the server. */
export interface OAuthSettings {
  readonly clientId: string
  /** How the client shows who it is. Default: `'none'`, a public client. */
  readonly clientAuth?: OAuthClientAuth | undefined
  /** What the tokens are to allow: words with spaces between them, or a list. Default: what the server decides. */
  readonly scope?: string | readonly string[] | undefined
  /** The URLs of the services that the tokens are for (RFC 8707). Default: what the server decides. */
  readonly resource?: string | readonly string[] | undefined
  /** Further parameters of the request, such as `audience`. */
  readonly parameters?: Readonly<Record<string, string>> | undefined
  /** Where to look for the server's metadata: OpenID Connect Discovery, or RFC 8414. Default: `'oidc'`. */
  readonly discovery?: 'oidc' | 'oauth2' | undefined
  /** Allows http to other machines, for tests in a closed network. Default: `false`; this machine is always allowed. */
  readonly allowInsecure?: boolean | undefined
  /** Default: the `fetch` that is global when a request is sent. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined
}

/**
 * Options of `oauthRefresh` and `oauthClientCredentials`. With `issuer` alone, the token endpoint is looked up in the
 * server's metadata before the first request; `tokenEndpoint` names it, and nothing is looked up.
 */
export type OAuthOptions = OAuthSettings &
  (
    | { readonly issuer: string | URL; readonly tokenEndpoint?: string | URL | undefined }
    | { readonly tokenEndpoint: string | URL; readonly issuer?: string | URL | undefined }
  )

/** Options, checked. */
export interface CheckedOptions {
  readonly deviceEndpoint: URL | undefined
  /** Whether the metadata of the server are needed. */
  readonly isDiscovered: boolean
  readonly issuer: URL | undefined
  readonly tokenEndpoint: URL | undefined
  readonly clientId: string
  readonly clientAuth: OAuthClientAuth
  /** Of the request: scope, resource and the further ones. */
  readonly parameters: URLSearchParams
  /** What is in the further ones. */
  readonly secrets: readonly string[]
  readonly discovery: 'oidc' | 'oauth2'
  readonly allowInsecure: boolean
  readonly fetch: OAuthSettings['fetch']
}

// What an option of its own or the grant sets.
const taken = /^(grant_type|client_id|client_secret|client_assertion(_type)?|refresh_token|scope|resource)$/

/** @throws {@link OptionsError} or {@link InsecureTransportError} that names the option. */
export function checkOptions(
  link: string,
  given: OAuthOptions & { readonly deviceEndpoint?: string | URL | undefined },
  needsDevice = false,
): CheckedOptions {
  const { clientId, clientAuth = 'none', allowInsecure = false, fetch, ...rest } = ownOptions(given)
  const { scope = [], resource = [], parameters = {}, discovery = 'oidc' } = rest
  const scopes = [scope].flat()
  const resources = [resource].flat()
  const own: OAuthClientAuth =
    typeof clientAuth === 'object' && clientAuth !== null ? ownOptions(clientAuth) : clientAuth
  const problem =
    ((typeof clientId !== 'string' || clientId === '') && 'clientId is a string that is not empty') ||
    (typeof allowInsecure !== 'boolean' && 'allowInsecure is true or false') ||
    (rest.issuer === undefined && rest.tokenEndpoint === undefined && 'give it issuer or tokenEndpoint') ||
    (needsDevice &&
      rest.issuer === undefined &&
      rest.deviceEndpoint === undefined &&
      'give it issuer, or deviceEndpoint beside tokenEndpoint') ||
    problemOf(own, rest.issuer !== undefined) ||
    (!scopes.every((word) => typeof word === 'string') && 'scope is a string or a list of strings') ||
    (!resources.every((url) => parseUrl(url)?.hash === '') && 'resource has URLs without a fragment') ||
    (!isTexts(parameters) && 'parameters has names and strings') ||
    (Object.keys(parameters).some((name) => taken.test(name)) &&
      'parameters has one that another option sets, or the grant') ||
    (discovery !== 'oidc' && discovery !== 'oauth2' && "discovery is 'oidc' or 'oauth2'") ||
    (fetch !== undefined && typeof fetch !== 'function' && 'fetch is a function')
  if (problem) throw new OptionsError(problem, { link })
  const read = (name: 'issuer' | 'tokenEndpoint' | 'deviceEndpoint'): URL | undefined => {
    const value = rest[name]
    return value === undefined ? undefined : checkUrl(link, name, String(value), allowInsecure)
  }
  return {
    issuer: read('issuer'),
    tokenEndpoint: read('tokenEndpoint'),
    deviceEndpoint: read('deviceEndpoint'),
    isDiscovered: rest.tokenEndpoint === undefined || (needsDevice && rest.deviceEndpoint === undefined),
    clientId,
    clientAuth: own,
    parameters: new URLSearchParams([
      ...Object.entries(parameters),
      ...(scopes.length > 0 ? [['scope', scopes.join(' ')]] : []),
      ...resources.map((url) => ['resource', url]),
    ]),
    secrets: Object.values(parameters).filter((value) => value.length > 2),
    discovery,
    allowInsecure,
    fetch,
  }
}

/**
 * Checks the address of a server that gets secrets, and gives them.
 *
 * @throws {@link OptionsError} where it is no URL, {@link InsecureTransportError} where others could listen
 * (RFC 6749 section 3.2). No message shows the URL, which may hold a password.
 */
export function checkUrl(link: string, name: string, text: string, allowInsecure: boolean): URL {
  const url = parseUrl(text)
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.hash) {
    throw new OptionsError(`${name} is an https URL without user, password and fragment`, { link })
  }
  if (url.protocol === 'https:' || allowInsecure || isLoopback(url.hostname)) return url
  throw new InsecureTransportError(
    `${name} is not https, so that others could read the tokens; allowInsecure: true allows it all the same`,
    { link },
  )
}

function isTexts(parameters: unknown): boolean {
  return (
    typeof parameters === 'object' &&
    parameters !== null &&
    Object.values(parameters).every((value) => typeof value === 'string')
  )
}
