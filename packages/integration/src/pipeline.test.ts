import {
  apiKeyLink,
  basicAuthLink,
  bearerLink,
  chain,
  compose,
  createClient,
  createRequest,
  headerLink,
  split,
  type Client,
  type Link,
  type TerminalLink,
} from '@graphlinks/core'
import { httpLink } from '@graphlinks/http-link'
import { wsLink } from '@graphlinks/ws-link'
import { getIntrospectionQuery } from 'graphql'
import { startGraphQLServer } from './servers.ts'

let server: Awaited<ReturnType<typeof startGraphQLServer>>
const clients: Client[] = []

beforeEach(async () => {
  server = await startGraphQLServer()
})
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.dispose()))
  await server.close()
})

const http = (): TerminalLink => httpLink({ url: server.url })
const socket = (): TerminalLink => wsLink({ url: server.wsUrl })
const both = (): TerminalLink => split(({ kind }) => kind === 'subscription', socket(), http())
const transports = [
  ['HTTP', http],
  ['WebSocket', socket],
] as const

function connect(...links: [...Link[], TerminalLink]): Client {
  const client = createClient({ link: chain(...links) })
  clients.push(client)
  return client
}

async function collect<Value>(results: AsyncIterable<Value>): Promise<Value[]> {
  const all: Value[] = []
  for await (const result of results) all.push(result)
  return all
}

const credentials: readonly (readonly [name: string, link: () => Link, arrives: readonly string[]])[] = [
  ['bearerLink', () => bearerLink('t0ken'), ['bearer t0ken']],
  ['bearerLink with a function', () => bearerLink(async () => 'fresh'), ['bearer fresh']],
  ['basicAuthLink', () => basicAuthLink({ username: 'zoë', password: 'pässwörd🔑' }), ['basic zoë:pässwörd🔑']],
  ['apiKeyLink', () => apiKeyLink({ key: 'k-1' }), ['api key k-1']],
  ['headerLink', () => headerLink({ 'X-Session': 's-1' }), ['custom s-1']],
  [
    'compose of several',
    () => compose(headerLink({ 'x-session': 's-2' }), compose(apiKeyLink({ key: 'k-2' }), bearerLink('t2'))),
    ['bearer t2', 'api key k-2', 'custom s-2'],
  ],
]

describe.each(credentials)('%s', (_, makeLink, arrives) => {
  it.each(transports)('AUTH-42 queries and mutations over %s carry the credential', async (_name, terminal) => {
    const client = connect(makeLink(), terminal())
    expect((await client.query('{ whoami }')).data).toEqual({ whoami: arrives })
    expect((await client.query('{ me { name } }')).data).toEqual({ me: { name: arrives[0] } })
    expect((await client.mutate('mutation { increment(by: 2) }')).data).toEqual({ increment: 2 })
    expect(server.executions()).toBe(2)
  })

  it('AUTH-42 one chain with split: subscriptions go over the socket, the rest over HTTP, all with it', async () => {
    const client = connect(makeLink(), both())
    const [subscribed, queried] = await Promise.all([
      collect(client.subscribe('subscription { whoami }')),
      client.query('{ whoami }'),
    ])
    expect(subscribed.map(({ data }) => data)).toEqual([{ whoami: arrives }])
    expect(queried.data).toEqual({ whoami: arrives })
    expect(server.log.of('request')).toHaveLength(1)
    expect(server.log.of('message', 'subscribe')).toHaveLength(1)
  })
})

