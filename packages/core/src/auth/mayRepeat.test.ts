import { FakeClock, memoryLink, settle } from '@graphlinks/testing'
import {
  AuthExpiredError,
  AuthQueueFullError,
  AuthRefreshError,
  chain,
  createOperation,
  emptyContext,
  IdentityChangedError,
  isOneShot,
  isTransient,
  lastResult,
  mayRepeat,
  replay,
  retryAfterMs,
  TimeoutError,
  whileRunning,
  type AttemptOutcome,
  type Link,
  type Operation,
  type OperationInit,
} from '../index.ts'

const query = (init: Partial<OperationInit> = {}): Operation => createOperation({ document: '{ a }', ...init })
const mutation = (init: Partial<OperationInit> = {}): Operation =>
  createOperation({ document: 'mutation { a }', ...init })
const failed = (facts: object): AttemptOutcome => ({ error: Object.assign(new Error('failed'), facts) })

describe('mayRepeat', () => {
  test('TR-8 H26 no stream that was read, and nothing that the context forbids', () => {
    async function* chunks(): AsyncGenerator<string> {}
    const file = new ReadableStream()
    const variables: Record<string, unknown> = { list: [{ file }] }
    variables['self'] = variables
    // Neither of a browser's nor of a library's streams is known by more than this.
    for (const held of [variables, { file: chunks() }, { file: { getReader: () => {} } }]) {
      expect(isOneShot(query({ variables: held }))).toBe(true)
      expect(mayRepeat(query({ variables: held }), failed({}))).toBe(false)
      expect(mayRepeat(mutation({ variables: held }), failed({}), true)).toBe(false)
    }
    const plain = {
      file: new Blob(['a']),
      date: new Date(),
      text: 'a',
      none: null,
      getReader: 'by mail',
      read: () => {},
    }
    for (const held of [undefined, {}, plain, { list: [null, plain] }]) {
      expect(isOneShot(query({ variables: held }))).toBe(false)
      expect(mayRepeat(query({ variables: held }), failed({}))).toBe(true)
    }
    expect(mayRepeat(query({ context: emptyContext.with(replay, 'never') }), failed({}))).toBe(false)
  })

  test('TR-5 nothing that tokenRefreshLink has dealt with', () => {
    for (const outcome of [
      failed({ status: 401 }),
      failed({ closeCode: 4401 }),
      { result: { errors: [{ message: 'who?', extensions: { code: 'UNAUTHENTICATED' } }] } },
      { result: { data: null, notReplayed: 'replayed' } } as const,
      { error: new AuthExpiredError('over') },
      { error: new AuthRefreshError('later', { retryAfterMs: 1 }) },
      { error: new AuthQueueFullError('full') },
      { error: new IdentityChangedError('another') },
    ]) {
      expect(mayRepeat(query(), outcome)).toBe(false)
      expect(mayRepeat(mutation(), outcome, true)).toBe(false)
    }
  })

  test('TR-6 H25 a mutation only where it certainly did not run, or its server knows it', () => {
    const unsure = [
      failed({}),
      failed({ status: 503, retryable: true }),
      failed({ code: 'NETWORK', cause: failed({ code: 'ECONNRESET' }).error }),
      failed({ code: 'EHOSTUNREACH' }),
      failed({ code: 'ENOTFOUND_AT_LAST' }),
      failed({ code: 'PROXY_ECONNREFUSED' }),
      failed({ code: 'OAUTH_ENDPOINT' }),
      { result: { data: null } },
      { result: { data: undefined, errors: [] } },
      { error: undefined },
    ]
    for (const outcome of unsure) {
      expect(mayRepeat(mutation(), outcome)).toBe(false)
      expect(mayRepeat(mutation(), outcome, true)).toBe(true)
      expect(mayRepeat(query(), outcome)).toBe(true)
    }
    const certain = [
      failed({ code: 'SOCKET_CONNECT' }),
      failed({ mayHaveRun: false }),
      { result: { errors: [{ message: 'invalid' }] } },
      ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'].map((code) =>
        failed({ code: 'NETWORK', cause: failed({ cause: failed({ code }).error }).error }),
      ),
    ]
    for (const outcome of certain) expect(mayRepeat(mutation(), outcome)).toBe(true)
    // Its key is a header, which no operation has over WebSocket.
    expect(mayRepeat(mutation(), failed({ mayHaveRun: true }), true)).toBe(false)
  })
})

