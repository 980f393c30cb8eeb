import { CredentialError, OptionsError } from '../errors.ts'
import { Field } from '../field.ts'
import { checkHeaderName, checkHeaderValue, isToken } from '../headers.ts'
import { inDevelopment } from '../inDevelopment.ts'

/** How a token is written into a header. */
export interface BearerFieldOptions {
  /** The word before the token; `''` sends the token alone (AWS AppSync). Default: `'Bearer'`. */
  readonly scheme?: string | undefined
  /** The header that carries the token. Default: `'authorization'`. */
  readonly header?: string | undefined
}

// RFC 6750 section 2.1, b64token
const token68 = /^[A-Za-z0-9\-._~+/]+=*$/

/**
 * The header that carries tokens, and what makes a field of one.
 *
 * @throws {@link OptionsError} or {@link HeaderError} when an option is no good.
 */
export function bearerFields(
  link: string,
  { scheme = 'Bearer', header: name = 'authorization' }: BearerFieldOptions,
  origins: readonly string[] | undefined,
): { readonly header: string; readonly toField: (token: string, operationName?: string, owner?: string) => Field } {
  const header = checkHeaderName(name, { link })
  if (scheme !== '' && !isToken(scheme)) {
    throw new OptionsError(inDevelopment(() => 'scheme is one word, such as "Bearer", or "" for none') ?? 'scheme', {
      link,
    })
  }
  const toField = (token: string, operationName?: string, owner?: string): Field => {
    const details = { link, operationName }
    checkHeaderValue(header, token, details)
    if (!(scheme ? token68.test(token) : token)) {
      throw new CredentialError(
        inDevelopment(
          () =>
            'the token has a character that bearer tokens do not have (RFC 6750 section 2.1): pass it without its scheme',
        ) ?? 'the token is malformed',
        details,
      )
    }
    return new Field(header, scheme ? `${scheme} ${token}` : token, true, 'header', origins, owner)
  }
  return { header, toField }
}
