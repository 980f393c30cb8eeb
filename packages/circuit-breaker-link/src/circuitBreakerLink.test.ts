import {
  bearerLink,
  chain,
  createOperation,
  CredentialError,
  execute,
  executionOf,
  GraphLinksError,
  lastResult,
  OptionsError,
  TimeoutError,
  type AttemptOutcome,
  type ErrorDetails,
  type Link,
  type Operation,
  type Result,
} from '@graphlinks/core'
import { EmptyResponseError, HttpError, httpLink, NetworkError, StreamInterruptedError } from '@graphlinks/http-link'
import { FakeClock, linkContract, memoryLink, scriptedServer, secretCanary, settle } from '@graphlinks/testing'
import type { MemoryAnswer } from '@graphlinks/testing'
import { SocketClosedError, SocketConnectError } from '@graphlinks/ws-link'
import {
  circuitBreakerLink,
  CircuitOpenError,
  isOutage,
  type CircuitBreakerLinkOptions,
  type CircuitChange,
} from './index.ts'

const query = createOperation({ document: 'query Q { a }' })
const down = new NetworkError('down')

function started(answer: MemoryAnswer | ((operation: Operation) => MemoryAnswer | Promise<MemoryAnswer>)) {
  const clock = new FakeClock()
  const changes: CircuitChange[] = []
  const memory = memoryLink(answer)
  const make = (options: CircuitBreakerLinkOptions = {}) =>
    chain(
      circuitBreakerLink({
        clock,
        random: () => 0,
        onStateChange: (change) => changes.push(change),
        failureThreshold: 2,
        openMs: 1_000,
        ...options,
      }),
      memory,
    )
  return { clock, changes, memory, make }
}

/** What an operation got: its data, or the code of its error. */
async function outcomeOf(link: ReturnType<typeof chain>, operation: Operation = query): Promise<unknown> {
  return lastResult(link, operation).then(
    ({ data, errors }) => data ?? errors,
    (error: unknown) => (GraphLinksError.is(error) ? error.code : error),
  )
}

async function outcomesOf(link: ReturnType<typeof chain>, count: number): Promise<unknown[]> {
  const outcomes: unknown[] = []
  for (let turn = 0; turn < count; turn++) outcomes.push(await outcomeOf(link))
  return outcomes
}

describe('contract of circuitBreakerLink', () => {
  describe('closed', () => {
    linkContract(() => circuitBreakerLink())
  })
  describe('with a weight, and keys', () => {
    linkContract(() => circuitBreakerLink({ key: ({ kind }) => kind, successWeight: 0.5 }))
  })
})

test('an endpoint that is down is left alone, is probed after a while, and used again when it is back', async () => {
  let isUp = false
  const { clock, changes, memory, make } = started(() => (isUp ? { data: 'ok' } : down))
  const link = make()
  expect(await outcomesOf(link, 5)).toEqual(['NETWORK', 'NETWORK', 'CIRCUIT_OPEN', 'CIRCUIT_OPEN', 'CIRCUIT_OPEN'])
  expect(memory.sent).toHaveLength(2)

  await clock.advance(1_000)
  expect(await outcomesOf(link, 2)).toEqual(['NETWORK', 'CIRCUIT_OPEN'])
  expect(memory.sent).toHaveLength(3)

  isUp = true
  await clock.advance(1_000)
  expect(await outcomesOf(link, 3)).toEqual(['ok', 'ok', 'ok'])
  expect(changes).toEqual([
    { key: '', from: 'closed', to: 'open', error: down },
    { key: '', from: 'open', to: 'half-open', error: undefined },
    { key: '', from: 'half-open', to: 'open', error: down },
    { key: '', from: 'open', to: 'half-open', error: undefined },
    { key: '', from: 'half-open', to: 'closed', error: undefined },
  ])
  expect(clock.pending).toBe(0)
})

test('the error says when to try again, in the words of other links, and that nothing was sent', async () => {
  const { clock, make } = started(down)
  const link = make()
  await outcomesOf(link, 2)
  await clock.advance(300)
  const error: unknown = await lastResult(link, query).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(CircuitOpenError)
  expect(error).toMatchObject({
    name: 'CircuitOpenError',
    code: 'CIRCUIT_OPEN',
    link: 'circuitBreakerLink',
    operationName: 'Q',
    retryAfterMs: 700,
    retryAfter: '1',
    retryable: true,
    mayHaveRun: false,
  })
  expect(String(error)).toContain('not sent, as the endpoint failed too often')
})

