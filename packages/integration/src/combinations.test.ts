/** Every two links of the project in both orders, and random chains of up to eight, over a terminal link that fails. */
import { isDeepStrictEqual } from 'node:util'
import {
  apiKeyLink,
  basicAuthLink,
  bearerLink,
  chain,
  compose,
  cookieLink,
  createClient,
  createOperation,
  createTokenSource,
  execute,
  GraphLinksError,
  headerLink,
  renderFields,
  tokenRefreshLink,
  WiringError,
  type Link,
  type Operation,
  type OperationKind,
  type Result,
  type Results,
  type TerminalLink,
} from '@graphlinks/core'
import { memoryCookieJar } from '@graphlinks/cookie-jar'
import { batchLink } from '@graphlinks/batch-link'
import { circuitBreakerLink } from '@graphlinks/circuit-breaker-link'
import { concurrencyLink } from '@graphlinks/concurrency-link'
import { dedupLink } from '@graphlinks/dedup-link'
import { createDpopKey, dpopLink } from '@graphlinks/dpop-link'
import { failoverLink } from '@graphlinks/failover-link'
import { hedgeLink } from '@graphlinks/hedge-link'
import { hmacLink } from '@graphlinks/hmac-link'
import { httpLink, type Fetch } from '@graphlinks/http-link'
import { loggerLink } from '@graphlinks/logger-link'
import { persistedLink } from '@graphlinks/persisted-link'
import { retryLink } from '@graphlinks/retry-link'
import { sigv4Link } from '@graphlinks/sigv4-link'
import { FakeClock, linkContract, settle } from '@graphlinks/testing'
import { timeoutLink } from '@graphlinks/timeout-link'
import { jest } from '@jest/globals'
import fc from 'fast-check'

const dpopKey = createDpopKey()

/** Each link as an application has it, on a clock that the test moves. */
const makers: Readonly<Record<string, (clock: FakeClock) => Link>> = {
  headerLink: (clock) => headerLink(async () => ({ 'x-tenant': 'acme' }), { clock }),
  bearerLink: (clock) => bearerLink(async () => 'token', { clock }),
  basicAuthLink: (clock) => basicAuthLink({ username: 'ada', password: async () => 'p', clock }),
  apiKeyLink: (clock) => apiKeyLink({ key: ['k-new', 'k-old'], clock }),
  cookieLink: (clock) => cookieLink({ jar: memoryCookieJar({ clock }), clock, onUnauthenticated: () => {} }),
  tokenRefreshLink: (clock) => {
    const source = createTokenSource({
      initial: { accessToken: 'old', refreshToken: 'secret-refresh-token', expiresInSeconds: 600 },
      refresh: async () => ({ accessToken: 'new', expiresInSeconds: 600 }),
      clock,
      random: () => 0.5,
    })
    return Object.assign(tokenRefreshLink(source), { dispose: () => source.dispose() })
  },
  dedupLink: () => dedupLink(),
  circuitBreakerLink: (clock) => circuitBreakerLink({ clock, random: () => 0.5 }),
  concurrencyLink: (clock) => concurrencyLink({ maxInFlight: 1, queueTimeoutMs: 60_000, clock }),
  hedgeLink: (clock) => hedgeLink({ delayMs: 1_000, maxHedges: 2, clock }),
  hmacLink: (clock) => hmacLink({ key: { id: 'k-1', secret: 'secret-of-the-shop' }, clock }),
  sigv4Link: (clock) =>
    sigv4Link({
      credentials: async () => ({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret-key' }),
      region: 'eu-west-1',
      service: 'appsync',
      clock,
    }),
  dpopLink: (clock) => dpopLink({ key: () => dpopKey, clock }),
  retryLink: (clock) => retryLink({ clock, random: () => 0.5 }),
  timeoutLink: (clock) => timeoutLink({ timeoutMs: 20_000, idleTimeoutMs: 20_000, clock }),
  loggerLink: (clock) => loggerLink({ logger: { info() {}, warn() {}, error() {} }, clock }),
  persistedLink: () => persistedLink({ sha256: async () => 'a'.repeat(64) }),
}

/** What becomes of one attempt. */
const faults = {
  ok: () => [{ data: { n: 1 } }],
  none: () => [],
  several: () => [1, 2, 3].map((n) => ({ data: { n }, hasNext: n < 3 })),
  failedInPart: () => [{ data: null, errors: [{ message: 'no' }] }],
  invalid: () => [{ errors: [{ message: 'no such field' }] }],
  unauthenticated: () => [{ errors: [{ message: 'who?', extensions: { code: 'UNAUTHENTICATED' } }] }],
  network: () => new Failure('the connection broke', { retryable: true }),
  refused: () =>
    new Failure('nobody listens', { retryable: true, cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }) }),
  busy: () => new Failure('503', { status: 503, retryable: true, retryAfter: '2' }),
  unauthorized: () => new Failure('401', { status: 401 }),
  boom: () => new Error('boom'),
  slow: () => 'slow' as const,
  hangs: () => 'hangs' as const,
  breaksOff: () => 'breaksOff' as const,
} satisfies Record<string, () => readonly Result[] | Error | 'slow' | 'hangs' | 'breaksOff'>

