/**
 * The fault matrix of a session, in random sequences: kinds of operations x outcomes of refreshes x faults of the store
 * x what clocks and people do. What must hold whatever happens is checked after each sequence.
 */
import { inspect } from 'node:util'
import { FakeClock, settle } from '@graphlinks/testing'
import fc from 'fast-check'
import { createClient, type Client } from '../client.ts'
import { renderFields } from '../credentials.ts'
import { GraphLinksError } from '../errors.ts'
import { chain, type TerminalLink } from '../link.ts'
import type { Result } from '../results.ts'
import { createTokenSource } from './createTokenSource.ts'
import type { SessionChannel, SessionEvent, SessionMessage, TokenSource } from './tokenSource.ts'
import { tokenRefreshLink } from './tokenRefreshLink.ts'
import { memoryTokenStore, type RefreshLock, type StoredTokens, type TokenStore } from './tokenStore.ts'

const refreshes = ['ok', 'ok', 'ok', 'slow', 'slow', 'later than the limit', 'lost', 'invalid_grant', 'invalid_client', '401', '429', '503', 'html', 'hang', 'throw', 'garbage', 'other subject'] as const // prettier-ignore
const storeFaults = ['ok', 'ok', 'ok', 'slow', 'fail', 'fail once', 'hang'] as const
const refusals = ['401', 'no data', 'partial data'] as const
const kinds = ['query', 'mutation', 'subscription'] as const

type Step =
  | { readonly do: 'start'; readonly kind: (typeof kinds)[number]; readonly latencyMs: number; readonly tab: number }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'set the date'; readonly ms: number }
  | { readonly do: 'refreshes are'; readonly outcome: (typeof refreshes)[number] }
  | { readonly do: 'the store is'; readonly fault: (typeof storeFaults)[number] }
  | { readonly do: 'the server refuses with'; readonly refusal: (typeof refusals)[number] }
  | { readonly do: 'void the access tokens' }
  | { readonly do: 'sign in'; readonly tab: number }
  | { readonly do: 'sign out'; readonly tab: number }
  | { readonly do: 'abort'; readonly index: number }
  | { readonly do: 'close a tab'; readonly tab: number }

const tab = fc.nat(1)
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('start' as const), kind: fc.constantFrom(...kinds), latencyMs: fc.constantFrom(0, 0, 300, 3_000), tab }) }, // prettier-ignore
  { weight: 5, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.oneof(fc.nat(2_000), fc.nat(70_000), fc.nat(700_000)) }) }, // prettier-ignore
  { weight: 1, arbitrary: fc.record({ do: fc.constant('set the date' as const), ms: fc.constantFrom(-86_400_000, -3_600_000, 60_000, 86_400_000) }) }, // prettier-ignore
  { weight: 4, arbitrary: fc.record({ do: fc.constant('refreshes are' as const), outcome: fc.constantFrom(...refreshes) }) }, // prettier-ignore
  { weight: 2, arbitrary: fc.record({ do: fc.constant('the store is' as const), fault: fc.constantFrom(...storeFaults) }) }, // prettier-ignore
  { weight: 1, arbitrary: fc.record({ do: fc.constant('the server refuses with' as const), refusal: fc.constantFrom(...refusals) }) }, // prettier-ignore
  { weight: 3, arbitrary: fc.record({ do: fc.constant('void the access tokens' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('sign in' as const), tab }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sign out' as const), tab }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('abort' as const), index: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close a tab' as const), tab }) },
)

/** An authorization server with rotating refresh tokens, and a GraphQL server that believes it. */
class Server {
  readonly clock: FakeClock
  outcome: (typeof refreshes)[number] = 'ok'
  refusal: (typeof refusals)[number] = '401'
  /** How often a refresh token was presented after its successor had been used: a theft, as far as a server can tell. */
  reuses = 0
  /** How often a refresh token was presented again after an answer that arrived in time. */
  repeats = 0
  readonly executions = new Map<string, number>()
  readonly #answered = new Set<string>()
  readonly #access = new Map<string, { readonly user: string; readonly until: number; isVoid: boolean }>()
  readonly #refresh = new Map<string, { readonly user: string; successor?: string }>()
  #count = 0

  constructor(clock: FakeClock) {
    this.clock = clock
  }

  signIn(user: string) {
    return this.#issue(user)
  }

