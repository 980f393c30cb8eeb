import {
  chain,
  compose,
  createOperation,
  documentTransfer,
  lastResult,
  LinkError,
  mapResults,
  ResultQueue,
  single,
  withContext,
  withHeader,
  withSigner,
  withVariables,
  type Exchange,
  type Link,
  type Operation,
  type Result,
  type Results,
  type TerminalLink,
} from '@graphlinks/core'
import { FakeClock, linkContract, memoryLink, secretCanary, settle } from './index.ts'

/** Runs the contract by itself and gives the titles of the tests that failed. */
async function failuresOf(makeLink: () => Link): Promise<string[]> {
  const tests: [string, () => Promise<void>][] = []
  linkContract(makeLink, { test: (title, run) => tests.push([title, run]) })
  const failures: string[] = []
  for (const [title, run] of tests) await run().catch(() => failures.push(title))
  return failures
}

async function collect(results: Results): Promise<Result[]> {
  const got: Result[] = []
  for await (const result of results) got.push(result)
  return got
}

const settled = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => value,
    (error: unknown) => error,
  )

describe('linkContract', () => {
  test('a good link passes, and each test is registered once, with a title', async () => {
    const titles: string[] = []
    linkContract(() => (operation, next) => next(operation), { test: (title) => titles.push(title) })
    expect(titles.length).toBeGreaterThan(10)
    expect(new Set(titles).size).toBe(titles.length)
    for (const title of titles) expect(title).toMatch(/^contract: ./)
    expect(await failuresOf(() => (operation, next) => next(withHeader(operation, 'x-a', '1')))).toEqual([])
  })

  const bad: [string, () => Link, RegExp][] = [
    [
      'swallows errors',
      () =>
        async function* bad(operation, next) {
          try {
            yield* next(operation)
          } catch {
            yield { data: null }
          }
        },
      /same object/,
    ],
    [
      'wraps errors',
      () =>
        async function* bad(operation, next) {
          try {
            yield* next(operation)
          } catch (error) {
            throw new Error('wrapped', { cause: error })
          }
        },
      /same object/,
    ],
    [
      'sends eagerly',
      () => {
        const send = (results: Results): Promise<Result[]> => collect(results)
        const eager: Link = (operation, next) => {
          const sent = send(next(operation))
          sent.catch(() => {})
          return (async function* replay() {
            yield* await sent
          })()
        }
        return eager
      },
      /stopping early closes|abort/,
    ],
    [
      'mutates the operation',
      () => (operation, next) => {
        Object.assign(operation as { variables: unknown }, { variables: { a: 2 } })
        return next(operation)
      },
      /untouched/,
    ],
    [
      'mutates the variables',
      () => (operation, next) => {
        Object.assign((operation.variables ?? {})['a'] ?? {}, { b: 2 })
        return next(operation)
      },
      /untouched/,
    ],
    [
      'never closes what is further in',
      () => (operation, next) => {
        const source = next(operation)[Symbol.asyncIterator]()
        return { [Symbol.asyncIterator]: () => ({ next: () => source.next() }) }
      },
      /stopping early closes/,
    ],
    [
      'reorders results',
      () =>
        async function* bad(operation, next) {
          const held: Result[] = []
          for await (const result of next(operation)) {
            held.push(result)
            if (held.length === 2) yield* held.splice(0).reverse()
          }
          yield* held
        },
      /order/,
    ],
    [
      'drops results',
      () =>
        async function* bad(operation, next) {
          let n = 0
          for await (const result of next(operation)) if (n++ % 2 === 0) yield result
        },
      /order/,
    ],
    [
      'waits for the end',
      () =>
        async function* bad(operation, next) {
          yield* await collect(next(operation))
        },
      /error after some results/,
    ],
    [
      'mixes up results that come at the same time',
      () => {
        let last: Result = {}
        return async function* bad(operation, next) {
          for await (const result of next(operation)) {
            last = result
            await Promise.resolve()
            yield last
          }
        }
      },
      /share nothing/,
    ],
    [
      'shares state between operations',
      () => {
        let last: Operation | undefined
        const sharing: Link = async function* bad(operation, next) {
          last = operation
          await settle()
          yield* next(withVariables(operation, last.variables))
        }
        return sharing
      },
      /share nothing/,
    ],
    [
      'overwrites a header of the call',
      () => {
        const forced: Link = (operation, next) =>
          next(
            createOperation({
              document: operation.document,
              variables: operation.variables,
              headers: { 'x-forced': 'link' },
              signal: operation.signal,
            }),
          )
        return forced
      },
      /header of the call wins/,
    ],
    [
      'is broken by a failure',
      () => {
        let broken = false
        const once: Link = async function* bad(operation, next) {
          if (broken) throw new Error('still broken')
          try {
            yield* next(operation)
          } catch (error) {
            broken = true
            throw error
          }
        }
        return once
      },
      /usable/,
    ],
    [
      'names itself where another link failed',
      () =>
        async function* bad(operation, next) {
          try {
            yield* next(operation)
          } catch (error) {
            throw error instanceof LinkError ? new LinkError('mine', { link: 'bad' }) : error
          }
        },
      /is named/,
    ],
    ['never calls next', () => () => single({ data: {} }), /nothing is sent before iteration/],
    [
      'never answers',
      () => () => ({
        [Symbol.asyncIterator]: () => ({ next: () => settle().then(() => ({ done: true, value: undefined })) }),
      }),
      /order/,
    ],
  ]
  test.each(bad)('it catches a link that %s', async (_, makeLink, expected) => {
    const failures = await failuresOf(makeLink)
    expect(failures.filter((title) => expected.test(title))).not.toEqual([])
  })

  test('without a test function it says what to do', () => {
    const { test: original } = globalThis
    Reflect.set(globalThis, 'test', undefined)
    try {
      expect(() => linkContract(() => compose())).toThrow('pass { test }')
    } finally {
      globalThis.test = original
    }
  })
})

