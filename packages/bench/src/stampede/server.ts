import type { Tokens } from '@graphlinks/core'

/** How the server says that an access token is no good. */
export type Refusal = 'UNAUTHENTICATED' | '401'

/** Where it is. Nothing listens there. */
export const url = 'https://api.example.com/graphql'

/** Where tokens are renewed. */
export const refreshUrl = 'https://api.example.com/refresh'

const refreshMs = 20

/** What the server saw. */
export interface Counts {
  /** GraphQL requests. */
  requests: number
  refreshes: number
  /** Refreshes with a refresh token that was used before: many servers then end the session of everybody. */
  reuses: number
}

/** A server in memory, whose first access token has expired. */
export interface Server {
  readonly fetch: (input: string | URL | globalThis.Request, init?: RequestInit) => Promise<Response>
  /** What the client has when the stampede begins. */
  readonly tokens: Required<Pick<Tokens, 'accessToken' | 'refreshToken'>>
  readonly counts: Readonly<Counts>
}

/**
 * Makes one. It is a `fetch` and not a port, because the `fetch` of Node cannot open 10,000 sockets, and would measure
 * itself. It answers real responses, 1 to 5 ms after the request, in turn, so everybody pays for the same server.
 *
 * @param onRequest - called with the number of each GraphQL request.
 */
export function startServer(refusal: Refusal, onRequest: (count: number) => void = () => {}): Server {
  const counts: Counts = { requests: 0, refreshes: 0, reuses: 0 }
  let generation = 0
  const tokens = { accessToken: 'access-0', refreshToken: 'refresh-0' }

  const answer = (body: string): [body: unknown, status?: number] => {
    const { id } = (JSON.parse(body) as { variables: { id: string } }).variables
    return [{ data: { me: { id, name: 'Ada' } } }]
  }
  const refuse = (): [body: unknown, status?: number] =>
    refusal === '401'
      ? [{ errors: [{ message: 'who are you?' }] }, 401]
      : [{ errors: [{ message: 'who are you?', extensions: { code: 'UNAUTHENTICATED' } }] }]
  /** Each refresh ends the tokens before, from the moment that it is asked for. */
  const refresh = (body: string): [body: unknown, status?: number] => {
    counts.refreshes++
    const { refreshToken } = JSON.parse(body) as { refreshToken: string }
    if (refreshToken !== `refresh-${generation}`) {
      counts.reuses++
      return [{ error: 'invalid_grant' }, 400]
    }
    generation++
    return [{ accessToken: `access-${generation}`, refreshToken: `refresh-${generation}` }]
  }

  return {
    tokens,
    counts,
    fetch(input, init) {
      const body = init?.body as string
      if (input === refreshUrl) return respond(refreshMs, refresh(body))
      onRequest(++counts.requests)
      const authorization = new Headers(init?.headers).get('authorization')
      // The first token expired before the stampede.
      const isGood = generation > 0 && authorization === `Bearer access-${generation}`
      return respond(1 + (counts.requests % 5), isGood ? answer(body) : refuse())
    },
  }
}

function respond(delayMs: number, [body, status = 200]: readonly [body: unknown, status?: number]): Promise<Response> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json' }
    setTimeout(() => resolve(new Response(JSON.stringify(body), { status, headers })), delayMs)
  })
}
