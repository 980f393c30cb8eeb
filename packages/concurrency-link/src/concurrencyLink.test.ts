import {
  bearerLink,
  chain,
  createClient,
  createOperation,
  createTokenSource,
  DisposedError,
  emptyContext,
  execute,
  executionOf,
  lastResult,
  OptionsError,
  TimeoutError,
  tokenRefreshLink,
  urgent,
  type Link,
  type Operation,
  type Result,
  type TerminalLink,
} from '@graphlinks/core'
import { FakeClock, linkContract, memoryLink, secretCanary, settle } from '@graphlinks/testing'
import { concurrencyLink, QueueFullError, type ConcurrencyLinkOptions } from './index.ts'

function operationOf(id: string, signal?: AbortSignal, kind = 'query'): Operation {
  return createOperation({ document: `${kind} Q($id: ID) { node(id: $id) { id } }`, variables: { id }, signal })
}

/** A terminal link that holds each operation until it is told to answer it. */
function gate() {
  const entered: string[] = []
  const answers = new Map<string, (result: Result | Error) => void>()
  const terminal: TerminalLink = memoryLink((operation) => {
    const id = String(operation.variables?.['id'])
    entered.push(id)
    return new Promise((resolve) => answers.set(id, resolve))
  })
  const answer = async (id: string, result: Result | Error = { data: { id } }): Promise<void> => {
    answers.get(id)?.(result)
    await settle()
  }
  return { entered, terminal, answer }
}

function started(options: Partial<ConcurrencyLinkOptions> = {}) {
  const { entered, terminal, answer } = gate()
  const link = chain(concurrencyLink({ maxInFlight: 1, ...options }), terminal)
  const run = async (id: string, signal?: AbortSignal): Promise<Result> => lastResult(link, operationOf(id, signal))
  return { entered, answer, link, run }
}

describe('contract of concurrencyLink', () => {
  describe('with a place', () => {
    linkContract(() => concurrencyLink({ maxInFlight: 100 }))
  })
  describe('with a queue', () => {
    linkContract(() => concurrencyLink({ maxInFlight: 1, queueTimeoutMs: 60_000 }))
  })
  describe('where subscriptions have places, too', () => {
    linkContract(() => concurrencyLink({ maxInFlight: 1, key: () => 'all' }))
  })
})

test('so many at once, and the others in the order they came', async () => {
  const { entered, answer, run } = started({ maxInFlight: 2 })
  const results = ['a', 'b', 'c', 'd', 'e'].map(async (id) => run(id))
  await settle()
  expect(entered).toEqual(['a', 'b'])
  await answer('b')
  expect(entered).toEqual(['a', 'b', 'c'])
  await answer('a')
  await answer('c')
  expect(entered).toEqual(['a', 'b', 'c', 'd', 'e'])
  await answer('e')
  await answer('d')
  expect((await Promise.all(results)).map(({ data }) => data)).toEqual(['a', 'b', 'c', 'd', 'e'].map((id) => ({ id })))
})

test('the limit holds where an operation goes on after its results have ended', async () => {
  const { entered, answer, link, run } = started()
  let finish: (() => void) | undefined
  const lingering: Link = async function* lingering(operation, next) {
    yield* next(operation)
    await new Promise<void>((resolve) => (finish = resolve))
  }
  const first = lastResult(chain(lingering, link), operationOf('a'))
  await settle()
  await answer('a')
  const second = run('b')
  await settle()
  // What is remembered of the first must not let two in.
  finish?.()
  await first
  const third = run('c')
  await settle()
  expect(entered).toEqual(['a', 'b'])
  await answer('b')
  await answer('c')
  await Promise.all([second, third])
})

test('a place is kept until the results have ended, and given back however they end', async () => {
  const { entered, answer, link, run } = started()
  const failing = run('fails')
  const next = run('next')
  await settle()
  await answer('fails', new Error('down'))
  await expect(failing).rejects.toThrow('down')
  expect(entered).toEqual(['fails', 'next'])
  await answer('next')
  await next

  async function* parts(): AsyncGenerator<Result> {
    yield { data: { n: 1 }, hasNext: true }
    yield { data: { n: 2 }, hasNext: false }
  }
  const streaming = chain(concurrencyLink({ maxInFlight: 1 }), ({ variables }) =>
    variables?.['id'] === 'parts' ? parts() : link(operationOf(String(variables?.['id']))),
  )
  const iterator = execute(streaming, operationOf('parts'))[Symbol.asyncIterator]()
  await iterator.next()
  const behind = lastResult(streaming, operationOf('behind'))
  await settle()
  expect(entered).not.toContain('behind')
  await iterator.return?.()
  await settle()
  expect(entered).toContain('behind')
  await answer('behind')
  await behind
})

