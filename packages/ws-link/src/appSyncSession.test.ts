import fc from 'fast-check'
import { FakeClock, secretCanary, settle } from '@graphlinks/testing'
import { appSyncProtocol, type AppSyncProtocolOptions } from './appSync.ts'
import type { ProtocolListener } from './protocol.ts'

const endpoint = new URL('https://abc.appsync-api.eu-west-1.amazonaws.com/graphql')
const operation = { query: 'subscription { n }', headers: { 'x-api-key': 'k' } }

interface Start {
  readonly extensions: { readonly authorization: object }
}

/** A session whose messages and calls are written down. */
async function begin(options: AppSyncProtocolOptions = {}) {
  const clock = new FakeClock()
  const sent: { readonly type: string; readonly id?: string; readonly payload?: never }[] = []
  const heard: unknown[][] = []
  const listener = new Proxy({} as ProtocolListener, {
    get:
      (_, name) =>
      (...args: unknown[]) =>
        heard.push([name, ...args]),
  })
  const session = appSyncProtocol({ clock, ...options }).start({
    endpoint,
    send: (message) => sent.push(JSON.parse(message)),
    payload: undefined,
    listener,
  })
  const receive = (message: object): void => session.received(JSON.stringify(message))
  const start = async (id: string): Promise<void> => {
    session.subscribe(id, operation)
    await settle()
  }
  session.opened()
  receive({ type: 'connection_ack', payload: { connectionTimeoutMs: 300_000 } })
  heard.length = 0
  return { clock, session, sent, heard, receive, start, types: () => sent.map(({ type }) => type).slice(1) }
}

test.each([
  // Its twin, with or without what it ends in.
  [
    'https://abc.appsync-api.eu-west-1.amazonaws.com/graphql/',
    'wss://abc.appsync-realtime-api.eu-west-1.amazonaws.com/graphql',
  ],
  [
    'wss://abc.appsync-realtime-api.eu-west-1.amazonaws.com/graphql',
    'wss://abc.appsync-realtime-api.eu-west-1.amazonaws.com/graphql',
  ],
  [
    'https://abc.appsync-api.cn-north-1.amazonaws.com.cn/graphql',
    'wss://abc.appsync-realtime-api.cn-north-1.amazonaws.com.cn/graphql',
  ],
  // Credentials go to no host but the one that they are for.
  ['https://my-appsync-api.example.com/graphql', 'wss://my-appsync-api.example.com/graphql/realtime'],
  ['https://abc.appsync-api.example.com/graphql', 'wss://abc.appsync-api.example.com/graphql/realtime'],
  [
    'https://vpce-1.appsync-api.eu-west-1.vpce.amazonaws.com/graphql',
    'wss://vpce-1.appsync-api.eu-west-1.vpce.amazonaws.com/graphql/realtime',
  ],
  ['wss://api.example.com/graphql/realtime', 'wss://api.example.com/graphql/realtime'],
  ['https://api.example.com/graphql?a=1', 'wss://api.example.com/graphql/realtime?a=1'],
])('A1 %s connects to %s, and a signature is for the API', async (given, url) => {
  const asked: string[] = []
  const authorize = (request: { readonly url: string }) => {
    asked.push(request.url)
    return {}
  }
  const address = await appSyncProtocol({ authorize }).address?.(new URL(given), {})
  expect(address?.url).toBe(url)
  const api = given
    .replace('wss:', 'https:')
    .replace('-realtime-', '-')
    .replace(/\/realtime|\/$|\?.*/, '')
  expect(asked).toEqual([`${api}/connect`])
})

test('A2 behind a proxy with a port, in plain text, the host is still that of the API alone', async () => {
  const { host } = endpoint
  const asked: object[] = []
  const authorize = (request: { readonly url: string; readonly headers: object }) => {
    asked.push([request.url, request.headers])
    return {}
  }
  const protocol = appSyncProtocol({ authorize, host })
  const address = await protocol.address?.(new URL('ws://127.0.0.1:8080/graphql'), {
    host: 'other',
    authorization: 't',
  })
  expect(address?.url).toBe('ws://127.0.0.1:8080/graphql/realtime')
  expect(asked).toEqual([[`${endpoint.href}/connect`, { host, Authorization: 't' }]])
})

