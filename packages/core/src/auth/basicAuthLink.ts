import { withField } from '../copies.ts'
import { sendWith, type CredentialSource } from '../credentialSource.ts'
import { CredentialError, OptionsError } from '../errors.ts'
import { Field } from '../field.ts'
import { checkHeaderValue } from '../headers.ts'
import type { Link } from '../link.ts'
import { isOverridden } from '../operation.ts'
import { ownOptions } from '../ownOptions.ts'
import { checkOptions, isProvided, provideText, type CredentialOptions, type Provided } from './provider.ts'

/** Options of {@link basicAuthLink}. */
export interface BasicAuthLinkOptions extends CredentialOptions {
  /** The user-id: no colon, no control characters. Without one there is no credential, see `onMissing`. */
  readonly username: Provided<string>
  /** The password; it may be empty. No control characters. `undefined` or `null` is no credential, see `onMissing`. */
  readonly password: Provided<string>
  /** How characters become bytes. Default: `'utf-8'`. `'latin1'` is for servers older than RFC 7617. */
  readonly encoding?: 'utf-8' | 'latin1' | undefined
}

// oxlint-disable-next-line no-control-regex
const control = /[\x00-\x1f\x7f]/

/**
 * Sends a user name and a password with every operation (RFC 7617), as UTF-8. An `authorization` header of the request
 * or the call wins.
 *
 * @throws {@link CredentialError} when a constant user name or password cannot be sent, {@link OptionsError} when an
 * option is no good; both when the link is built. What a function gives is checked on each operation.
 *
 * @example
 * ```ts
 * import { basicAuthLink } from '@graphlinks/core'
 *
 * export const login = basicAuthLink({ username: 'zoë', password: () => 'pässwörd' })
 * ```
 */
export function basicAuthLink(options: BasicAuthLinkOptions): Link {
  const link = 'basicAuthLink'
  const own = ownOptions(options)
  const { username, password, encoding = 'utf-8' } = own
  const checked = checkOptions(link, own)
  if (encoding !== 'utf-8' && encoding !== 'latin1') throw new OptionsError('encoding is "utf-8" or "latin1"', { link })
  if (!isProvided(username) || !isProvided(password)) {
    throw new OptionsError('give it { username, password }: texts, or functions that give them', { link })
  }

  const toField = (user: string, secret: string, operationName?: string): Field => {
    const problem = problemWith(user, secret, encoding)
    if (problem) throw new CredentialError(problem, { link, operationName })
    const value = `Basic ${encode(`${user}:${secret}`, encoding)}`
    checkHeaderValue('authorization', value, { link, operationName })
    return new Field('authorization', value, true, 'header', checked.origins)
  }

  const isConstant = typeof username === 'string' && username !== '' && typeof password === 'string'
  const constant = isConstant ? toField(username, password) : undefined
  const source: CredentialSource = {
    attach: (operation) =>
      provideText(username, 'user name', operation, checked, (user) => {
        if (user === undefined) return operation
        return provideText(password, 'password', operation, { ...checked, allowEmpty: true }, (secret) =>
          secret === undefined ? operation : withField(operation, toField(user, secret, operation.operationName)),
        )
      }),
  }
  const named: Link = function basicAuthLink(operation, next) {
    if (isOverridden(operation, 'authorization')) return next(operation)
    if (constant) return next(withField(operation, constant))
    return sendWith(source, operation, next)
  }
  return Object.assign(named, { stage: 'credential' as const })
}

/** RFC 7617 section 2: what a user name and a password must not have. */
function problemWith(user: string, secret: string, encoding: 'utf-8' | 'latin1'): string | undefined {
  if (user.includes(':')) return 'the user name has a colon, which Basic authentication cannot carry'
  if (control.test(user)) return 'the user name has a control character'
  if (control.test(secret)) return 'the password has a control character'
  // oxlint-disable-next-line no-control-regex
  if (encoding === 'latin1' && /[^\x00-\xff]/.test(user + secret))
    return 'the user name or password has a character outside Latin-1'
  return undefined
}

/** Base64 of the bytes: `btoa` takes Latin-1 text only, and silently means another encoding than the server. */
function encode(text: string, encoding: 'utf-8' | 'latin1'): string {
  if (encoding === 'latin1') return btoa(text)
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(''))
}
