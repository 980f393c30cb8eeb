// Loaded with the first operation that is no POST with one result: a subscription, or one with files, by GET, in parts.
import type { Operation } from '@graphlinks/core'
import { getRequest } from './getRequest.ts'
import { accept, postRequest, type RequestOptions, type RequestParts } from './request.ts'
import type { WireRequest } from './transport.ts'

/** The request of an operation that may want a stream in return, have files, or go by another method than POST. */
export async function unusualRequest(
  operation: Operation,
  parts: RequestParts,
  options: RequestOptions,
): Promise<WireRequest> {
  const { kind } = operation
  const { headers, mayStream, hasFiles } = parts
  if ((kind === 'subscription' || mayStream) && headers.get('accept') === accept) {
    const { acceptOf } = await import('./streams.ts')
    headers.set('accept', await acceptOf(operation, accept, options))
  }
  if (hasFiles) {
    const { formRequest } = await import('./formRequest.ts')
    return formRequest(operation, parts, options)
  }
  const { queryMethod } = options
  if (kind === 'query' && queryMethod === 'GET') return getRequest(operation, parts, options)
  return postRequest(operation, parts, kind === 'query' ? queryMethod : 'POST')
}
