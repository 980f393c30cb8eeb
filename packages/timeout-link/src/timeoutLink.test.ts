import { FakeClock, linkContract, memoryLink, scriptedServer, settle } from '@graphlinks/testing'
import { httpLink } from '@graphlinks/http-link'
import {
  admission,
  chain,
  createClient,
  createOperation,
  execute,
  executionOf,
  lastResult,
  LinkError,
  OptionsError,
  TimeoutError,
  type Link,
  type Operation,
  type OperationInit,
  type Result,
  type Results,
} from '@graphlinks/core'
import { timeoutLink, type TimeoutLinkOptions } from './index.ts'

linkContract(() => timeoutLink({ timeoutMs: 10_000, idleTimeoutMs: 10_000 }))
linkContract(() => timeoutLink({ timeoutMs: () => undefined }))

const query = (init: Partial<OperationInit> = {}): Operation => createOperation({ document: 'query Q { a }', ...init })
const subscription = (): Operation => createOperation({ document: 'subscription S { n }' })
const never = (): Promise<never> => new Promise(() => {})
const caught = (error: unknown): unknown => error

function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(() => Promise.reject(new Error('it should have failed')), caught)
}

const iterate = (results: Results): AsyncIterator<Result> => results[Symbol.asyncIterator]()

/** A terminal link whose results come one by one, with these pauses before them. */
function paced(clock: FakeClock, ...pausesMs: number[]): ReturnType<typeof memoryLink> {
  async function* results(): AsyncGenerator<Result> {
    for (const [n, pauseMs] of pausesMs.entries()) {
      await new Promise<void>((resolve) => void clock.after(pauseMs, resolve))
      yield { data: { n } }
    }
  }
  return memoryLink(() => results())
}

test('field notes 2.27: what is not there in time fails with an error of its own, and the attempt is closed', async () => {
  const clock = new FakeClock()
  const memory = memoryLink(never)
  const outcome = errorOf(lastResult(chain(timeoutLink({ timeoutMs: 1_000, clock }), memory), query()))
  await clock.advance(999)
  expect(memory.sent.map(({ ended }) => ended)).toEqual([undefined])
  await clock.advance(1)
  const error = await outcome
  expect(error).toBeInstanceOf(TimeoutError)
  expect(error).toMatchObject({
    code: 'TIMEOUT',
    link: 'timeoutLink',
    operationName: 'Q',
    message: 'timeoutLink, operation Q: not complete within 1000 ms (timeoutMs)',
  })
  expect(memory.sent.map(({ ended }) => ended)).toEqual(['failed'])
  expect(clock.pending).toBe(0)
})

test('what is there in time is delivered, and leaves no timer behind', async () => {
  const clock = new FakeClock()
  const link = timeoutLink({ timeoutMs: 1_000, idleTimeoutMs: 500, clock })
  expect(await lastResult(chain(link, memoryLink({ data: 1 })), query())).toEqual({ data: 1 })
  expect(await errorOf(lastResult(chain(link, memoryLink(new Error('down'))), query()))).toEqual(new Error('down'))
  expect(clock.pending).toBe(0)
})

test('timeoutMs counts until the last result, also where the consumer takes its time', async () => {
  const clock = new FakeClock()
  const memory = paced(clock, 400, 400, 400)
  const iterator = iterate(execute(chain(timeoutLink({ timeoutMs: 1_000, clock }), memory), query()))
  const first = iterator.next()
  await clock.advance(400)
  expect(await first).toMatchObject({ value: { data: { n: 0 } } })
  await clock.advance(600)
  expect(memory.sent[0]?.ended).toBeDefined()
  expect(await errorOf(iterator.next())).toBeInstanceOf(TimeoutError)
  expect(await iterator.next()).toMatchObject({ done: true })
  expect(clock.delays.filter((ms) => ms > 400)).toEqual([])
})

test('timeoutMs is over with the last result: a consumer may take its time with that', async () => {
  for (const end of [undefined, new Error('broken off')]) {
    const clock = new FakeClock()
    async function* results(): AsyncGenerator<Result> {
      yield { data: 1 }
      if (end) throw end
    }
    const memory = memoryLink(() => results())
    const iterator = iterate(execute(chain(timeoutLink({ timeoutMs: 1_000, clock }), memory), query()))
    expect(await iterator.next()).toEqual({ done: false, value: { data: 1 } })
    await clock.advance(60_000)
    expect(await iterator.next().catch(caught)).toEqual(end ?? { done: true, value: undefined })
    expect(clock.pending).toBe(0)
  }
})

test('timeoutMs does not count for subscriptions', async () => {
  const clock = new FakeClock()
  const iterator = iterate(
    execute(chain(timeoutLink({ timeoutMs: 1_000, clock }), paced(clock, 60_000)), subscription()),
  )
  const first = iterator.next()
  await clock.advance(60_000)
  expect(await first).toMatchObject({ value: { data: { n: 0 } } })
  expect(await iterator.next()).toMatchObject({ done: true })
})