type Fault = keyof typeof faults

/** After these, the server certainly ran nothing. */
const unexecuted: readonly Fault[] = ['invalid', 'unauthenticated', 'refused', 'unauthorized']

class Failure extends GraphLinksError {
  static override readonly code: string = 'NETWORK'

  constructor(message: string, facts: object) {
    super(message, { cause: (facts as { cause?: unknown }).cause })
    Object.assign(this, facts)
  }
}

/** A server that does to each attempt what comes next in its list, and answers when the list is at its end. */
function faultyServer(clock: FakeClock, list: readonly Fault[]) {
  const attempts: { readonly fault: Fault; readonly kind: OperationKind; isOver: boolean }[] = []
  async function* answer(fault: Fault): AsyncGenerator<Result> {
    const outcome = faults[fault]()
    if (outcome instanceof Error) throw outcome
    if (outcome === 'hangs') await new Promise(() => {})
    else if (outcome === 'slow') await new Promise<void>((resolve) => void clock.after(8_000, resolve))
    if (typeof outcome === 'object') yield* outcome
    else yield { data: { n: 1 } }
    if (outcome === 'breaksOff') throw new Failure('the stream broke off', { retryable: true })
  }
  const terminal: TerminalLink = (operation) => {
    renderFields(operation, { endpoint: new URL('https://api.example.com/graphql'), link: 'faulty' })
    const fault = list[attempts.length] ?? 'ok'
    const attempt = { fault, kind: operation.kind, isOver: false }
    attempts.push(attempt)
    return ending(operation, answer(fault), () => (attempt.isOver = true))
  }
  return { terminal, attempts }
}

/** As terminal links end: at once when they are aborted or left. */
function ending(operation: Operation, results: AsyncGenerator<Result>, onEnd: () => void): Results {
  const { signal } = operation
  return {
    [Symbol.asyncIterator]: () => ({
      next: () =>
        new Promise((resolve, reject) => {
          const onAbort = (): void => {
            onEnd()
            reject(signal.reason as Error)
          }
          signal.addEventListener('abort', onAbort, { once: true })
          results
            .next()
            .then(
              (step) => {
                if (step.done) onEnd()
                return step
              },
              (error: unknown) => {
                onEnd()
                throw error
              },
            )
            .finally(() => signal.removeEventListener('abort', onAbort))
            .then(resolve, reject)
        }),
      return: async () => {
        onEnd()
        return { done: true, value: undefined }
      },
    }),
  }
}

/**
 * Runs one operation to its end, and says how it ended; what no link ends, the caller does, after an hour.
 *
 * @param isSent - where what is done before takes time of its own, such as cryptography: the clock stands until then.
 */
async function run(
  link: TerminalLink,
  clock: FakeClock,
  kind: OperationKind,
  abortAfterMs?: number,
  isSent = (): boolean => true,
) {
  const controller = new AbortController()
  const left = new Error('left')
  const operation = createOperation({ document: `${kind} Q { n }`, signal: controller.signal })
  const ends: unknown[] = []
  const results: Result[] = []
  const iterator = execute(link, operation)[Symbol.asyncIterator]()
  const reading = (async () => {
    try {
      for (;;) {
        const step = await iterator.next()
        if (step.done) break
        results.push(step.value)
      }
      ends.push('completed')
    } catch (error) {
      ends.push(error)
    }
    // A second end would be read here.
    await iterator.next().then(
      ({ done }) => done || ends.push('a result after the end'),
      (error: unknown) => ends.push(error),
    )
  })()
  while (abortAfterMs === undefined && !isSent() && ends.length === 0) {
    await clock.advance(0)
    await new Promise((resolve) => void setImmediate(resolve))
  }
  if (abortAfterMs === undefined) await clock.advance(3_600_000)
  else await clock.advance(abortAfterMs)
  if (ends.length === 0) controller.abort(left)
  await reading
  return { ends, results, isAborted: ends[0] === left }
}

