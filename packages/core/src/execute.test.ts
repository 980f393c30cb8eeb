import { memoryLink, settle } from '@graphlinks/testing'
import { exchangedHeaders } from './exchangedHeaders.ts'
import {
  admission,
  chain,
  createClient,
  createOperation,
  detached,
  execute,
  executionOf,
  failed,
  identityOf,
  lastResult,
  LinkError,
  mapResults,
  ResultQueue,
  renderFields,
  single,
  withHeader,
  withVariables,
  type Link,
  type Operation,
  type OperationExecution,
  type OperationInit,
  type Result,
  type Results,
  type TerminalLink,
} from './index.ts'

const query = (init: Partial<OperationInit> = {}): Operation => createOperation({ document: 'query Q { a }', ...init })
const tenant: Link = (operation, next) => next(withHeader(operation, 'x-tenant', 'acme'))
const never = new Promise<never>(() => {})

async function collect(results: Results): Promise<Result[]> {
  const got: Result[] = []
  for await (const result of results) got.push(result)
  return got
}

const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => Promise.reject(new Error('it should have failed')),
    (error: unknown) => error,
  )

const iterate = (results: Results): AsyncIterator<Result> => results[Symbol.asyncIterator]()

/** Rejects where a promise is not settled within two turns of the event loop. */
const soon = <Value>(promise: Promise<Value>): Promise<Value> =>
  Promise.race([
    promise,
    settle()
      .then(settle)
      .then(() => Promise.reject(new Error('it did not settle within a turn of the event loop'))),
  ])

/** A signal that counts who listens to it. */
function countedSignal(): { controller: AbortController; listeners: () => number; added: () => number } {
  const controller = new AbortController()
  const { signal } = controller
  const listening = new Set<unknown>()
  let added = 0
  const add = signal.addEventListener.bind(signal) as (...args: unknown[]) => void
  const remove = signal.removeEventListener.bind(signal) as (...args: unknown[]) => void
  signal.addEventListener = ((...args: unknown[]) => {
    listening.add(args[1])
    added++
    add(...args)
  }) as typeof signal.addEventListener
  signal.removeEventListener = ((...args: unknown[]) => {
    listening.delete(args[1])
    remove(...args)
  }) as typeof signal.removeEventListener
  return { controller, listeners: () => listening.size, added: () => added }
}

async function* endless(): AsyncGenerator<Result> {
  for (let n = 0; ; n++) yield { data: { n } }
}

test('what was sent is remembered for the last 64 attempts, however often an operation is sent', async () => {
  const seen: OperationExecution[] = []
  const again: Link = async function* again(operation, next) {
    for (let n = 1; n <= 100; n++) yield* next(withHeader(operation, 'x-attempt', String(n)))
  }
  const terminal: TerminalLink = (operation) => {
    renderFields(operation, { endpoint: new URL('https://api.test/'), link: 'test' })
    seen.push(executionOf(operation) as OperationExecution)
    return single({ data: 1 })
  }
  await lastResult(chain(again, terminal), query())
  const [{ attempts, sent }] = seen as [OperationExecution]
  const numbers = sent.map((operation) => identityOf(operation).reveal().match(/\d+/)?.[0])
  expect([attempts, sent.length, numbers[0], numbers.at(-1)]).toEqual([100, 64, '37', '100'])
})

test('the same where what takes part in exchanges adds what it set', async () => {
  const destination = { endpoint: new URL('https://api.test/'), link: 'test' }
  let execution: OperationExecution | undefined
  const terminal: TerminalLink = (operation) => {
    execution = executionOf(operation)
    for (let n = 0; n < 1_000; n++) {
      renderFields(operation, destination)
      exchangedHeaders(operation, { 'x-nonce': String(n) }, 'test', destination)
    }
    return single({ data: 1 })
  }
  await lastResult(terminal, query())
  expect(execution?.sent.length).toBeLessThanOrEqual(65)
})

