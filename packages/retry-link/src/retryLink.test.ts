import fc from 'fast-check'
import {
  FakeClock,
  linkContract,
  memoryLink,
  scriptedServer,
  secretCanary,
  settle,
  type MemoryAnswer,
  type MemoryLink,
} from '@graphlinks/testing'
import { httpLink, HttpError, NetworkError, StreamInterruptedError } from '@graphlinks/http-link'
import { timeoutLink } from '@graphlinks/timeout-link'
import { SocketClosedError, SocketConnectError } from '@graphlinks/ws-link'
import {
  AuthExpiredError,
  AuthQueueFullError,
  AuthRefreshError,
  bearerLink,
  chain,
  createClient,
  createOperation,
  emptyContext,
  execute,
  executionOf,
  GraphLinksError,
  IdentityChangedError,
  lastResult,
  OptionsError,
  replay,
  TimeoutError,
  tokenRefreshLink,
  type Link,
  type Operation,
  type OperationInit,
  type Result,
  type Results,
} from '@graphlinks/core'
import { retryLink, type GiveUpEvent, type RetryEvent, type RetryLinkOptions, type RetryQuestion } from './index.ts'

linkContract(() => retryLink())
linkContract(() => retryLink({ retryIf: async () => false, idempotencyKey: async () => 'key', resubscribe: true }))

const query = (init: Partial<OperationInit> = {}): Operation => createOperation({ document: 'query Q { a }', ...init })
const mutation = (init: Partial<OperationInit> = {}): Operation =>
  createOperation({ document: 'mutation M { a }', ...init })
const subscription = (): Operation => createOperation({ document: 'subscription S { n }' })
const never = (): Promise<never> => new Promise(() => {})
const ok: Result = { data: { a: 1 } }

/** An error as terminal links throw them. */
const status = (code: number, retryAfter?: string): Error =>
  new HttpError(`status ${code}`, { status: code, mediaType: 'text/html', retryAfter })
const down = (): Error => new NetworkError('no answer')
const refused = (): Error =>
  new NetworkError('no answer', {
    cause: new Error('TypeError', { cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }) }),
  })
const closed = (mayHaveRun: boolean): Error => new SocketClosedError('closed', { closeCode: 1001, mayHaveRun }, true)

const graphqlResult = (code: number, result: Result, headers = new Headers()): Result => ({
  ...result,
  http: { status: code, headers, url: 'https://memory.test/graphql' },
})

function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => Promise.reject(new Error(`it should have failed, and gave ${JSON.stringify(value)}`)),
    (error: unknown) => error,
  )
}

const iterate = (results: Results): AsyncIterator<Result> => results[Symbol.asyncIterator]()

/** Answers one after the other, the last of them for ever. */
function answering(...answers: (MemoryAnswer | (() => MemoryAnswer | Promise<MemoryAnswer>))[]): MemoryLink {
  let index = 0
  return memoryLink(() => {
    const answer = answers[Math.min(index++, answers.length - 1)] as (typeof answers)[number]
    return typeof answer === 'function' ? answer() : answer
  })
}

/** Runs an operation until it is over, whatever it waits for. */
async function run(
  answers: Parameters<typeof answering>,
  options: RetryLinkOptions = {},
  operation: Operation = query(),
): Promise<{ outcome: unknown; sent: number; memory: MemoryLink; elapsedMs: number }> {
  const clock = (options.clock as FakeClock | undefined) ?? new FakeClock()
  const memory = answering(...answers)
  const link = chain(retryLink({ random: () => 1, ...options, clock }), memory)
  let elapsedMs = -1
  const outcome = lastResult(link, operation)
    .catch((error: unknown) => error)
    .finally(() => (elapsedMs = clock.now()))
  for (let turns = 0; elapsedMs < 0; turns++) {
    if (turns > 1_000) throw new Error('it hangs')
    await clock.advance(clock.delays[0] ?? 0)
  }
  await settle()
  expect(clock.pending).toBe(0)
  return { outcome: await outcome, sent: memory.sent.length, memory, elapsedMs }
}

