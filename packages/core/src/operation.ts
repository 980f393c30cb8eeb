import { emptyContext, type Context, type ContextKey } from './context.ts'
import {
  parseDocument,
  type AnyDocument,
  type GraphQLDocument,
  type OperationKind,
  type OperationSignature,
} from './document.ts'
import { OptionsError, type ErrorDetails } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { credentialField, Field, headerField, type CredentialInit, type FieldOptions } from './field.ts'
import { isHarmless } from './harmless.ts'
import { headerEntries, type HeadersInput } from './headers.ts'
import { inDevelopment } from './inDevelopment.ts'

/** Variables or extensions: a JSON object, as GraphQL over HTTP section 5.1 has it. */
export type JsonObject = Readonly<Record<string, unknown>>

/**
 * One execution of a query, mutation or subscription: an immutable value. Links change it by copying: {@link withHeader},
 * {@link withCredential}, {@link withVariables}, {@link withExtensions}, {@link withContext}.
 *
 * Printing an operation shows its kind, name and the names of its headers, never a value.
 */
export interface Operation {
  readonly kind: OperationKind
  /** The name of the operation that runs; `undefined` for an anonymous one. */
  readonly operationName: string | undefined
  readonly document: GraphQLDocument
  readonly variables: JsonObject | undefined
  readonly extensions: JsonObject | undefined
  /** What links and callers attached under typed keys. */
  readonly context: Context
  /**
   * Aborts when the caller's own signal does (with its reason), when the consumer stops early, or when the client is
   * disposed. Made on the first read, one per execution.
   */
  readonly signal: AbortSignal
}

/** What an operation is made from. */
export interface OperationInit {
  readonly document: AnyDocument | GraphQLDocument
  /** Which operation of the document runs. Needed only where it has several. */
  readonly operationName?: string | undefined
  /** What the operation is, where a build left nothing of the document but a hash. Otherwise the document says it. */
  readonly kind?: OperationKind | undefined
  readonly variables?: JsonObject | null | undefined
  readonly extensions?: JsonObject | undefined
  /** Headers of this operation alone: they win over every link. `null` removes a header and silences its auth link. */
  readonly headers?: HeadersInput | undefined
  readonly context?: Context | undefined
  /** The caller's own signal; its abort reason is what the caller gets. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Where the credentials of an operation come from. A terminal link that runs an operation over several connections, one
 * after the other, asks it for the credentials of each.
 */
export interface CredentialSource {
  /** A copy of the operation with the credentials as they are now. */
  attach(operation: Operation): Operation | Promise<Operation>
}

/** What a link attached: a field, something that takes part in exchanges, or where the layers above `base` came from. */
type Attachment =
  | { readonly field: Field; readonly exchange?: undefined; readonly source?: undefined }
  | { readonly exchange: Exchange; readonly isSigner: boolean; readonly field?: undefined; readonly source?: undefined }
  | {
      readonly source: CredentialSource
      readonly base: FieldLayer | undefined
      readonly field?: undefined
      readonly exchange?: undefined
    }

/** What links attached, newest first: adding to it costs one small object, whatever is there already. */
export type FieldLayer = Attachment & { readonly parent: FieldLayer | undefined }

/**
 * One run of an operation, for authors of links: the same object for every copy and every attempt, so that it can be a
 * key of a `WeakMap`. See {@link executionOf}.
 */
export interface OperationExecution {
  /** Whether the operation was cancelled: by the caller, by an early end of reading, or by the client's `dispose`. */
  readonly aborted: boolean
  /** Why it was. */
  readonly reason: unknown
  /** Calls back when the operation is cancelled. Cheaper than its signal. @returns a function that takes it back. */
  onAbort(callback: () => void): () => void
  /** Calls back when the operation is over, however it ended. */
  onEnd(callback: () => void): void
  /** How often terminal links have sent the operation. */
  readonly attempts: number
  /**
   * The operation as terminal links sent it, once for each attempt, its credentials boxed: for those who have to know
   * whose it was, by `identityOf`, or what must not be printed.
   */
  readonly sent: readonly Operation[]
  /** How often links did something for the operation: `'replay'` of `tokenRefreshLink`, `'retry'` of `retryLink`, ... */
  readonly notes: ReadonlyMap<string, number>
  /** Counts something that a link did for the operation. */
  note(what: string): void
  /** Of a {@link detached} copy: the run that it was made in. */
  readonly parent: OperationExecution | undefined
}

/** What all copies of an operation share while it runs. */
interface ExecutionState extends OperationExecution {
  readonly parent: ExecutionState | undefined
  readonly notes: Map<string, number>
  readonly signal: AbortSignal
  readonly sent: Operation[]
  /** A terminal link begins to send the operation. */
  sends(operation: Operation): void
  /** Asks the terminal link to let the operation through, once for all attempts. */
  admit(operation: Operation): Promise<void> | undefined
  /** What it said, once it was asked. */
  readonly admission: { readonly ready: Promise<void> | undefined } | undefined
  /** How it is asked. */
  readonly ask: ((operation: Operation) => Promise<void> | undefined) | undefined
  /** Ends the operation with this error, wherever it is. */
  abort(reason: unknown): void
}

/** What links never change, shared by all copies of an operation. */
interface OperationOrigin {
  readonly signature: OperationSignature
  readonly document: GraphQLDocument
  /** Headers of the request object and of the call, merged: they win over every layer. */
  readonly overrides: readonly Field[] | undefined
  readonly callerSignal: AbortSignal | undefined
  /** The run that a detached copy came from: what is sent, and counted, is sent and counted for it. */
  readonly parent?: ExecutionState | undefined
}

/**
 * The operation as the kernel sees it. Its fields are public rather than `#private` so that two copies of this package
 * (ESM beside CommonJS) understand each other's operations; printing hides them.
 */
export class OperationValue implements Operation {
  declare readonly origin: OperationOrigin
  declare readonly variables: JsonObject | undefined
  declare readonly extensions: JsonObject | undefined
  declare readonly context: Context
  declare readonly layers: FieldLayer | undefined
  declare readonly execution: ExecutionState | undefined