describe('K-2 results are cold and one-shot', () => {
  test('K-2 nothing happens before the first next()', async () => {
    const called: string[] = []
    const link: Link = (operation, next) => {
      called.push('link')
      return next(operation)
    }
    const terminal: TerminalLink = () => {
      called.push('terminal')
      return single({ data: 1 })
    }
    const results = execute(chain(link, terminal), query())
    const iterator = iterate(results)
    await settle()
    expect(called).toEqual([])
    expect(await iterator.next()).toEqual({ done: false, value: { data: 1 } })
    expect(called).toEqual(['link', 'terminal'])
  })

  test('K-2 a second iteration fails, sends nothing, and leaves the first one alone', async () => {
    const memory = memoryLink([{ data: 1 }, { data: 2 }])
    const results = execute(chain(tenant, memory), query())
    const first = iterate(results)
    expect(await first.next()).toEqual({ done: false, value: { data: 1 } })
    const error = await errorOf(collect(results))
    expect(error).toBeInstanceOf(LinkError)
    expect((error as Error).message).toContain('results can be iterated once')
    expect(await first.next()).toEqual({ done: false, value: { data: 2 } })
    expect(await first.next()).toEqual({ done: true, value: undefined })
    expect(memory.sent).toHaveLength(1)
  })

  test('K-2 return() before the first next() sends nothing', async () => {
    const memory = memoryLink()
    const iterator = iterate(execute(memory, query()))
    expect(await iterator.return?.()).toEqual({ done: true, value: undefined })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(memory.sent).toHaveLength(0)
  })
})

describe('what links know of a run', () => {
  test('notes are counted for all copies of one run, and for no other', async () => {
    const seen: unknown[] = []
    const noting: Link = async function* noting(operation, next) {
      executionOf(operation)?.note('retry')
      executionOf(withVariables(operation, {}))?.note('retry')
      yield* next(operation)
      seen.push([...(executionOf(operation)?.notes ?? [])], executionOf(operation)?.attempts)
    }
    const sending: TerminalLink = (operation) => {
      renderFields(operation, { endpoint: new URL('https://api.example.com'), link: 'sending' })
      return single({ data: {} })
    }
    const link = chain(noting, sending)
    await lastResult(link, createOperation({ document: '{ a }' }))
    await lastResult(link, createOperation({ document: '{ a }' }))
    expect(seen).toEqual([[['retry', 2]], 1, [['retry', 2]], 1])
  })

  test('a detached copy goes on when the caller aborts, and ends with its own run', async () => {
    const caller = new AbortController()
    let inner: Operation | undefined
    const silent: TerminalLink = (operation) => {
      inner = operation
      return { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }
    }
    let own: AsyncIterator<Result> | undefined
    const detaching: Link = (operation, next) => {
      const results = execute(next, detached(operation))
      own = results[Symbol.asyncIterator]()
      return { [Symbol.asyncIterator]: () => ({ next: () => (own as AsyncIterator<Result>).next() }) }
    }
    const operation = createOperation({ document: '{ a }', signal: caller.signal })
    const outcome = lastResult(chain(detaching, silent), operation).catch((error: unknown) => error)
    await settle()
    caller.abort(new Error('left'))
    expect(await outcome).toEqual(new Error('left'))
    expect(inner?.signal.aborted).toBe(false)
    await own?.return?.()
    expect(inner?.signal.aborted).toBe(true)
  })
})

