import type { Tokens } from '@graphlinks/core'
import { checkOptions, type OAuthOptions } from './options.ts'
import type { Grant } from './tokenEndpoint.ts'

/** Checks options now, and loads what uses them with the first request. */
export function askLater(link: string, options: OAuthOptions): (grant: Grant) => Promise<Tokens> {
  const checked = checkOptions(link, options)
  let ask: ((grant: Grant) => Promise<Tokens>) | undefined
  return async (grant) => {
    const { tokenEndpointOf } = await import('./tokenEndpoint.ts')
    ask ??= tokenEndpointOf(link, checked)
    return ask(grant)
  }
}
