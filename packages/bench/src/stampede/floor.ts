import { query, SingleFlight, type Contestant } from './contestant.ts'
import { url } from './server.ts'

/** What a program without any framework does. */
export const floor: Contestant = {
  name: 'fetch, written by hand',
  connect(server) {
    const flight = new SingleFlight(server)
    const send = async (id: string, accessToken: string): Promise<Answer> => {
      const response = await server.fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
        body: JSON.stringify({ query, variables: { id } }),
      })
      return { status: response.status, ...((await response.json()) as Omit<Answer, 'status'>) }
    }
    return async (id) => {
      if (flight.settled) await flight.settled
      const used = flight.accessToken
      const { status, data, errors } = await send(id, used)
      if (status !== 401 && !errors?.some(({ extensions }) => extensions?.code === 'UNAUTHENTICATED')) return data
      await flight.renew(used)
      return (await send(id, flight.accessToken)).data
    }
  },
}

interface Answer {
  readonly status: number
  readonly data?: unknown
  readonly errors?: readonly { readonly extensions?: { readonly code?: unknown } }[]
}
