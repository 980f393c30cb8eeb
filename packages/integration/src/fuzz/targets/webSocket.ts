import { FakeClock } from '@graphlinks/testing'
import { appSyncProtocol } from '@graphlinks/ws-link/appsync'
import { legacyProtocol } from '@graphlinks/ws-link/legacy'
import fc from 'fast-check'
import { graphqlTransportWs } from '../../../../ws-link/src/graphqlTransportWs.ts'
import type { Protocol, ProtocolListener } from '../../../../ws-link/src/protocol.ts'
import { bent, jsonWith, wild } from '../inputs.ts'
import { fuzzTarget, must } from '../target.ts'

const types = [
  'connection_ack',
  'connection_error',
  'ping',
  'pong',
  'ka',
  'next',
  'data',
  'error',
  'complete',
  'start_ack',
  'subscribe',
  'connection_init',
]
const words = [
  '"type":',
  '"id":',
  '"payload":',
  '"1"',
  '{',
  '}',
  '[',
  ']',
  'null',
  '"message":',
  '"errors":',
  '"data":',
]
const messages = types.map((type) =>
  JSON.stringify({ id: '1', type, payload: { data: { a: 1 }, errors: [{ message: 'no' }] } }),
)

const received = fc.oneof(
  { weight: 4, arbitrary: bent(messages, [...words, ...types]) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom(...types),
        fc.constantFrom('1', '2', '', undefined),
        jsonWith([
          'errors',
          'message',
          'data',
          'path',
          'errorType',
          'errorCode',
          'connectionTimeoutMs',
          'extensions',
          'error',
        ]),
      )
      .map(([type, id, payload]) => JSON.stringify({ type, id, payload })),
  },
  { weight: 1, arbitrary: jsonWith(['type', 'id', 'payload'], types).map((json) => JSON.stringify(json)) },
  { weight: 1, arbitrary: wild([...words, ...types]) },
)
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ received }) },
  { weight: 1, arbitrary: fc.record({ subscribe: fc.constantFrom('1', '2') }) },
  { weight: 1, arbitrary: fc.record({ unsubscribe: fc.constantFrom('1', '2') }) },
)
type Step = { readonly received?: string; readonly subscribe?: string; readonly unsubscribe?: string }

const protocols: Readonly<Record<string, (clock: FakeClock) => Protocol>> = {
  'graphql-transport-ws': () => graphqlTransportWs,
  legacy: () => legacyProtocol(),
  appsync: (clock) => appSyncProtocol({ clock }),
}

/** Whatever a server says, the link hears what it understands, in the types that it expects; nothing is thrown. */
export const webSocketTargets = Object.entries(protocols).map(([name, protocolWith]) =>
  fuzzTarget(`messages-${name}`, fc.array(step, { maxLength: 8 }), async (steps: readonly Step[]) => {
    const clock = new FakeClock()
    const heard = new Set<string>()
    const session = protocolWith(clock).start({
      endpoint: new URL('https://abc.appsync-api.eu-west-1.amazonaws.com/graphql'),
      send: (message) => must(typeof JSON.parse(message) === 'object', 'it sent no message'),
      payload: undefined,
      listener: strictListener(heard),
    })
    session.opened()
    const begun = new Set<string>()
    session.received(JSON.stringify({ type: 'connection_ack' }))
    await turn()
    for (const { received: text, subscribe, unsubscribe } of steps) {
      if (text !== undefined) session.received(text)
      // After the acknowledgement only, and not on a socket that the link has closed.
      if (heard.has('malformed') || heard.has('refused')) break
      if (subscribe !== undefined && heard.has('acknowledged') && !begun.has(subscribe)) {
        begun.add(subscribe)
        session.subscribe(subscribe, { query: 'subscription { a }', headers: {} })
      }
      if (unsubscribe !== undefined && begun.delete(unsubscribe)) session.unsubscribe(unsubscribe)
      await turn()
    }
    session.ended()
    await turn()
    must(clock.pending === 0, 'a timer is left')
  }),
)

function strictListener(heard: Set<string>): ProtocolListener {
  const hears =
    <Args extends unknown[]>(name: string, check: (...args: Args) => boolean): ((...args: Args) => void) =>
    (...args) => {
      heard.add(name)
      must(check(...args), `${name} was told ${JSON.stringify(args)}`)
    }
  const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null
  return {
    acknowledged: hears('acknowledged', () => true),
    refused: hears('refused', () => true),
    next: hears('next', (id: unknown, payload: unknown) => typeof id === 'string' && isObject(payload)),
    error: hears(
      'error',
      (id: unknown, errors: unknown) =>
        typeof id === 'string' &&
        Array.isArray(errors) &&
        errors.length > 0 &&
        errors.every((error) => isObject(error) && typeof (error as { message?: unknown }).message === 'string'),
    ),
    complete: hears('complete', (id: unknown) => typeof id === 'string'),
    ping: hears('ping', () => true),
    expectLife: hears('expectLife', (ms: unknown) => typeof ms === 'number' && ms > 0),
    malformed: hears('malformed', (error: unknown) => error instanceof Error),
  }
}

/** graphql-ws does some of its work in promises. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
