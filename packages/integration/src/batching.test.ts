// batchLink and dedupLink against real servers: with batches, with smaller ones, and without.
import { batchLink, BatchError, type BatchLinkOptions } from '@graphlinks/batch-link'
import { bearerLink, chain, createClient, type Client, type Result } from '@graphlinks/core'
import { dedupLink } from '@graphlinks/dedup-link'
import { httpLink } from '@graphlinks/http-link'
import { sharedServers, type RealServer, type ServerName } from './realServers.ts'

const shared = sharedServers()

const withBatches: readonly ServerName[] = ['apollo', 'mercurius', 'yoga']
const without: readonly ServerName[] = ['graphql-http', 'hono']

async function clientOf(
  name: ServerName,
  options?: BatchLinkOptions,
): Promise<{ client: Client; requests: () => Promise<number>; server: RealServer }> {
  const server = await shared(name)
  const before = (await server.events()).filter(({ what }) => what === 'request').length
  return {
    server,
    client: createClient({
      link: chain(
        dedupLink(),
        batchLink(httpLink({ url: server.url, csrf: name === 'yoga' ? 'yoga' : false }), options),
      ),
    }),
    requests: async () => (await server.events()).filter(({ what }) => what === 'request').length - before,
  }
}

test.each(withBatches)('B1 %s answers several operations in one request, each its own', async (name) => {
  const { client, requests } = await clientOf(name)
  const texts = Array.from({ length: 10 }, (_, index) => `text ${index} ü "`)
  const results = await Promise.all(
    texts.map((text) => client.query('query Echo($text: String!) { echo(text: $text) }', { text })),
  )
  expect(results.map(({ data }) => data)).toEqual(texts.map((text) => ({ echo: text })))
  expect(await requests()).toBe(1)
  await client.dispose()
})

test.each(withBatches)('B2 %s: an operation that is invalid, or fails, leaves the others alone', async (name) => {
  const { client, requests } = await clientOf(name)
  const [fine, invalid, boom, broken, added] = await Promise.all([
    client.query('{ hello }'),
    client.query('{ nope }'),
    client.query('{ hello boom }'),
    client.query('{ hello'),
    client.mutate('mutation { addCity(name: "Kraków") { name } }'),
  ])
  expect(fine.data).toEqual({ hello: 'world' })
  expect(invalid.errors).toMatchObject([{ message: 'Cannot query field "nope" on type "Query".' }])
  expect(boom).toMatchObject({ data: { hello: 'world', boom: null }, errors: [{ message: 'boom', path: ['boom'] }] })
  expect(broken.errors).toMatchObject([{ message: expect.stringContaining('Syntax Error') as string }])
  expect(added.data).toEqual({ addCity: { name: 'Kraków' } })
  expect(await requests()).toBe(1)
  await client.dispose()
})

test('B5 yoga takes ten at most: what is larger is refused with a hint', async () => {
  const { client, requests } = await clientOf('yoga', { maxSize: 11 })
  const queries = Array.from({ length: 11 }, (_, index) => client.query(`query Q${index} { hello }`))
  for (const error of await Promise.all(queries.map((query) => query.catch((reason: unknown) => reason)))) {
    expect(error).toBeInstanceOf(BatchError)
    expect(error).toMatchObject({ status: 413, unsupported: false })
    expect((error as Error).message).toMatch(/set maxSize or maxBytes of batchLink .*limited to 10 operations/)
  }
  expect(await requests()).toBe(1)
  await client.dispose()
})

