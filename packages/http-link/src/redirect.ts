import { parseUrl, type Operation } from '@graphlinks/core'
import { printable } from './endpoint.ts'
import { RedirectBlockedError } from './errors.ts'

const maxRedirects = 3

/** Whether a response is a redirect; browsers hide it as an "opaque redirect" of status 0. */
export function isRedirect({ status, type }: Response): boolean {
  return type === 'opaqueredirect' || (status >= 300 && status < 400 && status !== 304)
}

/**
 * Refuses the response of a fetch that follows redirects although it was told not to.
 *
 * @throws {@link RedirectBlockedError}
 */
export function refuseFollowed(operation: Operation, { redirected, status }: Response, from: URL): void {
  if (!redirected) return
  throw new RedirectBlockedError(
    'the fetch that was passed in followed a redirect, although redirect is "manual": it may have carried credentials away',
    {
      link: 'httpLink',
      operationName: operation.operationName,
      status,
      url: printable(from),
    },
  )
}

/**
 * The URL to go on to. Only 307 and 308 keep the method and the body (RFC 9110 section 15.4), and only the same origin
 * may see the credentials; everything else is an error.
 *
 * @throws {@link RedirectBlockedError}
 */
export function followRedirect(
  operation: Operation,
  { status, headers }: Pick<Response, 'status' | 'headers'>,
  from: URL,
  policy: 'error' | 'same-origin',
  count: number,
): URL {
  const target = parseUrl(headers.get('location') ?? '', from.href)
  const blocked = (why: string): RedirectBlockedError =>
    new RedirectBlockedError(
      `the server answered ${status || 'with a redirect'}${target ? ` to ${printable(target)}` : ''}: ${why}`,
      {
        link: 'httpLink',
        operationName: operation.operationName,
        status,
        url: printable(from),
      },
    )
  if (policy === 'error') throw blocked('redirects are not followed; use the final URL as url')
  if (status !== 307 && status !== 308) throw blocked('only 307 and 308 repeat the request as it was')
  if (!target || target.origin !== from.origin)
    throw blocked('it leads to another origin, which must not see the credentials')
  if (target.username || target.password) throw blocked('its target has a user name or password in it')
  if (count >= maxRedirects) throw blocked(`it is redirect number ${count + 1}; ${maxRedirects} are followed`)
  return target
}
