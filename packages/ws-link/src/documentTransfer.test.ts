/** What links say of a document under the key `documentTransfer`, on a socket. */
import { chain, createClient, documentTransfer, withContext, type DocumentTransfer } from '@graphlinks/core'
import { scriptedSocketServer } from '@graphlinks/testing'
import { parse } from 'graphql'
import { wsLink, type WsLinkOptions } from './index.ts'
import { legacyProtocol } from './legacy.ts'

/** What an operation is started with. */
async function payloadOf(transfer: DocumentTransfer, document: string, options: Partial<WsLinkOptions> = {}) {
  let payload: unknown
  const server = await scriptedSocketServer(async (socket) => {
    await socket.accept()
    await socket.messageOfType('connection_init')
    await socket.send({ type: 'connection_ack' })
    const { id, payload: given } = await socket.messageOfType(options.protocol ? 'start' : 'subscribe')
    payload = given
    const type = options.protocol ? 'data' : 'next'
    await socket.send({ id, type, payload: { data: { a: 1 }, hasNext: true } })
    await socket.send({
      id,
      type,
      payload: { incremental: [{ path: [], data: { b: 2 } }], hasNext: false },
    })
    await socket.send({ id, type: 'complete' })
  })
  const client = createClient({
    link: chain(
      (operation, next) => next(withContext(operation, documentTransfer, transfer)),
      wsLink({ url: server.url, ...options }),
    ),
  })
  const results = []
  for await (const { data } of client.execute(parse(document) as never)) results.push(data)
  await client.dispose()
  await server.close()
  return { payload, results }
}

test('P7 W9 the id beside an empty text, which servers insist upon; the parser is not asked', async () => {
  const parser = jest.fn()
  const { payload } = await payloadOf({ text: false, id: 'sha256:0123' }, 'query A { a }', { parse: parser })
  expect(payload).toEqual({ query: '', documentId: 'sha256:0123', operationName: 'A' })
  expect(parser).not.toHaveBeenCalled()
})

test('P7 the older protocol: the id alone', async () => {
  const { payload } = await payloadOf({ text: false, id: 'x' }, '{ a }', { protocol: legacyProtocol() })
  expect(payload).toEqual({ documentId: 'x' })
})

test('text and id', async () => {
  const { payload } = await payloadOf({ id: 'x' }, '{ a }')
  expect(payload).toEqual({ query: '{\n  a\n}', documentId: 'x' })
})

test('I7 parts of a result are put together, as the link says where the text is not sent', async () => {
  const document = '{ a ... @defer { b } }'
  const merged = [{ a: 1 }, { a: 1, b: 2 }]
  expect((await payloadOf({ text: false, incremental: true }, document)).results).toEqual(merged)
  expect((await payloadOf({}, document)).results).toEqual(merged)
  expect((await payloadOf({ text: false }, document)).results).toEqual([{ a: 1 }, undefined])
})
