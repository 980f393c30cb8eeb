/** What links say of a document under the key `documentTransfer`, in every kind of request. */
import {
  chain,
  createClient,
  documentTransfer,
  withContext,
  withExtensions,
  type Client,
  type DocumentTransfer,
  type Link,
} from '@graphlinks/core'
import { scriptedServer, type ScriptedServer } from '@graphlinks/testing'
import { parse } from 'graphql'
import { httpLink, type HttpLinkOptions } from './index.ts'
import type { Transport, WireRequest } from './transport.ts'

const query = 'query Cities($first: Int) { cities(first: $first) { name } }'
const id = 'sha256:0123'

function recorded(transfer: DocumentTransfer, options: Partial<HttpLinkOptions> = {}) {
  const sent: WireRequest[] = []
  const transport: Transport = {
    async send(request) {
      sent.push(request)
      const body = async function* (): AsyncGenerator<Uint8Array> {
        yield new TextEncoder().encode('{"data":{"ok":true}}')
      }
      const headers = new Headers({ 'content-type': 'application/json' })
      return { status: 200, headers, redirects: false, redirected: false, body: body() }
    },
  }
  const link = httpLink({ url: 'https://api.test/graphql', transport, ...options } as HttpLinkOptions)
  return { client: createClient({ link: chain(transferring(transfer), link) }), sent }
}

const transferring =
  (transfer: DocumentTransfer): Link =>
  (operation, next) =>
    next(withContext(operation, documentTransfer, transfer))

/** A document that has no text, and complains when it is printed. */
function unprintable(text: string): never {
  const document = parse(text)
  const [definition] = document.definitions
  Object.defineProperty(definition, 'selectionSet', {
    get: () => {
      throw new Error('it was printed')
    },
  })
  return document as never
}

test('P7 the id in place of the text, first of all members; an AST is not printed', async () => {
  const { client, sent } = recorded({ text: false, id })
  await client.query(unprintable(query), { first: 2 }, { extensions: { trace: 1 } })
  await client.query(unprintable('{ ok }'))
  await client.mutate('mutation { ok }')
  expect(sent.map(({ method, body }) => [method, body])).toEqual([
    ['POST', `{"documentId":"${id}","operationName":"Cities","variables":{"first":2},"extensions":{"trace":1}}`],
    ['POST', `{"documentId":"${id}"}`],
    ['POST', `{"documentId":"${id}"}`],
  ])
})

test('P2 neither text nor id; H1 absent members are not there', async () => {
  const { client, sent } = recorded({ text: false })
  await client.query(unprintable(query), undefined, { extensions: { persistedQuery: { version: 1 } } })
  await client.query('{ ok }')
  expect(sent.map(({ body }) => body)).toEqual([
    '{"operationName":"Cities","extensions":{"persistedQuery":{"version":1}}}',
    '{}',
  ])
})

test('text and id', async () => {
  const { client, sent } = recorded({ id })
  await client.query('{ ok }')
  expect(sent[0]?.body).toBe(`{"query":"{ ok }","documentId":"${id}"}`)
})

test('P7 by GET: documentId, operationName, variables, extensions', async () => {
  const { client, sent } = recorded({ text: false, id }, { queryMethod: 'GET' })
  await client.query(unprintable(query), { first: 2 }, { extensions: { trace: 1 } })
  await client.mutate('mutation { ok }')
  expect(sent[0]?.url.search).toBe(
    '?documentId=sha256%3A0123&operationName=Cities&variables=%7B%22first%22%3A2%7D&extensions=%7B%22trace%22%3A1%7D',
  )
  expect(sent.map(({ method }) => method)).toEqual(['GET', 'POST'])
})

test('H23 what is too long for a URL is POSTed, without the text as well', async () => {
  const { client, sent } = recorded({ text: false, id }, { queryMethod: 'GET', maxUrlLength: 60 })
  await client.query(query, { first: 20_000 })
  expect([sent[0]?.method, sent[0]?.body]).toEqual([
    'POST',
    `{"documentId":"${id}","operationName":"Cities","variables":{"first":20000}}`,
  ])
})

