import { withField } from '../copies.ts'
import { sendWith, type CredentialSource } from '../credentialSource.ts'
import { OptionsError } from '../errors.ts'
import { Field } from '../field.ts'
import { isHarmless } from '../harmless.ts'
import { headerEntries, type HeadersInput } from '../headers.ts'
import type { Link } from '../link.ts'
import { isOverridden, type Operation } from '../operation.ts'
import { ownOptions } from '../ownOptions.ts'
import { checkOptions, provideValue, type CredentialOptions } from './provider.ts'

/** Options of {@link headerLink}. */
export interface HeaderLinkOptions extends Omit<CredentialOptions, 'onMissing'> {
  /**
   * Which headers are secret, by name: a sensitive value needs https or loopback, is masked wherever it is printed, goes
   * to `origins` only, and is part of the identity. Default: `true`, except for names known to be harmless
   * (`accept-language`, `traceparent`, `x-request-id`, ...).
   */
  readonly sensitive?: Readonly<Record<string, boolean>> | undefined
}

/**
 * Sets headers on every operation: the same ones, or those that a function of the operation gives. They win over
 * earlier links; headers of the request and of the call win over them. `null` removes what earlier links set.
 *
 * @throws {@link HeaderError} when a header cannot be sent, {@link OptionsError} when an option is no good; both when
 * the link is built. What a function gives is checked on each operation.
 *
 * @example
 * ```ts
 * import { headerLink } from '@graphlinks/core'
 *
 * export const tenant = headerLink({ 'x-tenant': 'acme' })
 * export const requestId = headerLink(() => ({ 'x-request-id': crypto.randomUUID() }))
 * ```
 */
export function headerLink(
  headers:
    | HeadersInput
    | ((operation: Operation) => HeadersInput | undefined | null | Promise<HeadersInput | undefined | null>),
  options: HeaderLinkOptions = {},
): Link {
  const link = 'headerLink'
  const own = ownOptions(options)
  const checked = checkOptions(link, own)
  const sensitive = sensitivity(own.sensitive ?? {}, link)
  const toFields = (input: HeadersInput, operationName?: string): Field[] =>
    headerEntries(input, { link, operationName }).map(([name, value]) => {
      const secret = sensitive.get(name) ?? !isHarmless(name)
      return new Field(name, value, secret, 'header', secret ? checked.origins : undefined)
    })

  const named =
    typeof headers === 'function'
      ? changingLink({
          attach: (operation) =>
            provideValue(headers, 'headers', operation, checked, (input) =>
              input == null ? operation : withFields(operation, toFields(input, operation.operationName)),
            ),
        })
      : constantLink(toFields(headers))
  return Object.assign(named, { stage: 'credential' as const })
}

function changingLink(source: CredentialSource): Link {
  return function headerLink(operation, next) {
    return sendWith(source, operation, next)
  }
}

function constantLink(fields: readonly Field[]): Link {
  return function headerLink(operation, next) {
    return next(withFields(operation, fields))
  }
}

function withFields(operation: Operation, fields: readonly Field[]): Operation {
  let changed = operation
  for (const field of fields) if (!isOverridden(operation, field.name)) changed = withField(changed, field)
  return changed
}

function sensitivity(input: Readonly<Record<string, boolean>>, link: string): Map<string, boolean> {
  for (const [name, value] of Object.entries(input)) {
    if (typeof value !== 'boolean') throw new OptionsError(`sensitive["${name}"] is true or false`, { link })
  }
  return new Map(Object.entries(input).map(([name, value]) => [name.toLowerCase(), value]))
}
