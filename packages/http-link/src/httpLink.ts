import {
  GraphLinksError,
  inDevelopment,
  OptionsError,
  ownOptions,
  systemClock,
  type Clock,
  type Operation,
  type TerminalLink,
} from '@graphlinks/core'
import { createEndpoint, type Endpoint } from './endpoint.ts'
import { buildRequest, type WireRequest } from './request.ts'
import { readResult } from './response.ts'
import { send, type Fetch, type SendOptions } from './send.ts'

/** Members of fetch's `init` that pass through to it; the runtime's own, such as `dispatcher` or `next`, included. */
export type FetchOptions = Omit<RequestInit, 'method' | 'headers' | 'body' | 'signal' | 'redirect'> &
  Readonly<Record<string, unknown>>

/** Options of {@link httpLink} but for the endpoint. */
export interface HttpLinkBaseOptions {
  /** Default: the `fetch` that is global when an operation is sent; cross-fetch where there is none. */
  readonly fetch?: Fetch | undefined
  /** Passed to fetch as they are. Default: `{ cache: 'no-store' }`, because responses belong to one user. */
  readonly fetchOptions?: FetchOptions | undefined
  /** How long a request may take until its body is read, in milliseconds. Default: 30,000. `Infinity`: no limit. */
  readonly timeoutMs?: number | undefined
  /** How large a body may be after decompression, in bytes. Default: 16,777,216 (16 MiB). */
  readonly maxResponseBytes?: number | undefined
  /**
   * `'error'` fails an operation that is redirected. `'same-origin'` follows up to three 307 or 308 within the origin.
   * Default: `'error'`.
   */
  readonly redirects?: 'error' | 'same-origin' | undefined
  /** Lets credentials go over plain http to other hosts than loopback. Default: `false`. */
  readonly allowInsecure?: boolean | undefined
  /** Time for `timeoutMs`. Default: the platform's. */
  readonly clock?: Clock | undefined
}

/** Where operations go: one URL, or one that a function chooses within `origins`. */
export type EndpointOptions =
  | { readonly url: string | URL; readonly origins?: undefined }
  | {
      readonly url: (operation: Operation) => string | URL
      /** The origins that the function may choose. Anything else fails the operation before it is sent. */
      readonly origins: readonly string[]
    }

/** Options of {@link httpLink}. */
export type HttpLinkOptions = HttpLinkBaseOptions & EndpointOptions

/**
 * The terminal link of GraphQL over HTTP: it POSTs queries and mutations with `fetch` and gives the result, with status
 * and headers in `result.http`. Redirects are not followed, bodies are capped, and what an error says of a response is
 * free of credentials and variables.
 *
 * @throws {@link OptionsError} when an option is no good, when the link is built. Operations fail with a
 * {@link NetworkError}, {@link HttpError}, {@link MalformedResponseError}, {@link EmptyResponseError},
 * {@link ResponseTooLargeError}, {@link RedirectBlockedError}, {@link SubscriptionNotSupportedError}, `TimeoutError` or
 * `InsecureTransportError`, with a `LinkError` where `url` throws or variables are no JSON, or with the reason of the caller's own signal.
 *
 * @see https://graphql.github.io/graphql-over-http/draft/
 *
 * @example
 * ```ts
 * import { createClient } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * const client = createClient({ link: httpLink({ url: 'https://api.example.com/graphql', timeoutMs: 10_000 }) })
 * const { data } = await client.query('{ hello }')
 * console.log(data)
 * ```
 */
export function httpLink(options: HttpLinkOptions): TerminalLink {
  const settings = checkOptions(options)
  const named: TerminalLink = async function* httpLink(operation) {
    const request = await requestOf(operation, settings)
    const response = await send(operation, request, settings)
    const result = readResult(operation, response)
    if (!result) throw (await import('./failure.ts')).explainFailure(operation, response)
    yield result
  }
  return Object.assign(named, { stage: 'terminal' as const })
}

interface Settings extends SendOptions {
  readonly endpoint: Endpoint
  readonly allowInsecure: boolean
}

async function requestOf(operation: Operation, { endpoint, allowInsecure }: Settings): Promise<WireRequest> {
  let problem = 'the url function threw'
  try {
    const url = endpoint(operation)
    problem = 'the operation cannot be written as JSON'
    return await buildRequest(operation, url, allowInsecure)
  } catch (error) {
    if (GraphLinksError.is(error)) throw error
    throw (await import('./failure.ts')).unsendable(operation, problem, error)
  }
}

function checkOptions(given: HttpLinkOptions): Settings {
  const options = ownOptions(given)
  const { timeoutMs = 30_000, maxResponseBytes = 16_777_216, redirects = 'error', allowInsecure = false } = options
  const { fetch, fetchOptions = {}, clock = systemClock } = options
  const taken = Object.keys(fetchOptions).find((name) => /^(method|headers|body|signal|redirect)$/.test(name))
  const wrong =
    (!(timeoutMs > 0) && 'timeoutMs') ||
    (!(maxResponseBytes > 0) && 'maxResponseBytes') ||
    (redirects !== 'error' && redirects !== 'same-origin' && 'redirects') ||
    (fetch && typeof fetch !== 'function' && 'fetch') ||
    (taken && `fetchOptions.${taken}`)
  if (wrong) {
    const words = inDevelopment(() => {
      const rules: Readonly<Record<string, string>> = {
        timeoutMs: `is a positive number of milliseconds, not ${timeoutMs}`,
        maxResponseBytes: `is a positive number, not ${maxResponseBytes}`,
        redirects: 'is "error" or "same-origin"',
        fetch: 'is a function',
      }
      return `${wrong} ${rules[wrong] ?? 'is for the link to set: use headerLink, redirects, or the signal of a call'}`
    })
    throw new OptionsError(words ?? wrong, { link: 'httpLink' })
  }
  const endpoint = createEndpoint(options.url, options.origins)
  return { endpoint, fetch, fetchOptions, timeoutMs, maxResponseBytes, redirects, allowInsecure, clock }
}
