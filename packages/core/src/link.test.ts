import { FakeClock, linkContract, memoryLink, settle } from '@graphlinks/testing'
import {
  admission,
  bearerLink,
  chain,
  compose,
  createOperation,
  execute,
  GraphLinksError,
  lastResult,
  ResultQueue,
  LinkError,
  mapResults,
  onSettled,
  single,
  split,
  WiringError,
  withHeader,
  type Link,
  type Next,
  type Operation,
  type OperationInit,
  type Result,
  type Results,
  type TerminalLink,
} from './index.ts'

const query = (init: Partial<OperationInit> = {}): Operation => createOperation({ document: 'query Q { a }', ...init })

async function collect(results: Results): Promise<Result[]> {
  const got: Result[] = []
  for await (const result of results) got.push(result)
  return got
}

const errorOf = (promise: Promise<unknown>): Promise<GraphLinksError> =>
  promise.then(
    () => Promise.reject(new Error('it should have failed')),
    (error: unknown) => error as GraphLinksError,
  )

function thrownBy(run: () => unknown): GraphLinksError {
  try {
    run()
  } catch (error) {
    return error as GraphLinksError
  }
  throw new Error('it should have thrown')
}

// The four of DESIGN section 2, word for word; what they read and write is here so that they can be watched.
const readSession = async (): Promise<string> => 's-1'

const tenant: Link = (op, next) => next(withHeader(op, 'x-tenant', 'acme'))
const session: Link = async (op, next) => next(withHeader(op, 'x-session', await readSession()))
const timing: Link = async function* timing(op, next) {
  const start = performance.now()
  try {
    yield* next(op)
  } finally {
    // oxlint-disable-next-line no-console
    console.log(op.operationName, performance.now() - start)
  }
}
const stamp: Link = async function* stamp(op, next) {
  for await (const result of next(op)) yield { ...result, extensions: { ...result.extensions, seen: true } }
}

describe('the contract', () => {
  beforeEach(() => {
    jest.spyOn(console, 'log').mockImplementation(() => {})
  })
  afterEach(() => {
    jest.restoreAllMocks()
  })
  describe('plain link', () => {
    linkContract(() => tenant)
  })
  describe('async link', () => {
    linkContract(() => session)
  })
  describe('generator link', () => {
    linkContract(() => timing)
  })
  describe('generator link that changes results', () => {
    linkContract(() => stamp)
  })
  describe('mapResults', () => {
    linkContract(() => (op, next) => mapResults(next(op), (result) => ({ ...result })))
  })
  describe('onSettled', () => {
    linkContract(() => (op, next) => onSettled(next(op), () => {}))
  })
  describe('async link with mapResults', () => {
    linkContract(() => async (op, next) => mapResults(next(await Promise.resolve(op)), (result) => ({ ...result })))
  })
  describe('compose', () => {
    linkContract(() => compose(tenant, session, compose(timing, stamp)))
  })
  describe('compose of nothing', () => {
    linkContract(() => compose())
  })
  describe('a chain that stands behind a link of its own', () => {
    linkContract(() => (op, next) => chain(tenant, (inner) => next(inner))(op))
  })
})

test('the four custom links of DESIGN section 2 work together, for a query and for a subscription', async () => {
  const log = jest.spyOn(console, 'log').mockImplementation(() => {})
  const memory = memoryLink([{ data: { n: 1 }, extensions: { kept: 1 } }, { data: { n: 2 } }])
  const link = chain(tenant, session, timing, stamp, memory)
  const document = 'subscription Ticks { n }'
  expect(await collect(execute(link, createOperation({ document })))).toEqual([
    { data: { n: 1 }, extensions: { kept: 1, seen: true } },
    { data: { n: 2 }, extensions: { seen: true } },
  ])
  expect(memory.sent[0]?.headers).toEqual({ 'x-tenant': 'acme', 'x-session': 's-1' })
  expect(log.mock.calls).toEqual([['Ticks', expect.any(Number)]])
  expect(await lastResult(link, query())).toEqual({ data: { n: 2 }, extensions: { seen: true } })
  expect(log.mock.calls[1]).toEqual(['Q', expect.any(Number)])
  log.mockRestore()
})

