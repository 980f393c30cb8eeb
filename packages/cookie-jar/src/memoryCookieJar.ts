import { ownOptions } from '@graphlinks/core'
import { Cookies } from './cookies.ts'
import { checkOptions, type CookieJarOptions } from './options.ts'
import { fromSaved } from './saved.ts'
import { jarOf, type UserCookieJar } from './userCookieJar.ts'

/** Options of {@link memoryCookieJar}. */
export interface MemoryCookieJarOptions extends CookieJarOptions {
  /**
   * The cookies to begin with: what `export` gave, or `serialize` of a tough-cookie jar, as JSON or parsed. Cookies that
   * no server could have set are left out. Default: none.
   */
  readonly from?: string | object | undefined
}

/**
 * A cookie jar that lasts as long as the process. Make one for each user, on a server one for each request: whoever
 * shares a jar shares the session.
 *
 * @throws {@link OptionsError} when an option is no good, {@link CookieJarError} when `from` is no saved jar.
 *
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis
 *
 * @example
 * ```ts
 * import { memoryCookieJar } from '@graphlinks/cookie-jar'
 *
 * const jar = memoryCookieJar()
 * await jar.fetch('https://api.example.com/login', { method: 'POST', body: JSON.stringify({ user: 'ada' }) })
 * console.log(await jar.getCookieString('https://api.example.com/graphql'))
 * ```
 */
export function memoryCookieJar(options?: MemoryCookieJarOptions): UserCookieJar {
  const link = 'memoryCookieJar'
  const settings = checkOptions(link, options)
  const { from } = ownOptions(options)
  const cookies = new Cookies()
  if (from !== undefined) cookies.restore(fromSaved(link, from, settings.clock.date()))
  return jarOf(settings, cookies, {
    open: async () => {},
    save: async () => {},
    clear: async () => cookies.clear(),
  })
}
