import { inspect } from 'node:util'
import { memoryLink, secretCanary, settle } from '@graphlinks/testing'
import { parse } from 'graphql'
import {
  bearerLink,
  chain,
  contextKey,
  createClient,
  createOperation,
  createRequest,
  DisposedError,
  DocumentError,
  emptyContext,
  execute,
  GraphLinksError,
  GraphQLResultError,
  HeaderError,
  headerLink,
  LinkError,
  OptionsError,
  ResultQueue,
  type Client,
  type Result,
  type Results,
  type TerminalLink,
} from './index.ts'

async function collect(results: Results): Promise<Result[]> {
  const got: Result[] = []
  for await (const result of results) got.push(result)
  return got
}

const errorOf = (run: () => unknown): Promise<GraphLinksError> =>
  new Promise((resolve) => resolve(run())).then(
    () => Promise.reject(new Error('it should have failed')),
    (error: unknown) => error as GraphLinksError,
  )

const snapshots: Result[] = [
  { data: { a: 1 }, hasNext: true },
  { data: { a: 1, b: 2 }, hasNext: false },
]

describe('methods', () => {
  test('query and mutate give the last snapshot, execute and subscribe all of them, request the data', async () => {
    const client = createClient({ link: memoryLink(snapshots) })
    expect(await client.query('{ a }')).toBe(snapshots[1])
    expect(await client.mutate('mutation { a }')).toBe(snapshots[1])
    expect(await client.request('{ a }')).toBe(snapshots[1]?.data)
    expect(await client.request('mutation { a }')).toBe(snapshots[1]?.data)
    expect(await collect(client.subscribe('subscription { a }'))).toEqual(snapshots)
    for (const document of ['{ a }', 'mutation { a }', 'subscription { a }']) {
      expect(await collect(client.execute(document))).toEqual(snapshots)
    }
  })

  test('of a document that a build replaced by its hash, the method says the kind', async () => {
    const memory = memoryLink()
    const client = createClient({ link: memory })
    const document = { __meta__: { hash: 'sha256:01' } } as never
    await client.query(document, { a: 1 })
    await client.mutate(document, null, { operationName: 'A' })
    await collect(client.subscribe(document))
    await client.mutate(createRequest({ query: document, operationName: 'B' }))
    expect(memory.sent.map(({ operation: { kind, operationName } }) => [kind, operationName])).toEqual([
      ['query', undefined],
      ['mutation', 'A'],
      ['subscription', undefined],
      ['mutation', 'B'],
    ])
    for (const run of [() => client.request(document), () => client.execute(document)])
      expect(await errorOf(run)).toBeInstanceOf(DocumentError)
  })

  test('GraphQL errors are data for query, mutate, execute and subscribe', async () => {
    const result = { data: null, errors: [{ message: 'no' }] }
    const client = createClient({ link: memoryLink(result) })
    expect(await client.query('{ a }')).toBe(result)
    expect(await client.mutate('mutation { a }')).toBe(result)
    expect(await collect(client.subscribe('subscription { a }'))).toEqual([result])
  })

  test('what is passed reaches the link: variables, operationName, headers, context, extensions, signal', async () => {
    const key = contextKey<string>('key')
    const memory = memoryLink()
    const client = createClient({ link: memory })
    const controller = new AbortController()
    await client.query(
      'query A { a } query B { b }',
      { x: 1 },
      {
        operationName: 'B',
        headers: { 'X-A': '1' },
        context: emptyContext.with(key, 'v'),
        extensions: { e: 1 },
        signal: controller.signal,
      },
    )
    const { operation, headers } = memory.sent[0] as (typeof memory.sent)[number]
    expect(operation).toMatchObject({ kind: 'query', operationName: 'B', variables: { x: 1 }, extensions: { e: 1 } })
    expect([operation.context.get(key), headers]).toEqual(['v', { 'x-a': '1' }])
    controller.abort(new Error('left'))
    await expect(client.query('{ a }', null, { signal: controller.signal })).rejects.toThrow('left')
  })

  test('K-10 the wrong method for a kind is a sentence that names the right one', async () => {
    const memory = memoryLink()
    const client = createClient({ link: memory })
    const wrong: [() => unknown, string, string][] = [
      [() => client.query('mutation M { a }'), 'client.mutate', 'client.query'],
      [() => client.query('subscription M { a }'), 'client.subscribe', 'client.query'],
      [() => client.mutate('query M { a }'), 'client.query', 'client.mutate'],
      [() => client.mutate('subscription M { a }'), 'client.subscribe', 'client.mutate'],
      [() => client.subscribe('query M { a }'), 'client.query', 'client.subscribe'],
      [() => client.subscribe('mutation M { a }'), 'client.mutate', 'client.subscribe'],
      [() => client.request('subscription M { a }'), 'client.subscribe', 'client.request'],
    ]
    for (const [run, right, used] of wrong) {
      const error = await errorOf(run)
      expect(error).toBeInstanceOf(DocumentError)
      expect(error.operationName).toBe('M')
      expect(error.message).toContain(right)
      expect(error.message).toContain(used)
    }
    expect(memory.sent).toEqual([])
  })

  test('K-10 what cannot work rejects, and does not throw at the call', async () => {
    const client = createClient({ link: memoryLink() })
    for (const method of ['query', 'mutate', 'request'] as const) {
      const run = client[method] as Client['query']
      const attempts: [Promise<unknown>, typeof GraphLinksError][] = [
        [run('query A { a } query B { b }'), DocumentError],
        [run(undefined as never), DocumentError],
        [run(null as never), DocumentError],
        [run({ a: 1 } as never), DocumentError],
        [run('{ a }', undefined, { headers: { 'x\n': '1' } }), HeaderError],
        [run('{ a }', 5 as never), OptionsError],
      ]
      for (const [attempt, Class] of attempts) await expect(attempt).rejects.toBeInstanceOf(Class)
    }
    for (const [options, words] of [
      [{ signal: new AbortController() }, 'controller.signal'],
      [{ context: { headers: {} } }, 'emptyContext'],
    ] as const) {
      await expect(client.query('{ a }', null, options as never)).rejects.toBeInstanceOf(OptionsError)
      await expect(client.query('{ a }', null, options as never)).rejects.toThrow(words)
    }
    for (const link of [undefined, null, {}, 'https://api.test']) {
      expect(() => createClient({ link: link as never })).toThrow(OptionsError)
    }
  })

  test('K-9 a document is parsed once per client, texts by value and objects by identity', async () => {
    const memory = memoryLink()
    const client = createClient({ link: memory })
    const node = parse('query N { a }')
    for (const document of ['query T { a }', 'query T { a }', node, node, parse('query N { a }')])
      await client.query(document)
    const [first, second, third, fourth, fifth] = memory.sent.map(({ operation }) => operation.document)
    expect([first === second, third === fourth, third === fifth]).toEqual([true, true, false])
    for (let n = 0; n < 1_100; n++) await client.query(`query Q${n} { a }`)
    await client.query('query T { a }')
    expect(memory.sent.at(-1)?.operation.document).not.toBe(first)
    await client.query('query Q1099 { a }')
    expect(memory.sent.at(-1)?.operation.document).toBe(memory.sent.at(-3)?.operation.document)
  })

  test('K-11 threats 15 two clients share nothing unless they are given it', async () => {
    const [a, b] = [memoryLink(), memoryLink()]
    const [one, two] = [createClient({ link: a }), createClient({ link: b })]
    await one.query('{ a }')
    await one.dispose()
    await two.query('{ a }')
    expect([a.sent.length, b.sent.length]).toEqual([1, 1])
    expect(a.sent[0]?.operation.document).not.toBe(b.sent[0]?.operation.document)
  })
})