describe('chain', () => {
  const traced =
    (name: string, trace: string[]): Link =>
    (operation, next) => {
      trace.push(`> ${name}`)
      return mapResults(next(operation), (result) => {
        trace.push(`< ${name}`)
        return result
      })
    }

  test('the first listed is the outermost: it sees the operation first and the results last', async () => {
    const trace: string[] = []
    const link = chain(
      traced('a', trace),
      compose(traced('b', trace), compose(traced('c', trace))),
      traced('d', trace),
      memoryLink(),
    )
    await lastResult(link, query())
    expect(trace).toEqual(['> a', '> b', '> c', '> d', '< d', '< c', '< b', '< a'])
  })

  test('K-1 a replay starts from what the link received', async () => {
    const seen: Operation[] = []
    const memory = memoryLink(() => ({ data: { attempt: memory.sent.length } }))
    const twice: Link = async function* twice(operation, next) {
      await collect(next(operation))
      yield* next(operation)
    }
    const watch: Link = (operation, next) => {
      seen.push(operation)
      return next(operation)
    }
    const result = await lastResult(chain(twice, watch, tenant, memory), query())
    expect(result.data).toEqual({ attempt: 2 })
    expect(seen[0]).toBe(seen[1])
    expect(memory.sent.map(({ headers }) => headers)).toEqual([{ 'x-tenant': 'acme' }, { 'x-tenant': 'acme' }])
  })

  test('K-2 results of next are cold, and a second iteration of them fails without sending', async () => {
    const memory = memoryLink()
    const again: Link = async function* again(operation, next) {
      const results = next(operation)
      yield* results
      yield* results
    }
    const error = await errorOf(collect(execute(chain(again, memory), query())))
    expect(error).toBeInstanceOf(LinkError)
    expect(error.message).toContain('results can be iterated once')
    expect(memory.sent).toHaveLength(1)

    const ignoring: Link = (operation, next) => {
      next(operation)
      return single({ data: 'own' })
    }
    expect(await lastResult(chain(ignoring, memory), query())).toEqual({ data: 'own' })
    expect(memory.sent).toHaveLength(1)
  })

  const misbehaving: [string, Link, string][] = [
    [
      'throws',
      function culprit() {
        throw new TypeError('inner')
      },
      'failed before it gave results',
    ],
    [
      'rejects',
      async function culprit() {
        throw new TypeError('inner')
      },
      'failed before it gave results',
    ],
    [
      'throws something that is no error',
      function culprit() {
        // oxlint-disable-next-line typescript/only-throw-error
        throw undefined
      },
      'failed before it gave results',
    ],
    [
      'was not called, and makes one',
      function culprit() {
        return () => single({})
      } as unknown as Link,
      'returned function and not results: if culprit makes a link, call it: culprit()',
    ],
    ['returns nothing', function culprit() {} as unknown as Link, 'returned undefined and not results'],
    ['resolves with nothing', async function culprit() {} as unknown as Link, 'returned undefined and not results'],
    [
      'returns a result',
      function culprit() {
        return { data: {} }
      } as unknown as Link,
      'object and not results',
    ],
    [
      'resolves with an array',
      async function culprit() {
        return []
      } as unknown as Link,
      'and not results',
    ],
  ]

  test('K-3 results that come too late, after the operation was cancelled, are closed: what a source opened for them is freed', async () => {
    for (const wire of [(late: TerminalLink) => late, (late: TerminalLink) => chain(tenant, late)]) {
      let connected!: () => void
      const connecting = new Promise<void>((resolve) => (connected = resolve))
      const closed: string[] = []
      const late: TerminalLink = async () => {
        await connecting
        return new ResultQueue({ onClose: () => closed.push('closed') })
      }
      const controller = new AbortController()
      const reason = new Error('left')
      const pending = lastResult(wire(late), createOperation({ document: 'query Q { a }', signal: controller.signal }))
      await settle()
      controller.abort(reason)
      await expect(pending).rejects.toBe(reason)
      connected()
      await settle()
      expect(closed).toEqual(['closed'])
    }
  })

  test('K-4 a link that gives results in the place of a result fails its operation', async () => {
    const starless = async function* starless(operation: Operation, next: Next) {
      yield next(operation)
    } as unknown as Link
    const failing = lastResult(chain(starless, memoryLink()), createOperation({ document: 'query Q { a }' }))
    await expect(failing).rejects.toThrow(
      'operation Q: a link gave results in the place of a result: yield* next(operation)',
    )
  })

  test.each(misbehaving)('K-4 a link that %s becomes the error of its operation', async (kind, culprit, words) => {
    for (const link of [
      chain(culprit, memoryLink()),
      chain(tenant, culprit, memoryLink()),
      chain(timing, session, compose(culprit), memoryLink()),
      chain(tenant, culprit as unknown as TerminalLink),
      culprit as unknown as TerminalLink,
    ]) {
      const log = jest.spyOn(console, 'log').mockImplementation(() => {})
      for (const run of [() => lastResult(link, query()), () => collect(execute(link, query()))]) {
        const error = await errorOf(run())
        expect(error).toBeInstanceOf(LinkError)
        expect(error).toMatchObject({ link: 'culprit', operationName: 'Q', code: 'LINK_FAILED' })
        expect(error.message).toContain('culprit, operation Q: ')
        expect(error.message).toContain(words)
        if (kind.endsWith('s') && words.includes('failed')) expect(error.cause).toMatchObject({ message: 'inner' })
      }
      log.mockRestore()
    }
  })

  test('K-4 an iterator that breaks the protocol fails the operation and never hangs', async () => {
    const broken: [string, unknown][] = [
      ['throws in asyncIterator', () => Promise.reject(new Error('unused'))],
      ['next throws', () => ({ next: () => fail() })],
      ['next gives no promise', () => ({ next: () => ({ done: false, value: 1 }) })],
      ['next gives nothing', () => ({ next: async () => undefined })],
      ['next gives a step without value', () => ({ next: async () => ({ done: false }) })],
    ]
    for (const [name, asyncIterator] of broken) {
      const results = {
        [Symbol.asyncIterator]: name === 'throws in asyncIterator' ? fail : asyncIterator,
      } as unknown as Results
      const runs = [
        () => lastResult(() => results, query()),
        () => collect(execute(() => results, query())),
        () =>
          lastResult(
            chain(tenant, () => results),
            query(),
          ),
        () =>
          lastResult(
            chain(
              (operation, next) => mapResults(next(operation), (result) => result),
              () => results,
            ),
            query(),
          ),
        () =>
          collect(
            execute(
              chain(
                async (operation, next) => next(operation),
                () => results,
              ),
              query(),
            ),
          ),
      ]
      const hang = settle()
        .then(settle)
        .then(() => 'it hangs')
      const outcomes = await Promise.all(
        runs.map((run) =>
          Promise.race([
            run().then(
              () => 'it succeeds',
              (error: unknown) => error,
            ),
            hang,
          ]),
        ),
      )
      expect([name, ...outcomes]).toEqual([name, ...runs.map(() => expect.any(Error))])
    }
    function fail(): never {
      throw new Error('broken')
    }
  })

  test('K-4 an unnamed link is called so, and a typed error of a link is kept as it is', async () => {
    const error = await errorOf(
      lastResult(
        chain(
          (() => () => {
            throw new Error('inner')
          })(),
          memoryLink(),
        ),
        query(),
      ),
    )
    expect(error.link).toBe('an unnamed link')
    const own = new GraphLinksError('mine', { link: 'mine' })
    const throws: Link = () => {
      throw own
    }
    expect(await errorOf(lastResult(chain(throws, memoryLink()), query()))).toBe(own)
    expect(
      await errorOf(
        lastResult(
          chain(async () => throws(query(), (() => {}) as never), memoryLink()),
          query(),
        ),
      ),
    ).toBe(own)
  })

  test('a composed link and a chain can be called by a link of an application, without a run', async () => {
    const memory = memoryLink()
    const composed = compose(tenant, compose(session))
    const calling: Link = (operation, next) => composed(operation, next)
    await lastResult(chain(calling, memory), query())
    expect(memory.sent[0]?.headers).toEqual({ 'x-tenant': 'acme', 'x-session': 's-1' })

    expect(await collect((await chain(session, tenant, memory)(query())) as Results)).toEqual([{ data: {} }])
    const broken: Link = () => {
      throw new Error('inner')
    }
    const failing = collect((await chain(session, broken, memory)(query())) as Results)
    expect(await errorOf(failing)).toMatchObject({ code: 'LINK_FAILED', cause: { message: 'inner' } })
  })

  test('K-5 promises are flattened wherever they come from, also the one of a terminal link', async () => {
    const slow: Link = async (operation, next) => {
      await settle()
      return next(operation)
    }
    const terminal: TerminalLink = async () => {
      await settle()
      return single({ data: 'late' })
    }
    expect(await lastResult(chain(slow, compose(slow, slow), terminal), query())).toEqual({ data: 'late' })
    expect(await lastResult(terminal, query())).toEqual({ data: 'late' })
  })

  test('K-6 a plain link adds no microtask turn', async () => {
    const header =
      (n: number): Link =>
      (operation, next) =>
        next(withHeader(operation, `x-${n}`, 'v'))
    const terminal: TerminalLink = () => single({ data: {} })
    const without = await turnsOf(() => lastResult(chain(terminal), query()))
    const six = chain(header(1), header(2), header(3), header(4), header(5), header(6), terminal)
    expect(await turnsOf(() => lastResult(six, query()))).toBe(without)
    expect(await turnsOf(() => lastResult(chain(compose(header(1), bearerLink('t')), terminal), query()))).toBe(without)
    expect(
      await turnsOf(() =>
        lastResult(
          chain(
            bearerLink(() => 't'),
            terminal,
          ),
          query(),
        ),
      ),
    ).toBe(without)
    // The measure itself: a link that is not free is seen.
    expect(
      await turnsOf(() =>
        lastResult(
          chain(async (op, next) => next(op), terminal),
          query(),
        ),
      ),
    ).toBeGreaterThan(without)
  })
})