describe('what counts as a failure', () => {
  const status = (code: number, link?: string): HttpError =>
    new HttpError(`status ${code}`, { status: code, mediaType: 'text/html', link })
  const details: ErrorDetails = {}
  const gateway = (code: number): Result => ({
    errors: [{ message: 'no upstream' }],
    http: { status: code, headers: new Headers(), url: '', untrusted: true },
  })
  const opens: [string, MemoryAnswer][] = [
    ['no connection', down],
    ['no answer in time', new TimeoutError('slow')],
    ['500 with HTML', status(500)],
    ['503 with HTML', status(503)],
    ['502 with GraphQL of a gateway', gateway(502)],
    ['503 with GraphQL of a gateway', gateway(503)],
    ['504 with GraphQL of a gateway', gateway(504)],
    ['a stream that breaks off before its first part', new StreamInterruptedError('cut', { status: 200 })],
    ['no socket', new SocketConnectError('refused', details, true)],
    ['a socket that the network closed', new SocketClosedError('lost', { ...details, closeCode: 1006 }, true)],
  ]
  test.each(opens)('%s does', async (_, answer) => {
    const { changes, make } = started(() => answer)
    await outcomesOf(make(), 2)
    expect(changes.map(({ to }) => to)).toEqual(['open'])
  })

  const passes: [string, MemoryAnswer][] = [
    ['a GraphQL error', { errors: [{ message: 'no such field' }] }],
    ['a GraphQL error with 500, which is the answer to one operation', gateway(500)],
    ['a GraphQL error with 401', gateway(401)],
    ['400 with HTML', status(400)],
    ['401 with HTML', status(401)],
    ['404 with HTML', status(404)],
    ['429 with HTML', status(429)],
  ]
  test.each(passes)('%s does not, and shows that the endpoint is there', async (_, answer) => {
    const answers: MemoryAnswer[] = [down, answer, down, answer, down, answer]
    const { changes, make } = started(() => answers.shift() as MemoryAnswer)
    await outcomesOf(make(), 6)
    expect(changes).toEqual([])
  })

  const silent: [string, MemoryAnswer][] = [
    ['a missing credential', new CredentialError('sign in')],
    ['a socket closed for its token', new SocketClosedError('auth', { ...details, closeCode: 4401 }, false)],
    ['an empty answer with 200', new EmptyResponseError('empty', { status: 200 })],
    ['an error of a link', new Error('a bug')],
  ]
  test.each(silent)('%s says nothing', async (_, answer) => {
    const answers: MemoryAnswer[] = [answer, answer, answer, down, answer, down]
    const { changes, make } = started(() => answers.shift() as MemoryAnswer)
    const link = make()
    await outcomesOf(link, 5)
    expect(changes).toEqual([])
    await outcomesOf(link, 1)
    expect(changes.map(({ to }) => to)).toEqual(['open'])
  })

  test('field notes 2.25 what the caller aborts says nothing, nor does a consumer that leaves', async () => {
    const { changes, make } = started(() => new Promise<never>(() => {}))
    // Closes what is further in only when that has failed.
    const generator: Link = async function* generator(operation, next) {
      yield* next(operation)
    }
    const link = chain(generator, make())
    for (let turn = 0; turn < 4; turn++) {
      const controller = new AbortController()
      const pending = lastResult(link, createOperation({ document: '{ a }', signal: controller.signal }))
      await settle()
      controller.abort(turn % 2 ? new TimeoutError('too slow for the caller') : down)
      await expect(pending).rejects.toThrow()
      const iterator = execute(link, query)[Symbol.asyncIterator]()
      const step = iterator.next()
      await settle()
      await iterator.return?.()
      await step
    }
    expect(changes).toEqual([])
  })

  test('an attempt is judged once, by its first result', async () => {
    async function* broken(): AsyncGenerator<Result> {
      yield { data: 1 }
      throw down
    }
    const { changes, make } = started(broken)
    const link = make()
    for (let turn = 0; turn < 5; turn++) await expect(lastResult(link, query)).rejects.toBe(down)
    expect(changes).toEqual([])
  })

  test('over a real connection: refused, 503, and the circuit opens', async () => {
    const server = await scriptedServer((exchange) => exchange.respond(503, { 'retry-after': '7' }, 'down'))
    const breaker = circuitBreakerLink({ failureThreshold: 2 })
    const link = chain(breaker, httpLink({ url: server.url }))
    expect(await outcomeOf(link)).toBe('HTTP_STATUS')
    await server.close()
    expect(await outcomesOf(link, 2)).toEqual(['NETWORK', 'CIRCUIT_OPEN'])
    expect(server.requests).toHaveLength(1)
  })
})

