import { bearerLink, chain, createClient, type Client, type Link, type TerminalLink } from '@graphlinks/core'
import { httpLink } from '@graphlinks/http-link'
import { wsLink } from '@graphlinks/ws-link'
import { startGraphQLServer } from './servers.ts'

let server: Awaited<ReturnType<typeof startGraphQLServer>>
const clients: Client[] = []

beforeEach(async () => {
  server = await startGraphQLServer()
})
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.dispose()))
  await server.close()
})

function connect(...links: [...Link[], TerminalLink]): Client {
  const client = createClient({ link: chain(...links) })
  clients.push(client)
  return client
}

const http = (): TerminalLink => httpLink({ url: server.url })
const socket = (): TerminalLink => wsLink({ url: server.wsUrl })
const transports = [
  ['HTTP', http],
  ['WebSocket', socket],
] as const

// The shapes of links that stand between the caller and the transport.
const shapes: readonly (readonly [string, Link])[] = [
  ['plain', (operation, next) => next(operation)],
  ['async', async (operation, next) => next(operation)],
  [
    'generator',
    async function* generator(operation, next) {
      yield* next(operation)
    },
  ],
]

/** What a promise is rejected with, if that is within a turn of the event loop. */
function soonRejected(promise: Promise<unknown>): Promise<unknown> {
  return Promise.race([
    promise.then(
      () => 'fulfilled',
      (error: unknown) => error,
    ),
    new Promise((resolve) => setImmediate(resolve, 'late')),
  ])
}

describe.each(shapes)('behind a link that is %s', (_, link) => {
  it.each(transports)('abort of a pending query over %s', async (name, terminal) => {
    const client = connect(link, bearerLink('t'), terminal())
    const controller = new AbortController()
    const reason = { the: 'reason' }
    const pending = client.query('{ slow }', null, { signal: controller.signal })
    pending.catch(() => {})
    await server.log.wait('slow')
    controller.abort(reason)
    expect(await soonRejected(pending)).toBe(reason)
    await (name === 'HTTP' ? server.log.wait('aborted') : server.log.wait('message', 'complete'))
    expect((await client.query('{ hello }')).data).toEqual({ hello: 'world' })
  })

  it('abort of an idle subscription', async () => {
    const client = connect(link, bearerLink('t'), socket())
    const controller = new AbortController()
    const reason = new Error('the user left')
    const events = client
      .subscribe('subscription { idle }', null, { signal: controller.signal })
      [Symbol.asyncIterator]()
    const pending = events.next()
    pending.catch(() => {})
    await server.log.wait('message', 'subscribe')
    controller.abort(reason)
    expect(await soonRejected(pending)).toBe(reason)
    expect((await events.next()).done).toBe(true)
    await server.log.wait('message', 'complete')
    expect(server.log.of('message', 'complete')).toHaveLength(1)
  })

  it('leaving an idle subscription without a signal ends it on the server too', async () => {
    const client = connect(link, bearerLink('t'), socket())
    const events = client.subscribe('subscription { idle }')[Symbol.asyncIterator]()
    const pending = events.next()
    await server.log.wait('message', 'subscribe')
    await events.return?.()
    expect((await pending).done).toBe(true)
    await server.log.wait('message', 'complete')
  })
})

describe.each(transports)('over %s', (_, terminal) => {
  it('abort before the start sends nothing and fetches no token', async () => {
    let fetched = 0
    const client = connect(
      bearerLink(() => `t${++fetched}`),
      terminal(),
    )
    const reason = new Error('too late')
    const signal = AbortSignal.abort(reason)
    expect(await soonRejected(client.query('{ hello }', null, { signal }))).toBe(reason)
    expect(await soonRejected(client.execute('{ hello }', null, { signal })[Symbol.asyncIterator]().next())).toBe(
      reason,
    )
    expect([fetched, server.log.entries]).toEqual([0, []])
  })

  it('abort inside an async link that waits for ever: nothing is sent, then or later', async () => {
    let wake = (): void => {}
    let waiting = (): void => {}
    const reached = new Promise<void>((resolve) => (waiting = resolve))
    const gate = new Promise<void>((resolve) => (wake = resolve))
    const slow: Link = async (operation, next) => {
      waiting()
      await gate
      return next(operation)
    }
    const client = connect(slow, bearerLink('t'), terminal())
    const controller = new AbortController()
    const reason = new Error('no time')
    const pending = client.query('{ hello }', null, { signal: controller.signal })
    pending.catch(() => {})
    await reached
    controller.abort(reason)
    expect(await soonRejected(pending)).toBe(reason)
    wake()
    expect((await client.query('{ whoami }')).data).toEqual({ whoami: ['bearer t'] })
    expect(server.log.of('request').length + server.log.of('message', 'subscribe').length).toBe(1)
  })

  it('abort while a token function waits; one that fails afterwards disturbs nobody', async () => {
    let fail: (error: Error) => void = () => {}
    let waiting = (): void => {}
    const reached = new Promise<void>((resolve) => (waiting = resolve))
    const client = connect(
      bearerLink(() => {
        waiting()
        return new Promise<string>((_resolve, reject) => (fail = reject))
      }),
      terminal(),
    )
    const controller = new AbortController()
    const reason = new Error('no time')
    const pending = client.query('{ hello }', null, { signal: controller.signal })
    pending.catch(() => {})
    await reached
    controller.abort(reason)
    expect(await soonRejected(pending)).toBe(reason)
    fail(new Error('the store is closed'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(server.log.entries).toEqual([])
  })

  it('one signal for many operations ends them all, each with the same reason', async () => {
    const client = connect(bearerLink('t'), terminal())
    const controller = new AbortController()
    const reason = new Error('leaving the page')
    const pending = Array.from({ length: 10 }, () => client.query('{ slow }', null, { signal: controller.signal }))
    const settled = Promise.allSettled(pending)
    await server.log.wait('slow')
    controller.abort(reason)
    expect(new Set((await settled).map((result) => (result as PromiseRejectedResult).reason as unknown))).toEqual(
      new Set([reason]),
    )
  })

  it('an abort after the end changes nothing', async () => {
    const client = connect(bearerLink('t'), terminal())
    const controller = new AbortController()
    const result = await client.query('{ hello }', null, { signal: controller.signal })
    controller.abort(new Error('too late'))
    expect(result.data).toEqual({ hello: 'world' })
    expect((await client.query('{ hello }')).data).toEqual({ hello: 'world' })
    expect(server.log.of('aborted')).toEqual([])
  })
})