test('field notes 2.25 TR-11 an abort ends the wait at once with its reason, and what was cancelled is never sent', async () => {
  const { entered, answer, link, run } = started()
  const seen: unknown[] = []
  const observe: Link = async function* observe(operation, next) {
    try {
      yield* next(operation)
    } catch (error) {
      seen.push(error)
      throw error
    }
  }
  const first = run('a')
  const controller = new AbortController()
  const reason = new Error('enough')
  const second = lastResult(chain(observe, link), operationOf('b', controller.signal))
  const third = run('c')
  await settle()
  controller.abort(reason)
  await expect(second).rejects.toBe(reason)
  await answer('a')
  expect([entered, seen]).toEqual([['a', 'c'], [reason]])
  await answer('c')
  await Promise.all([first, third])
})

test('field notes 2.25 leaving while waiting is not sent either, nor is what a link around gave up', async () => {
  const { entered, answer, link, run } = started()
  const first = run('a')
  const leaving = execute(link, operationOf('b'))[Symbol.asyncIterator]()
  const pending = leaving.next()
  await settle()
  await leaving.return?.()
  expect(await pending).toEqual({ done: true, value: undefined })

  // It neither closes what it iterates, nor waits for it.
  const impatient: Link = async function* impatient(operation, next) {
    const iterator = next(operation)[Symbol.asyncIterator]()
    void iterator.next().catch(() => {})
    await settle()
    yield { data: 'given up' }
  }
  expect(await lastResult(chain(impatient, link), operationOf('c'))).toEqual({ data: 'given up' })
  await answer('a')
  await first
  expect(entered).toEqual(['a'])
  const next = run('d')
  await settle()
  expect(entered).toEqual(['a', 'd'])
  await answer('d')
  await next
})

test('an abort while it is on its way gives the place to the next at once, also where a link further in does not listen', async () => {
  const sent: string[] = []
  const deaf: TerminalLink = async function* deaf({ variables }) {
    sent.push(String(variables?.['id']))
    if (variables?.['id'] === 'a') await new Promise<never>(() => {})
    yield { data: {} }
  }
  const link = chain(concurrencyLink({ maxInFlight: 1 }), deaf)
  const controller = new AbortController()
  const first = lastResult(link, operationOf('a', controller.signal))
  const second = lastResult(link, operationOf('b'))
  await settle()
  expect(sent).toEqual(['a'])
  controller.abort(new Error('enough'))
  await expect(first).rejects.toThrow('enough')
  await second
  expect(sent).toEqual(['a', 'b'])
})

test('DisposedError reaches what waits when the client is disposed', async () => {
  const { terminal, entered } = gate()
  const client = createClient({ link: chain(concurrencyLink({ maxInFlight: 1 }), terminal) })
  const results = ['a', 'b'].map(async (id) => client.query('query Q($id: ID) { a(id: $id) }', { id }))
  await settle()
  await client.dispose()
  for (const result of results) await expect(result).rejects.toBeInstanceOf(DisposedError)
  expect(entered).toEqual(['a'])
})