describe('half-open', () => {
  test('one probe at a time; others are refused meanwhile', async () => {
    let answer: (result: MemoryAnswer) => void = () => {}
    const { clock, changes, memory, make } = started(() => new Promise((resolve) => (answer = resolve)))
    const link = make({ failureThreshold: 1, openMs: 5_000 })
    const first = outcomeOf(link)
    await settle()
    answer(down)
    await first
    await clock.advance(5_000)
    const probe = outcomeOf(link)
    await settle()
    const refused: unknown = await lastResult(link, query).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'CIRCUIT_OPEN', retryAfterMs: 5_000 })
    expect(memory.sent).toHaveLength(2)
    answer({ data: 'ok' })
    expect(await probe).toBe('ok')
    expect(changes.at(-1)).toMatchObject({ from: 'half-open', to: 'closed' })
  })

  test('a probe that is cancelled gives its turn to the next, at once', async () => {
    const answers: MemoryAnswer[] = [down]
    const { clock, memory, make } = started(() => answers.shift() ?? new Promise<never>(() => {}))
    const link = make({ failureThreshold: 1 })
    await outcomeOf(link)
    await clock.advance(1_000)
    const controller = new AbortController()
    const probe = lastResult(link, createOperation({ document: '{ a }', signal: controller.signal }))
    await settle()
    controller.abort(new Error('enough'))
    await expect(probe).rejects.toThrow('enough')
    await settle()
    answers.push({ data: 'ok' })
    expect(await outcomeOf(link)).toBe('ok')
    expect(memory.sent).toHaveLength(3)
  })

  test('results that are never iterated are no probe', async () => {
    const answers: MemoryAnswer[] = [down]
    const clock = new FakeClock()
    const wasteful: Link = (operation, next) => {
      next(operation)
      return next(operation)
    }
    const link = chain(
      wasteful,
      circuitBreakerLink({ failureThreshold: 1, clock }),
      memoryLink(() => answers.shift() ?? { data: 'ok' }),
    )
    await outcomeOf(link)
    await clock.advance(12_000)
    expect(await outcomeOf(link)).toBe('ok')
  })

  test('an attempt that began before the circuit opened says nothing about it', async () => {
    const answers: ((answer: MemoryAnswer) => void)[] = []
    const { clock, changes, make } = started(() => new Promise((resolve) => answers.push(resolve)))
    const link = make()
    const outcomes = Array.from({ length: 4 }, () => outcomeOf(link))
    await settle()
    answers[0]?.(down)
    answers[1]?.(down)
    await settle()
    answers[2]?.({ data: 'late' })
    expect(await outcomes[2]).toBe('late')
    expect(await outcomeOf(link)).toBe('CIRCUIT_OPEN')
    await clock.advance(1_000)
    const probe = outcomeOf(link)
    await settle()
    answers[3]?.(down)
    await outcomes[3]
    answers[4]?.({ data: 'ok' })
    expect(await probe).toBe('ok')
    expect(changes.map(({ to }) => to)).toEqual(['open', 'half-open', 'closed'])
  })
})

