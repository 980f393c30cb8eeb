import {
  bearerLink,
  chain,
  createClient,
  createOperation,
  DisposedError,
  executionOf,
  GraphLinksError,
  headerLink,
  lastResult,
  OptionsError,
  ResultQueue,
  single,
  tokenRefreshLink,
  type Link,
  type OperationInit,
  type Result,
  type TerminalLink,
} from '@graphlinks/core'
import * as core from '@graphlinks/core'
import * as http from '@graphlinks/http-link'
import * as oauth from '@graphlinks/oauth'
import * as ws from '@graphlinks/ws-link'
import { FakeClock, linkContract, memoryLink, secretCanary, settle } from '@graphlinks/testing'
import { loggerLink, type LogLevel, type LogRecord, type LoggerLinkOptions } from './index.ts'
import { prettyLine } from './prettyLine.ts'

const ok: Result = { data: { a: 1 } }

/** Which files are not there at the next attempt to load them, as a network has it. */
const mockMissing = new Set<string>()

jest.mock('@graphlinks/core/telemetry', () =>
  // A module that is thenable is loaded when that says so.
  // oxlint-disable-next-line unicorn/no-thenable
  Object.defineProperty({ __esModule: true, ...jest.requireActual('@graphlinks/core/telemetry') }, 'then', {
    get() {
      if (mockMissing.delete('telemetry.js')) throw new Error('404 telemetry.js')
    },
  }),
)

test('what writes records could not be loaded: that record is lost, and the next one is written', async () => {
  mockMissing.add('telemetry.js')
  const log = new Log()
  const client = createClient({ link: chain(loggerLink({ logger: log }), memoryLink(ok)) })
  expect(await client.query('query First { a }')).toEqual(ok)
  await settle()
  expect([log.entries, mockMissing.size]).toEqual([[], 0])
  await client.query('query Second { a }')
  expect(await log.records(1)).toMatchObject([{ operationName: 'Second' }])
})

/** A logger that keeps what it gets, and what waits for it. */
class Log {
  readonly entries: [LogLevel, unknown][] = []
  readonly #waiting = new Set<() => void>()
  readonly info = this.#take('info')
  readonly warn = this.#take('warn')
  readonly error = this.#take('error')

  #take(level: LogLevel) {
    return (entry: unknown): void => {
      this.entries.push([level, entry])
      for (const wake of this.#waiting) wake()
    }
  }

