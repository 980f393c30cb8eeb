import {
  bearerLink,
  chain,
  createOperation,
  emptyContext,
  execute,
  executionOf,
  lastResult,
  OptionsError,
  replay,
  type Clock,
  type Link,
  type Operation,
  type Result,
} from '@graphlinks/core'
import { httpLink } from '@graphlinks/http-link'
import { FakeClock, linkContract, memoryLink, scriptedServer, secretCanary, settle } from '@graphlinks/testing'
import type { MemoryAnswer } from '@graphlinks/testing'
import fc from 'fast-check'
import { Budget } from './budget.ts'
import { hedgeLink, type HedgeLinkOptions } from './index.ts'

const query = createOperation({ document: 'query Q { a }' })

/** A link over a terminal link whose attempts are answered by number, when a test says so. */
function started(options: Partial<HedgeLinkOptions> = {}) {
  const clock = new FakeClock()
  const answers: ((answer: MemoryAnswer) => void)[] = []
  const memory = memoryLink(() => new Promise((resolve) => answers.push(resolve)))
  const link = chain(hedgeLink({ delayMs: 100, clock, ...options }), memory)
  const answer = async (index: number, given: MemoryAnswer): Promise<void> => {
    answers[index]?.(given)
    await settle()
  }
  const ended = () => memory.sent.map((attempt) => attempt.ended ?? 'running')
  return { clock, memory, link, answer, ended }
}

describe('contract of hedgeLink', () => {
  describe('where no hedge is made', () => {
    linkContract(() => hedgeLink({ delayMs: 60_000, clock: new FakeClock() }))
  })
  describe('where one is made in the next turn of the event loop', () => {
    const clock = new FakeClock()
    const impatient: Clock = Object.assign(clock, {
      after: (_: number, callback: () => void) => {
        const timer = setImmediate(callback)
        return () => clearImmediate(timer)
      },
    })
    linkContract(() => hedgeLink({ delayMs: 0, clock: impatient, budget: Infinity }))
  })
})

test('a query that is fast enough is sent once, and leaves no timer', async () => {
  const { clock, link, answer, ended } = started()
  const result = lastResult(link, query)
  await clock.advance(99)
  await answer(0, { data: 'first' })
  expect(await result).toEqual({ data: 'first' })
  expect(clock.pending).toBe(0)
  await clock.advance(1_000)
  expect(ended()).toEqual(['completed'])
})

test('a second attempt after delayMs; the first result wins, and the other attempt is closed at once', async () => {
  for (const winner of [0, 1]) {
    const { clock, link, answer, ended } = started()
    const result = lastResult(link, query)
    await clock.advance(100)
    expect(ended()).toEqual(['running', 'running'])
    await answer(winner, { data: winner })
    expect(await result).toEqual({ data: winner })
    expect(ended()).toEqual(winner === 0 ? ['completed', 'failed'] : ['failed', 'completed'])
    expect(clock.pending).toBe(0)
  }
})

test('over a real connection, the loser is closed there, too', async () => {
  const server = await scriptedServer(async (exchange) => {
    if (server.requests.length > 1)
      await exchange.respond(200, { 'content-type': 'application/json' }, '{"data":{"n":2}}')
  })
  const clock = new FakeClock()
  const link = chain(hedgeLink({ delayMs: 100, clock }), httpLink({ url: server.url }))
  const result = lastResult(link, query)
  await server.request(0)
  await clock.advance(100)
  expect((await result).data).toEqual({ n: 2 })
  await server.requests[0]?.closed
  await server.close()
})

test('field notes 2.23 3.30 mutations and subscriptions are never sent twice', async () => {
  for (const kind of ['mutation', 'subscription']) {
    const { clock, link, answer, ended } = started()
    const result = lastResult(link, createOperation({ document: `${kind} { a }` }))
    await clock.advance(10_000)
    expect(ended()).toEqual(['running'])
    await answer(0, { data: 1 })
    await result
  }
})

test("TR-7 TR-8 a query that says replay: 'never', or holds a stream, is not either", async () => {
  for (const init of [
    { context: emptyContext.with(replay, 'never' as const) },
    { variables: { file: new ReadableStream() } },
  ]) {
    const { clock, link, answer, ended } = started()
    const result = lastResult(link, createOperation({ document: '{ a }', ...init }))
    await clock.advance(10_000)
    expect(ended()).toEqual(['running'])
    await answer(0, { data: 1 })
    await result
  }
})

