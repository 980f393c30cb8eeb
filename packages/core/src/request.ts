import { parseDocument, type AnyDocument, type Document, type GraphQLDocument } from './document.ts'
import { OptionsError } from './errors.ts'
import type { HeadersInput } from './headers.ts'
import { overrideFields, type JsonObject } from './operation.ts'
import { ownOptions } from './ownOptions.ts'
import type { Secret } from './secret.ts'

/** What a reusable request is made from. */
export interface RequestInit<Data = unknown, Variables = object> {
  readonly query: Document<Data, Variables>
  /** Variables of every call. A call's own are merged over them, by top-level key. */
  readonly variables?: Partial<Variables> | undefined
  readonly operationName?: string | undefined
  /** Headers of every call of this request. A call's own win over them. */
  readonly headers?: HeadersInput | undefined
  readonly extensions?: JsonObject | undefined
}

/** A request that was checked once and can be run any number of times. Frozen. Made by {@link createRequest}. */
export interface Request<Data = unknown, Variables = object> {
  readonly document: GraphQLDocument
  readonly variables: Partial<Variables> | undefined
  readonly operationName: string | undefined
  /** Names and boxed values: printing a request shows no value. */
  readonly headers: readonly { readonly name: string; readonly value: Secret | null }[] | undefined
  readonly extensions: JsonObject | undefined
  /** Never set: it carries the type of the data. */
  readonly __data?: Data
}

/**
 * Makes a request that can be run many times, with variables and headers of its own. Everything in it is checked now.
 *
 * @throws {@link DocumentError} when the document has no such operation; {@link HeaderError} when a header cannot be
 * sent.
 *
 * @example
 * ```ts
 * import { createRequest } from '@graphlinks/core'
 *
 * const cities = createRequest({
 *   query: 'query Cities($first: Int!) { cities(first: $first) { name } }',
 *   variables: { first: 10 },
 *   headers: { 'accept-language': 'de' },
 * })
 * ```
 */
export function createRequest<Data = unknown, Variables = object>(
  init: RequestInit<Data, Variables>,
): Request<Data, Variables> {
  const { query, variables, operationName, headers, extensions } = ownOptions(init)
  if (!query) throw new OptionsError('createRequest needs { query }: a GraphQL text or a typed document')
  const document = parseDocument(query as AnyDocument)
  // The kind is for a document that only a hash is left of.
  document.select(operationName, 'query')
  return Object.freeze({
    document,
    variables: variables && Object.freeze({ ...variables }),
    operationName,
    headers: headers && Object.freeze(overrideFields(headers)),
    extensions: extensions && Object.freeze({ ...extensions }),
  })
}

/** Whether a value is a request, and no document. */
export function isRequest(source: AnyDocument | Request): source is Request {
  return typeof (source as Request | undefined)?.document?.select === 'function'
}
