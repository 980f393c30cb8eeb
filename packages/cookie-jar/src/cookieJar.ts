/** What `cookieLink` asks of a jar. A `CookieJar` of tough-cookie is one, too. */
export interface CookieJar {
  /** The value of the `Cookie` header for a URL, or an empty text. */
  getCookieString(url: string): Promise<string>
  /** Takes one `Set-Cookie` field of a response of a URL. */
  setCookie(cookie: string, url: string): Promise<unknown>
}
