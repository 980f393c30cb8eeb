import {
  bearerLink,
  chain,
  createClient,
  createOperation,
  createTokenSource,
  emptyContext,
  contextKey,
  detached,
  execute,
  executionOf,
  GraphLinksError,
  lastResult,
  OptionsError,
  tokenRefreshLink,
  withContext,
  withExchange,
  withHeader,
  type AnyDocument,
  type JsonObject,
  type Link,
  type Operation,
  type OperationInit,
  type Result,
  type TerminalLink,
} from '@graphlinks/core'
import { linkContract, memoryLink, secretCanary, settle, type MemoryAnswer, type MemoryLink } from '@graphlinks/testing'
import * as fc from 'fast-check'
import { copyOf } from './copyOf.ts'
import { dedupLink, sharing, type DedupLinkOptions } from './index.ts'

const query = (init: Partial<OperationInit> = {}): Operation => createOperation({ document: 'query Q { a }', ...init })

/** A terminal link that answers when it is told to, each operation with a result of its own. */
function held(answer: (count: number) => MemoryAnswer = (count) => ({ data: { count, list: [{ n: 1 }] } })): {
  link: MemoryLink
  release: () => void
} {
  let release!: () => void
  const released = new Promise<void>((resolve) => (release = resolve))
  let count = 0
  const link = memoryLink(async () => {
    const mine = ++count
    await released
    return answer(mine)
  })
  return { link, release }
}

/** How many requests some operations make that are on their way at the same time. */
async function requestsOf(operations: readonly Operation[], options?: DedupLinkOptions): Promise<number> {
  const { link, release } = held()
  const chained = chain(dedupLink(options), link)
  const results = operations.map((operation) => lastResult(chained, operation))
  await settle()
  release()
  await Promise.all(results)
  return link.sent.length
}

const outcomeOf = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error)

describe('contract of dedupLink', () => {
  describe('by default', () => {
    linkContract(() => dedupLink())
  })
  describe('with a key', () => {
    linkContract(() => dedupLink({ key: () => '' }))
  })
})

test('identical queries at the same time share one execution, and each gets the result', async () => {
  const { link, release } = held()
  const chained = chain(dedupLink(), link)
  const results = Array.from({ length: 1_000 }, () => lastResult(chained, query()))
  await settle()
  release()
  expect(new Set((await Promise.all(results)).map((result) => JSON.stringify(result)))).toEqual(
    new Set(['{"data":{"count":1,"list":[{"n":1}]}}']),
  )
  expect(link.sent).toHaveLength(1)
})

test('what comes after the result is asked anew', async () => {
  const memory = memoryLink()
  const chained = chain(dedupLink(), memory)
  await lastResult(chained, query())
  await lastResult(chained, query())
  expect(memory.sent).toHaveLength(2)
})

test('the key is what the server is asked, and by whom, in whatever order', async () => {
  const same: readonly (readonly [OperationInit['document'], Partial<OperationInit>, Partial<OperationInit>])[] = [
    ['{ a }', { variables: { a: 1, b: { c: [1], d: 2 } } }, { variables: { b: { d: 2, c: [1] }, a: 1 } }],
    ['{ a }', { extensions: { a: 1, b: 2 } }, { extensions: { b: 2, a: 1 } }],
    ['{ a }', { variables: { a: undefined } }, { variables: {} }],
    ['{ a }', { variables: { at: new Date(0) } }, { variables: { at: new Date(0).toJSON() } }],
    ['{ a }', { headers: { 'X-A': '1', 'x-b': '2' } }, { headers: { 'x-b': '2', 'x-a': '1' } }],
    ['{ a }', { headers: { authorization: 'ada' } }, { headers: { authorization: 'ada' } }],
    ['{ a }', { headers: { traceparent: '1' } }, { headers: { 'x-request-id': '2' } }],
  ]
  for (const [document, left, right] of same) {
    const operations = [left, right].map((init) => createOperation({ document, ...init }))
    expect([left, right, await requestsOf(operations)]).toEqual([left, right, 1])
  }

  const both = 'query A { a } query B { b }'
  const different: readonly (readonly [Partial<OperationInit>, Partial<OperationInit>])[] = [
    [{ document: '{ a }' }, { document: '{ a  }' }],
    [
      { document: both, operationName: 'A' },
      { document: both, operationName: 'B' },
    ],
    [{ variables: { a: 1 } }, { variables: { a: '1' } }],
    [{ variables: { a: [1, 2] } }, { variables: { a: [2, 1] } }],
    [{ variables: { a: 1 } }, { extensions: { a: 1 } }],
    [{ headers: { authorization: 'ada' } }, { headers: { authorization: 'bob' } }],
    [{ headers: { authorization: 'ada' } }, {}],
    [{ headers: { 'accept-language': 'de' } }, { headers: { 'accept-language': 'en' } }],
    [{ variables: JSON.parse('{"__proto__":1}') as JsonObject }, { variables: {} }],
  ]
  for (const pair of different) {
    const operations = pair.map((init) => createOperation({ document: '{ a }', ...init } as OperationInit))
    expect([pair, await requestsOf(operations)]).toEqual([pair, 2])
  }
})

