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

/** GraphQL errors of what these protocols send as such: an object, or a list of them. */
export function errorsOf(payload: unknown): readonly ResultError[] {
  const list = Array.isArray(payload) ? payload : [payload]
  return list.map((entry: unknown) => {
    const error = Object(entry) as Partial<ResultError>
    return { ...error, message: typeof error.message === 'string' ? error.message : 'the server does not say why' }
  })
}
