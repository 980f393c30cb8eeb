/**
 * Whatever a server, a network, listeners and people do, in any order: nothing hangs, nothing is left, nothing is thrown that
 * is not typed; and once they behave, everything works. All in memory, with a clock that the test moves.
 */
import { chain, createClient, createTokenSource, GraphLinksError, tokenRefreshLink } from '@graphlinks/core'
import { FakeClock } from '@graphlinks/testing'
import { closeCodes, connect, wsLink, type WsLinkOptions } from './index.ts'

const codes = Object.keys(closeCodes).map(Number)

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** What everybody in a test has in common. */
class World {
  isEvil = true
  readonly clock = new FakeClock()
  readonly sockets = new Set<HostileSocket>()
  readonly random: () => number

  constructor(seed: number) {
    this.random = randomOf(seed)
  }

  /** Whether something goes wrong that does so with a probability, as long as anything does. */
  fails(probability: number): boolean {
    return this.isEvil && this.random() < probability
  }

  pick<Value>(list: readonly Value[]): Value {
    return list[Math.floor(this.random() * list.length)] as Value
  }

  later(act: () => void, withinMs = 50): void {
    this.clock.after(this.random() * withinMs, act)
  }
}

interface Message {
  readonly type: string
  readonly id: string
  readonly payload: { readonly query: string }
}

class HostileSocket {
  readyState = 0
  bufferedAmount = 0
  binaryType = ''
  isSilent: boolean
  readonly protocol: string
  readonly subscriptions = new Set<string>()
  onopen?: (() => void) | null
  onmessage?: ((event: { data: unknown }) => void) | null
  onerror?: ((event: object) => void) | null
  onclose?: ((event: object) => void) | null
  readonly #world: World
  readonly #listeners: (() => void)[] = []

  constructor(world: World) {
    this.#world = world
    if (world.fails(0.02)) throw new Error('the class refuses')
    this.protocol = world.fails(0.03) ? 'graphql-ws' : 'graphql-transport-ws'
    this.isSilent = world.fails(0.1)
    world.sockets.add(this)
    world.later(() => {
      if (this.readyState > 0) return
      if (world.fails(0.2)) return this.#end(1006, new Error('connect ECONNREFUSED'))
      this.readyState = 1
      this.onopen?.()
    })
  }

  addEventListener(type: string, listener: () => void): void {
    if (type === 'close') this.#listeners.push(listener)
  }

  close(code = 1005): void {
    if (this.readyState > 1) return
    this.readyState = 2
    if (!this.isSilent) this.closes(code)
  }

  terminate(): void {
    this.#end(1006)
  }

  /** The server does. */
  closes(code: number): void {
    this.#world.later(() => this.#end(code))
  }