  voidAccessTokens(): void {
    for (const token of this.#access.values()) token.isVoid = true
  }

  userOf(token: string | undefined): string | undefined {
    const access = token === undefined ? undefined : this.#access.get(token)
    return access && !access.isVoid && this.clock.now() < access.until ? access.user : undefined
  }

  /** What the application's refresh function does. */
  refresh(refreshToken: string): unknown {
    if (this.outcome === 'throw') throw new Error(`sync ${refreshToken}`)
    return this.#answer(refreshToken, this.outcome)
  }

  async #answer(refreshToken: string, outcome: Server['outcome']): Promise<unknown> {
    if (this.#answered.has(refreshToken)) this.repeats++
    if (outcome === 'hang') await new Promise(() => {})
    if (outcome === 'invalid_grant') throw Object.assign(new Error(`no ${refreshToken}`), { error: 'invalid_grant' })
    if (outcome === 'invalid_client') throw Object.assign(new Error('who?'), { error: 'invalid_client' })
    if (outcome === '401' || outcome === '503') throw Object.assign(new Error('no'), { status: Number(outcome) })
    if (outcome === '429') throw Object.assign(new Error('busy'), { status: 429, retryAfter: '7' })
    if (outcome === 'html') JSON.parse('<html>')
    if (outcome === 'garbage') return { token: 'where is it?' }
    const tokens = this.#rotate(refreshToken)
    if (outcome === 'slow') await this.#after(2_000)
    if (outcome === 'later than the limit') await this.#after(40_000)
    if (outcome === 'ok' || outcome === 'slow') this.#answered.add(refreshToken)
    if (outcome === 'lost') throw new TypeError('fetch failed')
    return outcome === 'other subject' ? { ...tokens, subject: 'mallory' } : tokens
  }

  #after(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.after(ms, resolve))
  }

  #rotate(refreshToken: string) {
    const presented = this.#refresh.get(refreshToken)
    if (!presented) throw Object.assign(new Error('unknown'), { error: 'invalid_grant' })
    const { successor } = presented
    // The grace that makes a lost answer harmless: until its successor was used, the same again.
    if (successor !== undefined && this.#refresh.get(successor)?.successor !== undefined) {
      this.reuses++
      throw Object.assign(new Error('reused'), { error: 'invalid_grant' })
    }
    const tokens = this.#issue(presented.user, successor)
    presented.successor = tokens.refreshToken
    return tokens
  }

  #issue(user: string, refreshToken = `sEcReT-refresh-${++this.#count}`) {
    const accessToken = `sEcReT-access-${++this.#count}`
    this.#access.set(accessToken, { user, until: this.clock.now() + 300_000, isVoid: false })
    if (!this.#refresh.has(refreshToken)) this.#refresh.set(refreshToken, { user })
    return { accessToken, refreshToken, expiresInSeconds: 300, subject: user }
  }

  /** What stands in for the GraphQL server: who asks, after a while. */
  readonly terminal: TerminalLink = async function* (this: Server, operation: Parameters<TerminalLink>[0]) {
    const { headers } = renderFields(operation, { endpoint: new URL('https://api.test/graphql'), link: 'terminal' })
    const user = this.userOf(headers.get('authorization')?.slice('Bearer '.length))
    const { id = '', latencyMs = 0 } = operation.variables as { id?: string; latencyMs?: number }
    await new Promise<void>((resolve, reject) => {
      const cancel = this.clock.after(latencyMs, resolve)
      operation.signal.addEventListener('abort', () => {
        cancel()
        reject(operation.signal.reason as Error)
      })
    })
    const execute = (): void => void this.executions.set(id, (this.executions.get(id) ?? 0) + 1)
    if (user === undefined && headers.has('authorization')) {
      if (this.refusal === '401') throw Object.assign(new GraphLinksError('no'), { status: 401 })
      const errors = [{ message: 'no', extensions: { code: 'UNAUTHENTICATED' } }]
      if (this.refusal === 'partial data') execute()
      yield this.refusal === 'partial data' ? { data: { user: null, half: true }, errors } : { errors }
      return
    }
    execute()
    for (let event = 0; event < (operation.kind === 'subscription' ? 3 : 1); event++)
      yield { data: { user: user ?? null } }
  }.bind(this) as TerminalLink
}

/** A store with faults, which may be asynchronous. */
class FaultyStore implements TokenStore {
  readonly inner = memoryTokenStore()
  readonly clock: FakeClock
  fault: (typeof storeFaults)[number] = 'ok'

  constructor(clock: FakeClock) {
    this.clock = clock
  }

  read(): Promise<StoredTokens | undefined> {
    return this.#faulty(() => this.inner.read() as StoredTokens | undefined)
  }

  write(tokens: StoredTokens | undefined): Promise<void> {
    return this.#faulty(() => void this.inner.write(tokens))
  }

