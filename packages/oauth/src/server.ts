import { GraphLinksError, OptionsError } from '@graphlinks/core'
import { partsOf, redactError } from '@graphlinks/core/redact'
import type { AuthorizationServer } from 'oauth4webapi'
import { answerOf, brokenOff, type JsonObject } from './answer.ts'
import { OAuthError } from './errors.ts'
import { loadLibrary, type OAuth4WebApi } from './library.ts'
import { checkUrl, type CheckedOptions } from './options.ts'
import { shared } from './shared.ts'

/** One call of a server, and what must not be in its errors. */
export interface Call {
  readonly link: string
  readonly options: CheckedOptions
  readonly signal: AbortSignal
  readonly library: OAuth4WebApi
  readonly secrets: Set<string>
}

/** Whatever goes wrong, no secret comes out; a signal that aborts gives its own reason. */
export async function attempt<Value>(
  link: string,
  options: CheckedOptions,
  signal: AbortSignal,
  run: (call: Call) => Promise<Value>,
): Promise<Value> {
  const secrets = new Set(options.secrets)
  try {
    return await run({ link, options, signal, secrets, library: await loadLibrary(link) })
  } catch (error) {
    if (signal.aborted) throw signal.reason as Error
    if (GraphLinksError.is(error)) throw error
    throw new OAuthError('the request could not be made; see cause', { link, cause: redactError(secrets, error) })
  }
}

/**
 * Where the endpoints of an authorization server are: as the options say, or as its metadata do (OpenID Connect Discovery
 * 1.0 section 4, RFC 8414 section 3), which are asked for once.
 */
export function serverOf(link: string, options: CheckedOptions): (call: Call) => Promise<AuthorizationServer> {
  const { issuer, tokenEndpoint, deviceEndpoint } = options
  const named = {
    ...(tokenEndpoint && { token_endpoint: tokenEndpoint.href }),
    ...(deviceEndpoint && { device_authorization_endpoint: deviceEndpoint.href }),
  }
  const discover = shared((signal) => attempt(link, options, signal, (call) => discoverServer(call, issuer as URL)))
  return async ({ signal }) =>
    options.isDiscovered
      ? { ...(await discover(signal)), ...named }
      : { issuer: issuer?.href ?? (tokenEndpoint as URL).origin, ...named }
}

async function discoverServer(call: Call, issuer: URL): Promise<AuthorizationServer> {
  const { link, library, secrets, options } = call
  const algorithm = options.discovery
  const response = await library.discoveryRequest(issuer, { algorithm, ...requestOptions(call) })
  const { json } = await answerOf(link, 'the metadata of the issuer', response, secrets)
  return conform(call, json, (whole) => library.processDiscoveryResponse(issuer, whole))
}

/** Checks an address that secrets are about to go to: metadata may name any. */
export function checkEndpoint({ link, options }: Call, server: AuthorizationServer, name: `${string}_endpoint`): void {
  const url = server[name as 'token_endpoint']
  if (url === undefined) throw new OptionsError(`the metadata of the issuer have no ${name}`, { link })
  checkUrl(link, name, String(url), options.allowInsecure)
}

export function requestOptions({ link, options, signal, secrets, library }: Call, more?: RequestInit) {
  const send = async (url: string, init: object): Promise<Response> => {
    const { fetch = globalThis.fetch } = options
    const { body, headers } = init as { readonly body?: URLSearchParams; readonly headers: Record<string, string> }
    for (const part of partsOf(headers['authorization'] ?? '')) secrets.add(part)
    const assertion = body?.get('client_assertion')
    if (assertion) secrets.add(assertion)
    try {
      return await fetch(url, { ...init, ...more, signal })
    } catch (error) {
      throw brokenOff(link, secrets, error)
    }
  }
  // What is insecure was refused before, by a rule that lets this machine pass.
  return { [library.customFetch]: send, [library.allowInsecureRequests]: true }
}

/** Lets oauth4webapi judge an answer. */
export async function conform<Value>(
  { link, secrets }: Call,
  json: JsonObject,
  judge: (response: Response) => Promise<Value>,
): Promise<Value> {
  try {
    return await judge(new Response(JSON.stringify(json)))
  } catch (error) {
    throw new OAuthError('the server answered 200, and not what it must answer; see cause', {
      link,
      status: 200,
      cause: redactError(secrets, error, 1),
    })
  }
}