describe('memoryLink', () => {
  const operation = createOperation({ document: '{ a }' })

  test('it answers a result, several, an error, results, or what a function of the operation gives or promises', async () => {
    const down = new Error('down')
    async function* stream(): AsyncGenerator<Result> {
      yield { data: 1 }
      yield { data: 2 }
    }
    expect(await collect(memoryLink()(operation))).toEqual([{ data: {} }])
    expect(await collect(memoryLink({ data: 1 })(operation))).toEqual([{ data: 1 }])
    expect(await collect(memoryLink([{ data: 1 }, { data: 2 }])(operation))).toEqual([{ data: 1 }, { data: 2 }])
    expect(await collect(memoryLink(stream())(operation))).toEqual([{ data: 1 }, { data: 2 }])
    expect(await collect(memoryLink(async ({ kind }) => ({ data: kind }))(operation))).toEqual([{ data: 'query' }])
    expect(await settled(collect(memoryLink(down)(operation)))).toBe(down)
    expect(await settled(collect(memoryLink(() => Promise.reject(down))(operation)))).toBe(down)
  })

  test('what signs a request sees the id of a document whose text is not sent, also where a build left nothing but a hash', async () => {
    const bodies: unknown[] = []
    const signer: Exchange = {
      link: 'signer',
      identity: '',
      request({ body }) {
        bodies.push(JSON.parse(String(body)))
        return undefined
      },
    }
    const hash = { __meta__: { hash: 'sha256:a' } } as never
    const replaced = createOperation({ document: hash, kind: 'query' })
    await collect(
      memoryLink()(withSigner(withContext(replaced, documentTransfer, { text: false, id: 'sha256:a' }), signer)),
    )
    await collect(memoryLink()(withSigner(operation, signer)))
    expect(bodies).toEqual([{ documentId: 'sha256:a' }, { query: '{ a }' }])
  })

  test('it records what was sent when it is iterated, with headers opened, and how it ended', async () => {
    const memory = memoryLink([{ data: 1 }, { data: 2 }])
    const given = withHeader(withHeader(operation, 'X-A', 'secret'), 'x-b', null)
    const results = memory(given)
    expect(memory.sent).toEqual([])
    for await (const _ of results) {
      expect(memory.sent[0]?.ended).toBeUndefined()
      break
    }
    await collect(memory(given))
    expect(memory.sent.map(({ headers, ended }) => [headers, ended])).toEqual([
      [{ 'x-a': 'secret' }, 'closed'],
      [{ 'x-a': 'secret' }, 'completed'],
    ])
    expect(memory.sent[0]?.operation).toBe(given)
    const failing = memoryLink(new Error('down'))
    await settled(collect(failing(operation)))
    expect(failing.sent[0]?.ended).toBe('failed')
  })

  test('it ends when the signal aborts, and is refused insecure credentials like any terminal link', async () => {
    const controller = new AbortController()
    const memory = memoryLink(() => new Promise<never>(() => {}))
    const running = settled(collect(memory(createOperation({ document: '{ a }', signal: controller.signal }))))
    await settle()
    const reason = new Error('left')
    controller.abort(reason)
    expect(await running).toBe(reason)
    const insecure = memoryLink(undefined, { url: 'http://api.test/graphql' })
    expect(await settled(lastResult(insecure, withHeader(operation, 'x-a', '1')))).toMatchObject({
      code: 'INSECURE_TRANSPORT',
    })
    expect(insecure.sent).toEqual([])
  })

  test('results of a source that is silent when the operation is cancelled end, and the source is closed', async () => {
    const controller = new AbortController()
    const closed = jest.fn()
    const queue = new ResultQueue({ onClose: closed })
    const memory = memoryLink(queue)
    const running = settled(collect(memory(createOperation({ document: '{ a }', signal: controller.signal }))))
    queue.push({ data: 1 })
    await settle()
    expect(memory.sent[0]?.ended).toBeUndefined()
    const reason = new Error('left')
    controller.abort(reason)
    expect(await running).toBe(reason)
    expect(memory.sent[0]?.ended).toBe('failed')
    expect(closed).toHaveBeenCalledTimes(1)
    // In a client, which does not wait for it.
    const silent = memoryLink(() => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) }))
    const left = new AbortController()
    const cancelled = settled(lastResult(silent, createOperation({ document: '{ a }', signal: left.signal })))
    await settle()
    left.abort(reason)
    expect(await cancelled).toBe(reason)
    await settle()
    expect(silent.sent[0]?.ended).toBe('failed')
  })

  test('in the middle of a chain it is refused', () => {
    const memory = memoryLink()
    expect(() => chain(memory as unknown as Link, memory as TerminalLink)).toThrow('memoryLink is a terminal link')
  })
})

