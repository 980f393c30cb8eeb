// Loaded when the first redirect comes.
import { parseUrl, type Operation } from '@graphlinks/core'
import { redact } from '@graphlinks/core/redact'
import { RedirectBlockedError } from './index.ts'
import { responseDetails } from './failure.ts'
import type { ResponseHead } from './response.ts'
import type { TransportResponse } from './transport.ts'

const maxRedirects = 3

/** A response that redirects, or that came from a fetch that followed a redirect although it was told not to. */
export interface Redirect {
  readonly response: TransportResponse
  readonly head: Omit<ResponseHead, 'mediaType'>
  readonly from: URL
  readonly policy: 'error' | 'same-origin' | undefined
  /** How many redirects were followed before. */
  readonly count: number
}

/**
 * The URL to go on to. Only 307 and 308 keep the method and the body (RFC 9110 section 15.4), and only the same origin
 * may see the credentials; everything else is an error.
 *
 * @throws {@link RedirectBlockedError}
 */
export function followRedirect(operation: Operation, { response, head, from, policy, count }: Redirect): URL {
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
  if (count >= maxRedirects) throw blocked(`${maxRedirects} redirects were followed before`)
  return target
}
