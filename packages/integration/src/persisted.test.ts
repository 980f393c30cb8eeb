/** persistedLink against servers that have automatic persisted queries, or persisted documents, or neither. */
import { createHash } from 'node:crypto'
import {
  bearerLink,
  chain,
  createClient,
  executionOf,
  split,
  type Client,
  type Link,
  type Result,
  type TerminalLink,
} from '@graphlinks/core'
import { httpLink, type HttpLinkBaseOptions } from '@graphlinks/http-link'
import { hashedId, persistedLink, UnknownDocumentError, type PersistedLinkOptions } from '@graphlinks/persisted-link'
import { manifestId } from '@graphlinks/persisted-link/manifest'
import { wsLink } from '@graphlinks/ws-link'
import { parse } from 'graphql'
import { sharedServers, type ServerEvent, type ServerName } from './realServers.ts'

const shared = sharedServers()
const clients: Client[] = []
afterEach(async () => {
  await Promise.all(clients.splice(0).map(async (client) => client.dispose()))
})

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** A client, how often each of its operations was sent, and what the server saw of them. */
async function connect(name: ServerName, options: PersistedLinkOptions, http: HttpLinkBaseOptions = {}) {
  const { url, events } = await shared(name)
  const start = (await events()).length
  const attempts: number[] = []
  const count: Link = (operation, next) => {
    const execution = executionOf(operation)
    execution?.onEnd(() => attempts.push(execution.attempts))
    return next(operation)
  }
  const terminal: TerminalLink = name.startsWith('ws-')
    ? chain(bearerLink('secret-token'), wsLink({ url: url.replace('http', 'ws') }))
    : httpLink({ url, csrf: name === 'yoga' ? 'yoga' : 'apollo', ...http })
  const client = createClient({ link: chain(count, persistedLink(options), terminal) })
  clients.push(client)
  const seen = async (what: ServerEvent['what'] = 'request'): Promise<readonly ServerEvent[]> =>
    (await events()).slice(start).filter((event) => event.what === what)
  return { client, attempts, seen }
}

async function collect(results: AsyncIterable<Result>): Promise<Result[]> {
  const collected: Result[] = []
  for await (const result of results) collected.push(result)
  return collected
}

let documents = 0
/** A query that no server has seen. */
const fresh = (): string => `query Fresh${++documents}($id: ID!) { me(id: $id) { name } } # ü`