describe('options', () => {
  test('key: each endpoint has its own circuit, and so many that no application has them are forgotten', async () => {
    const { make, changes } = started(({ variables }) => (variables?.['to'] === 'up' ? { data: 'ok' } : down))
    const link = make({ key: ({ variables }) => String(variables?.['to']), failureThreshold: 1 })
    const to = async (name: string): Promise<unknown> =>
      outcomeOf(link, createOperation({ document: '{ a }', variables: { to: name } }))
    expect([await to('down'), await to('down'), await to('up')]).toEqual(['NETWORK', 'CIRCUIT_OPEN', 'ok'])
    expect(changes.map(({ key }) => key)).toEqual(['down'])
    for (let other = 0; other < 998; other++) await to(`other ${other}`)
    expect(await to('down')).toBe('CIRCUIT_OPEN')
    for (let other = 0; other < 10; other++) await to(`another ${other}`)
    expect(await to('down')).toBe('NETWORK')
  })

  test('key: what it throws fails the operation', async () => {
    const boom = new Error('boom')
    const { make } = started({ data: 1 })
    const key = (): never => {
      throw boom
    }
    expect(await outcomeOf(make({ key }))).toBe(boom)
  })

  test('failureThreshold is 5, and openMs 10,000 and up to a fifth more, where nothing else is said', async () => {
    const clock = new FakeClock()
    const memory = memoryLink(down)
    const link = chain(circuitBreakerLink({ clock, random: () => 1 }), memory)
    await outcomesOf(link, 10)
    expect(memory.sent).toHaveLength(5)
    await clock.advance(11_999)
    await outcomesOf(link, 1)
    expect(memory.sent).toHaveLength(5)
    await clock.advance(1)
    await outcomesOf(link, 1)
    expect(memory.sent).toHaveLength(6)
  })

  test('successWeight opens where successes come in between', async () => {
    let turn = 0
    const { changes, make } = started(() => (turn++ % 2 ? { data: 1 } : down))
    const link = make({ successWeight: 0.5, failureThreshold: 3 })
    await outcomesOf(link, 8)
    expect(changes).toEqual([])
    await outcomesOf(link, 1)
    expect(changes.map(({ to }) => to)).toEqual(['open'])
  })

  test('isFailure replaces the default, is asked once for each attempt, and what it throws fails the operation', async () => {
    const overloaded: Result = { errors: [{ message: 'busy', extensions: { code: 'OVERLOADED' } }] }
    const isFailure = jest.fn(
      ({ result, error }: AttemptOutcome) =>
        isOutage({ result, error }) || result?.errors?.[0]?.extensions?.['code'] === 'OVERLOADED',
    )
    const { changes, make } = started([overloaded, { data: 1 }])
    await outcomesOf(make({ isFailure }), 2)
    expect(changes.map(({ to }) => to)).toEqual(['open'])
    expect(isFailure.mock.calls).toEqual(Array.from({ length: 2 }, () => [{ result: overloaded }, expect.anything()]))

    const boom = new Error('a bug')
    const throwing = (): never => {
      throw boom
    }
    for (const answer of [down, { data: 1 }]) {
      const failing = started(answer)
      expect(await outcomesOf(failing.make({ isFailure: throwing }), 3)).toEqual([boom, boom, boom])
      expect(failing.changes).toEqual([])
    }
  })

  test('onStateChange: what it throws, now or later, disturbs nobody', async () => {
    for (const onStateChange of [
      () => {
        throw new Error('a bug')
      },
      async () => {
        throw new Error('a bug')
      },
    ]) {
      const { make } = started(down)
      expect(await outcomesOf(make({ onStateChange }), 3)).toEqual(['NETWORK', 'NETWORK', 'CIRCUIT_OPEN'])
    }
    await settle()
  })

  test('K-10 bad options fail when the link is built', () => {
    for (const [option, values] of Object.entries({
      key: ['a'],
      failureThreshold: [0, NaN, '5'],
      successWeight: [0, -1, NaN],
      openMs: [0, -1, NaN],
      maxProbes: [0, NaN],
      isFailure: ['a'],
      onStateChange: ['a'],
      clock: [0],
      random: [0.5],
    })) {
      for (const value of values) {
        expect(() => circuitBreakerLink({ [option]: value } as never)).toThrow(OptionsError)
        expect(() => circuitBreakerLink({ [option]: value } as never)).toThrow(`circuitBreakerLink: ${option} is `)
      }
    }
  })
})

test('a subscription is judged by its first event', async () => {
  async function* events(): AsyncGenerator<Result> {
    yield { data: 1 }
    await new Promise<never>(() => {})
  }
  const answers: MemoryAnswer[] = [down]
  const { clock, changes, make } = started(() => answers.shift() ?? events())
  const link = make({ failureThreshold: 1 })
  const subscription = createOperation({ document: 'subscription { a }' })
  await outcomeOf(link, subscription)
  await clock.advance(1_000)
  const iterator = execute(link, subscription)[Symbol.asyncIterator]()
  await iterator.next()
  expect(changes.at(-1)?.to).toBe('closed')
  await iterator.return?.()
})

test('what is refused has a note, for logs', async () => {
  const notes: unknown[] = []
  const observe: Link = async function* observe(operation, next) {
    try {
      yield* next(operation)
    } finally {
      notes.push([...(executionOf(operation)?.notes ?? [])], executionOf(operation)?.attempts)
    }
  }
  const { make } = started(down)
  const link = chain(observe, make())
  await outcomesOf(link, 3)
  expect(notes).toEqual([[], 1, [], 1, [['rejected', 1]], 0])
})

test('chain warns where it would take all attempts for one', () => {
  const warn = jest.spyOn(console, 'warn').mockImplementation(() => {})
  const again: Link = Object.assign((operation: Operation, next: Parameters<Link>[1]) => next(operation), {
    stage: 'replay' as const,
  })
  chain(circuitBreakerLink(), again, memoryLink())
  expect(String(warn.mock.calls)).toContain('so it takes all attempts of')
  warn.mockRestore()
})

test('errors and events hold no secret', async () => {
  const canary = secretCanary()
  const { changes, make } = started(down)
  const link = chain(bearerLink(canary.value), make({ key: () => 'api' }))
  const errors: unknown[] = []
  const operation = createOperation({
    document: 'query Q { a }',
    variables: { secret: canary.value },
    headers: { 'x-key': canary.value },
  })
  for (let turn = 0; turn < 3; turn++) await lastResult(link, operation).catch((error: unknown) => errors.push(error))
  expect(errors).toHaveLength(3)
  canary.check(errors, changes)
})