describe('H25 what is sent again', () => {
  const passing: [string, () => Error][] = [
    ['a network failure', down],
    ...[408, 429, 502, 503, 504].map((code): [string, () => Error] => [`status ${code}`, () => status(code)]),
    ['a status of another link', () => Object.assign(new Error('busy'), { status: 503 })],
    ['M7 S6 a stream that broke off', () => new StreamInterruptedError('the stream ended early')],
    ['a timeout', () => new TimeoutError('too late')],
    ['a lost socket', () => closed(false)],
    ['no socket', () => new SocketConnectError('no connection', {}, true)],
  ]
  test.each(passing)('H25 field notes 2.23: a query after %s', async (_, fail) => {
    const { outcome, sent, memory } = await run([fail(), ok])
    expect(outcome).toEqual(ok)
    expect(sent).toBe(2)
    expect(memory.sent.map(({ ended }) => ended)).toEqual(['failed', 'completed'])
  })

  test.each(passing)('H25 a subscription without a result after %s', async (_, fail) => {
    expect(await run([fail(), ok], {}, subscription())).toMatchObject({ outcome: ok, sent: 2 })
  })

  test('H25 nothing else', async () => {
    for (const error of [
      new Error('boom'),
      new TypeError('boom'),
      new GraphLinksError('boom'),
      ...[400, 401, 403, 404, 405, 406, 413, 500, 501, 505].map((code) => status(code)),
      new SocketConnectError('wrong protocol', {}, false),
      new SocketClosedError('forbidden', { closeCode: 4403 }, false),
      Object.assign(new Error('busy'), { status: 503, retryable: false }),
    ]) {
      const { outcome, sent } = await run([error, ok])
      expect(outcome).toBe(error)
      expect(sent).toBe(1)
    }
  })

  test('H26 a GraphQL result, by its status alone', async () => {
    for (const code of [200, 408, 429, 500, 502, 503, 504]) {
      for (const result of [{ errors: [{ message: 'no' }] }, { data: null, errors: [{ message: 'no' }] }]) {
        const answer = graphqlResult(code, result)
        expect(await run([answer, ok])).toMatchObject({ outcome: answer, sent: 1 })
      }
    }
  })

  test('the error of the last attempt is the error of the operation', async () => {
    const last = down()
    expect(await run([status(503), down(), last])).toMatchObject({ outcome: last, sent: 3 })
  })

  test('M7 S6 nothing of which the consumer has results', async () => {
    const broken = new StreamInterruptedError('the stream ended early')
    async function* parts(): AsyncGenerator<Result> {
      yield { data: { n: 1 }, hasNext: true }
      throw broken
    }
    for (const operation of [query(), subscription()]) {
      const asked = jest.fn(() => true)
      const memory = memoryLink(() => parts())
      const iterator = iterate(execute(chain(retryLink({ retryIf: asked }), memory), operation))
      asked.mockReturnValueOnce(false)
      expect(await iterator.next()).toMatchObject({ value: { data: { n: 1 } } })
      expect(await errorOf(iterator.next())).toBe(broken)
      expect(memory.sent).toHaveLength(1)
      expect(asked).toHaveBeenCalledTimes(1)
    }
  })

  test('H26 field notes 3.30: nothing whose variables hold a stream', async () => {
    async function* chunks(): AsyncGenerator<string> {
      yield 'a'
    }
    const options = { retryIf: () => true, idempotencyKey: () => 'key' }
    for (const variables of [{ file: new ReadableStream() }, { files: [{ file: chunks() }] }]) {
      for (const operation of [query({ variables }), mutation({ variables })])
        expect(await run([refused(), ok], options, operation)).toMatchObject({ sent: 1 })
    }
    expect(await run([down(), ok], {}, query({ variables: { file: new Blob(['a']) } }))).toMatchObject({ sent: 2 })
  })

  test('field notes 3.26: nothing whose context says never', async () => {
    const context = emptyContext.with(replay, 'never')
    expect(await run([down(), ok], { retryIf: () => true }, query({ context }))).toMatchObject({ sent: 1 })
  })
})

describe('mutations', () => {
  test('H25 E6 threats 16 field notes E6: a mutation that may have run is not sent again', async () => {
    for (const error of [
      down(),
      ...[401, 408, 429, 500, 502, 503, 504].map((code) => status(code)),
      closed(true),
      new TimeoutError('late'),
    ]) {
      for (const options of [{}, { retryIf: () => true }]) {
        expect(await run([error, ok], options, mutation())).toMatchObject({ outcome: error, sent: 1 })
      }
    }
    const { sent } = await run([{ data: null, errors: [{ message: 'no' }] }, ok], { retryIf: () => true }, mutation())
    expect(sent).toBe(1)
  })

  test('H25 a mutation that certainly did not run is', async () => {
    const lookUp = Object.assign(new Error(), { code: 'ENOTFOUND' })
    for (const error of [
      refused(),
      new NetworkError('no answer', { cause: new Error('TypeError', { cause: lookUp }) }),
      closed(false),
      new SocketConnectError('no connection', {}, true),
    ]) {
      expect(await run([error, ok], {}, mutation())).toMatchObject({ outcome: ok, sent: 2 })
    }
    const invalid = { errors: [{ message: 'busy' }] }
    expect(await run([invalid, ok], {}, mutation())).toMatchObject({ outcome: invalid, sent: 1 })
    expect(
      await run([invalid, ok], { retryIf: ({ outcome }) => outcome.result === invalid }, mutation()),
    ).toMatchObject({ outcome: ok, sent: 2 })
  })

  test('H25 field notes 2.23: with an idempotency key it is, with the same key each time', async () => {
    let count = 0
    for (const idempotencyKey of [() => `key-${++count}`, async () => `key-${++count}`]) {
      const { outcome, memory } = await run([status(503), down(), ok], { idempotencyKey }, mutation())
      expect(outcome).toEqual(ok)
      const keys = memory.sent.map(({ headers }) => headers['idempotency-key'])
      expect(keys).toEqual(Array.from({ length: 3 }, () => `key-${count}`))
    }
    expect(count).toBe(2)
  })

  test('H25 the key is given, or not, per operation, and only to mutations', async () => {
    const idempotencyKey = jest.fn(({ operationName }: Operation) => (operationName === 'Pay' ? 'key' : undefined))
    const pay = createOperation({ document: 'mutation Pay { pay }' })
    expect(await run([status(503), ok], { idempotencyKey }, pay)).toMatchObject({ sent: 2 })
    const { sent, memory } = await run([status(503), ok], { idempotencyKey }, mutation())
    expect(sent).toBe(1)
    expect(memory.sent[0]?.headers).toEqual({})
    expect((await run([status(503), ok], { idempotencyKey })).memory.sent.map(({ headers }) => headers)).toEqual([
      {},
      {},
    ])
    expect(idempotencyKey).toHaveBeenCalledTimes(2)
  })

  test('a key header of the call takes its place, and the mutation is not sent again: it may have been removed', async () => {
    const idempotencyKey = jest.fn(() => 'key')
    for (const value of ['mine', null]) {
      const operation = mutation({ headers: { 'Idempotency-Key': value } })
      const { sent, memory } = await run([status(503), ok], { idempotencyKey }, operation)
      expect(sent).toBe(1)
      expect(memory.sent[0]?.headers).toEqual(value === null ? {} : { 'idempotency-key': 'mine' })
    }
    expect(idempotencyKey).not.toHaveBeenCalled()
  })

  test('a key that is missing is none', async () => {
    for (const missing of [undefined, null, '']) {
      const { sent, memory } = await run(
        [status(503), ok],
        { idempotencyKey: async () => missing as string },
        mutation(),
      )
      expect([sent, memory.sent[0]?.headers]).toEqual([1, {}])
    }
  })

  test('over WebSocket, where the key goes nowhere, it makes no difference', async () => {
    const lost = closed(true)
    expect(await run([lost, ok], { idempotencyKey: () => 'key' }, mutation())).toMatchObject({ outcome: lost, sent: 1 })
  })

  test('K-4 a key that cannot be had fails the operation, and nothing is sent', async () => {
    const boom = new Error('boom')
    for (const idempotencyKey of [
      () => {
        throw boom
      },
      () => Promise.reject(boom),
    ]) {
      const { outcome, sent } = await run([ok], { idempotencyKey: idempotencyKey as never }, mutation())
      expect(outcome).toBe(boom)
      expect(sent).toBe(0)
    }
    for (const bad of [5, {}, 'a\nb'])
      expect(await run([ok], { idempotencyKey: () => bad as never }, mutation())).toMatchObject({
        outcome: expect.any(GraphLinksError),
        sent: 0,
      })
  })

  test('the type asks for a key', () => {
    // @ts-expect-error without a key there is no such option
    expect(() => retryLink({ mutations: true })).not.toThrow()
    // @ts-expect-error one key for all mutations would make them one
    expect(() => retryLink({ idempotencyKey: 'key' })).toThrow(OptionsError)
  })
})

