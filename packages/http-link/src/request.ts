import {
  documentTransfer,
  renderFields,
  type DocumentTransfer,
  type Operation,
  type RenderedFields,
} from '@graphlinks/core'
import type { CsrfHeader } from './csrf.ts'
import { mayHaveFiles } from './files.ts'
import type { Transport, WireRequest } from './transport.ts'

/** What a request is made of beside its operation. */
export interface RequestOptions {
  readonly allowInsecure?: boolean | undefined
  readonly queryMethod: string
  readonly maxUrlLength?: number | undefined
  readonly csrf?: CsrfHeader | undefined
  readonly subscriptions?: 'auto' | 'sse' | 'single-connection' | 'multipart' | undefined
  readonly incrementalAccept?: string | undefined
  readonly isFile?: ((value: object) => boolean) | undefined
  /** What is going to carry the request. */
  readonly transport: Transport
}

/** What is known of every request before its method is. */
export interface RequestParts {
  readonly url: URL
  readonly headers: Map<string, string>
  /** The document as JSON text; `undefined` where its text is not sent. */
  readonly query: string | undefined
  /** What a link says of the document; handed over, because what loads lazily must not import from core by value. */
  readonly transfer: DocumentTransfer | undefined
  /** What is accepted of every operation. */
  readonly accept: string
}

/** The request of an operation. */
export interface OperationRequest extends WireRequest {
  /** Of a GET: what to send to a server that finds its URL or headers too long. */
  readonly post?: WireRequest | undefined
}

// GraphQL over HTTP section 5.4: the first must be named; servers that ignore q-values take the first they know.
const accept = 'application/graphql-response+json, application/json;q=0.9'

/** Builds the request of an operation: a POST (GraphQL over HTTP section 5.4.1), or what its options ask for. */
export function buildRequest(
  operation: Operation,
  endpoint: URL,
  options: RequestOptions,
): OperationRequest | Promise<OperationRequest> {
  const { document, kind, variables, context } = operation
  const transfer = context.get(documentTransfer)
  const query = transfer?.text === false ? undefined : document.jsonText()
  if (typeof query === 'object') return query.then(() => buildRequest(operation, endpoint, options))
  const fields = renderFields(operation, { endpoint, link: 'httpLink', allowInsecure: options.allowInsecure })
  const parts = { url: withSearch(endpoint, fields), headers: withDefaults(fields), query, transfer, accept }
  // `@defer` and `@stream`: what reads streams looks closer.
  const mayStream = query?.includes('@') && /defer|stream/.test(query)
  const isUsual =
    (kind === 'mutation' || (kind === 'query' && options.queryMethod === 'POST')) &&
    !transfer &&
    !mayStream &&
    !(variables && mayHaveFiles(variables, options.isFile))
  if (isUsual) return postRequest(operation, parts)
  return import('./unusualRequest.ts').then(({ unusualRequest }) =>
    unusualRequest(operation, parts, options, postRequest),
  )
}

/** The request of an operation as JSON. */
export function postRequest(
  operation: Operation,
  { url, headers, query, transfer }: RequestParts,
  method = 'POST',
): WireRequest {
  const { operationName, variables, extensions } = operation
  // The document is most of the body, and its JSON text is kept. Members that are not there are omitted.
  const others = JSON.stringify({ documentId: transfer?.id, operationName, variables, extensions })
  const body = query ? `{"query":${query}${others === '{}' ? '' : ','}${others.slice(1)}` : others
  return { url, method, headers, body }
}

function withSearch(endpoint: URL, { searchParams }: RenderedFields): URL {
  if (searchParams.length === 0) return endpoint
  const url = new URL(endpoint)
  for (const [name, value] of searchParams) url.searchParams.set(name, value)
  return url
}

function withDefaults({ headers: fields }: RenderedFields): Map<string, string> {
  const headers = new Map([
    ['accept', accept],
    ['content-type', 'application/json'],
  ])
  for (const [name, value] of fields) {
    if (value === null) headers.delete(name)
    else headers.set(name, value)
  }
  return headers
}