test('P5 a query goes as the link says, whatever the option says; nothing else does', async () => {
  for (const [queryMethod, otherwise] of [
    ['GET', 'POST'],
    ['POST', 'GET'],
    [undefined, 'GET'],
  ] as const) {
    const { client, sent } = recorded({ queryMethod }, { queryMethod: otherwise })
    await client.query('{ ok }')
    await client.mutate('mutation { ok }')
    expect(sent.map(({ method }) => method)).toEqual([queryMethod ?? otherwise, 'POST'])
  }
})

test('H4 streams are accepted of a document that has them, as the link says where the text is not sent', async () => {
  const streams = 'multipart/mixed;incrementalSpec=v0.2'
  for (const [transfer, document, expected] of [
    [{ text: false, id, incremental: true }, '{ ok }', true],
    [{ text: false, id }, '{ ... @defer { ok } }', false],
    [{ incremental: true }, '{ ok }', false],
    [{}, '{ ... @defer { ok } }', true],
    [{}, '{ ok(a: "@defer") }', false],
  ] as const) {
    const { client, sent } = recorded(transfer)
    await client.query(document)
    expect(sent[0]?.headers.get('accept')?.startsWith(streams)).toBe(expected)
  }
})

test('U1 a form without the text', async () => {
  const { client, sent } = recorded({ text: false, id })
  await client.mutate('mutation Upload($a: Upload) { upload(a: $a) }', { a: new Blob(['x']) })
  // A fetch of the application's own need not know the platform's forms, so it gets bytes.
  const { headers, body } = sent[0] as WireRequest
  const form = await new Response(body as Uint8Array<ArrayBuffer>, { headers: [...headers] }).formData()
  expect(form.get('operations')).toBe(`{"documentId":"${id}","operationName":"Upload","variables":{"a":null}}`)
  expect(form.get('map')).toBe('{"0":["variables.a"]}')
})

describe('S1 server-sent events', () => {
  let server: ScriptedServer
  let client: Client
  afterEach(async () => {
    await client.dispose()
    await server.close()
  })

  test('S1 a subscription by its id', async () => {
    server = await scriptedServer((exchange) =>
      exchange.respond(
        200,
        { 'content-type': 'text/event-stream' },
        'event: next\ndata: {"data":{"n":1}}\n\nevent: complete\ndata:\n\n',
      ),
    )
    client = createClient({ link: chain(transferring({ text: false, id }), httpLink({ url: server.url })) })
    const results = []
    for await (const { data } of client.subscribe(unprintable('subscription N { n }'))) results.push(data)
    expect(results).toEqual([{ n: 1 }])
    expect(server.requests[0]?.text).toBe(`{"documentId":"${id}","operationName":"N"}`)
    expect(server.requests[0]?.headers.get('accept')).toMatch(/^text\/event-stream/)
  })

  test('S12 a single connection: the id beside that of the operation', async () => {
    server = await scriptedServer(async (exchange) => {
      const { method } = exchange.request
      if (method === 'PUT') return exchange.respond(201, { 'content-type': 'text/plain' }, 'token')
      if (method === 'POST') return exchange.respond(202)
      if (method === 'DELETE') return exchange.respond(200)
      await exchange.head(200, { 'content-type': 'text/event-stream' })
      await server.request(2)
      await exchange.write('event: next\ndata: {"id":"1","payload":{"data":{"n":1}}}\n\n')
      return exchange.write('event: complete\ndata: {"id":"1"}\n\n')
    })
    const extension: Link = (operation, next) => next(withExtensions(operation, { persistedQuery: 'x' }))
    client = createClient({
      link: chain(
        transferring({ text: false, id }),
        extension,
        httpLink({ url: server.url, subscriptions: 'single-connection' }),
      ),
    })
    const results = []
    for await (const { data } of client.subscribe(unprintable('subscription N { n }'))) results.push(data)
    expect(results).toEqual([{ n: 1 }])
    const [posted] = server.requests.filter(({ method }) => method === 'POST')
    expect(JSON.parse(posted?.text ?? '')).toEqual({
      documentId: id,
      operationName: 'N',
      extensions: { persistedQuery: 'x', operationId: '1' },
    })
  })
})