describe('field notes 2.24: retryIf', () => {
  test('field notes 2.24 E2: it is asked with the outcome, the attempt and the operation, and may widen', async () => {
    const busy = { errors: [{ message: 'busy', extensions: { code: 'BUSY' } }] }
    const isBusy = ({ outcome: { result } }: RetryQuestion): boolean =>
      result?.errors?.[0]?.extensions?.['code'] === 'BUSY'
    for (const make of [
      (asked: RetryQuestion[]) => (question: RetryQuestion) => (asked.push(question), isBusy(question)),
      (asked: RetryQuestion[]) => async (question: RetryQuestion) => (asked.push(question), isBusy(question)),
    ]) {
      const asked: RetryQuestion[] = []
      const operation = query()
      const { outcome, memory } = await run([busy, busy, ok], { retryIf: make(asked) }, operation)
      expect(outcome).toEqual(ok)
      expect(asked.map(({ attempt, isRetryable, outcome: { result } }) => [attempt, isRetryable, result])).toEqual([
        [1, false, busy],
        [2, false, busy],
        [3, false, ok],
      ])
      expect(asked.every((question) => question.operation.document === operation.document)).toBe(true)
      expect(memory.sent.map(({ ended }) => ended)).toEqual(['closed', 'closed', 'completed'])
    }
  })

  test('field notes 2.24: it may narrow, and widen to any error', async () => {
    expect(await run([down(), ok], { retryIf: async () => false })).toMatchObject({ sent: 1 })
    const boom = new Error('boom')
    expect(await run([boom, ok], { retryIf: ({ outcome }) => outcome.error === boom })).toMatchObject({ sent: 2 })
    const both: RetryLinkOptions = { retryIf: ({ isRetryable, outcome }) => isRetryable || outcome.error === boom }
    expect(await run([boom, down(), ok], both)).toMatchObject({ outcome: ok, sent: 3 })
  })

  test('anything but true is no', async () => {
    for (const answer of [undefined, 'yes', 1, Promise.resolve({})])
      expect(await run([down(), ok], { retryIf: () => answer as never })).toMatchObject({ sent: 1 })
  })

  test('field notes E2: where it throws or rejects, that is the error of the operation, and the attempt is closed', async () => {
    const boom = new Error('boom')
    const own = new GraphLinksError('own')
    for (const answer of [down(), ok]) {
      for (const thrown of [boom, own]) {
        for (const retryIf of [
          () => {
            throw thrown
          },
          () => Promise.reject(thrown),
        ]) {
          const { outcome, memory } = await run([answer], { retryIf: retryIf as never })
          expect(outcome).toBe(thrown)
          expect(memory.sent.map(({ ended }) => ended)).toEqual([answer === ok ? 'closed' : 'failed'])
        }
      }
    }
  })

  test.each(['the abort of a signal', 'an early end of reading'])(
    'field notes E1 2.25: after %s while it is pending, nothing is sent',
    async (how) => {
      for (const answer of [down(), ok]) {
        const clock = new FakeClock()
        const controller = new AbortController()
        let decide: (again: boolean) => void = () => {}
        const retryIf = (): Promise<boolean> => new Promise((resolve) => (decide = resolve))
        const memory = answering(answer)
        const operation = query({ signal: controller.signal })
        const iterator = iterate(execute(chain(retryLink({ retryIf, clock }), memory), operation))
        const pending = iterator.next().catch((error: unknown) => error)
        await settle()
        const reason = new Error('left')
        if (how.startsWith('the')) controller.abort(reason)
        else await iterator.return?.()
        expect(await pending).toEqual(how.startsWith('the') ? reason : { done: true, value: undefined })
        await settle()
        expect(memory.sent.map(({ ended }) => ended)).toEqual([answer === ok ? 'closed' : 'failed'])
        decide(true)
        await clock.advance(100_000)
        expect(memory.sent.map(({ ended }) => ended)).toEqual([answer === ok ? 'closed' : 'failed'])
        expect(clock.pending).toBe(0)
      }
    },
  )

  test('field notes E1 2.26: a rejection that comes after the abort goes nowhere', async () => {
    const controller = new AbortController()
    let fail: (error: Error) => void = () => {}
    const retryIf = (): Promise<boolean> => new Promise((_, reject) => (fail = reject))
    const outcome = errorOf(
      lastResult(chain(retryLink({ retryIf }), answering(down())), query({ signal: controller.signal })),
    )
    await settle()
    controller.abort(new Error('left'))
    expect(await outcome).toEqual(new Error('left'))
    fail(new Error('late'))
    await settle()
  })

  test('it is not asked about what an abort did', async () => {
    const retryIf = jest.fn(() => true)
    const controller = new AbortController()
    const memory = answering(never)
    const outcome = errorOf(lastResult(chain(retryLink({ retryIf }), memory), query({ signal: controller.signal })))
    await settle()
    controller.abort(new Error('left'))
    await outcome
    await settle()
    expect(retryIf).not.toHaveBeenCalled()
    expect(memory.sent).toHaveLength(1)
  })
})

