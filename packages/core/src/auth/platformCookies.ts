import { withField } from '../copies.ts'
import type { CredentialSource } from '../credentialSource.ts'
import { withExchange, type Exchange } from '../exchange.ts'
import { Field } from '../field.ts'
import { checkHeaderValue, inBrowser } from '../headers.ts'
import type { Operation } from '../operation.ts'
import { originOf } from '../origin.ts'
import type { CsrfProof } from './csrf.ts'
import { provideValue, type CheckedOptions } from './provider.ts'

/**
 * The cookies that the platform keeps: all there is to say is where they go. What shows that a request is the page's own
 * goes with the operation, so that no page loads for cookies what changes requests.
 */
export function platformCookies(
  options: CheckedOptions,
  csrf: CsrfProof | undefined,
  headers: Readonly<Record<string, string>>,
): CredentialSource {
  const { link, origins } = options
  const exchange: Exchange = {
    link,
    identity: '',
    credentialsMode: (url) => (origins?.includes(originOf(url)) ? 'include' : 'same-origin'),
  }
  const plain = Object.entries(headers).map(([name, value]) => new Field(name, value, false))
  const proven = (operation: Operation, token: string | undefined): Operation => {
    if (!csrf || !token) return operation
    checkHeaderValue(csrf.header, token, { link, operationName: operation.operationName })
    // A token that another site learns protects nobody. Without pages there are no other sites.
    const own = inBrowser() ? [globalThis.location.origin] : origins
    // However often it changes, it is the page's.
    return withField(operation, new Field(csrf.header, token, true, 'header', own, link))
  }
  return {
    attach(operation) {
      const attached = plain.reduce(withField, withExchange(operation, exchange))
      if (!csrf) return attached
      const read = (): string | undefined | Promise<string | undefined> =>
        csrf.token(globalThis.document?.cookie, operation)
      return provideValue(read, 'csrf token', operation, options, (token) => proven(attached, token))
    },
  }
}