test('an AST and its text are one document', async () => {
  const { parse } = await import('graphql')
  const text = '{\n  a\n}'
  const operations = [parse(text), parse('{ a }'), text].map((document) =>
    createOperation({ document: document as unknown as string }),
  )
  expect(await requestsOf(operations)).toBe(1)
})

test('another attempt of the same operation, while one is on its way, is an execution of its own, which others may join', async () => {
  const { link, release } = held()
  // As hedgeLink does where the first attempt is slow.
  const both: Link = async function* both(operation, next) {
    const attempts = [1, 2].map(() => lastResult(next, detached(operation)))
    yield { data: (await Promise.all(attempts)).map(({ data }) => (data as { count: number }).count) }
  }
  const unhurried: Link = (operation, next) => execute(next, detached(operation))
  const tails = [[dedupLink()], [unhurried, dedupLink()]].map((links) => chain(...links, link))
  for (const tail of tails) {
    const pending = [lastResult(chain(both, tail), query()), lastResult(tail, query())]
    await settle()
    release()
    const [hedged, other] = await Promise.all(pending)
    const counts = (hedged?.data ?? []) as number[]
    expect(new Set(counts).size).toBe(2)
    expect(counts).toContain((other as Result<{ count: number }> | undefined)?.data?.count)
  }
})

test('a document of which a build left nothing but a hash is known by that', async () => {
  const hash = (of: string): Operation =>
    createOperation({ document: { __meta__: { hash: of } } as unknown as AnyDocument, kind: 'query' })
  expect(await requestsOf([hash('sha256:a'), hash('sha256:a'), hash('sha256:b')])).toBe(2)
})

test('fast-check: variables share exactly where their JSON says the same', async () => {
  const json = fc.jsonValue({ maxDepth: 3 })
  /** In another order of members, at every level. */
  const shuffled = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(shuffled)
      : typeof value === 'object' && value !== null
        ? Object.fromEntries(
            Object.entries(value)
              .toReversed()
              .map(([name, member]) => [name, shuffled(member)]),
          )
        : value
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
  await fc.assert(
    fc.asyncProperty(json, json, async (a, b) => {
      const isSame = equals(plain(a), plain(b))
      expect(await requestsOf([query({ variables: { a } }), query({ variables: { a: b } })])).toBe(isSame ? 1 : 2)
      expect(await requestsOf([query({ variables: { a } }), query({ variables: { a: shuffled(a) } })])).toBe(1)
    }),
    { numRuns: 60 },
  )
})

function equals(left: unknown, right: unknown): boolean {
  try {
    expect(left).toEqual(right)
    return true
  } catch {
    return false
  }
}