describe('pauses', () => {
  const delays = async (answers: Parameters<typeof answering>, options: RetryLinkOptions): Promise<number[]> => {
    const events: RetryEvent[] = []
    await run(answers, {
      maxAttempts: 8,
      maxElapsedMs: Infinity,
      budget: Infinity,
      ...options,
      onRetry: (event) => void events.push(event),
    })
    return events.map(({ delayMs }) => delayMs)
  }

  test('H25 full jitter: up to twice as long each time, up to a limit', async () => {
    expect(await delays([down()], {})).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000])
    expect(await delays([down()], { random: () => 0.5, baseDelayMs: 100, maxDelayMs: 300 })).toEqual([
      50, 100, 150, 150, 150, 150, 150,
    ])
    expect(await delays([down()], { random: () => 0, maxAttempts: 3 })).toEqual([0, 0])
    expect(await delays([down()], { baseDelayMs: 0, maxAttempts: 3 })).toEqual([0, 0])
  })

  test('H25 Retry-After in seconds, and jitter on top', async () => {
    expect(await delays([status(429, '7'), status(503, ' 0 '), ok], {})).toEqual([7_500, 1_000])
    expect(await delays([status(503, '7'), ok], { random: () => 0 })).toEqual([7_000])
  })

  test('H25 Retry-After as a date, on the clock of the day', async () => {
    const clock = new FakeClock()
    clock.setDate(3_600_000)
    const date = (inMs: number): string => new Date(clock.date() + inMs).toUTCString()
    expect(await delays([status(503, date(9_000)), ok], { clock })).toEqual([9_500])
    expect(await delays([status(503, date(-9_000)), ok], { clock })).toEqual([500])
  })

  test('H25 what is no Retry-After counts as none', async () => {
    for (const text of ['', 'soon', '-5', '1e3x', 'NaN'])
      expect(await delays([status(503, text), ok], {})).toEqual([500])
  })

  test('H25 Retry-After is capped', async () => {
    const tomorrow = new Date(Date.UTC(2026, 0, 2)).toUTCString()
    for (const text of ['86400', tomorrow, '9'.repeat(400)]) {
      expect(await delays([status(503, text), ok], {})).toEqual([30_500])
      expect(await delays([status(503, text), ok], { maxDelayMs: 1_000 })).toEqual([1_500])
    }
  })

  test('Retry-After of a result that the application sends again', async () => {
    const busy = graphqlResult(503, { errors: [{ message: 'busy' }] }, new Headers({ 'retry-after': '3' }))
    expect(await delays([busy, ok], { retryIf: ({ outcome }) => outcome.result === busy })).toEqual([3_500])
  })

  test.each(['the abort of a signal', 'an early end of reading', 'the end of the client'])(
    'field notes 2.25: %s ends a pause at once, and leaves no timer',
    async (how) => {
      const clock = new FakeClock()
      const controller = new AbortController()
      const memory = answering(down())
      const link = chain(retryLink({ clock }), memory)
      const client = createClient({ link })
      const iterator =
        how === 'the end of the client'
          ? iterate(client.subscribe('subscription S { n }'))
          : iterate(execute(link, query({ signal: controller.signal })))
      const pending = iterator.next().catch((error: unknown) => error)
      await settle()
      expect(clock.pending).toBe(1)
      const reason = new Error('left')
      if (how.startsWith('the abort')) controller.abort(reason)
      else if (how.startsWith('an early')) await iterator.return?.()
      else await client.dispose()
      await pending
      await settle()
      expect(clock.pending).toBe(0)
      expect(memory.sent).toHaveLength(1)
    },
  )

  test('field notes 3.12 3.30: the old attempt is over before the next one starts', async () => {
    const clock = new FakeClock()
    const order: string[] = []
    const answers = [{ errors: [{ message: 'busy' }] }, down(), ok]
    const observe: Link = async function* observe(operation, next) {
      order.push('start')
      try {
        yield* next(operation)
      } finally {
        await settle()
        order.push('end')
      }
    }
    const retryIf = ({ outcome }: RetryQuestion): boolean => outcome.result !== ok
    const link = chain(retryLink({ clock, retryIf, random: () => 0 }), observe, answering(...answers))
    const outcome = lastResult(link, query())
    while (order.length < 6) await clock.advance(0)
    expect(await outcome).toEqual(ok)
    expect(order).toEqual(['start', 'end', 'start', 'end', 'start', 'end'])
  })
})

