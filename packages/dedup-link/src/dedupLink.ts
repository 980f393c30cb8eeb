import {
  contextKey,
  detached,
  execute,
  inDevelopment,
  mapResults,
  onSettled,
  OptionsError,
  ownOptions,
  type Context,
  type ContextKey,
  type Link,
  type Next,
  type Operation,
  type Results,
} from '@graphlinks/core'
import { keyOf } from './keyOf.ts'
import { memberOf, sharedExecution, type SharedExecution } from './sharedExecution.ts'

/** Options of {@link dedupLink}. */
export interface DedupLinkOptions {
  /**
   * Headers that name a request and do not change its answer: queries that differ in them alone are identical, and the
   * one that is sent has those of the first. Default: `traceparent`, `tracestate`, `x-request-id`, `x-correlation-id`.
   */
  readonly ignoreHeaders?: readonly string[] | undefined
  /**
   * What else decides the answer, as a text: queries for which it differs are not identical; `undefined`: the query is
   * not shared. In place of the default: the context of the operation, by which links further in may choose a server.
   */
  readonly key?: ((operation: Operation) => string | undefined) | undefined
}

/**
 * Whether a query may share its execution with identical ones, under this key of its context. Default: `true`.
 *
 * @example
 * ```ts
 * import { emptyContext } from '@graphlinks/core'
 * import { sharing } from '@graphlinks/dedup-link'
 *
 * // A query that must be asked for itself, such as that of a poll.
 * export const context = emptyContext.with(sharing, false)
 * ```
 */
export const sharing: ContextKey<boolean> = /* @__PURE__ */ contextKey('sharing')

/** What decides who may join an execution. */
interface Terms {
  readonly next: Next
  /** That of the operation. Where there is a `key`, that decides in its place. */
  readonly context: Context
  readonly sent: readonly Operation[] | undefined
}

/**
 * Lets identical queries that are on their way at the same time share one execution: the same document, variables and
 * extensions, headers and credentials. Each caller gets results of its own; one that leaves ends nothing for the others,
 * and the last one to leave ends the execution.
 *
 * @throws {@link OptionsError} when an option is no good, when the link is built.
 *
 * @example
 * ```ts
 * import { bearerLink, chain, createClient } from '@graphlinks/core'
 * import { dedupLink } from '@graphlinks/dedup-link'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * const client = createClient({
 *   link: chain(bearerLink('token'), dedupLink(), httpLink({ url: 'https://api.example.com/graphql' })),
 * })
 * await Promise.all([client.query('{ hello }'), client.query('{ hello }')]) // one request
 * ```
 */
export function dedupLink(options: DedupLinkOptions = {}): Link {
  const { ignoreHeaders, key } = ownOptions(options)
  if (!Array.isArray(ignoreHeaders ?? []) || (key && typeof key !== 'function')) {
    throw new OptionsError(
      inDevelopment(() =>
        Array.isArray(ignoreHeaders ?? []) ? 'key is a function of the operation' : 'ignoreHeaders is a list of names',
      ) ?? 'options',
      { link: 'dedupLink' },
    )
  }
  const ignored = ignoreHeaders?.map((name) => name.toLowerCase())
  /** Those that may be joined, with the rest of the chain that they run through, and their context where it counts. */
  const running = new Map<string, SharedExecution & Terms>()

  /** What was asked before something changed is not the answer to what is asked after it. */
  const outdate = (): void => running.clear()

  const named: Link = function dedupLink(operation, next) {
    const { context, document } = operation
    if (operation.kind !== 'query')
      return onSettled(
        mapResults(next(operation), (result) => (outdate(), result)),
        outdate,
      )
    if (context.get(sharing) === false) return next(operation)
    const share = (text: string): Results => {
      const other = key?.(operation)
      const id = key && other === undefined ? other : keyOf(operation, ignored, [text, other])
      if (id === undefined) return next(operation)
      return memberOf(operation, (run) => {
        let found = running.get(id)
        // All attempts of an operation have one list of what was sent; hedgeLink makes one since the other is slow.
        if (found?.next === next && (key || found.context === context) && found.sent !== run?.sent) {
          run?.note('shared')
          // What it was sent with is as secret to those who share it, and must be in no message of theirs.
          run?.onEnd(() => (run.sent as Operation[]).push(...(found?.sent ?? [])))
        } else {
          // Nobody joins what has delivered: from then on it may be older than what the caller knows.
          const close = (): unknown => running.get(id) === found && running.delete(id)
          found = sharedExecution(execute(next, detached(operation)), close, { next, context, sent: run?.sent })
          running.set(id, found)
        }
        found.members++
        return found
      })
    }
    // Of what a build replaced by its hash, the rest says as much as a text.
    const text = document.operations[0] ? document.text() : JSON.stringify(document)
    return typeof text === 'string' ? share(text) : text.then(share)
  }
  return Object.assign(named, { stage: 'share' as const })
}
