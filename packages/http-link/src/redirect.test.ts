import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import tls from 'node:tls'
import { apiKeyLink, bearerLink, chain, createClient, headerLink, type Client } from '@graphlinks/core'
import { secretCanary } from '@graphlinks/testing'
import { stacks } from './fixtures/stacks.ts'
import { httpLink, RedirectBlockedError, type Fetch, type HttpLinkOptions } from './index.ts'

interface Site {
  readonly origin: string
  readonly port: number
  readonly seen: { readonly method: string; readonly path: string; readonly body: string; readonly key: unknown }[]
  /** What to answer to a path; others get a result. */
  readonly redirects: Map<string, { readonly status: number; readonly location?: string | undefined }>
}

const certificate = selfSigned()
const servers: Server[] = []

async function site(protocol: 'http' | 'https' = 'http'): Promise<Site> {
  const seen: Site['seen'] = []
  const redirects: Site['redirects'] = new Map()
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request
      seen.push({ method, path, body: Buffer.concat(chunks).toString(), key: headers['x-api-key'] })
      const redirect = redirects.get(path)
      if (!redirect) {
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{"stolen":true}}')
        return
      }
      if (redirect.location !== undefined) response.setHeader('location', redirect.location)
      response.writeHead(redirect.status).end('moved')
    })
  }
  const server: Server = protocol === 'http' ? createServer(answer) : createSecureServer(certificate, answer)
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { origin: `${protocol}://127.0.0.1:${port}`, port, seen, redirects }
}

const first = Promise.resolve().then(() => site())
const second = Promise.resolve().then(() => site())
const secure = Promise.resolve().then(() => site('https'))

afterAll(async () => {
  jest.restoreAllMocks()
  await Promise.all(
    servers.map(async (server) => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    }),
  )
})

beforeAll(() => {
  // fetch has no option for a certificate: both stacks connect through this function.
  const connect = tls.connect as unknown as (options: object, ...rest: unknown[]) => tls.TLSSocket
  jest
    .spyOn(tls, 'connect')
    .mockImplementation(((options: object, ...rest: unknown[]) =>
      connect({ ...options, ca: certificate.cert }, ...rest)) as typeof tls.connect)
})

afterEach(async () => {
  for (const each of await Promise.all([first, second, secure])) {
    each.seen.length = 0
    each.redirects.clear()
  }
})

const statuses = [301, 302, 303, 307, 308]
const policies = ['error', 'same-origin'] as const

/** A client that carries a secret in every place that has one. */
function clientOf(url: string, options: Partial<HttpLinkOptions>, secret = 'a-secret-key'): Client {
  return createClient({
    link: chain(
      bearerLink(secret),
      apiKeyLink({ key: secret }),
      headerLink({ cookie: `sid=${secret}`, 'x-custom': secret }),
      httpLink({ ...options, url } as HttpLinkOptions),
    ),
  })
}

function errorOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    (value) => {
      throw new Error(`it should have failed, and gave ${JSON.stringify(value)}`)
    },
    (error: unknown) => error as Error,
  )
}

/** Where a redirect may lead, beside to the same origin; each path is /stolen. */
const elsewhere: Readonly<Record<string, (from: Site, other: Site) => string>> = {
  'other port': (_, { origin }) => `${origin}/stolen`,
  'other host, same server': ({ port }) => `http://localhost:${port}/stolen`,
  'other host and port': (_, { port }) => `http://localhost:${port}/stolen`,
  'other spelling of the scheme': (_, { port }) => `HTTP://127.0.0.1:${port}/stolen`,
  'user info that looks like us': ({ port }, other) => `http://127.0.0.1:${port}@127.0.0.1:${other.port}/stolen`,
  'user info, same origin': ({ port }) => `http://user:hunter2@127.0.0.1:${port}/stolen`,
  '//host': (_, { port }) => `//127.0.0.1:${port}/stolen`,
  '/\\host': (_, { port }) => `/\\127.0.0.1:${port}/stolen`,
  'a unix socket': () => 'unix:/var/run/docker.sock:/stolen',
  'a file': () => 'file:///etc/passwd',
  'a script': () => 'javascript:alert(1)',
  data: () => 'data:application/json,{"data":{"stolen":true}}',
  'a blob of our origin': ({ origin }) => `blob:${origin}/stolen`,
  'a web socket of our host': ({ port }) => `ws://127.0.0.1:${port}/stolen`,
  'no URL at all': () => 'http://[',
}