test('H25 isTransient: as the error says, or by timeout and status', () => {
  for (const status of [408, 429, 502, 503, 504]) expect(isTransient({ status })).toBe(true)
  for (const status of [200, 400, 401, 403, 404, 500, 501]) expect(isTransient({ status })).toBe(false)
  expect(isTransient(new TimeoutError('late'))).toBe(true)
  expect(isTransient({ retryable: true, status: 400 })).toBe(true)
  expect(isTransient({ retryable: false, status: 503 })).toBe(false)
  for (const other of [undefined, null, 'busy', new Error('boom'), {}]) expect(isTransient(other)).toBe(false)
})

test('H25 retryAfterMs: of an error or a result, in seconds or as a date', () => {
  const clock = new FakeClock()
  const date = (inMs: number): string => new Date(clock.date() + inMs).toUTCString()
  for (const [header, expected] of [
    ['7', 7_000],
    [' 0 ', 0],
    [date(9_000), 9_000],
    ['999999', 3_600_000],
    [date(-9_000), undefined],
    ['-7', undefined],
    ['soon', undefined],
    ['', undefined],
    [null, undefined],
  ] as const) {
    expect(retryAfterMs(failed({ retryAfter: header }), clock)).toBe(expected)
    const headers = new Headers(header === null ? {} : { 'retry-after': header })
    const http = { status: 503, url: 'https://api.example.com/graphql', headers }
    expect(retryAfterMs({ result: { http } }, clock)).toBe(expected)
  }
  expect(retryAfterMs({ result: {} }, clock)).toBeUndefined()
  // An error of anybody's may have anything under that name.
  for (const other of [[{ toString: [] }], {}, Symbol('soon'), 7n, true])
    expect(retryAfterMs(failed({ retryAfter: other }), clock)).toBeUndefined()
})

describe('whileRunning', () => {
  const waiting = (value: unknown, cancel?: () => void): Link =>
    async function waiting(operation, next) {
      await whileRunning(operation, value, cancel)
      return next(operation)
    }

  test('gives the value, or what the promise rejects with, and forgets the operation', async () => {
    const cancel = jest.fn()
    for (const value of [1, Promise.resolve(1)]) {
      const controller = new AbortController()
      const link = chain(waiting(value, cancel), memoryLink({ data: 1 }))
      expect(await lastResult(link, query({ signal: controller.signal }))).toEqual({ data: 1 })
      controller.abort()
    }
    const rejection = lastResult(chain(waiting(Promise.reject(new TimeoutError('late'))), memoryLink()), query())
    await expect(rejection).rejects.toThrow('late')
    expect(cancel).not.toHaveBeenCalled()
    expect(await whileRunning(query(), 5)).toBe(5)
  })

  test('K-3 ends with the operation, at once, and what comes later goes nowhere', async () => {
    let fail: (error: Error) => void = () => {}
    const cancel = jest.fn()
    const controller = new AbortController()
    const memory = memoryLink()
    const value = new Promise((_, reject) => (fail = reject))
    const outcome = lastResult(chain(waiting(value, cancel), memory), query({ signal: controller.signal }))
    await settle()
    controller.abort(new Error('left'))
    await expect(outcome).rejects.toThrow('left')
    expect(cancel).toHaveBeenCalledTimes(1)
    fail(new Error('late'))
    await settle()
    expect(memory.sent).toHaveLength(0)
    const leaving = new AbortController()
    const without = lastResult(chain(waiting(new Promise(() => {})), memory), query({ signal: leaving.signal }))
    await settle()
    leaving.abort(new Error('left'))
    await expect(without).rejects.toThrow('left')
  })

  test('K-3 an operation that was cancelled before waits for nothing', async () => {
    const controller = new AbortController()
    const seen: unknown[] = []
    const late: Link = async (operation, next) => {
      controller.abort(new Error('left'))
      await whileRunning(operation, new Promise(() => {}), () => seen.push('cancelled')).catch((error: Error) =>
        seen.push(error.message),
      )
      return next(operation)
    }
    await expect(lastResult(chain(late, memoryLink()), query({ signal: controller.signal }))).rejects.toThrow('left')
    await settle()
    expect(seen).toEqual(['cancelled', 'left'])
  })
})
