import {
  chain,
  createOperation,
  execute,
  failed,
  lastResult,
  type GraphLinksError,
  type Link,
  type Operation,
  type OperationInit,
  type Result,
  type Results,
} from '@graphlinks/core'
import { settle } from './fakeClock.ts'
import { memoryLink, type RecordedOperation } from './memoryLink.ts'

/** Registers a test: `test` of jest, vitest or node:test. */
export type RegisterTest = (title: string, run: () => Promise<void>) => unknown

/** Options of {@link linkContract}. */
export interface LinkContractOptions {
  /** Default: the global `test`. */
  readonly test?: RegisterTest | undefined
}

/**
 * Registers the tests that every link must pass, whatever it is for: the promises that other links and applications
 * rely on. `makeLink` makes a fresh link that lets an ordinary query through.
 *
 * @throws Error when there is no global `test` and none is given, or when `makeLink` is a link itself.
 *
 * @example
 * ```ts
 * import { withHeader, type Link } from '@graphlinks/core'
 * import { linkContract } from '@graphlinks/testing'
 *
 * const tenant: Link = (operation, next) => next(withHeader(operation, 'x-tenant', 'acme'))
 * linkContract(() => tenant, { test: (title, run) => run().then(() => console.log('ok', title)) })
 * ```
 */
export function linkContract(makeLink: () => Link, { test = globalTest() }: LinkContractOptions = {}): void {
  if (typeof makeLink !== 'function' || makeLink.length > 0) {
    throw new Error('linkContract takes a function that makes a link: linkContract(() => bearerLink(token))')
  }
  for (const [title, check] of Object.entries(invariants)) {
    test(`contract: ${title}`, async () => check(makeLink))
  }
}

function globalTest(): RegisterTest {
  const { test } = globalThis as { test?: RegisterTest }
  if (!test) throw new Error('linkContract found no global test function: pass { test }')
  return test
}

const boom = new Error('boom')