describe.each(stacks)('threats 1, 2, 9, 10, 11 by %s', (_, stack) => {
  describe.each(policies)('redirects: %s', (redirects) => {
    test.each(statuses.flatMap((status) => Object.keys(elsewhere).map((where) => [status, where] as const)))(
      'AUTH-39 TL-1 a %i to %s is not followed',
      async (status, where) => {
        const [from, other] = await Promise.all([first, second])
        from.redirects.set('/graphql', { status, location: elsewhere[where]?.(from, other) })
        const canary = secretCanary()
        const error = await errorOf(
          canary.watch(() =>
            clientOf(`${from.origin}/graphql`, { ...stack, redirects }, canary.value).query('query Q { a }'),
          ),
        )
        expect(error).toBeInstanceOf(RedirectBlockedError)
        expect(error).toMatchObject({ status, operationName: 'Q', url: `${from.origin}/graphql` })
        expect(error.message).not.toContain('hunter2')
        canary.check(error)
        expect(from.seen.map(({ path }) => path)).toEqual(['/graphql'])
        expect(other.seen).toEqual([])
      },
    )
  })

  test.each(policies.flatMap((redirects) => statuses.map((status) => [status, redirects] as const)))(
    'threats 3 a %i from https to http is not followed, redirects: %s',
    async (status, redirects) => {
      const [from, other] = await Promise.all([secure, second])
      from.redirects.set('/graphql', { status, location: `${other.origin}/stolen` })
      expect(await errorOf(clientOf(`${from.origin}/graphql`, { ...stack, redirects }).query('{ a }'))).toBeInstanceOf(
        RedirectBlockedError,
      )
      from.redirects.set('/graphql', { status, location: `http://127.0.0.1:${from.port}/stolen` })
      expect(await errorOf(clientOf(`${from.origin}/graphql`, { ...stack, redirects }).query('{ a }'))).toBeInstanceOf(
        RedirectBlockedError,
      )
      expect(from.seen.map(({ path }) => path)).toEqual(['/graphql', '/graphql'])
      expect(other.seen).toEqual([])
    },
  )

  test('over https, what is no redirect is a result', async () => {
    const { origin } = await secure
    expect(await clientOf(`${origin}/graphql`, { ...stack }).request('{ a }')).toEqual({ stolen: true })
  })

  test.each(statuses)('TL-1 a %i within the origin is not followed unless opted into', async (status) => {
    const from = await first
    from.redirects.set('/graphql', { status, location: '/next?token=in-the-search' })
    const error = await errorOf(clientOf(`${from.origin}/graphql`, { ...stack }).query('{ a }'))
    expect(error).toBeInstanceOf(RedirectBlockedError)
    expect(error.message).toContain(`${from.origin}/next:`)
    expect(error.message).not.toContain('in-the-search')
    expect(from.seen).toHaveLength(1)
  })

  test.each([307, 308])('TL-2 a %i within the origin repeats the request as it was', async (status) => {
    const from = await first
    from.redirects.set('/graphql', { status, location: './v2/graphql?a=b' })
    const client = clientOf(`${from.origin}/graphql`, { ...stack, redirects: 'same-origin' })
    const { data, http } = await client.mutate('mutation M($x: I) { a(x: $x) }', { x: 1 })
    expect(data).toEqual({ stolen: true })
    expect(http?.url).toBe(`${from.origin}/v2/graphql`)
    const [original, repeated] = from.seen
    expect(repeated).toEqual({ ...original, path: '/v2/graphql?a=b' })
    expect(repeated).toMatchObject({ method: 'POST', key: 'a-secret-key' })
  })

  test.each([301, 302, 303])('TL-2 a %i within the origin is blocked: it would become a GET', async (status) => {
    const from = await first
    from.redirects.set('/graphql', { status, location: '/next' })
    const error = await errorOf(
      clientOf(`${from.origin}/graphql`, { ...stack, redirects: 'same-origin' }).query('{ a }'),
    )
    expect(error).toBeInstanceOf(RedirectBlockedError)
    expect(from.seen).toHaveLength(1)
  })

  test('TL-2 three in a row are followed, the fourth is not', async () => {
    const from = await first
    for (let n = 0; n < 3; n++) from.redirects.set(`/${n}`, { status: 307, location: `/${n + 1}` })
    const client = clientOf(`${from.origin}/0`, { ...stack, redirects: 'same-origin' })
    expect(await client.request('{ a }')).toEqual({ stolen: true })
    from.redirects.set('/3', { status: 308, location: '/4' })
    from.seen.length = 0
    const error = await errorOf(client.query('{ a }'))
    expect(error).toBeInstanceOf(RedirectBlockedError)
    expect(error).toMatchObject({ url: `${from.origin}/3` })
    expect(from.seen.map(({ path }) => path)).toEqual(['/0', '/1', '/2', '/3'])
  })

  test('TL-2 a redirect in the middle that leaves the origin is blocked there', async () => {
    const [from, other] = await Promise.all([first, second])
    from.redirects.set('/graphql', { status: 307, location: '/next' })
    from.redirects.set('/next', { status: 307, location: `${other.origin}/stolen` })
    const error = await errorOf(
      clientOf(`${from.origin}/graphql`, { ...stack, redirects: 'same-origin' }).query('{ a }'),
    )
    expect(error).toBeInstanceOf(RedirectBlockedError)
    expect(from.seen).toHaveLength(2)
    expect(other.seen).toEqual([])
  })

  test('a 307 without a Location does not repeat a mutation', async () => {
    const from = await first
    from.redirects.set('/graphql', { status: 307 })
    const client = clientOf(`${from.origin}/graphql`, { ...stack, redirects: 'same-origin' })
    expect(await errorOf(client.mutate('mutation { a }'))).toBeInstanceOf(RedirectBlockedError)
    expect(from.seen).toHaveLength(1)
  })

  test.each(policies)('a secret in a Location is not printed, redirects: %s', async (redirects) => {
    const [from, other] = await Promise.all([first, second])
    const canary = secretCanary()
    const places = [
      `${other.origin}/login?token=${canary.value}`,
      `${other.origin}/login/${canary.value}#${canary.value}`,
      `http://${canary.value}.test/`,
      `http://user:${canary.value}@127.0.0.1:${other.port}/`,
      `data:${canary.value}`,
    ]
    for (const location of places) {
      from.redirects.set('/graphql', { status: 307, location })
      const client = clientOf(`${from.origin}/graphql`, { ...stack, redirects }, canary.value)
      canary.check(await errorOf(canary.watch(() => client.query('{ a }'))))
    }
    expect(other.seen).toEqual([])
  })

  test('a 304 is no redirect', async () => {
    const from = await first
    from.redirects.set('/graphql', { status: 304 })
    expect(await errorOf(clientOf(`${from.origin}/graphql`, { ...stack }).query('{ a }'))).toMatchObject({
      name: 'EmptyResponseError',
      status: 304,
    })
  })
})

