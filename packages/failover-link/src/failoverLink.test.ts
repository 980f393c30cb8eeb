import {
  admission,
  apiKeyLink,
  bearerLink,
  chain,
  createClient,
  createOperation,
  CredentialError,
  emptyContext,
  execute,
  executionOf,
  GraphLinksError,
  lastResult,
  OptionsError,
  replay,
  split,
  TimeoutError,
  WiringError,
  type AttemptOutcome,
  type Link,
  type Operation,
  type Result,
  type TerminalLink,
} from '@graphlinks/core'
import { circuitBreakerLink, CircuitOpenError } from '@graphlinks/circuit-breaker-link'
import { HttpError, httpLink, NetworkError, StreamInterruptedError } from '@graphlinks/http-link'
import {
  FakeClock,
  linkContract,
  memoryLink,
  scriptedServer,
  secretCanary,
  settle,
  type MemoryAnswer,
} from '@graphlinks/testing'
import { SocketClosedError, SocketConnectError } from '@graphlinks/ws-link'
import { failoverLink, isUnavailable, type FailoverEvent, type FailoverLinkOptions } from './index.ts'

const query = createOperation({ document: 'query Q { a }' })
const mutation = createOperation({ document: 'mutation M { a }' })
const subscription = createOperation({ document: 'subscription S { a }' })

const coded = (code: string): Error => Object.assign(new Error(code), { code })
const down = new NetworkError('down', { cause: coded('ECONNRESET') })
const refused = new NetworkError('refused', { cause: new Error('fetch failed', { cause: coded('ECONNREFUSED') }) })
const status = (code: number): HttpError => new HttpError(`status ${code}`, { status: code, mediaType: 'text/html' })
const graphql = (code: number): Result => ({
  errors: [{ message: `status ${code}` }],
  http: { status: code, headers: new Headers(), url: '' },
})

type Answer = MemoryAnswer | ((operation: Operation) => MemoryAnswer | Promise<MemoryAnswer>)

/** Endpoints a, b, ... that give what they are told to, or their name. */
function started(...answers: (Answer | undefined)[]) {
  const clock = new FakeClock()
  const events: FailoverEvent[] = []
  const memories = answers.map((answer, index) => memoryLink(answer ?? { data: 'abc'[index] }))
  const make = (options: FailoverLinkOptions = {}) =>
    failoverLink(memories, {
      clock,
      random: () => 0,
      stickyMs: 1_000,
      onFailover: (event) => events.push(event),
      ...options,
    })
  const sent = (): number[] => memories.map((memory) => memory.sent.length)
  return { clock, events, memories, make, sent, link: make() }
}

/** What an operation got: its data, or the code or status of its error. */
async function outcomeOf(link: TerminalLink, operation: Operation = query): Promise<unknown> {
  return lastResult(link, operation).then(
    ({ data, errors }) => data ?? errors?.[0]?.message,
    (error: unknown) => (GraphLinksError.is(error) ? error.code : error),
  )
}

describe('contract of failoverLink', () => {
  const asLink = (before: readonly TerminalLink[]) => (): Link => (operation, next) =>
    failoverLink([...before, next])(operation)
  describe('of the first endpoint', () => {
    linkContract(asLink([]))
  })
  describe('of the second endpoint', () => {
    linkContract(asLink([memoryLink(down)]))
  })
})

test('where the first cannot be used, the next is, and what follows goes there at once', async () => {
  const { events, link, sent } = started(down, undefined, undefined)
  expect(await outcomeOf(link)).toBe('b')
  expect(await outcomeOf(link)).toBe('b')
  expect(sent()).toEqual([1, 2, 0])
  expect(events).toEqual([{ from: 0, to: 1, operationName: 'Q', error: down }])
})

test('where none can be used, the error of the last one is thrown, and each was tried once', async () => {
  const last = status(503)
  const { link, sent } = started(down, status(502), last)
  await expect(lastResult(link, query)).rejects.toBe(last)
  expect(sent()).toEqual([1, 1, 1])
})

