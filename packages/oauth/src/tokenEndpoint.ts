// Loaded for the first request: most pages are left before their tokens expire.
import type { Tokens } from '@graphlinks/core'
import { valuesOf } from '@graphlinks/core/redact'
import type { AuthorizationServer } from 'oauth4webapi'
import { answerOf, subjectOf } from './answer.ts'
import { authenticate, secretOf, type OAuthSecret } from './clientAuth.ts'
import type { CheckedOptions } from './options.ts'
import { attempt, checkEndpoint, conform, requestOptions, serverOf, type Call } from './server.ts'

/** What is asked for. */
export interface Grant {
  readonly type: string
  readonly parameters?: Readonly<Record<string, string>> | undefined
  /** Parameters that nobody else may see: whoever has them gets tokens. */
  readonly secrets?: Readonly<Record<string, OAuthSecret>> | undefined
  readonly signal: AbortSignal
}

/** Asks the token endpoint of an authorization server for tokens. */
export function tokenEndpointOf(link: string, options: CheckedOptions): (grant: Grant) => Promise<Tokens> {
  const locate = serverOf(link, options)
  return ({ type, parameters: own = {}, secrets = {}, signal }) =>
    attempt(link, options, signal, async (call) => {
      const parameters = new URLSearchParams([...options.parameters, ...Object.entries(own)])
      for (const [name, given] of Object.entries(secrets)) {
        parameters.set(name, await secretOf(link, name, given, call.secrets))
      }
      return requestTokens(call, await locate(call), type, parameters)
    })
}

/** One request of the token endpoint (RFC 6749 section 3.2). */
export async function requestTokens(
  call: Call,
  server: AuthorizationServer,
  grantType: string,
  parameters: URLSearchParams,
): Promise<Tokens> {
  const { link, library, secrets, options } = call
  checkEndpoint(call, server, 'token_endpoint')
  const client = { client_id: options.clientId }
  const auth = await authenticate(link, library, options.clientAuth, secrets)
  // A page that is left must not lose the tokens on their way.
  const request = requestOptions(call, { keepalive: true })
  const response = await library.genericTokenEndpointRequest(server, client, auth, grantType, parameters, request)
  const { json, headers } = await answerOf(link, 'the token endpoint', response, secrets)
  for (const value of valuesOf(json)) secrets.add(value)
  // A refresh token is used up, and its successor is in here: what can be done without is no reason to refuse it all. An
  // id_token, for instance, is valid by the clock, and that of this machine may be wrong.
  const { access_token, token_type, refresh_token: refreshToken } = json
  const tokens = await conform(call, { access_token, token_type }, (whole) =>
    library.processGenericTokenEndpointResponse(server, client, whole),
  )
  return {
    accessToken: tokens.access_token,
    refreshToken: typeof refreshToken === 'string' && refreshToken !== '' ? refreshToken : undefined,
    expiresInSeconds: json['expires_in'] as number | string | undefined,
    subject: subjectOf(json['id_token']),
    date: headers.get('date') ?? undefined,
  }
}
