// Loaded when the first redirect comes.
import { parseUrl, type Operation } from '@graphlinks/core'
import { redact } from '@graphlinks/core/redact'
import type { Attempt } from './attempt.ts'
import { RedirectBlockedError } from './index.ts'
import { responseDetails } from './failure.ts'
import type { OpenResponse, readWhole as readWholeResponse, send as sendRequest, SendOptions } from './send.ts'
import type { TransportResponse, WireRequest } from './transport.ts'

const maxRedirects = 3

/** A response that redirects, or that came from a fetch that followed a redirect although it was told not to. */
interface Redirect {
  readonly request: WireRequest
  readonly response: TransportResponse
  readonly head: OpenResponse
}

/**
 * Sends a request on to where it was redirected.
 *
 * @param parts - handed over, as those of streams.ts.
 * @throws {@link RedirectBlockedError}
 */
export async function follow(
  operation: Operation,
  redirect: Redirect,
  attempt: Attempt,
  options: SendOptions,
  { readWhole, send }: { readonly readWhole: typeof readWholeResponse; readonly send: typeof sendRequest },
): Promise<OpenResponse> {
  const { request, head } = redirect
  const url = targetOf(operation, redirect, options.redirects)
  // Unread, it would keep its connection.
  await readWhole(operation, head, attempt, options)
  return send(operation, { ...request, url, redirects: countOf(request) + 1 }, attempt, options)
}

function countOf(request: WireRequest): number {
  return (Object.hasOwn(request, 'redirects') && request.redirects) || 0
}

/**
 * The URL to go on to. Only 307 and 308 keep the method and the body (RFC 9110 section 15.4), and only the same origin
 * may see the credentials; everything else is an error.
 */
function targetOf(operation: Operation, { request, response, head }: Redirect, policy: SendOptions['redirects']): URL {
  const from = request.url
  const { status, headers, redirected } = response
  const location = headers.get('location')
  const target = location ? parseUrl(location, from.href) : undefined
  const blocked = (why: string): RedirectBlockedError => {
    const where =
      target && !redirected ? ` to ${redact(operation, `${target.protocol}//${target.host}${target.pathname}`)}` : ''
    return new RedirectBlockedError(
      `the server answered ${status || 'with a redirect'}${where}: ${why}`,
      responseDetails(operation, head),
    )
  }
  if (redirected) throw blocked('the fetch that was passed in follows redirects, which can carry credentials away')
  if (policy !== 'same-origin') throw blocked('redirects are not followed; use the final URL as url')
  if (status !== 307 && status !== 308) throw blocked('only 307 and 308 repeat the request as it was')
  // Not by origin, which a blob: URL shares with the URL in it.
  if (target?.protocol !== from.protocol || target.host !== from.host)
    throw blocked('it leads to another origin or nowhere, and only this one may see the credentials')
  if (target.username || target.password) throw blocked('its target has a user name or password in it')
  if (countOf(request) >= maxRedirects) throw blocked(`${maxRedirects} redirects were followed before`)
  return target
}
