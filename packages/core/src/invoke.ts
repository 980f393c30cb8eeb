import { GraphLinksError, LinkError, WiringError } from './errors.ts'
import { kindOf } from './headers.ts'
import { inDevelopment } from './inDevelopment.ts'
import type { Link, Next, TerminalLink } from './link.ts'
import type { Operation, OperationValue } from './operation.ts'
import { failed, isPromise, OpeningIterator, type Result, type Results } from './results.ts'

/** What follows a link, as its `next`. */
export function step(link: Link, next: Next): Next {
  return (operation) => invoke(link, operation, next)
}

/** A terminal link as results that call it on the first step. */
export function cold(terminal: TerminalLink): Next {
  return (operation) => new OpeningIterator(() => invoke(terminal, operation))
}

/** Calls a link so that whatever it does becomes results: of a link that breaks its contract, failed ones. */
export function invoke(link: Link, operation: Operation, next: Next = nothingFurtherIn): Results {
  const { execution } = operation as OperationValue
  // Work that was cancelled while a link was waiting must not start further in.
  if (execution?.aborted) return failed(execution.reason)
  try {
    const returned = link(operation, next)
    if (isResults(returned)) return returned
    if (isPromise(returned)) return new OpeningIterator(settling(returned, link, operation))
    throw noResults(returned, link, operation)
  } catch (error) {
    return failed(blameLink(error, link, operation))
  }
}

function nothingFurtherIn({ operationName }: Operation): Results {
  return failed(
    new WiringError(
      inDevelopment(
        () =>
          'the last link called next, and there is nothing further in: end the chain in a terminal link, such as httpLink({ url })',
      ) ?? 'no terminal link',
      { operationName },
    ),
  )
}

/** What a link has promised. It fails no sooner than somebody asks, so that nobody has to be there to handle it. */
function settling(returned: Promise<Results>, link: Link, operation: Operation): () => Promise<Results> {
  const settled = returned.then(
    (results) => {
      // A link around this one may still ask for results that nobody waits for any more.
      const { execution } = operation as OperationValue
      if (!isResults(results)) return failed(noResults(results, link, operation))
      if (!execution?.aborted) return results
      // Not to be opened; what is open already, such as a ResultQueue, is to be closed.
      void (async () => (results as AsyncIterableIterator<Result>).return?.())().catch(() => {})
      return failed(execution.reason)
    },
    (error: unknown) => failed(blameLink(error, link, operation)),
  )
  return () => settled
}

function noResults(returned: unknown, link: Link, { operationName }: Operation): LinkError {
  return new LinkError(
    inDevelopment(
      () =>
        `the link returned ${kindOf(returned)} and not results: ${
          typeof returned === 'function'
            ? `if ${nameOf(link)} makes a link, call it: ${nameOf(link)}()`
            : 'return next(operation), or yield what it gives (for await)'
        }`,
    ) ?? 'no results',
    { link: nameOf(link), operationName },
  )
}

/** Whether a value can be iterated as results. */
export function isResults(value: unknown): value is Results {
  return typeof (value as Results | undefined)?.[Symbol.asyncIterator] === 'function'
}

function blameLink(error: unknown, link: Link, operation: Operation): unknown {
  return blame(error, LinkError, 'failed before it gave results; see cause', nameOf(link), operation)
}

/**
 * What an operation fails with when something that was called for it failed: an error of ours and the reason of the
 * abort as they are, anything else as the cause of an error that names the link.
 */
export function blame(
  error: unknown,
  Kind: typeof GraphLinksError,
  message: string,
  link: string,
  operation: Operation,
): unknown {
  const { execution, operationName } = operation as OperationValue
  if (GraphLinksError.is(error) || (execution?.aborted && error === execution.reason)) return error
  return new Kind(message, { link, operationName, cause: error })
}

/** What errors and warnings call a link. */
export function nameOf(link: { readonly name: string }): string {
  return link.name || 'an unnamed link'
}
