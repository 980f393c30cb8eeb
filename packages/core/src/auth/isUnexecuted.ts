import type { AttemptOutcome } from './rejection.ts'

/**
 * Whether it is certain that nothing was executed: a result without a `data` entry is a request error (GraphQL spec
 * section 7.1.1); an error says so by HTTP 401, by `mayHaveRun: false`, or as there was no connection.
 */
export function isUnexecuted({ result, error }: AttemptOutcome): boolean {
  if (result) return !('data' in result)
  const { status, mayHaveRun } = Object(error) as { readonly status?: unknown; readonly mayHaveRun?: unknown }
  return status === 401 || mayHaveRun === false || isUnconnected(error)
}

/**
 * Whether no connection was made: no address was found, nobody listened, or nobody answered. Not where a host became
 * unreachable, which a connection that was made may end with as well.
 */
function isUnconnected(error: unknown): boolean {
  const { code, cause } = Object(error) as { readonly code?: unknown; readonly cause?: unknown }
  return (
    /^(SOCKET_CONNECT|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT)$/.test(String(code)) ||
    (cause !== undefined && isUnconnected(cause))
  )
}
