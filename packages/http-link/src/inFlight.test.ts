import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  bearerLink,
  chain,
  createClient,
  createOperation,
  createTokenSource,
  headerLink,
  lastResult,
  tokenRefreshLink,
  type Link,
  type Operation,
  type TerminalLink,
} from '@graphlinks/core'
import { FakeClock, settle } from '@graphlinks/testing'
import { httpLink } from './index.ts'
import { InFlight } from './inFlight.ts'
import type { Transport, TransportResponse } from './transport.ts'
import { undiciTransport } from './undici.ts'

/** A few turns, for what takes several. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await settle()
}

/** Runs the operation in a client, as far as a place on the wire, and back when it is told to. */
function gate(limit: number) {
  const inFlight = new InFlight(limit)
  const entered: string[] = []
  const leaves = new Map<string, () => void>()
  const terminal: TerminalLink = Object.assign(
    async function* terminal(operation: Operation) {
      await inFlight.enter(operation)
      const id = String(operation.variables?.['id'])
      entered.push(id)
      await new Promise<void>((resolve) => leaves.set(id, resolve))
      inFlight.leave()
      yield { data: { id } }
    },
    { admit: (operation: Operation) => inFlight.admit(operation) },
  )
  return { inFlight, entered, terminal, leave: (id: string) => leaves.get(id)?.() }
}

function operationOf(id: string | number, signal?: AbortSignal): Operation {
  return createOperation({ document: 'query Q($id: ID!) { node(id: $id) { id } }', variables: { id }, signal })
}

describe('the lines', () => {
  test('so many at once, and the others in the order they came', async () => {
    const { entered, terminal, leave } = gate(2)
    const results = ['a', 'b', 'c', 'd'].map(async (id) => lastResult(terminal, operationOf(id)))
    await settle()
    expect(entered).toEqual(['a', 'b'])
    leave('b')
    await settle()
    expect(entered).toEqual(['a', 'b', 'c'])
    leave('a')
    leave('c')
    await settle()
    leave('d')
    expect((await Promise.all(results)).map(({ data }) => data)).toEqual(['a', 'b', 'c', 'd'].map((id) => ({ id })))
  })

  test('an abort ends the wait at once with its reason, and gives the turn to nobody else', async () => {
    const { entered, terminal, leave } = gate(1)
    const first = lastResult(terminal, operationOf('a'))
    const controller = new AbortController()
    const second = lastResult(terminal, operationOf('b', controller.signal))
    const third = lastResult(terminal, operationOf('c'))
    await settle()
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(second).rejects.toBe(reason)
    expect(entered).toEqual(['a'])
    leave('a')
    await first
    await settle()
    expect(entered).toEqual(['a', 'c'])
    leave('c')
    await third
  })

  test('a credential is fetched when its operation leaves the queue', async () => {
    const { entered, terminal, leave } = gate(1)
    const fetched: string[] = []
    const client = createClient({
      link: chain(
        bearerLink(async ({ variables }) => {
          fetched.push(String(variables?.['id']))
          return 'token'
        }),
        terminal,
      ),
    })
    const document = 'query Q($id: ID!) { node(id: $id) { id } }'
    const results = ['a', 'b', 'c'].map(async (id) => client.query(document, { id }))
    await settle()
    expect([fetched, entered]).toEqual([['a'], ['a']])
    leave('a')
    await settle()
    expect([fetched, entered]).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ])
    leave('b')
    await settle()
    leave('c')
    await Promise.all(results)
  })

  test('an operation that was admitted and ends on the way gives its place to the next', async () => {
    const { entered, terminal, leave } = gate(1)
    const client = createClient({
      link: chain(
        bearerLink(async () => 'token'),
        async (operation, next) => {
          if (operation.variables?.['id'] === 'a') throw new Error('not this one')
          return next(operation)
        },
        terminal,
      ),
    })
    const document = 'query Q($id: ID!) { node(id: $id) { id } }'
    const first = client.query(document, { id: 'a' })
    const second = client.query(document, { id: 'b' })
    await expect(first).rejects.toThrow('failed before it gave results')
    await settle()
    expect(entered).toEqual(['b'])
    leave('b')
    await second
  })

  test.each<[what: string, outer: readonly Link[]]>([
    ['alone', []],
    ['with a link before it that fetches something for each operation', [headerLink(async () => ({ 'x-trace': '1' }))]],
  ])('TR-10 a refresh through the same client is not held up by those that wait for it: %s', async (_, outer) => {
    const { entered, terminal, leave } = gate(1)
    const clock = new FakeClock()
    const session = createTokenSource({
      clock,
      initial: { accessToken: 'old', refreshToken: 'r', expiresInSeconds: 60 },
      refresh: async ({ refreshToken, context }) => {
        await client.query('query Q($id: ID!) { node(id: $id) { id } }', { id: 'refresh', refreshToken }, { context })
        return { accessToken: 'new', refreshToken: 'r2', expiresInSeconds: 3_600 }
      },
    })
    const client = createClient({ link: chain(...outer, tokenRefreshLink(session), terminal) })
    await clock.advance(61_000)
    const results = ['a', 'b'].map(async (id) => client.query('query Q($id: ID!) { node(id: $id) { id } }', { id }))
    await settled()
    expect(entered).toEqual(['refresh'])
    for (const id of ['refresh', 'a', 'b']) {
      leave(id)
      await settled()
    }
    await Promise.all(results)
    expect(entered).toEqual(['refresh', 'a', 'b'])
    await session.dispose()
  })
})