/** The links in their order; undefined where `chain` refuses it, and must. */
function chained(names: readonly string[], clock: FakeClock, terminal: TerminalLink): TerminalLink | undefined {
  const links = names.map((name) => (makers[name] as (typeof makers)[string])(clock))
  const isWrong = links.some(
    ({ stage }, index) => stage === 'share' && links.slice(index).some((inner) => inner.stage === 'credential'),
  )
  const build = (): TerminalLink => chain(...(links as [...Link[]]), terminal)
  if (!isWrong) return build()
  expect(build).toThrow(WiringError)
  return undefined
}

type Attempts = ReturnType<typeof faultyServer>['attempts']

/** Mutations that were sent again though they may have run. */
function repeated(attempts: Attempts): Attempts {
  return attempts.slice(0, -1).filter(({ kind, fault }) => kind === 'mutation' && !unexecuted.includes(fault))
}

/** Tens of thousands of times: Jest, which takes long, only has to look where something is not as it should be. */
function expectFacts<Facts extends object>(facts: Facts, expected: Facts): void {
  if (!isDeepStrictEqual(facts, expected)) expect(facts).toEqual(expected)
}

const warn = jest.spyOn(console, 'warn').mockImplementation(() => {})
beforeEach(() => warn.mockClear())
afterAll(() => warn.mockRestore())

const names = Object.keys(makers)
const pairs = names.flatMap((outer) => names.map((inner) => [outer, inner] as const))

/** Where one stage stands before another that belongs outside it. */
const warnings = ['queue replay', 'credential replay', 'credential queue', 'attempt replay']

describe.each(names)('%s before', (outer) => {
  test.each(names)('%s: the contract is kept, and a wrong order is a sentence', async (inner) => {
    const [first, second] = [outer, inner].map((name) => (makers[name] as (typeof makers)[string])(new FakeClock()))
    const [before, after] = [first?.stage, second?.stage]
    if (before === 'share' && after === 'credential') {
      expect(() => compose(first as Link, second as Link)).toThrow(
        `${outer} stands before ${inner}, so it cannot tell users apart`,
      )
      return
    }
    compose(first as Link, second as Link)
    const expected = warnings.includes(`${before} ${after}`)
      ? [
          [
            expect.stringMatching(
              `^graphlinks: ${outer} stands before ${inner}, so .+\\. Move ${inner} before ${outer}\\.$`,
            ),
          ],
        ]
      : []
    expect(warn.mock.calls).toEqual(expected)

    const broken: string[] = []
    const checks: (() => Promise<void>)[] = []
    linkContract(
      () => {
        const clock = new FakeClock()
        return compose(...[outer, inner].map((name) => (makers[name] as (typeof makers)[string])(clock)))
      },
      {
        test: (title, check) =>
          checks.push(async () => {
            await check().catch((error: unknown) => broken.push(`${title}: ${String(error)}`))
          }),
      },
    )
    for (const check of checks) await check()
    expect(broken).toEqual([])
  })
})

test.each(pairs)('%s before %s: each fault settles once, repeats no mutation, and leaves nothing', async (...order) => {
  for (const fault of Object.keys(faults) as Fault[]) {
    for (const kind of ['query', 'mutation', 'subscription'] as const) {
      for (const abortAfterMs of /^(slow|hangs|network|several)$/.test(fault) ? [undefined, 0] : [undefined]) {
        const clock = new FakeClock()
        const { terminal, attempts } = faultyServer(clock, [fault])
        const link = chained(order, clock, terminal)
        if (!link) return
        const { ends, isAborted } = await run(link, clock, kind, abortAfterMs)
        const unfinished = attempts.filter(({ isOver }) => !isOver)
        await createClient({ link }).dispose()
        // That of a slow answer is the server's own.
        const own = fault === 'slow' && isAborted ? 1 : 0
        expectFacts(
          {
            ends: ends.length,
            // What nobody ends by himself: an answer that never comes.
            neverEnded: isAborted && abortAfterMs === undefined && fault !== 'hangs',
            repeated: repeated(attempts),
            unfinished,
            timersLeft: Math.max(0, clock.pending - own),
          },
          { ends: 1, neverEnded: false, repeated: [], unfinished: [], timersLeft: 0 },
        )
      }
    }
  }
})