const invariants: Readonly<Record<string, (makeLink: () => Link) => Promise<void>>> = {
  async 'results keep their order'(makeLink) {
    const events = [1, 2, 3, 4, 5].map((n) => ({ data: { n } }))
    const got = await collect(execute(chain(makeLink(), memoryLink(events)), subscription()))
    equal(JSON.stringify(got.map(({ data }) => data)), JSON.stringify(events.map(({ data }) => data)), 'the events')
  },

  async 'an error from further in arrives as the same object'(makeLink) {
    same(await errorOf(lastResult(chain(makeLink(), memoryLink(boom)), query())), boom, 'the error')
  },

  async 'an error after some results arrives as the same object'(makeLink) {
    async function* broken(): AsyncGenerator<Result> {
      yield { data: { n: 1 } }
      throw boom
    }
    const got: Result[] = []
    const error = await errorOf(
      collect(
        execute(
          chain(makeLink(), () => broken()),
          subscription(),
        ),
        got,
      ),
    )
    same(error, boom, 'the error')
    equal(got.length, 1, 'the number of results before the error')
  },

  async 'nothing is sent before iteration'(makeLink) {
    const memory = memoryLink()
    const results = execute(chain(makeLink(), memory), query())
    await settle()
    equal(memory.sent.length, 0, 'operations sent before iteration')
    await collect(results)
    ensure(memory.sent.length > 0, 'nothing was sent after iteration')
  },

  async 'stopping early closes what is further in'(makeLink) {
    const memory = memoryLink(long())
    for await (const result of execute(chain(makeLink(), memory), subscription())) {
      ensure(result.data !== undefined, 'the first event has no data')
      break
    }
    await settle()
    ensureEnded(memory.sent)
  },

  async 'an abort while a result is due ends promptly, with the reason of the signal'(makeLink) {
    const memory = memoryLink(() => new Promise<never>(() => {}))
    const controller = new AbortController()
    const reason = new Error('the user left')
    const pending = errorOf(lastResult(chain(makeLink(), memory), query({ signal: controller.signal })))
    await settle()
    controller.abort(reason)
    same(await soon(pending), reason, 'the error')
    await settle()
    ensureEnded(memory.sent)
  },

  async 'an abort in the middle of a stream ends promptly and closes what is further in'(makeLink) {
    const memory = memoryLink(long())
    const controller = new AbortController()
    const reason = new Error('the user left')
    const iterator = execute(chain(makeLink(), memory), subscription({ signal: controller.signal }))[
      Symbol.asyncIterator
    ]()
    await iterator.next()
    controller.abort(reason)
    same(await soon(errorOf(iterator.next())), reason, 'the error')
    equal((await iterator.next()).done, true, 'done after the error')
    await settle()
    ensureEnded(memory.sent)
  },

  async 'a signal that was aborted before sends nothing'(makeLink) {
    const memory = memoryLink()
    const reason = new Error('too late')
    const error = await errorOf(lastResult(chain(makeLink(), memory), query({ signal: AbortSignal.abort(reason) })))
    same(error, reason, 'the error')
    equal(memory.sent.length, 0, 'operations sent')
  },

  async 'the operation it received is untouched'(makeLink) {
    const variables = Object.freeze({ a: Object.freeze({ b: 1 }) })
    const operation = query({ variables, headers: { 'x-explicit': '1' } })
    const before = snapshot(operation)
    await lastResult(
      chain((given, next) => next(Object.freeze(given)), makeLink(), memoryLink()),
      operation,
    )
    equal(snapshot(operation), before, 'the operation')
  },

  async 'a header of the call wins over the link'(makeLink) {
    const memory = memoryLink()
    await lastResult(chain(makeLink(), memory), query())
    const names = Object.keys(memory.sent[0]?.headers ?? {})
    if (names.length === 0) return
    const again = memoryLink()
    const headers = Object.fromEntries(names.map((name) => [name, 'of-the-call']))
    await lastResult(chain(makeLink(), again), query({ headers }))
    for (const name of names) equal(again.sent[0]?.headers[name], 'of-the-call', name)
  },

  async 'concurrent operations share nothing'(makeLink) {
    let answer!: () => void
    // All answers come at once: what a link keeps of one must not be in the way of the others.
    const due = new Promise<void>((resolve) => (answer = resolve))
    const memory = memoryLink(async (operation) => {
      await due
      return { data: { id: operation.variables?.['id'] } }
    })
    const link = chain(makeLink(), memory)
    const ids = Array.from({ length: 50 }, (_, id) => id)
    const pending = Promise.all(ids.map((id) => lastResult(link, query({ variables: { id } }))))
    await Promise.race([settle(), pending])
    answer()
    const results = await pending
    equal(JSON.stringify(results.map(({ data }) => (data as { id: number }).id)), JSON.stringify(ids), 'the answers')
  },

  async 'each execution settles exactly once'(makeLink) {
    for (const answer of [{ data: {} }, boom]) {
      const iterator = execute(chain(makeLink(), memoryLink(answer)), query())[Symbol.asyncIterator]()
      const ends: string[] = []
      for (let reads = 0; reads < 4; reads++) {
        await iterator.next().then(
          ({ done }) => done && ends.push('done'),
          () => ends.push('error'),
        )
      }
      equal(ends.filter((end) => end === 'error').length, answer === boom ? 1 : 0, 'errors')
      equal(ends.at(-1), 'done', 'the end')
    }
  },

  async 'a link further in that throws, rejects or returns nothing fails the operation and is named'(makeLink) {
    const culprits: Record<string, Link> = {
      throws() {
        throw boom
      },
      async rejects() {
        throw boom
      },
      returnsNothing: (() => undefined) as unknown as Link,
      resolvesNothing: (async () => undefined) as unknown as Link,
      returnsSomethingElse: (() => ({ data: {} })) as unknown as Link,
    }
    for (const [name, culprit] of Object.entries(culprits)) {
      const error = await soon(errorOf(lastResult(chain(makeLink(), culprit, memoryLink()), query())))
      equal((error as GraphLinksError).link, name, 'the name in the error')
    }
  },

  async 'a failed attempt leaves the link usable'(makeLink) {
    const answers = [failed(boom), { data: { ok: true } }]
    const link = chain(
      makeLink(),
      memoryLink(() => answers.shift() ?? { data: { ok: true } }),
    )
    same(await errorOf(lastResult(link, query())), boom, 'the error')
    equal(JSON.stringify((await lastResult(link, query())).data), '{"ok":true}', 'the next result')
  },
}

function query(init: Partial<OperationInit> = {}): Operation {
  return createOperation({ document: 'query Contract { ok }', ...init })
}

function subscription(init: Partial<OperationInit> = {}): Operation {
  return createOperation({ document: 'subscription Contract { n }', ...init })
}

/** Longer than any test reads, but not endless: a link that does not close it fails the test and does not hang it. */
async function* long(): AsyncGenerator<Result> {
  for (let n = 0; n < 30; n++) {
    yield { data: { n } }
    await settle()
  }
}

async function collect(results: Results, into: Result[] = []): Promise<Result[]> {
  for await (const result of results) into.push(result)
  return into
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it should have failed, and did not')
}

/** Within a turn of the event loop, and not whenever the link thinks fit. */
function soon<Value>(promise: Promise<Value>): Promise<Value> {
  const late = settle()
    .then(settle)
    .then(() => {
      throw new Error('it did not settle within a turn of the event loop')
    })
  return Promise.race([promise, late])
}

function snapshot(operation: Operation): string {
  const { kind, operationName, variables, extensions } = operation
  return JSON.stringify([kind, operationName, variables, extensions, operation])
}

function ensureEnded(sent: readonly RecordedOperation[]): void {
  for (const { ended } of sent) {
    ensure(ended === 'closed' || ended === 'failed', `what is further in was not closed, it ${ended ?? 'runs on'}`)
  }
}

function ensure(condition: boolean, message: string): void {
  if (!condition) throw new Error(message)
}

function same(actual: unknown, expected: unknown, what: string): void {
  ensure(actual === expected, `${what} is ${String(actual)} and not the same object as ${String(expected)}`)
}

function equal(actual: unknown, expected: unknown, what: string): void {
  ensure(actual === expected, `${what}: got ${String(actual)}, expected ${String(expected)}`)
}
