import {
  inDevelopment,
  isOverridden,
  ownOptions,
  signerLink,
  type CredentialOptions,
  type Link,
  type Provided,
} from '@graphlinks/core'
import { isDpopKey, type DpopKey } from './dpopKey.ts'
import { createProver, tokenOf } from './prover.ts'

/** Options of {@link dpopLink}. */
export interface DpopLinkOptions extends CredentialOptions {
  /** The key that the tokens are bound to, of {@link createDpopKey}; or a function that gives it. */
  readonly key: Provided<DpopKey>
  /** Makes a text that is never made again, for each proof. Default: 16 random bytes, as Base64url. */
  readonly uniqueId?: (() => string) | undefined
  /**
   * How far the server's clock may differ before a refusal of a proof is blamed on it, in milliseconds; the request is
   * then sent once more, with the server's time. `Infinity`: never. Default: 10,000.
   */
  readonly maxSkewMs?: number | undefined
}

/**
 * Sends a proof with each access token that needs one, that whoever sends the token has the key it was issued for
 * (DPoP): a token that is stolen alone is of no use. The token comes from another link, with the scheme `DPoP`. Each
 * proof is for one request, made just before it is sent. A server that wants a nonce in it gets one.
 *
 * A `dpop` header of the request or the call wins: no proof is then made.
 *
 * @throws {@link OptionsError} when an option is no good, when the link is built. What a function gives is checked on
 * each operation, which fails with a {@link CredentialError} or `TimeoutError`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9449
 *
 * @example
 * ```ts
 * import { bearerLink, chain } from '@graphlinks/core'
 * import { createDpopKey, dpopLink } from '@graphlinks/dpop-link'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * const key = await createDpopKey()
 * export const link = chain(
 *   bearerLink('token', { scheme: 'DPoP' }),
 *   dpopLink({ key }),
 *   httpLink({ url: 'https://api.example.com/graphql' }),
 * )
 * ```
 */
export function dpopLink(options: DpopLinkOptions): Link {
  const own = ownOptions(options)
  const { key, uniqueId, maxSkewMs = 10_000 } = own
  const nonces = new Map<string, string>()
  const warned = new Set<string>()

  return signerLink({
    name: 'dpopLink',
    header: 'dpop',
    options: own,
    problem: uniqueId !== undefined && typeof uniqueId !== 'function' && 'uniqueId',
    maxSkewMs,
    key,
    what: 'key',
    isKey: isDpopKey,
    signer(given, skew) {
      const { prove, hear } = createProver(given, skew, nonces, uniqueId)
      return {
        identity: given.thumbprint,
        async request(request, operation) {
          const authorization = request.headers.get('authorization')
          const token = tokenOf(authorization)
          if (token !== undefined) return { headers: { dpop: await prove(request, token) } }
          // It may be bound all the same, and its scheme forgotten.
          inDevelopment(() => {
            if (warned.size > 0 || !/^bearer /i.test(authorization ?? '') || isOverridden(operation, 'authorization'))
              return
            warned.add('Bearer')
            // oxlint-disable-next-line no-console
            console.warn('graphlinks: dpopLink makes no proof for a token with the scheme Bearer. If it is bound to a key, give the link that sends it { scheme: "DPoP" }.') // prettier-ignore
          })
          return undefined
        },
        response: (response, request) =>
          hear(response, request, response.status === 401 ? response.headers.get('www-authenticate') : null),
      }
    },
  })
}