describe('FakeClock', () => {
  test('what was due before runs now: time never goes back', async () => {
    const clock = new FakeClock()
    await clock.advance(100)
    const seen: number[] = []
    clock.after(-50, () => seen.push(clock.now()))
    await clock.advance(1)
    expect([seen, clock.now()]).toEqual([[100], 101])
  })

  test('timers run in order, each at its time, and what they set off runs before the next', async () => {
    const clock = new FakeClock()
    const trace: [string, number][] = []
    const note = (name: string): void => void trace.push([name, clock.now()])
    clock.after(20, () => note('b'))
    clock.after(10, () => {
      note('a')
      clock.after(5, () => note('nested'))
      void Promise.resolve().then(() => note('promise'))
    })
    clock.after(20, () => note('c'))
    clock.after(21, () => note('late'))
    expect([clock.now(), clock.pending]).toEqual([0, 4])
    await clock.advance(20)
    expect(trace).toEqual([
      ['a', 10],
      ['promise', 10],
      ['nested', 15],
      ['b', 20],
      ['c', 20],
    ])
    expect([clock.now(), clock.pending]).toEqual([20, 1])
    await clock.advance(0)
    await clock.advance(1)
    expect(trace.at(-1)).toEqual(['late', 21])
    expect(clock.pending).toBe(0)
  })

  test('a cancelled timer never runs, however often it is cancelled, and one at zero runs on the next move', async () => {
    const clock = new FakeClock()
    const run = jest.fn()
    const cancel = clock.after(10, run)
    cancel()
    cancel()
    clock.after(5, clock.after(10, run))
    await clock.advance(100)
    expect(run).not.toHaveBeenCalled()
    clock.after(0, run)
    expect(run).not.toHaveBeenCalled()
    await clock.advance(0)
    expect(run).toHaveBeenCalledTimes(1)
    cancel()
  })

  test('settle lets everything go on that waits for promises only', async () => {
    let turns = 0
    void (async () => {
      for (; turns < 100; turns++) await Promise.resolve()
    })()
    expect(turns).toBe(0)
    await settle()
    expect(turns).toBe(100)
  })
})

