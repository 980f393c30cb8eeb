// Loaded with the first operation that is no POST with one result: a subscription, or one with files, by GET, in parts.
import type { Operation } from '@graphlinks/core'
import { headersWithoutJson } from './csrf.ts'
import { getRequest } from './getRequest.ts'
import { accept, postRequest, type RequestOptions, type RequestParts } from './request.ts'
import type { WireRequest } from './transport.ts'

export { headersWithoutJson } from './csrf.ts'

/** The request of an operation that may want a stream in return, have files, or go by another method than POST. */
export async function unusualRequest(
  operation: Operation,
  parts: RequestParts,
  options: RequestOptions,
): Promise<WireRequest> {
  const { kind } = operation
  const { url, headers, query, mayStream, hasFiles } = parts
  const { queryMethod, csrf, isFile } = options
  if ((kind === 'subscription' || mayStream) && headers.get('accept') === accept) {
    const { acceptOf } = await import('./streams.ts')
    headers.set('accept', await acceptOf(operation, accept, options))
  }
  if (hasFiles) {
    const { buildForm, encodeForm } = await import('./uploadForm.ts')
    const form = await buildForm(operation, query, isFile)
    const formHeaders = headersWithoutJson(headers, csrf)
    // GraphQL multipart request specification: always a POST.
    return { url, method: 'POST', headers: formHeaders, body: form, encode: () => encodeForm(form, formHeaders) }
  }
  if (kind === 'query' && queryMethod === 'GET') return getRequest(operation, parts, options)
  return postRequest(operation, parts, kind === 'query' ? queryMethod : 'POST')
}