test.each(without)('B5 %s takes no batches: an error with a hint, or each query by itself', async (name) => {
  const refused = await clientOf(name)
  for (const query of ['query A { hello }', 'query B { hello }'].map((text) => refused.client.query(text))) {
    await expect(query).rejects.toMatchObject({ code: 'BATCH', status: 400, unsupported: true })
  }
  expect(await refused.requests()).toBe(1)
  await refused.client.dispose()

  const { client, requests } = await clientOf(name, { fallback: true })
  const ask = (): Promise<Result[]> =>
    Promise.all(['query A { hello }', 'query B { hello }'].map((text) => client.query(text)))
  for (let round = 0; round < 2; round++)
    expect((await ask()).map(({ data }) => data)).toEqual([{ hello: 'world' }, { hello: 'world' }])
  expect(await requests()).toBe(1 + 2 + 2)
  await client.dispose()
})

test.each(['mercurius', 'yoga'] as const)('U6 B3 %s: an upload beside a batch goes by itself', async (name) => {
  const { client, requests } = await clientOf(name)
  const upload = 'mutation ($file: Upload!) { upload(file: $file) { size text } }'
  const [one, two, file] = await Promise.all([
    client.query('query A { hello }'),
    client.query('query B { hello }'),
    client.mutate(upload, { file: new File(['grün'], 'a.txt') }),
  ])
  expect([one, two].map(({ data }) => data)).toEqual([{ hello: 'world' }, { hello: 'world' }])
  expect(file.data).toEqual({ upload: { size: 5, text: 'grün' } })
  expect(await requests()).toBe(2)
  await client.dispose()
})

test('B3 yoga: @defer beside a batch goes by itself, and comes in parts', async () => {
  const { client, requests } = await clientOf('yoga')
  const parts: unknown[] = []
  const deferred = (async () => {
    for await (const { data } of client.execute('{ me { name ... @defer { slow } } }')) parts.push(data)
  })()
  await Promise.all([deferred, client.query('query A { hello }'), client.query('query B { hello }')])
  expect(parts).toEqual([{ me: { name: 'Ada' } }, { me: { name: 'Ada', slow: 'slow Ada' } }])
  expect(await requests()).toBe(2)
  await client.dispose()
})

test.each(withBatches)('dedupLink before batchLink, %s: twenty of two kinds are one request of two', async (name) => {
  const { client, requests } = await clientOf(name)
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, index) => client.query(index % 2 ? '{ hello }' : '{ people { name } }')),
  )
  for (const [index, { data }] of results.entries()) expect(data).toHaveProperty(index % 2 ? 'hello' : 'people')
  expect(await requests()).toBe(1)
  await client.dispose()
})

test('B4 a batch whose operations all left is ended on the server; a query of two callers with the last', async () => {
  const { client, server, requests } = await clientOf('yoga')
  const before = (await server.events()).filter(({ what }) => what === 'aborted').length
  const controllers = [0, 1, 2].map(() => new AbortController())
  const queries = controllers.map(({ signal }, index) =>
    client.query(index < 2 ? '{ never }' : '{ hello never }', undefined, { signal }).catch((reason: unknown) => reason),
  )
  while ((await requests()) < 1);
  for (const controller of controllers) controller.abort()
  await Promise.all(queries)
  await server.saw('aborted', before + 1)
  expect(await requests()).toBe(1)
  await client.dispose()
})

test('AUTH-18 200 interleaved queries of 20 identities, none mixed up', async () => {
  const server = await shared('apollo')
  const link = chain(
    bearerLink(({ variables }) => String(variables?.['text'])),
    dedupLink(),
    batchLink(httpLink({ url: server.url })),
  )
  const client = createClient({ link })
  const users = Array.from({ length: 200 }, (_, index) => `user-${index % 20}`)
  const before = (await server.events()).length
  const results = await Promise.all(
    users.map((text) => client.query('query Echo($text: String!) { echo(text: $text) }', { text })),
  )
  expect(results.map(({ data }) => data)).toEqual(users.map((text) => ({ echo: text })))
  const requests = (await server.events()).slice(before).filter(({ what }) => what === 'request')
  expect(new Set(requests.map(({ headers }) => headers?.['authorization'])).size).toBe(20)
  expect(requests).toHaveLength(20)
  await client.dispose()
})
