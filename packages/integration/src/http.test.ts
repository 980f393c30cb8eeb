/** httpLink against everything that serves GraphQL over HTTP, by each of its transports. */
import { createClient, type Client, type Result } from '@graphlinks/core'
import {
  HttpError,
  httpLink,
  SubscriptionNotSupportedError,
  type Fetch,
  type HttpLinkBaseOptions,
} from '@graphlinks/http-link'
import { undiciTransport } from '@graphlinks/http-link/undici'
import crossFetch from 'cross-fetch'
import { sharedServers, type ServerName } from './realServers.ts'

const shared = sharedServers()
const undici = undiciTransport()
afterAll(async () => undici.dispose?.())

const stacks: readonly (readonly [name: string, stack: HttpLinkBaseOptions])[] = [
  ['global fetch', {}],
  ['cross-fetch', { fetch: crossFetch as Fetch }],
  ['undici', { transport: undici }],
]

async function clientOf(name: ServerName, options: HttpLinkBaseOptions = {}): Promise<Client> {
  const { url } = await shared(name)
  return createClient({ link: httpLink({ ...options, url }) })
}

async function collect(results: AsyncIterable<Result>): Promise<Result[]> {
  const collected: Result[] = []
  for await (const result of results) collected.push(result)
  return collected
}

const everybody: readonly ServerName[] = [
  'apollo',
  'apollo-alpha2',
  'apollo-alpha9',
  'graphql-http',
  'graphql-upload',
  'hono',
  'mercurius',
  'yoga',
  'yoga-graphql17',
]

