// Loaded with the first operation that has a jar of cookies or a signature.
import {
  GraphLinksError,
  LinkError,
  ownOptions,
  type Exchange,
  type Operation,
  type OutgoingRequest,
} from '@graphlinks/core'
import { exchangedHeaders } from '@graphlinks/core/exchange'
import type { Attempt } from './attempt.ts'
import { readBody } from './readBody.ts'
import type { SendOptions } from './send.ts'
import { isForm, type TransportResponse, type WireRequest } from './transport.ts'

// Nothing of the entry is needed here; but what loads lazily and needs core alone makes esbuild part the two in everybody's
// first chunk (see `selfContained` in rollup.config.mjs).
export { httpLink } from './index.ts'

/** How much of a response is read before its request is sent again: it says no more than that, and why. */
const maxDiscardedBytes = 65_536

/** Sends a request as the exchanges of its operation want it, and once more where one of them asks for that. */
export async function exchange(
  operation: Operation,
  request: WireRequest,
  exchanges: readonly Exchange[],
  attempt: Attempt,
  options: SendOptions,
): Promise<TransportResponse> {
  const [response, isRefused] = await sendOnce(operation, request, exchanges, attempt, options)
  if (!isRefused) return response
  // Unread, it would keep its connection.
  await (response.readAll?.(maxDiscardedBytes) ?? readBody(response.body, maxDiscardedBytes))
  const [again] = await sendOnce(operation, request, exchanges, attempt, options)
  return again
}

/** @returns the response, and whether one of the exchanges wants another. */
async function sendOnce(
  operation: Operation,
  request: WireRequest,
  exchanges: readonly Exchange[],
  attempt: Attempt,
  { transport, allowInsecure }: SendOptions,
): Promise<[TransportResponse, boolean]> {
  // What is signed must be what is sent, and a form has its boundary from whoever writes it.
  if (isForm(request.body)) request = await (await import('./formRequest.ts')).withoutForm(request, request.body)
  const { url, method, body } = request
  const destination = { endpoint: url, link: 'httpLink', allowInsecure }
  const headers = new Map(request.headers)
  const outgoing: OutgoingRequest = { method, url, headers, body: body as OutgoingRequest['body'] }
  for (const each of exchanges) {
    // Own members only: what somebody put on Object.prototype must not go out.
    const change = ownOptions((await take(each, operation, attempt, () => each.request?.(outgoing, operation))) ?? {})
    for (const [name, value] of exchangedHeaders(operation, change.headers ?? {}, each.link, destination)) {
      if (value === null) headers.delete(name)
      else headers.set(name, value)
    }
  }
  const response = await transport.send({ ...request, headers }, attempt)
  let isRefused = false
  for (const each of exchanges) {
    if ((await take(each, operation, attempt, () => each.response?.(response, outgoing, operation))) === true)
      isRefused = true
  }
  return [response, isRefused]
}

/** Calls a function of an exchange. It is waited for as long as the attempt is. */
async function take<Value>(
  { link }: Exchange,
  { operationName }: Operation,
  attempt: Attempt,
  call: () => Value | Promise<Value>,
): Promise<Value> {
  attempt.check()
  try {
    return await attempt.until(new Promise<Value>((called) => called(call())))
  } catch (error) {
    if (attempt.aborted || GraphLinksError.is(error)) throw error
    throw new LinkError('its part in the exchange failed; see cause', { link, operationName, cause: error })
  }
}
