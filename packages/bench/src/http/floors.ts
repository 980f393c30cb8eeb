import { Agent } from 'undici'
import { query, token, type Contestant } from './contestant.ts'

interface Answer {
  readonly data: unknown
}

const headers = {
  accept: 'application/graphql-response+json, application/json;q=0.9',
  'content-type': 'application/json',
  authorization: `Bearer ${token}`,
}

/** What everybody builds upon: fetch, and the JSON of its response. */
export const rawFetch: Contestant = {
  name: 'fetch by hand',
  connect: (url) => ({
    async run(id) {
      const response = await fetch(url, {
        method: 'POST',
        headers,
        body: JSON.stringify({ query, operationName: 'Item', variables: { id } }),
      })
      return ((await response.json()) as Answer).data
    },
  }),
}

/** undici below its fetch: a request in, chunks out. */
export const rawDispatch: Contestant = {
  name: 'undici dispatch by hand',
  connect(url) {
    const agent = new Agent({ connections: 64 })
    const { origin, pathname: path } = new URL(url)
    return {
      run: (id) =>
        new Promise((resolve, reject) => {
          const chunks: Buffer[] = []
          const body = JSON.stringify({ query, operationName: 'Item', variables: { id } })
          agent.dispatch(
            { origin, path, method: 'POST', headers, body },
            {
              onRequestStart() {},
              onResponseStart() {},
              onResponseData: (_, chunk) => chunks.push(chunk),
              onResponseEnd: () => resolve((JSON.parse(Buffer.concat(chunks).toString()) as Answer).data),
              onResponseError: (_, error) => reject(error),
            },
          )
        }),
      close: () => agent.destroy(),
    }
  },
}
