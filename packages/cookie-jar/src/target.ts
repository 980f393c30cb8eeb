import { isLoopback, originOf, parseUrl } from '@graphlinks/core'
import { canonical } from './cookie.ts'
import { CookieJarError } from './errors.ts'

/** What matters to cookies of a URL. */
export interface Target {
  readonly host: string
  readonly path: string
  /** Whether nobody else can read what goes there, or change what comes from there. */
  readonly isSecure: boolean
}

/** @throws {@link CookieJarError} where it is no URL that has cookies. The message does not show it. */
export function targetOf(link: string, text: string | URL): Target {
  const url = parseUrl(String(text))
  const host = url && /^(http|ws)s?:$/.test(url.protocol) ? canonical(url.hostname) : undefined
  if (!url || !host)
    throw new CookieJarError('cookies are for http, https, ws and wss URLs, with all their parts', { link })
  // A WebSocket is opened over HTTP, and has the cookies of its http or https twin.
  const isSecure = originOf(url).startsWith('https:') || isLoopback(url.hostname)
  return { host, path: url.pathname, isSecure }
}
