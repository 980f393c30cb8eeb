import {
  detached,
  execute,
  executionOf,
  GraphLinksError,
  identityOf,
  single,
  type Operation,
  type Result,
  type Results,
} from '@graphlinks/core'
import type { Attempt } from './attempt.ts'
import type { HttpTerminalLink, Wire } from './httpLink.ts'
import type { OperationRequest } from './request.ts'
import { toResult, type WireResponse } from './response.ts'

/** An operation whose request is built, and not sent yet. */
export interface BatchMember {
  readonly operation: Operation
  /** What operations must have in common to share a request: where it goes, with what headers, and on whose behalf. */
  readonly key: string
  /** Without search parameters. */
  readonly url: string
  /** The size of its body; `undefined` where it has files or several results, or is no POST: it is sent by itself. */
  readonly bytes: number | undefined
  /** Ends with the operation, or when the time for its answer is over. */
  readonly attempt: {
    /** @throws the reason of its end, when there was one. */
    check(): void
    readonly reason: unknown
    onAbort(callback: () => void): void
    /** The operation has what it wanted. */
    end(): void
  }
}

interface Member extends BatchMember {
  readonly request: OperationRequest
  readonly attempt: Attempt
}

/** What became of one of the operations of a request. */
export type BatchOutcome = { readonly result: Result } | { readonly error: unknown }

/** A request for several operations, on its way. */
export interface BatchRequest {
  /** What became of each, in the order in which they were given. It does not reject. */
  readonly outcomes: Promise<readonly BatchOutcome[]>
  /** Ends it: nobody waits for it any more. */
  readonly cancel: () => void
}

/** Sends operations by an httpLink, by themselves or together. Who decides which, and when, is batchLink. */
export interface BatchSender {
  /** Builds the request of an operation. It must be sent, or its attempt be ended. */
  prepare(operation: Operation): Promise<BatchMember>
  /** Sends one by itself. */
  alone(member: BatchMember): Promise<Results>
  /** Sends all as one request, a list. The time for its answer runs for each, from when it goes on the wire. */
  together(members: readonly BatchMember[]): BatchRequest
}

/**
 * For batchLink: sends several operations as one request, with all that the link is careful of.
 *
 * @param ignoredHeaders - names of headers that may differ within a request, in lower case; it has those of the
 * first. Default: `traceparent`, `tracestate`, `x-request-id`, `x-correlation-id`.
 *
 * @example
 * ```ts
 * import { createOperation } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 * import { batchSender } from '@graphlinks/http-link/batch'
 *
 * const sender = batchSender(httpLink({ url: 'https://api.example.com/graphql' }))
 * const operations = ['{ hello }', '{ me { name } }'].map((document) => createOperation({ document }))
 * const { outcomes } = sender.together(await Promise.all(operations.map(sender.prepare)))
 * console.log((await outcomes).length) // 2
 * ```
 */
