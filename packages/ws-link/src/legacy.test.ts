import fc from 'fast-check'
import { OptionsError } from '@graphlinks/core'
import { legacyProtocol } from './legacy.ts'
import type { ProtocolListener } from './protocol.ts'

/** A session whose messages and calls are written down. */
function begin(payload?: object) {
  const sent: unknown[] = []
  const heard: unknown[][] = []
  const names = ['acknowledged', 'refused', 'next', 'error', 'complete', 'ping', 'expectLife', 'malformed'] as const
  const listener = Object.fromEntries(
    names.map((name) => [name, (...args: unknown[]) => heard.push([name, ...args])]),
  ) as unknown as ProtocolListener
  const session = legacyProtocol({ keepAliveTimeoutMs: 20_000 }).start({
    endpoint: new URL('wss://api.example.com/graphql'),
    send: (message) => sent.push(JSON.parse(message)),
    payload: payload as never,
    listener,
  })
  const receive = (message: unknown): void =>
    session.received(typeof message === 'string' ? message : JSON.stringify(message))
  return { session, sent, heard, receive }
}

const operation = { query: 'subscription { n }', headers: {} }

test('L1 is named graphql-ws, and carries every kind of operation', () => {
  expect(legacyProtocol()).toMatchObject({ subprotocol: 'graphql-ws' })
  expect(legacyProtocol().kinds).toBeUndefined()
  for (const keepAliveTimeoutMs of [0, -1, Number.NaN, Infinity, 'x' as never]) {
    expect(() => legacyProtocol({ keepAliveTimeoutMs })).toThrow(OptionsError)
  }
})

test('L2 init, start, stop and terminate; an empty payload where there is none, as servers expect', () => {
  const { session, sent } = begin()
  session.opened()
  session.subscribe('1', { ...operation, operationName: 'N', variables: { a: 1 } })
  session.unsubscribe('1')
  session.ended()
  expect(sent).toEqual([
    { type: 'connection_init', payload: {} },
    { id: '1', type: 'start', payload: { query: operation.query, operationName: 'N', variables: { a: 1 } } },
    { id: '1', type: 'stop' },
    { type: 'connection_terminate' },
  ])
  const other = begin({ token: 'x' })
  other.session.opened()
  expect(other.sent).toEqual([{ type: 'connection_init', payload: { token: 'x' } }])
})

test.each([
  ['after it', ['ack', 'ka', 'ka'], ['acknowledged', 'ping', 'expectLife', 'ping']],
  ['before it, and never again', ['ka', 'ack'], ['ping', 'acknowledged', 'expectLife']],
  ['both', ['ka', 'ack', 'ka'], ['ping', 'acknowledged', 'expectLife', 'ping']],
  ['never', ['ack'], ['acknowledged']],
])('L2 life is expected from the acknowledgement on, of servers that send ka: %s', (_, messages, expected) => {
  const { receive, heard } = begin()
  for (const type of messages) receive({ type: type === 'ack' ? 'connection_ack' : type })
  expect(heard.map(([name]) => name)).toEqual(expected)
  for (const call of heard.filter(([name]) => name === 'expectLife')) expect(call[1]).toBe(20_000)
})

test('L3 connection_error: refused before the acknowledgement, nothing after it', () => {
  const { receive, heard } = begin()
  receive({ type: 'connection_error', payload: { message: 'no' } })
  receive({ type: 'connection_ack' })
  receive({ type: 'connection_error', id: null, payload: { message: 'bad JSON' } })
  expect(heard).toEqual([
    ['refused', { message: 'no' }],
    ['acknowledged', undefined],
  ])
})

test('L4 error has one object, a list, or nothing; complete has a payload of null; data may have errors', () => {
  const { receive, heard } = begin()
  receive({ type: 'error', id: '1', payload: { message: 'one' } })
  receive({ type: 'error', id: '2', payload: { name: 'E', message: 'two' } })
  receive({ type: 'error', id: '3', payload: [{ message: 'three' }] })
  receive({ type: 'error', id: '4' })
  // Hasura, older and newer.
  receive({ type: 'error', id: '6', payload: { path: '$', error: 'six', code: 'x' } })
  receive({ type: 'error', id: '7', payload: { errors: [{ message: 'seven' }] } })
  receive({ type: 'complete', id: '1', payload: null })
  receive({ type: 'data', id: '5', payload: { errors: [{ message: 'invalid' }] } })
  expect(heard).toEqual([
    ['error', '1', [{ message: 'one' }]],
    ['error', '2', [{ name: 'E', message: 'two' }]],
    ['error', '3', [{ message: 'three' }]],
    ['error', '4', [{ message: 'the server does not say why' }]],
    ['error', '6', [{ path: '$', error: 'six', code: 'x', message: 'six' }]],
    ['error', '7', [{ message: 'seven' }]],
    ['complete', '1'],
    ['next', '5', { errors: [{ message: 'invalid' }] }],
  ])
})

test('W13 data that is no object is malformed', () => {
  const { receive, heard } = begin()
  for (const payload of [undefined, null, 'text', 1, []]) receive({ type: 'data', id: '1', payload })
  expect(heard.map(([name]) => name)).toEqual(Array.from({ length: 5 }, () => 'malformed'))
})

test('W13 anything else is malformed, and nothing is thrown: whatever comes', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.jsonValue().map((value) => JSON.stringify(value)),
      ),
      (text) => {
        const { session, heard } = begin()
        session.received(text)
        expect(heard.every(([name, error]) => name === 'malformed' && (error as Error).message.length < 60)).toBe(true)
        expect(heard).toHaveLength(1)
      },
    ),
  )
})