describe('createRequest', () => {
  const memory = memoryLink()
  const client = createClient({ link: chain(headerLink({ 'x-a': 'link', 'x-b': 'link', 'x-c': 'link' }), memory) })
  const request = createRequest({
    query: 'query A($x: Int, $y: Int) { a } query B { b }',
    variables: { x: 1, y: { deep: 1 } },
    operationName: 'A',
    headers: { 'X-A': 'request', 'x-b': 'request' },
    extensions: { e: 1, f: 1 },
  })
  const lastSent = (): (typeof memory.sent)[number] => memory.sent.at(-1) as (typeof memory.sent)[number]

  test('AUTH-1 AUTH-3 a call is merged over it by top-level key, and changes nothing in it', async () => {
    const before = inspect(request, { depth: 9 })
    await client.query(request, { y: { other: 2 }, z: 3 } as never, {
      headers: { 'x-A': 'call', 'x-b': null },
      extensions: { f: 2 },
    })
    expect(lastSent().operation).toMatchObject({
      operationName: 'A',
      variables: { x: 1, y: { other: 2 }, z: 3 },
      extensions: { e: 1, f: 2 },
    })
    expect(lastSent().headers).toEqual({ 'x-a': 'call', 'x-c': 'link' })
    await client.query(request)
    expect(lastSent().operation.variables).toEqual({ x: 1, y: { deep: 1 } })
    expect(lastSent().headers).toEqual({ 'x-a': 'request', 'x-b': 'request', 'x-c': 'link' })
    await client.query(request, null, { operationName: 'B' })
    expect(lastSent().operation.operationName).toBe('B')
    expect(inspect(request, { depth: 9 })).toBe(before)
    expect(new Set(memory.sent.map(({ operation }) => operation.document)).size).toBe(1)
  })

  test('it is frozen, and what it was made from may change afterwards', async () => {
    const init = { query: '{ a }', variables: { x: 1 }, headers: { 'x-a': 'first' }, extensions: { e: 1 } }
    const made = createRequest(init)
    init.variables.x = 2
    init.headers['x-a'] = 'second'
    init.extensions.e = 2
    await client.query(made)
    expect(lastSent().operation).toMatchObject({ variables: { x: 1 }, extensions: { e: 1 } })
    expect(lastSent().headers['x-a']).toBe('first')
    for (const part of [made, made.variables, made.headers, made.extensions]) expect(Object.isFrozen(part)).toBe(true)
  })

  test('without variables, headers and extensions of either there are none', async () => {
    const bare = createRequest({ query: 'subscription S { a }' })
    const other = memoryLink()
    for await (const _ of createClient({ link: other }).subscribe(bare)) break
    expect(other.sent[0]?.operation).toMatchObject({ variables: undefined, extensions: undefined })
    expect(other.sent[0]?.headers).toEqual({})
  })

  test('K-10 everything in it is checked when it is made', () => {
    expect(() => createRequest({ query: 'query A { a } query B { b }' })).toThrow(DocumentError)
    expect(() => createRequest({ query: 'query A { a }', operationName: 'C' })).toThrow(DocumentError)
    expect(() => createRequest({ query: '{ a }', headers: { host: 'x' } })).toThrow(HeaderError)
    expect(() => createRequest({ query: {} as never })).toThrow(DocumentError)
  })
})

