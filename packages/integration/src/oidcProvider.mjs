// An authorization server with rotating refresh tokens and reuse detection, and a GraphQL endpoint that takes its access
// tokens. A process of its own: oidc-provider has ES modules only, and says much on the console. Started by oidc.ts.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { Provider } from 'oidc-provider'

const server = createServer()
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const issuer = `http://127.0.0.1:${server.address().port}`

// mulberry32: the same lifetimes for the same seed.
let seed = Number(process.argv[2])
function random() {
  seed = (seed + 0x6d2b79f5) | 0
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
}

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'mobile-app',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: ['https://app.example.com/callback'],
    },
    {
      client_id: 'desktop-app',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      redirect_uris: [`${issuer.replace(/:\d+$/, '')}/callback`],
    },
    {
      client_id: 'tv',
      token_endpoint_auth_method: 'none',
      grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
      redirect_uris: [],
      response_types: [],
    },
    {
      client_id: 'nightly-report',
      client_secret: 'a:b%c d+',
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      scope: 'orders:read',
    },
  ],
  scopes: ['openid', 'offline_access', 'orders:read'],
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    devInteractions: { enabled: false },
  },
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  rotateRefreshToken: true,
  ttl: { AccessToken: () => 300 + Math.floor(random() * 3_301), ClientCredentials: 600, RefreshToken: 14 * 86_400 },
})

const events = { consumed: 0, revoked: 0, succeeded: 0, errors: [] }
provider.on('refresh_token.consumed', () => events.consumed++)
provider.on('grant.revoked', () => events.revoked++)
provider.on('grant.success', () => events.succeeded++)
provider.on('grant.error', (_, { error, error_detail: detail }) => events.errors.push(`${error}: ${detail}`))

const answer = provider.callback()
server.on('request', (request, response) => {
  const { pathname, searchParams } = new URL(request.url, issuer)
  if (pathname === '/graphql') void graphql(request, response)
  else if (pathname.startsWith('/interaction/')) void interact(request, response)
  else if (pathname === '/callback') response.end(searchParams.get('code') ?? searchParams.get('error_description'))
  else answer(request, response)
})

/** What somebody does in a browser, done at once: signs in as who the client hints at, and consents. */
async function interact(request, response) {
  const { params, prompt, session } = await provider.interactionDetails(request, response)
  const accountId = session?.accountId ?? params.login_hint
  const result =
    prompt.name === 'login'
      ? { login: { accountId } }
      : { consent: { grantId: (await granted({ clientId: params.client_id }, accountId)).grantId } }
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false })
}

async function graphql({ headers }, response) {
  const value = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? ''
  const token = (await provider.AccessToken.find(value)) ?? (await provider.ClientCredentials.find(value))
  const body = token
    ? { data: { me: token.accountId ?? token.clientId, scope: token.scope } }
    : { errors: [{ message: 'who are you?', extensions: { code: 'UNAUTHENTICATED' } }] }
  response.setHeader('content-type', 'application/graphql-response+json')
  response.writeHead(token ? 200 : 401).end(JSON.stringify(body))
}

async function granted({ clientId }, accountId) {
  const scope = 'openid offline_access'
  const grant = new provider.Grant({ clientId, accountId })
  grant.addOIDCScope(scope)
  return { accountId, grantId: await grant.save(), scope, authTime: Math.floor(Date.now() / 1000) }
}

const commands = {
  /** Signs somebody in, without a browser. @returns a refresh token. */
  async signIn({ accountId }) {
    const client = await provider.Client.find('mobile-app')
    const details = { ...(await granted(client, accountId)), client, gty: 'authorization_code' }
    return new provider.RefreshToken(details).save()
  },
  /** What happens when somebody types in a code. */
  async approve({ userCode, accountId }) {
    const code = await provider.DeviceCode.findByUserCode(userCode.replaceAll('-', ''))
    Object.assign(code, await granted(await provider.Client.find(code.clientId), accountId))
    await code.save()
  },
  /** Whether a refresh token could still be used. */
  async isAlive({ refreshToken }) {
    const token = await provider.RefreshToken.find(refreshToken)
    return token !== undefined && !token.consumed && (await provider.Grant.find(token.grantId)) !== undefined
  },
  async revokeAccess({ accessToken }) {
    const token = (await provider.AccessToken.find(accessToken)) ?? (await provider.ClientCredentials.find(accessToken))
    await token.destroy()
  },
  events: () => events,
}

process.on('message', async ({ id, command, ...rest }) => {
  process.send({ id, value: await commands[command](rest) })
})
// Whoever started it is gone.
process.on('disconnect', () => process.exit())
process.send({ issuer })