/** A server that counts its sockets, and answers when everybody that can be there is. */
async function busyServer() {
  let open = 0
  const counts = { requests: 0, sockets: 0 }
  const server = createServer((request, response: ServerResponse) => {
    counts.requests++
    let body = ''
    request.on('data', (chunk: Buffer) => (body += String(chunk)))
    request.on('end', () => {
      const { id } = (JSON.parse(body) as { variables: { id: number } }).variables
      response.writeHead(200, { 'content-type': 'application/graphql-response+json' })
      response.end(JSON.stringify({ data: { id } }))
    })
  })
  server.on('connection', (socket) => {
    counts.sockets = Math.max(counts.sockets, ++open)
    socket.on('close', () => open--)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async (): Promise<void> => {
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, counts, close }
}

describe('maxInFlight', () => {
  const stacks = [
    ['fetch', 64, {}],
    ['undici', 64, { transport: undiciTransport }],
    ['undici with fewer connections than operations', 8, { transport: () => undiciTransport({ connections: 8 }) }],
  ] as const
  test.each(stacks)(
    '10,000 at once by %s: none fails, and at most %i sockets',
    async (_, limit, given) => {
      const server = await busyServer()
      const transport = 'transport' in given ? given.transport() : undefined
      const client = createClient({
        link: chain(
          bearerLink(async () => 'token'),
          httpLink({ url: server.url, transport }),
        ),
      })
      const ids = Array.from({ length: 10_000 }, (__, id) => id)
      const results = await Promise.all(
        ids.map(async (id) => client.query('query Q($id: Int!) { node(id: $id) { id } }', { id })),
      )
      expect(results.map(({ data }) => (data as { id: number }).id)).toEqual(ids)
      expect(server.counts.requests).toBe(10_000)
      expect(server.counts.sockets).toBeLessThanOrEqual(limit)
      expect(server.counts.sockets).toBeGreaterThan(1)
      await client.dispose()
      await server.close()
    },
    60_000,
  )

  test('a subscription counts until its stream begins', async () => {
    const pending: ((response: TransportResponse) => void)[] = []
    const transport: Transport = { send: async () => new Promise((resolve) => pending.push(resolve)) }
    const client = createClient({ link: httpLink({ url: 'https://api.test/', transport, maxInFlight: 1 }) })
    const stream = client.subscribe('subscription { tick }')[Symbol.asyncIterator]()
    const first = stream.next()
    const query = client.query('{ ok }')
    await settled()
    expect(pending).toHaveLength(1)
    pending[0]?.(
      response('text/event-stream', async function* () {
        yield new TextEncoder().encode('event: next\ndata: {"data":{"tick":1}}\n\n')
        await new Promise(() => {})
      }),
    )
    expect(await first).toMatchObject({ value: { data: { tick: 1 } } })
    await settled()
    expect(pending).toHaveLength(2)
    pending[1]?.(
      response('application/json', async function* () {
        yield new TextEncoder().encode('{"data":{"ok":true}}')
      }),
    )
    expect(await query).toMatchObject({ data: { ok: true } })
    await stream.return?.()
  })

  test.each([0, -1, Number.NaN, '5' as never])('%p is refused', (maxInFlight) => {
    expect(() => httpLink({ url: 'https://api.test/', maxInFlight })).toThrow('maxInFlight is a positive number')
  })
})

function response(contentType: string, body: () => AsyncGenerator<Uint8Array>): TransportResponse {
  return {
    status: 200,
    headers: new Headers({ 'content-type': contentType }),
    redirects: false,
    redirected: false,
    body: body(),
  }
}
