import type { Context } from './context.ts'
import { withExecution } from './copies.ts'
import type { AnyDocument, Document, GraphQLDocument, OperationKind } from './document.ts'
import { DocumentCache } from './documentCache.ts'
import { DisposedError, DocumentError, GraphLinksError, OptionsError } from './errors.ts'
import { executeIn, lastResultIn } from './execute.ts'
import { ExecutionScope, type Execution } from './execution.ts'
import type { Field } from './field.ts'
import type { HeadersInput } from './headers.ts'
import { inDevelopment } from './inDevelopment.ts'
import type { TerminalLink } from './link.ts'
import { makeOperation, overrideFields, type JsonObject, type Operation } from './operation.ts'
import { ownOptions } from './ownOptions.ts'
import { isRequest, type Request } from './request.ts'
import type { Result, ResultError } from './results.ts'
import { checkTerminal } from './wiring.ts'

/** What one call may say beside its document and variables. */
export interface CallOptions {
  /** Headers of this call alone: they win over the request's, and those over every link. `null` removes a header. */
  readonly headers?: HeadersInput | undefined
  /** Ends the operation when it aborts; the call rejects with the signal's own reason. */
  readonly signal?: AbortSignal | undefined
  /** Values for links, under typed keys. Default: empty. */
  readonly context?: Context | undefined
  /** Which operation of the document runs. Needed only where it has several. Wins over the request's. */
  readonly operationName?: string | undefined
  /** Members of `extensions` of the request, merged over the request's by top-level key. */
  readonly extensions?: JsonObject | undefined
}

/** Variables and options of a call: the variables are required exactly when the operation requires any. */
export type CallArguments<Variables> = {} extends Variables
  ? [variables?: Variables | null, options?: CallOptions]
  : [variables: Variables, options?: CallOptions]

/** Runs an operation and gives its last result. */
export interface QueryMethod {
  <Data, Variables>(
    request: Request<Data, Variables>,
    variables?: Partial<NoInfer<Variables>> | null,
    options?: CallOptions,
  ): Promise<Result<Data>>
  <Data = unknown, Variables = object>(
    document: Document<Data, Variables>,
    ...args: CallArguments<NoInfer<Variables>>
  ): Promise<Result<Data>>
}

/** Runs an operation and gives its data, or throws. */
export interface RequestMethod {
  <Data, Variables>(
    request: Request<Data, Variables>,
    variables?: Partial<NoInfer<Variables>> | null,
    options?: CallOptions,
  ): Promise<Data>
  <Data = unknown, Variables = object>(
    document: Document<Data, Variables>,
    ...args: CallArguments<NoInfer<Variables>>
  ): Promise<Data>
}

/** Runs an operation and gives its results as they come. */
export interface IterateMethod {
  <Data, Variables>(
    request: Request<Data, Variables>,
    variables?: Partial<NoInfer<Variables>> | null,
    options?: CallOptions,
  ): AsyncIterable<Result<Data>>
  <Data = unknown, Variables = object>(
    document: Document<Data, Variables>,
    ...args: CallArguments<NoInfer<Variables>>
  ): AsyncIterable<Result<Data>>
}

