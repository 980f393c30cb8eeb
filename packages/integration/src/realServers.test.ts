// What the tests against real servers build upon: each starts, speaks what it is there for, and tells what it sees.
import { createHash } from 'node:crypto'
import { sharedServers, startServer, type RealServer, type ServerName } from './realServers.ts'

const shared = sharedServers()

const plain = 'application/graphql-response+json, application/json;q=0.9'
const incremental = `multipart/mixed;incrementalSpec=v0.2, multipart/mixed;deferSpec=20220824, ${plain}`

function post({ url }: RealServer, query: string, accept = plain, init: RequestInit = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept },
    body: JSON.stringify({ query }),
    ...init,
  })
}

test.each<[ServerName, string]>([
  ['apollo', 'application/graphql-response+json; charset=utf-8'],
  ['apollo-alpha2', 'application/graphql-response+json; charset=utf-8'],
  ['apollo-alpha9', 'application/graphql-response+json; charset=utf-8'],
  ['graphql-http', 'application/graphql-response+json; charset=utf-8'],
  ['graphql-upload', 'application/graphql-response+json; charset=utf-8'],
  ['hono', 'application/json'],
  ['mercurius', 'application/json; charset=utf-8'],
  ['yoga', 'application/graphql-response+json; charset=utf-8'],
  ['yoga-graphql17', 'application/graphql-response+json; charset=utf-8'],
])('%s answers queries and mutations', async (name, mediaType) => {
  const server = await shared(name)
  const response = await post(server, '{ hello me { name friends { city { name people { id } } } boom } }')
  expect(response.headers.get('content-type')).toBe(mediaType)
  const friends = [
    { city: { name: 'Gdańsk', people: [{ id: '2' }] } },
    { city: { name: '東京', people: [{ id: '3' }] } },
  ]
  expect(await response.json()).toMatchObject({
    data: { hello: 'world', me: { name: 'Ada', friends, boom: null } },
    errors: [{ message: 'boom', path: ['me', 'boom'], extensions: { code: 'BOOM' } }],
  })
  const added = await post(server, 'mutation { addCity(name: "Kraków") { name } reset }')
  expect(await added.json()).toEqual({ data: { addCity: { name: 'Kraków' }, reset: 1 } })
  await server.saw('request', 2)
  expect((await server.events())[0]).toMatchObject({ method: 'POST', url: '/graphql', headers: { accept: plain } })
})

