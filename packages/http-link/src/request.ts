import { ownOptions, renderFields, type Operation, type RenderedFields } from '@graphlinks/core'

/** A request as it goes on the wire. */
export interface WireRequest {
  readonly url: URL
  readonly headers: Record<string, string>
  readonly body: string
}

// GraphQL over HTTP section 5.4: the first must be named; servers that ignore q-values take the first they know.
const defaults = {
  accept: 'application/graphql-response+json, application/json;q=0.9',
  'content-type': 'application/json',
}

/** Builds the POST request of an operation (GraphQL over HTTP section 5.4.1). */
export async function buildRequest(operation: Operation, endpoint: URL, allowInsecure: boolean): Promise<WireRequest> {
  const fields = renderFields(operation, { endpoint, link: 'httpLink', allowInsecure })
  const url = new URL(endpoint)
  for (const [name, value] of fields.searchParams) url.searchParams.set(name, value)
  return { url, headers: mergeHeaders(fields), body: bodyOf(operation, await operation.document.jsonText()) }
}

/** The document is most of the body, and its JSON text is kept. Members that are not there are omitted. */
function bodyOf({ operationName, variables, extensions }: Operation, query: string): string {
  const others = JSON.stringify({ operationName, variables, extensions }).slice(1)
  return `{"query":${query}${others === '}' ? '' : ','}${others}`
}

function mergeHeaders({ headers }: RenderedFields): Record<string, string> {
  // A null prototype: a header named __proto__ is a header.
  const merged: Record<string, string> = ownOptions(defaults)
  for (const [name, value] of headers) {
    if (value === null) delete merged[name]
    else merged[name] = value
  }
  return merged
}
