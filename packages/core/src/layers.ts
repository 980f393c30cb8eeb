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