describe('what limits it', () => {
  test('maxAttempts counts the first', async () => {
    for (const maxAttempts of [1, 2, 5]) {
      const given: GiveUpEvent[] = []
      const { sent, outcome } = await run([down()], { maxAttempts, onGiveUp: (event) => void given.push(event) })
      expect(sent).toBe(maxAttempts)
      expect(given).toMatchObject([{ attempt: maxAttempts, reason: 'attempts', outcome: { error: outcome } }])
    }
  })

  test('maxElapsedMs: no attempt starts later', async () => {
    for (const [maxElapsedMs, sent, endedAt] of [
      [3_500, 4, 3_500],
      [3_499, 3, 1_500],
      [0, 1, 0],
    ]) {
      const given: GiveUpEvent[] = []
      const run_ = await run([down()], { maxAttempts: 10, maxElapsedMs, onGiveUp: (event) => void given.push(event) })
      expect([run_.sent, run_.elapsedMs]).toEqual([sent, endedAt])
      expect(given.map(({ reason }) => reason)).toEqual(['time'])
    }
    expect(await run([status(503, '20'), ok], { maxElapsedMs: 10_000 })).toMatchObject({ sent: 1, elapsedMs: 0 })
  })

  test('budget: an outage is not multiplied', async () => {
    const clock = new FakeClock()
    const given: GiveUpEvent[] = []
    const memory = answering(down())
    const link = chain(retryLink({ clock, random: () => 0, onGiveUp: (event) => void given.push(event) }), memory)
    const all = Promise.all(Array.from({ length: 1_000 }, () => errorOf(lastResult(link, query()))))
    await clock.advance(0)
    await clock.advance(0)
    await all
    expect(memory.sent.length).toBe(1_000 + 100)
    expect(new Set(given.map(({ reason }) => reason))).toEqual(new Set(['budget']))

    // In an outage that lasts, one for five operations.
    const before = memory.sent.length
    for (let n = 0; n < 100; n++) {
      const outcome = errorOf(lastResult(link, query()))
      await clock.advance(0)
      await clock.advance(0)
      await outcome
    }
    expect(memory.sent.length - before).toBe(120)

    // A client with few operations: one in ten seconds.
    await clock.advance(10_000)
    const later = memory.sent.length
    const outcome = errorOf(lastResult(link, query()))
    await clock.advance(0)
    await clock.advance(0)
    await outcome
    expect(memory.sent.length - later).toBe(2)
  })

  test('budget: another share, or none', async () => {
    const retries = async (budget: number): Promise<number> => {
      const clock = new FakeClock()
      const memory = answering(down())
      const link = chain(retryLink({ clock, random: () => 0, budget }), memory)
      const all = Promise.all(Array.from({ length: 50 }, () => errorOf(lastResult(link, query()))))
      for (let n = 0; n < 3; n++) await clock.advance(0)
      await all
      return memory.sent.length - 50
    }
    expect(await retries(Infinity)).toBe(100)
    expect(await retries(0.2)).toBe(20)
    expect(await retries(0.5)).toBe(50)
    expect(await retries(0.01)).toBe(1)
    expect(await retries(0)).toBe(0)
  })

  test('budget: over any time, it is kept', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ pauseMs: fc.nat(5_000), operations: fc.nat(20), fails: fc.boolean() }), { maxLength: 20 }),
        async (phases) => {
          const clock = new FakeClock()
          let fails = false
          const memory = memoryLink(() => (fails ? down() : ok))
          const link = chain(retryLink({ clock, random: () => 0, maxAttempts: 10 }), memory)
          let operations = 0
          for (const phase of phases) {
            ;({ fails } = phase)
            operations += phase.operations
            const all = Promise.all(
              Array.from({ length: phase.operations }, () => lastResult(link, query()).catch(() => undefined)),
            )
            for (let n = 0; n < 10; n++) await clock.advance(0)
            await all
            await clock.advance(phase.pauseMs)
          }
          const retries = memory.sent.length - operations
          expect(retries).toBeLessThanOrEqual(10 + 0.2 * operations + clock.now() / 10_000 + 1e-6)
        },
      ),
      { numRuns: 30 },
    )
  })
})

describe('onRetry and onGiveUp', () => {
  test('field notes 2.24: they are told of each', async () => {
    const told: unknown[] = []
    const [first, second, third] = [down(), status(503, '1'), down()]
    const operation = query()
    await run(
      [first, second, third],
      {
        onRetry: (event) => void told.push(event),
        onGiveUp: (event) => void told.push(event),
      },
      operation,
    )
    expect(told).toMatchObject([
      { attempt: 1, delayMs: 500, outcome: { error: first } },
      { attempt: 2, delayMs: 2_000, outcome: { error: second } },
      { attempt: 3, reason: 'attempts', outcome: { error: third } },
    ])
    for (const event of told) expect((event as RetryEvent).operation.operationName).toBe('Q')
  })

  test('nothing is given up where nothing would be sent again', async () => {
    const onGiveUp = jest.fn()
    for (const answer of [ok, new Error('boom'), status(500)]) await run([answer], { onGiveUp, maxAttempts: 1 })
    await run([status(503)], { onGiveUp }, mutation())
    expect(onGiveUp).not.toHaveBeenCalled()
  })

  test('a promise is waited for, until the operation is over', async () => {
    for (const name of ['onRetry', 'onGiveUp'] as const) {
      const clock = new FakeClock()
      const controller = new AbortController()
      let proceed: () => void = () => {}
      const hook = (): Promise<void> => new Promise((resolve) => (proceed = resolve))
      const link = chain(
        retryLink({ clock, random: () => 0, maxAttempts: name === 'onRetry' ? 2 : 1, [name]: hook }),
        answering(down()),
      )
      const outcome = errorOf(lastResult(link, query()))
      await clock.advance(1_000)
      proceed()
      await clock.advance(1_000)
      expect(await outcome).toBeInstanceOf(NetworkError)
      const left = errorOf(lastResult(link, query({ signal: controller.signal })))
      await settle()
      controller.abort(new Error('left'))
      expect(await left).toEqual(new Error('left'))
    }
  })

  test('what they throw is the error of the operation', async () => {
    const boom = new Error('boom')
    const hook = (): never => {
      throw boom
    }
    for (const hooks of [{ onRetry: hook }, { onRetry: async () => hook() }, { onGiveUp: hook, maxAttempts: 1 }]) {
      const { outcome, sent } = await run([down(), ok], hooks)
      expect(outcome).toBe(boom)
      expect(sent).toBe(1)
    }
  })

  test('the execution knows how often', async () => {
    let seen: unknown
    const observe: Link = async function* observe(operation, next) {
      yield* next(operation)
      seen = [executionOf(operation)?.attempts, [...(executionOf(operation)?.notes ?? [])]]
    }
    const link = chain(observe, retryLink({ random: () => 0, baseDelayMs: 0 }), answering(down(), down(), ok))
    await lastResult(link, query())
    expect(seen).toEqual([3, [['retry', 2]]])
  })
})

