import { ApolloLink, CombinedGraphQLErrors, HttpLink, ServerError } from '@apollo/client'
import { SetContextLink } from '@apollo/client/link/context'
import { ErrorLink } from '@apollo/client/link/error'
import { RetryLink } from '@apollo/client/link/retry'
import { from, mergeMap } from 'rxjs'
import type { Settings } from '../app.ts'

/** Its own links, and the recipe that its users pass on to each other: its documentation has none for a refresh. */
export function sessionOf({ url, session, renew }: Settings) {
  let tokens = session
  let renewing: Promise<void> | undefined
  const refresh = (): Promise<void> =>
    (renewing ??= renew(tokens.refreshToken)
      .then((renewed) => {
        tokens = renewed
      })
      .finally(() => (renewing = undefined)))
  const onRefusal = new ErrorLink(({ error, operation, forward }) => {
    const isRefused =
      (ServerError.is(error) && error.statusCode === 401) ||
      (CombinedGraphQLErrors.is(error) &&
        error.errors.some(({ extensions }) => extensions?.['code'] === 'UNAUTHENTICATED'))
    if (isRefused) return from(refresh()).pipe(mergeMap(() => forward(operation)))
    return undefined
  })
  const auth = new SetContextLink(({ headers }) => ({
    headers: { ...(headers as object | undefined), authorization: `Bearer ${tokens.accessToken}` },
  }))
  return {
    accessToken: (): string => tokens.accessToken,
    link: ApolloLink.from([onRefusal, new RetryLink(), auth, new HttpLink({ uri: url })]),
  }
}