describe.each(transports)('over %s', (name, terminal) => {
  it('AUTH-10 every operation carries the same header, and without a link there is none', async () => {
    const client = connect(bearerLink('t0ken'), terminal())
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.query('{ whoami }')))
    expect(new Set(answers.map(({ data }) => JSON.stringify(data)))).toEqual(new Set(['{"whoami":["bearer t0ken"]}']))
    const anonymous = await connect(terminal()).query('{ whoami me { name } }')
    expect(anonymous.errors).toMatchObject([{ message: 'sign in first', extensions: { code: 'UNAUTHENTICATED' } }])
  })

  it('AUTH-1 AUTH-4 link, request and call, in three spellings: the strongest arrives, once', async () => {
    const client = connect(headerLink({ 'X-Session': 'link', 'x-api-key': 'link' }), terminal())
    const request = createRequest({ query: '{ whoami }', headers: { 'x-session': 'request' } })
    const run = async (headers?: Record<string, string | null>) => (await client.query(request, null, { headers })).data
    expect(await run({ 'X-SESSION': 'call' })).toEqual({ whoami: ['api key link', 'custom call'] })
    expect(await run()).toEqual({ whoami: ['api key link', 'custom request'] })
    expect(await run({ 'x-session': null })).toEqual({ whoami: ['api key link'] })
    expect((await client.query('{ whoami }')).data).toEqual({ whoami: ['api key link', 'custom link'] })
  })

  it('AUTH-6 null for one call: nothing arrives and no token is fetched', async () => {
    let fetched = 0
    const client = connect(
      bearerLink(() => `t${++fetched}`),
      terminal(),
    )
    const anonymous = await client.query('{ whoami }', null, { headers: { Authorization: null } })
    expect([anonymous.data, fetched]).toEqual([{ whoami: [] }, 0])
    expect((await client.query('{ whoami }')).data).toEqual({ whoami: ['bearer t1'] })
  })

  it('AUTH-9 introspection goes through the chain: allowed with a credential, refused without', async () => {
    const member = await connect(apiKeyLink({ key: 'k' }), terminal()).query(getIntrospectionQuery())
    expect(member).toMatchObject({ data: { __schema: { queryType: { name: 'Query' } } } })
    const stranger = await connect(terminal()).query(getIntrospectionQuery())
    expect(stranger.data ?? null).toBeNull()
    expect(stranger.errors).toMatchObject([{ message: 'introspection is for members' }])
    expect(server.log.of('introspection')).toHaveLength(2)
  })

  it('AUTH-17 admin, user, admin: a call is somebody else for that call alone', async () => {
    const client = connect(bearerLink('admin'), terminal())
    const asUser = { headers: { authorization: 'Bearer user' } }
    expect((await client.query('{ whoami }')).data).toEqual({ whoami: ['bearer admin'] })
    expect((await client.query('{ whoami }', null, asUser)).data).toEqual({ whoami: ['bearer user'] })
    expect((await client.query('{ whoami }')).data).toEqual({ whoami: ['bearer admin'] })
    // Three requests; but two sockets, since the admin's is still there.
    const connections = name === 'HTTP' ? server.log.of('request') : server.log.of('socket')
    expect(connections).toHaveLength(name === 'HTTP' ? 3 : 2)
  })

  it('a mutation is executed exactly once', async () => {
    const client = connect(bearerLink('t'), terminal())
    for (let n = 1; n <= 5; n++) await client.mutate('mutation { increment }')
    expect(server.executions()).toBe(5)
  })
})

it('a subscription of several events, through a chain with custom links', async () => {
  const order: string[] = []
  const timing: Link = async function* timing(operation, next) {
    order.push('start')
    try {
      yield* next(operation)
    } finally {
      order.push('end')
    }
  }
  const client = connect(timing, bearerLink('t'), both())
  const events = await collect(client.subscribe('subscription { countdown(from: 4) }'))
  expect(events).toEqual([4, 3, 2, 1].map((countdown) => ({ data: { countdown } })))
  expect(order).toEqual(['start', 'end'])
})

it('W21 dispose of the client closes its sockets with 1000', async () => {
  const client = connect(bearerLink('t'), both())
  await collect(client.subscribe('subscription { countdown(from: 1) }'))
  await client.dispose()
  expect(await server.log.wait('closed')).toMatchObject({ code: 1000 })
})