describe('idleTimeoutMs', () => {
  test('counts before the first result and between two, not while the consumer takes its time', async () => {
    const clock = new FakeClock()
    const memory = paced(clock, 900, 900, 1_001)
    const link = chain(timeoutLink({ idleTimeoutMs: 1_000, clock }), memory)
    const iterator = iterate(execute(link, subscription()))
    for (const n of [0, 1]) {
      const step = iterator.next()
      await clock.advance(900)
      expect(await step).toMatchObject({ value: { data: { n } } })
      await clock.advance(5_000)
    }
    const last = errorOf(iterator.next())
    await clock.advance(1_000)
    expect(await last).toMatchObject({
      code: 'TIMEOUT',
      message: 'timeoutLink, operation S: no result within 1000 ms (idleTimeoutMs)',
    })
    expect(memory.sent.map((sent) => sent.operation.signal.aborted)).toEqual([true])
    // The terminal link's own.
    expect(clock.delays).toEqual([1])
  })

  test('ends a silent start', async () => {
    const clock = new FakeClock()
    const link = chain(timeoutLink({ idleTimeoutMs: 1_000, clock }), memoryLink(never))
    const first = errorOf(iterate(execute(link, subscription())).next())
    await clock.advance(1_000)
    expect(await first).toBeInstanceOf(TimeoutError)
    expect(clock.pending).toBe(0)
  })

  test('whichever limit comes first', async () => {
    for (const [timeoutMs, idleTimeoutMs, expected] of [
      [1_000, 2_000, 'timeoutMs'],
      [2_000, 1_000, 'idleTimeoutMs'],
      [1_000, 1_000, 'timeoutMs'],
    ] as const) {
      const clock = new FakeClock()
      const link = chain(timeoutLink({ timeoutMs, idleTimeoutMs, clock }), memoryLink(never))
      const outcome = errorOf(lastResult(link, query()))
      await clock.advance(1_000)
      expect(((await outcome) as Error).message).toContain(expected)
      expect(clock.pending).toBe(0)
    }
  })
})

test('a limit may depend on the operation, and be none', async () => {
  const clock = new FakeClock()
  const timeoutMs = ({ operationName }: Operation): number | undefined =>
    operationName === 'Report' ? undefined : operationName === 'Slow' ? Infinity : 100
  const link = chain(timeoutLink({ timeoutMs, clock }), memoryLink(never))
  const settled: unknown[] = []
  for (const name of ['Report', 'Slow', 'Q']) {
    void lastResult(link, createOperation({ document: `query ${name} { a }` })).catch((error: TimeoutError) =>
      settled.push(error.operationName),
    )
  }
  await clock.advance(1_000_000)
  expect(settled).toEqual(['Q'])
  for (const bad of [0, -1, Number.NaN, '5', null]) {
    const error = errorOf(lastResult(chain(timeoutLink({ timeoutMs: () => bad as never }), memoryLink()), query()))
    expect(await error).toBeInstanceOf(OptionsError)
    expect(await error).toMatchObject({ link: 'timeoutLink', operationName: 'Q' })
  }
  const boom = new Error('boom')
  const throwing = (): never => {
    throw boom
  }
  expect(await errorOf(lastResult(chain(timeoutLink({ timeoutMs: throwing }), memoryLink()), query()))).toBe(boom)
})

describe('cancellation', () => {
  test('field notes 2.26: an abort is the reason of the signal, no timeout, and leaves no timer', async () => {
    const clock = new FakeClock()
    const memory = memoryLink(never)
    const controller = new AbortController()
    const link = chain(timeoutLink({ timeoutMs: 1_000, idleTimeoutMs: 500, clock }), memory)
    const outcome = errorOf(lastResult(link, query({ signal: controller.signal })))
    await settle()
    const reason = new Error('left')
    controller.abort(reason)
    expect(await outcome).toBe(reason)
    await settle()
    expect(clock.pending).toBe(0)
    expect(memory.sent.map(({ ended }) => ended)).toEqual(['failed'])
  })

  test('a link further out sees what was cancelled fail, and not complete', async () => {
    const ends: unknown[] = []
    const watch: Link = async function* watch(operation, next) {
      try {
        yield* next(operation)
        ends.push('completed')
      } catch (error) {
        ends.push(error)
      }
    }
    const controller = new AbortController()
    const link = chain(watch, timeoutLink({ timeoutMs: 1_000, clock: new FakeClock() }), memoryLink(never))
    const outcome = errorOf(lastResult(link, query({ signal: controller.signal })))
    await settle()
    const reason = new Error('left')
    controller.abort(reason)
    expect(await outcome).toBe(reason)
    await settle()
    expect(ends).toEqual([reason])
  })

  test('leaving early closes what is further in, also where a result is due', async () => {
    const clock = new FakeClock()
    const memory = memoryLink(never)
    const iterator = iterate(execute(chain(timeoutLink({ idleTimeoutMs: 500, clock }), memory), subscription()))
    const pending = iterator.next()
    await settle()
    await iterator.return?.()
    expect(await pending).toMatchObject({ done: true })
    await settle()
    expect(clock.pending).toBe(0)
    expect(memory.sent.map(({ ended }) => ended)).toEqual(['failed'])
  })

  test('what is further in and does not listen holds up nobody', async () => {
    const clock = new FakeClock()
    const deaf: Link = async function* deaf(_, next) {
      try {
        await never()
      } finally {
        yield* next(query())
      }
    }
    const outcome = errorOf(lastResult(chain(timeoutLink({ timeoutMs: 100, clock }), deaf, memoryLink()), query()))
    await clock.advance(100)
    expect(await outcome).toBeInstanceOf(TimeoutError)
  })
})

