// Loaded with the first query that goes by GET.
import type { Operation } from '@graphlinks/core'
import { withCsrfHeader } from './csrf.ts'
import type { RequestOptions, RequestParts } from './request.ts'
import type { WireRequest } from './transport.ts'

/**
 * The request of a query with everything in its URL (GraphQL over HTTP section 5.3.1); `undefined` where that would be
 * too long.
 */
export function getRequest(
  operation: Operation,
  { url, headers, query }: RequestParts,
  { maxUrlLength = 2_048, csrf }: RequestOptions,
): WireRequest | undefined {
  const target = getUrl(operation, url, JSON.parse(query) as string)
  if (target.href.length > maxUrlLength) return undefined
  // A GET has no content; a server may refuse one that says what it would be.
  headers.delete('content-type')
  return { url: target, method: 'GET', headers: withCsrfHeader(headers, csrf) }
}

/** What the URL has already stays as it is, also how it is escaped. */
function getUrl({ operationName, variables, extensions }: Operation, endpoint: URL, query: string): URL {
  const params = new URLSearchParams({ query: minify(query) })
  if (operationName !== undefined) params.set('operationName', operationName)
  if (variables !== undefined) params.set('variables', JSON.stringify(variables))
  if (extensions !== undefined) params.set('extensions', JSON.stringify(extensions))
  const url = new URL(endpoint)
  url.search = `${url.search}${url.search && '&'}${params}`
  return url
}

// Block strings, strings, comments, spreads, names and numbers, punctuators (GraphQL spec section 2.1); between them is
// nothing that means anything.
const tokens = /"""(?:\\"""|[^])*?"""|"(?:\\.|[^"\\])*"|#[^\n\r]*|\.\.\.|[-+.\w]+|[^\s,\uFEFF]/g

/** The text of a document without comments and without spaces that nobody needs. Strings stay as they are. */
export function minify(text: string): string {
  let minified = ''
  for (const [token] of text.matchAll(tokens)) {
    if (token.startsWith('#')) continue
    // Side by side, two words or two strings would be another token.
    minified += /[\w"]$/.test(minified) && /^[-+\w"]/.test(token) ? ` ${token}` : token
  }
  return minified
}