/** The terminal links that stand for others: each under each link, where its first endpoint or request fails. */
const wrappers: Readonly<Record<string, (clock: FakeClock, server: ReturnType<typeof faultyServer>) => TerminalLink>> =
  {
    failoverLink: (clock, { terminal }) => failoverLink([terminal, terminal], { clock, random: () => 0.5 }),
    batchLink: (clock, { terminal }) =>
      batchLink(httpLink({ url: 'https://api.example.com/graphql', clock, fetch: fetchOf(terminal) }), { clock }),
  }

/** A fetch that answers each operation of a request with what a terminal link has first. */
function fetchOf(terminal: TerminalLink): Fetch {
  return async (_, init) => {
    const body = JSON.parse(init.body as string) as { query: string } | { query: string }[]
    const headers = { 'content-type': 'application/json' }
    try {
      const answers = await Promise.all(
        [body].flat().map(async ({ query }) => {
          const operation = createOperation({ document: query, signal: init.signal as AbortSignal })
          for await (const result of await terminal(operation)) return result
          return { data: {} }
        }),
      )
      return new Response(JSON.stringify(Array.isArray(body) ? answers : answers[0]), { headers })
    } catch (error) {
      const { status } = error as { status?: number }
      if (status) return new Response('{}', { status, headers })
      throw error
    }
  }
}

describe.each(Object.keys(wrappers))('over %s', (wrapper) => {
  test.each(names)('%s: each fault settles once, repeats no mutation, and leaves nothing', async (name) => {
    for (const fault of Object.keys(faults) as Fault[]) {
      for (const kind of ['query', 'mutation'] as const) {
        for (const abortAfterMs of /^(slow|hangs|network)$/.test(fault) ? [undefined, 0] : [undefined]) {
          const clock = new FakeClock()
          const server = faultyServer(clock, [fault])
          const terminal = (wrappers[wrapper] as (typeof wrappers)[string])(clock, server)
          const link = chained([name], clock, terminal) as TerminalLink
          const isSent = () => server.attempts.length > 0
          const { ends, isAborted } = await run(link, clock, kind, abortAfterMs, isSent)
          expect(ends).toHaveLength(1)
          if (isAborted && abortAfterMs === undefined) expect(fault).toBe('hangs')
          // A hash in place of the document is nothing to this server.
          if (!isAborted && name !== 'persistedLink') expect(server.attempts[0]).toMatchObject({ fault, kind })
          expect(repeated(server.attempts)).toEqual([])
          await createClient({ link }).dispose()
          await settle()
          expect(server.attempts.filter(({ isOver }) => !isOver)).toEqual([])
          expect(clock.pending).toBeLessThanOrEqual(fault === 'slow' && isAborted ? 1 : 0)
        }
      }
    }
  })
})

test('random chains of up to eight links over random faults settle once, repeat no mutation, and leave nothing', async () => {
  const faultNames = Object.keys(faults) as Fault[]
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...names), { maxLength: 8 }),
      fc.array(fc.constantFrom(...faultNames), { maxLength: 6 }),
      fc.constantFrom<OperationKind>('query', 'mutation', 'subscription'),
      fc.option(fc.integer({ min: 0, max: 30_000 }), { nil: undefined }),
      async (order, list, kind, abortAfterMs) => {
        const clock = new FakeClock()
        const { terminal, attempts } = faultyServer(clock, list)
        const link = chained(order, clock, terminal)
        if (!link) return
        const { ends } = await run(link, clock, kind, abortAfterMs)
        expect(ends).toHaveLength(1)
        expect(repeated(attempts)).toEqual([])
        expect(attempts.filter(({ isOver }) => !isOver)).toEqual([])
        await createClient({ link }).dispose()
        await settle()
        const slow = attempts.filter(({ fault }) => fault === 'slow').length
        expect(clock.pending).toBeLessThanOrEqual(slow)
      },
    ),
    { numRuns: 300 },
  )
})
