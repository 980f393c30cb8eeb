// An authorization server with rotating refresh tokens and reuse detection, and a GraphQL endpoint that takes its access
// tokens. Both want proofs with a nonce of what is bound to a key (DPoP, RFC 9449). A process of its own: oidc-provider has
// ES modules only, and says much on the console. Started by oidc.ts.
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose'
import { Provider } from 'oidc-provider'

// oidc-provider uses it for DPoP, and not every Node 20 has it.
if (!('parse' in URL)) URL.parse = (text) => (URL.canParse(text) ? new URL(text) : null)

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
    dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
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

// Of the resource; the authorization server has its own.
let nonce = randomUUID()
const proofs = new Set()

/** What is wrong with how a token was sent (RFC 9449 sections 4.3, 7.1 and 9), in the words of the RFC. */
async function problemOf({ method, headers }, scheme, value, { jkt }) {
  if (jkt === undefined) return scheme === 'Bearer' ? undefined : 'invalid_token'
  if (scheme !== 'DPoP') return 'invalid_token'
  try {
    const options = { typ: 'dpop+jwt', algorithms: ['ES256'], maxTokenAge: 60 }
    const { payload, protectedHeader } = await jwtVerify(headers.dpop, EmbeddedJWK, options)
    const { jti, htm, htu, ath } = payload
    const hash = createHash('sha256').update(value).digest('base64url')
    if (proofs.has(jti) || htm !== method || htu !== `${issuer}/graphql` || ath !== hash) return 'invalid_dpop_proof'
    proofs.add(jti)
    if ((await calculateJwkThumbprint(protectedHeader.jwk)) !== jkt) return 'invalid_token'
    return payload.nonce === nonce ? undefined : 'use_dpop_nonce'
  } catch {
    return 'invalid_dpop_proof'
  }
}

async function graphql(request, response) {
  const [, scheme, value = ''] = /^(Bearer|DPoP) (.+)$/.exec(request.headers.authorization ?? '') ?? []
  const found = (await provider.AccessToken.find(value)) ?? (await provider.ClientCredentials.find(value))
  const problem = found && (await problemOf(request, scheme, value, found))
  const token = problem ? undefined : found
  if (problem) response.setHeader('www-authenticate', `DPoP error="${problem}", algs="ES256"`)
  if (found?.jkt) response.setHeader('dpop-nonce', nonce)
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
  /** Signs somebody in, without a browser; with a thumbprint, bound to that key. @returns a refresh token. */
  async signIn({ accountId, thumbprint }) {
    const client = await provider.Client.find('mobile-app')
    const details = { ...(await granted(client, accountId)), client, gty: 'authorization_code', jkt: thumbprint }
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
  /** From now on, the GraphQL endpoint wants another nonce. */
  async changeNonce() {
    nonce = randomUUID()
  },
  events: () => events,
}

process.on('message', async ({ id, command, ...rest }) => {
  process.send({ id, value: await commands[command](rest) })
})
// Whoever started it is gone.
process.on('disconnect', () => process.exit())
process.send({ issuer })