describe('resubscribe', () => {
  const broken = (): Error => new StreamInterruptedError('the stream ended early')

  /** Subscriptions of some events each, with a second between them, which then break off. */
  function events(clock: FakeClock, ...counts: number[]): MemoryLink {
    let count = 0
    return memoryLink(async function* () {
      for (let events = counts.shift() ?? 0; events > 0; events--) {
        await new Promise<void>((resolve) => void clock.after(1_000, resolve))
        yield { data: { n: ++count } }
      }
      if (counts.length > 0) throw broken()
    } as never)
  }

  async function collect(clock: FakeClock, results: Results): Promise<{ got: Result[]; error: unknown }> {
    const got: Result[] = []
    let over = false
    const end = (async () => {
      for await (const result of results) got.push(result)
    })()
      .catch((error: unknown) => error)
      .finally(() => (over = true))
    while (!over) await clock.advance(clock.delays[0] ?? 0)
    return { got, error: await end }
  }

  test('field notes 3.12: where it is asked for, a subscription goes on, and says that it was interrupted', async () => {
    const clock = new FakeClock()
    const link = chain(retryLink({ clock, random: () => 1, resubscribe: true }), events(clock, 2, 0, 2))
    const { got, error } = await collect(clock, execute(link, subscription()))
    expect(error).toBeUndefined()
    expect(got).toEqual([
      { data: { n: 1 } },
      { data: { n: 2 } },
      { data: { n: 3 }, resumed: { gapMs: 1_500 } },
      { data: { n: 4 } },
    ])
  })

  test('it is for subscriptions alone', async () => {
    const clock = new FakeClock()
    const link = chain(retryLink({ clock, resubscribe: true }), events(clock, 1, 1))
    const { got, error } = await collect(clock, execute(link, query()))
    expect(got).toHaveLength(1)
    expect(error).toBeInstanceOf(StreamInterruptedError)
  })

  test('a subscription that ends well is over, and an error that does not pass ends it', async () => {
    const clock = new FakeClock()
    const memory = events(clock, 1)
    const done = await collect(clock, execute(chain(retryLink({ clock, resubscribe: true }), memory), subscription()))
    expect(done).toEqual({ got: [{ data: { n: 1 } }], error: undefined })
    expect(memory.sent).toHaveLength(1)
  })

  test('S8 field notes 3.11: attempts count anew after one that was well, and not after one that was not', async () => {
    const clock = new FakeClock()
    const counts = [31, 31, 31, 31, 31, 31]
    const memory = events(clock, ...counts)
    const link = chain(retryLink({ clock, resubscribe: true, maxElapsedMs: 10_000 }), memory)
    expect((await collect(clock, execute(link, subscription()))).error).toBeUndefined()
    expect(memory.sent).toHaveLength(6)

    const flapping = events(clock, 1, 1, 1, 1, 1, 1)
    const strict = chain(retryLink({ clock, resubscribe: true }), flapping)
    expect((await collect(clock, execute(strict, subscription()))).error).toBeInstanceOf(StreamInterruptedError)
    expect(flapping.sent).toHaveLength(3)
  })

  test('field notes 3.11: an attempt that lasted long and gave nothing was not well', async () => {
    const clock = new FakeClock()
    const timeout = timeoutLink({ idleTimeoutMs: 40_000, clock })
    const options = { clock, resubscribe: true, maxElapsedMs: Infinity }
    const memory = memoryLink(never)
    const outcome = errorOf(lastResult(chain(retryLink(options), timeout, memory), query()))
    await clock.advance(1_000_000)
    expect(await outcome).toBeInstanceOf(TimeoutError)
    expect(memory.sent).toHaveLength(3)

    const once = answering(
      () =>
        (async function* () {
          yield { data: { n: 1 } }
          throw broken()
        })(),
      never,
    )
    const events = collect(clock, execute(chain(retryLink(options), timeout, once), subscription()))
    expect((await events).error).toBeInstanceOf(TimeoutError)
    expect(once.sent).toHaveLength(3)
  })

  test('K-3 leaving while it is interrupted starts nothing', async () => {
    const clock = new FakeClock()
    const memory = events(clock, 1, 1)
    const iterator = iterate(
      execute(chain(retryLink({ clock, random: () => 1, resubscribe: true }), memory), subscription()),
    )
    const first = iterator.next()
    await clock.advance(1_000)
    await first
    const second = iterator.next()
    await settle()
    expect(clock.pending).toBe(1)
    await iterator.return?.()
    expect(await second).toMatchObject({ done: true })
    await clock.advance(60_000)
    expect(memory.sent).toHaveLength(1)
  })
})

