import type { Settings } from '../app.ts'

interface Answer<Data> {
  readonly data?: Data
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: unknown } }[]
}

/** As little as can be said to renew and to retry. */
export function sessionOf({ url, session, renew }: Settings) {
  let tokens = session
  let renewing: Promise<void> | undefined
  const send = (query: string): Promise<Response> =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${tokens.accessToken}` },
      body: JSON.stringify({ query }),
    })
  return {
    get accessToken() {
      return tokens.accessToken
    },
    async request<Data>(query: string, attempt = 1): Promise<Data> {
      const response = await send(query)
      if (response.status >= 500 && attempt < 5) {
        await new Promise((resolve) => setTimeout(resolve, 300 * 2 ** attempt * Math.random()))
        return this.request(query, attempt + 1)
      }
      const { data, errors } = (await response.json()) as Answer<Data>
      if (response.status === 401 || errors?.some(({ extensions }) => extensions?.code === 'UNAUTHENTICATED')) {
        if (attempt >= 5) throw new Error('who are you?')
        renewing ??= renew(tokens.refreshToken)
          .then((renewed) => {
            tokens = renewed
          })
          .finally(() => (renewing = undefined))
        await renewing
        return this.request(query, attempt + 1)
      }
      if (!data) throw new Error(errors?.[0]?.message)
      return data
    },
  }
}
