/** What takes part in the HTTP exchange that opens a socket. Not in browsers: they make it themselves. */
import { inBrowser, type Exchange, type Operation, type OutgoingRequest } from '@graphlinks/core'
import { exchangesOf } from '@graphlinks/core/deferred'
import { exchangedHeaders } from '@graphlinks/core/exchange'
import { blamed } from './failures.ts'
import type { UpgradeResponse } from './socket.ts'

/** What exchanges do to the handshake of one socket. */
export interface Upgrade {
  /** The headers that they set. They are secrets. */
  readonly headers: Readonly<Record<string, string>>
  /** Tells them of the answer. @returns whether one of them wants another. @throws what one of them fails with. */
  readonly answered: (response: UpgradeResponse) => Promise<boolean>
}

/** Those of an operation, as far as a handshake has any. */
export function upgradesOf(operation: Operation): readonly Exchange[] {
  return inBrowser() ? [] : exchangesOf(operation)
}

/** Has a handshake changed by the exchanges of an operation, where it has any. */
export async function createUpgrade(
  operation: Operation,
  url: URL,
  before: Readonly<Record<string, string>>,
  allowInsecure: boolean,
): Promise<Upgrade | undefined> {
  const exchanges = upgradesOf(operation)
  if (exchanges.length === 0) return undefined
  const seen = new Map(Object.entries(before))
  const set = new Map<string, string>()
  const request: OutgoingRequest = { method: 'GET', url, headers: seen, body: undefined }
  for (const exchange of exchanges) {
    const change = await take(exchange, operation, () => exchange.request?.(request, operation))
    const destination = { endpoint: url, link: 'wsLink', allowInsecure }
    for (const [name, value] of exchangedHeaders(operation, change?.headers ?? {}, exchange.link, destination)) {
      if (value === null) seen.delete(name)
      else for (const headers of [seen, set]) headers.set(name, value)
    }
  }
  return {
    headers: Object.fromEntries(set),
    async answered({ statusCode: status, headers }) {
      const response = { status, headers: toHeaders(headers) }
      let isRefused = false
      for (const exchange of exchanges) {
        const wish = await take(exchange, operation, () => exchange.response?.(response, request, operation))
        if (wish === true) isRefused = true
      }
      return isRefused
    },
  }
}

/** Node has several Set-Cookie headers as a list, and no others so. */
function toHeaders(given: UpgradeResponse['headers']): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(given)) {
    for (const each of [value ?? []].flat()) headers.append(name, each)
  }
  return headers
}

async function take<Value>(
  { link }: Exchange,
  operation: Operation,
  call: () => Value | Promise<Value>,
): Promise<Value> {
  try {
    return await call()
  } catch (error) {
    throw blamed(error, 'its part in the exchange failed', operation, link)
  }
}