  /** That many records, once they are there. */
  async records(count: number): Promise<LogRecord[]> {
    while (this.entries.length < count) await new Promise<void>((resolve) => this.#waiting.add(resolve))
    expect(this.entries).toHaveLength(count)
    return this.entries.map(([, record]) => record as LogRecord)
  }

  get levels(): LogLevel[] {
    return this.entries.map(([level]) => level)
  }
}

interface Logged {
  readonly records: readonly LogRecord[]
  readonly levels: readonly LogLevel[]
}

/** Runs one operation through a logger and a terminal link, and gives what was logged. */
async function logged(
  terminal: TerminalLink,
  init: Partial<OperationInit> = {},
  options: LoggerLinkOptions = {},
  count = 1,
): Promise<Logged> {
  const log = new Log()
  const operation = createOperation({ document: 'query Q { a }', ...init })
  await lastResult(chain(loggerLink({ logger: log, ...options }), terminal), operation).catch(() => {})
  return { records: await log.records(count), levels: log.levels }
}

/** Tries once more where the first attempt fails. */
const tryTwice: Link = Object.assign(
  async function* tryTwice(operation, next) {
    try {
      yield* next(operation)
    } catch {
      executionOf(operation)?.note('retry')
      yield* next(operation)
    }
  } satisfies Link,
  { stage: 'replay' as const },
)

describe('contract of loggerLink', () => {
  const logger = { info() {}, warn() {}, error() {} }
  describe('outermost', () => {
    linkContract(() => loggerLink({ logger, starts: ['query', 'subscription'] }))
  })
  describe('of attempts', () => {
    linkContract(() => loggerLink({ logger }).attempts)
  })
  describe('both', () => {
    linkContract(() => {
      const log = loggerLink({ logger, format: prettyLine })
      return core.compose(log, log.attempts)
    })
  })
  describe('with a logger that fails', () => {
    linkContract(() => {
      const fail = (): never => {
        throw new Error('the disk is full')
      }
      return loggerLink({ logger: { info: fail, warn: fail, error: fail } })
    })
  })
})

test('a record of an operation: what it was, how long it took, how it ended', async () => {
  const clock = new FakeClock()
  const headers = new Headers()
  const { records, levels } = await logged(
    async function* terminal() {
      await clock.advance(30)
      yield { ...ok, http: { status: 200, headers, url: 'https://api.test/' } }
      await clock.advance(4)
    },
    {},
    { clock },
  )
  expect(records).toEqual([
    {
      event: 'operation',
      at: Date.UTC(2026) + 34,
      id: 1,
      kind: 'query',
      operationName: 'Q',
      attempts: 0,
      notes: {},
      outcome: 'completed',
      durationMs: 34,
      firstResultMs: 30,
      results: 1,
      errors: 0,
      errorCodes: [],
      status: 200,
      identity: undefined,
    },
  ])
  expect(levels).toEqual(['info'])
})

test('levels: completed, errors of GraphQL, failed', async () => {
  const errors = [{ message: 'no', extensions: { code: 'FORBIDDEN' } }, { message: 'no' }]
  const partial = await logged(memoryLink({ data: null, errors }))
  expect(partial.levels).toEqual(['warn'])
  expect(partial.records).toMatchObject([{ outcome: 'completed', errors: 2, errorCodes: ['FORBIDDEN'], results: 1 }])
  const error = new http.HttpError('no', { status: 503, mediaType: 'text/html' })
  const failed = await logged(memoryLink(error))
  expect(failed.levels).toEqual(['error'])
  expect(failed.records).toMatchObject([
    { outcome: 'failed', errorCode: 'HTTP_STATUS', status: 503, results: 0, firstResultMs: undefined },
  ])
})

test('what an operation failed with, by its code or else its name; the code of a close', async () => {
  const closed = Object.assign(new Error('closed'), { code: 'WS_CLOSED', closeCode: 4403 })
  for (const [error, errorCode, closeCode] of [
    [new TypeError('no'), 'TypeError'],
    [Object.assign(new Error('no'), { code: 'ECONNRESET' }), 'ECONNRESET'],
    [closed, 'WS_CLOSED', 4403],
    [Object.assign(new Error('no'), { code: 42, status: 'x', closeCode: 'y' }), 'Error'],
    [Object.assign(new Error('no'), { name: '\u001b[31m' }), 'OTHER'],
  ] as [Error, string, number?][]) {
    const { records } = await logged(memoryLink(error))
    expect(records).toMatchObject([{ errorCode, ...(closeCode && { closeCode }), status: undefined }])
  }
  // What is thrown may be anything.
  for (const thrown of [undefined, null, 'a text', 0, Object.create(null)] as unknown[]) {
    const { records } = await logged(async function* terminal() {
      await Promise.reject(thrown as Error)
      yield ok
    })
    expect(records).toMatchObject([{ outcome: 'failed', errorCode: 'OTHER' }])
  }
})

test('attempts: their records, their level, and how often it was tried and why', async () => {
  const log = new Log()
  const logs = loggerLink({ logger: log })
  const answers = [new Error('down'), ok]
  const memory = memoryLink(() => answers.shift() as Result)
  const link = chain(logs, tryTwice, bearerLink('secret-token'), logs.attempts, memory)
  await lastResult(link, createOperation({ document: 'query Q { a }' }))
  const [first, second, operation] = await log.records(3)
  expect(first).toMatchObject({ event: 'attempt', id: 1, attempt: 1, outcome: 'failed', errorCode: 'Error' })
  expect(second).toMatchObject({ event: 'attempt', id: 1, attempt: 2, outcome: 'completed' })
  expect(operation).toMatchObject({ event: 'operation', id: 1, attempts: 2, notes: { retry: 1 }, outcome: 'completed' })
  expect(log.levels).toEqual(['warn', 'info', 'info'])
  const identities = [first, second, operation].map((record) => (record as { identity?: string }).identity)
  expect(new Set(identities).size).toBe(1)
  expect(identities[0]).toMatch(/^[\da-f]{12}$/)
})

test('a replay with a new token is noted by the link that did it', async () => {
  const log = new Log()
  const memory = memoryLink(() =>
    memory.sent.length === 1 ? { errors: [{ message: 'no', extensions: { code: 'UNAUTHENTICATED' } }] } : ok,
  )
  const logs = loggerLink({ logger: log })
  const link = chain(logs, tokenRefreshLink({ fetchToken: async () => ({ accessToken: 't' }) }), logs.attempts, memory)
  await lastResult(link, createOperation({ document: '{ a }' }))
  const [refused, replayed, operation] = await log.records(3)
  expect(refused).toMatchObject({ outcome: 'cancelled', errors: 1, errorCodes: ['UNAUTHENTICATED'] })
  expect(replayed).toMatchObject({ outcome: 'completed', attempt: 2 })
  expect(operation).toMatchObject({ attempts: 2, notes: { replay: 1 }, operationName: undefined })
})

describe('identity', () => {
  const identitiesOf = async (tokens: readonly string[]): Promise<(string | undefined)[]> => {
    const log = new Log()
    const logs = loggerLink({ logger: log })
    for (const token of tokens) {
      const link = chain(logs, headerLink({ 'x-session': token }), memoryLink(ok))
      await lastResult(link, createOperation({ document: '{ a }' }))
    }
    const records = await log.records(tokens.length)
    // Those whose identity takes a moment come later.
    return records.toSorted((a, b) => a.id - b.id).map((record) => (record as { identity?: string }).identity)
  }

  test('one for the same credentials, others for others, and others again for another link', async () => {
    const [ada, bob, again] = await identitiesOf(['ada', 'bob', 'ada'])
    expect(ada).toMatch(/^[\da-f]{12}$/)
    expect([again, ada === bob]).toEqual([ada, false])
    const [other] = await identitiesOf(['ada'])
    expect(other).not.toBe(ada)
  })

  test('it is known without attempts, from what was sent; and from attempts, where nothing was', async () => {
    const log = new Log()
    const logs = loggerLink({ logger: log })
    // As a link that has the results from a cache, or from another operation.
    const answers: Link = () => single(ok)
    const link = chain(logs, bearerLink('t'), logs.attempts, answers, memoryLink())
    await lastResult(link, createOperation({ document: '{ a }' }))
    const [attempt, operation] = await log.records(2)
    expect(operation).toMatchObject({ attempts: 0, identity: (attempt as { identity: string }).identity })
  })

  test('none without credentials', async () => {
    const { records } = await logged(memoryLink(ok), { headers: { 'accept-language': 'de' } })
    expect(records).toMatchObject([{ identity: undefined }])
  })

  test('a page without WebCrypto has none, and logs all the same', async () => {
    const property = Object.getOwnPropertyDescriptor(globalThis, 'crypto') as PropertyDescriptor
    try {
      for (const value of [undefined, {}]) {
        Object.defineProperty(globalThis, 'crypto', { value, configurable: true })
        expect(await identitiesOf(['ada'])).toEqual([undefined])
      }
    } finally {
      Object.defineProperty(globalThis, 'crypto', property)
    }
  })
})

describe('threats 8, 23: no secrets, nothing that moves a cursor', () => {
  type ErrorClass = typeof GraphLinksError & { readonly prototype: GraphLinksError }
  const classes = [core, http, ws, oauth].flatMap((entry) =>
    Object.values(entry).filter((value): value is ErrorClass => Object(value).prototype instanceof GraphLinksError),
  )

  test('there are errors of all packages', () => {
    expect(classes.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['HTTP_STATUS', 'TIMEOUT', 'GRAPHQL_RESULT', 'SOCKET_CLOSED', 'OAUTH']),
    )
    expect(classes.length).toBeGreaterThan(25)
  })

  test.each<[string, LoggerLinkOptions['format']]>([
    ['record', 'record'],
    ['json', 'json'],
    ['line for people', prettyLine],
  ])('threats 8: a canary is in no %s, whatever fails', async (_, format) => {
    const canary = secretCanary()
    const secret = canary.value
    const init = {
      document: `query Q { a(b: "${secret}") }`,
      variables: { token: secret, code: secret.toUpperCase() },
      headers: { authorization: `Bearer ${secret}`, 'x-other': secret },
      extensions: { secret },
    }
    const evil = (Kind: ErrorClass): GraphLinksError =>
      new Kind(secret, { link: secret, operationName: secret, cause: new Error(secret), url: secret } as never)
    const answers: (Error | Result)[] = [
      ...classes.map(evil),
      Object.assign(new Error(secret, { cause: new Error(secret) }), { name: secret, code: secret }),
      Object.assign(new Error(secret), { name: secret.toUpperCase(), code: secret.toUpperCase() }),
      {
        data: { secret },
        errors: [
          { message: secret, path: [secret], extensions: { code: secret, [secret]: secret } },
          { message: secret, extensions: { code: secret.toUpperCase() } },
          { message: secret, extensions: { code: { secret } } },
          { message: secret, extensions: { code: [secret] } },
        ],
        extensions: { secret },
        http: { status: 200, headers: new Headers({ secret }), url: secret },
      },
    ]
    for (const answer of answers) {
      const log = new Log()
      const logs = loggerLink({ logger: log, format, starts: ['query'] })
      const link = chain(logs, bearerLink(secret), logs.attempts, memoryLink(answer))
      await canary.watch(() => lastResult(link, createOperation(init)).catch(() => {}))
      await log.records(3)
      canary.check(log.entries)
      expect(JSON.stringify(log.entries)).not.toContain(secret.toUpperCase())
    }
  })

  test('threats 23: names and codes cannot move a cursor, and have no more than so many characters', async () => {
    const memory = memoryLink({
      errors: [
        { message: 'no', extensions: { code: '\u001b[2J\u0007' } },
        { message: 'no', extensions: { code: `A${'B'.repeat(70)}` } },
        { message: 'no', extensions: { code: 'A\nB' } },
      ],
    })
    const document = { __meta__: { hash: 'x' } } as never
    const operationName = `\u001b[2JA\r\n\u202Eb\u2028${'c'.repeat(200)}`
    const { records } = await logged(memory, { document, kind: 'query', operationName })
    expect(records).toMatchObject([{ operationName: `[2JAb${'c'.repeat(95)}`, errorCodes: ['OTHER'], errors: 3 }])
  })

  test('codes as servers write them are kept, at most eight', async () => {
    const codes = ['UNAUTHENTICATED', 'invalid-jwt', 'GraphQL.Validation', '42P01', 401, 'HTTP_404', 'a', 'B', 'C', 'D']
    const errors = ['UNAUTHENTICATED', ...codes].map((code) => ({ message: 'no', extensions: { code } }))
    const { records } = await logged(memoryLink({ errors }))
    expect(records).toMatchObject([{ errors: 11, errorCodes: codes.slice(0, 8).map(String) }])
    const many = errors.map((error) => ({ errors: [error] }))
    const streamed = await logged(memoryLink(many))
    expect(streamed.records).toMatchObject([{ errors: 11, errorCodes: codes.slice(0, 8).map(String) }])
  })

  test('results that are none do no harm', async () => {
    for (const errors of [null, 'no', { length: 2 }, [null, 5, { extensions: 5 }]] as never[]) {
      const { records, levels } = await logged(memoryLink({ data: {}, errors }))
      expect(records).toMatchObject([{ results: 1, errors: Array.isArray(errors) ? 3 : 0 }])
      expect(levels).toEqual([Array.isArray(errors) ? 'warn' : 'info'])
    }
  })
})

