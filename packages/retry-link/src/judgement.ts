import {
  AuthExpiredError,
  AuthQueueFullError,
  AuthRefreshError,
  IdentityChangedError,
  isOneShot,
  isTokenRefused,
  replay,
  TimeoutError,
  type AttemptOutcome,
  type Operation,
} from '@graphlinks/core'

/** Whether an error may pass: it says so itself, or it is a timeout, or its HTTP status is one that passes. */
export function mayPass(error: unknown): boolean {
  const { retryable, status } = Object(error) as { readonly retryable?: unknown; readonly status?: unknown }
  if (typeof retryable === 'boolean') return retryable
  return TimeoutError.is(error) || [408, 429, 502, 503, 504].includes(status as number)
}

/** Whether an operation must not be sent again after this outcome, whatever anybody says. */
export function isBarred(operation: Operation, outcome: AttemptOutcome, hasKey: boolean): boolean {
  return (
    operation.context.get(replay) === 'never' ||
    isOneShot(operation) ||
    isOfSession(outcome) ||
    (operation.kind === 'mutation' && !isUnexecuted(outcome) && !(hasKey && !mayHaveRunUnseen(outcome)))
  )
}

/** What `tokenRefreshLink` has dealt with, once for each operation. */
function isOfSession(outcome: AttemptOutcome): boolean {
  return (
    isTokenRefused(outcome) ||
    outcome.result?.notReplayed !== undefined ||
    [AuthExpiredError, AuthQueueFullError, AuthRefreshError, IdentityChangedError].some((Kind) =>
      Kind.is(outcome.error),
    )
  )
}

// Of connections that were never made: no address was found, nobody listened, or nobody answered. Not "unreachable", which
// a connection that was made may end with as well.
const unconnected = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT)$/

/**
 * Whether it is certain that nothing was executed: a result without a `data` entry is a request error (GraphQL spec
 * section 7.1.1), and without a connection there was no request.
 */
function isUnexecuted({ result, error }: AttemptOutcome): boolean {
  if (result) return !('data' in result)
  const { code, mayHaveRun } = Object(error) as { readonly code?: unknown; readonly mayHaveRun?: unknown }
  return code === 'SOCKET_CONNECT' || mayHaveRun === false || isUnconnected(error)
}

function isUnconnected(error: unknown): boolean {
  const { code, cause } = Object(error) as { readonly code?: unknown; readonly cause?: unknown }
  return unconnected.test(String(code)) || (cause !== undefined && isUnconnected(cause))
}

/** Over WebSocket the key of an operation goes nowhere, so that the server cannot know that it ran before. */
function mayHaveRunUnseen({ error }: AttemptOutcome): boolean {
  return (Object(error) as { readonly mayHaveRun?: unknown }).mayHaveRun === true
}