describe('what is never shared', () => {
  test('mutations and subscriptions', async () => {
    for (const document of ['mutation { a }', 'subscription { a }']) {
      expect(await requestsOf([createOperation({ document }), createOperation({ document })])).toBe(2)
    }
  })

  test('a query that says so in its context', async () => {
    const alone = (): Operation => query({ context: emptyContext.with(sharing, false) })
    expect(await requestsOf([alone(), alone(), query()], { key: () => '' })).toBe(3)
  })

  test('files, streams and promises in variables, and what is no JSON', async () => {
    const stream = new ReadableStream()
    const cyclic: Record<string, unknown> = {}
    cyclic['a'] = { cyclic }
    for (const value of [
      new Blob(['a']),
      new File(['a'], 'a.txt'),
      stream,
      Promise.resolve(1),
      // oxlint-disable-next-line unicorn/no-thenable
      { then: () => {} },
      new Map([[1, 2]]),
      (async function* () {})(),
      5n,
      cyclic,
    ]) {
      const variables = { list: [{ value }] }
      expect(await requestsOf([query({ variables }), query({ variables })])).toBe(2)
    }
  })

  test('in two chains that have the same link', async () => {
    const link = dedupLink()
    const [a, b] = [held(), held()]
    const results = [a, b].map((terminal) => lastResult(chain(link, terminal.link), query()))
    await settle()
    a.release()
    b.release()
    await Promise.all(results)
    expect([a.link.sent.length, b.link.sent.length]).toEqual([1, 1])
  })
})

describe('identities', () => {
  test('TR-48 AUTH-18 AUTH-20 threat 15: nobody gets what belongs to another, whoever is first', async () => {
    const { link, release } = held()
    const who = contextKey<string>('who')
    const byName: TerminalLink = (operation) => link(operation)
    const chained = chain(
      bearerLink((operation) => operation.context.get(who)),
      dedupLink({ key: () => '' }),
      byName,
    )
    const users = Array.from({ length: 200 }, (_, index) => `user-${index % 20}`)
    const results = users.map((user) => lastResult(chained, query({ context: emptyContext.with(who, user) })))
    await settle()
    release()
    const counts = (await Promise.all(results)).map(({ data }) => (data as { count: number }).count)
    for (const [index, user] of users.entries()) {
      expect(link.sent[(counts[index] as number) - 1]?.headers['authorization']).toBe(`Bearer ${user}`)
    }
    expect(link.sent).toHaveLength(20)
  })

  test('TR-48 field notes 2.28: an operation with headers of its own has a partition of its own', async () => {
    expect(
      await requestsOf([
        query({ headers: { 'x-tenant': 'a' } }),
        query({ headers: { 'x-tenant': 'b' } }),
        query({ headers: { 'x-tenant': 'a' } }),
        query(),
      ]),
    ).toBe(3)
  })

  test('a link that attaches a header further out counts, and ignoreHeaders says which do not', async () => {
    let count = 0
    const link = memoryLink(async () => settle().then(() => ({ data: {} })))
    const numbered: Link = (operation, next) =>
      next(withHeader(operation, 'x-number', String(++count), { sensitive: false }))
    for (const [options, expected] of [
      [{}, 2],
      [{ ignoreHeaders: ['X-Number'] }, 1],
    ] as const) {
      const before = link.sent.length
      const chained = chain(numbered, dedupLink(options), link)
      await Promise.all([lastResult(chained, query()), lastResult(chained, query())])
      expect(link.sent.length - before).toBe(expected)
    }
  })

  test('with another context they are not identical, unless key says what decides', async () => {
    const region = contextKey<string>('region')
    const of = (name: string): Operation => query({ context: emptyContext.with(region, name) })
    const shared = emptyContext.with(region, 'eu')
    expect(await requestsOf([of('eu'), of('us'), of('eu')])).toBe(3)
    expect(await requestsOf([query({ context: shared }), query({ context: shared })])).toBe(1)
    const key = (operation: Operation): string | undefined => operation.context.get(region)
    expect(await requestsOf([of('eu'), of('us'), of('eu')], { key })).toBe(2)
    expect(await requestsOf([query(), query()], { key })).toBe(2)
  })

  test('no key and no credential is seen in an error', async () => {
    const canary = secretCanary()
    const down = new Error('down')
    const chained = chain(bearerLink(canary.value), dedupLink(), memoryLink(down))
    const errors = await Promise.all([query(), query()].map((operation) => outcomeOf(lastResult(chained, operation))))
    canary.check(errors, dedupLink())
    expect(errors).toEqual([down, down])
  })
})