describe('subscriptions', () => {
  const document = 'subscription S { n }'
  const events: Result[] = [1, 2, 3].map((n) => ({ data: { n } }))

  test('a record when they begin, where that is asked for, and one in the end with the number of events', async () => {
    const { records } = await logged(memoryLink(events), { document }, { starts: ['subscription'] }, 2)
    expect(records[0]).toEqual({
      event: 'start',
      at: (records[0] as LogRecord).at,
      id: 1,
      kind: 'subscription',
      operationName: 'S',
    })
    expect(records[1]).toMatchObject({ event: 'operation', id: 1, results: 3, outcome: 'completed' })
    await logged(memoryLink(ok), {}, { starts: ['subscription'] }, 1)
  })

  test('left or aborted they are cancelled, with what came; a link that fails for that changes nothing', async () => {
    const waiting: TerminalLink = async function* waiting(operation) {
      yield* events
      await new Promise((_, reject) => {
        executionOf(operation)?.onAbort(() => reject(new Error('cancelled, says the socket')))
      })
    }
    const log = new Log()
    const client = createClient({ link: chain(loggerLink({ logger: log }), waiting) })
    let seen = 0
    for await (const _ of client.subscribe(document)) if (++seen === 2) break
    const controller = new AbortController()
    const iterator = client.subscribe(document, null, { signal: controller.signal })[Symbol.asyncIterator]()
    for (let count = 0; count < 3; count++) await iterator.next()
    const pending = iterator.next()
    await settle()
    controller.abort(new Error('the user left'))
    await expect(pending).rejects.toThrow('the user left')
    const last = client.subscribe(document)[Symbol.asyncIterator]()
    await last.next()
    const disposed = last
      .next()
      .then(() => last.next())
      .then(() => last.next())
    disposed.catch(() => {})
    await settle()
    await client.dispose()
    await expect(disposed).rejects.toThrow(DisposedError)
    const records = await log.records(3)
    expect(records).toMatchObject([
      { id: 1, outcome: 'cancelled', results: 2 },
      { id: 2, outcome: 'cancelled', results: 3 },
      { id: 3, outcome: 'cancelled', results: 3 },
    ])
    expect(log.levels).toEqual(['info', 'info', 'info'])
  })

  const failing = memoryLink(() => new Promise<never>(() => {}))
  const completing: TerminalLink = function completing({ signal }) {
    const queue = new ResultQueue()
    signal.addEventListener('abort', () => queue.end())
    return queue
  }
  test.each([failing, completing])(
    'an attempt that ends for being aborted, behind a link that waits for it, is cancelled: %p',
    async (terminal) => {
      const log = new Log()
      const logs = loggerLink({ logger: log })
      const controller = new AbortController()
      const link = chain(logs, tryTwice, logs.attempts, terminal)
      const pending = lastResult(link, createOperation({ document, signal: controller.signal }))
      await settle()
      controller.abort(new Error('the user left'))
      await expect(pending).rejects.toThrow('the user left')
      const records = await log.records(2)
      expect(records.map((record) => (record as { outcome?: string }).outcome)).toEqual(['cancelled', 'cancelled'])
      expect(log.levels).toEqual(['info', 'info'])
    },
  )

  test('errors of events are counted together, those of parts of one result once', async () => {
    const error = { message: 'no' }
    const failing = await logged(memoryLink([{ errors: [error] }, ok, { errors: [error, error] }]), { document })
    expect(failing.records).toMatchObject([{ errors: 3, results: 3 }])
    const parts = [
      { data: {}, errors: [error], hasNext: true },
      { data: {}, errors: [error, error], hasNext: false },
    ]
    expect((await logged(memoryLink(parts))).records).toMatchObject([{ errors: 2, results: 2 }])
  })
})

