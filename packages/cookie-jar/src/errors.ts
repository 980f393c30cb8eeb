import { GraphLinksError } from '@graphlinks/core'

/**
 * A jar could not do what it was asked: what is to be restored is no saved jar, a file cannot be read or written, or a
 * request of `jar.fetch` got no answer, or a redirect that is not followed. It holds no cookie.
 *
 * @example
 * ```ts
 * import { CookieJarError } from '@graphlinks/cookie-jar'
 *
 * export const report = (error: unknown): void => {
 *   if (CookieJarError.is(error)) console.error(error.message) // names the jar, and says what to do
 * }
 * ```
 */
export class CookieJarError extends GraphLinksError {
  static override readonly name: string = 'CookieJarError'
  static override readonly code: string = 'COOKIE_JAR'
}
