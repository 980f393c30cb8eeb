import {
  documentTransfer,
  inDevelopment,
  OptionsError,
  ownOptions,
  withContext,
  withExtensions,
  type Link,
  type Next,
  type Operation,
  type Results,
} from '@graphlinks/core'
import { UnknownDocumentError } from './errors.ts'
import { withFallback } from './fallback.ts'
import { hasFiles } from './files.ts'
import { incrementalTest } from './incremental.ts'
import { checkOptions, type AutomaticOptions, type EitherOptions, type PersistedDocumentOptions } from './options.ts'
import { isNotFound, isNotSupported } from './refusal.ts'
import { documentHashes } from './sha256.ts'

/** Options of {@link persistedLink}: with `documentId` it sends ids, without it hashes. */
export type PersistedLinkOptions = AutomaticOptions | PersistedDocumentOptions

/**
 * Sends a hash or an id in place of the text of a document.
 *
 * Without `documentId`, automatic persisted queries: the hash of the text is sent, and where the server does not know
 * it, once more with the text, from which the server learns it. With `documentId`, persisted documents: ids of what a
 * build published.
 *
 * An operation is left alone where its `extensions` have `persistedQuery`, or its context has `documentTransfer`.
 *
 * @throws `OptionsError` when an option is no good, when the link is built. Operations fail with an
 * `UnknownDocumentError` where there is no id, and with a `LinkError` where a function that was given fails.
 *
 * @see https://www.apollographql.com/docs/apollo-server/performance/apq
 * @see https://github.com/graphql/graphql-over-http/blob/main/spec/Appendix%20A%20--%20Persisted%20Documents.md
 *
 * @example
 * ```ts
 * import { chain } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 * import { embeddedId, persistedLink } from '@graphlinks/persisted-link'
 *
 * const terminal = httpLink({ url: 'https://api.example.com/graphql' })
 * export const automatic = chain(persistedLink(), terminal)
 * export const published = chain(persistedLink({ documentId: embeddedId() }), terminal)
 * ```
 */
export function persistedLink(options: PersistedLinkOptions = {}): Link {
  const link = 'persistedLink'
  const own = ownOptions(options) as EitherOptions
  checkOptions(own, link)
  const { documentId, formatId, queryMethod, sha256, onUnknown, onNotFound } = own
  const isMissed = own.isNotFound ?? isNotFound
  const isRefused = own.isNotSupported ?? isNotSupported
  const kinds: readonly unknown[] = own.kinds ?? ['query', 'mutation', documentId && 'subscription']
  const hashOf = documentId ? undefined : documentHashes(link, sha256)
  const asExtension = !documentId || own.sendAs === 'persistedQuery'
  const format = formatId ?? ((id: string) => (asExtension ? id.replace(/^sha256:/, '') : id))
  const isIncremental = incrementalTest()
  let isSupported = true

  const send = async (operation: Operation, next: Next): Promise<Results> => {
    const given = await (documentId ? documentId(operation) : hashOf?.(operation.document))
    const id = given && format(given, operation)
    const details = { link, operationName: operation.operationName }
    if (!id) {
      if (onUnknown === 'text') return next(operation)
      throw new UnknownDocumentError(
        inDevelopment(() => 'the document has no id: was it published? onUnknown: "text" would send its text') ??
          'no id',
        details,
      )
    }
    inDevelopment(() => {
      // Document identifier syntax, in appendix A of the draft; what is in the extension, Apollo's servers know.
      if (!asExtension && !/^[\w.~:-]+$/.test(id))
        throw new OptionsError('an id has letters, digits and -._~: only', details)
    })
    const known = asExtension
      ? withExtensions(operation, { persistedQuery: { version: 1, sha256Hash: id } })
      : operation
    // The hash is that of the whole text, and a GET would shorten it.
    const full = withContext(hashOf ? known : operation, documentTransfer, { queryMethod: 'POST' })
    // To send it twice would be to upload twice, and a stream can be read but once.
    const isOnce = hasFiles(operation.variables)
    if (hashOf && isOnce) return next(full)
    const short = withContext(known, documentTransfer, {
      text: false,
      id: asExtension ? undefined : id,
      incremental: isIncremental(operation.document),
      queryMethod,
    })
    if (isOnce || !(hashOf || onNotFound === 'text')) return next(short)
    return withFallback(short, next, (result) => {
      // A promise of an async function, which only JavaScript lets through, must not send a mutation twice.
      if (isMissed(result) === true) return full
      if (hashOf && isRefused(result) === true) {
        isSupported = false
        return operation
      }
      return undefined
    })
  }
  const named: Link = function persistedLink(operation, next) {
    const { kind, context, extensions } = operation
    const isOwn =
      isSupported && kinds.includes(kind) && !context.get(documentTransfer) && !extensions?.['persistedQuery']
    return isOwn ? send(operation, next) : next(operation)
  }
  return Object.assign(named, { stage: 'attempt' as const })
}
