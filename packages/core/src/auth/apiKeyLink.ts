import { withField } from '../copies.ts'
import { withSource, type CredentialSource } from '../credentialSource.ts'
import { GraphLinksError, OptionsError } from '../errors.ts'
import { Field } from '../field.ts'
import { checkHeaderName, checkHeaderValue } from '../headers.ts'
import type { Link, Next } from '../link.ts'
import { isOverridden, type Operation } from '../operation.ts'
import type { Result, Results } from '../results.ts'
import { Secret } from '../secret.ts'
import { ownOptions } from '../ownOptions.ts'
import { isOneShot } from './isOneShot.ts'
import { checkOptions, isProvided, provideText, type CredentialOptions, type Provided } from './provider.ts'
import { replay } from './rejection.ts'

/** Options of {@link apiKeyLink}. */
export interface ApiKeyLinkOptions extends CredentialOptions {
  /**
   * The key; or, while keys are being rotated, several: where one gets a 401, the next is tried once, unless the operation
   * has a stream, which can be read once, or its context says that it is not to be sent again (`replay`).
   */
  readonly key: Provided<string> | readonly Provided<string>[]
  /** The header that carries the key. Default: `'x-api-key'`. Not with `in: 'query'`. */
  readonly header?: string | undefined
  /**
   * `'query'` puts the key into the URL, where proxies and servers log it: only for servers that take it nowhere else.
   * Over WebSocket it travels in the `connection_init` payload all the same. Default: `'header'`.
   */
  readonly in?: 'header' | 'query' | undefined
  /** Name of the query parameter. Default: `'api_key'`. Only with `in: 'query'`. */
  readonly parameter?: string | undefined
  /**
   * Called when a key got a 401 and the next one is tried. `hint` is its first 4 characters, if it has 20 or more. What it
   * throws, or rejects with, is ignored.
   */
  readonly onRejected?:
    | ((rejected: { readonly index: number; readonly hint: string | undefined }) => unknown)
    | undefined
}

/**
 * Sends an API key with every operation, in a header of its own. It never follows a redirect to another origin. A
 * header of the same name of the request or the call wins.
 *
 * @throws {@link HeaderError} when a constant key cannot be sent, {@link OptionsError} when an option is no good; both
 * when the link is built. What a function gives is checked on each operation.
 *
 * @example
 * ```ts
 * import { apiKeyLink } from '@graphlinks/core'
 *
 * export const constant = apiKeyLink({ key: 'k-123' })
 * export const rotating = apiKeyLink({ key: ['k-new', 'k-old'], header: 'api-key' })
 * ```
 */
export function apiKeyLink(options: ApiKeyLinkOptions): Link {
  const details = { link: 'apiKeyLink' }
  const own = ownOptions(options)
  const { key, in: place = 'header', onRejected } = own
  const checked = checkOptions(details.link, own)
  const keys = Array.isArray(key) ? (key as readonly Provided<string>[]) : [key as Provided<string>]
  if (place !== 'header' && place !== 'query') throw new OptionsError('in is "header" or "query"', details)
  if (keys.length === 0 || !keys.every(isProvided))
    throw new OptionsError('give it { key }: a text, a function, or a list of them', details)
  if (place === 'query' && own.header !== undefined)
    throw new OptionsError('header has no meaning with in: "query"; use parameter', details)
  if (place === 'header' && own.parameter !== undefined) throw new OptionsError('parameter needs in: "query"', details)
  const { parameter = 'api_key' } = own
  if (typeof parameter !== 'string' || parameter === '')
    throw new OptionsError('parameter is the name of one, a text that is not empty', details)
  if (onRejected !== undefined && typeof onRejected !== 'function')
    throw new OptionsError('onRejected is a function', details)
  const name = place === 'query' ? parameter : checkHeaderName(own.header ?? 'x-api-key', details)

  const toField = (value: string, operationName?: string): Field =>
    new Field(name, checkHeaderValue(name, value, { ...details, operationName }), true, place, checked.origins)
  for (const constant of keys) if (typeof constant === 'string' && constant !== '') toField(constant)

  /** Attaches the first key that there is, from an index on. */
  const attach = <Outcome>(
    from: number,
    operation: Operation,
    then: (changed: Operation, used?: { readonly index: number; readonly value: string }) => Outcome | Promise<Outcome>,
  ): Outcome | Promise<Outcome> =>
    provideText(keys[from], 'key', operation, checked, (value) => {
      if (value === undefined) return from + 1 < keys.length ? attach(from + 1, operation, then) : then(operation)
      return then(withField(operation, toField(value, operation.operationName)), { index: from, value })
    })
  const mayChange = keys.some((one) => typeof one === 'function')
  const sources = keys.map((_, from): CredentialSource => ({
    attach: (operation) => attach(from, operation, (changed) => changed),
  }))
  const send = (from: number, operation: Operation, next: Next): Results | Promise<Results> =>
    attach(from, operation, (changed, used) => {
      const results = next(mayChange ? withSource(operation, changed, sources[from] as CredentialSource) : changed)
      // As of tokenRefreshLink: a stream was read, and some operations are not to be sent twice.
      const isLast = !used || used.index + 1 >= keys.length
      if (isLast || isOneShot(operation) || operation.context.get(replay) === 'never') return results
      return fallBack(results, () => {
        const rejected = { index: used.index, hint: new Secret(used.value).hint }
        new Promise((resolve) => resolve(onRejected?.(rejected))).catch(() => {})
        return send(used.index + 1, operation, next)
      })
    })

  const named: Link = function apiKeyLink(operation, next) {
    return isOverridden(operation, name) ? next(operation) : send(0, operation, next)
  }
  return Object.assign(named, { stage: 'credential' as const })
}

/** The results, or those of another attempt where the first thing that comes is a 401: nothing was executed then. */
async function* fallBack(results: Results, retry: () => Results | Promise<Results>): AsyncGenerator<Result> {
  let first = true
  let rejected = false
  try {
    for await (const result of results) {
      rejected = first && result.http?.status === 401 && result.data == null
      if (rejected) break
      first = false
      yield result
    }
  } catch (error) {
    rejected = first && isUnauthorized(error)
    if (!rejected) throw error
  }
  if (rejected) yield* await retry()
}

function isUnauthorized(error: unknown): boolean {
  return GraphLinksError.is(error) && (error as GraphLinksError & { readonly status?: number }).status === 401
}