describe.each<ServerName>(['apollo', 'yoga', 'mercurius'])('automatic persisted queries at %s', (name) => {
  test.each<[how: string, options: PersistedLinkOptions, http: HttpLinkBaseOptions, methods: readonly string[]]>([
    ['POST', {}, {}, ['POST', 'POST', 'POST']],
    ['hashes by GET', { queryMethod: 'GET' }, {}, ['GET', 'POST', 'GET']],
    ['all by GET', {}, { queryMethod: 'GET' }, ['GET', 'POST', 'GET']],
    ['hashes by POST', { queryMethod: 'POST' }, { queryMethod: 'GET' }, ['POST', 'POST', 'POST']],
  ])('P2, P3, P5 a miss, then hits: %s', async (_, options, http, methods) => {
    const { client, attempts, seen } = await connect(name, options, http)
    for (const document of [fresh(), parse(fresh())]) {
      for (const id of ['1', '2', '1']) {
        const { data, errors } = await client.query(document as string, { id })
        expect(errors).toBeUndefined()
        expect(data).toEqual({ me: { name: id === '1' ? 'Ada' : 'Zoë' } })
      }
    }
    expect(attempts).toEqual([2, 1, 1, 2, 1, 1])
    const requests = await seen()
    expect(requests.map(({ method }) => method)).toEqual([...methods, methods[2], ...methods, methods[2]])
    for (const { url } of requests) expect(url).not.toContain('query=')
  })

  test('P3 a mutation that is missed is executed once', async () => {
    const { client, attempts, seen } = await connect(name, { queryMethod: 'GET' })
    const before = await client.query<{ citiesAdded: number }>('{ citiesAdded }')
    const document = `mutation { addCity(name: "Oslo") { name } } # ${++documents}`
    for (let round = 0; round < 2; round++)
      expect((await client.mutate(document)).data).toEqual({ addCity: { name: 'Oslo' } })
    const after = await client.query<{ citiesAdded: number }>('{ citiesAdded }')
    expect((after.data?.citiesAdded ?? 0) - (before.data?.citiesAdded ?? 0)).toBe(2)
    expect(attempts.slice(1, 3)).toEqual([2, 1])
    expect(new Set((await seen()).slice(2, -1).map(({ method }) => method))).toEqual(new Set(['POST']))
  })

  test('P3 an error of GraphQL is the result, and nothing is sent again for it', async () => {
    const { client, attempts } = await connect(name, {})
    const document = `{ nothing } # ${++documents}`
    for (let round = 0; round < 2; round++) {
      const { errors } = await client.query(document)
      expect(errors?.[0]?.message).toMatch(/nothing|validation/)
    }
    // Some remember a document that is no good, some do not.
    expect([attempts[0], [1, 2].includes(attempts[1] ?? 0)]).toEqual([2, true])
    const { data, errors } = await client.query(`{ boom } # ${++documents}`)
    expect([data, errors?.[0]?.message]).toEqual([{ boom: null }, 'boom'])
  })

  test('P6 a hash that is not that of the text is refused, and not sent again', async () => {
    const { client, attempts } = await connect(name, { sha256: (text) => sha256(`${text} `) })
    const { data, errors } = await client.query(fresh(), { id: '1' })
    expect(data ?? null).toBeNull()
    expect(errors?.[0]?.message).toMatch(/mismatch|does not match/i)
    expect(attempts).toEqual([2])
  })

  test('P6 many at the same time, each for itself', async () => {
    const { client, attempts } = await connect(name, {})
    const texts = [fresh(), fresh(), fresh()]
    await client.query(texts[1] as string, { id: '1' })
    const results = await Promise.all(texts.map(async (text) => client.query(text, { id: '2' })))
    expect(results.map(({ data }) => data)).toEqual(texts.map(() => ({ me: { name: 'Zoë' } })))
    expect(attempts.filter((count) => count === 1)).toHaveLength(1)
  })

  test("P7 ids in Apollo's extension, of what the server knows", async () => {
    const document = fresh()
    await (await connect(name, {})).client.query(document, { id: '1' })
    const manifest = { [`sha256:${sha256(document)}`]: document, unknown: 'query Unknown { hello }' }
    for (const queryMethod of ['GET', 'POST'] as const) {
      const options = { documentId: manifestId(manifest), sendAs: 'persistedQuery', queryMethod } as const
      const { client, attempts } = await connect(name, options)
      expect((await client.query(document, { id: '1' })).data).toEqual({ me: { name: 'Ada' } })
      expect((await client.query('query Unknown { hello }')).errors?.[0]?.message).toBe('PersistedQueryNotFound')
      await expect(client.query('query Other { hello }')).rejects.toThrow(UnknownDocumentError)
      expect(attempts).toEqual([1, 1, 0])
    }
  })
})

test('H4 a document with @defer by its hash, in parts', async () => {
  const { client, attempts } = await connect('yoga', {})
  const document = `query Defer${++documents} { me { id ... @defer { slow } } }`
  for (const each of [document, document, parse(document)]) {
    const results = await collect(client.execute(each as string))
    expect(results.length).toBeGreaterThan(1)
    expect(results.at(-1)?.data).toEqual({ me: { id: '1', slow: 'slow Ada' } })
  }
  expect(attempts).toEqual([2, 1, 2])
})

test('S1 a subscription by its hash, over server-sent events', async () => {
  const { client, attempts } = await connect('yoga', { kinds: ['subscription'] })
  const document = `subscription { count(to: 2) } # ${++documents}`
  for (let round = 0; round < 2; round++)
    expect(await collect(client.subscribe(document))).toMatchObject([{ data: { count: 1 } }, { data: { count: 2 } }])
  expect(attempts).toEqual([2, 1])
})

test.each<ServerName>(['yoga', 'mercurius'])('U1 a file at %s goes once', async (name) => {
  const { client, attempts } = await connect(name, {})
  const document = `mutation ($file: Upload!) { upload(file: $file) { size } } # ${++documents}`
  const { data } = await client.mutate(document, { file: new Blob(['abc']) } as never)
  expect(data).toEqual({ upload: { size: 3 } })
  expect(attempts).toEqual([1])
})

test.each<ServerName>(['graphql-http', 'hono', 'graphql-upload'])(
  'P4 %s has no such thing: one attempt finds it out, for all that follow',
  async (name) => {
    for (const queryMethod of ['GET', 'POST'] as const) {
      const { client, attempts } = await connect(name, { queryMethod })
      for (let round = 0; round < 3; round++) expect((await client.query('{ hello }')).data).toEqual({ hello: 'world' })
      expect((await client.mutate('mutation { addCity(name: "x") { name } }')).data).toEqual({ addCity: { name: 'x' } })
      expect(attempts).toEqual([2, 1, 1, 1])
    }
  },
)

