import { refreshUrl, type Server } from './server.ts'

/** One way to survive an expired token. */
export interface Contestant {
  readonly name: string
  /** How many run, where fewer than everybody else's is all that fits in the time. */
  readonly operations?: number
  /** Makes a client that has the first tokens of the server. @returns what runs one query and gives its data. */
  readonly connect: (server: Server) => (id: string) => Promise<unknown>
}

/** The query that every contestant runs, with another `id` each time: urql sends equal ones once. */
export const query = 'query Me($id: ID!) { me(id: $id) { id name } }'

/** What a renewal gives. */
export type TokenPair = Server['tokens']

/** Renews the tokens: the same function for everybody. */
export async function renew({ fetch }: Server, refreshToken: string | undefined): Promise<TokenPair> {
  const response = await fetch(refreshUrl, { method: 'POST', body: JSON.stringify({ refreshToken }) })
  if (!response.ok) throw new Error('the refresh token is no good')
  return (await response.json()) as TokenPair
}

/** What a hand-written client keeps: the tokens, and the one refresh that is running. */
export class SingleFlight {
  readonly #server: Server
  #tokens: TokenPair
  #refreshing: Promise<void> | undefined = undefined

  constructor(server: Server) {
    this.#server = server
    this.#tokens = server.tokens
  }

  get accessToken(): string {
    return this.#tokens.accessToken
  }

  /** When no refresh is running. */
  get settled(): Promise<void> | undefined {
    return this.#refreshing
  }

  /** When there is another access token than the one that was refused. */
  async renew(refused: string): Promise<void> {
    // Refused as it was sent, but renewed since: another refresh would end the token that everybody else just got.
    if (refused === this.#tokens.accessToken) this.#refreshing ??= this.#renew()
    await this.#refreshing
  }

  async #renew(): Promise<void> {
    try {
      this.#tokens = await renew(this.#server, this.#tokens.refreshToken)
    } finally {
      this.#refreshing = undefined
    }
  }
}
