import { memoryLink } from '@graphlinks/testing'
import {
  bearerLink,
  chain,
  cookieLink,
  createClient,
  createOperation,
  createTokenSource,
  execute,
  type GraphLinksError,
  headerLink,
  inDevelopment,
  lastResult,
  OptionsError,
  parseDocument,
  renderFields,
  ResultQueue,
  single,
  tokenRefreshLink,
  withCredential,
  type CookieJar,
  type Link,
  type Result,
  type Results,
  type TerminalLink,
} from './index.ts'

function inProduction<Value>(run: () => Value): Value {
  const { NODE_ENV } = process.env
  process.env['NODE_ENV'] = 'production'
  try {
    return run()
  } finally {
    process.env['NODE_ENV'] = NODE_ENV
  }
}

function errorOf(run: () => unknown): GraphLinksError {
  try {
    run()
  } catch (error) {
    return error as GraphLinksError
  }
  throw new Error('it should have failed')
}

test('gives the words in development, also where there is no process, and nothing in production', () => {
  expect(inDevelopment(() => 'words')).toBe('words')
  expect(inProduction(() => inDevelopment(() => 'words'))).toBeUndefined()
  const { process } = globalThis
  try {
    Reflect.deleteProperty(globalThis, 'process')
    expect(inDevelopment(() => 'words')).toBe('words')
  } finally {
    globalThis.process = process
  }
})

const noCookies: CookieJar = { getCookieString: async () => '', setCookie: async () => {} }
const sharing: Link = Object.assign(((operation, next) => next(operation)) as Link, { stage: 'share' as const })
Object.defineProperty(sharing, 'name', { value: 'sharing' })

async function collect(results: Results): Promise<Result[]> {
  const got: Result[] = []
  for await (const result of results) got.push(result)
  return got
}

const mistakes: [string, () => unknown, string, string][] = [
  ['timeoutMs', () => bearerLink('t', { timeoutMs: -1 }), 'BAD_OPTIONS', 'bearerLink: timeoutMs'],
  ['onMissing', () => bearerLink('t', { onMissing: 'x' as 'omit' }), 'BAD_OPTIONS', 'bearerLink: onMissing'],
  ['scheme', () => bearerLink('t', { scheme: 'a b' }), 'BAD_OPTIONS', 'bearerLink: scheme'],
  ['origins', () => bearerLink('t', { origins: ['https://a.test/b'] }), 'BAD_OPTIONS', 'bearerLink: origins'],
  ['a header', () => bearerLink('t', { header: 'host' }), 'BAD_HEADER', 'bearerLink: "host" cannot be set'],
  ['a token', () => bearerLink('s3cret token'), 'CREDENTIAL', 'bearerLink: the token is malformed'],
  ['a value', () => bearerLink('s3cret\n'), 'BAD_HEADER', 'bearerLink: the value of "authorization" cannot be sent'],
  ['mode', () => createTokenSource({ readonly: true, mode: 'x' as 'lazy' }), 'BAD_OPTIONS', 'createTokenSource: mode'],
  ['no link', () => createClient({} as never), 'BAD_OPTIONS', 'createClient: link'],
  [
    'a link at the end',
    () => createClient({ link: bearerLink('t') as never }),
    'BAD_WIRING',
    'createClient: no terminal link',
  ],
  ['a link that is none', () => chain(5 as never, memoryLink()), 'BAD_WIRING', 'chain: argument 1'],
  ['a link in the wrong place', () => chain(memoryLink() as never, memoryLink()), 'BAD_WIRING', 'chain: memoryLink'],
  ['no links', () => (chain as unknown as () => void)(), 'BAD_WIRING', 'chain: no terminal link'],
  ['a factory as a link', () => chain(bearerLink as never, memoryLink()), 'BAD_WIRING', 'chain: bearerLink'],
  [
    'a link that would mix up users',
    () => chain(sharing, bearerLink('t'), memoryLink()),
    'BAD_WIRING',
    'chain: sharing before bearerLink',
  ],
  [
    'isRefused',
    () => tokenRefreshLink({ readonly: true }, { isRefused: 5 as never }),
    'BAD_OPTIONS',
    'tokenRefreshLink: isRefused',
  ],
  ['tokens', () => createTokenSource({ readonly: true, initial: {} as never }), 'BAD_OPTIONS', 'accessToken'],
  ['csrf', () => cookieLink({ jar: noCookies, csrf: 'angular2' as never }), 'BAD_OPTIONS', 'cookieLink: csrf'],
  ['headers', () => headerLink(5 as never), 'BAD_HEADER', 'headerLink: headers'],
  ['a list of headers', () => headerLink([['a']] as never), 'BAD_HEADER', 'headerLink: headers'],
  ['what is no text', () => headerLink({ a: 5 as never }), 'BAD_HEADER', 'headerLink: the value of "a" cannot be sent'],
  ['limit', () => new ResultQueue({ limit: 0 }), 'BAD_OPTIONS', 'limit'],
  ['a document', () => createOperation({ document: 5 as never }), 'BAD_DOCUMENT', 'no document'],
  [
    'an operation that must be selected',
    () => createOperation({ document: 'query A { a } query B { a }' }),
    'BAD_DOCUMENT',
    'operationName',
  ],
  [
    'variables',
    () => createOperation({ document: 'query Q { a }', variables: [] as never }),
    'BAD_OPTIONS',
    'operation Q: variables',
  ],
]

