import { checkOrigin, inDevelopment, OptionsError, originOf, parseUrl, type Operation } from '@graphlinks/core'

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
): Endpoint {
  if (typeof url !== 'function') {
    const endpoint = withParts(parseEndpoint(url))
    return () => endpoint
  }
  const allowed = origins?.map((origin) => checkOrigin(origin, 'httpLink'))
  if (!allowed?.length) {
    throw new OptionsError(
      inDevelopment(() => 'url is a function, so origins must list where it may lead') ?? 'origins',
      { link: 'httpLink' },
    )
  }
  return (operation) => {
    const endpoint = parseEndpoint(url(operation), operation.operationName)
    if (allowed.includes(originOf(endpoint))) return endpoint
    throw new OptionsError(`the url function gave ${endpoint.origin}, which is not in origins`, {
      link: 'httpLink',
      operationName: operation.operationName,
    })
  }
}

function parseEndpoint(url: string | URL, operationName?: string): URL {
  // Against a base, an empty or missing url would mean the page itself.
  const base = (globalThis as { location?: { href?: string } }).location?.href
  const endpoint = url ? parseUrl(String(url), base) : undefined
  // A host, and nothing before it.
  if (endpoint && /^https?:\/\/[^/@]+\//.test(endpoint.href)) return endpoint
  throw new OptionsError(
    inDevelopment(() =>
      !endpoint
        ? 'url is missing, or no absolute URL: httpLink({ url: "https://api.example.com/graphql" })'
        : /^https?:$/.test(endpoint.protocol)
          ? 'url has a user name or password in it, which leaks: use basicAuthLink'
          : `url has the scheme "${endpoint.protocol}", not https: or http:`,
    ) ?? 'url',
    { link: 'httpLink', operationName },
  )
}

/** Runtimes cut the parts out of a URL each time they are read, which costs more than all else in a request. */
function withParts(url: URL): URL {
  for (const name of ['href', 'origin', 'protocol', 'host', 'pathname', 'search'] as const)
    Object.defineProperty(url, name, { value: url[name] })
  return url
}