describe('the end of a run', () => {
  const silent: TerminalLink = () => ({ [Symbol.asyncIterator]: () => ({ next: () => never }) })

  test('who waits for it hears of it once, whether the run completes, fails, is left or is aborted', async () => {
    const caller = new AbortController()
    const abort = (reading: Promise<unknown>): Promise<unknown> => {
      caller.abort(new Error('left'))
      return errorOf(reading)
    }
    const runs: [TerminalLink, (iterator: AsyncIterator<Result>) => unknown][] = [
      [() => single({ data: 1 }), async (iterator) => (await iterator.next(), iterator.next())],
      [() => failed(new Error('down')), (iterator) => errorOf(iterator.next())],
      [endless, async (iterator) => (await iterator.next(), iterator.return?.())],
      [silent, (iterator) => abort(iterator.next())],
    ]
    for (const [terminal, read] of runs) {
      const ended = [jest.fn(), jest.fn()]
      const link: TerminalLink = (operation) => {
        for (const callback of ended) executionOf(operation)?.onEnd(callback)
        return terminal(operation)
      }
      const iterator = iterate(execute(link, query({ signal: caller.signal })))
      await read(iterator)
      for (const callback of ended) expect(callback).toHaveBeenCalledTimes(1)
      await iterator.return?.()
      for (const callback of ended) expect(callback).toHaveBeenCalledTimes(1)
    }
  })

  test('an abort reaches all who listen for it but those who took that back, however often', async () => {
    const heard: string[] = []
    const link: TerminalLink = (operation) => {
      const takeBack = ['a', 'b', 'c', 'd'].map((name) => executionOf(operation)?.onAbort(() => heard.push(name)))
      for (const index of [0, 0, 2]) takeBack[index]?.()
      return silent(operation)
    }
    const iterator = iterate(execute(link, query()))
    void iterator.next()
    await iterator.return?.()
    expect(heard).toEqual(['b', 'd'])
  })

  test('K-4 what listens for the end or the abort of an operation and throws keeps nobody from hearing of it', async () => {
    const boom = (): never => {
      throw new Error('boom')
    }
    const heard: string[] = []
    const listening =
      (terminal: TerminalLink): TerminalLink =>
      (operation) => {
        const execution = executionOf(operation)
        for (const listener of [boom, (): unknown => heard.push('abort')]) execution?.onAbort(listener)
        for (const listener of [boom, (): unknown => heard.push('end')]) execution?.onEnd(listener)
        return terminal(operation)
      }
    const answering = listening(() => single({ data: 1 }))
    expect(await lastResult(answering, query())).toEqual({ data: 1 })
    const iterator = iterate(execute(answering, query()))
    expect(await iterator.next()).toEqual({ done: false, value: { data: 1 } })
    expect(await iterator.next()).toMatchObject({ done: true })
    expect(heard.splice(0)).toEqual(['end', 'end'])

    const reason = new Error('left')
    for (const run of [lastResult, (link: TerminalLink, of: Operation) => iterate(execute(link, of)).next()]) {
      const caller = new AbortController()
      const waiting = run(listening(silent), query({ signal: caller.signal }))
      caller.abort(reason)
      await expect(waiting).rejects.toBe(reason)
      expect(heard.splice(0)).toEqual(['end', 'abort'])
    }
    const client = createClient({ link: listening(silent) })
    const waiting = errorOf(client.query('{ a }'))
    await client.dispose()
    expect(await waiting).toMatchObject({ code: 'DISPOSED' })
  })

  test('closing after the end cancels nothing: the signal stays as it was, and the source is not closed again', async () => {
    let signal: AbortSignal | undefined
    const close = jest.fn(async () => ({ done: true as const, value: undefined }))
    const link: TerminalLink = (operation) => {
      signal = operation.signal
      return { [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }), return: close }) }
    }
    const iterator = iterate(execute(link, query()))
    await iterator.next()
    await iterator.return?.()
    expect(signal?.aborted).toBe(false)
    expect(close).not.toHaveBeenCalled()
  })

  test('links further out see the reason of the abort as it is, and what a link fails with while it ends as its failure', async () => {
    for (const reason of [new Error('left'), undefined]) {
      for (const failing of [false, true]) {
        const caller = new AbortController()
        const seen: unknown[] = []
        let signal: AbortSignal | undefined
        const observing: Link = async function* observing(operation, next) {
          try {
            yield* next(operation)
          } catch (error) {
            seen.push(error)
          }
        }
        const preparing: Link = async function preparing(operation) {
          signal = operation.signal
          await new Promise((resolve) => operation.signal.addEventListener('abort', resolve))
          throw failing ? new Error('cannot tidy up') : operation.signal.reason
        }
        const iterator = iterate(execute(chain(observing, preparing, memoryLink()), query({ signal: caller.signal })))
        const pending = iterator.next().catch(() => {})
        await settle()
        if (reason) caller.abort(reason)
        else await iterator.return?.()
        await pending
        await settle()
        if (!failing) expect(seen[0]).toBe(reason ?? signal?.reason)
        else expect(seen[0]).toMatchObject({ code: 'LINK_FAILED', cause: { message: 'cannot tidy up' } })
        expect(seen).toHaveLength(1)
      }
    }
  })
})

describe('runs within a run', () => {
  const run: Link = (operation, next) => execute(next, detached(operation))

  test('what a detached copy sends and notes counts for the run that it came from', async () => {
    const seen: unknown[] = []
    const observing: Link = async function* observing(operation, next) {
      yield* next(operation)
      seen.push(executionOf(operation)?.attempts, [...(executionOf(operation)?.notes ?? [])])
    }
    const noting: Link = async function* noting(operation, next) {
      executionOf(operation)?.note('retry')
      yield* next(operation)
      yield* next(operation)
    }
    const link = chain(observing, run, run, noting, memoryLink())
    await lastResult(link, createOperation({ document: '{ a }' }))
    await lastResult(link, createOperation({ document: '{ a }' }))
    expect(seen).toEqual([2, [['retry', 1]], 2, [['retry', 1]]])
  })

  test('a detached copy is let through by the terminal link of the chain, unless the run was already', async () => {
    const wait: Link = async (operation, next) => {
      await admission(operation)
      return next(operation)
    }
    const asked = jest.fn()
    const terminal = Object.assign(memoryLink(), {
      admit: async (operation: Operation) => asked(executionOf(operation)),
    })
    await lastResult(chain(run, run, wait, wait, terminal), createOperation({ document: '{ a }' }))
    expect(asked.mock.calls).toEqual([[executionOf(terminal.sent[0]?.operation as Operation)]])
    await lastResult(chain(wait, run, wait, terminal), createOperation({ document: '{ a }' }))
    expect(asked).toHaveBeenCalledTimes(2)
  })
})

