import type { Exchange } from '../exchange.ts'
import type { CsrfHeaders } from './csrf.ts'

/**
 * What keeps cookies outside browsers: `memoryCookieJar()` or `fileCookieJar(path)` of `@graphlinks/cookie-jar`, or a
 * `CookieJar` of tough-cookie as it is.
 */
export interface CookieJar {
  /** The `cookie` header for a URL (RFC 6265 section 5.4); an empty text where there are no cookies. */
  getCookieString(url: string): Promise<string>
  /** Takes the value of one `set-cookie` header of an answer from a URL. A cookie that it refuses is nobody's error. */
  setCookie(cookie: string, url: string): Promise<unknown>
}

/** What the cookies of a jar are sent by. */
export interface JarSettings {
  readonly jar: CookieJar
  /** Origins that cookies may go to; `undefined` leaves it to the jar. */
  readonly origins: readonly string[] | undefined
  readonly headersFor: CsrfHeaders
  /** Whether servers look for another site's requests. */
  readonly hasCsrf: boolean
}

/** The cookies of a jar. */
export function jarExchange(settings: JarSettings): Exchange {
  // Browsers, whose bundles this is in all the same, have no use for it.
  const load = () => import('./jarCookies.ts')
  return {
    link: 'cookieLink',
    // A jar is whoever its cookies say: the number tells it from all others.
    identity: crypto.getRandomValues(new Uint32Array(4)).join('-'),
    request: async (request, operation) => (await load()).changeRequest(settings, request, operation),
    response: async (response, request) => (await load()).keepCookies(settings, request, response),
  }
}
