import type { Operation } from './operation.ts'
import { redact } from './redact.ts'
import type { ResultError } from './results.ts'

/** What to say of a result that has errors, or no data. */
export function explainResult(operation: Operation, given: readonly ResultError[] | undefined): string {
  // Some servers send `null` where there are none.
  const errors = given ?? []
  const [first] = errors
  if (!first) return 'the result has neither data nor errors'
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more in error.errors)` : ''
  return `the server answered with an error: ${redact(operation, String(first.message))}${more}`
}