test.each<[ServerName, RegExp, string?]>([
  ['apollo-alpha2', /"incremental":\[\{"data":\{"slow":"slow Ada"\},"path"/, 'multipart/mixed;deferSpec=20220824'],
  ['apollo-alpha9', /"incremental":\[\{"data":\{"slow":"slow Ada"\},"id"/],
  ['yoga', /"incremental":\[\{"data":\{"slow":"slow Ada"\},"path"/],
  ['yoga-graphql17', /"incremental":\[\{"id":"0","data":\{"slow":"slow Ada"\}/],
])('%s defers in its format', async (name, expected, accept = incremental) => {
  const server = await shared(name)
  const response = await post(server, '{ me { name ... @defer { slow } } }', accept)
  expect(response.headers.get('content-type')).toContain('multipart/mixed; boundary="-"')
  expect(await response.text()).toMatch(expected)
})

test.each<ServerName>(['graphql-upload', 'mercurius', 'yoga', 'yoga-graphql17'])('%s takes files', async (name) => {
  const server = await shared(name)
  const query = 'mutation ($files: [Upload!]!) { uploadMany(files: $files) { name type size text } }'
  const body = new FormData()
  body.append('operations', JSON.stringify({ query, variables: { files: [null, null] } }))
  body.append('map', '{"0":["variables.files.0"],"1":["variables.files.1"]}')
  body.append('0', new File(['grün'], 'größe.txt', { type: 'text/x-size' }))
  body.append('1', new Blob(['']), 'empty')
  const response = await fetch(server.url, { method: 'POST', body, headers: { 'x-graphql-yoga-csrf': '1' } })
  expect(await response.json()).toEqual({
    data: {
      uploadMany: [
        { name: 'größe.txt', type: 'text/x-size', size: 5, text: 'grün' },
        { name: 'empty', type: 'application/octet-stream', size: 0, text: '' },
      ],
    },
  })
})

test.each<ServerName>(['graphql-sse', 'yoga', 'yoga-graphql17'])(
  '%s streams events, and sees who leaves',
  async (name) => {
    const server = await shared(name)
    const counted = await post(server, 'subscription { count(to: 2) }', 'text/event-stream')
    expect((await counted.text()).match(/^(event|data): .*$/gm)).toEqual([
      'event: next',
      'data: {"data":{"count":1}}',
      'event: next',
      'data: {"data":{"count":2}}',
      'event: complete',
    ])
    const aborter = new AbortController()
    const silent = await post(server, 'subscription { silence }', 'text/event-stream', { signal: aborter.signal })
    aborter.abort()
    await expect(silent.text()).rejects.toThrow('aborted')
    await server.saw('unsubscribed')
    expect((await server.events()).map(({ what }) => what)).toContain('unsubscribed')
  },
)

test.each<[ServerName, string]>([
  ['graphql-sse', '/graphql'],
  ['yoga', '/graphql/stream'],
])('S10 %s has a single connection for many operations', async (name, path) => {
  const url = new URL(path, (await shared(name)).url)
  const reserved = await fetch(url, { method: 'PUT' })
  expect(reserved.status).toBe(201)
  const headers = { 'x-graphql-event-stream-token': await reserved.text() }
  const aborter = new AbortController()
  const stream = await fetch(url, { headers: { ...headers, accept: 'text/event-stream' }, signal: aborter.signal })
  const accepted = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ query: 'subscription { count(to: 1) }', extensions: { operationId: 'first' } }),
  })
  expect(accepted.status).toBe(202)
  let text = ''
  for await (const chunk of stream.body ?? []) {
    text += Buffer.from(chunk).toString()
    if (text.includes('complete')) break
  }
  expect(text).toContain('data: {"id":"first","payload":{"data":{"count":1}}}')
  aborter.abort()
})

test('P7 yoga knows documents by id, and learns others by their hash', async () => {
  const { url } = await shared('yoga')
  const idOf = (text: string): string => createHash('sha256').update(text).digest('hex')
  const send = async (params: object): Promise<unknown> => {
    const headers = { 'content-type': 'application/json', accept: plain }
    return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(params) })).json()
  }
  expect(await send({ documentId: `sha256:${idOf('{ hello }')}` })).toEqual({ data: { hello: 'world' } })
  expect(await send({ documentId: 'sha256:0' })).toMatchObject({
    errors: [{ extensions: { code: 'PERSISTED_QUERY_NOT_IN_LIST' } }],
  })
  const query = '{ me { name } }'
  const extensions = { persistedQuery: { version: 1, sha256Hash: idOf(query) } }
  expect(await send({ extensions })).toMatchObject({ errors: [{ message: 'PersistedQueryNotFound' }] })
  for (const params of [{ query, extensions }, { extensions }])
    expect(await send(params)).toEqual({ data: { me: { name: 'Ada' } } })
})

test('S6 a source that throws ends the process of graphql-sse, and no other', async () => {
  const server = await startServer('graphql-sse')
  const response = await post(server, 'subscription { failing }', 'text/event-stream')
  await expect(response.text()).rejects.toThrow()
  await server.ended
})

test('a request that its client gives up is seen', async () => {
  const server = await shared('graphql-http')
  const aborter = new AbortController()
  const before = (await server.events()).filter(({ what }) => what === 'request').length
  const asked = post(server, '{ never }', plain, { signal: aborter.signal })
  await server.saw('request', before + 1)
  expect((await server.events()).map(({ what }) => what)).not.toContain('aborted')
  aborter.abort()
  await expect(asked).rejects.toThrow('aborted')
  await server.saw('aborted')
  expect((await server.events()).at(-1)).toMatchObject({ what: 'aborted', method: 'POST', headers: { accept: plain } })
})

test('a server that does not start is an error with what it wrote', async () => {
  await expect(startServer('missing' as ServerName)).rejects.toThrow(/missing ended: [^]*missing\.cjs/)
})
