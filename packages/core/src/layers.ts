import type { Exchange } from './exchange.ts'
import type { Field } from './field.ts'
import type { Operation } from './operation.ts'

/**
 * Where the credentials of an operation come from. A terminal link that runs an operation over several connections, one
 * after the other, asks it for the credentials of each.
 */
export interface CredentialSource {
  /** A copy of the operation with the credentials as they are now. */
  attach(operation: Operation): Operation | Promise<Operation>
}

/**
 * What a link attached: a field, something that takes part in exchanges or signs them, or where the layers above `base`
 * came from. Each says which, since what it has not must not be looked for on Object.prototype.
 */
type Attachment =
  | { readonly type: 'field'; readonly field: Field }
  | { readonly type: 'exchange' | 'signer'; readonly exchange: Exchange }
  | { readonly type: 'source'; readonly source: CredentialSource; readonly base: FieldLayer | undefined }

/** What links attached, newest first: adding to it costs one small object, whatever is there already. */
export type FieldLayer = Attachment & { readonly parent: FieldLayer | undefined }
