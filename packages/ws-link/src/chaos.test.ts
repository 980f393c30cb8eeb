/**
 * Two hours of a bad network, simulated: sockets and server live in memory, and all time is a clock that the test moves.
 * The seed is printed with a failure.
 */
import { chain, createClient, createTokenSource, tokenRefreshLink, type Client, type Result } from '@graphlinks/core'
import { FakeClock } from '@graphlinks/testing'
import { closeCodes, SocketClosedError, wsLink, type CloseCode, type ConnectionEvent } from './index.ts'

const second = 1_000
const minute = 60 * second
const lifetimeMs = 10 * minute
const skewMs = 5 * second
const identities = Array.from({ length: 20 }, (_, index) => `user-${index}`)

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

interface Token {
  readonly user: string
  readonly expiresAt: number
  isRevoked: boolean
  replacedAt?: number
}

/** Issues tokens that live for ten minutes and are renewed once each, as refresh tokens that rotate are. */
class Issuer {
  readonly tokens = new Map<string, Token>()
  readonly faults: string[] = []
  readonly #clock: FakeClock

  constructor(clock: FakeClock) {
    this.#clock = clock
  }

  issue(user: string): string {
    const name = `${user}.${this.tokens.size}`
    this.tokens.set(name, { user, expiresAt: this.#clock.now() + lifetimeMs, isRevoked: false })
    return name
  }

  renew(name: string): string {
    const token = this.tokens.get(name) as Token
    if (token.replacedAt !== undefined) this.faults.push(`${name} was renewed twice`)
    token.replacedAt = this.#clock.now()
    if (!token.isRevoked && token.replacedAt < token.expiresAt - skewMs) this.faults.push(`${name} was still good`)
    return this.issue(token.user)
  }

  userOf(name: string): string | undefined {
    const token = this.tokens.get(name)
    return token && !token.isRevoked && this.#clock.now() < token.expiresAt ? token.user : undefined
  }
}

interface Message {
  readonly type: string
  readonly id: string
  readonly payload: {
    readonly query: string
    readonly variables?: { readonly id: string }
    readonly headers?: Record<string, string>
  }
}

/** A server of graphql-transport-ws in memory, and its network. */
class Network {
  isUp = true
  made = 0
  readonly sockets = new Set<SimulatedSocket>()
  readonly runs = new Map<string, number>()
  readonly clock: FakeClock
  readonly issuer: Issuer
  readonly random: () => number

  constructor(clock: FakeClock, issuer: Issuer, random: () => number) {
    this.clock = clock
    this.issuer = issuer
    this.random = random
  }

  get latencyMs(): number {
    return 1 + this.random() * 80
  }

  closeAll(code: number): void {
    for (const socket of this.sockets) socket.serverCloses(code)
  }

  /** An event for every subscription; with a random delay, so that closes come in between. */
  publish(name: string): void {
    for (const socket of this.sockets) {
      for (const id of socket.subscriptions)
        socket.deliver({ id, type: 'next', payload: { data: { name, user: socket.user } } })
    }
  }
}

class SimulatedSocket {
  readyState = 0
  protocol = ''
  binaryType = ''
  bufferedAmount = 0
  user: string | undefined
  isSilent = false
  readonly subscriptions = new Set<string>()
  onopen?: (() => void) | null
  onmessage?: ((event: { data: string }) => void) | null
  onerror?: ((event: unknown) => void) | null
  onclose?: ((event: { code: number; reason: string; wasClean: boolean }) => void) | null
  readonly #network: Network
  readonly #listeners: (() => void)[] = []
  readonly #timers = new Set<() => void>()

  constructor(network: Network) {
    this.#network = network
    network.made++
    network.sockets.add(this)
    this.#later(() => {
      if (!network.isUp) return this.#fail(new Error('connect ECONNREFUSED'))
      this.protocol = 'graphql-transport-ws'
      this.readyState = 1
      this.onopen?.()
    })
  }

  addEventListener(type: string, listener: () => void): void {
    if (type === 'close') this.#listeners.push(listener)
  }

  send(text: string): void {
    const message = JSON.parse(text) as Message
    this.#later(() => this.#receive(message))
  }

  close(code = 1005): void {
    if (this.readyState > 1) return
    this.readyState = 2
    if (!this.isSilent) this.#later(() => this.#end(code))
  }

  terminate(): void {
    this.#end(1006)
  }

  deliver(message: object): void {
    if (!this.isSilent) this.#later(() => this.readyState === 1 && this.onmessage?.({ data: JSON.stringify(message) }))
  }

