import type { CookieJar } from '@graphlinks/core'
import type { Cookies } from './cookies.ts'
import { jarFetch, type JarFetch } from './jarFetch.ts'
import type { Settings } from './options.ts'
import { toSaved } from './saved.ts'
import { readSetCookie } from './setCookie.ts'
import { targetOf } from './target.ts'

/** A jar with the cookies of one user. */
export interface UserCookieJar extends CookieJar {
  /**
   * The value of the `Cookie` header for a URL, or an empty text. A WebSocket has the cookies of its http or https twin.
   *
   * @throws {@link CookieJarError} where it is no URL of http, https, ws or wss.
   */
  getCookieString(url: string | URL): Promise<string>
  /**
   * Takes one `Set-Cookie` field of a response of a URL.
   *
   * @returns whether the server may set it: what breaks a rule of cookies is left out, as browsers do.
   * @throws {@link CookieJarError} where it is no URL of http, https, ws or wss.
   */
  setCookie(cookie: string, url: string | URL): Promise<boolean>
  /** A `fetch` with the cookies of this jar, for the login request. */
  readonly fetch: JarFetch
  /**
   * The cookies as JSON, which `memoryCookieJar({ from })` and tough-cookie read. Whoever has it is logged in: keep it as
   * you would a password.
   */
  export(): Promise<string>
  /** Forgets all cookies. */
  clear(): Promise<void>
}

/** Where the cookies of a jar come from, and stay. */
export interface Keeper {
  /** Called before anything is read or changed. */
  open(): Promise<void>
  /** Called after everything that may have changed something. */
  save(): Promise<void>
  clear(): Promise<void>
}

/** A jar of these cookies. */
export function jarOf(settings: Settings, cookies: Cookies, keeper: Keeper): UserCookieJar {
  const { link, clock } = settings
  const jar = {
    async getCookieString(url: string | URL) {
      const target = targetOf(link, url)
      await keeper.open()
      return cookies.header(target, clock.date())
    },
    async setCookie(text: string, url: string | URL) {
      const target = targetOf(link, url)
      await keeper.open()
      const now = clock.date()
      const cookie = readSetCookie(text, target, now)
      const isTaken = cookie !== undefined && cookies.set(cookie, target.isSecure, now)
      await keeper.save()
      return isTaken
    },
    async export() {
      await keeper.open()
      return toSaved(cookies.list(clock.date()))
    },
    clear: () => keeper.clear(),
  }
  return { ...jar, fetch: jarFetch(settings, jar) }
}
