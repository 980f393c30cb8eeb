import { GraphLinksError, single, type Operation, type Result, type Results, type TerminalLink } from '@graphlinks/core'
import { Attempt } from './attempt.ts'
import { InFlight } from './inFlight.ts'
import { checkOptions, type HttpLinkOptions, type Settings } from './options.ts'
import { buildRequest, type OperationRequest } from './request.ts'
import { isStream, readResult, type Flaw, type WireResponse } from './response.ts'
import { failureOf, open, readWhole, send, transmit, type OpenResponse } from './send.ts'
import type { SingleConnection } from './singleConnection.ts'

/** What {@link httpLink} makes. */
export interface HttpTerminalLink extends TerminalLink {
  /** What the entry `@graphlinks/http-link/batch` makes requests with. Not for others. */
  readonly wire: object
}

/** What is in there. */
export interface Wire {
  readonly settings: Settings
  readonly inFlight: InFlight
  /** Sends an operation by itself, with the request where that was built before. */
  readonly run: (operation: Operation, turn: Promise<void> | undefined, request?: OperationRequest) => Promise<Results>
  readonly parts: typeof parts
}

/**
 * The terminal link of GraphQL over HTTP: queries and mutations, files in their variables included; `@defer` and
 * `@stream`; subscriptions as server-sent events or multipart. It gives results with status and headers in
 * `result.http`. Redirects are not followed, bodies are capped, and what an error says of a response is free of
 * credentials and variables.
 *
 * @throws {@link OptionsError} when an option is no good, when the link is built. Operations fail with a
 * {@link NetworkError}, {@link HttpError}, {@link MalformedResponseError}, {@link EmptyResponseError},
 * {@link ResponseTooLargeError}, {@link RedirectBlockedError}, {@link SubscriptionNotSupportedError},
 * {@link StreamInterruptedError}, `IncrementalDeliveryError`, `TimeoutError` or `InsecureTransportError`, with a
 * `LinkError` where `url` throws or the operation cannot be written, or with the reason of the caller's own signal.
 *
 * @see https://graphql.github.io/graphql-over-http/draft/
 *
 * @example
 * ```ts
 * import { createClient } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * const client = createClient({ link: httpLink({ url: 'https://api.example.com/graphql', timeoutMs: 10_000 }) })
 * const { data } = await client.query('{ hello }')
 * console.log(data)
 * ```
 */
export function httpLink(options: HttpLinkOptions): HttpTerminalLink {
  const settings = checkOptions(options)
  const { clock, timeoutMs, transport } = settings
  const inFlight = new InFlight(settings.maxInFlight, transport)
  const leave = (): void => inFlight.leave()
  let connection: SingleConnection | undefined
  // async and no generator: most operations have one result, and that costs half as much.
  const run: Wire['run'] = async (operation, turn, request) => {
    if (turn) await turn
    const attempt = new Attempt(operation, clock, leave)
    try {
      attempt.check()
      attempt.limit(timeoutMs, 'timeoutMs', 'no response')
      if (operation.kind === 'subscription' && settings.subscriptions === 'single-connection') {
        const { SingleConnection } = await import('./singleConnection.ts')
        connection ??= new SingleConnection(settings, parts)
        return await connection.subscribe(operation, attempt)
      }
      const built = request ?? requestOf(operation, settings)
      request = built instanceof Promise ? await attempt.until(built) : built
      const answer = open(operation, request, await transmit(operation, request, attempt, settings), attempt, settings)
      let response = answer instanceof Promise ? await answer : answer
      if (request.post && (response.status === 414 || response.status === 431)) {
        await readWhole(operation, response, attempt, settings)
        request = request.post
        response = await send(operation, request, attempt, settings)
      }
      if (isStream(response)) {
        const { readStream } = await import('./streams.ts')
        return readStream(operation, response, attempt, settings)
      }
      const result = resultOf(operation, response, attempt, settings)
      return single(result instanceof Promise ? await result : result)
    } catch (error) {
      attempt.check()
      // Frees the connection of a response that nobody is going to read.
      attempt.abort(error)
      throw failureOf(error, operation, request?.url.origin)
    }
  }
  const named: TerminalLink = function httpLink(operation) {
    return run(operation, inFlight.enter(operation))
  }
  return Object.assign(named, {
    stage: 'terminal' as const,
    admit: (operation: Operation) => inFlight.admit(operation),
    wire: { settings, inFlight, run, parts } satisfies Wire,
    dispose: () => {
      connection?.dispose()
      return transport.dispose?.()
    },
  })
}

/**
 * The one result in a response. A function of its own: what waited for the response is old for the collector of garbage
 * by now, and would keep the text, too, until a major collection.
 */
function resultOf(
  operation: Operation,
  response: OpenResponse,
  attempt: Attempt,
  settings: Settings,
): Result | Promise<Result> {
  const read = (whole: WireResponse): Result | Promise<never> => {
    attempt.end()
    const result = readResult(operation, whole)
    return typeof result === 'string' ? fail(operation, whole, result) : result
  }
  const whole = readWhole(operation, response, attempt, settings)
  return whole instanceof Promise ? whole.then(read) : read(whole)
}

async function fail(operation: Operation, response: WireResponse, flaw: Flaw): Promise<never> {
  throw (await import('./failure.ts')).explainFailure(operation, response, flaw)
}

/** For the files that load lazily. */
const parts = { Attempt, requestOf, resultOf, send, readWhole, failureOf }

function requestOf(operation: Operation, settings: Settings): OperationRequest | Promise<OperationRequest> {
  let url: URL | undefined
  const fail = async (error: unknown): Promise<never> => {
    if (GraphLinksError.is(error)) throw error
    throw (await import('./failure.ts')).unsendable(operation, url, error)
  }
  try {
    url = settings.endpoint(operation)
    const request = buildRequest(operation, url, settings)
    return request instanceof Promise ? request.catch(fail) : request
  } catch (error) {
    return fail(error)
  }
}