describe('K-3 cancellation', () => {
  test('K-3 return() while a result is due resolves at once, aborts the signal and ends the terminal link', async () => {
    let signal: AbortSignal | undefined
    const memory = memoryLink((operation) => {
      signal = operation.signal
      return never
    })
    const iterator = iterate(execute(chain(tenant, memory), query()))
    const pending = iterator.next()
    await settle()
    expect(signal?.aborted).toBe(false)
    const order: string[] = []
    const returned = iterator.return?.().then((step) => (order.push('return'), step))
    void pending.then(() => order.push('next'))
    expect(await soon(Promise.all([pending, returned]))).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ])
    expect(order.sort()).toEqual(['next', 'return'])
    expect(signal?.aborted).toBe(true)
    await settle()
    expect(memory.sent[0]?.ended).toBe('failed')
  })

  test('K-3 return() does not wait for links that never end, nor for a source without return()', async () => {
    const deaf: TerminalLink = () => ({ [Symbol.asyncIterator]: () => ({ next: () => never }) })
    const stuck: Link = async function* stuck(operation, next) {
      try {
        yield* next(operation)
      } finally {
        await never
      }
    }
    const throwing: TerminalLink = () => ({
      [Symbol.asyncIterator]: () => ({
        next: () => never,
        return() {
          throw new Error('return is broken')
        },
      }),
    })
    const rejecting: TerminalLink = () => ({
      [Symbol.asyncIterator]: () => ({
        next: () => never,
        return: () => Promise.reject(new Error('return is broken')),
      }),
    })
    for (const link of [
      deaf,
      chain(stuck, deaf),
      chain(
        tenant,
        stuck,
        memoryLink(() => never),
      ),
      throwing,
      rejecting,
    ]) {
      const iterator = iterate(execute(link, query()))
      const pending = iterator.next()
      await settle()
      await soon(Promise.all([iterator.return?.(), pending]))
      expect(await soon(iterator.next())).toEqual({ done: true, value: undefined })
    }
  })

  test('K-3 leaving the loop closes every link, innermost iterators included', async () => {
    const closed: string[] = []
    const watching = (name: string): Link =>
      async function* watching(operation, next) {
        try {
          yield* next(operation)
        } finally {
          closed.push(name)
        }
      }
    const memory = memoryLink(endless())
    for await (const { data } of execute(chain(watching('outer'), watching('inner'), memory), query())) {
      if ((data as { n: number }).n === 3) break
    }
    await settle()
    expect(closed).toEqual(['inner', 'outer'])
    expect(memory.sent[0]?.ended).toBe('closed')
  })

  test('K-3 concurrent next() calls are answered in order, whenever they are made', async () => {
    const queue = new ResultQueue()
    const iterator = iterate(
      execute(
        chain(tenant, () => queue),
        query(),
      ),
    )
    const answers: [number, unknown][] = []
    const read = (call: number): Promise<void> =>
      iterator.next().then(({ done, value }) => {
        answers.push([call, done ? 'done' : (value as Result).data])
      })
    const reads = [read(1), read(2), read(3)]
    await settle()
    queue.push({ data: 'a' })
    await reads[0]
    // One is being answered and one waits: a fourth must not overtake them.
    reads.push(read(4), read(5))
    for (const data of ['b', 'c']) {
      queue.push({ data })
      await Promise.resolve()
      reads.push(read(reads.length + 1))
    }
    for (const data of ['d', 'e', 'f']) queue.push({ data })
    queue.end()
    await soon(Promise.all(reads))
    expect(answers).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
      [4, 'd'],
      [5, 'e'],
      [6, 'f'],
      [7, 'done'],
    ])
  })

  test('K-3 concurrent next() calls: an error or an end answers one, and the others are done', async () => {
    const error = new Error('lost')
    const queue = new ResultQueue()
    const iterator = iterate(execute(() => queue, query()))
    const reads = [iterator.next(), iterator.next(), iterator.next()].map((read) =>
      read.catch((caught: unknown) => caught),
    )
    queue.push({ data: 1 })
    queue.fail(error)
    expect(await soon(Promise.all(reads))).toEqual([
      { done: false, value: { data: 1 } },
      error,
      { done: true, value: undefined },
    ])
    const second = iterate(
      execute(
        memoryLink(() => never),
        query(),
      ),
    )
    const waiting = [second.next(), second.next(), second.next()]
    await settle()
    await second.return?.()
    expect(await soon(Promise.all(waiting))).toEqual(Array(3).fill({ done: true, value: undefined }))
  })

  const reasons: [string, unknown][] = [
    ['an error', new Error('the user left')],
    ['a text', 'left'],
    ['null', null],
    ['the default', undefined],
  ]
  test.each(reasons)('K-3 an abort before, during and after, with %s as the reason', async (_, given) => {
    const reasonOf = (controller: AbortController): unknown => controller.signal.reason
    const before = new AbortController()
    before.abort(given)
    const memory = memoryLink(() => never)
    for (const run of [
      () => lastResult(chain(tenant, memory), query({ signal: before.signal })),
      () => collect(execute(chain(tenant, memory), query({ signal: before.signal }))),
    ]) {
      expect(await soon(errorOf(run()))).toBe(reasonOf(before))
    }
    expect(memory.sent).toHaveLength(0)

    for (const run of [
      (operation: Operation) => lastResult(chain(tenant, memory), operation),
      (operation: Operation) => collect(execute(chain(tenant, memory), operation)),
    ]) {
      const during = new AbortController()
      const failing = errorOf(run(query({ signal: during.signal })))
      await settle()
      const sent = memory.sent.at(-1)?.operation
      expect(sent?.signal.aborted).toBe(false)
      during.abort(given)
      expect(await soon(failing)).toBe(reasonOf(during))
      expect(sent?.signal.reason).toBe(reasonOf(during))
    }

    const after = new AbortController()
    let seen: AbortSignal | undefined
    const answering = memoryLink((operation) => ((seen = operation.signal), { data: 1 }))
    expect(await lastResult(answering, query({ signal: after.signal }))).toEqual({ data: 1 })
    after.abort(given)
    await settle()
    expect(seen?.aborted).toBe(false)
  })

  test('K-3 an abort between two reads fails the next read once, and nothing is sent further in by then', async () => {
    const controller = new AbortController()
    const reason = new Error('left')
    const memory = memoryLink(endless())
    const iterator = iterate(execute(chain(tenant, memory), query({ signal: controller.signal })))
    await iterator.next()
    controller.abort(reason)
    await settle()
    expect(memory.sent[0]?.ended).toBe('closed')
    expect(await errorOf(iterator.next())).toBe(reason)
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
  })

  test('K-3 an abort inside an async link settles at once, and what is further in is never called', async () => {
    const controller = new AbortController()
    const reason = new Error('left')
    let proceed = (): void => {}
    const waiting: Link = async (operation, next) => {
      await new Promise<void>((resolve) => (proceed = resolve))
      return next(operation)
    }
    const inner = jest.fn(tenant)
    const memory = memoryLink()
    const failing = errorOf(lastResult(chain(waiting, inner, memory), query({ signal: controller.signal })))
    await settle()
    controller.abort(reason)
    expect(await soon(failing)).toBe(reason)
    proceed()
    await settle()
    expect(inner).not.toHaveBeenCalled()
    expect(memory.sent).toHaveLength(0)
  })

  test('K-3 one listener on the signal of the caller, and it is removed however the operation ends', async () => {
    const counted = countedSignal()
    const { signal } = counted.controller
    const failing = memoryLink(new Error('down'))
    const link = chain(tenant, memoryLink([{ data: 1 }, { data: 2 }]))
    await lastResult(link, query({ signal }))
    await collect(execute(link, query({ signal })))
    for await (const _ of execute(link, query({ signal }))) break
    await errorOf(lastResult(failing, query({ signal })))
    await errorOf(collect(execute(failing, query({ signal }))))
    const broken: TerminalLink = () => {
      throw new Error('broken')
    }
    await errorOf(lastResult(broken, query({ signal })))
    expect([counted.added(), counted.listeners()]).toEqual([6, 0])

    const running = execute(
      memoryLink(() => never),
      query({ signal }),
    )
    const pending = errorOf(iterate(running).next())
    await settle()
    expect([counted.added(), counted.listeners()]).toEqual([7, 1])
    counted.controller.abort()
    await pending
    expect(counted.listeners()).toBe(0)
    await errorOf(lastResult(link, query({ signal })))
    expect([counted.added(), counted.listeners()]).toEqual([7, 0])
  })

  test('K-3 the signal is made on the first read, one per execution, and aborted only where something is cancelled', async () => {
    const Original = globalThis.AbortController
    let made = 0
    let aborts = 0
    globalThis.AbortController = class extends Original {
      constructor() {
        super()
        made++
      }
      override abort(reason?: unknown): void {
        aborts++
        super.abort(reason)
      }
    }
    try {
      const plain = chain(
        tenant,
        async (operation, next) => next(operation),
        () => single({ data: 1 }),
      )
      const mapped: Link = (operation, next) => mapResults(next(operation), (result) => result)
      await lastResult(chain(mapped, plain), query())
      await collect(execute(plain, query()))
      for await (const _ of execute(plain, query())) break
      expect(made).toBe(0)

      const signals: AbortSignal[] = []
      const reading: Link = (operation, next) => {
        signals.push(operation.signal)
        return next(operation)
      }
      await lastResult(chain(reading, tenant, reading, plain), query())
      expect([made, aborts]).toEqual([1, 0])
      expect(signals[0]).toBe(signals[1])
      await lastResult(chain(reading, plain), query())
      expect(signals[2]).not.toBe(signals[0])
      expect([made, aborts]).toEqual([2, 0])
    } finally {
      globalThis.AbortController = Original
    }
  })

  test.each([[new Error('left')], [null]])(
    'K-3 a signal that is first read after the abort is aborted, with the reason %s',
    async (reason) => {
      const controller = new AbortController()
      let seen: Operation | undefined
      const terminal: TerminalLink = (operation) => {
        seen = operation
        return { [Symbol.asyncIterator]: () => ({ next: () => never }) }
      }
      const failing = errorOf(lastResult(terminal, query({ signal: controller.signal })))
      await settle()
      controller.abort(reason)
      expect(await failing).toBe(reason)
      expect(seen?.signal.reason).toBe(reason)
    },
  )
})