describe('with other links', () => {
  const unauthenticated = { errors: [{ message: 'who?', extensions: { code: 'UNAUTHENTICATED' } }] }

  test('E6 TR-5 what tokenRefreshLink handles is not for it, whatever retryIf says', async () => {
    const answers: MemoryAnswer[] = [
      status(401),
      unauthenticated,
      graphqlResult(401, { errors: [{ message: 'no' }] }),
      { ...ok, notReplayed: 'replayed' },
      new SocketClosedError('who?', { closeCode: 4401 }, true),
      new AuthExpiredError('over'),
      new AuthRefreshError('later', { retryAfterMs: 1 }),
      new AuthQueueFullError('full'),
      new IdentityChangedError('another'),
    ]
    const retryIf = (): boolean => true
    for (const answer of answers) {
      for (const operation of [query(), mutation()]) {
        const options = { retryIf, idempotencyKey: () => 'key' }
        expect(await run([answer, ok], options, operation)).toMatchObject({ outcome: answer, sent: 1 })
      }
    }
  })

  test.each([
    ['alone', false],
    ['with a timeoutLink between them', true],
  ])('TR-5 retry 3 x auth 1 is at most 4 sends, %s', async (_, withTimeout) => {
    const orders = [
      [status(401), status(503)],
      [status(503), status(401)],
      [status(401), status(401), status(503)],
      [unauthenticated, status(503), unauthenticated, status(503), unauthenticated, status(503)],
      [status(503), status(503), status(401), status(503)],
      [status(401)],
      [status(503)],
    ]
    for (const answers of orders) {
      const clock = new FakeClock()
      let turn = 0
      const memory = memoryLink(() => answers[turn++ % answers.length] as MemoryAnswer)
      let renewed = 0
      const refresh = tokenRefreshLink({
        initial: { accessToken: 'access0', refreshToken: 'r' },
        refresh: async () => ({ accessToken: `access${++renewed}`, refreshToken: 'r' }),
        clock,
      })
      const timeout = withTimeout ? [timeoutLink({ timeoutMs: 1_000, clock })] : []
      const client = createClient({ link: chain(retryLink({ clock, random: () => 0 }), ...timeout, refresh, memory) })
      let over = false
      const outcome = client
        .query('{ a }')
        .catch((error: unknown) => error)
        .finally(() => (over = true))
      while (!over) await clock.advance(0)
      await outcome
      expect(memory.sent.length).toBeLessThanOrEqual(4)
      await client.dispose()
    }
  })

  test('TR-5 a token that expired on the way costs nobody the answer', async () => {
    const clock = new FakeClock()
    const memory = answering(status(503), unauthenticated, ok)
    const refresh = tokenRefreshLink({
      initial: { accessToken: 'access0', refreshToken: 'r' },
      refresh: async () => ({ accessToken: 'access1', refreshToken: 'r' }),
      clock,
    })
    const client = createClient({ link: chain(retryLink({ clock, random: () => 0 }), refresh, memory) })
    const outcome = client.query('{ a }')
    await clock.advance(0)
    await clock.advance(0)
    expect(await outcome).toMatchObject(ok)
    expect(memory.sent.map(({ headers }) => headers['authorization'])).toEqual([
      'Bearer access0',
      'Bearer access0',
      'Bearer access1',
    ])
    await client.dispose()
  })

  test('field notes E17: each attempt asks for its credential anew', async () => {
    let count = 0
    const memory = answering(down(), ok)
    const link = chain(
      retryLink({ baseDelayMs: 0 }),
      bearerLink(() => `t${++count}`),
      memory,
    )
    await lastResult(link, query())
    expect(memory.sent.map(({ headers }) => headers['authorization'])).toEqual(['Bearer t1', 'Bearer t2'])
  })

  test('field notes 3.11: two of them count each for itself', async () => {
    const clock = new FakeClock()
    const [a, b] = [new Error('a'), new Error('b')]
    const only = (wanted: Error): RetryLinkOptions => ({
      clock,
      random: () => 0,
      maxAttempts: 2,
      retryIf: ({ outcome }) => outcome.error === wanted,
    })
    const memory = answering(a, b, a, ok)
    const outcome = lastResult(chain(retryLink(only(b)), retryLink(only(a)), memory), query())
    for (let n = 0; n < 4; n++) await clock.advance(0)
    expect(await outcome).toEqual(ok)
    expect(memory.sent).toHaveLength(4)
  })

  test('field notes 3.11: nor do operations of one link share anything but the budget', async () => {
    const clock = new FakeClock()
    const counts = new Map<unknown, number>()
    const memory = memoryLink(({ variables }) => {
      const id = variables?.['id']
      counts.set(id, (counts.get(id) ?? 0) + 1)
      return (counts.get(id) ?? 0) < 3 ? down() : { data: { id } }
    })
    const link = chain(retryLink({ clock, budget: Infinity }), memory)
    const ids = Array.from({ length: 50 }, (_, id) => id)
    const all = Promise.all(ids.map((id) => lastResult(link, query({ variables: { id } }))))
    await clock.advance(2_000)
    expect((await all).map(({ data }) => data)).toEqual(ids.map((id) => ({ id })))
    expect([...counts.values()]).toEqual(ids.map(() => 3))
  })

  test('timeoutLink inside it limits each attempt, which is then sent again', async () => {
    const clock = new FakeClock()
    const memory = answering(never, never, ok)
    const timeout = timeoutLink({ timeoutMs: 1_000, clock })
    const outcome = lastResult(chain(retryLink({ clock, random: () => 0 }), timeout, memory), query())
    await clock.advance(2_000)
    expect(await outcome).toEqual(ok)
    expect(memory.sent.map(({ ended }) => ended)).toEqual(['failed', 'failed', 'completed'])
    expect(clock.pending).toBe(0)
  })

  test('timeoutLink outside it limits them all, pauses included', async () => {
    const clock = new FakeClock()
    const memory = answering(down())
    const link = chain(
      timeoutLink({ timeoutMs: 1_000, clock }),
      retryLink({ clock, random: () => 1, maxAttempts: 9 }),
      memory,
    )
    const outcome = errorOf(lastResult(link, query()))
    await clock.advance(1_000)
    expect(await outcome).toMatchObject({ code: 'TIMEOUT', link: 'timeoutLink' })
    expect(memory.sent).toHaveLength(2)
    expect(clock.pending).toBe(0)
  })
})

test('K-4 whatever happens, an operation settles once, a mutation runs once, and nothing is left', async () => {
  const faults: Record<string, () => MemoryAnswer | Promise<MemoryAnswer>> = {
    ok: () => ok,
    down,
    refused,
    busy: () => status(503, '1'),
    lost: () => closed(true),
    partial: () =>
      (async function* () {
        yield { data: { n: 1 }, hasNext: true }
        throw new StreamInterruptedError('the stream ended early')
      })(),
    graphql: () => graphqlResult(503, { data: null, errors: [{ message: 'no' }] }),
    never,
  }
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...Object.keys(faults)), { minLength: 1, maxLength: 6 }),
      fc.constantFrom('query', 'mutation', 'subscription'),
      fc.record({ maxAttempts: fc.integer({ min: 1, max: 4 }), resubscribe: fc.boolean() }),
      fc.constantFrom(
        undefined,
        async () => true,
        () => false,
      ),
      fc.nat(3_000),
      async (script, kind, options, retryIf, abortAtMs) => {
        const clock = new FakeClock()
        let executed = 0
        let turn = 0
        const memory = memoryLink(() => {
          const fault = script[turn++ % script.length] as string
          if (fault !== 'refused') executed++
          return (faults[fault] as () => MemoryAnswer)()
        })
        const controller = new AbortController()
        const operation = createOperation({ document: `${kind} X { a }`, signal: controller.signal })
        const link = chain(retryLink({ ...options, retryIf, clock, random: () => 0.5 }), memory)
        const ends: unknown[] = []
        const iterator = iterate(execute(link, operation))
        const reading = (async () => {
          for (let step = await iterator.next(); !step.done; step = await iterator.next());
        })()
        void reading.then(
          () => ends.push('done'),
          () => ends.push('failed'),
        )
        await clock.advance(abortAtMs)
        controller.abort(new Error('left'))
        await settle()
        expect(ends).toHaveLength(1)
        expect(clock.pending).toBe(0)
        expect(memory.sent.length).toBeLessThanOrEqual(options.maxAttempts)
        expect(memory.sent.map(({ ended }) => ended)).not.toContain(undefined)
        if (kind === 'mutation') expect(executed).toBeLessThanOrEqual(1)
        const { length } = memory.sent
        await clock.advance(100_000)
        expect(memory.sent).toHaveLength(length)
      },
    ),
    { numRuns: 300 },
  )
})

