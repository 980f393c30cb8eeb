import type { ResultError } from '@graphlinks/core'
import { errorsOf } from './messages.ts'

/**
 * The errors of a message, with `errorType` and its like where GraphQL errors have such things. Messages about the
 * connection have them beside `message`, those about a subscription among the extensions.
 */
export function appSyncErrors(payload: unknown): readonly ResultError[] {
  return errorsOf(payload).map((given) => {
    const { errorType, errorCode, errorInfo, ...error } = given as ResultError & Readonly<Record<string, unknown>>
    const found = Object.entries({ errorType, errorCode, errorInfo }).filter(([, value]) => value !== undefined)
    if (found.length === 0) return error
    return { ...error, extensions: { ...error.extensions, ...Object.fromEntries(found) } }
  })
}

/** What a `connection_error` says, and whether it may be another the next time. */
export function connectionError(payload: unknown): { readonly message: string; readonly mayPass: boolean } {
  const [{ message, extensions = {} }] = appSyncErrors(payload) as [ResultError]
  const { errorType, errorCode } = extensions
  return {
    message: typeof errorType === 'string' ? `${errorType}: ${message}` : message,
    // AppSync's 400, 401 and 403 come out the same however often one tries.
    mayPass: typeof errorCode === 'number' && (errorCode === 429 || errorCode >= 500),
  }
}
