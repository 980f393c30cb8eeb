/** wsLink against real WebSocket servers, each in a process of its own. */
import {
  apiKeyLink,
  bearerLink,
  chain,
  compose,
  contextKey,
  createClient,
  emptyContext,
  headerLink,
} from '@graphlinks/core'
import { httpLink } from '@graphlinks/http-link'
import { secretCanary } from '@graphlinks/testing'
import type { SocketConnectError, WsLinkOptions } from '@graphlinks/ws-link'
import { closes, collect, endOf, iterate, serverNames, servesHttp, webSocketClients } from './webSocketClients.ts'

const { accept, connect } = webSocketClients()

const credentials = compose(
  bearerLink(async () => 'secret-token'),
  apiKeyLink({ key: 'k-123' }),
  headerLink({ 'X-Tenant': 'acme', 'User-Agent': 'not for the payload' }),
)

describe.each(serverNames)('%s', (name) => {
  test('W2, W11 a query, a mutation and a subscription to its end, on one socket', async () => {
    const { client, sockets } = await connect(name)
    expect(await client.query('{ hello viewer }')).toEqual({ data: { hello: 'world', viewer: 'secret-token' } })
    const added = 'mutation Add($name: String!) { addCity(name: $name) { name } }'
    expect(await client.mutate(added, { name: 'Łódź' })).toEqual({ data: { addCity: { name: 'Łódź' } } })
    expect(await client.mutate('mutation { reset }')).toEqual({ data: { reset: 1 } })
    const countdown = 'subscription Countdown($from: Int!) { countdown(from: $from) }'
    expect(await collect(client.subscribe(countdown, { from: 3 }))).toEqual(
      [3, 2, 1].map((value) => ({ data: { countdown: value } })),
    )
    await client.dispose()
    await sockets.saw('closed')
    const subprotocol = name === 'ws-legacy' ? 'graphql-ws' : 'graphql-transport-ws'
    const seen = (await sockets.events()).filter(({ what }) => !/unsubscribed|pong|terminate/.test(what))
    expect(seen).toMatchObject([
      { what: 'opened', url: '/graphql', headers: { 'sec-websocket-protocol': subprotocol } },
      { what: 'connection_init', payload: { headers: { authorization: 'Bearer secret-token' } } },
      { what: 'subscribe', payload: { query: '{ hello viewer }' } },
      { what: 'subscribe', payload: { operationName: 'Add', variables: { name: 'Łódź' } } },
      { what: 'subscribe' },
      { what: 'subscribe', payload: { operationName: 'Countdown', variables: { from: 3 } } },
      { what: 'closed', code: 1000 },
    ])
  })

  test('W8 many at once, each with its own id and its own events in order', async () => {
    const { client, sockets } = await connect(name)
    const each = Array.from({ length: 20 }, (_, index) => index + 1)
    const text = '"quotes" \\ Ωmega 東京 \u{1F468}\u200D\u{1F469} \u2028'
    const all = await Promise.all(
      each.flatMap((number) => [
        collect(client.subscribe('subscription ($to: Int!) { count(to: $to) }', { to: number })),
        collect(client.execute('query ($text: String!) { echo(text: $text) }', { text: `${number} ${text}` })),
      ]),
    )
    expect(all).toEqual(
      each.flatMap((number) => [
        Array.from({ length: number }, (_, index) => ({ data: { count: index + 1 } })),
        [{ data: { echo: `${number} ${text}` } }],
      ]),
    )
    const ids = (await sockets.of('subscribe')).map(({ id }) => id)
    expect(new Set(ids).size).toBe(40)
    expect(await sockets.of('opened')).toHaveLength(1)
  })

  test('W11 who leaves the loop ends the subscription on the server, and others go on', async () => {
    const { client, sockets } = await connect(name)
    const other = iterate(client, 'subscription { ticker }')
    expect((await other.next()).value).toEqual({ data: { ticker: 1 } })
    for await (const { data } of client.subscribe('subscription { ticker(everyMs: 1) }')) {
      if ((data as { ticker: number }).ticker === 3) break
    }
    await sockets.saw('unsubscribed')
    expect((await other.next()).value).toEqual({ data: { ticker: 2 } })
    const [first, second] = (await sockets.of('subscribe')).map(({ id }) => id)
    expect((await sockets.of('complete')).map(({ id }) => id)).toEqual([second])
    await other.return?.()
    await sockets.saw('unsubscribed', 2)
    expect((await sockets.of('complete')).map(({ id }) => id)).toEqual([second, first])
  })

  test('W11 an abort ends a subscription that has no events, once', async () => {
    const { client, sockets } = await connect(name)
    const controller = new AbortController()
    const silent = endOf(client.subscribe('subscription { silence }', {}, { signal: controller.signal }))
    await sockets.saw('subscribe')
    // The server has the message, and has subscribed when it answers the next.
    await client.query('{ hello }')
    const reason = new Error('enough')
    controller.abort(reason)
    expect(await silent).toBe(reason)
    await sockets.saw('unsubscribed')
    controller.abort()
    await client.query('{ hello }')
    expect(await sockets.of('complete')).toHaveLength(1)
  })

  test('W11 what is cancelled before the server has acknowledged is never sent', async () => {
    const { client, sockets } = await connect(name)
    const subscription = iterate(client, 'subscription { ticker }')
    const first = subscription.next()
    await subscription.return?.()
    expect((await first).done).toBe(true)
    await client.query('{ hello }')
    expect(await sockets.of('subscribe')).toMatchObject([{ payload: { query: '{ hello }' } }])
    expect(await sockets.of('complete')).toEqual([])
  })

  test('W10 errors in a result do not end a subscription', async () => {
    const { client } = await connect(name)
    expect(await collect(client.subscribe('subscription { flaky(to: 3) }'))).toEqual([
      { data: { flaky: 1 } },
      {
        data: { flaky: null },
        errors: [expect.objectContaining({ message: 'flaky', path: ['flaky'], extensions: { code: 'BOOM' } })],
      },
      { data: { flaky: 3 } },
    ])
    expect(await client.query('{ hello boom }')).toMatchObject({
      data: { hello: 'world', boom: null },
      errors: [{ message: 'boom', path: ['boom'] }],
    })
  })

  test('W10 the error message is a result, and the last; the socket lives on', async () => {
    const { client, sockets } = await connect(name)
    const other = iterate(client, 'subscription { ticker }')
    expect((await other.next()).value).toEqual({ data: { ticker: 1 } })
    for (const document of ['{ nothing }', 'subscription { nothing }', 'subscription { countdown(from: "x") }']) {
      const results = await collect(client.execute(document))
      expect(results).toEqual([{ errors: [expect.objectContaining({ message: expect.any(String) as string })] }])
    }
    expect(await collect(client.subscribe('subscription { failing }'))).toMatchObject([
      { data: { failing: 1 } },
      { data: { failing: 2 } },
      { errors: [{ message: 'the source failed', extensions: { code: 'BOOM' } }] },
    ])
    expect((await other.next()).value).toEqual({ data: { ticker: 2 } })
    expect(await sockets.of('opened')).toHaveLength(1)
    expect(await sockets.of('complete')).toEqual([])
  })

  test('W15 a syntax error', async () => {
    const { client } = await connect(name)
    const outcome: unknown = await client.query('{ hello(').catch((error: unknown) => error)
    // graphql-ws closes the whole socket for it.
    if (!closes(name))
      expect(outcome).toMatchObject({ errors: [{ message: 'Syntax Error: Expected Name, found <EOF>.' }] })
    else {
      const reason = 'Syntax Error: Expected Name, found <EOF>.'
      expect(outcome).toMatchObject({ name: 'SocketClosedError', closeCode: 4500, reason, retryable: false })
    }
  })

  test('AUTH-45 two identities have two sockets, one identity has one', async () => {
    const user = contextKey<string>('user')
    const { client, server, sockets } = await connect(
      name,
      {},
      bearerLink((operation) => operation.context.get(user)),
    )
    await accept(server, ['ada', 'bob'])
    const whoIs = async (token: string): Promise<unknown> => {
      const { data } = await client.query('{ viewer }', {}, { context: emptyContext.with(user, token) })
      return (data as { viewer: string }).viewer
    }
    const tokens = Array.from({ length: 40 }, (_, index) => (index % 3 ? 'ada' : 'bob'))
    expect(await Promise.all(tokens.map(whoIs))).toEqual(tokens)
    expect(await sockets.of('opened')).toHaveLength(2)
    expect(await whoIs('ada')).toBe('ada')
    const greetings = (await sockets.of('connection_init')).map(({ payload }) => JSON.stringify(payload))
    expect(greetings.toSorted((a, b) => a.localeCompare(b))).toEqual(
      ['ada', 'bob'].map((token) => JSON.stringify({ headers: { authorization: `Bearer ${token}` } })),
    )
  })

  test('W3, W20 a hundred first operations at once share one handshake', async () => {
    const { client, sockets } = await connect(name)
    const all = await Promise.all(Array.from({ length: 100 }, () => client.query('{ hello }')))
    expect(all).toEqual(Array.from({ length: 100 }, () => ({ data: { hello: 'world' } })))
    const [opened, greeting, ...rest] = (await sockets.events()).filter(({ what }) => what !== 'pong')
    expect([opened?.what, greeting?.what]).toEqual(['opened', 'connection_init'])
    expect(rest.map(({ what }) => what)).toEqual(Array.from({ length: 100 }, () => 'subscribe'))
  })

  test('AUTH-42 what HTTP sends as headers is in the payload', async () => {
    const { client, server, sockets } = await connect(name, {}, credentials)
    const ofTheCall = { headers: { 'X-Of-The-Call': 'yes' } }
    expect(await client.query('{ viewer }', {}, ofTheCall)).toEqual({ data: { viewer: 'secret-token' } })
    const [greeting] = await sockets.of('connection_init')
    const headers = {
      authorization: 'Bearer secret-token',
      'x-api-key': 'k-123',
      'x-tenant': 'acme',
      'x-of-the-call': 'yes',
    }
    expect(greeting?.payload).toEqual({ headers })
    if (!servesHttp(name)) return
    const requestsBefore = (await server.events()).filter(({ what }) => what === 'request').length
    const http = createClient({ link: chain(credentials, httpLink({ url: server.url })) })
    await http.query('{ hello }', {}, ofTheCall)
    await server.saw('request', requestsBefore + 1)
    const requests = (await server.events()).filter(({ what }) => what === 'request')
    expect(requests.at(-1)?.headers).toMatchObject(headers)
  })

  test.each<[string, WsLinkOptions['payload'], object]>([
    [
      'nested',
      'nested',
      { headers: { authorization: 'Bearer secret-token', 'x-api-key': 'k-123', 'x-tenant': 'acme' } },
    ],
    ['flat', 'flat', { authorization: 'Bearer secret-token', 'x-api-key': 'k-123', 'x-tenant': 'acme' }],
    [
      'that a function gives',
      async ({ operationName }, { headers }) => ({
        authorization: headers['authorization'],
        operation: operationName,
        deep: { list: [1, null, { of: 'values' }], no: false },
      }),
      {
        authorization: 'Bearer secret-token',
        operation: 'Who',
        deep: { list: [1, null, { of: 'values' }], no: false },
      },
    ],
  ])('AUTH-43 a payload %s', async (_, payload, expected) => {
    const { client, sockets } = await connect(name, { payload }, credentials)
    expect(await client.query('query Who { viewer }')).toEqual({ data: { viewer: 'secret-token' } })
    expect((await sockets.of('connection_init')).map(({ payload: sent }) => sent)).toEqual([expected])
  })

  test('AUTH-47 with handshakeHeaders, headers and cookies are on the upgrade request too', async () => {
    const cookies = headerLink({ cookie: 'session=s-1; theme=dark' })
    const { client, sockets } = await connect(name, { handshakeHeaders: true }, compose(credentials, cookies))
    expect(await client.query('{ viewer }')).toEqual({ data: { viewer: 'secret-token' } })
    const headers = {
      authorization: 'Bearer secret-token',
      cookie: 'session=s-1; theme=dark',
      'x-api-key': 'k-123',
      'x-tenant': 'acme',
    }
    expect(await sockets.of('opened')).toMatchObject([{ headers }])
    expect(await sockets.of('connection_init')).toMatchObject([{ payload: { headers } }])
  })

  test('AUTH-47 without it, the upgrade request has none of them', async () => {
    const { client, sockets } = await connect(name, {}, credentials)
    await client.query('{ hello }')
    const [opened] = await sockets.of('opened')
    for (const header of ['authorization', 'x-api-key', 'x-tenant', 'cookie'])
      expect(opened?.headers).not.toHaveProperty(header)
  })

  test.each([
    ['', false],
    [' by an exception that names the token', true],
  ])('AUTH-46 credentials that the server refuses%s are a typed error, without the token', async (_, byThrowing) => {
    const canary = secretCanary()
    const { client, server, sockets } = await connect(name, {}, bearerLink(canary.value))
    await accept(server, [], byThrowing)
    const errors = await canary.watch(() =>
      Promise.all([
        endOf(client.execute('query Refused { hello }')),
        endOf(client.subscribe('subscription Refused { ticker }')),
      ]),
    )
    canary.check(...errors, client)
    for (const error of errors) {
      expect(error).toMatchObject({ name: 'SocketClosedError', operationName: 'Refused', retryable: false })
      if (closes(name)) expect(error).toMatchObject({ closeCode: byThrowing ? 4500 : 4403 })
    }
    if (closes(name))
      expect(errors[0]).toMatchObject({ reason: byThrowing ? 'the token [redacted] is no good' : 'Forbidden' })
    expect(await sockets.of('subscribe')).toEqual([])
    // An exception looks like any other failure of the server: 4500.
    if (!byThrowing) expect(await sockets.of('opened')).toHaveLength(1)
  })

  test('W15, W23 a close that is final fails what runs, with its code and its reason, and without the token', async () => {
    const canary = secretCanary()
    const { client, server, sockets } = await connect(name, {}, bearerLink(canary.value))
    await accept(server, [canary.value])
    const ticking = iterate(client, 'subscription Ticking { ticker }')
    await ticking.next()
    const failed = canary.watch(() => endOf({ [Symbol.asyncIterator]: () => ticking }))
    await server.tell({ closeAll: 4400, reason: `no more of ${canary.value}` })
    const error = await failed
    canary.check(error)
    expect(error).toMatchObject({
      name: 'SocketClosedError',
      operationName: 'Ticking',
      closeCode: 4400,
      reason: 'no more of [redacted]',
      wasClean: true,
      retryable: false,
    })
    await sockets.saw('closed')
    // The next operation is another matter.
    expect(await client.query('{ hello }')).toEqual({ data: { hello: 'world' } })
    expect(await sockets.of('opened')).toHaveLength(2)
  })

  test('W19 a socket without operations is closed, and the next operation opens another', async () => {
    const { client, sockets } = await connect(name, { idleCloseMs: 0 })
    for (const times of [1, 2]) {
      await client.query('{ hello }')
      await sockets.saw('closed', times)
    }
    expect(await sockets.of('closed')).toMatchObject([{ code: 1000 }, { code: 1000 }])
  })

  test('W21 disposing the client ends what runs and closes the sockets', async () => {
    const { client, sockets } = await connect(name)
    const running = [endOf(client.subscribe('subscription { ticker }')), endOf(client.execute('{ held }'))]
    await sockets.saw('subscribe', 2)
    // The server has subscribed when it answers the next.
    await client.query('{ hello }')
    await client.dispose()
    expect(await Promise.all(running)).toMatchObject([{ code: 'DISPOSED' }, { code: 'DISPOSED' }])
    await sockets.saw('closed')
    await sockets.saw('unsubscribed')
    expect(await sockets.of('closed')).toMatchObject([{ code: 1000 }])
  })

  test('W1, W23 a path without WebSockets is a typed error, and final where the platform tells the status', async () => {
    // With these, the socket is one of `ws`: Node's own, and browsers', keep the status to themselves.
    const { client } = await connect(name, { handshakeHeaders: true, path: 'nowhere' })
    const error = await endOf(client.execute('query Lost { hello }'))
    const details = { name: 'SocketConnectError', operationName: 'Lost' }
    expect(error).toMatchObject({ ...details, attempts: 1, retryable: false })
    expect([400, 404]).toContain((error as SocketConnectError).status)
    const { client: other } = await connect(name, { connectAttempts: 2, path: 'nowhere' })
    expect(await endOf(other.execute('query Lost { hello }'))).toMatchObject(details)
  })
})