  /** In the order of the calls, as TCP has it. */
  says(data: object | string): void {
    const isText = typeof data === 'string' || data instanceof ArrayBuffer
    this.#world.clock.after(10, () => {
      if (this.readyState === 1) this.onmessage?.({ data: isText ? data : JSON.stringify(data) })
    })
  }

  send(text: string): void {
    const world = this.#world
    const { type, id, payload } = JSON.parse(text) as Message
    if (this.readyState !== 1) throw new Error('the socket is not open')
    if (this.isSilent) return
    this.bufferedAmount = world.fails(0.1) ? 10_000_000 : 0
    world.later(() => (this.bufferedAmount = 0), 5_000)
    if (type === 'connection_init') this.#greet()
    else if (type === 'ping') this.says({ type: 'pong' })
    else if (type === 'complete') this.subscriptions.delete(id)
    else if (type === 'subscribe') {
      if (world.fails(0.1)) this.closes(world.pick(codes))
      else if (payload.query.startsWith('subscription')) this.#subscribe(id)
      else this.#answer(id)
      if (world.fails(0.05)) this.says(new TextEncoder().encode('{"type":"ping"}').buffer)
    }
  }

  #greet(): void {
    const world = this.#world
    if (world.fails(0.1)) return this.closes(world.pick([4403, 4401, 1011, 4408, 1000]))
    if (world.fails(0.1)) return
    if (world.fails(0.05)) this.says('nonsense')
    if (world.fails(0.05)) this.says({ type: 'next', id: '1', payload: { data: null } })
    if (world.fails(0.05)) this.says({ type: 'connection_error', payload: { message: 'no' } })
    this.says({ type: 'connection_ack' })
    if (world.fails(0.1)) this.says({ type: 'connection_ack' })
    if (world.fails(0.1)) this.closes(world.pick(codes))
  }

  #subscribe(id: string): void {
    this.subscriptions.add(id)
    const events = this.#world.fails(0.1) ? 30 : 1
    if (this.#world.fails(0.05)) this.says({ id, type: 'error', payload: [{ message: 'no' }] })
    for (let n = 0; n < events; n++) this.says({ id, type: 'next', payload: { data: { n } } })
  }

  #answer(id: string): void {
    if (this.#world.fails(0.15)) return
    this.says({ id, type: 'next', payload: { data: { n: 1 } } })
    if (this.#world.fails(0.1)) this.says({ id, type: 'complete', payload: null, unknown: 1 })
    this.says({ id, type: 'complete' })
  }

  #end(code: number, error?: Error): void {
    if (this.readyState === 3) return
    this.readyState = 3
    this.#world.sockets.delete(this)
    if (error) this.onerror?.({ type: 'error', error, message: error.message })
    this.onclose?.({ code, reason: 'because', wasClean: true })
    for (const listener of this.#listeners) listener()
  }
}

type Kind = 'query' | 'mutation' | 'subscription' | 'connect'

/** One thing that somebody does, and what became of it. */
interface Run {
  readonly kind: Kind
  results: number
  isOver: boolean
  error: unknown
  readonly abort: () => void
  readonly leave: () => void
}

function peopleOf(world: World) {
  const { clock, random } = world
  const runs: Run[] = []
  let tokens = 0
  const fresh = (subject: string | undefined) => ({
    accessToken: `token-${++tokens}`,
    refreshToken: 'r',
    expiresInSeconds: 30,
    ...(subject !== undefined && { subject }),
  })
  const source = createTokenSource({
    initial: fresh('ada'),
    async refresh() {
      await new Promise<void>((resolve) => world.later(resolve, 300))
      if (world.fails(0.1)) throw Object.assign(new Error('away'), { status: 503 })
      return fresh(source.current.subject)
    },
    clock,
    random,
    mode: 'lazy',
  })
  const signIn = (subject = world.pick(['ada', 'bob'])): void => void source.set(fresh(subject))
  const payload: WsLinkOptions['payload'] = async (_, { headers }) => {
    await new Promise<void>((resolve) => world.later(resolve, 100))
    if (world.fails(0.03)) throw new Error('no payload')
    return { headers }
  }
  class Socket extends HostileSocket {
    constructor() {
      super(world)
    }
  }
  const link = wsLink({
    url: 'wss://api.example.com/graphql',
    webSocket: Socket,
    clock,
    random,
    maxQueuedResults: world.pick([5, 1_000]),
    overflow: world.pick(['error', 'drop-oldest']),
    connectAttempts: world.pick([3, 5, Infinity]),
    idleCloseMs: world.pick([0, 100, 3_000]),
    pingMs: 2_000,
    pongTimeoutMs: 1_000,
    payload: world.pick([payload, 'nested']),
    onEvent() {
      if (world.fails(0.01)) signIn(source.current.subject)
      if (world.fails(0.005)) signIn()
      if (world.fails(0.02)) world.pick(runs).abort()
      if (world.fails(0.02)) throw new Error('the listener')
    },
  })
  const client = createClient({ link: chain(tokenRefreshLink(source), link) })

  const start = (kind: Kind): Run => {
    const controller = new AbortController()
    const options = { signal: controller.signal }
    const results = kind === 'subscription' ? client.subscribe('subscription { n }', null, options) : undefined
    const iterator = results?.[Symbol.asyncIterator]()
    const run: Run = {
      kind,
      results: 0,
      isOver: false,
      error: undefined,
      abort: () => controller.abort(),
      leave: () => void iterator?.return?.(),
    }
    const isSlow = world.fails(0.2)
    const read = async (): Promise<void> => {
      if (kind === 'connect') return connect(client, options)
      if (kind === 'query') await client.query('{ n }', null, options)
      else if (kind === 'mutation') await client.mutate('mutation { n }', null, options)
      else {
        for (let step = await iterator?.next(); step?.done === false; step = await iterator?.next()) {
          run.results++
          if (isSlow) await new Promise<void>((resolve) => void clock.after(1_000, resolve))
        }
      }
    }
    runs.push(run)
    read().then(
      () => (run.isOver = true),
      (error: unknown) => Object.assign(run, { error, isOver: true }),
    )
    return run
  }
  return { client, source, runs, start, signIn }
}