describe('with tokens that are renewed', () => {
  test('AUTH-48 what one was sent with is in no message of those who share it, be it a token or a cookie', async () => {
    const [token, cookie] = [secretCanary(), secretCanary()]
    const signed: Link = (operation, next) =>
      next(
        withExchange(operation, {
          link: 'signed',
          identity: 'a',
          request: () => ({ headers: { cookie: `session=${cookie.value}` } }),
        }),
      )
    const { link, release } = held(() => ({ errors: [{ message: `bad ${token.value}, bad ${cookie.value}` }] }))
    const client = createClient({ link: chain(bearerLink(token.value), signed, dedupLink(), link) })
    const requests = [1, 2, 3].map(() => outcomeOf(client.request('query Q { a }')))
    await settle()
    release()
    const errors = await Promise.all(requests)
    expect(link.sent).toHaveLength(1)
    for (const error of errors) {
      expect(error).toMatchObject({
        message: 'operation Q: the server answered with an error: bad [redacted], bad [redacted]',
      })
    }
    token.check(...errors)
    cookie.check(...errors)
  })

  test('TR-48 the answer to a refused token is for those who sent it; their replays share again', async () => {
    const tokens = ['t-2']
    const source = createTokenSource({
      initial: { accessToken: 't-1', refreshToken: 'r' },
      refresh: async () => ({ accessToken: tokens.shift() as string, refreshToken: 'r' }),
    })
    const memory = memoryLink(async (operation) => {
      const carried = memory.sent.find((sent) => sent.operation === operation)?.headers['authorization']
      await settle()
      return carried === 'Bearer t-2'
        ? { data: { carried } }
        : { errors: [{ message: 'expired', extensions: { code: 'UNAUTHENTICATED' } }] }
    })
    const chained = chain(tokenRefreshLink(source), dedupLink(), memory)
    const results = await Promise.all(Array.from({ length: 100 }, () => lastResult(chained, query())))
    expect(new Set(results.map((result) => JSON.stringify(result)))).toEqual(
      new Set(['{"data":{"carried":"Bearer t-2"}}']),
    )
    expect(memory.sent.map(({ headers }) => headers['authorization'])).toEqual(['Bearer t-1', 'Bearer t-2'])
    await source.dispose()
  })

  test('a query with a renewed token does not join one with the token before, which may be refused', async () => {
    const source = createTokenSource({
      initial: { accessToken: 't-1', refreshToken: 'r' },
      refresh: async () => ({ accessToken: 't-2', refreshToken: 'r' }),
    })
    const { link, release } = held()
    const refused = { errors: [{ message: 'expired', extensions: { code: 'UNAUTHENTICATED' } }] }
    const other = memoryLink(() => (other.sent.length === 1 ? refused : { data: {} }))
    const chained = chain(tokenRefreshLink(source), dedupLink(), (operation) =>
      operation.operationName === 'Other' ? other(operation) : link(operation),
    )
    const before = lastResult(chained, query())
    await settle()
    await lastResult(chained, createOperation({ document: 'query Other { a }' }))
    const after = lastResult(chained, query())
    await settle()
    expect(link.sent.map(({ headers }) => headers['authorization'])).toEqual(['Bearer t-1', 'Bearer t-2'])
    release()
    await Promise.all([before, after])
    await source.dispose()
  })

  test('TR-47 whoever signed out gets nothing of an answer that comes later', async () => {
    const source = createTokenSource({
      initial: { accessToken: 't-1', refreshToken: 'r' },
      refresh: async () => ({ accessToken: 't-2', refreshToken: 'r' }),
    })
    const { link, release } = held()
    const chained = chain(tokenRefreshLink(source), dedupLink(), link)
    const results = [query(), query()].map((operation) => outcomeOf(lastResult(chained, operation)))
    await settle()
    await source.clear()
    release()
    for (const error of await Promise.all(results)) expect(error).toMatchObject({ code: 'IDENTITY_CHANGED' })
    await settle()
    expect(link.sent.map(({ ended }) => ended !== undefined)).toEqual([true])
    await source.dispose()
  })
})

