import { authMiddleware, urlMiddleware } from 'react-relay-network-modern'
import { layerOf } from '../http/relay.ts'
import { query, renew, type Contestant, type TokenPair } from './contestant.ts'
import { url } from './server.ts'

/** Its middleware as its README has it. It takes notice of HTTP 401 alone, and asks the global fetch. */
export const relay: Contestant = {
  name: 'react-relay-network-modern, authMiddleware',
  connect(server) {
    globalThis.fetch = server.fetch
    let tokens: TokenPair = server.tokens
    const auth = authMiddleware({
      token: () => tokens.accessToken,
      async tokenRefreshPromise() {
        tokens = await renew(server, tokens.refreshToken)
        return tokens.accessToken
      },
    })
    const run = layerOf([urlMiddleware({ url }), auth], query)
    return (id) => run({ id })
  },
}