describe('options', () => {
  test('maxQueued: the next one fails with a QueueFullError, until somebody leaves the queue', async () => {
    const { entered, answer, run } = started({ maxQueued: 1 })
    const controller = new AbortController()
    const first = run('a')
    const second = run('b', controller.signal)
    await settle()
    const error: unknown = await run('c').catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(QueueFullError)
    expect(error).toMatchObject({ code: 'QUEUE_FULL', link: 'concurrencyLink', operationName: 'Q' })
    expect(String(error)).toContain('1 operations wait for a place already (maxQueued)')
    controller.abort()
    await expect(second).rejects.toThrow('aborted')
    const fourth = run('d')
    await answer('a')
    expect(entered).toEqual(['a', 'd'])
    await answer('d')
    await Promise.all([first, fourth])
  })

  test('maxQueued: 0 lets nobody wait', async () => {
    const { answer, run } = started({ maxQueued: 0 })
    const first = run('a')
    await settle()
    await expect(run('b')).rejects.toBeInstanceOf(QueueFullError)
    await answer('a')
    await first
    const third = run('c')
    await settle()
    await answer('c')
    await third
  })

  test('queueTimeoutMs: an operation that waits too long fails with a TimeoutError, and one with its place does not', async () => {
    const clock = new FakeClock()
    const { entered, answer, run } = started({ queueTimeoutMs: 1_000, clock })
    const first = run('a')
    const second = run('b')
    second.catch(() => {})
    await clock.advance(999)
    const third = run('c')
    await clock.advance(1)
    const error: unknown = await second.catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error).toMatchObject({ link: 'concurrencyLink', operationName: 'Q' })
    expect(String(error)).toContain('no place within 1000 ms (queueTimeoutMs)')
    await answer('a')
    expect(clock.pending).toBe(0)
    await clock.advance(10_000)
    expect(entered).toEqual(['a', 'c'])
    await answer('c')
    await Promise.all([first, third])
    expect(clock.pending).toBe(0)
  })

  test('queueTimeoutMs leaves no timer behind an abort', async () => {
    const clock = new FakeClock()
    const { answer, run } = started({ queueTimeoutMs: 1_000, clock })
    const controller = new AbortController()
    const first = run('a')
    const second = run('b', controller.signal)
    await settle()
    expect(clock.pending).toBe(1)
    controller.abort()
    await expect(second).rejects.toThrow('aborted')
    await settle()
    expect(clock.pending).toBe(0)
    await answer('a')
    await first
  })

  test('key: different keys are limited apart, and undefined needs no place', async () => {
    const { entered, answer, run } = started({
      key: ({ variables }) => {
        const id = String(variables?.['id'])
        return id.startsWith('free') ? undefined : id.slice(0, 1)
      },
    })
    const results = ['a1', 'a2', 'b1', 'free1', 'free2'].map(async (id) => run(id))
    await settle()
    expect(entered).toEqual(['a1', 'b1', 'free1', 'free2'])
    await answer('a1')
    expect(entered).toEqual(['a1', 'b1', 'free1', 'free2', 'a2'])
    for (const id of ['b1', 'free1', 'free2', 'a2']) await answer(id)
    await Promise.all(results)
  })

  test('key: what it throws fails the operation, and names the link', async () => {
    const boom = new Error('boom')
    const { run } = started({
      key: () => {
        throw boom
      },
    })
    await expect(run('a')).rejects.toMatchObject({ code: 'LINK_FAILED', link: 'concurrencyLink', cause: boom })
  })

  test('K-10 bad options fail when the link is built', () => {
    for (const options of [
      undefined,
      {},
      { maxInFlight: 0 },
      { maxInFlight: 1.5 },
      { maxInFlight: NaN },
      { maxInFlight: '5' },
      { maxInFlight: 1, maxQueued: -1 },
      { maxInFlight: 1, maxQueued: NaN },
      { maxInFlight: 1, queueTimeoutMs: 0 },
      { maxInFlight: 1, queueTimeoutMs: NaN },
      { maxInFlight: 1, key: 'a' },
    ]) {
      expect(() => concurrencyLink(options as never)).toThrow(OptionsError)
      expect(() => concurrencyLink(options as never)).toThrow(
        /^concurrencyLink: (maxInFlight|maxQueued|queueTimeoutMs|key) is/,
      )
    }
    expect(() => concurrencyLink({ maxInFlight: Infinity, maxQueued: Infinity })).not.toThrow()
  })
})

test('a subscription neither waits nor keeps others waiting', async () => {
  const { entered, answer, link, run } = started()
  const events = execute(link, operationOf('events', undefined, 'subscription'))[Symbol.asyncIterator]()
  const event = events.next()
  const first = run('a')
  await settle()
  const more = execute(link, operationOf('more', undefined, 'subscription'))[Symbol.asyncIterator]()
  const another = more.next()
  await settle()
  expect(entered).toEqual(['events', 'a', 'more'])
  await events.return?.()
  await more.return?.()
  expect([await event, await another]).toEqual(Array.from({ length: 2 }, () => ({ done: true, value: undefined })))
  await answer('a')
  await first
})

test('a credential is fetched when its operation has its place', async () => {
  const { entered, terminal, answer } = gate()
  const fetched: string[] = []
  const credential = bearerLink(async ({ variables }) => {
    fetched.push(String(variables?.['id']))
    return 'token'
  })
  const link = chain(concurrencyLink({ maxInFlight: 1 }), credential, terminal)
  const results = ['a', 'b'].map(async (id) => lastResult(link, operationOf(id)))
  await settle()
  expect([fetched, entered]).toEqual([['a'], ['a']])
  await answer('a')
  expect([fetched, entered]).toEqual([
    ['a', 'b'],
    ['a', 'b'],
  ])
  await answer('b')
  await Promise.all(results)
})

test('chain warns where credentials would grow old in the queue', () => {
  const warn = jest.spyOn(console, 'warn').mockImplementation(() => {})
  chain(bearerLink('t'), concurrencyLink({ maxInFlight: 1 }), memoryLink())
  expect(String(warn.mock.calls)).toContain('so credentials grow old while operations wait in concurrencyLink')
  warn.mockRestore()
})