describe('leaving', () => {
  test('field notes E3, 3.22: the first to leave ends nothing for the others, and gets its own reason', async () => {
    const { link, release } = held()
    const chained = chain(dedupLink(), link)
    const controllers = Array.from({ length: 3 }, () => new AbortController())
    const results = controllers.map(({ signal }) => outcomeOf(lastResult(chained, query({ signal }))))
    await settle()
    const reason = new Error('the first left')
    controllers[0]?.abort(reason)
    expect(await results[0]).toBe(reason)
    await settle()
    expect(link.sent[0]?.ended).toBeUndefined()
    release()
    expect(await results[1]).toEqual(await results[2])
    expect(link.sent).toHaveLength(1)
    // Nothing that comes later is aborted by what was aborted before.
    expect(await lastResult(chained, query())).toMatchObject({ data: { count: 2 } })
  })

  test('field notes 2.25, 3.22: the last to leave ends the execution, and who comes then starts another', async () => {
    const { link } = held()
    const chained = chain(dedupLink(), link)
    const controllers = Array.from({ length: 3 }, () => new AbortController())
    const results = controllers.map(({ signal }) => outcomeOf(lastResult(chained, query({ signal }))))
    await settle()
    const reasons = controllers.map((controller, index) => {
      const reason = new Error(`left ${index}`)
      controller.abort(reason)
      return reason
    })
    const again = new AbortController()
    const later = outcomeOf(lastResult(chained, query({ signal: again.signal })))
    expect(await Promise.all(results)).toEqual(reasons)
    await settle()
    expect(link.sent.map(({ ended }) => ended !== undefined)).toEqual([true, false])
    again.abort()
    await later
    await settle()
    expect(link.sent[1]?.ended).toBeDefined()
  })

  test('an early end of reading is leaving, too, also while a link further out waits', async () => {
    const { link } = held()
    const outer: Link = async function* outer(operation, next) {
      yield* next(operation)
    }
    const chained = chain(outer, dedupLink(), link)
    const iterators = [query(), query()].map((operation) => execute(chained, operation)[Symbol.asyncIterator]())
    const pending = iterators.map((iterator) => iterator.next())
    await settle()
    for (const [index, iterator] of iterators.entries()) {
      expect(link.sent[0]?.ended).toBeUndefined()
      await iterator.return?.()
      await settle()
      expect(await pending[index]).toEqual({ done: true, value: undefined })
    }
    expect(link.sent.map(({ ended }) => ended !== undefined)).toEqual([true])
  })

  test("disposing a client ends what is its own: the last one's execution, too", async () => {
    const { link, release } = held()
    const chained = chain(dedupLink(), link)
    const clients = [createClient({ link: chained }), createClient({ link: chained })]
    const results = clients.map((client) => outcomeOf(client.query('{ a }')))
    await settle()
    await clients[0]?.dispose()
    expect(await results[0]).toMatchObject({ code: 'DISPOSED' })
    expect(link.sent.map(({ ended }) => ended)).toEqual([undefined])
    release()
    expect(await results[1]).toMatchObject({ data: { count: 1 } })
    await clients[1]?.dispose()
  })

  test('fast-check: whoever stays gets the result, whoever leaves its reason, and nothing is left', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ variables: fc.integer({ min: 0, max: 2 }), leaves: fc.boolean() }), { maxLength: 12 }),
        fc.boolean(),
        async (callers, fails) => {
          const boom = new Error('boom')
          const { link, release } = held((count) => (fails ? boom : { data: count }))
          const chained = chain(dedupLink(), link)
          const calls = callers.map(({ variables, leaves }) => {
            const controller = new AbortController()
            const operation = query({ variables: { n: variables }, signal: controller.signal })
            return { leaves, variables, controller, outcome: outcomeOf(lastResult(chained, operation)) }
          })
          await settle()
          const reason = new Error('left')
          for (const { leaves, controller } of calls) if (leaves) controller.abort(reason)
          await settle()
          for (const { operation, ended } of link.sent) {
            const stays = calls.some(({ leaves, variables }) => !leaves && variables === operation.variables?.['n'])
            expect(ended === undefined).toBe(stays)
          }
          release()
          for (const { leaves, outcome } of calls) {
            if (leaves) expect(await outcome).toBe(reason)
            else if (fails) expect(await outcome).toBe(boom)
            else expect(await outcome).toHaveProperty('data')
          }
          expect(link.sent).toHaveLength(new Set(callers.map(({ variables }) => variables)).size)
          await settle()
          expect(link.sent.every(({ ended }) => ended !== undefined)).toBe(true)
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('results', () => {
  const snapshots: readonly Result[] = [
    { data: { a: { n: 1 }, list: [1] }, hasNext: true },
    { data: { a: { n: 1 }, list: [1, 2] }, hasNext: true },
    { data: { a: { n: 1 }, list: [1, 2, 3] }, hasNext: false },
  ]

  /** As httpLink makes them: what did not change is the same object. */
  function incremental(): { link: TerminalLink; push: () => void; sent: () => number } {
    const queue: (() => void)[] = []
    let sent = 0
    async function* run(): AsyncGenerator<Result> {
      sent++
      const same = { n: 1 }
      for (const snapshot of snapshots) {
        await new Promise<void>((resolve) => queue.push(resolve))
        yield { ...snapshot, data: { ...(snapshot.data as object), a: same } }
      }
    }
    return { link: () => run(), push: () => queue.shift()?.(), sent: () => sent }
  }

  test('what one caller does to a result reaches no other', async () => {
    const http = { status: 200, headers: new Headers(), url: 'https://api.test/' }
    const { link, release } = held(() => ({ data: { list: [{ n: 1 }] }, extensions: { a: {} }, http }))
    const chained = chain(dedupLink(), link)
    const results = [query(), query(), query()].map((operation) => lastResult(chained, operation))
    await settle()
    release()
    const expected = { data: { list: [{ n: 1 }] }, extensions: { a: {} }, http }
    for (const result of results) {
      const mine = (await result) as unknown as {
        data: { list: unknown[] }
        extensions: { a: object }
        http: { status: number }
      }
      expect(mine).toEqual(expected)
      expect(mine.http).toEqual(expected.http)
      mine.data.list.push('mine')
      Object.assign(mine.data.list[0] as object, { n: 2 })
      Object.assign(mine.extensions.a, { b: 1 })
      mine.http.status = 500
    }
  })

  test('a result that cannot be copied, since it is nested too deeply, fails those who share it, and hangs nobody', async () => {
    const n = 100_000
    const deep = JSON.parse(`{"data":${'['.repeat(n)}${']'.repeat(n)}}`) as Result
    const { link, release } = held(() => deep)
    const chained = chain(dedupLink(), link)
    const outcomes = [query(), query()].map((operation) => outcomeOf(lastResult(chained, operation)))
    await settle()
    release()
    for (const outcome of await Promise.all(outcomes)) expect(outcome).toBeInstanceOf(RangeError)
  })

  test('a caller alone gets the very result, which nobody copied', async () => {
    const result = { data: {} }
    expect(await lastResult(chain(dedupLink(), memoryLink(result)), query())).toBe(result)
  })

  test('copies have what JSON can have, also a member called __proto__, and leave objects of a class alone', () => {
    const date = new Date()
    const headers = new Headers()
    const original = { ...(JSON.parse('{"__proto__":{"a":1},"b":[[null,1,"x",true]]}') as object), date, headers }
    const copy = copyOf(original, new Map())
    expect(Object.keys(copy)).toEqual(Object.keys(original))
    expect(copy).toEqual(original)
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
    expect(copy).toMatchObject({ date, headers })
    expect(copy.date).toBe(date)
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.stringify(copyOf(value, new Map()))).toBe(JSON.stringify(value))
      }),
    )
  })

  test('@defer: each gets every snapshot, at its own pace; who comes after the first starts anew', async () => {
    const { link, push, sent } = incremental()
    const chained = chain(dedupLink(), link)
    const [fast, slow] = [query(), query()].map((operation) => execute(chained, operation)[Symbol.asyncIterator]())
    const read = async (iterator: typeof fast): Promise<Result | undefined> => {
      const step = await iterator?.next()
      return step?.done ? undefined : step?.value
    }
    const firsts = [read(fast), read(slow)]
    await settle()
    push()
    const [ofFast, ofSlow] = (await Promise.all(firsts)) as [Result, Result]
    expect([ofFast, ofSlow]).toEqual([snapshots[0], snapshots[0]])
    Object.assign(ofFast.data as object, { a: 'mine' })

    const late = execute(chained, query())[Symbol.asyncIterator]()
    const lateFirst = late.next()
    await settle()
    expect(sent()).toBe(2)

    for (const snapshot of snapshots.slice(1)) {
      const next = read(fast)
      await settle()
      push()
      push()
      expect(await next).toEqual(snapshot)
    }
    await lateFirst
    expect(await fast?.next()).toEqual({ done: true, value: undefined })
    for (const snapshot of snapshots.slice(1)) {
      const mine = await read(slow)
      expect(mine).toEqual(snapshot)
      // What did not change is the same object for one reader, and another for every other.
      expect(Object.values(mine?.data as object)[0]).toBe(Object.values(ofSlow.data as object)[0])
    }
    expect(await slow?.next()).toEqual({ done: true, value: undefined })
    await late.return?.()
  })

  test('@defer: one that leaves in the middle does not keep the others from the rest', async () => {
    const { link, push } = incremental()
    const chained = chain(dedupLink(), link)
    const [leaving, staying] = [query(), query()].map((operation) =>
      execute(chained, operation)[Symbol.asyncIterator](),
    )
    const firsts = [leaving, staying].map(async (iterator) => iterator?.next())
    await settle()
    push()
    await Promise.all(firsts)
    const pending = leaving?.next()
    await settle()
    await leaving?.return?.()
    expect(await pending).toEqual({ done: true, value: undefined })
    push()
    expect(await staying?.next()).toEqual({ done: false, value: snapshots[1] })
    const last = staying?.next()
    await settle()
    push()
    expect(await last).toEqual({ done: false, value: snapshots[2] })
  })

  test('an error is the same object for all, and what comes after it is asked anew', async () => {
    class Failure extends GraphLinksError {
      static override readonly code: string = 'FAILURE'
    }
    const failure = new Failure('no', { link: 'httpLink', operationName: 'Q' })
    const { link, release } = held((count) => (count === 1 ? failure : { data: count }))
    const chained = chain(dedupLink(), link)
    const results = [query(), query()].map((operation) => outcomeOf(lastResult(chained, operation)))
    await settle()
    release()
    expect(await Promise.all(results)).toEqual([failure, failure])
    expect(await lastResult(chained, query())).toEqual({ data: 2 })
  })

  test('a query with another name is another: no error names the operation of somebody else', async () => {
    expect(
      await requestsOf([
        createOperation({ document: 'query A { a }' }),
        createOperation({ document: 'query B { a }' }),
      ]),
    ).toBe(2)
  })
})