describe('a logger that fails does no harm', () => {
  const boom = (): never => {
    throw new Error('the disk is full')
  }
  const rejects = async (): Promise<never> => Promise.reject(new Error('the disk is full'))
  const silent = { info() {}, warn() {}, error() {} }
  test.each<[what: string, options: LoggerLinkOptions]>([
    ['it throws', { logger: { info: boom, warn: boom, error: boom } }],
    ['it rejects', { logger: { info: rejects, warn: rejects, error: rejects } }],
    ['the format throws', { logger: silent, format: boom }],
    ['the format rejects', { logger: silent, format: rejects }],
    ['sample throws', { logger: silent, sample: boom }],
    ['the date does', { logger: silent, clock: Object.assign(new FakeClock(), { date: boom }) }],
  ])('%s', async (_, options) => {
    const logs = loggerLink({ starts: ['query'], ...options })
    const failure = new Error('down')
    const answers = [ok, failure, { errors: [{ message: 'no' }] }]
    const link = chain(
      logs,
      logs.attempts,
      memoryLink(() => answers.shift() as Result),
    )
    const operation = createOperation({ document: '{ a }' })
    expect(await lastResult(link, operation)).toBe(ok)
    await expect(lastResult(link, operation)).rejects.toBe(failure)
    expect((await lastResult(link, operation)).errors).toHaveLength(1)
    await settle()
    await settle()
  })
})

