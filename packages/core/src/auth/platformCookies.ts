import type { Exchange } from '../exchange.ts'
import { inBrowser } from '../headers.ts'
import { originOf } from '../origin.ts'
import type { CsrfHeaders } from './csrf.ts'

/** The cookies that the platform keeps: all there is to say is where they go. */
export function platformExchange(origins: readonly string[] | undefined, headersFor: CsrfHeaders): Exchange {
  return {
    link: 'cookieLink',
    identity: '',
    async request(request, operation) {
      const origin = originOf(request.url)
      // A token that another site learns protects nobody. Without pages there are no other sites.
      const isOwn = !inBrowser() || globalThis.location.origin === origin
      return {
        credentials: origins?.includes(origin) ? 'include' : 'same-origin',
        headers: await headersFor(isOwn && globalThis.document?.cookie, request, operation),
      }
    },
  }
}