describe('what was asked before something changed', () => {
  test.each([
    ['a mutation', 'mutation { a }'],
    ['an event of a subscription', 'subscription { a }'],
  ])('is not the answer to what is asked after %s', async (_, document) => {
    const { link, release } = held()
    const terminal: TerminalLink = (operation) =>
      operation.kind === 'query' ? link(operation) : memoryLink()(operation)
    const chained = chain(dedupLink(), terminal)
    const before = lastResult(chained, query())
    await settle()
    await lastResult(chained, createOperation({ document }))
    const after = [lastResult(chained, query()), lastResult(chained, query())]
    await settle()
    expect(link.sent).toHaveLength(2)
    release()
    expect(await before).toMatchObject({ data: { count: 1 } })
    for (const result of after) expect(await result).toMatchObject({ data: { count: 2 } })
  })

  test('a mutation that failed or was left may have run', async () => {
    const { link, release } = held()
    const controller = new AbortController()
    const answers = [new Error('lost'), new Promise<never>(() => {})]
    const mutations = memoryLink(() => answers.shift() as MemoryAnswer)
    const chained = chain(dedupLink(), (operation) =>
      operation.kind === 'query' ? link(operation) : mutations(operation),
    )
    const mutation = createOperation({ document: 'mutation { a }', signal: controller.signal })
    const results = [lastResult(chained, query())]
    await settle()
    for (const end of [undefined, () => controller.abort()]) {
      const ended = outcomeOf(lastResult(chained, mutation))
      await settle()
      end?.()
      await ended
      results.push(lastResult(chained, query()))
      await settle()
    }
    expect(link.sent).toHaveLength(3)
    release()
    await Promise.all(results)
  })
})

