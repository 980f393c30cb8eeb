import {
  apiKeyLink,
  basicAuthLink,
  bearerLink,
  chain,
  createClient,
  GraphLinksError,
  headerLink,
  type Client,
  type Link,
  type TerminalLink,
} from '@graphlinks/core'
import { httpLink, type HttpLinkBaseOptions } from '@graphlinks/http-link'
import { FakeClock, secretCanary } from '@graphlinks/testing'
import { wsLink, type WsLinkOptions } from '@graphlinks/ws-link'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { startGraphQLServer, startHttpServer, startSocketServer, unusedPort } from './servers.ts'

const cleanUps: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const canary = secretCanary()
const credentials: readonly (readonly [string, () => Link])[] = [
  ['bearerLink', () => bearerLink(async () => canary.value)],
  ['basicAuthLink', () => basicAuthLink({ username: 'ada', password: canary.value })],
  ['apiKeyLink', () => apiKeyLink({ key: canary.value })],
  ['apiKeyLink in the URL', () => apiKeyLink({ key: canary.value, in: 'query' })],
  ['headerLink', () => headerLink({ 'x-session': `id=${canary.value}` })],
  ['a header of the call', () => (operation, next) => next(operation)],
]
const ofTheCall = { headers: { 'x-of-the-call': canary.value } }

/** Runs an operation that fails, with the secret in a credential and in a variable, and looks for it everywhere. */
async function failWith(link: Link, terminal: TerminalLink, run = runQuery): Promise<GraphLinksError> {
  const seen: unknown[] = []
  const logging: Link = async function* logging(operation, next) {
    seen.push(operation)
    yield* next(operation)
  }
  const client = createClient({ link: chain(logging, link, logging, terminal) })
  cleanUps.push(() => client.dispose())
  const error = await canary.watch(() =>
    run(client).then(
      () => {
        throw new Error('it should have failed')
      },
      (thrown: GraphLinksError) => thrown,
    ),
  )
  // Not the operations' variables: those are the application's own data, and printing an operation leaves them out.
  canary.check(error, ...seen.map((operation) => JSON.stringify(operation)))
  canary.check(client)
  return error
}

function runQuery(client: Client): Promise<unknown> {
  return client.request('query Secrets($s: String) { hello(s: $s) }', { s: canary.value }, ofTheCall)
}

// What a server that reflects everything would put into its answer.
const reflect = ({ headers, url }: IncomingMessage, body: string): string => JSON.stringify({ headers, url, body })

const httpFailures: readonly (readonly [
  name: string,
  code: string,
  respond: (request: IncomingMessage, response: ServerResponse, body: string) => void,
  options?: HttpLinkBaseOptions,
])[] = [
  ['a 401 that reflects', 'HTTP_STATUS', (rq, rs, body) => rs.writeHead(401).end(reflect(rq, body))],
  [
    'an HTML page that reflects',
    'HTTP_STATUS',
    (rq, rs, body) => rs.writeHead(500, { 'content-type': 'text/html' }).end(`<p>${reflect(rq, body)}</p>`),
  ],
  [
    'a challenge that reflects',
    'HTTP_STATUS',
    (rq, rs) =>
      rs.writeHead(401, { 'www-authenticate': `Bearer error="${rq.headers.authorization ?? canary.value}"` }).end(),
  ],
  [
    'JSON that is no result',
    'MALFORMED_RESPONSE',
    (rq, rs, body) => rs.writeHead(200, { 'content-type': 'application/json' }).end(`{"data": ${reflect(rq, body)}`),
  ],
  [
    'a redirect that reflects',
    'REDIRECT_BLOCKED',
    (rq, rs) => rs.writeHead(307, { location: `http://127.0.0.1:1/${canary.value}?u=${rq.url}` }).end(),
  ],
  [
    'GraphQL errors that reflect',
    'GRAPHQL_RESULT',
    (rq, rs, body) =>
      rs
        .writeHead(200, { 'content-type': 'application/graphql-response+json' })
        .end(JSON.stringify({ errors: [{ message: reflect(rq, body) }] })),
  ],
  ['a connection that breaks', 'NETWORK', (rq) => void rq.socket.destroy()],
  [
    'a body that breaks off',
    'NETWORK',
    (rq, rs, body) => {
      rs.writeHead(200, { 'content-type': 'application/json', 'content-length': '9999' })
      rs.write(reflect(rq, body), () => rq.socket.destroy())
    },
  ],
  [
    'a body that is too large',
    'RESPONSE_TOO_LARGE',
    (rq, rs, body) => rs.writeHead(200, { 'content-type': 'application/json' }).end(reflect(rq, body)),
    { maxResponseBytes: 10 },
  ],
]

describe.each(credentials)('threats 8 %s over HTTP', (_, link) => {
  it.each(httpFailures.map((failure) => [failure[0], failure[1], failure] as const))(
    '%s: %s, without the secret',
    async (_name, code, [, , respond, options]) => {
      const server = await startHttpServer(respond)
      cleanUps.push(server.close)
      expect(await failWith(link(), httpLink({ url: server.url, ...options }))).toMatchObject({ code })
    },
  )

  it('a server that is away', async () => {
    const url = `http://127.0.0.1:${await unusedPort()}/graphql`
    expect(await failWith(link(), httpLink({ url }))).toMatchObject({ code: 'NETWORK' })
  })

  it('a server that does not answer in time', async () => {
    const clock = new FakeClock()
    let asked = (): void => {}
    const request = new Promise<void>((resolve) => (asked = resolve))
    const server = await startHttpServer(() => asked())
    cleanUps.push(server.close)
    const failed = failWith(link(), httpLink({ url: server.url, timeoutMs: 1_000, clock }))
    await request
    await clock.advance(1_000)
    expect(await failed).toMatchObject({ code: 'TIMEOUT' })
  })

  it('plain http to another machine', async () => {
    expect(await failWith(link(), httpLink({ url: 'http://api.example.com/graphql' }))).toMatchObject({
      code: 'INSECURE_TRANSPORT',
    })
  })
})