  serverCloses(code: number): void {
    if (!this.isSilent) this.#later(() => this.#end(code))
  }

  #receive({ type, id, payload }: Message): void {
    if (this.isSilent) return
    if (type === 'connection_init') {
      const token = payload?.headers?.['authorization']?.slice('Bearer '.length) ?? ''
      this.user = this.#network.issuer.userOf(token)
      if (this.user === undefined) return this.serverCloses(4403)
      // A server that ends connections with their tokens.
      const { expiresAt } = this.#network.issuer.tokens.get(token) as Token
      this.#later(() => this.serverCloses(4403), expiresAt - this.#network.clock.now())
      this.deliver({ type: 'connection_ack' })
    } else if (type === 'ping') this.deliver({ type: 'pong' })
    else if (type === 'complete') this.subscriptions.delete(id)
    else if (type === 'subscribe' && payload.query.startsWith('mutation')) {
      const { runs } = this.#network
      const key = payload.variables?.id as string
      runs.set(key, (runs.get(key) ?? 0) + 1)
      this.deliver({ id, type: 'next', payload: { data: { ran: key } } })
      this.deliver({ id, type: 'complete' })
    } else if (type === 'subscribe') this.subscriptions.add(id)
  }

  #fail(error: Error): void {
    this.onerror?.({ type: 'error', error, message: error.message })
    this.#end(1006)
  }

  #end(code: number): void {
    if (this.readyState === 3) return
    this.readyState = 3
    for (const cancel of this.#timers) cancel()
    this.#network.sockets.delete(this)
    this.onclose?.({ code, reason: '', wasClean: code !== 1006 })
    for (const listener of this.#listeners) listener()
  }

  /** In the order in which things were sent, as TCP has it. */
  #later(act: () => void, delayMs: number = 5): void {
    const { clock } = this.#network
    const cancel = clock.after(delayMs, () => {
      this.#timers.delete(cancel)
      act()
    })
    this.#timers.add(cancel)
  }
}

/** A subscription that is read for as long as it gives something. */
function follow(client: Client) {
  const iterator = client.subscribe('subscription Events { name }')[Symbol.asyncIterator]()
  const seen = { last: '', user: '', gaps: 0, error: undefined as unknown, isOver: false }
  const read = async (): Promise<void> => {
    try {
      for (let step = await iterator.next(); !step.done; step = await iterator.next()) {
        const { data, resumed } = step.value as Result<{ name: string; user: string }>
        if (seen.user !== '' && data?.user !== seen.user) throw new Error(`events of ${data?.user} for ${seen.user}`)
        Object.assign(seen, { last: data?.name, user: data?.user })
        if (resumed) seen.gaps++
      }
    } catch (error) {
      seen.error = error
    }
    seen.isOver = true
  }
  const done = read()
  const leave = async (): Promise<void> => {
    await iterator.return?.()
    await done
  }
  return { seen, leave }
}

