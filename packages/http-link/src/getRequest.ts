// Loaded with the first query that goes by GET.
import type { Operation } from '@graphlinks/core'
import type { OperationRequest, RequestOptions, RequestParts } from './request.ts'
import type { WireRequest } from './transport.ts'

/**
 * The request of a query with everything in its URL (GraphQL over HTTP section 5.3.1), or the POST where that would be
 * too long.
 */
export function getRequest(
  operation: Operation,
  parts: RequestParts,
  { maxUrlLength = 2_048 }: RequestOptions,
  post: WireRequest,
): OperationRequest {
  const url = getUrl(operation, parts)
  if (url.href.length > maxUrlLength) return post
  return { url, method: 'GET', headers: parts.headers, body: undefined, post }
}

/** What the URL has already stays as it is, also how it is escaped. */
function getUrl(
  { operationName, variables, extensions }: Operation,
  { url: endpoint, query, transfer }: RequestParts,
): URL {
  const params = new URLSearchParams()
  const members = {
    documentId: transfer?.id,
    query: query && minify(JSON.parse(query) as string),
    operationName,
    variables: variables && JSON.stringify(variables),
    extensions: extensions && JSON.stringify(extensions),
  }
  for (const [name, value] of Object.entries(members)) if (value !== undefined) params.set(name, value)
  const url = new URL(endpoint)
  url.search = `${url.search}${url.search && '&'}${params}`
  return url
}

// Block strings, strings, comments, spreads, names and numbers, punctuators (GraphQL spec section 2.1); between them is
// nothing that means anything. A string without an end goes on to the end of the text, so that nothing is read twice.
const tokens = /"""(?:\\"""|[^])*?(?:"""|$)|"(?:\\?[^])*?(?:"|$)|#[^\n\r]*|\.\.\.|[-+.\w]+|[^\s,\uFEFF]/g

/**
 * The text of a document without comments and without spaces that nobody needs. Strings stay as they are.
 *
 * @internal Exported for its tests, which compare what it makes with what graphql's parser reads.
 */
export function minify(text: string): string {
  let minified = ''
  let last = ''
  for (const [token] of text.matchAll(tokens)) {
    if (token.startsWith('#')) continue
    // Side by side, two words or two strings would be another token.
    minified += /[\w"]$/.test(last) && /^[-+\w"]/.test(token) ? ` ${token}` : token
    last = token
  }
  return minified
}