/** How many turns of the microtask queue pass until a promise is settled. */
async function turnsOf(run: () => Promise<unknown>): Promise<number> {
  let settled = false
  let turns = 0
  void run().then(() => (settled = true))
  while (!settled) {
    await Promise.resolve()
    turns++
  }
  return turns
}

describe('K-10 wiring', () => {
  const staged = (name: string, stage: NonNullable<Link['stage']>, link: Link = (op, next) => next(op)): Link =>
    Object.assign(
      Object.defineProperty(((op: Operation, next: Next) => link(op, next)) as Link, 'name', { value: name }),
      {
        stage,
      },
    )
  const retry = staged('retry', 'replay')
  const auth = staged('auth', 'credential')

  test('a terminal link in the middle, or in compose, is a sentence that names it', () => {
    const error = thrownBy(() => chain(memoryLink() as unknown as Link, memoryLink()))
    expect(error).toBeInstanceOf(WiringError)
    expect(error.message).toBe('chain: memoryLink is a terminal link and never calls next: it must stand last')
    expect(thrownBy(() => compose(tenant, memoryLink() as unknown as Link)).message).toBe(
      'compose: memoryLink is a terminal link and never calls next: it must stand last',
    )
    expect(thrownBy(() => chain(chain(memoryLink()) as unknown as Link, memoryLink())).message).toContain(
      'chain is a terminal link',
    )
    expect(
      thrownBy(() => chain(split(() => true, memoryLink(), memoryLink()) as unknown as Link, memoryLink())).message,
    ).toContain('split is a terminal link')
  })

  test('a credential or replay link at the end is a sentence that names it', () => {
    expect(thrownBy(() => chain(tenant, bearerLink('t') as unknown as TerminalLink)).message).toBe(
      'chain: bearerLink stands last but is no terminal link: end the chain in one, such as httpLink({ url })',
    )
    expect(thrownBy(() => chain(retry as unknown as TerminalLink))).toBeInstanceOf(WiringError)
  })

  test('a composed link at the end is refused too, since it is no terminal link', () => {
    expect(thrownBy(() => chain(tenant, compose(tenant) as unknown as TerminalLink)).message).toContain(
      'chain: compose stands last but is no terminal link',
    )
  })

  test('what is not a function is named by position and kind, and not printed', () => {
    for (const [value, kind] of [
      [undefined, /undefined/],
      [null, /null/],
      ['secret-token', /string/],
      [{ url: 'secret' }, /object/],
      [[], /list|array/],
      [Promise.resolve(), /promise/],
    ] as const) {
      const error = thrownBy(() => chain(tenant, value as never, memoryLink()))
      expect(error).toBeInstanceOf(WiringError)
      expect(error.message).toContain('chain: argument 2 is ')
      expect(error.message).toMatch(kind)
      expect(error.message).not.toContain('secret')
      expect(thrownBy(() => compose(value as never)).message).toContain('compose: argument 1 is ')
      expect(thrownBy(() => split(() => true, memoryLink(), value as never)).message).toContain('split: argument 3')
    }
    expect(thrownBy(() => (chain as unknown as () => void)()).message).toBe(
      'chain: a chain needs at least a terminal link',
    )
  })

  test('K-10 a link that shares results before one that says who asks is refused, wherever that one is', () => {
    const sharing = staged('dedup', 'share')
    const inner = chain(auth, memoryLink())
    for (const wrong of [
      () => chain(sharing, auth, memoryLink()),
      () => chain(compose(sharing), tenant, compose(auth), memoryLink()),
      () => compose(sharing, auth),
      () => chain(sharing, inner),
      () =>
        chain(
          sharing,
          split(() => true, memoryLink(), inner),
        ),
      () =>
        chain(
          sharing,
          chain(
            tenant,
            split(() => true, inner, memoryLink()),
          ),
        ),
    ]) {
      const error = thrownBy(wrong)
      expect(error).toBeInstanceOf(WiringError)
      expect(error.message).toMatch(
        /^(chain|compose): dedup stands before auth, so it cannot tell users apart .*: move auth before dedup$/,
      )
    }
    expect(() => chain(auth, sharing, memoryLink())).not.toThrow()
    expect(() =>
      chain(
        auth,
        sharing,
        split(() => true, memoryLink(), memoryLink()),
      ),
    ).not.toThrow()
  })

  test('a chain whose operations share requests keeps no places on the wire for each of them', () => {
    const terminal = Object.assign(memoryLink(), { admit: async () => {} })
    expect(chain(auth, terminal).admit).toBe(terminal.admit)
    expect(chain(auth, staged('dedup', 'share'), terminal).admit).toBeUndefined()
    expect(chain(auth, chain(compose(staged('dedup', 'share')), terminal)).admit).toBeUndefined()
  })

  test('K-10 each wrong order is a sentence with both names, the consequence and the fix', () => {
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => {})
    try {
      for (const [outer, inner, consequence] of [
        [staged('limit', 'queue'), retry, 'keeps its place'],
        [auth, staged('limit', 'queue'), 'credentials grow old'],
        [staged('breaker', 'attempt'), retry, 'takes all attempts of retry for one'],
      ] as const) {
        warn.mockClear()
        chain(outer, tenant, chain(inner, memoryLink()))
        expect(warn.mock.calls).toEqual([[expect.stringContaining(consequence)]])
        expect(warn.mock.calls).toEqual([
          [
            expect.stringMatching(
              `^graphlinks: ${outer.name} stands before ${inner.name}, .*[.] Move ${inner.name} before`,
            ),
          ],
        ])
        warn.mockClear()
        chain(inner, tenant, chain(outer, memoryLink()))
        expect(warn).not.toHaveBeenCalled()
      }
    } finally {
      warn.mockRestore()
    }
  })

  test('a replay link after a credential link is warned about once, with both names and the fix', () => {
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => {})
    try {
      chain(auth, tenant, retry, memoryLink())
      expect(warn.mock.calls).toEqual([
        [
          'graphlinks: auth stands before retry, so every attempt of retry carries the credential of the first. Move retry before auth.',
        ],
      ])
      warn.mockClear()
      compose(auth, retry)
      expect(warn).toHaveBeenCalledTimes(1)
      warn.mockClear()
      chain(auth, compose(retry), memoryLink())
      expect(warn).toHaveBeenCalledTimes(1)
      warn.mockClear()
      chain(retry, auth, memoryLink())
      chain(retry, memoryLink())
      chain(auth, memoryLink())
      compose(retry, auth)
      expect(warn).not.toHaveBeenCalled()
      const { NODE_ENV } = process.env
      process.env['NODE_ENV'] = 'production'
      try {
        chain(auth, retry, memoryLink())
      } finally {
        process.env['NODE_ENV'] = NODE_ENV
      }
      expect(warn).not.toHaveBeenCalled()
    } finally {
      warn.mockRestore()
    }
  })
})

