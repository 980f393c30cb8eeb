// Loaded for the first request: most pages are left before their tokens expire.
import { GraphLinksError, type Tokens } from '@graphlinks/core'
import { partsOf, redactError, valuesOf } from '@graphlinks/core/redact'
import type { AuthorizationServer } from 'oauth4webapi'
import { answerOf, brokenOff, subjectOf, type JsonObject } from './answer.ts'
import { authenticate } from './clientAuth.ts'
import { OAuthError } from './errors.ts'
import { loadLibrary, type OAuth4WebApi } from './library.ts'
import { checkUrl, type CheckedOptions } from './options.ts'
import { shared } from './shared.ts'

/** What is asked for. */
export interface Grant {
  readonly type: 'refresh_token' | 'client_credentials'
  readonly refreshToken?: string | undefined
  readonly signal: AbortSignal
}

/** Asks the token endpoint of an authorization server for tokens. */
export function tokenEndpointOf(link: string, options: CheckedOptions): (grant: Grant) => Promise<Tokens> {
  const { issuer, tokenEndpoint, clientId, clientAuth } = options
  const discover = shared((signal) => attempt(link, options, signal, (call) => discoverServer(call, issuer as URL)))

  return ({ type, refreshToken, signal }) =>
    attempt(link, options, signal, async (call) => {
      const { library, secrets } = call
      const parameters = new URLSearchParams(options.parameters)
      if (refreshToken !== undefined) {
        parameters.set('refresh_token', refreshToken)
        secrets.add(refreshToken)
      }
      const server: AuthorizationServer = tokenEndpoint
        ? { issuer: issuer?.href ?? tokenEndpoint.origin, token_endpoint: tokenEndpoint.href }
        : await discover(signal)
      const client = { client_id: clientId }
      const auth = await authenticate(link, library, clientAuth, secrets)
      // A page that is left must not lose the tokens on their way.
      const request = requestOptions(call, { keepalive: true })
      const response = await library.genericTokenEndpointRequest(server, client, auth, type, parameters, request)
      const { json, headers } = await answerOf(link, 'the token endpoint', response, secrets)
      for (const value of valuesOf(json)) secrets.add(value)
      // The refresh token is used up, and its successor is in here: whatever can be done without is no reason to refuse
      // it. An id_token is valid by the clock, and that of this machine may be wrong.
      const { id_token: idToken, expires_in: expiresInSeconds, refresh_token: successor, ...rest } = json
      const tokens = await conform(call, rest, (whole) =>
        library.processGenericTokenEndpointResponse(server, client, whole),
      )
      return {
        accessToken: tokens.access_token,
        refreshToken: typeof successor === 'string' && successor !== '' ? successor : undefined,
        expiresInSeconds: expiresInSeconds as number | string | undefined,
        subject: subjectOf(idToken),
        date: headers.get('date') ?? undefined,
      }
    })
}

/** One call of a server, and what must not be in its errors. */
interface Call {
  readonly link: string
  readonly options: CheckedOptions
  readonly signal: AbortSignal
  readonly library: OAuth4WebApi
  readonly secrets: Set<string>
}

/** Whatever goes wrong, no secret comes out; a signal that aborts gives its own reason. */
async function attempt<Value>(
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

/** The metadata of a server (OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3). */
async function discoverServer(call: Call, issuer: URL): Promise<AuthorizationServer> {
  const { link, library, secrets, options } = call
  const algorithm = options.discovery
  const response = await library.discoveryRequest(issuer, { algorithm, ...requestOptions(call) })
  const { json } = await answerOf(link, 'the metadata of the issuer', response, secrets)
  const server = await conform(call, json, (whole) => library.processDiscoveryResponse(issuer, whole))
  checkUrl(link, "token_endpoint in the issuer's metadata", server.token_endpoint ?? '', options.allowInsecure)
  return server
}

function requestOptions({ link, options, signal, secrets, library }: Call, more?: RequestInit) {
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
async function conform<Value>(
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