describe('the link itself', () => {
  test('it notes who shared', async () => {
    const notes: unknown[] = []
    const observe: Link = async function* observe(operation, next) {
      yield* next(operation)
      const { attempts, notes: noted } = executionOf(operation) ?? {}
      notes.push([attempts, noted?.get('shared')])
    }
    const { link, release } = held()
    const chained = chain(observe, dedupLink(), link)
    const results = [query(), query(), query()].map((operation) => lastResult(chained, operation))
    await settle()
    release()
    await Promise.all(results)
    expect(notes).toEqual([
      [1, undefined],
      [0, 1],
      [0, 1],
    ])
  })

  test('it says where it stands', () => {
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => {})
    expect(dedupLink().stage).toBe('share')
    expect(() => chain(dedupLink(), bearerLink('t'), memoryLink())).toThrow(/move bearerLink before dedupLink/)
    chain(bearerLink('t'), dedupLink(), memoryLink())
    expect(warn).not.toHaveBeenCalled()
    warn.mockRestore()
  })

  test('TR-49 two links share nothing', async () => {
    const { link, release } = held()
    const results = [dedupLink(), dedupLink()].map((one) => lastResult(chain(one, link), query()))
    await settle()
    release()
    await Promise.all(results)
    expect(link.sent).toHaveLength(2)
  })

  test('a key function that throws fails its operation, and names the link', async () => {
    const cause = new Error('boom')
    const key = (): string => {
      throw cause
    }
    const error = await outcomeOf(lastResult(chain(dedupLink({ key }), memoryLink()), query()))
    expect(error).toMatchObject({ code: 'LINK_FAILED', link: 'dedupLink', cause })
  })

  test('a context that a link further out changes for each operation keeps them apart', async () => {
    const startedAt = contextKey<number>('startedAt')
    const start: Link = (operation, next) => next(withContext(operation, startedAt, 1))
    const memory = memoryLink(async () => settle().then(() => ({ data: {} })))
    const chained = chain(start, dedupLink(), memory)
    await Promise.all([lastResult(chained, query()), lastResult(chained, query())])
    expect(memory.sent).toHaveLength(2)
  })

  test('K-10 bad options fail when the link is built', () => {
    for (const options of [{ ignoreHeaders: 'traceparent' }, { ignoreHeaders: {} }, { key: 'eu' }]) {
      expect(() => dedupLink(options as never)).toThrow(OptionsError)
      expect(() => dedupLink(options as never)).toThrow(/^dedupLink: (ignoreHeaders|key) is /)
    }
    Object.assign(Object.prototype, { key: 'polluted' })
    try {
      expect(() => dedupLink()).not.toThrow()
    } finally {
      delete (Object.prototype as { key?: unknown }).key
    }
  })
})
