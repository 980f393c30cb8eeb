import { OptionsError, originOf, parseUrl, type Operation } from '@graphlinks/core'

/** Gives the URL that an operation goes to. */
export type Endpoint = (operation: Operation) => URL

/**
 * Checks the `url` and `origins` options and gives the endpoint of each operation. What a function gives is compared by
 * origin after parsing, so that no spelling of a URL leads elsewhere.
 *
 * @throws OptionsError naming the option, never a password in a URL.
 */
export function createEndpoint(
  url: string | URL | ((operation: Operation) => string | URL),
  origins: readonly string[] | undefined,
  link: string,
): Endpoint {
  if (typeof url !== 'function') {
    const endpoint = parseEndpoint(url, link)
    return () => endpoint
  }
  if (!origins?.length) {
    throw new OptionsError(
      'url is a function, so origins must list where it may point, as in ["https://api.example.com"]',
      { link },
    )
  }
  const allowed = new Set(origins.map((origin) => originOf(parseEndpoint(origin, link))))
  return (operation) => {
    const details = { link, operationName: operation.operationName }
    const endpoint = parseEndpoint(url(operation), link, details.operationName)
    if (allowed.has(originOf(endpoint))) return endpoint
    throw new OptionsError(`the url function gave ${originOf(endpoint)}, which is not in origins`, details)
  }
}

function parseEndpoint(url: string | URL, link: string, operationName?: string): URL {
  const details = { link, operationName }
  const base = (globalThis as { location?: { href?: string } }).location?.href
  const parsed = parseUrl(String(url), base)
  if (!parsed) throw new OptionsError('url is no absolute URL such as "https://api.example.com/graphql"', details)
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') {
    throw new OptionsError(`url has the scheme "${parsed.protocol}", not https: or http:`, details)
  }
  if (parsed.username || parsed.password) {
    throw new OptionsError(
      'url has a user name or password in it, which fetch refuses or leaks: use basicAuthLink',
      details,
    )
  }
  return parsed
}

/** A URL as it may be shown: search parameters can hold keys, so they go. */
export function printable(url: URL): string {
  return `${url.origin}${url.pathname}`
}
