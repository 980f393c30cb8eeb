import { emptyContext, type Context } from './context.ts'
import {
  parseDocument,
  type AnyDocument,
  type GraphQLDocument,
  type OperationKind,
  type OperationSignature,
} from './document.ts'
import { OptionsError, type ErrorDetails } from './errors.ts'
import { Field } from './field.ts'
import { isHarmless } from './harmless.ts'
import { headerEntries, type HeadersInput } from './headers.ts'
import { inDevelopment } from './inDevelopment.ts'
import type { FieldLayer } from './layers.ts'
import type { ExecutionState } from './operationExecution.ts'

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
    for (let layer = this.layers; layer; layer = layer.parent) {
      if (layer.type === 'field') fields.push(layer.field)
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
