// An authorization server whose sign-in is a few pages and many redirects, with a session in cookies. A process of its
// own, as oidcProvider.mjs is. Started by cookieLogin.test.ts.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { Provider } from 'oidc-provider'

const server = createServer()
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const issuer = `http://127.0.0.1:${server.address().port}`

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'web',
      token_endpoint_auth_method: 'none',
      redirect_uris: ['https://app.example.com/callback'],
    },
  ],
  cookies: { keys: ['a key that signs the cookies'] },
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
})
server.on('request', provider.callback())

// Whoever started it is gone.
process.on('disconnect', () => process.exit())
process.send(issuer)
