import type { ResultError } from '@graphlinks/core'
import type { ProtocolListener } from './protocol.ts'

/** A message of the older protocols, as far as it can be relied on. */
export interface OlderMessage {
  readonly type: string
  readonly id: string | undefined
  readonly payload: unknown
}

/** Reads a message, or tells the listener that it is none. */
export function readMessage(text: string, listener: ProtocolListener): OlderMessage | undefined {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    listener.malformed(new Error('it is no JSON'))
    return undefined
  }
  const { type, id, payload } = Object(message) as { readonly type?: unknown; readonly id?: unknown; payload?: unknown }
  if (typeof type === 'string') return { type, id: typeof id === 'string' ? id : undefined, payload }
  listener.malformed(new Error('it is no object with a type'))
  return undefined
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** GraphQL errors of what servers of these protocols send as such: an object, a list of them, or `errors` with either. */
export function errorsOf(payload: unknown): readonly ResultError[] {
  const { errors = payload } = Object(payload) as { readonly errors?: unknown }
  const list = Array.isArray(errors) && errors.length > 0 ? (errors as readonly unknown[]) : [errors]
  return list.map((entry) => {
    const given = (isObject(entry) ? entry : {}) as Partial<ResultError> & { readonly error?: unknown }
    // Hasura says `error` where others say `message`.
    const [message = 'the server does not say why'] = [given.message, given.error].filter(
      (text) => typeof text === 'string',
    )
    return { ...given, message }
  })
}