test('sampling: what completes without errors, once for an operation and its attempts; all else is logged', async () => {
  const log = new Log()
  const asked: (string | undefined)[] = []
  const logs = loggerLink({
    logger: log,
    starts: ['query'],
    sample({ operationName }) {
      asked.push(operationName)
      return operationName === 'Yes'
    },
  })
  const link = chain(
    logs,
    logs.attempts,
    memoryLink(({ operationName }) =>
      operationName === 'Bad' ? new Error('down') : operationName === 'Errors' ? { errors: [{ message: 'no' }] } : ok,
    ),
  )
  for (const name of ['No', 'Yes', 'Bad', 'Errors'])
    await lastResult(link, createOperation({ document: `query ${name} { a }` })).catch(() => {})
  const records = await log.records(7)
  expect(records.map(({ operationName, event }) => `${operationName} ${event}`)).toEqual([
    'Yes start',
    'Yes attempt',
    'Yes operation',
    'Bad attempt',
    'Bad operation',
    'Errors attempt',
    'Errors operation',
  ])
  expect(asked).toEqual(['No', 'Yes', 'Bad', 'Errors'])
})

test('many at the same time, each with its own records', async () => {
  const log = new Log()
  const logs = loggerLink({ logger: log })
  const memory = memoryLink(async ({ variables }) => {
    for (let turns = Number(variables?.['turns']); turns > 0; turns--) await settle()
    return Number(variables?.['turns']) % 3 === 0 ? new Error('down') : ok
  })
  const link = chain(
    logs,
    tryTwice,
    headerLink(({ operationName }) => ({ 'x-user': `${operationName}` })),
    logs.attempts,
    memory,
  )
  const turns = Array.from({ length: 50 }, (_, index) => (index * 7) % 11)
  await Promise.all(
    turns.map(async (each, index) =>
      lastResult(link, createOperation({ document: `query Q${index} { a }`, variables: { turns: each } })).catch(
        () => {},
      ),
    ),
  )
  const attemptsOf = (each: number): number => (each % 3 === 0 ? 2 : 1)
  const records = await log.records(turns.reduce((sum, each) => sum + 1 + attemptsOf(each), 0))
  for (const [index, each] of turns.entries()) {
    const own = records.filter(({ operationName }) => operationName === `Q${index}`)
    expect(own.map(({ event }) => event)).toEqual([
      ...Array.from({ length: attemptsOf(each) }, () => 'attempt'),
      'operation',
    ])
    expect(new Set(own.map(({ id }) => id)).size).toBe(1)
    expect(own.at(-1)).toMatchObject({ attempts: attemptsOf(each), outcome: each % 3 === 0 ? 'failed' : 'completed' })
    expect(new Set(own.map((record) => (record as { identity?: string }).identity)).size).toBe(1)
  }
  const last = records.filter(({ event }) => event === 'operation')
  expect(new Set(last.map((record) => (record as { identity?: string }).identity)).size).toBe(50)
})