export function batchSender(link: HttpTerminalLink, ignoredHeaders: readonly string[] = namesOfRequests): BatchSender {
  const { settings, inFlight, run, parts } = link.wire as Wire

  const exchange = async (carrier: Operation, members: readonly Member[]): Promise<BatchOutcome[]> => {
    const [{ request }] = members as readonly [Member]
    let attempt: Attempt | undefined
    try {
      const turn = inFlight.enter(carrier)
      if (turn) await turn
      attempt = new parts.Attempt(carrier, settings.clock, () => inFlight.leave())
      attempt.check()
      for (const { attempt: own } of members) {
        if (!own.aborted) own.limit(settings.timeoutMs, 'timeoutMs', 'no response')
      }
      const body = `[${members.map((member) => member.request.body as string).join()}]`
      const response = await parts.send(carrier, { ...request, body }, attempt, settings)
      const whole = await parts.readWhole(carrier, response, attempt, settings)
      attempt.end()
      shareSent(carrier, members)
      return await divide(carrier, members, whole)
    } catch (error) {
      // Frees the connection of a response that nobody is going to read.
      attempt?.abort(error)
      return members.map(({ operation }) => ({
        error: GraphLinksError.is(error)
          ? inNameOf(operation, error)
          : parts.failureOf(error, operation, request.url.origin),
      }))
    }
  }
  /** What is in the answer for each of them. */
  const divide = async (
    carrier: Operation,
    members: readonly Member[],
    response: WireResponse,
  ): Promise<BatchOutcome[]> => {
    const { status, headers, url, mediaType } = response
    const body = parse(response.text)
    const isOurs = /^application\/(graphql-response\+)?json$/.test(mediaType)
    // Whatever the status: who makes a list of this length knows of the operations, and one of them may have failed.
    if (isOurs && Array.isArray(body) && body.length === members.length) {
      return Promise.all(
        members.map(async ({ operation }, index): Promise<BatchOutcome> => {
          const item: unknown = body[index]
          const result = toResult(item)
          if (result) return { result: Object.assign(result, { http: { status, headers, url } }) }
          const { explainItem } = await import('./batchFailure.ts')
          return explainItem(carrier, members, operation, response, item)
        }),
      )
    }
    const { explainBatch } = await import('./batchFailure.ts')
    return explainBatch(carrier, members, response, body)
  }

  return {
    async prepare(operation) {
      const request = await parts.requestOf(operation, settings)
      const { url, headers, body } = request
      const told = [...headers].filter(([name]) => !ignoredHeaders.includes(name)).sort(([a], [b]) => (a < b ? -1 : 1))
      const member: Member = {
        operation,
        request,
        key: JSON.stringify([url.href, told, identityOf(operation).reveal()]),
        url: url.origin + url.pathname,
        bytes: isUsual(request) ? new TextEncoder().encode(body as string).length : undefined,
        attempt: new parts.Attempt(operation, settings.clock, () => {}),
      }
      return member
    },
    alone({ operation, request, attempt }: Member) {
      attempt.end()
      return run(operation, inFlight.enter(operation), request)
    },
    together(members: readonly Member[]) {
      const [{ operation }] = members as readonly [Member]
      let outcomes: readonly BatchOutcome[] = []
      // An execution of its own, on behalf of all: the end of one of theirs does not end it.
      const execution = execute(async (carrier) => {
        outcomes = await exchange(carrier, members)
        return single({})
      }, detached(operation))[Symbol.asyncIterator]()
      return {
        outcomes: execution.next().then(
          () => outcomes,
          (error: unknown) => members.map(() => ({ error })),
        ),
        cancel: () => void execution.return?.(),
      }
    },
  }
}

const namesOfRequests: readonly string[] = ['traceparent', 'tracestate', 'x-request-id', 'x-correlation-id']

/** Whether a request is a POST of JSON with one result. Text that only looks like `@defer` may make it none. */
function isUsual({ method, headers, body }: OperationRequest): boolean {
  return (
    method === 'POST' &&
    typeof body === 'string' &&
    !/multipart|event-stream/.test(headers.get('accept') ?? '') &&
    !/@(\\[nrt]|[ ,\uFEFF])*(defer|stream)\b/.test(body)
  )
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text as string)
  } catch {
    return undefined
  }
}

/** What they were sent with, such as a cookie, is as secret to each of them, and must be in no message of theirs. */
function shareSent(carrier: Operation, members: readonly BatchMember[]): void {
  const sent = executionOf(carrier)?.sent ?? []
  for (const { operation } of members) {
    const own = executionOf(operation)?.sent as Operation[] | undefined
    // The carrier was made of one of them, and has its list.
    if (own !== sent) own?.push(...sent)
  }
}

/** An error of the whole request, with the name of one of its operations in place of the carrier's. */
function inNameOf({ operationName }: Operation, error: GraphLinksError): GraphLinksError {
  // Of somebody else's making, as a signer's: nothing is known of how it is made.
  if (error.link !== 'httpLink' && error.operationName === undefined) return error
  const Kind = error.constructor as typeof GraphLinksError
  const { cause, message } = error
  // Its fields have the names that its class takes them by.
  return new Kind(message.slice(message.indexOf(': ') + 2), { ...(error as object), cause, operationName })
}
