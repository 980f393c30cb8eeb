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
