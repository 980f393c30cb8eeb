// Loaded with the first operation that is more than a POST of JSON with one result: files, streams, other methods.
import type { Operation } from '@graphlinks/core'
import { headersWithoutJson } from './csrf.ts'
import { hasFiles } from './files.ts'
import type { OperationRequest, postRequest, RequestOptions, RequestParts } from './request.ts'

const incrementalTypes = 'multipart/mixed;incrementalSpec=v0.2, multipart/mixed;deferSpec=20220824'
// https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol
const subscriptionType = 'multipart/mixed;subscriptionSpec=1.0'

/**
 * The request of an operation that may have files, several results, or another method.
 *
 * @param post - handed over, as the parts of streams.ts.
 */
export async function unusualRequest(
  operation: Operation,
  parts: RequestParts,
  options: RequestOptions,
  post: typeof postRequest,
): Promise<OperationRequest> {
  const { kind, variables } = operation
  const { headers, accept, transfer } = parts
  const queryMethod = transfer?.queryMethod ?? options.queryMethod
  if (headers.get('accept') === accept && (kind === 'subscription' || isIncremental(parts)))
    headers.set('accept', acceptOf(operation, accept, options))
  const withoutJson = { ...parts, headers: headersWithoutJson(headers, options.csrf) }
  if (hasFiles(variables, options.isFile)) {
    const { formRequest } = await import('./formRequest.ts')
    return formRequest(operation, withoutJson, options)
  }
  if (kind !== 'query' || queryMethod === 'POST') return post(operation, parts)
  if (queryMethod !== 'GET') return post(operation, parts, queryMethod)
  const { getRequest } = await import('./getRequest.ts')
  return getRequest(operation, withoutJson, options, post(operation, parts))
}

/**
 * The `accept` header of an operation that may have several results. Only here are streams named, since servers that
 * answer a plain query with 406 for them, or with a stream, are real.
 */
function acceptOf(
  { kind }: Operation,
  plain: string,
  { subscriptions = 'auto', incrementalAccept }: RequestOptions,
): string {
  if (kind === 'subscription') {
    if (subscriptions === 'sse') return 'text/event-stream'
    return `${subscriptions === 'auto' ? 'text/event-stream, ' : ''}${subscriptionType}, ${plain}`
  }
  return incrementalAccept ?? `${incrementalTypes}, ${plain}`
}

/** Whether there is `@defer` or `@stream` in a document. */
function isIncremental({ query, transfer }: RequestParts): boolean {
  if (query === undefined) return transfer?.incremental ?? false
  if (!query.includes('@')) return false
  // Strings and comments may hold anything. One without an end goes on to the end, so that nothing is read twice.
  const code = (JSON.parse(query) as string).replace(/"""(?:\\"""|[^])*?(?:"""|$)|"(?:\\?[^])*?(?:"|$)|#[^\n\r]*/g, ' ')
  return /@[\s,\uFEFF]*(defer|stream)\b/.test(code)
}