describe('when it moves', () => {
  const moving: [string, MemoryAnswer][] = [
    ['no connection', down],
    ['no answer in time', new TimeoutError('slow')],
    ['502', status(502)],
    ['503', status(503)],
    ['504', status(504)],
    ['503 with GraphQL of a gateway', graphql(503)],
    ['a stream that breaks off before its first part', new StreamInterruptedError('cut', { status: 200 })],
    ['no socket', new SocketConnectError('refused', {}, true)],
    ['a socket that the network closed', new SocketClosedError('lost', { closeCode: 1006, mayHaveRun: true }, true)],
    ['an open circuit', new CircuitOpenError(1)],
  ]
  test.each(moving)('a query and a subscription do after %s', async (_, answer) => {
    for (const operation of [query, subscription]) {
      const { link, memories } = started(answer, undefined)
      expect(await outcomeOf(link, operation)).toBe('b')
      expect(memories[0]?.sent[0]?.ended).toBeDefined()
    }
  })

  const staying: [string, MemoryAnswer][] = [
    ['a GraphQL error', graphql(200)],
    ['a GraphQL error with 500', graphql(500)],
    ['a GraphQL error with 401', graphql(401)],
    ['500 with HTML', status(500)],
    ['401 with HTML', status(401)],
    ['404 with HTML', status(404)],
    ['429 with HTML', status(429)],
    ['a missing credential', new CredentialError('sign in')],
    ['a socket closed for its token', new SocketClosedError('auth', { closeCode: 4401 }, false)],
    ['an error of a link', new Error('a bug')],
  ]
  test.each(staying)('nothing does after %s, and the endpoint stays the first', async (_, answer) => {
    const answers = [answer]
    const { events, link, sent } = started(() => answers.shift() ?? { data: 'a' }, undefined)
    expect(await outcomeOf(link)).not.toBe('b')
    expect(await outcomeOf(link)).toBe('a')
    expect([sent(), events]).toEqual([[2, 0], []])
  })

  test('nothing does after its first result', async () => {
    async function* broken(): AsyncGenerator<Result> {
      yield { data: 1, hasNext: true }
      throw down
    }
    for (const operation of [query, subscription]) {
      const { link, sent } = started(broken, undefined)
      const got: Result[] = []
      const reading = (async () => {
        for await (const result of execute(link, operation)) got.push(result)
      })()
      await expect(reading).rejects.toBe(down)
      expect([got.length, sent()]).toEqual([1, [1, 0]])
    }
    const later = [{ data: 1, hasNext: true }, graphql(503)]
    const { link, sent } = started(later, undefined)
    expect(await lastResult(link, query)).toBe(later[1])
    expect(sent()).toEqual([1, 0])
  })

  const unsent: [string, Error][] = [
    ['a connection that was refused', refused],
    ['a name that does not resolve', new NetworkError('', { cause: coded('ENOTFOUND') })],
    ['an attempt to connect that took too long', new NetworkError('', { cause: coded('UND_ERR_CONNECT_TIMEOUT') })],
    ['no socket', new SocketConnectError('refused', {}, true)],
    ['a socket that closed before it was sent', new SocketClosedError('lost', { mayHaveRun: false }, true)],
    ['an open circuit', new CircuitOpenError(1)],
  ]
  test.each(unsent)('field notes 3.30 a mutation does after %s: nothing was sent', async (_, answer) => {
    const { link, sent } = started(answer, undefined)
    expect(await outcomeOf(link, mutation)).toBe('b')
    expect(sent()).toEqual([1, 1])
  })

  const maybeSent: [string, MemoryAnswer][] = [
    ['a connection that broke', down],
    ['one of which nothing is known', new NetworkError('', { cause: new Error('Failed to fetch') })],
    ['no answer in time', new TimeoutError('slow')],
    ['502', status(502)],
    ['503', status(503)],
    ['503 with GraphQL of a gateway', graphql(503)],
    ['a socket that closed meanwhile', new SocketClosedError('lost', { mayHaveRun: true }, true)],
  ]
  test.each(maybeSent)('field notes 3.30 a mutation does not after %s; what follows does', async (_, answer) => {
    const { link, sent } = started(answer, undefined)
    expect(await outcomeOf(link, mutation)).not.toBe('b')
    expect(sent()).toEqual([1, 0])
    expect(await outcomeOf(link, mutation)).toBe('b')
    expect(sent()).toEqual([1, 1])
  })

  test('TR-8 what holds a stream, which may have been read, does not', async () => {
    const { link, sent } = started(refused, undefined)
    const upload = createOperation({ document: 'mutation M { a }', variables: { file: new ReadableStream() } })
    expect(await outcomeOf(link, upload)).toBe('NETWORK')
    expect(sent()).toEqual([1, 0])
  })

  test("TR-7 what says replay: 'never' does not", async () => {
    const never = createOperation({ document: '{ a }', context: emptyContext.with(replay, 'never') })
    expect(await outcomeOf(started(down, undefined).link, never)).toBe('NETWORK')
  })

  test('field notes 2.25 nothing does when it was cancelled, whatever the reason, and nothing is known of the endpoint', async () => {
    const { events, link, sent } = started(
      ({ variables }) => (variables ? new Promise<never>(() => {}) : { data: 'a' }),
      undefined,
    )
    for (const reason of [new Error('enough'), down, new TimeoutError('too slow for the caller')]) {
      const controller = new AbortController()
      const pending = lastResult(
        link,
        createOperation({ document: '{ a }', variables: { wait: true }, signal: controller.signal }),
      )
      await settle()
      controller.abort(reason)
      await expect(pending).rejects.toBe(reason)
      await settle()
    }
    const iterator = execute(link, createOperation({ document: '{ a }', variables: { wait: true } }))[
      Symbol.asyncIterator
    ]()
    const step = iterator.next()
    await settle()
    await iterator.return?.()
    await step
    await settle()
    expect(await outcomeOf(link)).toBe('a')
    expect([sent(), events]).toEqual([[5, 0], []])
  })
})