test.each(policies)('TL-7 a fetch that follows redirects by itself is refused, redirects: %s', async (redirects) => {
  const [from, other] = await Promise.all([first, second])
  for (const location of ['/next', `${other.origin}/stolen`]) {
    from.redirects.set('/graphql', { status: 307, location })
    const fetch: Fetch = (url, init) => globalThis.fetch(url, { ...init, redirect: 'follow' })
    const error = await errorOf(clientOf(`${from.origin}/graphql`, { fetch, redirects }).query('{ a }'))
    expect(error).toBeInstanceOf(RedirectBlockedError)
    expect(error.message).toContain('the fetch that was passed in')
  }
})

test.each(policies)('TL-1 the opaque redirect of browsers is refused, redirects: %s', async (redirects) => {
  const opaque = Object.defineProperties(Response.error(), { type: { value: 'opaqueredirect' } })
  const error = await errorOf(clientOf('https://api.test/', { fetch: async () => opaque, redirects }).query('{ a }'))
  expect(error).toBeInstanceOf(RedirectBlockedError)
  expect(error.message).toContain('answered with a redirect')
})

/** A certificate for 127.0.0.1 that signs itself, written in DER by hand: nothing has to be installed. */
function selfSigned(): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const der = (tag: number, ...parts: Uint8Array[]): Buffer => {
    const content = Buffer.concat(parts)
    const { length } = content
    const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
    return Buffer.concat([Buffer.from([tag, ...size]), content])
  }
  const hex = (text: string): Buffer => Buffer.from(text, 'hex')
  const ecdsaWithSha256 = der(0x30, hex('06082a8648ce3d040302'))
  const name = der(0x30, der(0x31, der(0x30, hex('0603550403'), der(0x0c, Buffer.from('loopback')))))
  const time = (offsetMs: number): Buffer =>
    der(0x18, Buffer.from(`${new Date(Date.now() + offsetMs).toISOString().replace(/\D/g, '').slice(0, 14)}Z`))
  const day = 86_400_000
  // subjectAltName: an IP address
  const altName = der(0x30, hex('0603551d11'), der(0x04, der(0x30, der(0x87, Buffer.from([127, 0, 0, 1])))))
  // basicConstraints: may sign itself
  const constraints = der(0x30, hex('0603551d13'), hex('0101ff'), der(0x04, der(0x30, hex('0101ff'))))
  const body = der(
    0x30,
    der(0xa0, hex('020102')),
    hex('020101'),
    ecdsaWithSha256,
    name,
    der(0x30, time(-day), time(day)),
    name,
    (publicKey as KeyObject).export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, constraints, altName)),
  )
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, privateKey))
  const certificate = der(0x30, body, ecdsaWithSha256, signature).toString('base64')
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    cert: `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----\n`,
  }
}
