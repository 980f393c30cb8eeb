import { ClientError, GraphQLClient } from 'graphql-request'
import type { Settings } from '../app.ts'

/** It has nothing for either, so this is what its users write: a function around the request. */
export function sessionOf({ url, session, renew }: Settings) {
  let tokens = session
  let renewing: Promise<void> | undefined
  const client = new GraphQLClient(url, { headers: () => ({ authorization: `Bearer ${tokens.accessToken}` }) })
  return {
    accessToken: (): string => tokens.accessToken,
    async request<Data>(query: string, attempt = 1): Promise<Data> {
      try {
        return await client.request<Data>(query)
      } catch (error) {
        if (attempt >= 5 || !(error instanceof ClientError)) throw error
        const { status, errors } = error.response
        if (status >= 500) {
          await new Promise((resolve) => setTimeout(resolve, 300 * 2 ** attempt * Math.random()))
        } else if (status === 401 || errors?.some(({ extensions }) => extensions?.['code'] === 'UNAUTHENTICATED')) {
          renewing ??= renew(tokens.refreshToken)
            .then((renewed) => {
              tokens = renewed
            })
            .finally(() => (renewing = undefined))
          await renewing
        } else throw error
        return this.request(query, attempt + 1)
      }
    },
  }
}