describe('stickyMs', () => {
  test('after it one operation tries the preferred endpoint, and the others follow when it has answered', async () => {
    const answers: ((answer: MemoryAnswer) => void)[] = []
    const { clock, link, sent } = started(() => new Promise((resolve) => answers.push(resolve)), undefined)
    const first = outcomeOf(link)
    await settle()
    answers[0]?.(down)
    expect(await first).toBe('b')
    await clock.advance(999)
    expect(await outcomeOf(link)).toBe('b')

    await clock.advance(1)
    const trial = outcomeOf(link)
    await settle()
    expect(await outcomeOf(link)).toBe('b')
    expect(sent()).toEqual([2, 3])
    answers[1]?.({ data: 'a' })
    expect(await trial).toBe('a')
    const next = outcomeOf(link)
    await settle()
    answers[2]?.({ data: 'a' })
    expect(await next).toBe('a')
    expect(clock.pending).toBe(0)
  })

  test('a trial that fails, or never ends, starts the time again', async () => {
    const { clock, link, sent } = started(down, undefined)
    for (const tried of [1, 2, 3]) {
      expect(await outcomeOf(link)).toBe('b')
      expect(await outcomeOf(link)).toBe('b')
      expect(sent()[0]).toBe(tried)
      await clock.advance(1_000)
    }
    const hanging: Answer[] = [down]
    const second = started(() => (hanging.shift() as MemoryAnswer) ?? new Promise<never>(() => {}), undefined)
    await outcomeOf(second.link)
    for (let turn = 0; turn < 2; turn++) {
      await second.clock.advance(1_000)
      const trial = execute(second.link, query)[Symbol.asyncIterator]()
      const step = trial.next()
      await settle()
      expect(await outcomeOf(second.link)).toBe('b')
      await trial.return?.()
      await step
    }
    expect(second.sent()[0]).toBe(3)
  })

  test('a trial that gets an answer, whichever, ends the time', async () => {
    for (const [answer, outcome] of [
      [graphql(401), 'status 401'],
      [status(404), 'HTTP_STATUS'],
    ] as const) {
      const answers: MemoryAnswer[] = [down, answer]
      const { clock, link } = started(() => answers.shift() ?? { data: 'a' }, undefined)
      await outcomeOf(link)
      await clock.advance(1_000)
      expect([await outcomeOf(link), await outcomeOf(link)]).toEqual([outcome, 'a'])
    }
  })

  test('an answer to what began before the endpoint went down says nothing', async () => {
    const answers: ((answer: MemoryAnswer) => void)[] = []
    const { clock, link } = started(() => new Promise((resolve) => answers.push(resolve)), undefined)
    const early = outcomeOf(link)
    await settle()
    await clock.advance(1)
    const failing = outcomeOf(link)
    await settle()
    answers[1]?.(down)
    expect(await failing).toBe('b')
    answers[0]?.({ data: 'a' })
    expect(await early).toBe('a')
    expect(await outcomeOf(link)).toBe('b')
  })

  test('where all are down, all are tried, in order', async () => {
    let isUp = false
    const { link, sent } = started(() => (isUp ? { data: 'a' } : down), down)
    expect(await outcomeOf(link)).toBe('NETWORK')
    isUp = true
    expect(await outcomeOf(link)).toBe('a')
    expect(sent()).toEqual([2, 1])
  })

  test('is 30,000 and up to a fifth more where nothing else is said', async () => {
    const clock = new FakeClock()
    const first = memoryLink(down)
    const link = failoverLink([first, memoryLink()], { clock, random: () => 1 })
    await outcomeOf(link)
    await clock.advance(35_999)
    await outcomeOf(link)
    expect(first.sent).toHaveLength(1)
    await clock.advance(1)
    await outcomeOf(link)
    expect(first.sent).toHaveLength(2)
  })
})