describe('GraphQLResultError', () => {
  test('request throws it where there are errors or no data, with the result at hand', async () => {
    const results: [Result, string][] = [
      [
        { errors: [{ message: 'first' }, { message: 'second' }, { message: 'third' }] },
        'the server answered with an error: first (and 2 more in error.errors)',
      ],
      [{ data: { a: 1 }, errors: [{ message: 'partial' }] }, 'the server answered with an error: partial'],
      [{ data: null }, 'the result has neither data nor errors'],
      [{ data: null, errors: null as never }, 'the result has neither data nor errors'],
      [{}, 'the result has neither data nor errors'],
    ]
    for (const [result, words] of results) {
      const error = await errorOf(() => createClient({ link: memoryLink(result) }).request('query Q { a }'))
      expect(error).toBeInstanceOf(GraphQLResultError)
      expect(GraphQLResultError.is(error)).toBe(true)
      expect(error).toMatchObject({ code: 'GRAPHQL_RESULT', operationName: 'Q' })
      expect((error as GraphQLResultError).result).toBe(result)
      expect((error as GraphQLResultError).errors).toEqual(result.errors ?? [])
      expect(error.message).toBe(`operation Q: ${words}`)
      expect(error.name).toBe('GraphQLResultError')
      expect(inspect(error)).toBe(error.stack)
    }
    expect(await createClient({ link: memoryLink({ data: 0 as never, errors: [] }) }).request('{ a }')).toBe(0)
  })

  test('K-8 AUTH-48 its message has no credential and no variable, and printing it shows neither errors nor data', async () => {
    const [token, variable, header, answer] = [secretCanary(), secretCanary(), secretCanary(), secretCanary()]
    const memory = memoryLink((operation) => ({
      data: { a: answer.value },
      errors: [
        {
          message: `bad ${token.value}, Bearer ${token.value}, ${String(operation.variables?.['password'])}, ${header.value}`,
          extensions: { answer: answer.value },
        },
      ],
    }))
    const client = createClient({
      link: chain(
        bearerLink(async () => token.value),
        memory,
      ),
    })
    for (const canary of [token, variable, header, answer]) {
      await canary.watch(async () => {
        const error = await errorOf(() =>
          client.request('query Q { a }', { password: variable.value }, { headers: { 'x-session': header.value } }),
        )
        expect(error).toBeInstanceOf(GraphQLResultError)
        expect(error.message).toContain('[redacted]')
        const printed = [
          error.message,
          error.stack,
          JSON.stringify(error),
          String(error),
          inspect(error, { depth: 20 }),
        ]
        for (const each of [token, variable, header]) each.check(...printed)
        answer.check(...printed)
      })
    }
  })

  test('K-4 request asks the terminal link for a place before it asks for a credential, and names a link that fails, as query does', async () => {
    for (const run of [
      (client: Client) => client.query('{ hello }'),
      (client: Client) => client.request('{ hello }'),
    ]) {
      const asked: string[] = []
      const terminal: TerminalLink = Object.assign(memoryLink({ data: {} }), {
        admit: async () => void asked.push('a place'),
      })
      const token = async (): Promise<string> => (asked.push('a token'), 't')
      await run(createClient({ link: chain(bearerLink(token), terminal) }))
      expect(asked).toEqual(['a place', 'a token'])

      const broken = function brokenLink(): never {
        throw new Error('boom')
      }
      expect(await errorOf(() => run(createClient({ link: broken })))).toMatchObject({
        link: 'brokenLink',
      })
    }
  })

  test('K-8 a transport failure is thrown as it is, by every method', async () => {
    const down = new GraphLinksError('down')
    const client = createClient({ link: memoryLink(down) })
    for (const run of [
      () => client.query('{ a }'),
      () => client.mutate('mutation { a }'),
      () => client.request('{ a }'),
      () => collect(client.execute('{ a }')),
      () => collect(client.subscribe('subscription { a }')),
    ]) {
      expect(await errorOf(run)).toBe(down)
    }
    expect(await errorOf(() => createClient({ link: memoryLink([]) }).query('{ a }'))).toBeInstanceOf(LinkError)
  })
})

