import type { Clock } from '../clock.ts'
import { sendWith, type CredentialSource } from '../credentialSource.ts'
import { OptionsError } from '../errors.ts'
import { withExchange, type Exchange } from '../exchange.ts'
import { inBrowser } from '../headers.ts'
import { inDevelopment } from '../inDevelopment.ts'
import type { Link } from '../link.ts'
import { isRemoved, type Operation } from '../operation.ts'
import { ownOptions } from '../ownOptions.ts'
import { urgent } from '../urgent.ts'
import type { Login, LoginRequest } from './cookieLogin.ts'
import type { CookieJar } from './cookieJar.ts'
import { csrfProof, preflightHeaders, type Csrf } from './csrf.ts'
import { platformCookies } from './platformCookies.ts'
import { checkOptions } from './provider.ts'
import { replay, type AttemptOutcome } from './rejection.ts'

/** Options of {@link cookieLink}. */
export interface CookieLinkOptions {
  /**
   * What keeps the cookies: a jar, or a function of the operation that gives or promises one, such as that of the user who
   * asks; `'platform'` where fetch itself keeps them, as in React Native. Needed everywhere but in browsers, which keep
   * their own and in which it means nothing.
   */
  readonly jar?: CookieJar | ((operation: Operation) => CookieJar | Promise<CookieJar>) | 'platform' | undefined
  /**
   * Origins that cookies go to, such as `https://api.example.com`. Default: in browsers, that of the page alone, and any
   * other has to be named here; with a jar, those that the jar has cookies for.
   */
  readonly origins?: readonly string[] | undefined
  /**
   * The token against cross-site request forgery: sent with every request but GET; in browsers with every operation, to
   * the page's own origin only. Default: none.
   */
  readonly csrf?: Csrf | undefined
  /**
   * Whether the headers `graphql-require-preflight` and `apollo-require-preflight` are sent, with which no browser sends
   * a request of another site's without asking first. Default: `false`.
   */
  readonly requirePreflight?: boolean | undefined
  /**
   * Signs in again, when a server says that nobody is signed in: once for all operations that hear of it, which are then
   * sent again, as with `tokenRefreshLink`. What it throws fails them. Default: they fail as the server says.
   */
  readonly onUnauthenticated?: ((request: LoginRequest) => unknown) | undefined
  /** Whether what came back means that nobody is signed in. What it throws counts as no. Default: `isTokenRefused`. */
  readonly isUnauthenticated?: ((outcome: AttemptOutcome, operation: Operation) => boolean) | undefined
  /**
   * How long `onUnauthenticated`, or a function that gives the jar, or in browsers the token, may take, in milliseconds.
   * Default: 30,000.
   */
  readonly timeoutMs?: number | undefined
  /** Time for `timeoutMs`. Default: the platform's. */
  readonly clock?: Clock | undefined
}

/**
 * Sends cookies with every operation and keeps those that servers set, over HTTP and with the handshake of a WebSocket.
 *
 * In browsers, the platform does both, and the link says to which origins. Elsewhere the jar does: each response's
 * `set-cookie` headers are kept, whatever its status. A `cookie` header of the operation is merged with the jar's cookies,
 * and wins by name; `null` for it, in the request or the call, sends none and keeps none.
 *
 * @throws {@link OptionsError} when an option is no good, or where there must be a jar; when the link is built. Operations
 * fail with a `LinkError` where the jar fails, and as those of `tokenRefreshLink` where `onUnauthenticated` does.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6265
 *
 * @example
 * ```ts
 * import { chain, cookieLink, type CookieJar } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * // On a server, a jar for each user: memoryCookieJar() of @graphlinks/cookie-jar.
 * export const linkFor = (jar: CookieJar) =>
 *   chain(cookieLink({ jar, csrf: 'django' }), httpLink({ url: 'https://api.example.com/graphql' }))
 * ```
 */
export function cookieLink(options: CookieLinkOptions = {}): Link {
  const link = 'cookieLink'
  const own = ownOptions(options)
  const { jar, onUnauthenticated, isUnauthenticated } = own
  const checked = checkOptions(link, own)
  checkCookieOptions(own)
  const csrf = csrfProof(own.csrf, link)
  const headers = own.requirePreflight ? preflightHeaders : {}
  let jars: CredentialSource | undefined
  const isPlatform = inBrowser() || jar === 'platform'
  // The platform has to be told, and whoever asks without its cookies is somebody else.
  const bare: Exchange = { link, identity: 'nobody', credentialsMode: () => 'omit' }
  const source: CredentialSource = isPlatform
    ? platformCookies(checked, csrf, headers)
    : {
        attach: (operation) =>
          jars?.attach(operation) ??
          import('./jarCookies.ts').then(({ jarCookies }) =>
            (jars ??= jarCookies(jar as CookieJar, { ...checked, csrf, headers })).attach(operation),
          ),
      }
  let login: Login | undefined
  const named: Link = function cookieLink(operation, next) {
    if (isRemoved(operation, 'cookie')) return next(isPlatform ? withExchange(operation, bare) : operation)
    if (!onUnauthenticated) return sendWith(source, operation, next)
    return (
      login?.send(operation, next) ??
      import('./cookieLogin.ts').then(({ Login }) =>
        (login ??= new Login({ ...checked, source, replay, urgent, onUnauthenticated, isUnauthenticated })).send(
          operation,
          next,
        ),
      )
    )
  }
  return Object.assign(named, {
    stage: 'credential' as const,
    dispose: async () => login?.dispose(),
  })
}

function checkCookieOptions({ jar, onUnauthenticated, isUnauthenticated }: CookieLinkOptions): void {
  const isJar = jar === 'platform' || typeof jar === 'function' || typeof jar?.setCookie === 'function'
  const isWrong = (option: unknown): boolean => option !== undefined && typeof option !== 'function'
  const wrong =
    (!isJar && !inBrowser() && 'jar') ||
    (isWrong(isUnauthenticated) && 'isUnauthenticated') ||
    ((isWrong(onUnauthenticated) || (onUnauthenticated && typeof jar === 'function')) && 'onUnauthenticated')
  if (!wrong) return
  throw new OptionsError(
    inDevelopment(() =>
      wrong === 'jar'
        ? 'nothing keeps cookies here: npm install @graphlinks/cookie-jar, and give it { jar: memoryCookieJar() }'
        : typeof jar === 'function'
          ? 'onUnauthenticated signs one user in, so it goes with one jar and not with a function that gives several'
          : `${wrong} is a function`,
    ) ?? `${wrong} (@graphlinks/cookie-jar)`,
    { link: 'cookieLink' },
  )
}
