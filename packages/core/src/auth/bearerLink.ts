import { CredentialError, OptionsError } from '../errors.ts'
import { Field } from '../field.ts'
import { checkHeaderName, checkHeaderValue, isToken } from '../headers.ts'
import { inDevelopment } from '../inDevelopment.ts'
import type { Link } from '../link.ts'
import { isOverridden, withField } from '../operation.ts'
import { ownOptions } from '../ownOptions.ts'
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
  const { scheme = 'Bearer', trim = false } = own
  const header = checkHeaderName(own.header ?? 'authorization', details)
  const checked = checkOptions(details.link, own)
  if (scheme !== '' && !isToken(scheme)) {
    throw new OptionsError(
      inDevelopment(() => 'scheme is one word, such as "Bearer", or "" for none') ?? 'scheme',
      details,
    )
  }

  const toField = (value: string, operationName?: string): Field => {
    const text = trim ? value.trim() : value
    const where = { ...details, operationName }
    checkHeaderValue(header, text, where)
    if (scheme !== '' && !token68.test(text)) {
      throw new CredentialError(
        inDevelopment(
          () =>
            'the token has a character that bearer tokens do not have (RFC 6750 section 2.1): pass it without its scheme',
        ) ?? 'the token is malformed',
        where,
      )
    }
    return new Field(header, scheme === '' ? text : `${scheme} ${text}`, true, 'header', checked.origins)
  }

  const constant = token && isText(token) ? toField(token) : undefined
  const named: Link = function bearerLink(operation, next) {
    if (isOverridden(operation, header)) return next(operation)
    if (constant) return next(withField(operation, constant))
    return provideText(token, 'token', operation, checked, (value) =>
      next(value === undefined ? operation : withField(operation, toField(trimmed(value), operation.operationName))),
    )
  }
  return Object.assign(named, { stage: 'credential' as const })
}