describe('secretCanary', () => {
  const canary = secretCanary()
  const { value } = canary

  test('each canary has a value of its own, of letters and digits, and what is clean passes', () => {
    const values = Array.from({ length: 100 }, () => secretCanary().value)
    expect(new Set(values).size).toBe(100)
    for (const each of values) expect(each).toMatch(/^[a-z0-9]{16,}$/)
    const circle: Record<string, unknown> = { a: 1n, b: Symbol('x'), c: () => {}, d: new Map([[1, new Set([2])]]) }
    circle['self'] = circle
    canary.check(circle, new Error('clean', { cause: circle }), undefined, null, 'clean', Object.create(null), [])
  })

  class Hidden {
    readonly #secret: string
    constructor(secret: string) {
      this.#secret = secret
    }
    get visible(): string {
      return this.#secret
    }
    [Symbol.for('nodejs.util.inspect.custom')](): string {
      return 'hidden'
    }
  }

  const sinks: [string, () => unknown][] = [
    ['a text', () => `x${value}y`],
    ['a message', () => new Error(value)],
    ['a stack', () => Object.assign(new Error('x'), { stack: value })],
    ['a cause', () => new Error('x', { cause: new Error('y', { cause: { token: value } }) })],
    ['a deep object', () => ({ a: { b: { c: { d: { e: { f: { g: [[[[[value]]]]] } } } } } } })],
    ['a key', () => ({ [value]: 1 })],
    ['a symbol', () => ({ [Symbol(value)]: 1 })],
    ['a hidden property', () => Object.defineProperty({}, 'token', { value, enumerable: false })],
    [
      'a hidden property behind custom inspection',
      () => Object.defineProperty(new Hidden('x'), 'token', { value, enumerable: false }),
    ],
    [
      'a getter of its own',
      () => Object.defineProperty({}, 'token', { get: () => value, enumerable: true, configurable: true }),
    ],
    ['a Map', () => new Map([['a', { value }]])],
    ['a Set', () => new Set([value])],
    ['toJSON', () => ({ toJSON: () => ({ value }) })],
    ['toString', () => ({ toString: () => value, [Symbol.for('nodejs.util.inspect.custom')]: () => '' })],
    ['custom inspection', () => ({ [Symbol.for('nodejs.util.inspect.custom')]: () => value })],
    ['an AggregateError', () => new AggregateError([new Error(value)], 'x')],
    ['a function', () => Object.assign(() => {}, { token: value })],
    ['the end of a long text', () => ({ text: 'x'.repeat(50_000) + value })],
    ['the end of a long list', () => ({ list: [...Array.from({ length: 500 }, () => 0), value] })],
    ['Base64', () => Buffer.from(value).toString('base64')],
    ['Base64 of a longer text', () => Buffer.from(`user:${value}`).toString('base64')],
    ['Base64 of another alignment', () => Buffer.from(`ü:${value}:more`).toString('base64')],
    ['hexadecimal', () => Buffer.from(value).toString('hex')],
    ['a URL', () => new URL(`https://api.test/?key=${value}`)],
    ['Headers', () => ({ headers: [...new Headers({ a: value })] })],
    ['the second value', () => value],
  ]
  test.each(sinks)('it finds the secret in %s', (_, make) => {
    expect(() => canary.check('clean', make())).toThrow(/canary was found in .*value 1/)
  })

  const writers: [string, () => void][] = [
    ...(['debug', 'error', 'info', 'log', 'trace', 'warn'] as const).map((method): [string, () => void] => [
      `console.${method}`,
      // oxlint-disable-next-line no-console
      () => console[method]('%s and %o', 'x', { deep: { value } }),
    ]),
    ['stdout', () => process.stdout.write(`${value}\n`)],
    ['stderr', () => process.stderr.write(Buffer.from(`${value}\n`))],
  ]
  test.each(writers)('watch finds it on %s, and puts everything back', async (_, write) => {
    // The canary passes on what is written, and a secret in the output of tests helps nobody.
    const quiet = [process.stdout, process.stderr].map((stream) => jest.spyOn(stream, 'write').mockReturnValue(true))
    try {
      const before = outputs()
      await expect(canary.watch(write)).rejects.toThrow('found in the output')
      await expect(canary.watch(async () => (await settle(), write()))).rejects.toThrow('found in the output')
      expect(outputs()).toEqual(before)
    } finally {
      quiet.forEach((spy) => spy.mockRestore())
    }
    function outputs(): unknown[] {
      return [
        Reflect.get(console, 'log'),
        ...[process.stdout, process.stderr].map((stream) => Reflect.get(stream, 'write')),
      ]
    }
  })

  test('watch gives what the function gave, or fails as it failed', async () => {
    expect(await canary.watch(() => 5)).toBe(5)
    await expect(canary.watch(() => Promise.reject(new Error('down')))).rejects.toThrow('down')
  })
})

test('a mapped memoryLink passes the contract, as in the documentation', async () => {
  expect(await failuresOf(() => (operation, next) => mapResults(next(operation), (result) => ({ ...result })))).toEqual(
    [],
  )
})

test('a link in the place of the function that makes it is refused at once', () => {
  const link: Link = (operation, next) => next(operation)
  expect(() => linkContract(link as never, { test: () => {} })).toThrow(
    'linkContract takes a function that makes a link',
  )
})