describe('split', () => {
  test('sends each operation to one of two, and a test that throws becomes its error', async () => {
    const [yes, no] = [memoryLink({ data: 'yes' }), memoryLink({ data: 'no' })]
    const link = split((operation) => operation.kind === 'mutation', chain(tenant, yes), no)
    expect(await lastResult(link, query())).toEqual({ data: 'no' })
    expect(await lastResult(chain(session, link), query({ document: 'mutation M { a }' }))).toEqual({ data: 'yes' })
    expect([yes.sent.length, no.sent.length]).toEqual([1, 1])
    expect(yes.sent[0]?.headers).toEqual({ 'x-session': 's-1', 'x-tenant': 'acme' })
    const broken = split(
      () => {
        throw new Error('inner')
      },
      yes,
      no,
    )
    expect(await errorOf(lastResult(broken, query()))).toMatchObject({ link: 'split', code: 'LINK_FAILED' })
    expect([yes.sent.length, no.sent.length]).toEqual([1, 1])
  })

  test('each operation waits for a place on the wire of the one that it goes to', async () => {
    const asked: unknown[] = []
    const yes = Object.assign(memoryLink(), { admit: async ({ kind }: Operation) => void asked.push(kind) })
    const waiting: Link = async (operation, next) => {
      await admission(operation)
      return next(operation)
    }
    const link = chain(
      waiting,
      split(({ kind }) => kind === 'mutation', yes, memoryLink()),
    )
    await lastResult(link, query())
    expect(asked).toEqual([])
    await lastResult(link, query({ document: 'mutation M { a }' }))
    expect(asked).toEqual(['mutation'])
  })
})

test('dispose of a chain reaches every link in it, once each, and waits for them', async () => {
  const disposed: string[] = []
  const clock = new FakeClock()
  const closing = <L extends Link | TerminalLink>(name: string, link: L): L =>
    Object.assign(((...args: [Operation, Next]) => link(...args)) as L, {
      dispose: () =>
        new Promise<void>((resolve) =>
          clock.after(10, () => {
            disposed.push(name)
            resolve()
          }),
        ),
    })
  const link = chain(
    closing('a', tenant),
    compose(closing('b', tenant), tenant, closing('c', session)),
    split(() => true, closing('yes', memoryLink() as TerminalLink), chain(closing('no', memoryLink() as TerminalLink))),
  )
  let done = false
  const disposal = Promise.resolve(link.dispose?.()).then(() => (done = true))
  await settle()
  expect([disposed, done]).toEqual([[], false])
  await clock.advance(10)
  await disposal
  expect(disposed.sort()).toEqual(['a', 'b', 'c', 'no', 'yes'])
})