test('W6 a ping straight after the acknowledgement is answered', async () => {
  const { client, sockets } = await connect('ws-mercurius')
  await client.query('{ hello }')
  await sockets.saw('pong')
})

test('W25 @defer and @stream: each result is the data so far, and the last is that of the plain query', async () => {
  const { client, sockets } = await connect('ws-graphql-ws-17')
  const documentOf = (on: boolean): string => /* GraphQL */ `
    {
      hello
      numbers(to: 4, apart: true) @stream(if: ${on}, initialCount: 1, label: "numbers")
      me {
        name
        ... @defer(if: ${on}, label: "later") {
          slow
          friends(apart: true) @stream(if: ${on}) {
            name
            ... @defer(if: ${on}) {
              slow
            }
          }
        }
      }
    }
  `
  const [plain] = await collect(client.execute(documentOf(false)))
  const results = await collect(client.execute(documentOf(true)))
  expect(results[0]).toMatchObject({ data: { hello: 'world', numbers: [1], me: { name: 'Ada' } }, hasNext: true })
  expect(results.length).toBeGreaterThan(2)
  const last = results.at(-1)
  expect(last?.data).toEqual(plain?.data)
  expect(last?.hasNext).toBe(false)
  expect(last?.incremental?.delivered).toEqual(
    expect.arrayContaining([
      { path: ['numbers'], label: 'numbers' },
      { path: ['me'], label: 'later' },
    ]),
  )
  expect(last?.incremental?.pending).toEqual([])
  expect(await sockets.of('opened')).toHaveLength(1)
})

test('W11, W25 who leaves amid parts ends the operation on the server', async () => {
  const { client, sockets } = await connect('ws-graphql-ws-17')
  for await (const { data } of client.execute('{ numbers(to: 1000, apart: true) @stream(initialCount: 1) }')) {
    expect(data).toEqual({ numbers: [1] })
    break
  }
  await client.query('{ hello }')
  expect(await sockets.of('complete')).toHaveLength(1)
})

test('AUTH-41 before anything else the server is asked for the modern protocol, by its name alone', async () => {
  const { client, sockets } = await connect('ws-graphql-ws')
  await client.query('{ hello }')
  const [opened, greeting, operation] = await sockets.events()
  expect(opened).toMatchObject({ what: 'opened', headers: { 'sec-websocket-protocol': 'graphql-transport-ws' } })
  expect([greeting?.what, operation?.what]).toEqual(['connection_init', 'subscribe'])
})

test('W1 a server that speaks the legacy protocol only: the error names it', async () => {
  const { client } = await connect('ws-legacy', { protocol: undefined })
  expect(await endOf(client.execute('{ hello }'))).toMatchObject({
    message: expect.stringContaining('"graphql-ws"') as string,
    retryable: false,
  })
})
