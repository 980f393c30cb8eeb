import type { ErrorDetails } from './errors.ts'
import { isHarmless } from './harmless.ts'
import { checkHeaderName, checkHeaderValue } from './headers.ts'
import { checkOrigin } from './origin.ts'
import { Secret } from './secret.ts'

/** How a header or query parameter that a link sets is treated. */
export interface FieldOptions {
  /**
   * A sensitive value needs https (or loopback), is masked wherever it is printed, and is part of the operation's
   * identity. Default: `true`, except for names known to be harmless, such as `accept-language` and `traceparent`.
   */
  readonly sensitive?: boolean | undefined
}

/** A secret value and where it may go. */
export interface CredentialInit {
  /** Name of the header, or of the query parameter. */
  readonly name: string
  readonly value: string
  /** Default: `'header'`. A query parameter is redacted in every URL that is printed. */
  readonly in?: 'header' | 'query' | undefined
  /** Origins that may see it. Default: only the origin of the terminal link that sends the operation. */
  readonly origins?: readonly string[] | undefined
  /** Name of the link, for error messages. */
  readonly link?: string | undefined
}

/** A header or query parameter, checked and boxed. One that does not change is made once and attached many times. */
export class Field {
  declare readonly name: string
  /** `null` removes what was set before under this name. */
  declare readonly value: Secret | null
  declare readonly place: 'header' | 'query'
  declare readonly sensitive: boolean
  declare readonly origins: readonly string[] | undefined
  /** Whose value it is, where that outlives the value, as a session does its tokens. Identities are made of it. */
  declare readonly owner: string | undefined

  constructor(
    name: string,
    value: string | null,
    sensitive: boolean,
    place: 'header' | 'query' = 'header',
    origins?: readonly string[],
    owner?: string,
  ) {
    this.name = name
    this.value = value === null ? null : new Secret(value)
    this.place = place
    this.sensitive = sensitive
    this.origins = origins
    this.owner = owner
  }
}

/** A header as a field, checked. */
export function headerField(name: string, value: string | null, options?: FieldOptions, details?: ErrorDetails): Field {
  const lower = checkHeaderName(name, details)
  const checked = value === null ? null : checkHeaderValue(lower, value, details)
  return new Field(lower, checked, options?.sensitive ?? !isHarmless(lower))
}

/** A credential as a field, checked. */
export function credentialField(credential: CredentialInit, operationName?: string): Field {
  const details = { link: credential.link, operationName }
  const place = credential.in ?? 'header'
  const name = place === 'header' ? checkHeaderName(credential.name, details) : credential.name
  const origins = credential.origins?.map((origin) => checkOrigin(origin, credential.link))
  return new Field(name, checkHeaderValue(name, credential.value, details), true, place, origins)
}
