import type { Operation } from '@graphlinks/core'

/** What every error of the link says of itself: which link, which operation. */
export function detailsOf({ operationName }: Operation): {
  readonly link: string
  readonly operationName: string | undefined
} {
  return { link: 'wsLink', operationName }
}
