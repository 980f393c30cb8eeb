import {
  bearerLink,
  chain,
  createClient,
  createTokenSource,
  tokenRefreshLink,
  type Client,
  type TokenSource,
} from '@graphlinks/core'
import { createDpopKey, dpopFetch, dpopLink, type DpopKey } from '@graphlinks/dpop-link'
import { httpLink } from '@graphlinks/http-link'
import { oauthRefresh } from '@graphlinks/oauth'
import { secretCanary } from '@graphlinks/testing'
import * as oauth from 'oauth4webapi'
import { startOidcServer, type OidcServer } from './oidc.ts'

const cleanUps: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function startServer(): Promise<OidcServer> {
  const server = await startOidcServer(1)
  cleanUps.push(() => server.close())
  return server
}

/** A session that renews its tokens with one key, or none, and a client that uses them with another, or the same. */
function connect(
  { issuer, graphqlUrl }: OidcServer,
  refreshToken: string,
  refreshKey: DpopKey | undefined,
  key: DpopKey,
): { readonly session: TokenSource; readonly client: Client } {
  const fetch = refreshKey && dpopFetch({ key: refreshKey })
  const session = createTokenSource({
    refresh: oauthRefresh({ issuer, clientId: 'mobile-app', fetch }),
    initial: { accessToken: 'expired', refreshToken },
  })
  const client = createClient({
    link: chain(tokenRefreshLink(session, { scheme: 'DPoP' }), dpopLink({ key }), httpLink({ url: graphqlUrl })),
  })
  cleanUps.push(
    () => session.dispose(),
    () => client.dispose(),
  )
  return { session, client }
}

test('DP-2 DP-6 a bound session against oidc-provider: nonces of both servers, renewal, and no refresh for a nonce', async () => {
  const server = await startServer()
  const key = await createDpopKey()
  const { session, client } = connect(server, await server.signIn('ada', key.thumbprint), key, key)
  const expected = { me: 'ada', scope: 'openid offline_access' }
  const many = (): Promise<unknown[]> => Promise.all(Array.from({ length: 20 }, () => client.request('{ me }')))
  expect(await many()).toEqual(Array(20).fill(expected))
  const { consumed, errors } = await server.events()
  expect(consumed).toBe(1)
  expect(errors).toEqual([expect.stringContaining('use_dpop_nonce')])

  await server.changeNonce()
  expect(await many()).toEqual(Array(20).fill(expected))
  expect(await server.events()).toMatchObject({ consumed: 1, revoked: 0 })

  await server.revokeAccess((await session.accessToken()) as string)
  expect(await many()).toEqual(Array(20).fill(expected))
  // The nonce of the authorization server was known by then.
  expect(await server.events()).toMatchObject({ consumed: 2, revoked: 0, errors })
})

test.each(['with another key', 'without a proof'])(
  'DP-6 a bound refresh token %s is refused, and stays good',
  async (how) => {
    const server = await startServer()
    const [key, other] = [await createDpopKey(), await createDpopKey()]
    const refreshToken = await server.signIn('ada', key.thumbprint)
    const canary = secretCanary()
    const { client, session } = connect(server, refreshToken, how === 'with another key' ? other : undefined, key)
    const error = await canary.watch(() =>
      client.request('{ me }').then(
        () => undefined,
        (thrown: unknown) => thrown as Error & { readonly cause?: unknown },
      ),
    )
    expect(error).toMatchObject({ code: 'AUTH_EXPIRED' })
    expect(session.current.status).toBe('dead')
    expect((await server.events()).errors.at(-1)).toContain('failed jkt verification')
    for (const text of [refreshToken, 'eyJ']) expect(JSON.stringify(error) + String(error?.stack)).not.toContain(text)
    // Whoever has the key goes on.
    expect(await server.isAlive(refreshToken)).toBe(true)
    const again = connect(server, refreshToken, key, key)
    expect(await again.client.request('{ me }')).toMatchObject({ me: 'ada' })
  },
)

test('a token that was stolen without its key is of no use', async () => {
  const server = await startServer()
  const [key, other] = [await createDpopKey(), await createDpopKey()]
  const { client, session } = connect(server, await server.signIn('ada', key.thumbprint), key, key)
  await client.request('{ me }')
  const stolen = (await session.accessToken()) as string
  const http = httpLink({ url: server.graphqlUrl })
  const thief = bearerLink(stolen, { scheme: 'DPoP' })
  for (const link of [
    chain(bearerLink(stolen), http),
    chain(thief, http),
    chain(thief, dpopLink({ key: other }), http),
  ]) {
    const { data, errors, http: head } = await createClient({ link }).query('{ me }')
    expect([data, errors?.[0]?.extensions, head?.status]).toEqual([undefined, { code: 'UNAUTHENTICATED' }, 401])
  }
  const owner = createClient({ link: chain(thief, dpopLink({ key }), http) })
  expect(await owner.request('{ me }')).toMatchObject({ me: 'ada' })
})

test('DP-6 oauth4webapi binds tokens to the same key with its own handle', async () => {
  const { issuer, graphqlUrl } = await startServer()
  const key = await createDpopKey()
  const insecure = { [oauth.allowInsecureRequests]: true }
  const response = await oauth.discoveryRequest(new URL(issuer), insecure)
  const server = await oauth.processDiscoveryResponse(new URL(issuer), response)
  const client: oauth.Client = { client_id: 'nightly-report' }
  const DPoP = oauth.DPoP(client, key)
  const auth = oauth.ClientSecretBasic('a:b%c d+')
  const request = async (): Promise<oauth.TokenEndpointResponse> => {
    const parameters = new URLSearchParams({ scope: 'orders:read' })
    const answer = await oauth.clientCredentialsGrantRequest(server, client, auth, parameters, { DPoP, ...insecure })
    return oauth.processClientCredentialsResponse(server, client, answer)
  }
  const { access_token: token } = await request().catch((error: unknown) => {
    if (!oauth.isDPoPNonceError(error)) throw error
    return request()
  })
  const link = chain(bearerLink(token, { scheme: 'DPoP' }), dpopLink({ key }), httpLink({ url: graphqlUrl }))
  expect(await createClient({ link }).request('{ me scope }')).toEqual({ me: 'nightly-report', scope: 'orders:read' })
})
