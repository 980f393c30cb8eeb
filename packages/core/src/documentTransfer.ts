import { contextKey, type ContextKey } from './context.ts'

/** What a terminal link sends of a document, under {@link documentTransfer}. */
export interface DocumentTransfer {
  /** Whether its text is sent. Default: `true`. An AST whose text is not sent is never printed. */
  readonly text?: boolean | undefined
  /** What the server knows it by, sent as `documentId`. Default: none. */
  readonly id?: string | undefined
  /**
   * Whether it has `@defer` or `@stream`, which a terminal link cannot see where the text is not sent. Default: `false`.
   */
  readonly incremental?: boolean | undefined
  /** How a query travels over HTTP. Default: as the option `queryMethod` of `httpLink` says. */
  readonly queryMethod?: 'GET' | 'POST' | undefined
}

/**
 * The key under which a link tells the terminal links what to send of a document: for links that send a hash or an id in
 * place of the text.
 *
 * @see https://github.com/graphql/graphql-over-http/blob/main/spec/Appendix%20A%20--%20Persisted%20Documents.md
 *
 * @example
 * ```ts
 * import { documentTransfer, withContext, type Link } from '@graphlinks/core'
 *
 * export const byName: Link = (operation, next) =>
 *   next(withContext(operation, documentTransfer, { text: false, id: `x-name:${operation.operationName}` }))
 * ```
 */
export const documentTransfer: ContextKey<DocumentTransfer> = /* @__PURE__ */ contextKey('documentTransfer')
