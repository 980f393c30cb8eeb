import { settle } from '@graphlinks/testing'
import * as fc from 'fast-check'
import {
  failed,
  flatten,
  mapResults,
  onSettled,
  OptionsError,
  QueueOverflowError,
  ResultQueue,
  single,
} from './index.ts'
import type { Outcome, Result, Results } from './index.ts'

const of = (n: number): Result => ({ data: n })

async function* results(count: number, closed: () => void = () => {}): AsyncGenerator<Result> {
  try {
    for (let n = 0; n < count; n++) yield of(n)
  } finally {
    closed()
  }
}

async function collect(given: Results): Promise<unknown[]> {
  const got: unknown[] = []
  for await (const { data } of given) got.push(data)
  return got
}

const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => Promise.reject(new Error('it should have failed')),
    (error: unknown) => error,
  )

const finished = { done: true, value: undefined }

describe('mapResults', () => {
  test('changes each result, and is as cold as what it wraps', async () => {
    const opened = jest.fn()
    const source: Results = {
      [Symbol.asyncIterator]() {
        opened()
        return results(3)
      },
    }
    const mapped = mapResults(source, ({ data }) => ({ data: Number(data) * 2 }))
    await settle()
    expect(opened).not.toHaveBeenCalled()
    expect(await collect(mapped)).toEqual([0, 2, 4])
  })

  test('an error of the change becomes the error, after the source was closed', async () => {
    const error = new Error('bad change')
    const trace: string[] = []
    const mapped = mapResults(
      results(3, () => trace.push('closed')),
      ({ data }) => {
        if (data === 1) throw error
        return of(10)
      },
    )
    const iterator = mapped[Symbol.asyncIterator]()
    expect(await iterator.next()).toEqual({ done: false, value: of(10) })
    expect(await errorOf(iterator.next().finally(() => trace.push('failed')))).toBe(error)
    expect(trace).toEqual(['closed', 'failed'])
    expect(await iterator.next()).toEqual(finished)
  })

  test('an error of the change wins over an error of closing, and a source without return() is fine', async () => {
    const error = new Error('bad change')
    const next = async (): Promise<IteratorResult<Result>> => ({ done: false, value: of(1) })
    for (const source of [{ next }, { next, return: () => Promise.reject(new Error('bad close')) }]) {
      const mapped = mapResults({ [Symbol.asyncIterator]: () => source }, () => {
        throw error
      })
      expect(await errorOf(collect(mapped))).toBe(error)
    }
  })

  test('return() closes the source', async () => {
    const closed = jest.fn()
    for await (const _ of mapResults(results(3, closed), (result) => result)) break
    expect(closed).toHaveBeenCalledTimes(1)
    const iterator = mapResults(
      { [Symbol.asyncIterator]: () => ({ next: async () => finished }) } as Results,
      (r) => r,
    )[Symbol.asyncIterator]()
    expect(await iterator.return?.()).toEqual(finished)
  })
})

describe('onSettled', () => {
  test('calls back once: completed, failed or cancelled', async () => {
    const outcomes: Outcome[] = []
    const note = (outcome: Outcome): void => void outcomes.push(outcome)
    expect(await collect(onSettled(results(2), note))).toEqual([0, 1])
    const error = new Error('down')
    expect(await errorOf(collect(onSettled(failed(error), note)))).toBe(error)
    const closed = jest.fn()
    for await (const _ of onSettled(results(2, closed), note)) break
    expect(closed).toHaveBeenCalledTimes(1)
    expect(outcomes).toEqual([{ status: 'completed' }, { status: 'failed', error }, { status: 'cancelled' }])
  })

  test('reading on, or closing, after the end does not call back again', async () => {
    const note = jest.fn()
    const iterator = onSettled(single(of(1)), note)[Symbol.asyncIterator]()
    for (let reads = 0; reads < 4; reads++) await iterator.next()
    await iterator.return?.()
    expect(note.mock.calls).toEqual([[{ status: 'completed' }]])
  })
})