describe('errors', () => {
  const down = new Error('down')
  const unwell: Result = {
    errors: [{ message: 'unwell' }],
    http: { status: 503, headers: new Headers(), url: '' },
  }

  test('an error before delayMs is thrown at once: to try again is for a retry link', async () => {
    const { clock, link, answer, ended } = started()
    const result = lastResult(link, query)
    result.catch(() => {})
    await clock.advance(50)
    await answer(0, down)
    await expect(result).rejects.toBe(down)
    await clock.advance(1_000)
    expect(ended()).toEqual(['failed'])
    expect(clock.pending).toBe(0)
  })

  test('an error does not win while another attempt is on its way, nor does a GraphQL error of a server that is unwell', async () => {
    for (const [failing, other] of [
      [0, 1],
      [1, 0],
    ] as const) {
      for (const failure of [down, unwell]) {
        const { clock, link, answer } = started()
        const result = lastResult(link, query)
        await clock.advance(100)
        await answer(failing, failure)
        await answer(other, { data: 'good' })
        expect(await result).toEqual({ data: 'good' })
        expect(clock.pending).toBe(0)
      }
    }
  })

  test('where all fail, the first that did counts', async () => {
    for (const [first, second] of [
      [down, new Error('another')],
      [new Error('another'), unwell],
      [unwell, down],
    ] as const) {
      const { clock, link, answer } = started()
      const outcome = lastResult(link, query).catch((error: unknown) => error)
      await clock.advance(100)
      await answer(1, first)
      await answer(0, second)
      expect(await outcome).toBe(first)
    }
  })

  test('other GraphQL errors are results, and win', async () => {
    const errors: Result = { errors: [{ message: 'no such field' }] }
    const { clock, link, answer, ended } = started()
    const result = lastResult(link, query)
    await clock.advance(100)
    await answer(1, errors)
    expect(await result).toBe(errors)
    expect(ended()).toEqual(['failed', 'completed'])
  })
})

describe('several results', () => {
  test('the attempt that gives the first one goes on, alone', async () => {
    let giveMore: () => void = () => {}
    async function* parts(): AsyncGenerator<Result> {
      yield { data: { n: 1 }, hasNext: true }
      await new Promise<void>((resolve) => (giveMore = resolve))
      yield { data: { n: 2 }, hasNext: false }
    }
    const { clock, link, answer, ended } = started()
    const iterator = execute(link, query)[Symbol.asyncIterator]()
    const first = iterator.next()
    await clock.advance(100)
    await answer(1, parts())
    expect((await first).value).toMatchObject({ data: { n: 1 } })
    expect(ended()).toEqual(['failed', 'running'])
    const second = iterator.next()
    await clock.advance(10_000)
    giveMore()
    expect((await second).value).toMatchObject({ data: { n: 2 } })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(ended()).toEqual(['failed', 'completed'])
  })

  test('an error after the first one is thrown', async () => {
    const down = new Error('down')
    async function* broken(): AsyncGenerator<Result> {
      yield { data: { n: 1 }, hasNext: true }
      throw down
    }
    const { clock, link, answer } = started()
    const result = lastResult(link, query)
    result.catch(() => {})
    await clock.advance(100)
    await answer(1, broken())
    await expect(result).rejects.toBe(down)
  })
})

describe('cancellation', () => {
  test('field notes 2.25 an abort closes all attempts at once, with its reason, and no other is made', async () => {
    const seen: unknown[] = []
    const observe: Link = async function* observe(operation, next) {
      try {
        yield* next(operation)
      } catch (error) {
        seen.push(error)
        throw error
      }
    }
    const { clock, link, ended } = started({ maxHedges: 5 })
    const controller = new AbortController()
    const reason = new Error('enough')
    const result = lastResult(chain(observe, link), createOperation({ document: '{ a }', signal: controller.signal }))
    result.catch(() => {})
    await clock.advance(100)
    controller.abort(reason)
    await expect(result).rejects.toBe(reason)
    await settle()
    expect(ended()).toEqual(['failed', 'failed'])
    expect([seen, clock.pending]).toEqual([[reason], 0])
    await clock.advance(1_000)
    expect(ended()).toHaveLength(2)
  })

  test('leaving closes all attempts, before the first result and after', async () => {
    async function* endless(): AsyncGenerator<Result> {
      for (;;) {
        yield { data: 1, hasNext: true }
        await settle()
      }
    }
    for (const answered of [false, true]) {
      const { clock, link, answer, ended } = started()
      const iterator = execute(link, query)[Symbol.asyncIterator]()
      const step = iterator.next()
      await clock.advance(100)
      if (answered) await answer(0, endless())
      await iterator.return?.()
      await step
      await settle()
      expect(ended()).not.toContain('running')
      expect(clock.pending).toBe(0)
    }
  })

  test('an abort between results ends them with its reason', async () => {
    async function* stalled(): AsyncGenerator<Result> {
      yield { data: 1, hasNext: true }
      await new Promise<never>(() => {})
    }
    const seen: unknown[] = []
    const observe: Link = async function* observe(operation, next) {
      try {
        yield* next(operation)
      } catch (error) {
        seen.push(error)
        throw error
      }
    }
    const { clock, link, answer, ended } = started()
    const controller = new AbortController()
    const reason = new Error('enough')
    const result = lastResult(chain(observe, link), createOperation({ document: '{ a }', signal: controller.signal }))
    await settle()
    await answer(0, stalled())
    await clock.advance(1_000)
    expect(ended()).toEqual(['running'])
    controller.abort(reason)
    await expect(result).rejects.toBe(reason)
    await settle()
    expect(seen).toEqual([reason])
  })
})

