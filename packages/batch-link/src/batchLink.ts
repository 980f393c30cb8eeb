import {
  contextKey,
  inDevelopment,
  OptionsError,
  ownOptions,
  systemClock,
  type Clock,
  type ContextKey,
  type Operation,
  type TerminalLink,
} from '@graphlinks/core'
import type { HttpTerminalLink } from '@graphlinks/http-link'
import { batchSender } from '@graphlinks/http-link/batch'
import { Batches } from './batches.ts'

/** Options of {@link batchLink}. */
export interface BatchLinkOptions {
  /**
   * How long an operation waits for others, in milliseconds; `'microtask'`: only for those that are sent in the same
   * turn. Default: 0, until the event loop has a turn for timers.
   */
  readonly windowMs?: number | 'microtask' | undefined
  /** How many operations a request has at most: it is sent when it has them. Default: 10, as Yoga allows. */
  readonly maxSize?: number | undefined
  /** How large the body of a request of several operations may be, in bytes. Default: 100,000, as Express allows. */
  readonly maxBytes?: number | undefined
  /**
   * Headers that name a request: operations that differ in them alone may share one, which has those of the first.
   * Default: `traceparent`, `tracestate`, `x-request-id`, `x-correlation-id`.
   */
  readonly ignoreHeaders?: readonly string[] | undefined
  /**
   * Whether queries are sent again, each by itself, when the server takes no batches; from then on, nothing is sent
   * together to its URL. Mutations fail, and are not sent again. Default: `false`.
   */
  readonly fallback?: boolean | undefined
  /** Time for `windowMs`. Default: the platform's. */
  readonly clock?: Clock | undefined
}

/**
 * Whether an operation may share a request, under this key of its context. Default: `true`.
 *
 * @example
 * ```ts
 * import { batching } from '@graphlinks/batch-link'
 * import { emptyContext } from '@graphlinks/core'
 *
 * // A slow query, which would hold up the answers to others.
 * export const context = emptyContext.with(batching, false)
 * ```
 */
export const batching: ContextKey<boolean> = /* @__PURE__ */ contextKey('batching')

/**
 * The terminal link that sends several operations as one request: a list of them, answered by a list of results. Only
 * operations with the same URL, headers and credentials share a request; each has its own result, error, cancellation
 * and time limit. Subscriptions, files, `@defer` and `@stream`, and queries by GET are sent by themselves.
 *
 * @param link - what `httpLink` makes: its options count for batches, too.
 * @throws {@link OptionsError} when an option is no good, when the link is built. Operations fail as those of `httpLink`
 * do, or with a `BatchResponseError`.
 *
 * @example
 * ```ts
 * import { batchLink } from '@graphlinks/batch-link'
 * import { bearerLink, chain, createClient } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * const client = createClient({
 *   link: chain(bearerLink('token'), batchLink(httpLink({ url: 'https://api.example.com/graphql' }))),
 * })
 * await Promise.all([client.query('{ hello }'), client.query('{ me { name } }')]) // one request
 * ```
 */
export function batchLink(link: HttpTerminalLink, options: BatchLinkOptions = {}): TerminalLink {
  const own = ownOptions(options)
  const { windowMs = 0, maxSize = 10, maxBytes = 100_000, ignoreHeaders, clock = systemClock } = own
  const wrong = !(link as Partial<HttpTerminalLink> | undefined)?.wire
    ? 'link'
    : windowMs !== 'microtask' && !(windowMs >= 0 && windowMs < Infinity)
      ? 'windowMs'
      : !(Number.isInteger(maxSize) && maxSize > 0)
        ? 'maxSize'
        : !(maxBytes > 0)
          ? 'maxBytes'
          : ignoreHeaders && !Array.isArray(ignoreHeaders) && 'ignoreHeaders'
  if (wrong) {
    const sentence = inDevelopment(() => {
      if (wrong === 'link') return 'give it what httpLink makes: batchLink(httpLink({ url }))'
      if (wrong === 'ignoreHeaders') return 'ignoreHeaders is a list of names'
      const rules = {
        windowMs: 'zero or more, or "microtask"',
        maxSize: 'a positive integer',
        maxBytes: 'a positive number',
      }
      return `${wrong} is ${rules[wrong]}, not ${String(own[wrong])}`
    })
    throw new OptionsError(sentence ?? wrong, { link: 'batchLink' })
  }
  const sender = batchSender(
    link,
    ignoreHeaders?.map((name) => name.toLowerCase()),
  )
  const batches = new Batches(sender, { windowMs, maxSize, maxBytes, clock, fallback: own.fallback === true })

  const named = async function batchLink(operation: Operation) {
    if (operation.kind === 'subscription' || operation.context.get(batching) === false) return link(operation)
    return batches.add(await sender.prepare(operation))
  }
  return Object.assign(named, { stage: 'terminal' as const, dispose: () => link.dispose?.() })
}