test('A3 the time that a server may be silent is what it says, if that is a time', async () => {
  const { receive, heard } = await begin()
  for (const connectionTimeoutMs of [1_000, '1000', 0, -1, null, {}])
    receive({ type: 'connection_ack', payload: { connectionTimeoutMs } })
  expect(heard.filter(([name]) => name === 'expectLife')).toEqual([['expectLife', 1_000]])
})

test.each([
  [{ errors: [{ errorType: 'UnauthorizedException', message: 'no', errorCode: 401 }] }, false],
  [{ errors: [{ errorType: 'UnauthorizedException', message: 'no', errorCode: 400 }] }, false],
  [{ errors: [{ message: 'NoProtocolError', errorCode: 400 }] }, false],
  [{ errors: [{ errorType: 'InternalFailure', errorCode: 500 }] }, true],
  [{ errors: { errorType: 'LimitExceededError', message: 'slower', errorCode: 429 } }, true],
  [{ errors: null }, false],
  [null, false],
])('A3 connection_error %j', async (payload, mayPass) => {
  const { receive, heard } = await begin()
  receive({ type: 'connection_error', payload: payload as never })
  expect(heard).toEqual([['refused', { message: expect.any(String) }, mayPass]])
  const message = String(Object(heard[0]?.[1]).message)
  for (const { errorType } of [Object(payload).errors].flat().filter(Boolean))
    expect(message).toContain(errorType ?? '')
})

test('A4 a subscription that the server accepts too late is stopped, not left behind', async () => {
  const { clock, receive, heard, start, types } = await begin()
  await start('1')
  await clock.advance(15_000)
  expect(heard).toMatchObject([['error', '1', [{ message: expect.stringContaining('15000 ms') }]]])
  receive({ type: 'start_ack', id: '1' })
  expect(types()).toEqual(['start', 'stop'])
  expect(clock.pending).toBe(0)
})

test('A4 what was given up before authorize answered is never started', async () => {
  const answers: ((headers: Record<string, string>) => void)[] = []
  const authorize = () => new Promise<Record<string, string>>((resolve) => answers.push(resolve))
  const { clock, session, start, types } = await begin({ authorize })
  await start('late')
  await clock.advance(15_000)
  await start('left')
  session.unsubscribe('left')
  await start('lost')
  session.ended()
  for (const answer of answers) answer({})
  await settle()
  expect(answers).toHaveLength(3)
  expect(types()).toEqual([])
  expect(clock.pending).toBe(0)
})

test('A4 data is as good as an acceptance; start_ack twice stops nothing', async () => {
  const { clock, receive, heard, start, session, types } = await begin()
  await start('1')
  receive({ type: 'data', id: '1', payload: { data: { n: 1 } } })
  receive({ type: 'start_ack', id: '1' })
  receive({ type: 'start_ack', id: '1' })
  await clock.advance(15_000)
  expect(heard).toEqual([['next', '1', { data: { n: 1 } }]])
  session.unsubscribe('1')
  session.unsubscribe('1')
  expect(types()).toEqual(['start', 'stop'])
})

test('A4 the host is among the headers of authorize, whether it gives it or not', async () => {
  const signature = { Authorization: 'signature', 'x-amz-date': 'now' }
  for (const given of [{ host: endpoint.host }, { Host: endpoint.host }, {}]) {
    const { start, sent } = await begin({ authorize: () => ({ ...signature, ...given }) as Record<string, string> })
    await start('1')
    const started = sent[1]?.payload as unknown as Start
    const expected = { host: endpoint.host, ...signature, ...given }
    if ('Host' in given) Reflect.deleteProperty(expected, 'host')
    expect(started).toMatchObject({ extensions: { authorization: expected } })
    expect(Object.keys(started.extensions.authorization)).toHaveLength(3)
  }
})