describe('options', () => {
  test('isUnavailable replaces the default, and what it throws fails the operation', async () => {
    const judge = jest.fn((outcome: AttemptOutcome) => isUnavailable(outcome) || outcome.result?.http?.status === 500)
    expect(await outcomeOf(started(graphql(500), undefined).make({ isUnavailable: judge }))).toBe('b')
    expect(judge.mock.calls).toEqual([
      [{ result: graphql(500) }, expect.anything()],
      [{ result: { data: 'b' } }, expect.anything()],
    ])
    const boom = new Error('a bug')
    const throwing = (): never => {
      throw boom
    }
    for (const answer of [down, { data: 'a' }]) {
      expect(await outcomeOf(started(answer, undefined).make({ isUnavailable: throwing }))).toBe(boom)
    }
    // It is not asked about its own error.
    const throwingOnce = jest.fn(({ result }: AttemptOutcome) => {
      if (result) throw boom
      return true
    })
    const { make, sent } = started(undefined, undefined)
    expect(await outcomeOf(make({ isUnavailable: throwingOnce }))).toBe(boom)
    expect(throwingOnce).toHaveBeenCalledTimes(1)
    expect(sent()).toEqual([1, 0])
    // In JavaScript, an async function says nothing.
    expect(await outcomeOf(started(undefined, undefined).make({ isUnavailable: (async () => false) as never }))).toBe(
      'a',
    )
    // It does not move mutations that may have run.
    expect(await outcomeOf(started(status(500), undefined).make({ isUnavailable: () => true }), mutation)).toBe(
      'HTTP_STATUS',
    )
  })

  test('onFailover: what it throws, now or later, disturbs nobody', async () => {
    for (const onFailover of [
      () => {
        throw new Error('a bug')
      },
      async () => {
        throw new Error('a bug')
      },
    ]) {
      expect(await outcomeOf(started(down, undefined).make({ onFailover }))).toBe('b')
    }
    await settle()
  })

  test('K-10 bad options fail when the link is built', () => {
    for (const terminals of [undefined, [], memoryLink(), [undefined], ['https://eu.example.com/graphql']]) {
      expect(() => failoverLink(terminals as never)).toThrow(OptionsError)
      expect(() => failoverLink(terminals as never)).toThrow('failoverLink: give it a list')
    }
    for (const [option, values] of Object.entries({
      stickyMs: [-1, NaN, '5'],
      isUnavailable: ['a'],
      onFailover: ['a'],
      clock: [0],
      random: [0.5],
    })) {
      for (const value of values) {
        expect(() => failoverLink([memoryLink()], { [option]: value } as never)).toThrow(OptionsError)
        expect(() => failoverLink([memoryLink()], { [option]: value } as never)).toThrow(`failoverLink: ${option} is `)
      }
    }
    expect(() => failoverLink([bearerLink('t') as unknown as TerminalLink])).toThrow(WiringError)
  })
})

