// What the demo shows: it prints the body of each function as it stands here, and then runs it.
import {
  apiKeyLink,
  basicAuthLink,
  bearerLink,
  chain,
  cookieLink,
  createClient,
  createTokenSource,
  headerLink,
  split,
  tokenRefreshLink,
  withHeader,
  type Link,
} from '@graphlinks/core'
import { memoryCookieJar } from '@graphlinks/cookie-jar'
import { httpLink } from '@graphlinks/http-link'
import { wsLink } from '@graphlinks/ws-link'
import type { DemoServer } from './server.ts'

/** One way to authenticate: the code, what the server must see, and what must come back. */
export interface Pattern {
  readonly title: string
  readonly run: (server: DemoServer) => Promise<unknown>
  readonly seen: readonly string[]
  /** What `run` gives; of an error, `Name: message`. */
  readonly result: unknown
}

export async function staticHeader({ url }: DemoServer): Promise<unknown> {
  const tenant = headerLink({ 'x-tenant': 'acme' })
  const link = chain(tenant, httpLink({ url }))
  return createClient({ link }).request('{ tenant }')
}

export async function bearerConstant({ url, adaToken }: DemoServer): Promise<unknown> {
  const link = chain(bearerLink(adaToken), httpLink({ url }))
  return createClient({ link }).request('{ viewer { name } }')
}

export async function bearerFunction({ url, adaToken }: DemoServer): Promise<unknown> {
  const readToken = async (): Promise<string> => adaToken
  const link = chain(bearerLink(readToken), httpLink({ url }))
  return createClient({ link }).request('{ viewer { name } }')
}

export async function basic({ url, zoePassword }: DemoServer): Promise<unknown> {
  const login = { username: 'zoë', password: zoePassword }
  const link = chain(basicAuthLink(login), httpLink({ url }))
  return createClient({ link }).request('{ viewer { name } }')
}

export async function keyInHeader({ url, apiKey }: DemoServer): Promise<unknown> {
  const link = chain(apiKeyLink({ key: apiKey }), httpLink({ url }))
  return createClient({ link }).request('{ viewer { name role } }')
}

export async function identityPerCall({ url, adminToken, adaToken }: DemoServer): Promise<unknown> {
  const link = chain(bearerLink(adminToken), httpLink({ url }))
  const client = createClient({ link })
  const asAda = { headers: { authorization: `Bearer ${adaToken}` } }
  return [
    await client.request('{ viewer { name role } }'),
    await client.request('{ viewer { name role } }', {}, asAda),
    await client.request('{ viewer { name role } }'),
  ]
}

export async function anonymousCall({ url, adminToken }: DemoServer): Promise<unknown> {
  const link = chain(bearerLink(adminToken), httpLink({ url }))
  const client = createClient({ link })
  const anonymous = { headers: { authorization: null } }
  return client.request('{ viewer { name } }', {}, anonymous)
}

export async function wrongCredential({ url }: DemoServer): Promise<unknown> {
  const bearer = bearerLink('a-token-of-yesterday')
  const link = chain(bearer, httpLink({ url }))
  return createClient({ link }).request('query Me { viewer { name } }')
}

export async function customLink({ url }: DemoServer): Promise<unknown> {
  const blue: Link = (op, next) => next(withHeader(op, 'x-tenant', 'blue'))
  const link = chain(blue, httpLink({ url }))
  return createClient({ link }).request('{ tenant }')
}

export async function subscription({ url, wsUrl, adaToken }: DemoServer): Promise<unknown> {
  const [http, ws] = [httpLink({ url }), wsLink({ url: wsUrl })]
  const transport = split(({ kind }) => kind === 'subscription', ws, http)
  const link = chain(bearerLink(adaToken), transport)
  const client = createClient({ link })

  const results = [await client.request('{ viewer { name } }')]
  const events = client.subscribe('subscription { countdown(from: 3) }')
  for await (const { data } of events) results.push(data)
  await client.dispose()
  return results
}

export async function cookieSession({ url, wsUrl, loginUrl, zoePassword }: DemoServer): Promise<unknown> {
  const jar = memoryCookieJar()
  const body = JSON.stringify({ user: 'zoë', password: zoePassword })
  await jar.fetch(loginUrl, { method: 'POST', body })

  const [http, ws] = [httpLink({ url }), wsLink({ url: wsUrl })]
  const transport = split(({ kind }) => kind === 'subscription', ws, http)
  const link = chain(cookieLink({ jar }), transport)
  const client = createClient({ link })

  const results = [await client.request('{ viewer { name } }')]
  const events = client.subscribe('subscription { countdown(from: 2) }')
  for await (const { data } of events) results.push(data)
  await client.dispose()
  return results
}

export async function lostSocket({ wsUrl, adaToken, cutSockets }: DemoServer): Promise<unknown> {
  const ws = wsLink({ url: wsUrl, retryDelayMs: 100 })
  const client = createClient({ link: chain(bearerLink(adaToken), ws) })

  const results = []
  for await (const event of client.subscribe('subscription { news }')) {
    results.push({ news: event.data, afterAGap: 'resumed' in event })
    if (results.length === 2) break
    cutSockets()
  }
  await client.dispose()
  return results
}