test('each attempt asks for a credential anew', async () => {
  const clock = new FakeClock()
  const memory = memoryLink(() => new Promise<never>(() => {}))
  let token = 0
  const link = chain(
    hedgeLink({ delayMs: 100, clock }),
    bearerLink(() => `t${++token}`),
    memory,
  )
  const iterator = execute(link, query)[Symbol.asyncIterator]()
  const step = iterator.next()
  await clock.advance(100)
  expect(memory.sent.map(({ headers }) => headers['authorization'])).toEqual(['Bearer t1', 'Bearer t2'])
  await iterator.return?.()
  await step
})

test('a hedge has a note, for logs, and counts as an attempt', async () => {
  const notes: unknown[] = []
  const observe: Link = async function* observe(operation, next) {
    yield* next(operation)
    notes.push([...(executionOf(operation)?.notes ?? [])], executionOf(operation)?.attempts)
  }
  const { clock, link, answer } = started({ maxHedges: 2 })
  const result = lastResult(chain(observe, link), query)
  await clock.advance(200)
  await answer(2, { data: 1 })
  await result
  expect(notes).toEqual([[['hedge', 2]], 3])
})

describe('options', () => {
  test('maxHedges: each comes delayMs after the one before, and is 1 where nothing is said', async () => {
    for (const [maxHedges, expected] of [
      [undefined, [1, 2, 2, 2]],
      [2, [1, 2, 3, 3]],
    ] as const) {
      const { clock, link, answer, ended } = started({ maxHedges })
      const result = lastResult(link, query)
      const counts: number[] = []
      for (let turn = 0; turn < 4; turn++) {
        await clock.advance(turn === 0 ? 99 : 100)
        counts.push(ended().length)
      }
      expect(counts).toEqual(expected)
      await answer(0, { data: 1 })
      await result
    }
  })

  test('delayMs: a function decides for each query', async () => {
    const delayMs = ({ operationName }: Operation) => ({ Slow: 1_000, Fast: 10 })[operationName ?? '']
    for (const [name, count] of [
      ['Slow', 1],
      ['Fast', 2],
      ['Other', 1],
    ] as const) {
      const { clock, link, answer, ended } = started({ delayMs })
      const result = lastResult(link, createOperation({ document: `query ${name} { a }` }))
      await clock.advance(500)
      expect(ended()).toHaveLength(count)
      await answer(0, { data: 1 })
      await result
      expect(clock.pending).toBe(0)
    }
  })

  test('delayMs: what a function gives that is no delay fails the operation', async () => {
    const { link } = started({ delayMs: () => NaN })
    await expect(lastResult(link, query)).rejects.toMatchObject({
      code: 'BAD_OPTIONS',
      link: 'hedgeLink',
      operationName: 'Q',
    })
  })

  test('budget: in an outage of slowness, at most a burst of 10 and one hedge for ten queries', async () => {
    const { clock, memory, link } = started()
    const controllers: AbortController[] = []
    const run = async (): Promise<void> => {
      const controller = new AbortController()
      controllers.push(controller)
      const operation = createOperation({ document: '{ a }', signal: controller.signal })
      lastResult(link, operation).catch(() => {})
      await clock.advance(100)
    }
    for (let turn = 0; turn < 200; turn++) await run()
    // 200, and 10 of the burst, and 20 of what 200 queries earn. The first earn nothing, as there is all already.
    expect(memory.sent.length).toBeGreaterThan(225)
    expect(memory.sent.length).toBeLessThanOrEqual(230)
    for (const controller of controllers) controller.abort()
    await settle()
    expect(clock.pending).toBe(0)
  })

  test('K-10 bad options fail when the link is built', () => {
    for (const options of [
      undefined,
      {},
      { delayMs: -1 },
      { delayMs: NaN },
      { delayMs: '5' },
      { delayMs: 1, maxHedges: 0 },
      { delayMs: 1, maxHedges: 1.5 },
      { delayMs: 1, maxHedges: Infinity },
      { delayMs: 1, budget: 0 },
      { delayMs: 1, budget: NaN },
    ]) {
      expect(() => hedgeLink(options as never)).toThrow(OptionsError)
      expect(() => hedgeLink(options as never)).toThrow(/^hedgeLink: (delayMs|maxHedges|budget) is/)
    }
  })
})

