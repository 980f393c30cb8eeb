import type { ContextKey } from './context.ts'
import { credentialField, headerField, type CredentialInit, type Field, type FieldOptions } from './field.ts'
import type { FieldLayer } from './layers.ts'
import { OperationValue, type JsonObject, type Operation } from './operation.ts'

/**
 * A copy with a header. A later link wins over an earlier one, headers of the request and the call win over both.
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
  return withLayers(operation, { type: 'field', field, parent: (operation as OperationValue).layers })
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
