import type { Result } from '@graphlinks/core'

// By code, such as PERSISTED_QUERY_NOT_FOUND, or by message, such as PersistedQueryNotFound.

/** Whether a server does not know the document of a hash or an id, at any status. */
export function isNotFound(result: Result): boolean {
  return isRefused(result, /persisted_?(query|document)_?not_?(found|in_list)/i)
}

/** Whether a server takes no hashes in place of texts, by its own word or since it misses the query. */
export function isNotSupported(result: Result): boolean {
  return isRefused(result, /persisted_?query_?not_?supported|\b(missing|provide|unknown|no|non-empty) `?query\b/i)
}

/** What has data, or the path of a field, was executed, and its resolvers may say anything. */
function isRefused({ data, errors }: Result, pattern: RegExp): boolean {
  return (
    data == null &&
    // Some servers send `null` where there are none.
    !!errors?.some(
      ({ message, path, extensions }) => !path?.length && pattern.test(`${message} ${String(extensions?.['code'])}`),
    )
  )
}
