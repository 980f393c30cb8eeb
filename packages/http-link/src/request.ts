import { renderFields, type HeaderEntry, type Operation, type RenderedFields } from '@graphlinks/core'

/** A request as it goes on the wire. */
export interface WireRequest {
  readonly url: URL
  readonly headers: Record<string, string>
  readonly body: string
}

// GraphQL over HTTP section 5.4: the first must be named; servers that ignore q-values take the first they know.
const defaults: readonly HeaderEntry[] = [
  ['accept', 'application/graphql-response+json, application/json;q=0.9'],
  ['content-type', 'application/json'],
]

/** Builds the POST request of an operation (GraphQL over HTTP section 5.4.1). A promise only while an AST is printed. */
export function buildRequest(
  operation: Operation,
  endpoint: URL,
  allowInsecure: boolean,
): WireRequest | Promise<WireRequest> {
  const fields = renderFields(operation, { endpoint, link: 'httpLink', allowInsecure })
  const query = operation.document.jsonText()
  const build = (json: string): WireRequest => ({
    url: withParams(endpoint, fields),
    headers: mergeHeaders(fields),
    body: bodyOf(operation, json),
  })
  return typeof query === 'string' ? build(query) : query.then(build)
}

/** By hand, because the document is most of the body and its JSON text is kept. Absent members are omitted. */
function bodyOf({ operationName, variables, extensions }: Operation, query: string): string {
  let body = `{"query":${query}`
  if (operationName !== undefined) body += `,"operationName":${JSON.stringify(operationName)}`
  if (variables !== undefined) body += `,"variables":${JSON.stringify(variables)}`
  if (extensions !== undefined) body += `,"extensions":${JSON.stringify(extensions)}`
  return `${body}}`
}

function mergeHeaders({ headers }: RenderedFields): Record<string, string> {
  const merged = new Map<string, string | null>([...defaults, ...headers])
  // A null prototype: a header named __proto__ is a header.
  const record = Object.create(null) as Record<string, string>
  for (const [name, value] of merged) if (value !== null) record[name] = value
  return record
}

function withParams(endpoint: URL, { searchParams }: RenderedFields): URL {
  if (searchParams.length === 0) return endpoint
  const url = new URL(endpoint)
  for (const [name, value] of searchParams) url.searchParams.set(name, value)
  return url
}