describe.each(stacks)('by %s', (_, stack) => {
  test.each(everybody)('H10, H18 a query and a mutation at %s: data, errors and status as they came', async (name) => {
    const client = await clientOf(name, stack)
    const { data, errors, http } = await client.query('query Me { hello me { name boom } }')
    expect(data).toEqual({ hello: 'world', me: { name: 'Ada', boom: null } })
    expect(errors).toMatchObject([{ message: 'boom', path: ['me', 'boom'], extensions: { code: 'BOOM' } }])
    expect(http?.status).toBe(200)
    const added = await client.mutate('mutation Add($name: String!) { addCity(name: $name) { name } }', {
      name: 'Łódź',
    })
    expect(added.data).toEqual({ addCity: { name: 'Łódź' } })
  })

  test.each(everybody)('H10, H12 what %s refuses is a result with its errors, whatever the status', async (name) => {
    const client = await clientOf(name, stack)
    for (const document of ['{ nothing }', 'query ($id: ID!) { me(id: $id) { name } }', '{ me {']) {
      const { data, errors, http } = await client.query(document)
      expect(data ?? undefined).toBeUndefined()
      expect(errors?.[0]?.message).toMatch(/nothing|\$id|Syntax Error|validation/)
      const isTrusted = http?.headers.get('content-type')?.startsWith('application/graphql-response+json')
      const isSuccess = http !== undefined && http.status < 300
      expect(http?.untrusted ?? false).toBe(!isTrusted && !isSuccess)
    }
  })

  test.each<[ServerName, HttpLinkBaseOptions['csrf']]>([
    ['apollo', 'apollo'],
    ['graphql-http', 'apollo'],
    ['hono', 'apollo'],
    ['mercurius', 'apollo'],
    ['yoga', 'yoga'],
    ['yoga-graphql17', 'yoga'],
  ])('H21, C1 a query by GET at %s, and H22 a mutation by POST all the same', async (name, csrf) => {
    const server = await shared(name)
    const before = (await server.events()).length
    const client = await clientOf(name, { ...stack, csrf, queryMethod: 'GET' })
    const text = 'a "quoted" & unusual=text+ß#'
    const { data } = await client.query('query Echo($text: String!) { echo(text: $text) }', { text })
    expect(data).toEqual({ echo: text })
    expect((await client.mutate('mutation { addCity(name: "x") { name } }')).data).toEqual({ addCity: { name: 'x' } })
    const requests = (await server.events()).slice(before).filter(({ what }) => what === 'request')
    expect(requests.map(({ method }) => method)).toEqual(['GET', 'POST'])
    expect(requests[0]?.headers).not.toHaveProperty('content-type')
  })

  describe.each<[ServerName, HttpLinkBaseOptions?]>([
    ['yoga'],
    ['yoga-graphql17'],
    ['apollo-alpha9'],
    ['apollo-alpha2', { incrementalAccept: 'multipart/mixed;deferSpec=20220824' }],
  ])('@defer and @stream at %s', (name, options = {}) => {
    test.each([
      ['@defer', '{ me { id ...Slow @defer(label: "later") } } fragment Slow on Person { slow city { name slow } }'],
      ['nested @defer', '{ me { id ... @defer { city { name ... @defer { slow people { id } } } } } }'],
      ['@stream', '{ numbers(to: 6, apart: true) @stream(initialCount: 2) }'],
      ['@stream in @defer', '{ me { id ... @defer { friends(apart: true) @stream(initialCount: 1) { name slow } } } }'],
      ['text that looks like framing', '{ me { ... @defer { echo(text: "\\r\\n---\\r\\n\\r\\n--- ü 小") } } }'],
    ])('I3, I7 %s gives in the end what the plain query gives', async (__, document) => {
      const client = await clientOf(name, { ...stack, ...options })
      const plain = await client.query(document.replace(/@(defer|stream)(\([^)]*\))?/g, ''))
      const snapshots = await collect(client.execute(document))
      expect(plain.errors).toBeUndefined()
      expect(snapshots.length).toBeGreaterThan(1)
      expect(snapshots.at(-1)?.data).toEqual(plain.data)
      expect(snapshots.map(({ hasNext = false }) => hasNext)).toEqual(
        snapshots.map((___, at) => at < snapshots.length - 1),
      )
      expect((await client.query(document)).data).toEqual(plain.data)
    })

    test('I4, I7 a fragment that fails is not there, and its error is', async () => {
      const client = await clientOf(name, { ...stack, ...options })
      const { data, errors } = await client.query('{ me(id: "3") { name ... @defer(label: "bad") { fatal } } }')
      expect(data).toEqual({ me: { name: '小野' } })
      expect(errors).toMatchObject([{ message: 'fatal', path: ['me', 'fatal'] }])
    })
  })

  test('I11 a stream that its consumer leaves is closed: the server sees it', async () => {
    const server = await shared('yoga')
    const client = await clientOf('yoga', stack)
    const times: number[] = []
    for (let round = 1; round <= 3; round++) {
      const seen = (await server.events()).filter(({ what }) => what === 'aborted').length
      for await (const { hasNext } of client.execute('{ hello ... @defer { never } }')) {
        expect(hasNext).toBe(true)
        break
      }
      const start = performance.now()
      await server.saw('aborted', seen + 1)
      times.push(performance.now() - start)
    }
    expect(Math.min(...times)).toBeLessThan(100)
  })

  test.each<ServerName>(['apollo', 'apollo-alpha9', 'mercurius'])(
    'H20 a subscription that %s answers as a query is an error that says so',
    async (name) => {
      const client = await clientOf(name, { ...stack, subscriptions: 'multipart' })
      await expect(collect(client.subscribe('subscription { count(to: 2) }'))).rejects.toBeInstanceOf(
        SubscriptionNotSupportedError,
      )
    },
  )
})

test('M12 graphql 17.0.0-alpha.2 fails with what the other servers want; the option helps', async () => {
  const client = await clientOf('apollo-alpha2')
  const { errors, http } = await client
    .query('{ me { id ... @defer { slow } } }')
    .catch(
      (error: unknown) => (HttpError.is(error) ? { errors: [{ message: error.message }], http: error } : {}) as Result,
    )
  expect([http?.status, errors?.length]).toEqual([500, 1])
})