test('it is a terminal link: its links are disposed, checked for order, and asked for room', async () => {
  const disposed: string[] = []
  const admitted: string[] = []
  const terminal = (name: string, answer: MemoryAnswer): TerminalLink =>
    Object.assign(memoryLink(answer), {
      dispose: async () => void disposed.push(name),
      admit: async () => void admitted.push(name),
    })
  const breaker = circuitBreakerLink()
  const link = failoverLink([chain(breaker, terminal('a', down)), terminal('b', { data: 'b' })])
  expect([link.stage, link.name, link.within]).toEqual(['terminal', 'failoverLink', [breaker]])
  const waiting: Link = async (operation, next) => {
    await admission(operation)
    return next(operation)
  }
  const client = createClient({ link: chain(waiting, link) })
  await client.query('{ a }')
  await client.query('{ a }')
  expect(admitted).toEqual(['a', 'b'])
  await client.dispose()
  expect(disposed.toSorted()).toEqual(['a', 'b'])
  expect(() => chain(link, memoryLink())).toThrow('failoverLink is a terminal link and never calls next')
})

test('with a circuit breaker before each endpoint, an open circuit moves a mutation as well', async () => {
  const clock = new FakeClock()
  const [first, second] = [memoryLink(down), memoryLink({ data: 'b' })]
  const breaker = circuitBreakerLink({ failureThreshold: 1, clock })
  const link = failoverLink([chain(breaker, first), second], { clock, stickyMs: 0 })
  expect(await outcomeOf(link, mutation)).toBe('NETWORK')
  expect(await outcomeOf(link, mutation)).toBe('b')
  expect([first.sent.length, second.sent.length]).toEqual([1, 1])
})

test('where the last one has an open circuit, the error is that of one that was tried', async () => {
  const clock = new FakeClock()
  const open = async (openMs: number): Promise<TerminalLink> => {
    const breaker = circuitBreakerLink({ failureThreshold: 1, openMs, clock, random: () => 0 })
    const link = chain(breaker, memoryLink(down))
    await outcomeOf(link)
    return link
  }
  const of = (...links: TerminalLink[]): TerminalLink => failoverLink(links, { clock, stickyMs: 0 })
  expect(await outcomeOf(of(memoryLink(down), await open(10_000)))).toBe('NETWORK')
  expect(await outcomeOf(of(await open(10_000), memoryLink(down)))).toBe('NETWORK')
  expect(await outcomeOf(of(memoryLink(graphql(503)), await open(10_000)))).toBe('CIRCUIT_OPEN')
  // Where nothing was tried, it is the preferred one that is to be waited for.
  await expect(lastResult(of(await open(2_000), await open(10_000)), query)).rejects.toMatchObject({
    code: 'CIRCUIT_OPEN',
    retryAfterMs: 2_000,
  })
  // What a mutation failed with where it may have run is never hidden by what came before.
  expect(await outcomeOf(of(memoryLink(refused), memoryLink(status(503))), mutation)).toBe('HTTP_STATUS')
})

test('what moved has a note, for logs, and the count of what was sent', async () => {
  const notes: unknown[] = []
  const observe: Link = async function* observe(operation, next) {
    yield* next(operation)
    notes.push([...(executionOf(operation)?.notes ?? [])], executionOf(operation)?.attempts)
  }
  const { link } = started(down, down, undefined)
  await lastResult(chain(observe, link), query)
  expect(notes).toEqual([[['failover', 2]], 3])
})