export async function expiredSocket({ wsUrl, adaToken }: DemoServer): Promise<unknown> {
  const session = createTokenSource({
    initial: { accessToken: 'a-token-of-yesterday' },
    refresh: async () => ({ accessToken: adaToken }),
  })
  const link = chain(tokenRefreshLink(session), wsLink({ url: wsUrl }))
  const client = createClient({ link })

  const results = []
  const events = client.subscribe('subscription { countdown(from: 3) }')
  for await (const { data } of events) results.push(data)
  await client.dispose()
  return results
}

export async function refusedSocket({ wsUrl }: DemoServer): Promise<unknown> {
  const bearer = bearerLink('a-token-of-yesterday')
  const link = chain(bearer, wsLink({ url: wsUrl }))
  const client = createClient({ link })
  const events = client.subscribe('subscription { countdown(from: 3) }')
  for await (const event of events) return event
  return 'no event'
}

const bearerSeen = 'HTTP  authorization: Bearer ****  -> '

export const patterns: readonly Pattern[] = [
  {
    title: 'headerLink: the same header on every operation',
    run: staticHeader,
    seen: ['HTTP  x-tenant: acme  -> nobody'],
    result: { tenant: 'acme' },
  },
  {
    title: 'bearerLink: a constant token',
    run: bearerConstant,
    seen: [`${bearerSeen}Ada, user`],
    result: { viewer: { name: 'Ada' } },
  },
  {
    title: 'bearerLink: a token from an async function, read for each operation',
    run: bearerFunction,
    seen: [`${bearerSeen}Ada, user`],
    result: { viewer: { name: 'Ada' } },
  },
  {
    title: 'basicAuthLink: user name and password outside ASCII, as UTF-8',
    run: basic,
    seen: ['HTTP  authorization: Basic ****  -> Zoë, user'],
    result: { viewer: { name: 'Zoë' } },
  },
  {
    title: 'apiKeyLink: a key in a header of its own',
    run: keyInHeader,
    seen: ['HTTP  x-api-key: ****  -> reports, service'],
    result: { viewer: { name: 'reports', role: 'service' } },
  },
  {
    title: 'One call as somebody else: what the call says beats every link',
    run: identityPerCall,
    seen: [`${bearerSeen}Grace, admin`, `${bearerSeen}Ada, user`, `${bearerSeen}Grace, admin`],
    result: [
      { viewer: { name: 'Grace', role: 'admin' } },
      { viewer: { name: 'Ada', role: 'user' } },
      { viewer: { name: 'Grace', role: 'admin' } },
    ],
  },
  {
    title: 'One call as nobody: null removes the header',
    run: anonymousCall,
    seen: ['HTTP  no credential  -> nobody'],
    result: { viewer: null },
  },
  {
    title: 'A wrong credential: an error that says where and why, without the token',
    run: wrongCredential,
    seen: [`${bearerSeen}refused`],
    result: 'GraphQLResultError: operation Me: the server answered with an error: this credential is not known here',
  },
  {
    title: 'A link of your own: one line',
    run: customLink,
    seen: ['HTTP  x-tenant: blue  -> nobody'],
    result: { tenant: 'blue' },
  },
  {
    title: 'A subscription over WebSocket: the same bearerLink serves both transports',
    run: subscription,
    seen: [`${bearerSeen}Ada, user`, 'WebSocket  authorization: Bearer ****  -> Ada, user'],
    result: [{ viewer: { name: 'Ada' } }, { countdown: 3 }, { countdown: 2 }, { countdown: 1 }],
  },
  {
    title: 'cookieLink: log in once, and its cookie serves HTTP and WebSocket',
    run: cookieSession,
    seen: [
      'HTTP  POST /login  -> set-cookie: sid=****',
      'HTTP  cookie: sid=****  -> Zoë, user',
      'WebSocket  cookie: sid=****  -> Zoë, user',
    ],
    result: [{ viewer: { name: 'Zoë' } }, { countdown: 2 }, { countdown: 1 }],
  },
  {
    title: 'A socket that breaks: the subscription goes on, and tells of the gap',
    run: lostSocket,
    seen: Array.from({ length: 2 }, () => 'WebSocket  authorization: Bearer ****  -> Ada, user'),
    result: [
      { news: { news: 'all is well' }, afterAGap: false },
      { news: { news: 'all is well' }, afterAGap: true },
    ],
  },
  {
    title: 'A socket whose token expired: one refresh, and the subscription goes on',
    run: expiredSocket,
    seen: ['WebSocket  authorization: Bearer ****  -> refused', 'WebSocket  authorization: Bearer ****  -> Ada, user'],
    result: [{ countdown: 3 }, { countdown: 2 }, { countdown: 1 }],
  },
  {
    title: 'A protected subscription with a wrong credential: the socket is refused',
    run: refusedSocket,
    seen: ['WebSocket  authorization: Bearer ****  -> refused'],
    result: 'SocketClosedError: wsLink: the socket was closed with 4403 (forbidden): Forbidden',
  },
]
