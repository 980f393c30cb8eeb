import { parse } from 'graphql'
import { inspect } from 'node:util'
import { memoryLink, secretCanary, settle } from '@graphlinks/testing'
import {
  apiKeyLink,
  basicAuthLink,
  bearerLink,
  chain,
  createClient,
  createOperation,
  createRequest,
  execute,
  headerLink,
  lastResult,
  OptionsError,
  type Link,
  type Result,
  type Results,
  type TerminalLink,
} from './index.ts'

const query = (signal?: AbortSignal) => createOperation({ document: 'query Q { a }', signal })
const timing: Link = async function* timing(operation, next) {
  yield* next(operation)
}

test('K-3 a terminal link that is still preparing when the operation is cancelled is not opened, behind a generator link', async () => {
  let prepared: () => void = () => {}
  const opened = jest.fn()
  const terminal: TerminalLink = async () => {
    await new Promise<void>((resolve) => (prepared = resolve))
    return { [Symbol.asyncIterator]: opened }
  }
  const controller = new AbortController()
  const failing = lastResult(chain(timing, terminal), query(controller.signal))
  await settle()
  const reason = new Error('left')
  controller.abort(reason)
  await expect(failing).rejects.toBe(reason)
  prepared()
  await settle()
  expect(opened).not.toHaveBeenCalled()
})

test('K-4 a bad result closes what is further in, as a query and as a stream', async () => {
  for (const run of [
    (link: TerminalLink) => lastResult(link, query()),
    (link: TerminalLink) => execute(link, query())[Symbol.asyncIterator]().next(),
  ]) {
    const closed = jest.fn()
    async function* source(): AsyncGenerator<Result> {
      try {
        yield undefined as unknown as Result
        yield { data: {} }
      } finally {
        closed()
      }
    }
    await expect(run(() => source())).rejects.toThrow('no result')
    await settle()
    expect(closed).toHaveBeenCalledTimes(1)
  }
})

test('K-3 a link that gives used results leaves no listener on the signal of the caller', async () => {
  const { signal } = new AbortController()
  const [add, remove] = [jest.spyOn(signal, 'addEventListener'), jest.spyOn(signal, 'removeEventListener')]
  let kept: Results | undefined
  const memo: Link = (operation, next) => (kept ??= next(operation))
  const link = chain(memo, memoryLink())
  await lastResult(link, query(signal))
  await expect(lastResult(link, query(signal))).rejects.toThrow('iterated once')
  expect(add).toHaveBeenCalledTimes(2)
  expect(remove).toHaveBeenCalledTimes(2)
})

test('K-3 after an abort nothing is read any more from a source that cannot be closed', async () => {
  const controller = new AbortController()
  const next = jest.fn(async () => {
    await settle()
    return { done: false as const, value: { data: {} } }
  })
  const failing = lastResult(() => ({ [Symbol.asyncIterator]: () => ({ next }) }), query(controller.signal))
  await settle()
  controller.abort(new Error('left'))
  await expect(failing).rejects.toThrow('left')
  const before = next.mock.calls.length
  await settle()
  await settle()
  expect(next.mock.calls.length - before).toBeLessThanOrEqual(1)
})

test('CR-1 headers of a request and of a call are boxed: printing, spreading and cloning show none', () => {
  const canary = secretCanary()
  const headers = { authorization: `Bearer ${canary.value}` }
  const request = createRequest({ query: '{ a }', headers })
  const operation = createOperation({ document: '{ a }', headers })
  canary.check(request, operation, { ...request }, { ...operation }, inspect({ ...operation }, { depth: 20 }))
})

test('threats 12 a polluted Object.prototype is no option, of links, clients, requests and calls', async () => {
  const names =
    'headers signal context operationName extensions variables query link sensitive origins onMissing timeoutMs clock scheme header trim username password encoding key in parameter onRejected'.split(
      ' ',
    )
  const seen: unknown[] = []
  const run = async (): Promise<void> => {
    const memory = memoryLink()
    const links = [
      headerLink({ 'x-tenant': 'acme' }),
      apiKeyLink({ key: 'k' }),
      basicAuthLink({ username: 'u', password: 'p' }),
      bearerLink('t'),
    ]
    const client = createClient({ link: chain(...links, memory) })
    await client.query('{ a }', null, {})
    await client.query(createRequest({ query: '{ a }' }))
    seen.push(memory.sent.map(({ headers, operation }) => [headers, operation.variables, operation.extensions]))
  }
  await run()
  const poison = { authorization: 'evil', 'x-evil': '1' }
  for (const name of names)
    Object.defineProperty(Object.prototype, name, { value: poison, configurable: true, writable: true })
  try {
    await run()
  } finally {
    for (const name of names) Reflect.deleteProperty(Object.prototype, name)
  }
  expect(seen[1]).toEqual(seen[0])
})

test('options in the place of variables are refused, not sent to the server', async () => {
  const memory = memoryLink()
  const client = createClient({ link: memory })
  const slip = { headers: { authorization: 'Bearer t' }, signal: new AbortController().signal }
  await expect(client.query('{ a }', slip)).rejects.toBeInstanceOf(OptionsError)
  await expect(client.query('{ a }', slip)).rejects.toThrow('pass them third')
  expect(memory.sent).toHaveLength(0)
  for (const [document, variables] of [
    ['query Q($headers: H) { a(headers: $headers) }', { headers: {} }],
    // What no document has, its server refuses.
    ['{ a }', {}],
    ['{ a }', { headers: {}, id: 1 }],
    ['{ a }', { headersOfMine: {} }],
    ['{ a }', { myHeaders: {}, mysignal: 1 }],
    // What an AST has is not looked for.
    [parse('{ a }'), { headers: {} }],
  ] as const) {
    await client.query(document as never, variables as never)
    expect(memory.sent.at(-1)?.operation.variables).toEqual(variables)
  }
  await expect(client.query('query Q { a }', null, { headers: { 'a b': '1' } })).rejects.toThrow(/^operation Q: /)
})

test('K-10 from JavaScript, missing options are a sentence', () => {
  const call = (factory: unknown) => () => (factory as (options?: unknown) => unknown)()
  expect(call(createClient)).toThrow('createClient needs { link }')
  expect(call(createRequest)).toThrow('createRequest needs { query }')
  expect(call(basicAuthLink)).toThrow('basicAuthLink: give it { username, password }')
  expect(call(apiKeyLink)).toThrow('apiKeyLink: give it { key }')
})