test('a link that is called by itself, without a client, logs too', async () => {
  const log = new Log()
  const logs = loggerLink({ logger: log })
  const operation = createOperation({ document: '{ a }' })
  const results = await logs(operation, (given) => logs.attempts(given, memoryLink(ok)) as never)
  for await (const result of results) expect(result).toBe(ok)
  expect(await log.records(2)).toMatchObject([
    { event: 'attempt', attempt: 1 },
    { event: 'operation', attempts: 0 },
  ])
})

describe('what the logger is given', () => {
  test('JSON, one line each', async () => {
    const { records } = await logged(memoryLink(ok), {}, { format: 'json' })
    const line = records[0] as unknown as string
    expect(line).not.toContain('\n')
    expect(JSON.parse(line)).toMatchObject({
      level: 'info',
      event: 'operation',
      operationName: 'Q',
      outcome: 'completed',
    })
  })

  test('what a function makes of it, also later', async () => {
    const { records } = await logged(memoryLink(ok), {}, { format: (record, level) => `${level} ${record.id}` })
    expect(records).toEqual(['info 1'])
  })
})

test('K-10 options that are no good', () => {
  for (const [options, message] of [
    [{ logger: {} }, 'logger has the functions info, warn and error'],
    [{ logger: null }, 'logger has'],
    [{ logger: { info() {}, warn() {} } }, 'logger has'],
    [{ format: 'text' }, 'format is record, json or a function'],
    [{ format: null }, 'format is'],
    [{ sample: 0.1 }, 'sample is a function of the operation'],
    [{ starts: true }, 'starts is a list'],
  ] as unknown as [LoggerLinkOptions, string][]) {
    expect(() => loggerLink(options)).toThrow(OptionsError)
    expect(() => loggerLink(options)).toThrow(`loggerLink: ${message}`)
  }
  const logs = loggerLink({ logger: undefined, format: undefined, sample: undefined, starts: undefined })
  expect([logs.name, logs.stage, logs.attempts.name]).toEqual(['loggerLink', undefined, 'loggerAttempts'])
})

test('attempts within a copy that a link runs by itself are those of the operation', async () => {
  const logger = new Log()
  const log = loggerLink({ logger })
  const copying: Link = (operation, next) => core.execute(next, core.detached(operation))
  await lastResult(chain(log, copying, copying, log.attempts, memoryLink(ok)), createOperation({ document: '{ a }' }))
  const [attempt, operation] = await logger.records(2)
  expect([attempt, operation]).toMatchObject([
    { event: 'attempt', attempt: 1 },
    { event: 'operation', attempts: 1 },
  ])
  expect(attempt?.id).toBe(operation?.id)
})

test('durations are told to the microsecond', async () => {
  const clock = new FakeClock()
  const logger = new Log()
  const link = chain(loggerLink({ logger, clock }), async () => {
    await clock.advance(1.234_567_89)
    return single(ok)
  })
  await lastResult(link, createOperation({ document: '{ a }' }))
  expect(await logger.records(1)).toMatchObject([{ durationMs: 1.235, firstResultMs: 1.235 }])
})
