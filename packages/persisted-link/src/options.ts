import { inDevelopment, OptionsError, type Operation, type OperationKind, type Result } from '@graphlinks/core'
import type { DocumentIdSource } from './documentIdSource.ts'
import type { Sha256 } from './sha256.ts'

/** Options of both ways. */
export interface PersistedLinkBaseOptions {
  /**
   * Which kinds of operations go without their text. Default: queries and mutations; with `documentId`, subscriptions
   * too.
   */
  readonly kinds?: readonly OperationKind[] | undefined
  /**
   * How queries travel over HTTP while their text is not sent, such as `'GET'` for caches; variables are in the URL then.
   * It wins over the option of `httpLink`. Default: as that says.
   */
  readonly queryMethod?: 'GET' | 'POST' | undefined
  /**
   * Whether a result means that the server does not know the document. Default: by the codes and messages of Apollo
   * Server and Router, Yoga, Hive and mercurius, at any HTTP status.
   */
  readonly isNotFound?: ((result: Result) => boolean) | undefined
}

/** Options of {@link persistedLink} for automatic persisted queries. */
export interface AutomaticOptions extends PersistedLinkBaseOptions {
  readonly documentId?: undefined
  /** Default: by WebCrypto, which browsers have on https pages and on localhost only. */
  readonly sha256?: Sha256 | undefined
  /**
   * Whether a result means that the server takes no hashes, so that texts are sent from then on. Default: by
   * `PERSISTED_QUERY_NOT_SUPPORTED`, and by what servers say that miss the query.
   */
  readonly isNotSupported?: ((result: Result) => boolean) | undefined
}

/** Options of {@link persistedLink} for documents that were published before. */
export interface PersistedDocumentOptions extends PersistedLinkBaseOptions {
  /**
   * Where ids come from: {@link embeddedId}, {@link manifestId}, {@link hashedId}, or a function of the operation that
   * gives one, or a promise of it, or nothing.
   */
  readonly documentId: DocumentIdSource
  /**
   * Where the id goes: `'documentId'`, a member of its own, as the draft has it; `'persistedQuery'`, the extension of
   * Apollo. Default: `'documentId'`.
   */
  readonly sendAs?: 'documentId' | 'persistedQuery' | undefined
  /**
   * Writes an id as the server wants it, such as ``(id) => `web~1.4.0~${id}` `` for Hive. Default: as it is; in Apollo's
   * extension without `sha256:`.
   */
  readonly formatId?: ((id: string, operation: Operation) => string) | undefined
  /**
   * What happens to an operation without an id: `'error'` fails it with an {@link UnknownDocumentError}, `'text'` sends
   * its text. Default: `'error'`.
   */
  readonly onUnknown?: 'error' | 'text' | undefined
  /**
   * What happens where the server does not know the document: `'result'` gives the result with the server's error,
   * `'text'` sends the operation once more with its text. Default: `'result'`.
   */
  readonly onNotFound?: 'result' | 'text' | undefined
}

/** The options of both, since which of them there are is known at run time. */
export type EitherOptions = Omit<AutomaticOptions, 'documentId'> & Partial<PersistedDocumentOptions>

/** What some options must be, where they are set: one of these words. */
const rules: Readonly<Record<string, string>> = {
  queryMethod: 'GET POST',
  sendAs: 'documentId persistedQuery',
  onUnknown: 'error text',
  onNotFound: 'result text',
}

/** Checks the options of the link. @throws {@link OptionsError} naming the option. */
export function checkOptions(options: EitherOptions, link: string): void {
  const values = options as Readonly<Record<string, unknown>>
  const set = Object.keys(values).filter((name) => values[name] !== undefined)
  const wrong = set.find((name) => !isGood(name, values[name]))
  if (wrong !== undefined) throw new OptionsError(explain(wrong) ?? wrong, { link })
  inDevelopment(() => {
    const { documentId } = options
    const foreign = documentId ? /sha256|isNotSupported/ : /sendAs|formatId|onUnknown|onNotFound/
    const misplaced = set.find((name) => foreign.test(name))
    if (misplaced)
      throw new OptionsError(`${misplaced} has no meaning ${documentId ? 'with' : 'without'} documentId`, { link })
  })
}

function isGood(name: string, value: unknown): boolean {
  if (name === 'kinds') return Array.isArray(value)
  if (rules[name]) return rules[name].split(' ').includes(value as string)
  return typeof value === 'function' || !/^(documentId|sha256|formatId|isNot)/.test(name)
}

function explain(name: string): string | undefined {
  return inDevelopment(() => {
    if (name === 'kinds') return 'kinds is a list of kinds of operations'
    return rules[name] ? `${name} is ${rules[name].replace(' ', ' or ')}` : `${name} is a function`
  })
}