describe('single, failed and flatten', () => {
  test('single gives one result, failed fails once', async () => {
    expect(await collect(single(of(1)))).toEqual([1])
    const error = new Error('down')
    const iterator = failed(error)[Symbol.asyncIterator]()
    expect(await errorOf(iterator.next())).toBe(error)
    expect(await iterator.next()).toEqual(finished)
    const closed = failed(error)[Symbol.asyncIterator]()
    await closed.return?.()
    expect(await closed.next()).toEqual(finished)
  })

  test('K-5 flatten passes results, errors and closing on, and a rejection that nobody reads is no unhandled one', async () => {
    expect(await collect(flatten(Promise.resolve(results(3))))).toEqual([0, 1, 2])
    const error = new Error('down')
    flatten(Promise.reject(error))
    const failing = flatten(Promise.reject(error))[Symbol.asyncIterator]()
    expect(await errorOf(failing.next())).toBe(error)
    expect(await failing.next()).toEqual(finished)
    const closed = jest.fn()
    for await (const _ of flatten(Promise.resolve(results(3, closed)))) break
    expect(closed).toHaveBeenCalledTimes(1)
  })

  test('K-5 flatten answers return() at once while the promise is pending, and never opens what comes then', async () => {
    let arrive: (arrived: Results) => void = () => {}
    const iterator = flatten(new Promise<Results>((resolve) => (arrive = resolve)))[Symbol.asyncIterator]()
    const pending = iterator.next()
    expect(await iterator.return?.()).toEqual(finished)
    const open = jest.fn(() => results(1))
    arrive({ [Symbol.asyncIterator]: open })
    expect(await pending).toEqual(finished)
    expect(open).not.toHaveBeenCalled()
  })

  test('K-5 after return() flatten is done, whatever the promise does and whether its results can be closed', async () => {
    let fail: (error: Error) => void = () => {}
    const iterator = flatten(new Promise<Results>((_, reject) => (fail = reject)))[Symbol.asyncIterator]()
    const pending = iterator.next()
    await iterator.return?.()
    expect(await iterator.next()).toEqual(finished)
    fail(new Error('down'))
    expect(await pending).toEqual(finished)

    const step = { done: false as const, value: of(1) }
    const open = flatten(Promise.resolve({ [Symbol.asyncIterator]: () => ({ next: async () => step }) }))
    const opened = open[Symbol.asyncIterator]()
    expect(await opened.next()).toEqual(step)
    expect(await opened.return?.()).toEqual(finished)
  })

  test('K-4 K-5 of concurrent reads of what gives no iterator, one fails and the others are done', async () => {
    const iterator = flatten(Promise.resolve({ [Symbol.asyncIterator]: () => undefined as never }))[
      Symbol.asyncIterator
    ]()
    const [first, second] = [iterator.next(), iterator.next()]
    await expect(first).rejects.toThrow('no iterator')
    expect(await second).toEqual({ done: true, value: undefined })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
  })

  test('K-5 flatten answers concurrent reads before the promise is there in order', async () => {
    const queue = new ResultQueue()
    const iterator = flatten(Promise.resolve(queue))[Symbol.asyncIterator]()
    const reads = Promise.all([iterator.next(), iterator.next(), iterator.next()])
    for (const n of [1, 2]) queue.push(of(n))
    queue.end()
    expect(await reads).toEqual([{ done: false, value: of(1) }, { done: false, value: of(2) }, finished])
  })
})

