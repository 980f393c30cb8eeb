import { createClient, type Client } from '@graphlinks/core'
import { scriptedServer, type Script, type ScriptedServer } from '@graphlinks/testing'
import { httpLink, type HttpLinkOptions } from './index.ts'
import { undiciTransport } from './undici.ts'

const servers: ScriptedServer[] = []
const clients: Client[] = []

afterEach(async () => {
  await Promise.all(clients.splice(0).map(async (client) => client.dispose()))
  await Promise.all(servers.splice(0).map(async (server) => server.close()))
})

async function serverOf(script: Script): Promise<ScriptedServer> {
  const server = await scriptedServer(script)
  servers.push(server)
  return server
}

function clientOf({ url }: ScriptedServer, options: Partial<HttpLinkOptions>): Client {
  const client = createClient({ link: httpLink({ ...options, url } as HttpLinkOptions) })
  clients.push(client)
  return client
}

const json = { 'content-type': 'application/json' }
const streams = {
  sse: { head: { 'content-type': 'text/event-stream' }, event: 'event: next\ndata: {"data":{"tick":1}}\n\n' },
  multipart: {
    head: { 'content-type': 'multipart/mixed; boundary="-"' },
    event: '---\r\n\r\n{"payload":{"data":{"tick":1}}}\r\n---',
  },
}

test.each(['sse', 'multipart'] as const)(
  'subscriptions by %s, however many, keep no operation from a socket',
  async (subscriptions) => {
    const { head, event } = streams[subscriptions]
    const server = await serverOf(async (exchange) => {
      if (exchange.request.text.includes('{ ok }'))
        return exchange.respond(200, json, JSON.stringify({ data: { ok: true } }))
      await exchange.head(200, head)
      await exchange.write(event)
      await exchange.closed
    })
    const client = clientOf(server, { transport: undiciTransport({ connections: 1 }), subscriptions })
    const started = [1, 2, 3].map(async () =>
      client.subscribe('subscription OnTick { tick }')[Symbol.asyncIterator]().next(),
    )
    for (const { value } of await Promise.all(started)) expect(value).toMatchObject({ data: { tick: 1 } })
    expect((await client.query('{ ok }')).data).toEqual({ ok: true })
  },
)

test('clients that share a transport: when one is disposed, the others go on', async () => {
  let goOn = (): void => {}
  const disposed = new Promise<void>((resolve) => (goOn = resolve))
  let closed: Promise<void> | undefined
  const server = await serverOf(async (exchange) => {
    await exchange.head(200, json)
    if (exchange.request.text.includes('{ mine }')) {
      closed = exchange.closed
      return
    }
    await disposed
    await exchange.write('{"data":{"ok":true}}')
    await exchange.end()
  })
  const transport = undiciTransport()
  const [first, second] = [clientOf(server, { transport }), clientOf(server, { transport })]
  const mine = first.query('{ mine }').catch((error: unknown) => error)
  const underWay = second.query('{ ok }')
  await server.request(1)
  await first.dispose()
  expect(await mine).toMatchObject({ code: 'DISPOSED' })
  await closed
  goOn()
  expect((await underWay).data).toEqual({ ok: true })
  expect((await second.query('{ ok }')).data).toEqual({ ok: true })
})

test('dispose closes idle sockets', async () => {
  const server = await serverOf(async (exchange) => exchange.respond(200, json, '{"data":{"ok":true}}'))
  const client = clientOf(server, { transport: undiciTransport({ keepAliveMs: 60_000 }) })
  await client.query('{ ok }')
  await client.dispose()
  await server.requests[0]?.closed
})