test.each(mistakes)('K-10 production refuses %s as well, and says where', (_, make, code, message) => {
  expect(() => inProduction(make)).toThrow(expect.objectContaining({ code, message }) as Error)
  // In development the sentence says more, and as little of the value.
  const error = errorOf(make)
  expect(error.code).toBe(code)
  expect(error.message.length).toBeGreaterThan(message.length)
  expect(error.message).not.toContain('s3cret')
})

const run = (link: Link, terminal: TerminalLink = memoryLink()): Promise<Result[]> =>
  collect(execute(chain(link, terminal), createOperation({ document: 'query Q { a }' })))
const through: Link = (operation, next) => next(operation)

const failures: [string, () => Promise<unknown>, string, string][] = [
  ['without a terminal link', () => run(through, through as never), 'BAD_WIRING', 'operation Q: no terminal link'],
  ['without results', () => run(function mine() {} as never), 'LINK_FAILED', 'mine, operation Q: no results'],
  [
    'with results that give no iterator',
    () => run(through, () => ({ [Symbol.asyncIterator]: () => undefined }) as never),
    'LINK_FAILED',
    'no iterator',
  ],
  ['with nothing for a result', () => run(through, memoryLink([5 as never])), 'LINK_FAILED', 'operation Q: no result'],
  [
    'without a result',
    () => lastResult(memoryLink([]), createOperation({ document: 'query Q { a }' })),
    'LINK_FAILED',
    'operation Q: no result',
  ],
  [
    'that is read twice',
    () =>
      run(async function* again(operation, next) {
        const results = next(operation)
        yield* results
        yield* results
      }),
    'LINK_FAILED',
    'iterated twice',
  ],
  [
    'whose consumer is too slow',
    () => {
      const queue = new ResultQueue({ limit: 1 })
      for (const data of [1, 2]) queue.push({ data })
      return collect(queue)
    },
    'QUEUE_OVERFLOW',
    '1 results wait',
  ],
  [
    'that asks for the text of a hash',
    async () => parseDocument({ __meta__: { hash: 'sha256:01' } } as never).text(),
    'BAD_DOCUMENT',
    'no text',
  ],
  [
    'whose token is none',
    () => run(bearerLink(() => 5 as never)),
    'CREDENTIAL',
    'bearerLink, operation Q: the token is no text',
  ],
  [
    'whose secret would go over http',
    () =>
      run(bearerLink('s3cret'), (operation) => {
        renderFields(operation, { endpoint: new URL('http://api.test'), link: 'terminal' })
        return single({ data: 1 })
      }),
    'INSECURE_TRANSPORT',
    'terminal, operation Q: "authorization" needs https or wss',
  ],
]

test.each(failures)('K-10 production fails an operation %s in few words', async (_, fail, code, message) => {
  const { NODE_ENV } = process.env
  process.env['NODE_ENV'] = 'production'
  try {
    await expect(fail()).rejects.toMatchObject({ code, message })
  } finally {
    process.env['NODE_ENV'] = NODE_ENV
  }
  const error = await fail().catch((caught: GraphLinksError) => caught)
  expect(error).toMatchObject({ code })
  expect((error as GraphLinksError).message.length).toBeGreaterThan(message.length)
  expect((error as GraphLinksError).message).not.toContain('s3cret')
})

test('what an operation is refused for in production names the operation, and no value', async () => {
  const { NODE_ENV } = process.env
  process.env['NODE_ENV'] = 'production'
  try {
    const careless: Link = (operation, next) => next(withCredential(operation, { name: 'x-key', value: 's3cret\r' }))
    const client = createClient({ link: chain(careless, memoryLink()) })
    await expect(client.query('query Q { a }')).rejects.toMatchObject({
      code: 'BAD_HEADER',
      message: 'operation Q: the value of "x-key" cannot be sent',
    })
    await expect(client.query('query Q { a }', { headers: {} })).rejects.toBeInstanceOf(OptionsError)
    await expect(client.mutate('query Q { a }')).rejects.toMatchObject({
      code: 'BAD_DOCUMENT',
      message: 'operation Q: query',
    })
    await expect(client.query('query Q { a }', { headers: {} })).rejects.toThrow(/^operation Q: variables$/)
  } finally {
    process.env['NODE_ENV'] = NODE_ENV
  }
})