describe('CR-2 credentials, over real connections to two origins', () => {
  /** The first answers 503, the second what it got. */
  async function servers() {
    const first = await scriptedServer((exchange) => exchange.respond(503, {}, 'down'))
    const second = await scriptedServer((exchange) =>
      exchange.respond(200, { 'content-type': 'application/json' }, '{"data":{"ok":true}}'),
    )
    const received = () =>
      [first, second].map(({ requests }) =>
        requests.map(({ headers }) => [headers.get('authorization'), headers.get('x-api-key')]),
      )
    const close = async () => Promise.all([first.close(), second.close()])
    return { first, second, received, close, origin: new URL(first.url).origin }
  }

  test('CR-2 field notes 2.21 a credential that is bound to one origin never reaches the other', async () => {
    const { first, second, received, close, origin } = await servers()
    const link = chain(
      bearerLink('secret', { origins: [origin] }),
      apiKeyLink({ key: 'k', origins: [origin] }),
      failoverLink([httpLink({ url: first.url }), httpLink({ url: second.url })]),
    )
    for (let turn = 0; turn < 2; turn++) expect(await outcomeOf(link)).toEqual({ ok: true })
    expect(received()).toEqual([
      [['Bearer secret', 'k']],
      [
        [null, null],
        [null, null],
      ],
    ])
    await close()
  })

  test('CR-2 one without origins goes to whichever endpoint of the list sends the operation', async () => {
    const { first, second, received, close } = await servers()
    const link = chain(
      bearerLink('secret'),
      failoverLink([httpLink({ url: first.url }), httpLink({ url: second.url })]),
    )
    expect(await outcomeOf(link)).toEqual({ ok: true })
    expect(received()).toEqual([[['Bearer secret', null]], [['Bearer secret', null]]])
    await close()
  })

  test('CR-2 one that is attached within an endpoint of the list stays there', async () => {
    const { first, second, received, close } = await servers()
    const link = failoverLink([
      chain(bearerLink('secret-a'), httpLink({ url: first.url })),
      chain(apiKeyLink({ key: 'secret-b' }), httpLink({ url: second.url })),
    ])
    expect(await outcomeOf(link)).toEqual({ ok: true })
    expect(received()).toEqual([[['Bearer secret-a', null]], [[null, 'secret-b']]])
    await close()
  })

  test('CR-3 a credential that would leave unencrypted fails the operation there, too', async () => {
    const { first, close } = await servers()
    const link = chain(
      bearerLink('secret'),
      failoverLink([httpLink({ url: first.url }), httpLink({ url: 'http://192.0.2.1/graphql' })]),
    )
    expect(await outcomeOf(link)).toBe('INSECURE_TRANSPORT')
    await close()
  })

  test('a mutation moves when the connection is refused for real, and not after a 503', async () => {
    const { first, second, received, close } = await servers()
    const gone = await scriptedServer(() => {})
    await gone.close()
    const from = (url: string) => failoverLink([httpLink({ url }), httpLink({ url: second.url })])
    expect(await outcomeOf(from(first.url), mutation)).toBe('HTTP_STATUS')
    expect(received()[1]).toHaveLength(0)
    expect(await outcomeOf(from(gone.url), mutation)).toEqual({ ok: true })
    await close()
  })
})

test('field notes 2.21 splitting by operation: each terminal link sends its own', async () => {
  const [reads, writes, events] = ['reads', 'writes', 'events'].map((data) => memoryLink({ data }))
  const link = split(
    ({ kind }) => kind === 'subscription',
    events as TerminalLink,
    split(
      ({ kind }) => kind === 'mutation',
      writes as TerminalLink,
      failoverLink([memoryLink(down), reads as TerminalLink]),
    ),
  )
  expect(await Promise.all([query, mutation, subscription].map((operation) => outcomeOf(link, operation)))).toEqual([
    'reads',
    'writes',
    'events',
  ])
})

test('errors and events hold no secret', async () => {
  const canary = secretCanary()
  const { events, link } = started(down, status(503))
  const operation = createOperation({
    document: 'query Q { a }',
    variables: { secret: canary.value },
    headers: { 'x-key': canary.value },
  })
  const error: unknown = await lastResult(chain(bearerLink(canary.value), link), operation).catch(
    (thrown: unknown) => thrown,
  )
  expect(events).toHaveLength(1)
  canary.check(error, events)
})