  constructor(
    origin: OperationOrigin,
    variables: JsonObject | undefined,
    extensions: JsonObject | undefined,
    context: Context,
    layers?: FieldLayer,
    execution?: ExecutionState,
  ) {
    this.origin = origin
    this.variables = variables
    this.extensions = extensions
    this.context = context
    this.layers = layers
    this.execution = execution
  }

  get kind(): OperationKind {
    return this.origin.signature.kind
  }

  get operationName(): string | undefined {
    return this.origin.signature.operationName
  }

  get document(): GraphQLDocument {
    return this.origin.document
  }

  get signal(): AbortSignal {
    return this.execution?.signal ?? this.origin.callerSignal ?? new AbortController().signal
  }

  /** Headers and credentials, strongest first: of the call and request, then of links from the last to the first. */
  get fields(): readonly Field[] {
    const fields = [...(this.origin.overrides ?? [])]
    for (let layer = this.layers; layer !== undefined; layer = layer.parent) {
      if (layer.field) fields.push(layer.field)
    }
    return fields
  }

  toJSON(): object {
    const headers = [...new Set(this.fields.map((field) => field.name))]
    return { kind: this.kind, operationName: this.operationName, headers }
  }

  [Symbol.for('nodejs.util.inspect.custom')](): object {
    return this.toJSON()
  }
}

/**
 * Makes an operation outside a client: for tests of links, and for code that runs a chain by itself with `execute`.
 *
 * @throws {@link DocumentError} when the document has no such operation; {@link OptionsError} when variables are no
 * object; {@link HeaderError} when a header cannot be sent.
 *
 * @example
 * ```ts
 * import { createOperation } from '@graphlinks/core'
 *
 * const operation = createOperation({ document: 'query Me { me { id } }', headers: { 'accept-language': 'de' } })
 * console.log(operation.kind, operation.operationName) // query Me
 * ```
 */
export function createOperation(init: OperationInit): Operation {
  const { document } = init
  const parsed = isParsed(document) ? document : parseDocument(document)
  const selected = parsed.select(own(init, 'operationName'), own(init, 'kind'))
  const headers = own(init, 'headers')
  const overrides = headers && overrideFields(headers, { operationName: selected.operationName })
  const [variables, extensions] = [own(init, 'variables'), own(init, 'extensions')]
  return makeOperation(parsed, selected, variables, extensions, overrides, own(init, 'context'), own(init, 'signal'))
}

/** An option, unless it was read off a polluted Object.prototype. Cheaper than `ownOptions`, once per operation. */
function own<Name extends keyof OperationInit>(init: OperationInit, name: Name): OperationInit[Name] | undefined {
  return Object.hasOwn(init, name) ? init[name] : undefined
}

/** Headers of a request or a call, checked and boxed. */
export function overrideFields(headers: HeadersInput, details?: ErrorDetails): readonly Field[] {
  return headerEntries(headers, details).map(([name, value]) => new Field(name, value, !isHarmless(name)))
}

/** An operation of parts that were checked, but for the variables. */
export function makeOperation(
  document: GraphQLDocument,
  signature: OperationSignature,
  variables: JsonObject | null | undefined,
  extensions: JsonObject | undefined,
  overrides: readonly Field[] | undefined,
  context: Context = emptyContext,
  callerSignal?: AbortSignal,
): Operation {
  if (variables != null && (typeof variables !== 'object' || Array.isArray(variables))) {
    const { operationName } = signature
    throw new OptionsError(
      inDevelopment(() => 'variables must be an object with a key for each variable') ?? 'variables',
      { operationName },
    )
  }
  const origin = { signature, document, overrides, callerSignal }
  return new OperationValue(origin, variables ?? undefined, extensions, context)
}

function isParsed(document: AnyDocument | GraphQLDocument): document is GraphQLDocument {
  return typeof (document as GraphQLDocument).select === 'function'
}

/** A copy with a header. A later link wins over an earlier one, headers of the request and the call win over both.
 *
 * @param value - `null` removes the header that earlier links set.
 * @throws {@link HeaderError} when the name or the value cannot be sent.
 *
 * @example
 * ```ts
 * import { withHeader, type Link } from '@graphlinks/core'
 *
 * export const tenant: Link = (operation, next) => next(withHeader(operation, 'x-tenant', 'acme'))
 * ```
 */
export function withHeader(
  operation: Operation,
  name: string,
  value: string | null,
  options?: FieldOptions,
): Operation {
  const details = { operationName: operation.operationName }
  return withField(operation, headerField(name, value, options, details))
}

/**
 * A copy with a credential: a value that only the given origins may see, only over https, wss or loopback, and that is
 * part of the operation's identity. HTTP sends it as a header or query parameter, WebSocket in `connection_init`.
 *
 * @throws {@link HeaderError} when the name or the value cannot be sent; {@link OptionsError} when an origin is no
 * origin.
 *
 * @example
 * ```ts
 * import { withCredential, type Link } from '@graphlinks/core'
 *
 * export const session: Link = (operation, next) =>
 *   next(withCredential(operation, { name: 'x-session', value: 'abc123', origins: ['https://api.example.com'] }))
 * ```
 */
export function withCredential(operation: Operation, credential: CredentialInit): Operation {
  return withField(operation, credentialField(credential, operation.operationName))
}

/** A copy with a field that was checked before. */
export function withField(operation: Operation, field: Field): Operation {
  return withLayers(operation, { field, parent: (operation as OperationValue).layers })
}

/** A copy with other layers: those before, under a new one. */
export function withLayers(operation: Operation, layers: FieldLayer): Operation {
  const { origin, variables, extensions, context, execution } = operation as OperationValue
  return new OperationValue(origin, variables, extensions, context, layers, execution)
}

/**
 * A copy with other variables. They replace the ones before, they are not merged.
 *
 * @example
 * ```ts
 * import { withVariables, type Link } from '@graphlinks/core'
 *
 * export const limit: Link = (operation, next) => next(withVariables(operation, { ...operation.variables, first: 10 }))
 * ```
 */
export function withVariables(operation: Operation, variables: JsonObject | undefined): Operation {
  const { origin, extensions, context, layers, execution } = operation as OperationValue
  return new OperationValue(origin, variables, extensions, context, layers, execution)
}

/**
 * A copy with more extensions, merged by top-level key over those before (GraphQL over HTTP section 5.1).
 *
 * @example
 * ```ts
 * import { withExtensions, type Link } from '@graphlinks/core'
 *
 * export const origin: Link = (operation, next) => next(withExtensions(operation, { origin: 'checkout' }))
 * ```
 */
export function withExtensions(operation: Operation, extensions: JsonObject): Operation {
  const { origin, variables, extensions: before, context, layers, execution } = operation as OperationValue
  return new OperationValue(origin, variables, { ...before, ...extensions }, context, layers, execution)
}

/**
 * A copy with a value in its context, for links further in. See {@link contextKey}.
 *
 * @example
 * ```ts
 * import { contextKey, withContext, type Link } from '@graphlinks/core'
 *
 * export const startedAt = contextKey<number>('startedAt')
 * export const start: Link = (operation, next) => next(withContext(operation, startedAt, performance.now()))
 * ```
 */
export function withContext<Value>(operation: Operation, key: ContextKey<Value>, value: Value): Operation {
  const { origin, variables, extensions, context, layers, execution } = operation as OperationValue
  return new OperationValue(origin, variables, extensions, context.with(key, value), layers, execution)
}

/**
 * A copy that neither the caller's signal nor the end of its execution can end: for links that run one operation on
 * behalf of several, or several for one. Run it with `execute`, whose end ends it. What it sends and notes counts for the
 * execution that it came from.
 *
 * @example
 * ```ts
 * import { detached, execute, type Link } from '@graphlinks/core'
 *
 * // Leaving the results ends it all the same; the caller's signal alone does not.
 * export const unhurried: Link = (operation, next) => execute(next, detached(operation))
 * ```
 */
export function detached(operation: Operation): Operation {
  const { origin, variables, extensions, context, layers, execution } = operation as OperationValue
  const own = { ...origin, callerSignal: undefined, parent: execution }
  return new OperationValue(own, variables, extensions, context, layers)
}

/** A copy that belongs to one execution. */
export function withExecution(operation: Operation, execution: OperationValue['execution']): Operation {
  const { origin, variables, extensions, context, layers } = operation as OperationValue
  return new OperationValue(origin, variables, extensions, context, layers, execution)
}

/**
 * The run that an operation belongs to; `undefined` for one that is not run by a client, `execute` or `lastResult`.
 *
 * @example
 * ```ts
 * import { executionOf, type Link } from '@graphlinks/core'
 *
 * const attempts = new WeakMap<object, number>()
 * export const count: Link = (operation, next) => {
 *   const execution = executionOf(operation)
 *   if (execution) attempts.set(execution, (attempts.get(execution) ?? 0) + 1)
 *   return next(operation)
 * }
 * ```
 */
export function executionOf(operation: Operation): OperationExecution | undefined {
  return (operation as OperationValue).execution
}

/**
 * Waits until the terminal link has room for the operation, where it limits how many are on the wire. A link that
 * fetches a credential waits for it first, so that the credential does not age in a queue; the links of this package do.
 *
 * @returns `undefined` where there is nothing to wait for.
 *
 * @example
 * ```ts
 * import { admission, withCredential, type Link } from '@graphlinks/core'
 *
 * export const session: Link = async (operation, next) => {
 *   await admission(operation)
 *   return next(withCredential(operation, { name: 'x-session', value: await readSession() }))
 * }
 *
 * const readSession = async (): Promise<string> => 'abc123'
 * ```
 */
export function admission(operation: Operation): Promise<void> | undefined {
  return (operation as OperationValue).execution?.admit(operation)
}

/**
 * Whether the request or the call itself sets (or, with `null`, removes) a header. An auth link asks before it fetches a
 * credential: what the caller says wins, and nothing is attached, refreshed or replayed.
 *
 * @example
 * ```ts
 * import { isOverridden, withCredential, type Link } from '@graphlinks/core'
 *
 * export const session: Link = async (operation, next) => {
 *   if (isOverridden(operation, 'x-session')) return next(operation)
 *   return next(withCredential(operation, { name: 'x-session', value: await readSession() }))
 * }
 *
 * const readSession = async (): Promise<string> => 'abc123'
 * ```
 */
export function isOverridden(operation: Operation, name: string): boolean {
  return (operation as OperationValue).origin.overrides?.some((field) => field.name === name) ?? false
}

/** Whether the request or the call removes a header, with `null`. */
export function isRemoved(operation: Operation, name: string): boolean {
  const { overrides } = (operation as OperationValue).origin
  return overrides?.find((field) => field.name === name)?.value === null
}