describe('TR-10 what others wait for', () => {
  const renewal = 'mutation Renew($token: String) { renew(token: $token) { accessToken } }'

  /** Operations fill all places and wait for a token that is renewed through the same client. */
  async function stampede(withContext: boolean) {
    const clock = new FakeClock()
    const memory = memoryLink((operation) =>
      operation.operationName === 'Renew'
        ? { data: { renew: { accessToken: 'new', refreshToken: 'r', expiresInSeconds: 600 } } }
        : { data: {} },
    )
    const session = createTokenSource({
      clock,
      initial: { accessToken: 'old', refreshToken: 'r', expiresInSeconds: 60 },
      refresh: async ({ refreshToken, context, signal }) => {
        const call = withContext ? { context, signal } : { signal }
        const { data } = await client.mutate(renewal, { token: refreshToken }, call)
        return (data as { renew: { accessToken: string } }).renew
      },
    })
    const client = createClient({ link: chain(concurrencyLink({ maxInFlight: 2 }), tokenRefreshLink(session), memory) })
    await clock.advance(61_000)
    const outcomes = Array.from({ length: 20 }, async () =>
      client.query('{ a }').then(
        () => 'ok',
        (error: { code: string }) => error.code,
      ),
    )
    for (let turn = 0; turn < 50; turn++) await settle()
    const sent = memory.sent.map(({ operation, headers }) => operation.operationName ?? headers['authorization'])
    return { clock, session, outcomes, sent }
  }

  test('TR-10 a refresh through the same client is not held up by those that wait for it', async () => {
    const { session, outcomes, sent } = await stampede(true)
    expect(sent).toEqual(['Renew', ...Array.from({ length: 20 }, () => 'Bearer new')])
    expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['ok']))
    await session.dispose()
  })

  test('TR-10 one without the context waits in the queue, until the time of the refresh is up', async () => {
    const { clock, session, outcomes, sent } = await stampede(false)
    expect(sent).toEqual([])
    await clock.advance(30_000)
    for (let turn = 0; turn < 50; turn++) await settle()
    expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['AUTH_REFRESH']))
    await session.dispose()
  })

  test('TR-10 an application marks operations of its own as urgent', async () => {
    const { entered, answer, link, run } = started()
    const first = run('a')
    const marked = createOperation({
      document: '{ tenant }',
      variables: { id: 'urgent' },
      context: emptyContext.with(urgent, true),
    })
    const second = lastResult(link, marked)
    await settle()
    expect(entered).toEqual(['a', 'urgent'])
    await answer('urgent')
    await answer('a')
    await Promise.all([first, second])
  })
})

test('an operation that waited has a note, for logs', async () => {
  const { terminal, answer } = gate()
  const notes: unknown[] = []
  const observe: Link = async function* observe(operation, next) {
    yield* next(operation)
    notes.push([...(executionOf(operation)?.notes ?? [])])
  }
  const link = chain(observe, concurrencyLink({ maxInFlight: 1 }), terminal)
  const results = ['a', 'b'].map(async (id) => lastResult(link, operationOf(id)))
  await settle()
  await answer('a')
  await answer('b')
  await Promise.all(results)
  expect(notes).toEqual([[], [['queued', 1]]])
})

test('1,000 that are cancelled in the queue are not sent, and 1,000 that wait are all served', async () => {
  const { entered, answer, run } = started({ maxQueued: Infinity })
  const first = run('first')
  const controllers = Array.from({ length: 1_000 }, () => new AbortController())
  const cancelled = controllers.map(async ({ signal }) => run('cancelled', signal).catch(() => 'cancelled'))
  await settle()
  for (const controller of controllers.toReversed()) controller.abort()
  expect(new Set(await Promise.all(cancelled))).toEqual(new Set(['cancelled']))
  await answer('first')
  await first
  expect(entered).toEqual(['first'])

  const link = chain(concurrencyLink({ maxInFlight: 1 }), memoryLink())
  await Promise.all(Array.from({ length: 1_000 }, async (_, id) => lastResult(link, operationOf(String(id)))))
})

test('errors hold no secret', async () => {
  const canary = secretCanary()
  const clock = new FakeClock()
  const { terminal, answer } = gate()
  const link = chain(
    concurrencyLink({ maxInFlight: 1, maxQueued: 1, queueTimeoutMs: 1, clock, key: () => canary.value }),
    bearerLink(canary.value),
    terminal,
  )
  const run = async (id: string): Promise<unknown> =>
    lastResult(
      link,
      createOperation({
        document: '{ a }',
        variables: { id, secret: canary.value },
        headers: { 'x-key': canary.value },
      }),
    ).catch((error: unknown) => error)
  const first = run('a')
  const late = run('b')
  const refused = await run('c')
  await clock.advance(1)
  canary.check(await late, refused)
  expect([await late, refused]).toEqual([expect.any(TimeoutError), expect.any(QueueFullError)])
  await answer('a')
  await first
})
