import {
  headerEntries,
  inDevelopment,
  OptionsError,
  ownOptions,
  systemClock,
  type Clock,
  type Operation,
} from '@graphlinks/core'
import type { CsrfHeader } from './csrf.ts'
import { createEndpoint, type Endpoint } from './endpoint.ts'
import { fetchTransport, type Fetch, type FetchOptions } from './fetchTransport.ts'
import type { RequestOptions } from './request.ts'
import type { SendOptions } from './send.ts'
import type { StreamOptions } from './streams.ts'
import type { Transport } from './transport.ts'

/** Options of {@link httpLink} but for the endpoint. */
export interface HttpLinkBaseOptions {
  /** Default: the `fetch` that is global when an operation is sent; cross-fetch where there is none. */
  readonly fetch?: Fetch | undefined
  /** Passed to fetch as they are. Default: `{ cache: 'no-store' }`, because responses belong to one user. */
  readonly fetchOptions?: FetchOptions | undefined
  /** What carries the requests in place of fetch, such as `undiciTransport()`. Default: fetch. */
  readonly transport?: Transport | undefined
  /**
   * How queries travel: `'POST'`; `'GET'`, so that caches can keep the answers; or another method that takes a body, such
   * as `'QUERY'`. Mutations and subscriptions are always POSTed. Default: `'POST'`.
   */
  readonly queryMethod?: 'POST' | 'GET' | (string & {}) | undefined
  /** The longest URL of a GET, in characters: a query that needs a longer one is POSTed. Default: 2,048. */
  readonly maxUrlLength?: number | undefined
  /**
   * The header that makes browsers ask first, sent with GET and with uploads, as servers with CSRF prevention want it:
   * that of Apollo Server, of Yoga's plugin, of Hot Chocolate, of the draft, or your own; `false` for none.
   * Default: `'apollo'`.
   */
  readonly csrf?: CsrfHeader | undefined
  /**
   * How subscriptions travel: `'sse'`, server-sent events, a request for each; `'single-connection'`, server-sent events
   * of one stream for all; `'multipart'`, the protocol of Apollo Router; `'auto'` takes what the server chooses of the
   * first and the third. Default: `'auto'`.
   */
  readonly subscriptions?: 'auto' | 'sse' | 'single-connection' | 'multipart' | undefined
  /**
   * How long a stream may be silent, in milliseconds; heartbeats count. In place of `timeoutMs` once a stream has begun.
   * Default: 60,000. `Infinity`: no limit.
   */
  readonly idleTimeoutMs?: number | undefined
  /** Whether the end of the connection is the end of a stream, for servers that say no `complete`. Default: `false`. */
  readonly eofCompletes?: boolean | undefined
  /**
   * What it means that a server completes a subscription: `'end'`, or `'interruption'`, an error that can be retried, for
   * servers that complete subscriptions when they restart. Default: `'end'`.
   */
  readonly completion?: 'end' | 'interruption' | undefined
  /**
   * What `@defer` and `@stream` give: `'merged'`, the data as it is so far, each time; `'raw'`, each payload as it came.
   * Default: `'merged'`.
   */
  readonly incremental?: 'merged' | 'raw' | undefined
  /**
   * The `accept` header of operations with `@defer` or `@stream`. Default: `multipart/mixed;incrementalSpec=v0.2,
   * multipart/mixed;deferSpec=20220824`, then what all operations accept.
   */
  readonly incrementalAccept?: string | undefined
  /**
   * Whether a value in variables is a file beside `Blob`, `File` and `FileList`, such as `{ uri, name, type }` in React
   * Native. Default: none is.
   */
  readonly isFile?: ((value: object) => boolean) | undefined
  /**
   * How many operations are on the wire at once; the others wait in order, without credentials. A subscription counts
   * until its stream begins. Default: 64.
   */
  readonly maxInFlight?: number | undefined
  /** How long a request may take until its body is read, in milliseconds, from when it is sent. Default: 30,000. `Infinity`: no limit. */
  readonly timeoutMs?: number | undefined
  /** How large a body, or a part of a stream, may be after decompression, in bytes. Default: 16,777,216 (16 MiB). */
  readonly maxResponseBytes?: number | undefined
  /**
   * `'error'` fails an operation that is redirected. `'same-origin'` follows up to three 307 or 308 within the origin.
   * Default: `'error'`.
   */
  readonly redirects?: 'error' | 'same-origin' | undefined
  /** Lets credentials go over plain http to other hosts than loopback. Default: `false`. */
  readonly allowInsecure?: boolean | undefined
  /** Time for `timeoutMs` and `idleTimeoutMs`. Default: the platform's. */
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

/** The options of a link, after they were checked. The defaults of what loads lazily are where it is read. */
export interface Settings extends SendOptions, RequestOptions, StreamOptions {
  readonly endpoint: Endpoint
  readonly timeoutMs: number
  readonly maxInFlight: number
  readonly clock: Clock
}

/** Checks the options of the link. @throws {@link OptionsError} naming the option. */
export function checkOptions(given: HttpLinkOptions): Settings {
  const options = ownOptions(given)
  const { fetch, fetchOptions = {}, csrf } = options
  const wrong =
    Object.keys(options).find((name) => !isGood(name, options)) ??
    (options.transport && (fetch ?? options.fetchOptions) && 'transport') ??
    Object.keys(fetchOptions)
      .map((name) => `fetchOptions.${name}`)
      .find((name) => /\.(method|headers|body|signal|redirect)$/.test(name))
  if (wrong) throw new OptionsError(explain(wrong, options) ?? wrong, { link: 'httpLink' })
  if (typeof csrf === 'object') headerEntries(csrf, { link: 'httpLink' })
  // Own again: what is not set must not be found on the prototype of all objects.
  return ownOptions({
    ...options,
    endpoint: createEndpoint(options.url, options.origins),
    transport: options.transport ?? fetchTransport(fetch, fetchOptions),
    queryMethod: options.queryMethod ?? 'POST',
    maxInFlight: options.maxInFlight ?? 64,
    timeoutMs: options.timeoutMs ?? 30_000,
    maxResponseBytes: options.maxResponseBytes ?? 16_777_216,
    clock: options.clock ?? systemClock,
  })
}

/** Options that are numbers above zero, by their names. */
const amounts = /^max|Ms$/

/** What other options that are set must be: of a type, one of some words, or text of a pattern. */
const rules: Readonly<Record<string, 'function' | readonly unknown[] | RegExp>> = /* @__PURE__ */ ownOptions({
  fetch: 'function',
  isFile: 'function',
  redirects: ['error', 'same-origin'],
  subscriptions: ['auto', 'sse', 'single-connection', 'multipart'],
  completion: ['end', 'interruption'],
  incremental: ['merged', 'raw'],
  csrf: ['apollo', 'yoga', 'hot-chocolate', 'draft', false],
  queryMethod: /^[A-Z]+$/,
})

function isGood(name: string, options: HttpLinkOptions): boolean {
  const value = options[name as keyof HttpLinkOptions]
  const rule = rules[name]
  if (value === undefined || (name === 'csrf' && typeof value === 'object')) return true
  if (rule === 'function') return typeof value === rule
  if (amounts.test(name)) return typeof value === 'number' && value > 0
  return rule instanceof RegExp ? typeof value === 'string' && rule.test(value) : (rule?.includes(value) ?? true)
}

/** What is wrong with an option. */
function explain(name: string, options: HttpLinkOptions): string | undefined {
  // All of it in here, because bundlers keep a function that only this would call.
  return inDevelopment(() => {
    const rule = rules[name]
    const unit = name.endsWith('Ms') ? ' of milliseconds' : ''
    if (rule === 'function') return `${name} is a function`
    if (amounts.test(name))
      return `${name} is a positive number${unit}, not ${String(options[name as keyof HttpLinkOptions] as unknown)}`
    if (name === 'queryMethod') return 'queryMethod is a method in capitals, such as "GET"'
    if (name === 'transport') return 'transport takes the place of fetch: leave out fetch and fetchOptions'
    if (rule) return `${name} is ${(rule as readonly unknown[]).map((choice) => JSON.stringify(choice)).join(' or ')}`
    return `${name} is for the link to set: use headerLink, redirects, or the signal of a call`
  })
}