test.each([
  [
    { errors: [{ message: 'many', errorType: 'MaxSubscriptionsReachedError', errorCode: 400 }] },
    'MaxSubscriptionsReachedError',
  ],
  [{ errors: [{ message: 'no', extensions: { errorType: 'Unauthorized', a: 1 } }] }, 'Unauthorized'],
  [{ errors: { message: 'slower', errorType: 'LimitExceededError' } }, 'LimitExceededError'],
  [{ errors: [{ errorType: 'UnsupportedOperation' }] }, 'UnsupportedOperation'],
  [{ message: 'odd', errorType: 'Odd' }, 'Odd'],
])('A5 the type of an error is in its extensions: %j', async (payload, errorType) => {
  const { receive, heard, start } = await begin()
  await start('1')
  receive({ type: 'error', id: '1', payload })
  expect(heard).toMatchObject([['error', '1', [{ message: expect.any(String), extensions: { errorType } }]]])
})

test('A5 an error keeps its path and its locations, and is never an empty list', async () => {
  const { receive, heard, start } = await begin()
  const error = { message: 'no', path: ['n'], locations: [{ line: 1, column: 2 }] }
  await start('1')
  receive({ type: 'error', id: '1', payload: { errors: [error] } })
  await start('2')
  receive({ type: 'error', id: '2', payload: { errors: [] } })
  expect(heard).toMatchObject([
    ['error', '1', [error]],
    ['error', '2', [{ message: 'the server does not say why' }]],
  ])
})

test('A5 what was said without an id is the reason of a start that is not accepted', async () => {
  const { clock, receive, heard, start } = await begin()
  await start('1')
  receive({ type: 'error', payload: { errors: { errorType: 'LimitExceededError', message: 'Rate limit exceeded' } } })
  expect(heard).toEqual([])
  await clock.advance(15_000)
  expect(heard).toMatchObject([
    [
      'error',
      '1',
      [
        { message: expect.stringContaining('15000 ms') },
        { message: 'Rate limit exceeded', extensions: { errorType: 'LimitExceededError' } },
      ],
    ],
  ])
})

test('W13 data that is no object is malformed, and no error has what came', async () => {
  const canary = secretCanary()
  const { receive, heard, start } = await begin()
  await start('1')
  receive({ type: 'data', id: '1', payload: canary.value })
  receive({ type: canary.value })
  expect(heard.map(([name]) => name)).toEqual(['malformed', 'malformed'])
  canary.check(heard)
})

test('W10 W14 nothing is heard of an id that is unknown or over, and none is left on the server, in any order', async () => {
  const id = fc.constantFrom('1', '2')
  const step = fc.oneof(
    fc.record({ what: fc.constantFrom('start_ack', 'data', 'error', 'complete'), id }),
    fc.record({ what: fc.constantFrom('subscribe', 'unsubscribe', 'timeout'), id }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const { clock, session, sent, heard, receive, start } = await begin()
      const live = new Set<string>()
      const onServer = new Set<string>()
      let lastId = 0
      const names = new Map<string, string>()
      for (const { what, id } of steps) {
        // An id is never used again.
        const name = names.get(id) ?? `${id}-0`
        heard.length = 0
        if (what === 'timeout') {
          await clock.advance(15_000)
          for (const [, late] of heard) live.delete(late as string)
          continue
        }
        if (what === 'subscribe') {
          if (live.has(name)) continue
          const next = `${id}-${++lastId}`
          names.set(id, next)
          live.add(next)
          await start(next)
        } else if (what === 'unsubscribe') {
          session.unsubscribe(name)
          live.delete(name)
        } else {
          if (what === 'start_ack' && sent.some((message) => message.id === name)) onServer.add(name)
          receive({ type: what, id: name, payload: what === 'data' ? { data: {} } : { errors: [{ message: 'no' }] } })
          expect(heard).toHaveLength(live.has(name) && what !== 'start_ack' ? 1 : 0)
          if (what === 'error' || what === 'complete') {
            live.delete(name)
            onServer.delete(name)
          }
        }
        for (const { type, id: stopped } of sent) if (type === 'stop') onServer.delete(stopped as string)
        for (const there of onServer) expect(live).toContain(there)
      }
      session.ended()
      expect(clock.pending).toBe(0)
    }),
    { numRuns: 150 },
  )
})
