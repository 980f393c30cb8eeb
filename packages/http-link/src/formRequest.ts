// Loaded with the first operation that has a file in its variables.
import type { Operation } from '@graphlinks/core'
import type { RequestOptions, RequestParts } from './request.ts'
import type { WireRequest } from './transport.ts'
import { buildForm } from './uploadForm.ts'

/** The request of an operation with files: a form (GraphQL multipart request specification), always a POST. */
export async function formRequest(
  operation: Operation,
  parts: RequestParts,
  { isFile, transport }: RequestOptions,
): Promise<WireRequest> {
  const form = await buildForm(operation, parts, isFile)
  const request = { url: parts.url, method: 'POST', headers: parts.headers, body: form }
  return transport.takesForms && globalThis.fetch !== undefined ? request : withoutForm(request, form)
}

/** The same request with bytes in place of the form, for what takes nothing else. */
export async function withoutForm(request: WireRequest, form: FormData): Promise<WireRequest> {
  const encoded = new Response(form)
  const contentType = encoded.headers.get('content-type') ?? ''
  const body = new Uint8Array(await encoded.arrayBuffer())
  return { ...request, headers: new Map([...request.headers, ['content-type', contentType]]), body }
}
