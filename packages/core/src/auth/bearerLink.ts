import { withField } from '../copies.ts'
import { sendWith, type CredentialSource } from '../credentialSource.ts'
import type { Link } from '../link.ts'
import { isOverridden } from '../operation.ts'
import { ownOptions } from '../ownOptions.ts'
import { bearerFields, type BearerFieldOptions } from './bearerField.ts'
import { checkOptions, isText, provideText, type CredentialOptions, type Provided } from './provider.ts'

/** Options of {@link bearerLink}. */
export interface BearerLinkOptions extends CredentialOptions, BearerFieldOptions {
  /**
   * Whether white space around the token is cut off, as files and environment variables have it. Default: `false`,
   * which refuses such a token.
   */
  readonly trim?: boolean | undefined
}

/**
 * Sends a bearer token with every operation (RFC 6750 section 2.1). The token is read for each attempt, so a function
 * that gives a new one needs no new client. An `authorization` header of the request or the call wins, and the function
 * is then not called at all.
 *
 * @throws {@link CredentialError} or {@link HeaderError} when a constant token is malformed, {@link OptionsError} when
 * an option is no good; all when the link is built. What a function gives is checked on each operation.
 *
 * @example
 * ```ts
 * import { bearerLink } from '@graphlinks/core'
 *
 * export const constant = bearerLink('secret-token')
 * export const current = bearerLink(async () => localStorage.getItem('token'), { onMissing: 'error' })
 * export const github = bearerLink('secret-token', { scheme: 'token', origins: ['https://api.github.com'] })
 * ```
 */
export function bearerLink(token: Provided<string> | undefined | null, options: BearerLinkOptions = {}): Link {
  const link = 'bearerLink'
  const own = ownOptions(options)
  const checked = checkOptions(link, own)
  const { header, toField } = bearerFields(link, own, checked.origins)
  const trimmed = (value: string): string => (own.trim ? value.trim() : value)

  const constant = token && isText(token) ? toField(trimmed(token)) : undefined
  const source: CredentialSource = {
    attach: (operation) =>
      provideText(token, 'token', operation, checked, (value) =>
        value === undefined ? operation : withField(operation, toField(trimmed(value), operation.operationName)),
      ),
  }
  const named: Link = function bearerLink(operation, next) {
    if (isOverridden(operation, header)) return next(operation)
    if (constant) return next(withField(operation, constant))
    return sendWith(source, operation, next)
  }
  return Object.assign(named, { stage: 'credential' as const })
}