describe('dispose', () => {
  const hanging = (): { client: Client; memory: ReturnType<typeof memoryLink>; dispose: jest.Mock } => {
    const memory = memoryLink(() => new Promise<never>(() => {}))
    const dispose = jest.fn(async () => {})
    return { client: createClient({ link: chain(Object.assign(memory, { dispose })) }), memory, dispose }
  }

  test('what is in flight ends with a DisposedError, and the link is disposed once', async () => {
    const { client, memory, dispose } = hanging()
    const running = [
      errorOf(() => client.query('query A { a }')),
      errorOf(() => client.mutate('mutation B { a }')),
      errorOf(() => client.request('query C { a }')),
      errorOf(() => collect(client.subscribe('subscription D { a }'))),
      errorOf(() => collect(client.execute('query E { a }'))),
    ]
    await settle()
    const disposal = client.dispose()
    expect(client.dispose()).toBe(disposal)
    await disposal
    for (const error of await Promise.all(running)) {
      expect(error).toBeInstanceOf(DisposedError)
      expect(error.message).toContain('the client was disposed')
    }
    await client[Symbol.asyncDispose]()
    expect(dispose).toHaveBeenCalledTimes(1)
    await settle()
    expect(memory.sent.map(({ ended }) => ended)).toEqual(Array(5).fill('failed'))
  })

  test('it ends what is in flight also where operations before, between and after that have ended', async () => {
    for (const over of [[0], [1], [2], [1, 2], [2, 1], [0, 1], [0, 2]]) {
      const { client, memory } = hanging()
      const streams = [0, 1, 2, 3].map(() => client.subscribe('subscription { a }')[Symbol.asyncIterator]())
      const pending = streams.map((stream) => stream.next().catch((error: unknown) => error))
      for (const index of over) await streams[index]?.return?.()
      await client.dispose()
      for (const [index, outcome] of (await Promise.all(pending)).entries()) {
        if (over.includes(index)) expect(outcome).toEqual({ done: true, value: undefined })
        else expect(outcome).toBeInstanceOf(DisposedError)
      }
      await settle()
      expect(memory.sent.map(({ ended }) => ended)).toEqual(Array(4).fill('failed'))
    }
  })

  test('what comes later fails with a DisposedError and sends nothing, also what was asked for before and not read', async () => {
    const { client, memory } = hanging()
    const before = [client.subscribe('subscription { a }'), client.execute('{ a }')]
    await client.dispose()
    for (const run of [
      () => client.query('{ a }'),
      () => client.mutate('mutation { a }'),
      () => client.request('{ a }'),
      () => collect(client.subscribe('subscription { a }')),
      () => collect(client.execute('{ a }')),
      ...before.map((results) => () => collect(results)),
    ]) {
      expect(await errorOf(run)).toBeInstanceOf(DisposedError)
    }
    expect(memory.sent).toEqual([])
  })

  test('it waits for the link; a link that fails to close rejects it, and what is in flight ends all the same', async () => {
    const broken = new Error('cannot close')
    const disposals: (() => Promise<void>)[] = [
      () => Promise.reject(broken),
      () => {
        throw broken
      },
    ]
    for (const dispose of disposals) {
      const link: TerminalLink = Object.assign(
        memoryLink(() => new Promise<never>(() => {})),
        { dispose },
      )
      const client = createClient({ link })
      const running = errorOf(() => client.query('{ a }'))
      await settle()
      expect(await errorOf(() => client.dispose())).toBe(broken)
      expect(await running).toBeInstanceOf(DisposedError)
      expect(await errorOf(() => client.query('{ a }'))).toBeInstanceOf(DisposedError)
    }
  })

  test('a link that ends what it runs when it is disposed does not hide why', async () => {
    const queue = new ResultQueue()
    const link = Object.assign((() => queue) as TerminalLink, { dispose: () => queue.fail(new Error('socket closed')) })
    const client = createClient({ link })
    const running = errorOf(() => collect(client.subscribe('subscription { a }')))
    await settle()
    await client.dispose()
    expect(await running).toBeInstanceOf(DisposedError)
  })

  test('a client over a link without dispose, or with nothing running, disposes as well; others run on', async () => {
    const memory = memoryLink()
    const client = createClient({ link: memory })
    await client.query('{ a }')
    await client.dispose()
    expect(await collect(execute(memory, createOperation({ document: '{ a }' })))).toEqual([{ data: {} }])
  })

  test('K-3 an operation that is over holds on to nothing of the client', async () => {
    const { client } = hanging()
    const iterator = client.subscribe('subscription { a }')[Symbol.asyncIterator]()
    const pending = iterator.next()
    await settle()
    await iterator.return?.()
    await client.dispose()
    expect(await pending).toEqual({ done: true, value: undefined })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
  })
})
