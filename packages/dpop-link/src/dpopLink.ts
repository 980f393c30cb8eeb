import {
  checkCredentialOptions,
  CredentialError,
  inDevelopment,
  isOverridden,
  OptionsError,
  originOf,
  ownOptions,
  provideCredential,
  renewableLink,
  withSigner,
  type CredentialOptions,
  type Exchange,
  type Link,
  type Operation,
  type Provided,
} from '@graphlinks/core'
import { isDpopKey, type DpopKey } from './dpopKey.ts'
import { Prover, tokenOf } from './prover.ts'

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
  const link = 'dpopLink'
  const own = ownOptions(options)
  const checked = checkCredentialOptions(link, own)
  const { key, uniqueId, maxSkewMs = 10_000 } = own
  const wrong =
    (typeof key !== 'function' && !isDpopKey(key) && 'key') ||
    (uniqueId !== undefined && typeof uniqueId !== 'function' && 'uniqueId') ||
    (!(maxSkewMs > 0) && 'maxSkewMs')
  if (wrong) {
    const sentence = inDevelopment(() => `${wrong} is no good: docs/links/dpopLink.md has what it takes`)
    throw new OptionsError(sentence ?? wrong, { link })
  }
  const prover = new Prover({ maxSkewMs, clock: checked.clock }, uniqueId)
  let hasWarned = false

  /** Of a token that goes as if it needed no proof, although there is a key: it is one that was forgotten. */
  const warnOf = (authorization: string | undefined, operation: Operation): void => {
    if (hasWarned || !/^bearer /i.test(authorization ?? '') || isOverridden(operation, 'authorization')) return
    hasWarned = true
    // oxlint-disable-next-line no-console
    console.warn('graphlinks: dpopLink makes no proof for a token with the scheme Bearer. If it is bound to a key, give the link that sends it { scheme: "DPoP" }.') // prettier-ignore
  }

  const signer = (given: DpopKey): Exchange => ({
    link,
    identity: given.thumbprint,
    async request(request, operation) {
      const authorization = request.headers.get('authorization')
      const token = tokenOf(authorization)
      if (checked.origins && !checked.origins.includes(originOf(request.url))) return undefined
      if (token === undefined) {
        inDevelopment(() => warnOf(authorization, operation))
        return undefined
      }
      const { method, url } = request
      return { headers: { dpop: await prover.prove(given, { method, url, token }, request) } }
    },
    response: (response, request) =>
      prover.hear(response, request, response.status === 401 ? response.headers.get('www-authenticate') : null),
  })

  const attach = (operation: Operation, given: DpopKey | undefined | null): Operation => {
    if (isDpopKey(given)) return withSigner(operation, signer(given))
    if (given == null && checked.onMissing === 'omit') return operation
    const problem = given == null ? 'there is no key (onMissing: "error")' : 'the key is none of createDpopKey'
    throw new CredentialError(problem, { link, operationName: operation.operationName })
  }
  const proving = renewableLink((operation) =>
    typeof key === 'function'
      ? provideCredential(key, 'key', operation, checked, (given) => attach(operation, given))
      : attach(operation, key),
  )
  const named: Link = function dpopLink(operation, next) {
    return isOverridden(operation, 'dpop') ? next(operation) : proving(operation, next)
  }
  return Object.assign(named, { stage: 'credential' as const })
}