describe('P7 documentId', () => {
  test.each(['GET', 'POST'] as const)('P8, P9 at yoga by %s: what it has, and what it has not', async (queryMethod) => {
    const { client, attempts, seen } = await connect('yoga', { documentId: hashedId(), queryMethod })
    expect((await client.query('{ hello }')).data).toEqual({ hello: 'world' })
    const { errors } = await client.query('{ people { name } }')
    expect(errors).toMatchObject([{ extensions: { code: 'PERSISTED_QUERY_NOT_IN_LIST' } }])
    expect(attempts).toEqual([1, 1])
    expect((await seen()).map(({ method }) => method)).toEqual([queryMethod, queryMethod])
  })

  test('P8 what yoga has not goes with its text, where that is asked for', async () => {
    const { client, attempts } = await connect('yoga', { documentId: hashedId(), onNotFound: 'text' })
    expect((await client.query('{ people { name } }')).data).toMatchObject({ people: [{ name: 'Ada' }, {}, {}] })
    expect(attempts).toEqual([2])
  })

  test('P9 a server that has no ids says so', async () => {
    for (const name of ['apollo', 'mercurius', 'graphql-http', 'hono'] as const) {
      const { client, attempts } = await connect(name, { documentId: hashedId(), onNotFound: 'text' })
      const { data, errors } = await client.query('{ hello }')
      expect([data ?? null, errors?.length]).toEqual([null, 1])
      expect(attempts).toEqual([1])
    }
  })
})

describe('over a WebSocket', () => {
  test('P6 hashes: a miss, then hits, of queries, mutations and subscriptions', async () => {
    const { client, attempts, seen } = await connect('ws-persisted', { kinds: ['query', 'mutation', 'subscription'] })
    const [query, subscription] = [`{ hello } # ${++documents}`, `subscription { count(to: 2) } # ${++documents}`]
    for (let round = 0; round < 2; round++) {
      expect((await client.query(query)).data).toEqual({ hello: 'world' })
      expect(await collect(client.subscribe(subscription))).toMatchObject([{}, { data: { count: 2 } }])
    }
    expect(attempts).toEqual([2, 2, 1, 1])
    const payloads = (await seen('subscribe')).map(({ payload }) => (payload as { readonly query: string }).query)
    expect(payloads).toEqual(['', query, '', subscription, '', ''])
  })

  test('P7 ids of queries, mutations and subscriptions', async () => {
    const { client, seen } = await connect('ws-persisted', { documentId: hashedId() })
    expect((await client.query('{ hello }')).data).toEqual({ hello: 'world' })
    expect((await client.mutate('mutation { addCity(name: "Oslo") { name } }')).data).toEqual({
      addCity: { name: 'Oslo' },
    })
    const results = await collect(client.subscribe('subscription Count { count(to: 3) }'))
    expect(results.map(({ data }) => data)).toEqual([{ count: 1 }, { count: 2 }, { count: 3 }])
    expect((await client.query('{ people { id } }')).errors).toMatchObject([
      { extensions: { code: 'PERSISTED_DOCUMENT_NOT_FOUND' } },
    ])
    for (const { payload } of await seen('subscribe')) expect(payload).toMatchObject({ query: '' })
  })

  test('P4 a server without them closes the socket for an empty query; by default, subscriptions bring their text', async () => {
    const { url } = await shared('ws-graphql-ws')
    const yoga = await shared('yoga')
    const socket = wsLink({ url: url.replace('http', 'ws') })
    const client = createClient({
      link: chain(
        bearerLink('secret-token'),
        persistedLink(),
        split(({ kind }) => kind === 'subscription', socket, httpLink({ url: yoga.url })),
      ),
    })
    clients.push(client)
    expect(await collect(client.subscribe('subscription { count(to: 1) }'))).toMatchObject([{ data: { count: 1 } }])
    expect((await client.query(fresh(), { id: '1' })).data).toEqual({ me: { name: 'Ada' } })
    const all = createClient({
      link: chain(bearerLink('secret-token'), persistedLink({ kinds: ['subscription'] }), socket),
    })
    await expect(collect(all.subscribe('subscription { count(to: 1) }'))).rejects.toMatchObject({ closeCode: 4500 })
  })
})