  replace(tokens: StoredTokens, version: string | undefined): Promise<boolean> {
    return this.#faulty(() => this.inner.replace(tokens, version) as boolean, tokens.accessToken)
  }

  async #faulty<Value>(act: () => Value, quoted = ''): Promise<Value> {
    const { fault } = this
    if (fault === 'slow') await new Promise<void>((resolve) => void this.clock.after(400, resolve))
    if (fault === 'hang') await new Promise(() => {})
    if (fault === 'fail once') this.fault = 'ok'
    if (fault === 'fail' || fault === 'fail once') throw new Error(`the disk is full: ${quoted}`)
    return act()
  }
}

/** A BroadcastChannel of this test; what is sent on it must not hold a token. */
class FakeChannel implements SessionChannel {
  readonly #hub: Set<FakeChannel>
  #listener: (() => void) | undefined = undefined

  constructor(hub: Set<FakeChannel>) {
    this.#hub = hub
    hub.add(this)
  }

  postMessage(message: SessionMessage): void {
    if (JSON.stringify(message).includes('sEcReT')) throw new Error('a token was sent on the channel')
    for (const other of this.#hub) if (other !== this) queueMicrotask(() => other.#listener?.())
  }

  addEventListener(_type: 'message', listener: () => void): void {
    this.#listener = listener
  }

  removeEventListener(): void {
    this.#listener = undefined
  }

  close(): void {
    this.#hub.delete(this)
  }
}

interface Started {
  readonly id: string
  readonly kind: (typeof kinds)[number]
  /** Who was signed in on the tab when the operation started. */
  readonly user: string | undefined
  readonly controller: AbortController
  readonly results: Result[]
  outcome: 'running' | 'completed' | { readonly error: unknown }
}

interface Tab {
  readonly session: TokenSource
  readonly client: Client
  readonly events: SessionEvent[]
  user: string | undefined
}

/** How often something happened in all sequences: a matrix with holes proves little. */
type Tally = Map<string, number>

async function play(sequence: readonly Step[], numbers: () => number, tally: Tally): Promise<void> {
  const count = (what: string): void => void tally.set(what, (tally.get(what) ?? 0) + 1)
  const clock = new FakeClock()
  const server = new Server(clock)
  const store = new FaultyStore(clock)
  const tails: Promise<unknown>[] = []
  // One refresh at a time among the tabs; a tab that waits gives up with its own limit.
  const lock: RefreshLock = (_, refresh) => {
    const turn = Promise.resolve(tails.at(-1)).then(refresh, refresh)
    tails.push(turn.catch(() => {}))
    return turn
  }
  let users = 0
  // Who signed in last, on whichever tab.
  let expected: string | undefined = 'user0'
  const hub = new Set<FakeChannel>()
  const openTab = (): Tab => {
    const session = createTokenSource({
      store,
      lock,
      channel: new FakeChannel(hub),
      clock,
      mode: numbers() < 0.5 ? 'eager' : 'lazy',
      random: numbers,
      revoke: () => {},
      refresh: (({ refreshToken }: { refreshToken: string }) => server.refresh(refreshToken)) as never,
    })
    const client = createClient({ link: chain(tokenRefreshLink(session), server.terminal) })
    const opened: Tab = { session, client, events: [], user: undefined }
    session.events.subscribe((event) => opened.events.push(event))
    return opened
  }
  const first = openTab()
  void first.session.set(server.signIn('user0'))
  await settle()
  const tabs = [first, openTab()]
  await settle()
  const closed: Tab[] = []
  const operations: Started[] = []

  const start = (kind: Started['kind'], latencyMs: number, { client, session }: Tab): void => {
    const id = String(operations.length)
    const controller = new AbortController()
    const user = session.current.subject
    const operation: Started = { id, kind, user, controller, results: [], outcome: 'running' }
    operations.push(operation)
    void (async () => {
      try {
        const results = client.execute(`${kind} Op { user }`, { id, latencyMs }, { signal: controller.signal })
        for await (const result of results) operation.results.push(result)
        operation.outcome = 'completed'
      } catch (error) {
        operation.outcome = { error }
      }
    })()
  }

  let lastSigned = 0
  for (const step of sequence) {
    if ('tab' in step && step.do !== 'start' && step.tab !== lastSigned) {
      // Two people cannot act in one turn of two tabs.
      lastSigned = step.tab
      await settle()
    }
    if (step.do === 'start') start(step.kind, step.latencyMs, tabs[step.tab] as Tab)
    else if (step.do === 'advance') await clock.advance(step.ms)
    else if (step.do === 'set the date') clock.setDate(step.ms)
    else if (step.do === 'refreshes are') server.outcome = step.outcome
    else if (step.do === 'the store is') store.fault = step.fault
    else if (step.do === 'the server refuses with') server.refusal = step.refusal
    else if (step.do === 'void the access tokens') server.voidAccessTokens()
    else if (step.do === 'sign in') {
      expected = `user${++users}`
      void (tabs[step.tab] as Tab).session.set(server.signIn(expected))
    } else if (step.do === 'sign out') {
      expected = undefined
      void (tabs[step.tab] as Tab).session.clear()
    } else if (step.do === 'abort') operations[step.index]?.controller.abort(new Error('by the user'))
    else {
      const [gone] = tabs.splice(step.tab, 1, openTab()) as [Tab]
      closed.push(gone)
      void gone.client.dispose()
      void gone.session.dispose()
    }
    if (numbers() < 0.5) await settle()
  }

  // Whatever hangs, everything settles within the limits of a refresh or two.
  await clock.advance(100_000)
  for (const { id, outcome } of operations) if (outcome === 'running') throw new Error(`operation ${id} never settled`)
  const isStoreWell = !sequence.some((step) => step.do === 'the store is' && step.fault !== 'ok')
  const hasEnded = [...tabs, ...closed].some(({ events }) => events.some(({ type }) => type === 'sessionEnded'))
  if (isStoreWell && !hasEnded) for (const { session } of tabs) expect(session.current.subject).toBe(expected)
  for (const { client, session } of tabs) {
    void client.dispose()
    void session.dispose()
  }
  await clock.advance(10_000)
  // What the made-up server and store wait for is theirs.
  store.fault = 'ok'
  await clock.advance(60_000)
  expect(clock.pending).toBe(0)

  expect(server.reuses).toBe(0)
  // One refresh for each generation, in all tabs, for as long as the store they share is well.
  if (isStoreWell) expect(server.repeats).toBe(0)
  const emitted: unknown[] = []
  for (const { kind, user, results, outcome } of operations) {
    if (typeof outcome === 'object') emitted.push(outcome.error)
    for (const { data } of results) {
      const seen = (data as { user?: string | null } | undefined)?.user ?? undefined
      // Of nobody else, and of nobody where the session ended or was not known yet.
      if (seen !== undefined && user !== undefined && seen !== user) throw new Error(`${kind} of ${user} gave ${seen}`)
    }
  }
  for (const { id, kind, outcome, results } of operations) {
    const how = typeof outcome === 'object' ? ((outcome.error as { code?: string }).code ?? 'aborted') : outcome
    count(`${kind}: ${how}`)
    for (const { notReplayed, data } of results)
      count(notReplayed ? `not replayed: ${notReplayed}` : data ? 'data' : 'errors')
    const executions = server.executions.get(id) ?? 0
    if (kind === 'mutation' && executions > 1) throw new Error(`mutation ${id} was executed ${executions} times`)
  }
  for (const { events, session } of [...tabs, ...closed]) {
    emitted.push(events, session, session.current)
    const ended = events.filter(({ type }) => type === 'sessionEnded').map(({ epoch }) => epoch)
    if (new Set(ended).size < ended.length) throw new Error(`sessions ended twice: ${ended.join()}`)
    for (const { type } of events) count(`event: ${type}`)
  }
  expect(inspect(emitted, { depth: 20, showHidden: true }).match(/sEcReT-\w+/)).toBeNull()
}

test('the fault matrix: 2,000 random sequences keep the invariants', async () => {
  const tally: Tally = new Map()
  await fc.assert(
    fc.asyncProperty(
      fc.array(steps, { minLength: 5, maxLength: 40, size: 'max' }),
      fc.integer(),
      async (sequence, seed) => {
        await play(sequence, numbersFrom(seed), tally)
      },
    ),
    { numRuns: 2_000 },
  )
  for (const what of [
    ...kinds.flatMap((kind) =>
      ['completed', 'IDENTITY_CHANGED', 'AUTH_REFRESH', 'AUTH_EXPIRED', 'DISPOSED', 'aborted'].map(
        (how) => `${kind}: ${how}`,
      ),
    ),
    ...['set', 'cleared', 'refreshed', 'refreshFailed', 'sessionEnded'].map((type) => `event: ${type}`),
    'data',
    'not replayed: executed',
  ]) {
    expect([what, (tally.get(what) ?? 0) > 3]).toEqual([what, true])
  }
}, 120_000)

/** Numbers from 0 to 1 that a failure can repeat (mulberry32). */
function numbersFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