describe('K-4 exactly one settlement', () => {
  test('K-4 lastResult gives the last of several, and an error where there is none', async () => {
    expect(
      await lastResult(
        memoryLink([
          { data: 1, hasNext: true },
          { data: 2, hasNext: false },
        ]),
        query(),
      ),
    ).toEqual({
      data: 2,
      hasNext: false,
    })
    const error = await errorOf(lastResult(chain(tenant, memoryLink([])), query()))
    expect(error).toBeInstanceOf(LinkError)
    expect(error).toMatchObject({ operationName: 'Q' })
    expect((error as Error).message).toContain('completed without a result')
    expect(await collect(execute(memoryLink([]), query()))).toEqual([])
  })

  test('K-4 a failure is the same object, also one that is no error', async () => {
    for (const failure of [new TypeError('down'), 'down', undefined, null]) {
      const link: TerminalLink = () => ({
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors
        [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(failure) }),
      })
      expect(await errorOf(lastResult(link, query()))).toBe(failure)
      const iterator = iterate(execute(chain(tenant, link), query()))
      expect(await errorOf(iterator.next())).toBe(failure)
      expect(await iterator.next()).toEqual({ done: true, value: undefined })
    }
  })

  test('K-4 what comes after the end, after an error or after a cancellation reaches nobody', async () => {
    const source: ((step: IteratorResult<Result>) => void)[] = []
    const manual: TerminalLink = () => ({
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise((resolve) => source.push(resolve)),
      }),
    })
    const iterator = iterate(execute(manual, query()))
    const pending = iterator.next()
    await iterator.return?.()
    source[0]?.({ done: false, value: { data: 'late' } })
    await settle()
    expect(await pending).toEqual({ done: true, value: undefined })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(source).toHaveLength(1)
  })

  test('K-4 two iterators of 10,000 steps keep the stack flat', async () => {
    let n = 0
    const link: TerminalLink = () => ({
      [Symbol.asyncIterator]: () => ({
        next: async () => (n++ < 10_000 ? { done: false, value: { data: n } } : { done: true, value: undefined }),
      }),
    })
    expect(await lastResult(link, query())).toEqual({ data: 10_000 })
    n = 0
    expect(await collect(execute(chain(tenant, link), query()))).toHaveLength(10_000)
  })
})
