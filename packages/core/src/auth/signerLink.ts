import { ClockSkew } from '../clockSkew.ts'
import { renewableLink } from '../credentialSource.ts'
import { CredentialError, OptionsError } from '../errors.ts'
import { withSigner, type Exchange } from '../exchange.ts'
import { inDevelopment } from '../inDevelopment.ts'
import type { Link } from '../link.ts'
import { isOverridden, type Operation } from '../operation.ts'
import { originOf } from '../origin.ts'
import { checkOptions, provideValue, type CredentialOptions, type Provided } from './provider.ts'

/** What a signer of {@link signerLink} is, beside its link. */
export type Signer = Omit<Exchange, 'link'>

/** What {@link signerLink} needs to know. */
export interface SignerLinkOptions<Key extends object> {
  /** Name of the link, for errors. */
  readonly name: string
  /** A header that the link sets. Where the request or the call has it, or removes it, nothing is signed. */
  readonly header: string
  /** The link's own options, as far as every auth link has them. */
  readonly options: CredentialOptions
  /** How far the clocks may differ before a refusal is blamed on it, in milliseconds; `Infinity`: any time. */
  readonly maxSkewMs: number
  /** The first of its other options that is no good, if one is. */
  readonly problem?: string | false | undefined
  /** Another key is another object: what was made for one is kept. */
  readonly key: Provided<Key>
  /** What the key is called among the options. */
  readonly what: string
  /** Whether something can be used as a key. */
  readonly isKey: (given: unknown) => given is Key
  /** Makes what signs with a key. Once for each object: what it prepares, it may keep. */
  readonly signer: (key: Key, skew: ClockSkew) => Signer
}

/**
 * For authors of auth links: makes a link that signs requests with a key of the application. It checks the options that
 * all such links have, and heeds them.
 *
 * @throws {@link OptionsError} when an option is no good. Operations fail with a {@link CredentialError} or
 * `TimeoutError` where a function gives no key.
 *
 * @example
 * ```ts
 * import { signerLink, type CredentialOptions, type Link, type Provided } from '@graphlinks/core'
 *
 * interface Key {
 *   readonly id: string
 *   readonly secret: string
 * }
 *
 * export function timeLink(options: CredentialOptions & { readonly key: Provided<Key> }): Link {
 *   return signerLink({
 *     name: 'timeLink',
 *     header: 'x-time',
 *     options,
 *     maxSkewMs: 300_000,
 *     key: options.key,
 *     what: 'key',
 *     isKey: (given): given is Key => typeof Object(given).secret === 'string',
 *     signer: ({ id, secret }, skew) => ({
 *       identity: id,
 *       request: (request) => ({ headers: { 'x-time': `${skew.date(request)} ${secret.length}` } }),
 *       response: (response, request) => response.status === 401 && skew.explains(response, request),
 *     }),
 *   })
 * }
 * ```
 */
export function signerLink<Key extends object>({
  name,
  header,
  options,
  maxSkewMs,
  key,
  what,
  isKey,
  signer,
  ...own
}: SignerLinkOptions<Key>): Link {
  const checked = checkOptions(name, options)
  const { origins, onMissing } = checked
  const isFunction = typeof key === 'function'
  const problem = own.problem || (!(maxSkewMs > 0) && 'maxSkewMs') || (!isFunction && !isKey(key) && what)
  if (problem) {
    const sentence = inDevelopment(() => `${problem} is no good: docs/links/${name}.md has what it takes`)
    throw new OptionsError(sentence ?? problem, { link: name })
  }

  const skew = new ClockSkew({ maxSkewMs, clock: checked.clock })
  const signers = new WeakMap<Key, Exchange>()
  const signerOf = (given: Key): Exchange => {
    const own = signer(given, skew)
    const request: Exchange['request'] = (outgoing, operation) =>
      !origins || origins.includes(originOf(outgoing.url)) ? own.request?.(outgoing, operation) : undefined
    return { ...own, link: name, request }
  }
  const attach = (operation: Operation, given: Key | undefined | null): Operation => {
    if (isKey(given)) {
      let exchange = signers.get(given)
      if (!exchange) signers.set(given, (exchange = signerOf(given)))
      return withSigner(operation, exchange)
    }
    const isMissing = given === undefined || given === null
    if (isMissing && onMissing === 'omit') return operation
    throw new CredentialError(isMissing ? `there is no ${what} (onMissing: "error")` : `the ${what} is no good`, {
      link: name,
      operationName: operation.operationName,
    })
  }
  const provided = key as (operation: Operation) => Key | Promise<Key>
  const signing = renewableLink((operation) =>
    isFunction
      ? provideValue(provided, what, operation, checked, (given) => attach(operation, given))
      : attach(operation, key as Key),
  )
  const link: Link = (operation, next) => (isOverridden(operation, header) ? next(operation) : signing(operation, next))
  Object.defineProperty(link, 'name', { value: name })
  return Object.assign(link, { stage: 'credential' as const })
}