/** A GraphQL client: a chain of links, and methods that run operations through it. */
export interface Client {
  /** Runs a query and gives its result; with `@defer` or `@stream`, the complete one. GraphQL errors are data. */
  readonly query: QueryMethod
  /** Runs a mutation and gives its result. GraphQL errors are data. */
  readonly mutate: QueryMethod
  /** Runs a subscription and gives its events. Leaving the loop ends it on the server. */
  readonly subscribe: IterateMethod
  /** Runs any operation and gives each of its results, as `@defer` and `@stream` deliver them. */
  readonly execute: IterateMethod
  /**
   * Runs a query or mutation and gives its data.
   *
   * @throws {@link GraphQLResultError} when the result has errors or no data.
   */
  readonly request: RequestMethod
  /** Ends what is running with a {@link DisposedError}, and closes sockets, timers and listeners of all links. */
  dispose(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Options of {@link createClient}. */
export interface ClientOptions {
  /** A chain, or a single terminal link. */
  readonly link: TerminalLink
}

/**
 * The result of `client.request` had errors, or no data. GraphQL's errors and the data are there, but not printed.
 *
 * @example
 * ```ts
 * import { createClient, GraphQLResultError } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * const client = createClient({ link: httpLink({ url: 'https://api.example.com/graphql' }) })
 * try {
 *   await client.request('{ me { name } }')
 * } catch (error) {
 *   if (GraphQLResultError.is(error)) console.error(error.errors[0]?.extensions?.['code'], error.result.data)
 * }
 * ```
 */
export class GraphQLResultError extends GraphLinksError {
  static override readonly name: string = 'GraphQLResultError'
  static override readonly code: string = 'GRAPHQL_RESULT'
  readonly #result: Result

  constructor(result: Result, message: string, operationName?: string) {
    super(message, { operationName })
    this.#result = result
  }

  /** The errors as the server sent them; empty when it sent neither errors nor data. */
  get errors(): readonly ResultError[] {
    return this.#result.errors ?? []
  }

  /** The whole result, with partial data where there is some. */
  get result(): Result {
    return this.#result
  }

  /** Node prints `errors` of any error, and the server's words may repeat credentials and variables. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.stack ?? this.message
  }
}

/**
 * Makes a client. It holds no state but its parsed documents and what is running, so that clients share nothing unless
 * they are given the same links.
 *
 * @throws {@link OptionsError} when `link` is no link, {@link WiringError} when it is one that calls `next`.
 *
 * @example
 * ```ts
 * import { bearerLink, chain, createClient } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * const client = createClient({
 *   link: chain(bearerLink('secret-token'), httpLink({ url: 'https://api.example.com/graphql' })),
 * })
 * const { data, errors } = await client.query('{ me { name } }')
 * console.log(data, errors)
 * await client.dispose()
 * ```
 */
export function createClient(options: ClientOptions): Client {
  const { link } = ownOptions(options)
  if (typeof link !== 'function') {
    throw new OptionsError(
      inDevelopment(() => 'createClient needs { link }: a chain, or a terminal link such as httpLink({ url })') ??
        'createClient: link',
    )
  }
  checkTerminal(link, 'createClient')
  const documents = new DocumentCache()
  const scope = new ExecutionScope()
  let disposal: Promise<void> | undefined

  const prepare = (method: Method, [source, variables, options]: MethodArguments): Operation => {
    if (disposal) throw new DisposedError('the client was disposed')
    const operation = toOperation(documents, source, variables, options, kindFor[method])
    const { kind, operationName } = operation
    const isRight = method === 'request' ? kind !== 'subscription' : kind === (kindFor[method] ?? kind)
    if (isRight) return operation
    throw new DocumentError(
      inDevelopment(() => {
        const methodFor = { query: 'query', mutation: 'mutate', subscription: 'subscribe' }
        return `this is a ${kind}: use client.${methodFor[kind]} and not client.${method}`
      }) ?? kind,
      { operationName },
    )
  }
  const last =
    (method: Method) =>
    (...args: MethodArguments): Promise<Result> => {
      try {
        return lastResultIn(scope, link, prepare(method, args))
      } catch (error) {
        // A document or a header that is no good rejects like everything else. (async would cost three more turns.)
        return Promise.reject(error)
      }
    }
  const each =
    (method: Method) =>
    (...args: MethodArguments): AsyncIterable<Result> =>
      executeIn(scope, link, prepare(method, args))
  const dispose = (): Promise<void> => {
    // async, so that a link that fails to close rejects and what is running ends all the same
    disposal ??= (async () => link.dispose?.())()
    // Also results that were asked for before, and are first read from now on.
    scope.abort(new DisposedError('the client was disposed'))
    return disposal
  }

  return {
    query: last('query') as QueryMethod,
    mutate: last('mutate') as QueryMethod,
    subscribe: each('subscribe') as IterateMethod,
    execute: each('execute') as IterateMethod,
    request: (async (...args: MethodArguments) => {
      let run: Execution | undefined
      const operation = prepare('request', args)
      const result = await lastResultIn(scope, link, operation, (execution) => (run = execution))
      if (result.data != null && !result.errors?.length) return result.data
      // Loaded when it is needed: most applications never see it.
      const { explainResult } = await import('./explainResult.ts')
      throw new GraphQLResultError(
        result,
        explainResult(withExecution(operation, run), result.errors),
        operation.operationName,
      )
    }) as RequestMethod,
    dispose,
    [Symbol.asyncDispose]: dispose,
  }
}

const kindFor: Partial<Record<Method, OperationKind>> = {
  query: 'query',
  mutate: 'mutation',
  subscribe: 'subscription',
}

type Method = Exclude<keyof Client & string, 'dispose'>

type MethodArguments = [source: AnyDocument | Request, variables?: JsonObject | null, options?: CallOptions]

const noOptions = /* @__PURE__ */ ownOptions<CallOptions>(undefined)

function toOperation(
  documents: DocumentCache,
  source: AnyDocument | Request,
  variables: JsonObject | null | undefined,
  options: CallOptions | undefined,
  kind: OperationKind | undefined,
): Operation {
  const call = options
    ? (inDevelopment(() => {
        // Without types, as in JavaScript, they may be anything.
        const { signal, context } = ownOptions(options)
        if (signal && typeof signal.addEventListener !== 'function')
          throw new OptionsError('signal is no AbortSignal: pass that of the controller, { signal: controller.signal }')
        if (context && typeof context.with !== 'function')
          throw new OptionsError(
            'context is made by emptyContext.with(key, value); headers stand beside it: { headers }',
          )
      }),
      ownOptions(options))
    : noOptions
  const request = isRequest(source) ? source : undefined
  const document = request?.document ?? documents.get(source as AnyDocument)
  const signature = document.select(call.operationName ?? request?.operationName, kind)
  const { operationName } = signature
  if (variables && !options && looksLikeOptions(variables, document)) {
    throw new OptionsError(
      inDevelopment(() => 'options stand where variables belong: pass them third, after null') ?? 'variables',
      { operationName },
    )
  }
  const headers = call.headers && overrideFields(call.headers, { operationName })
  const requestHeaders = request?.headers as readonly Field[] | undefined
  return makeOperation(
    document,
    signature,
    merge(request?.variables as JsonObject | undefined, variables),
    merge(request?.extensions, call.extensions),
    // The first of a name wins.
    headers && requestHeaders ? [...headers, ...requestHeaders] : (headers ?? requestHeaders),
    call.context,
    call.signal,
  )
}

function merge(under: JsonObject | undefined, over: JsonObject | null | undefined): JsonObject | undefined {
  return under && over ? { ...under, ...over } : (over ?? under)
}

/** Whether an object can only be options: a document of text without a dollar has no variables at all. */
function looksLikeOptions(variables: JsonObject, { source }: GraphQLDocument): boolean {
  return (
    /^((headers|signal|context|operationName|extensions)(,|$))+$/.test(Object.keys(variables).join()) &&
    (typeof source === 'string' || source instanceof String) &&
    !source.includes('$')
  )
}