test.each([1, 20_261_124])(
  'chaos, seed %d: 200 subscriptions of 20 users live through 2 hours of kills, silence, every close code and expiring tokens',
  async (seed) => {
    const random = randomOf(seed)
    const clock = new FakeClock()
    const issuer = new Issuer(clock)
    const network = new Network(clock, issuer, random)
    class Socket extends SimulatedSocket {
      constructor() {
        super(network)
      }
    }
    // A proxy that closes with anything at all, and is not to be taken at its word.
    const overrides: Record<number, CloseCode> = {}
    for (const [code, entry] of Object.entries(closeCodes)) {
      if (entry.action === 'fail') overrides[Number(code)] = { ...entry, action: 'retry' }
    }

    const events: (ConnectionEvent & { readonly at: number; readonly user: string })[] = []
    const clients = identities.map((user) => {
      const first = issuer.issue(user)
      const source = createTokenSource({
        initial: { accessToken: first, refreshToken: first, expiresInSeconds: lifetimeMs / second },
        refresh: async ({ refreshToken }) => {
          const next = issuer.renew(refreshToken as string)
          return { accessToken: next, refreshToken: next, expiresInSeconds: lifetimeMs / second }
        },
        skewMs,
        clock,
        random,
        mode: 'lazy',
      })
      const onEvent = (event: ConnectionEvent): unknown => events.push({ ...event, at: clock.now(), user })
      const options = { webSocket: Socket, clock, random, closeCodes: overrides, onEvent }
      const link = chain(tokenRefreshLink(source), wsLink({ url: 'wss://api.example.com/graphql', ...options }))
      return { client: createClient({ link }), source }
    })
    const followed = clients.flatMap(({ client }) => Array.from({ length: 10 }, () => follow(client)))
    await clock.advance(second)
    network.publish('first')
    await clock.advance(second)
    expect(followed.filter(({ seen }) => seen.last === 'first')).toHaveLength(200)
    expect(network.made).toBe(20)

    const mutations: { readonly id: string; outcome?: 'ran' | 'unknown' | 'failed' }[] = []
    const mutate = (): void => {
      for (const { client } of clients) {
        const mutation: (typeof mutations)[number] = { id: `m-${mutations.length}` }
        mutations.push(mutation)
        client.mutate('mutation Pay($id: ID) { pay(id: $id) }', { id: mutation.id }).then(
          () => (mutation.outcome = 'ran'),
          (error: unknown) =>
            (mutation.outcome = SocketClosedError.is(error) && error.mayHaveRun ? 'unknown' : 'failed'),
        )
      }
    }

    const codes = Object.keys(closeCodes).map(Number)
    const troubles: (() => Promise<void>)[] = [
      ...codes.map((code) => async () => {
        if (code === 4401 || code === 4403) for (const token of issuer.tokens.values()) token.isRevoked = true
        network.closeAll(code)
      }),
      ...Array.from({ length: 12 }, () => async () => {
        network.isUp = false
        network.closeAll(1006)
        await clock.advance(5 * second + random() * 55 * second)
        network.isUp = true
      }),
      ...Array.from({ length: 6 }, () => async () => {
        for (const socket of network.sockets) socket.isSilent = true
      }),
    ]
    let disruptions = 0
    while (clock.now() < 120 * minute) {
      mutate()
      // In the middle of what runs.
      await clock.advance(random() * 30)
      const [trouble] = troubles.splice(Math.floor(random() * troubles.length), 1)
      if (trouble) {
        disruptions++
        await trouble()
      }
      await clock.advance(45 * second + random() * 90 * second)
      network.publish(`at ${clock.now()}`)
      await clock.advance(20 * second)
    }
    await clock.advance(2 * minute)
    network.publish('last')
    await clock.advance(second)

    expect(troubles).toHaveLength(0)
    expect(followed.map(({ seen }) => seen.error).filter(Boolean)).toEqual([])
    expect(followed.filter(({ seen }) => seen.last === 'last' && !seen.isOver)).toHaveLength(200)
    expect(followed.every(({ seen }) => seen.gaps > 10)).toBe(true)

    // Each token was renewed once, and none that was still good: as many refreshes as tokens that ended.
    expect(issuer.faults).toEqual([])
    const hours = [...issuer.tokens.values()].filter(({ replacedAt }) => replacedAt !== undefined)
    expect(hours.length).toBe(issuer.tokens.size - identities.length)
    for (const user of identities) {
      const ended = hours.filter((token) => token.user === user).length
      expect(ended).toBeGreaterThanOrEqual(11)
      expect(ended).toBeLessThanOrEqual(16)
    }

    // No mutation ran twice; what is said to have run did, and what failed did not.
    for (const { id, outcome } of mutations) {
      const runs = network.runs.get(id) ?? 0
      expect([id, outcome, runs]).toEqual([
        id,
        outcome,
        outcome === 'ran' ? 1 : outcome === 'unknown' ? Math.min(runs, 1) : 0,
      ])
      expect(outcome).toBeDefined()
    }
    expect(mutations.filter(({ outcome }) => outcome === 'ran').length).toBeGreaterThan(mutations.length / 2)

    // Every attempt after a failure waited for as long as it said it would, and there were not many.
    for (const user of identities) {
      const mine = events.filter((event) => event.user === user)
      for (const [index, event] of mine.entries()) {
        if (event.type !== 'retrying') continue
        const next = mine.slice(index + 1).find(({ type }) => type === 'connecting')
        expect((next?.at ?? Infinity) - event.at).toBeGreaterThanOrEqual(event.delayMs)
      }
      expect(mine.filter(({ type }) => type === 'connecting').length).toBeLessThan(disruptions * 6)
    }

    const left = Promise.all(clients.flatMap(({ client, source }) => [client.dispose(), source.dispose()]))
    // The time that a silent socket gets to close.
    await clock.advance(5 * second)
    await left
    await Promise.all(followed.map(({ leave }) => leave()))
    expect(clock.pending).toBe(0)
    expect(network.sockets.size).toBe(0)
  },
  60_000,
)
