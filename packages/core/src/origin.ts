import { OptionsError } from './errors.ts'
import { inDevelopment } from './inDevelopment.ts'

/**
 * Checks that a text is the origin of an http(s) or ws(s) URL and gives it as http(s), since a session is the same over
 * both.
 *
 * @throws {@link OptionsError} when it is none, or has more than an origin.
 *
 * @example
 * ```ts
 * import { checkOrigin } from '@graphlinks/core'
 *
 * console.log(checkOrigin('wss://API.example.com')) // https://api.example.com
 * ```
 */
export function checkOrigin(origin: string, link?: string): string {
  const url = parseUrl(origin)
  if (url && /^(http|ws)s?:\/\/[^/@]+\/$/.test(url.href)) return originOf(url)
  throw new OptionsError(
    inDevelopment(
      () => 'an origin in origins looks like "https://api.example.com": scheme, host and port, nothing else',
    ) ?? 'origins',
    { link },
  )
}

/**
 * The origin of a URL, with ws counted as http and wss as https.
 *
 * @example
 * ```ts
 * import { originOf } from '@graphlinks/core'
 *
 * console.log(originOf(new URL('wss://api.example.com/graphql'))) // https://api.example.com
 * ```
 */
export function originOf(url: URL): string {
  return `${url.protocol.replace('ws', 'http')}//${url.host}`
}

/**
 * The URL, or undefined where the text is none: `new URL` prints its input, which may hold a password.
 *
 * @example
 * ```ts
 * import { parseUrl } from '@graphlinks/core'
 *
 * console.log(parseUrl('/graphql', 'https://api.example.com')?.href, parseUrl('graphql')) // https://... undefined
 * ```
 */
export function parseUrl(text: string, base?: string): URL | undefined {
  try {
    return new URL(text, base)
  } catch {
    return undefined
  }
}

/**
 * Whether a host name of a URL is this machine: nothing that goes there leaves it.
 *
 * @example
 * ```ts
 * import { isLoopback } from '@graphlinks/core'
 *
 * console.log(isLoopback('127.0.0.1'), isLoopback('api.example.com')) // true false
 * ```
 */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname)
}
