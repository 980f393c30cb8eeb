// Loaded when the first batch is answered by something else than a list with a result for each.
import { inDevelopment, type Operation, type ResultError } from '@graphlinks/core'
import { redact, secretsOf } from '@graphlinks/core/redact'
import { BatchError } from './batch.ts'
import type { BatchMember, BatchOutcome } from './batchSender.ts'
import { explainFailure, responseDetails } from './failure.ts'
import type { WireResponse } from './response.ts'

/** Why a response has no result for any of several operations, for each of them. */
export function explainBatch(
  carrier: Operation,
  members: readonly BatchMember[],
  response: WireResponse,
  body: unknown,
): BatchOutcome[] {
  const operations = members.map(({ operation }) => operation)
  const secrets = secretsOfAll(carrier, members)
  const errors = errorsIn(body)
  const { status, mediaType, text } = response
  const isSuccess = status >= 200 && status < 300
  const isOurs =
    mediaType === 'application/graphql-response+json' ||
    (mediaType === 'application/json' && (errors.length > 0 || isSuccess))
  if (!isOurs || body === undefined) {
    const shown = text === undefined ? response : { ...response, text: redact(secrets, text, 4_096) }
    return operations.map((operation) => ({
      error: explainFailure(operation, shown, isOurs ? 'malformed' : 'foreign'),
    }))
  }
  // As Yoga, Apollo Server, Mercurius, graphql-http and Hono refuse a list; the first two give this code.
  const unsupported =
    status === 400 &&
    !Array.isArray(body) &&
    errors.every(({ extensions }) => (extensions?.['code'] ?? 'BAD_REQUEST') === 'BAD_REQUEST')
  const what = Array.isArray(body) ? `a list of ${body.length}` : 'no list'
  const said = errors.length > 0 ? errors.map(({ message }) => message).join(' ') : (text as string)
  const message = `the server answered ${status} with ${what}, where ${members.length} results are due${hint(status, unsupported) ?? ''}; it said: ${redact(secrets, said)}`
  return operations.map((operation) => ({
    error: new BatchError(message, { ...responseDetails(operation, response), unsupported, errors }),
  }))
}

/** Why what a response has for one of several operations is no result. */
export function explainItem(
  carrier: Operation,
  members: readonly BatchMember[],
  operation: Operation,
  response: WireResponse,
  item: unknown,
): BatchOutcome {
  const text = redact(secretsOfAll(carrier, members), JSON.stringify(item), 4_096)
  return { error: explainFailure(operation, { ...response, text }, 'malformed') }
}

/** What one of them may know must not be seen in the error of another. */
function secretsOfAll(carrier: Operation, members: readonly BatchMember[]): Set<string> {
  const operations = [carrier, ...members.map(({ operation }) => operation)]
  return new Set(operations.flatMap((operation) => [...secretsOf(operation)]))
}

/** The errors in a result, or in those of a list. */
function errorsIn(body: unknown): readonly ResultError[] {
  return (Array.isArray(body) ? (body as unknown[]) : [body]).flatMap((result) => {
    const { errors } = Object(result) as { readonly errors?: unknown }
    return Array.isArray(errors)
      ? errors.filter((error): error is ResultError => typeof Object(error).message === 'string')
      : []
  })
}

function hint(status: number, unsupported: boolean): string | undefined {
  return inDevelopment(() => {
    if (unsupported)
      return ' (does this server take batches? Allow them there, or leave out batchLink; or set its fallback: true, to send queries by themselves)'
    return status === 413 ? ' (set maxSize or maxBytes of batchLink to what this server takes)' : undefined
  })
}
