import { ClockSkew, inDevelopment, OptionsError, ownOptions, type Clock } from '@graphlinks/core'
import { isDpopKey, type DpopKey } from './dpopKey.ts'
import { createProver, tokenOf } from './prover.ts'

/** Options of {@link dpopFetch}. */
export interface DpopFetchOptions {
  /** The key that tokens are to be bound to, of {@link createDpopKey}; or a function that gives it. */
  readonly key: DpopKey | (() => DpopKey | Promise<DpopKey>)
  /** Default: the `fetch` that is global when a request is sent. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined
  /** The time of proofs. Default: the platform's. */
  readonly clock?: Clock | undefined
}

/**
 * A `fetch` with a proof in each request that needs one (DPoP): those for tokens, which are then bound to the key, and
 * those that carry a token with the scheme `DPoP`. What the server says of its nonces is heeded. It is for the functions
 * that sign in and renew tokens; operations have `dpopLink`.
 *
 * @throws {@link OptionsError} when an option is no good. Requests fail as `fetch` does.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-5
 *
 * @example
 * ```ts
 * import { createTokenSource } from '@graphlinks/core'
 * import { createDpopKey, dpopFetch } from '@graphlinks/dpop-link'
 * import { oauthRefresh } from '@graphlinks/oauth'
 *
 * const key = await createDpopKey()
 * export const session = createTokenSource({
 *   refresh: oauthRefresh({ issuer: 'https://id.example.com', clientId: 'mobile-app', fetch: dpopFetch({ key }) }),
 * })
 * ```
 */
export function dpopFetch(options: DpopFetchOptions): (url: string | URL, init?: RequestInit) => Promise<Response> {
  const { key, clock, ...own } = ownOptions(options)
  const wrong =
    (typeof key !== 'function' && !isDpopKey(key) && 'key') ||
    (own.fetch !== undefined && typeof own.fetch !== 'function' && 'fetch')
  if (wrong) {
    const sentence = inDevelopment(() => `${wrong} is no good: docs/links/dpopLink.md has what it takes`)
    throw new OptionsError(sentence ?? wrong, { link: 'dpopFetch' })
  }
  const skew = new ClockSkew({ maxSkewMs: 10_000, clock })
  const nonces = new Map<string, string>()

  return async (given, init = {}) => {
    const url = new URL(given)
    const method = (init.method ?? 'GET').toUpperCase()
    const send = own.fetch ?? fetch
    const token = tokenOf(new Headers(init.headers).get('authorization'))
    // What everybody may read, such as the metadata of a server, needs no proof.
    if (method === 'GET' && token === undefined) return send(url.href, init)
    const ask = async (): Promise<[Response, boolean]> => {
      const { prove, hear } = createProver(typeof key === 'function' ? await key() : key, skew, nonces)
      const request = { method, url }
      const headers = new Headers(init.headers)
      headers.set('dpop', await prove(request, token))
      const response = await send(url.href, { ...init, headers })
      return [response, hear(response, request, await reasonOf(response))]
    }
    const [response, isRefused] = await ask()
    // A stream is read once.
    if (!isRefused || Object(init.body) instanceof ReadableStream) return response
    await response.body?.cancel()
    return (await ask())[0]
  }
}

/** Why a request was refused: at a resource in a header, at a token endpoint in the body (RFC 6749 section 5.2). */
async function reasonOf(response: Response): Promise<string | null> {
  const { status, headers } = response
  if (status !== 400 && status !== 401) return null
  const challenge = headers.get('www-authenticate') ?? ''
  return /dpop/i.test(challenge) ? challenge : response.clone().text()
}