describe('over a real server', () => {
  test('H25 503 with Retry-After, in seconds and as a date', async () => {
    const clock = new FakeClock()
    const afters = ['2', new Date(clock.date() + 2_000 + 5_000).toUTCString()]
    const server = await scriptedServer((exchange) => {
      const after = afters.shift()
      if (after === undefined) return exchange.respond(200, { 'content-type': 'application/json' }, '{"data":{"a":1}}')
      return exchange.respond(503, { 'content-type': 'text/html', 'retry-after': after }, '<h1>busy</h1>')
    })
    const delays: number[] = []
    let arrived = (): void => {}
    const onRetry = ({ delayMs }: RetryEvent): void => {
      delays.push(delayMs)
      arrived()
    }
    const client = createClient({
      link: chain(retryLink({ clock, random: () => 0, onRetry }), httpLink({ url: server.url })),
    })
    const outcome = client.query('{ a }')
    for (const [index, waitMs] of [2_000, 5_000].entries()) {
      if (delays.length <= index) await new Promise<void>((resolve) => (arrived = resolve))
      await clock.advance(waitMs - 1)
      expect(server.requests).toHaveLength(index + 1)
      await clock.advance(1)
    }
    expect(await outcome).toMatchObject({ data: { a: 1 } })
    expect(delays).toEqual([2_000, 5_000])
    await client.dispose()
    await server.close()
  })

  test('H25 threats 16 a mutation whose answer is lost runs once; with a key, the server sees that it is the same', async () => {
    const seen: (string | null)[] = []
    let executions = 0
    const server = await scriptedServer((exchange) => {
      const key = exchange.request.headers.get('idempotency-key')
      if (key === null || !seen.includes(key)) executions++
      seen.push(key)
      if (seen.length % 2 === 1) return exchange.reset()
      return exchange.respond(200, { 'content-type': 'application/json' }, `{"data":{"executions":${executions}}}`)
    })
    const link = (options?: RetryLinkOptions): ReturnType<typeof chain> =>
      chain(retryLink({ baseDelayMs: 0, ...options }), httpLink({ url: server.url }))
    expect(await errorOf(lastResult(link(), mutation()))).toBeInstanceOf(NetworkError)
    expect([seen, executions]).toEqual([[null], 1])
    seen.length = executions = 0
    expect(await lastResult(link({ idempotencyKey: () => 'key' }), mutation())).toMatchObject({
      data: { executions: 1 },
    })
    expect([seen, executions]).toEqual([['key', 'key'], 1])
    await server.close()
  })

  test('H25 a mutation that no server took is sent again', async () => {
    const server = await scriptedServer(() => {})
    await server.close()
    const attempts: number[] = []
    const onRetry = ({ attempt }: RetryEvent): void => void attempts.push(attempt)
    const link = chain(retryLink({ baseDelayMs: 0, onRetry }), httpLink({ url: server.url }))
    expect(await errorOf(lastResult(link, mutation()))).toBeInstanceOf(NetworkError)
    expect(attempts).toEqual([1, 2])
  })
})

test('no error and no event holds a credential', async () => {
  const canary = secretCanary()
  await canary.watch(async () => {
    const told: unknown[] = []
    const memory = answering(down())
    const hook = (event: unknown): void => void told.push(event)
    const options = { baseDelayMs: 0, retryIf: () => true, onRetry: hook, onGiveUp: hook, idempotencyKey: () => 'key' }
    const link = chain(retryLink(options), bearerLink(canary.value), memory)
    for (const operation of [query(), mutation({ headers: { 'x-session': canary.value } })]) {
      const error = await errorOf(lastResult(link, operation))
      canary.check(error)
      canary.check(told)
    }
    const throwing = chain(
      retryLink({
        retryIf: () => {
          throw new Error('boom')
        },
      }),
      bearerLink(canary.value),
      memory,
    )
    canary.check(await errorOf(lastResult(throwing, query())))
  })
})

test('K-10 bad options fail when the link is built, and a wrong order is reported', () => {
  for (const options of [
    { maxAttempts: 0 },
    { maxAttempts: Number.NaN },
    { maxAttempts: '3' },
    { maxElapsedMs: -1 },
    { baseDelayMs: -1 },
    { maxDelayMs: -1 },
    { retryIf: true },
    { idempotencyKey: 'key' },
    { onRetry: 1 },
    { onGiveUp: {} },
    { random: 0.5 },
    { resubscribe: 'yes' },
    { budget: -1 },
    { budget: false },
    { clock: 5 },
  ]) {
    expect(() => retryLink(options as never)).toThrow(OptionsError)
    expect(() => retryLink(options as never)).toThrow(/retryLink: \w+ is/)
  }
  const warn = jest.spyOn(console, 'warn').mockImplementation(() => {})
  chain(bearerLink('t'), retryLink(), memoryLink())
  expect(warn.mock.calls).toEqual([[expect.stringContaining('Move retryLink before bearerLink')]])
  warn.mockRestore()
})