describe('in a chain', () => {
  /** Tries up to three times. */
  const again: Link = async function* again(operation, next) {
    for (let attempt = 1; ; attempt++) {
      try {
        return yield* next(operation)
      } catch (error) {
        if (attempt === 3) throw error
      }
    }
  }

  test.each([
    ['outside', 1],
    ['inside', 3],
  ])('%s a retry link, it limits the operation, or each attempt', async (place, attempts) => {
    const clock = new FakeClock()
    const memory = memoryLink(never)
    const timeout = timeoutLink({ timeoutMs: 100, clock })
    const warn = jest.spyOn(console, 'warn')
    const links = place === 'outside' ? [timeout, Object.assign(again, { stage: 'replay' as const })] : [again, timeout]
    const outcome = errorOf(lastResult(chain(...links, memory), query()))
    await clock.advance(1_000)
    expect(await outcome).toBeInstanceOf(TimeoutError)
    expect(memory.sent.map(({ ended }) => ended)).toEqual(Array.from({ length: attempts }, () => 'failed'))
    expect(clock.pending).toBe(0)
    expect(warn).not.toHaveBeenCalled()
    warn.mockRestore()
  })

  test('both at once: the outer limit ends the inner attempt', async () => {
    const clock = new FakeClock()
    const memory = memoryLink(never)
    const link = chain(timeoutLink({ timeoutMs: 250, clock }), again, timeoutLink({ timeoutMs: 100, clock }), memory)
    const outcome = errorOf(lastResult(link, query()))
    await clock.advance(1_000)
    expect((await outcome) as Error).toMatchObject({ message: expect.stringContaining('250 ms') })
    expect(memory.sent).toHaveLength(3)
    expect(clock.pending).toBe(0)
  })

  test('what it does is noted, and attempts and notes of links further in count for the operation', async () => {
    const clock = new FakeClock()
    let seen: unknown
    const observe: Link = async function* observe(operation, next) {
      try {
        yield* next(operation)
      } finally {
        seen = [executionOf(operation)?.attempts, Object.fromEntries(executionOf(operation)?.notes ?? [])]
      }
    }
    const noting: Link = (operation, next) => {
      executionOf(operation)?.note('retry')
      return next(operation)
    }
    const link = chain(observe, again, timeoutLink({ timeoutMs: 100, clock }), noting, memoryLink(never))
    const outcome = errorOf(lastResult(link, query()))
    await clock.advance(1_000)
    await outcome
    expect(seen).toEqual([3, { timeout: 3, retry: 3 }])
  })

  test('a credential further in waits for a place on the wire, as it does without', async () => {
    const order: string[] = []
    const credential: Link = async (operation, next) => {
      await admission(operation)
      order.push('fetched')
      return next(operation)
    }
    const terminal = Object.assign(memoryLink(), { admit: async () => void order.push('admitted') })
    await lastResult(chain(timeoutLink({ timeoutMs: 100 }), credential, terminal), query())
    expect(order).toEqual(['admitted', 'fetched'])
  })

  test('a link further in that breaks its contract is named, and an error passes as the same object', async () => {
    const broken: Link = function broken() {
      throw new Error('boom')
    }
    const link = chain(timeoutLink({ timeoutMs: 100 }), broken, memoryLink())
    const error = await errorOf(lastResult(link, query()))
    expect(error).toBeInstanceOf(LinkError)
    expect(error).toMatchObject({ link: 'broken' })
  })

  test('over a real server, the request is aborted', async () => {
    const clock = new FakeClock()
    const server = await scriptedServer(() => {})
    const client = createClient({ link: chain(timeoutLink({ timeoutMs: 100, clock }), httpLink({ url: server.url })) })
    const outcome = errorOf(client.query('{ a }'))
    const request = await server.request(0)
    await clock.advance(100)
    expect(await outcome).toMatchObject({ code: 'TIMEOUT', link: 'timeoutLink' })
    await request.closed
    await client.dispose()
    await server.close()
  })
})

test('K-10 bad options fail when the link is built', () => {
  for (const options of [
    {},
    undefined,
    { clock: new FakeClock() },
    { timeoutMs: 0 },
    { timeoutMs: -1 },
    { timeoutMs: Number.NaN },
    { timeoutMs: '5' },
    { idleTimeoutMs: null },
    { timeoutMs: 5, idleTimeoutMs: 0 },
  ]) {
    expect(() => timeoutLink(options as TimeoutLinkOptions)).toThrow(OptionsError)
    expect(() => timeoutLink(options as TimeoutLinkOptions)).toThrow(/timeoutLink/)
  }
  expect(() => timeoutLink({ timeoutMs: Infinity })).not.toThrow()
})