test('a budget never gives more than its burst and what was earned', () => {
  fc.assert(
    fc.property(fc.constantFrom(0.05, 0.1, 0.5, 1, 2), fc.array(fc.boolean(), { maxLength: 300 }), (share, script) => {
      const budget = new Budget(share)
      let tokens = 10
      for (const earns of script) {
        if (earns) {
          budget.earn()
          tokens = Math.min(10, tokens + share)
        } else if (budget.spend()) {
          tokens -= 1
          expect(tokens).toBeGreaterThanOrEqual(-1e-6)
        } else {
          expect(tokens).toBeLessThan(1)
        }
      }
    }),
  )
  const unlimited = new Budget(Infinity)
  for (let turn = 0; turn < 100; turn++) expect(unlimited.spend()).toBe(true)
})

type Step =
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'answer'; readonly index: number; readonly kind: 'good' | 'error' | 'unwell' }
  | { readonly type: 'abort' }

test('whatever comes in whichever order: it settles once, as the first good answer or the first failure says, and nothing is left', async () => {
  const steps: fc.Arbitrary<Step[]> = fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.constantFrom(50, 100) }) },
      {
        weight: 4,
        arbitrary: fc.record({
          type: fc.constant('answer' as const),
          index: fc.nat(3),
          kind: fc.constantFrom('good' as const, 'error' as const, 'unwell' as const),
        }),
      },
      { weight: 1, arbitrary: fc.record({ type: fc.constant('abort' as const) }) },
    ),
    { maxLength: 12 },
  )
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), steps, async (maxHedges, script) => {
      const { clock, link, answer, ended } = started({ maxHedges })
      const controller = new AbortController()
      const outcomes: string[] = []
      void lastResult(link, createOperation({ document: '{ a }', signal: controller.signal })).then(
        ({ data, errors }) => outcomes.push((data as string | undefined) ?? String(errors?.[0]?.message)),
        (error: Error) => outcomes.push(error.message),
      )
      await settle()
      let elapsed = 0
      let expected: string | undefined
      let failure: string | undefined
      const answered = new Set<number>()
      for (const step of [...script, { type: 'abort' as const }]) {
        // Later attempts come every 100 ms while nothing is decided.
        const count = expected === undefined ? 1 + Math.min(maxHedges, Math.floor(elapsed / 100)) : undefined
        if (count !== undefined) expect(ended()).toHaveLength(count)
        if (step.type === 'wait') {
          await clock.advance(step.ms)
          elapsed += step.ms
        } else if (step.type === 'abort') {
          controller.abort(new Error('aborted'))
          expected ??= 'aborted'
        } else if (step.index < ended().length && !answered.has(step.index)) {
          answered.add(step.index)
          const name = `${step.kind} ${step.index}`
          if (step.kind === 'good') expected ??= name
          failure ??= name
          if (count !== undefined && answered.size === count) expected ??= failure
          await answer(
            step.index,
            step.kind === 'good'
              ? { data: name }
              : step.kind === 'error'
                ? new Error(name)
                : { errors: [{ message: name }], http: { status: 503, headers: new Headers(), url: '' } },
          )
        }
        await settle()
        expect(outcomes).toEqual(expected === undefined ? [] : [expected])
        if (expected !== undefined) {
          expect(ended()).not.toContain('running')
          expect(clock.pending).toBe(0)
        }
      }
    }),
    { numRuns: 100 },
  )
})

test('errors hold no secret', async () => {
  const canary = secretCanary()
  const clock = new FakeClock()
  const down = new Error('down')
  const link = chain(hedgeLink({ delayMs: 10, clock }), bearerLink(canary.value), memoryLink(down))
  const errors: unknown[] = []
  await lastResult(link, query).catch((error: unknown) => errors.push(error))
  const failing = chain(
    hedgeLink({ delayMs: () => canary.value as never, clock }),
    bearerLink(canary.value),
    memoryLink(),
  )
  const operation = createOperation({ document: '{ a }', headers: { 'x-key': 'k' } })
  expect(errors).toHaveLength(1)
  canary.check(errors)
  await expect(lastResult(failing, operation)).rejects.toThrow('delayMs')
})