test.each(Array.from({ length: 15 }, (_, index) => index + 1))(
  'W11 W13 W15 W20 W21 TR-52 TR-57 anything at any time, seed %d: nothing hangs, and nothing is left',
  async (seed) => {
    const world = new World(seed)
    const { clock, random, sockets } = world
    const { client, source, runs, start, signIn } = peopleOf(world)
    const acts: readonly (readonly [weight: number, act: () => void])[] = [
      [25, () => start('query')],
      [15, () => start('mutation')],
      [20, () => start('subscription')],
      [2, () => start('connect')],
      [8, () => runs.length > 0 && world.pick(runs).abort()],
      [3, () => runs.length > 0 && world.pick(runs).leave()],
      [1, () => signIn()],
      [1, () => void source.clear().then(() => signIn())],
      [3, () => sockets.forEach((socket) => socket.closes(world.pick(codes)))],
      [2, () => sockets.forEach((socket) => (socket.isSilent = true))],
      [2, () => void source.accessToken().catch(() => {})],
    ]
    const bag = acts.flatMap(([weight, act]) => Array.from({ length: weight }, () => act))
    for (let step = 0; step < 120; step++) {
      world.pick(bag)()
      await clock.advance(random() * world.pick([300, 300, 300, 300, 20_000]))
    }

    world.isEvil = false
    if (/dead|none/.test(source.current.status)) signIn()
    await clock.advance(120_000)
    if (random() < 0.5) for (const run of runs) run.abort()
    const calm: Run[] = []
    for (let step = 0; step < 40; step++) {
      calm.push(start(world.pick(['query', 'mutation', 'query', 'connect'])))
      await clock.advance(random() * world.pick([100, 5_000]))
      if (random() < 0.3) signIn(source.current.subject)
    }
    const last = start('subscription')
    await clock.advance(20_000)
    expect(calm.filter(({ isOver, error }) => !isOver || error)).toEqual([])
    expect(last).toMatchObject({ isOver: false, error: undefined })

    const alive = runs.filter(({ kind, isOver }) => kind === 'subscription' && !isOver)
    const before = new Map(alive.map((run) => [run, run.results]))
    for (const socket of sockets) {
      for (const id of socket.subscriptions) socket.says({ id, type: 'next', payload: { data: { n: 0 } } })
    }
    await clock.advance(5_000)
    expect(alive.filter((run) => run.results === before.get(run))).toEqual([])
    const errors = runs.flatMap(({ error }) => (error === undefined ? [] : [error as Error]))
    expect(errors.filter((error) => error.name !== 'AbortError' && !GraphLinksError.is(error))).toEqual([])

    const gone = Promise.all([client.dispose(), source.dispose()])
    await clock.advance(10_000)
    await gone
    expect(runs.filter(({ isOver }) => !isOver)).toEqual([])
    expect([clock.pending, sockets.size]).toEqual([0, 0])
  },
)