describe('K-7 ResultQueue', () => {
  type Step = { push: number } | 'read' | 'end' | 'fail' | 'return'
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 6, arbitrary: fc.record({ push: fc.nat() }) },
    { weight: 5, arbitrary: fc.constant('read' as const) },
    { weight: 1, arbitrary: fc.constantFrom('end' as const, 'fail' as const, 'return' as const) },
  )

  test('K-7 behaves like an array with a bound', async () => {
    const property = fc.asyncProperty(
      fc.array(step, { maxLength: 120 }),
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom('error' as const, 'drop-oldest' as const),
      async (steps, limit, overflow) => {
        const onClose = jest.fn()
        const queue = new ResultQueue({ limit, overflow, onClose })
        // The model: what waits, who reads, and what the readers must get.
        let waiting: number[] = []
        let failure: string | undefined
        let over = false
        let closes = 0
        let readers: ((answer: unknown) => void)[] = []
        const expected: Promise<unknown>[] = []
        const actual: Promise<unknown>[] = []
        const answer = (): unknown => {
          if (waiting.length > 0) return waiting.shift()
          const failed = failure
          failure = undefined
          return failed ?? 'done'
        }
        const finish = (): void => {
          over = true
          for (const reader of readers.splice(0)) reader(answer())
        }
        for (const one of steps) {
          if (one === 'read') {
            actual.push(
              queue.next().then(
                ({ done, value }) => (done ? 'done' : (value as Result).data),
                (error: unknown) => (error instanceof QueueOverflowError ? 'overflow' : error),
              ),
            )
            expected.push(
              waiting.length > 0 || over ? Promise.resolve(answer()) : new Promise((resolve) => readers.push(resolve)),
            )
          } else if (one === 'end') {
            queue.end()
            if (!over) finish()
          } else if (one === 'fail') {
            queue.fail('failure')
            if (!over) {
              failure = 'failure'
              finish()
            }
          } else if (one === 'return') {
            await queue.return()
            waiting = []
            failure = undefined
            if (!over) {
              closes++
              finish()
            }
          } else {
            queue.push(of(one.push))
            if (over) continue
            const reader = readers.shift()
            if (reader) reader(one.push)
            else if (waiting.length < limit) waiting.push(one.push)
            else if (overflow === 'drop-oldest') waiting = [...waiting.slice(1), one.push]
            else {
              failure = 'overflow'
              closes++
              finish()
            }
          }
        }
        queue.end()
        if (!over) finish()
        readers = []
        expect(await Promise.all(actual)).toEqual(await Promise.all(expected))
        expect(onClose).toHaveBeenCalledTimes(closes)
      },
    )
    await fc.assert(property, { numRuns: 300 })
  })

  test('K-7 an overflow is an error after what waits, by default at 1,000', async () => {
    const onClose = jest.fn()
    const queue = new ResultQueue({ onClose })
    for (let n = 0; n < 1_000; n++) queue.push(of(n))
    expect(onClose).not.toHaveBeenCalled()
    queue.push(of(1_000))
    queue.push(of(1_001))
    expect(onClose).toHaveBeenCalledTimes(1)
    const got: unknown[] = []
    const error = await errorOf(
      (async () => {
        for await (const { data } of queue) got.push(data)
      })(),
    )
    expect(got).toEqual(Array.from({ length: 1_000 }, (_, n) => n))
    expect(error).toBeInstanceOf(QueueOverflowError)
    expect((error as Error).message).toContain('1000 results wait')
    expect(await queue.next()).toEqual(finished)
  })

  test('K-7 drop-oldest forgets what has waited longest and goes on', async () => {
    const onClose = jest.fn()
    const queue = new ResultQueue({ limit: 3, overflow: 'drop-oldest', onClose })
    for (let n = 0; n < 10; n++) queue.push(of(n))
    queue.end()
    expect(await collect(queue)).toEqual([7, 8, 9])
    expect(onClose).not.toHaveBeenCalled()
  })

  test('K-7 leaving the loop calls onClose once, and what was waiting is let go', async () => {
    const onClose = jest.fn()
    const queue = new ResultQueue({ onClose })
    for (let n = 0; n < 10; n++) queue.push(of(n))
    for await (const _ of queue) break
    await queue.return()
    queue.push(of(11))
    expect(await queue.next()).toEqual(finished)
    expect(onClose).toHaveBeenCalledTimes(1)
  })

  test('K-7 a queue without onClose overflows and is left as well', async () => {
    const full = new ResultQueue({ limit: 1 })
    for (const n of [1, 2]) full.push(of(n))
    expect(await full.next()).toEqual({ done: false, value: of(1) })
    expect(await errorOf(full.next())).toBeInstanceOf(QueueOverflowError)
    const left = new ResultQueue()
    expect(await left.return()).toEqual(finished)
  })

  test('K-7 without a limit nothing overflows', async () => {
    const queue = new ResultQueue({ limit: Infinity })
    for (let n = 0; n < 5_000; n++) queue.push(of(n))
    queue.end()
    expect(await collect(queue)).toHaveLength(5_000)
  })

  test('K-7 linear: no array is shifted, spliced or copied more than a constant times its length', async () => {
    const count = 50_000
    let moved = 0
    const spies = (['shift', 'splice', 'unshift', 'slice', 'concat'] as const).map((method) => {
      const original = Array.prototype[method] as (...args: unknown[]) => unknown
      return jest.spyOn(Array.prototype, method).mockImplementation(function (this: unknown[], ...args: unknown[]) {
        moved += this.length
        return original.apply(this, args) as never
      })
    })
    const { from } = Array
    spies.push(
      jest.spyOn(Array, 'from').mockImplementation(((source: { length: number }, ...rest: []) => {
        moved += source.length
        return from(source, ...rest)
      }) as typeof Array.from) as never,
    )
    let read = 0
    try {
      const queue = new ResultQueue({ limit: count })
      for (let n = 0; n < count; n++) queue.push(of(n))
      // Half is read and filled up again, so that the ring wraps around.
      for (; read < count / 2; read++) void queue.next()
      for (let n = 0; n < count / 2; n++) queue.push(of(n))
      queue.end()
      while (!(await queue.next()).done) read++
    } finally {
      spies.forEach((spy) => spy.mockRestore())
    }
    expect(read).toBe(count * 1.5)
    expect(moved).toBeLessThan(count * 4)
  })

  test('K-7 a limit that is no positive integer is refused, with the value', () => {
    for (const limit of [0, -1, 1.5, Number.NaN, -Infinity, '5' as never]) {
      expect(() => new ResultQueue({ limit })).toThrow(OptionsError)
      expect(() => new ResultQueue({ limit })).toThrow(String(limit))
    }
  })
})