type OnMessage = Parameters<typeof startSocketServer>[0]

/** Acknowledges and reflects what it was initialised with, in the way given. */
const reflecting = (answer: (reflected: string, socket: Parameters<OnMessage>[2], id: string) => void): OnMessage => {
  let reflected = ''
  return ({ type, id = '' }, text, socket) => {
    reflected += text
    if (type === 'connection_init') socket.send('{"type":"connection_ack"}')
    if (type === 'subscribe') answer(reflected, socket, id)
  }
}

const secretIn = (text: string): string => text.slice(Math.max(0, text.indexOf(canary.value) - 10)).slice(0, 100)

const socketFailures: readonly (readonly [
  name: string,
  code: string,
  onMessage: () => OnMessage,
  server?: { readonly protocol?: string; readonly status?: number },
  options?: Partial<WsLinkOptions>,
])[] = [
  ['a handshake that is refused and reflects', 'SOCKET_CONNECT', () => () => {}, { status: 401 }],
  ['another subprotocol', 'SOCKET_CONNECT', () => () => {}, { protocol: 'graphql-ws' }],
  [
    'a refusal of connection_init that reflects',
    'SOCKET_CLOSED',
    () => (_message, text, socket) => socket.close(4403, secretIn(text)),
  ],
  [
    'a close that reflects',
    'SOCKET_CLOSED',
    () => reflecting((reflected, socket) => socket.close(4400, secretIn(reflected))),
  ],
  [
    'a message that is no JSON and reflects',
    'SOCKET_CLOSED',
    () => reflecting((text, socket) => socket.send(secretIn(text))),
  ],
  [
    'a message of an unknown type that reflects',
    'SOCKET_CLOSED',
    () => reflecting((reflected, socket) => socket.send(JSON.stringify({ type: reflected }))),
  ],
  ['a connection that breaks', 'SOCKET_CLOSED', () => reflecting((_text, socket) => socket.terminate())],
  [
    'a message that is too large',
    'SOCKET_CLOSED',
    () => reflecting((text, socket) => socket.send(text.padEnd(2_000))),
    {},
    { maxMessageBytes: 1_000 },
  ],
  [
    'GraphQL errors that reflect',
    'GRAPHQL_RESULT',
    () =>
      reflecting((message, socket, id) => socket.send(JSON.stringify({ id, type: 'error', payload: [{ message }] }))),
  ],
]

describe.each(credentials)('threats 8 %s over WebSocket', (_, link) => {
  it.each(socketFailures.map((failure) => [failure[0], failure[1], failure] as const))(
    '%s: %s, without the secret',
    async (_name, code, [, , onMessage, server, options]) => {
      const { url, close } = await startSocketServer(onMessage(), server)
      cleanUps.push(close)
      expect(
        await failWith(
          link(),
          wsLink({ url, handshakeHeaders: true, connectAttempts: 1, reconnectAttempts: 1, ...options }),
        ),
      ).toMatchObject({ code })
    },
  )

  it('a server that is away', async () => {
    const url = `ws://127.0.0.1:${await unusedPort()}/graphql`
    expect(await failWith(link(), wsLink({ url, connectAttempts: 1 }))).toMatchObject({ code: 'SOCKET_CONNECT' })
  })

  it('a client that is disposed', async () => {
    let asked = (): void => {}
    const operation = new Promise<void>((resolve) => (asked = resolve))
    const { url, close } = await startSocketServer(reflecting(() => asked()))
    cleanUps.push(close)
    const failed = failWith(link(), wsLink({ url, reconnectAttempts: 1, connectAttempts: 1 }), async (client) => {
      const result = runQuery(client)
      await Promise.race([operation, result])
      await client.dispose()
      return result
    })
    expect(await failed).toMatchObject({ code: 'DISPOSED' })
  })

  it('plain ws to another machine', async () => {
    expect(await failWith(link(), wsLink({ url: 'ws://api.example.com/graphql' }))).toMatchObject({
      code: 'INSECURE_TRANSPORT',
    })
  })
})

it.each(['HTTP', 'WebSocket'])('GraphQL errors of a real server that reflect, over %s', async (transport) => {
  const server = await startGraphQLServer()
  cleanUps.push(server.close)
  const terminal = transport === 'HTTP' ? httpLink({ url: server.url }) : wsLink({ url: server.wsUrl })
  const error = await failWith(bearerLink(canary.value), terminal, (client) => client.request('{ complain }'))
  expect(error.message).toContain('I do not like bearer [redacted]')
})

it.each([
  ['a line break', '\n'],
  ['a NUL', '\0'],
  ['an emoji', '🔑'],
])('CR-4 a token with %s is refused before anything is sent, naming the link and not the value', async (_, bad) => {
  const server = await startGraphQLServer()
  cleanUps.push(server.close)
  for (const terminal of [httpLink({ url: server.url }), wsLink({ url: server.wsUrl })]) {
    for (const [name, link] of [
      ['bearerLink', bearerLink(() => `${canary.value}${bad}`)],
      ['apiKeyLink', apiKeyLink({ key: () => `${canary.value}${bad}` })],
      ['headerLink', headerLink(() => ({ 'x-session': `${canary.value}${bad}` }))],
    ] as const) {
      expect(await failWith(link, terminal)).toMatchObject({ link: name })
    }
  }
  expect(server.log.entries).toEqual([])
})
