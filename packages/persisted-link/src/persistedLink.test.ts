import { createHash } from 'node:crypto'
import {
  chain,
  createClient,
  createOperation,
  documentTransfer,
  DocumentError,
  emptyContext,
  execute,
  executionOf,
  failed,
  GraphLinksError,
  lastResult,
  LinkError,
  OptionsError,
  type Link,
  type Operation,
  type OperationInit,
  type Result,
} from '@graphlinks/core'
import { linkContract, memoryLink, secretCanary, settle, type MemoryAnswer, type MemoryLink } from '@graphlinks/testing'
import fc from 'fast-check'
import { parse, print } from 'graphql'
import {
  embeddedId,
  hashedId,
  persistedLink,
  UnknownDocumentError,
  type PersistedDocumentOptions,
  type PersistedLinkOptions,
} from './index.ts'

const text = 'query Q { a }'
const sha256 = (of: string): string => createHash('sha256').update(of).digest('hex')

const notFound: Result = {
  errors: [{ message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }],
}
const ok: Result = { data: { a: 1 } }

/** What is said of the document, and the hash, of each operation that was sent. */
function wireOf({ sent }: MemoryLink) {
  return sent.map(({ operation: { context, extensions } }) => {
    const { text: isSent = true, id, queryMethod, incremental } = context.get(documentTransfer) ?? {}
    const { persistedQuery } = (extensions ?? {}) as { readonly persistedQuery?: { readonly sha256Hash: string } }
    return {
      text: isSent,
      ...(id !== undefined && { id }),
      ...(queryMethod && { queryMethod }),
      ...(incremental && { incremental }),
      ...(persistedQuery && { hash: persistedQuery.sha256Hash }),
    }
  })
}

/** A server of automatic persisted queries, in memory. */
function automaticServer(miss: Result = notFound, known: Set<string> = new Set()): MemoryLink {
  return memoryLink(async (operation) => {
    const { persistedQuery } = operation.extensions as { readonly persistedQuery: { readonly sha256Hash: string } }
    const hash = persistedQuery.sha256Hash
    if (operation.context.get(documentTransfer)?.text === false) return known.has(hash) ? ok : miss
    if (sha256(await operation.document.text()) !== hash) return { errors: [{ message: 'PersistedQueryMismatch' }] }
    known.add(hash)
    return ok
  })
}

async function run(
  options: PersistedLinkOptions,
  memory: MemoryLink,
  init: Partial<OperationInit> = {},
): Promise<Result> {
  return lastResult(chain(persistedLink(options), memory), createOperation({ document: text, ...init }))
}

const errorOf = (promise: Promise<unknown>): Promise<GraphLinksError> =>
  promise.then(
    () => Promise.reject(new Error('it should have failed')),
    (error: unknown) => error as GraphLinksError,
  )

describe('contract of persistedLink', () => {
  describe('with hashes', () => {
    linkContract(() => persistedLink({ sha256, kinds: ['query', 'mutation', 'subscription'] }))
  })
  describe('with hashes that come later', () => {
    linkContract(() => persistedLink({ sha256: async (of) => sha256(of) }))
  })
  describe('with ids', () => {
    linkContract(() => persistedLink({ documentId: () => 'x' }))
  })
  describe('with ids that come later, and texts where they are not known', () => {
    linkContract(() => persistedLink({ documentId: async () => 'x', onNotFound: 'text' }))
  })
})

describe('automatic persisted queries', () => {
  test('P1, P2, P3 the hash of the exact text, then the text with it by POST, then the hash alone', async () => {
    const memory = automaticServer()
    const link = chain(persistedLink(), memory)
    const document = 'query Q { a(b: "grün 小\u2028") } # exactly'
    for (let round = 0; round < 2; round++) {
      const results = []
      for await (const result of execute(link, createOperation({ document }))) results.push(result)
      expect(results).toEqual([ok])
    }
    const hash = sha256(document)
    expect(wireOf(memory)).toEqual([
      { text: false, hash },
      { text: true, hash, queryMethod: 'POST' },
      { text: false, hash },
    ])
    expect(memory.sent[0]?.operation.extensions).toEqual({ persistedQuery: { version: 1, sha256Hash: hash } })
  })

  test('P1 an AST is hashed as it is printed', async () => {
    const memory = automaticServer()
    await run({}, memory, { document: parse(text) })
    expect(wireOf(memory)[0]?.hash).toBe(sha256(print(parse(text))))
  })

  test('P1 a document is hashed once, also by many at the same time; a hash that failed is made again', async () => {
    const calls: string[] = []
    const failures = [new Error('no luck')]
    const memory = automaticServer()
    const client = createClient({
      link: chain(
        persistedLink({
          async sha256(of) {
            calls.push(of)
            await settle()
            const failure = failures.pop()
            if (failure) throw failure
            return sha256(of)
          },
        }),
        memory,
      ),
    })
    const error = await errorOf(client.query(text))
    expect(error).toBeInstanceOf(LinkError)
    expect([error.link, (error.cause as Error).message]).toEqual(['persistedLink', 'no luck'])
    await Promise.all(Array.from({ length: 20 }, async () => client.query(text)))
    await client.query('{ other }')
    expect(calls).toEqual([text, text, '{ other }'])
  })

  test.each<[server: string, miss: Result]>([
    ['Apollo Server, 200', notFound],
    ['Yoga, 404', { ...notFound, http: { status: 404, headers: new Headers(), url: '' } }],
    [
      'mercurius, 400, without a code',
      {
        data: null,
        errors: [{ message: 'PersistedQueryNotFound' }],
        http: { status: 400, headers: new Headers(), url: '', untrusted: true },
      },
    ],
    ['a code alone', { errors: [{ message: 'who?', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }] }],
    ['with other errors', { errors: [{ message: 'slow' }, ...(notFound.errors ?? [])] }],
  ])('P2 a miss as %s says it', async (_, miss) => {
    const memory = automaticServer(miss)
    expect(await run({}, memory)).toEqual(ok)
    expect(memory.sent).toHaveLength(2)
  })

  test.each<[what: string, result: Result]>([
    ['another error', { errors: [{ message: 'no', extensions: { code: 'BAD_USER_INPUT' } }] }],
    ['data beside it', { data: { a: 1 }, errors: notFound.errors ?? [] }],
    ['a resolver that says so', { data: null, errors: [{ message: 'PersistedQueryNotFound', path: ['a'] }] }],
    ['a mismatch', { errors: [{ message: 'PersistedQueryMismatch' }] }],
    [
      'a failure of the server',
      { errors: [{ message: 'no' }], http: { status: 500, headers: new Headers(), url: '' } },
    ],
    ['no error', { data: null }],
  ])('P3, P6 %s is the result, and nothing is sent again', async (_, result) => {
    const memory = memoryLink(result)
    for (let round = 1; round <= 2; round++) {
      for (const document of [text, 'mutation M { a }']) expect(await run({}, memory, { document })).toBe(result)
    }
    expect(wireOf(memory).map((sent) => sent.text)).toEqual([false, false, false, false])
  })

  test('P3 no loop: what the second answer says is the result', async () => {
    const memory = memoryLink(notFound)
    expect(await run({}, memory)).toBe(notFound)
    expect(memory.sent.map(({ ended }) => ended)).toEqual(['closed', 'completed'])
  })

  test('P3 the failure of the second attempt arrives as it is', async () => {
    const boom = new Error('boom')
    const answers: MemoryAnswer[] = [notFound, boom]
    expect(
      await errorOf(
        run(
          {},
          memoryLink(() => answers.shift() as MemoryAnswer),
        ),
      ),
    ).toBe(boom)
  })

  test('P3 only the first result can be a miss; all others pass', async () => {
    const events: Result[] = [{ data: { n: 1 } }, notFound, { data: { n: 2 } }]
    const link = chain(persistedLink({ kinds: ['subscription'] }), memoryLink(events))
    const got = []
    for await (const event of execute(link, createOperation({ document: 'subscription { n }' }))) got.push(event)
    expect(got).toEqual(events)
  })

  test('P3 apollo-link-persisted-queries#12 a link around it, such as one that retries, does not see the miss', async () => {
    const seen: Result[] = []
    let attempts = 0
    const retry: Link = async function* retry(operation, next) {
      for (let again = true; again;) {
        attempts++
        again = false
        for await (const result of next(operation)) {
          seen.push(result)
          again = attempts < 3 && Boolean(result.errors)
          if (!again) yield result
        }
      }
    }
    const memory = automaticServer()
    const link = chain(Object.assign(retry, { stage: 'replay' as const }), persistedLink(), memory)
    expect(await lastResult(link, createOperation({ document: text }))).toEqual(ok)
    expect([attempts, seen, memory.sent.length]).toEqual([1, [ok], 2])
  })

  describe('P4 a server without them', () => {
    test.each<[what: string, result: Result]>([
      ['by code', { errors: [{ message: 'no', extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' } }] }],
      ['by message', { errors: [{ message: 'PersistedQueryNotSupported' }] }],
      // As these servers say it.
      ['graphql-http', { errors: [{ message: 'Missing query' }] }],
      ['hono', { errors: [{ message: 'Must provide query string.' }] }],
      ['mercurius', { data: null, errors: [{ message: 'Unknown query' }] }],
      [
        'Apollo Server',
        {
          errors: [
            {
              message: 'GraphQL operations must contain a non-empty `query` or a `persistedQuery` extension.',
              extensions: { code: 'BAD_REQUEST' },
            },
          ],
        },
      ],
      ['graphql-ruby', { errors: [{ message: 'No query string was present' }] }],
    ])('P4 %s: the text from then on, without the extension (apollo-client#12673)', async (_, refusal) => {
      const memory = memoryLink((operation) => (operation.context.get(documentTransfer) ? refusal : ok))
      const link = chain(persistedLink({ queryMethod: 'GET' }), memory)
      for (const document of [text, text, 'mutation M { a }'])
        expect(await lastResult(link, createOperation({ document }))).toBe(ok)
      expect(wireOf(memory)).toEqual([
        { text: false, hash: sha256(text), queryMethod: 'GET' },
        { text: true },
        { text: true },
        { text: true },
      ])
    })

    test('P4 apollo-client#10806 nothing else says so: statuses, failures, other errors, what was executed', async () => {
      const http = { headers: new Headers(), url: '' }
      const others: MemoryAnswer[] = [
        new Error('the connection broke'),
        failed(new Error('503')),
        { errors: [{ message: 'Bad Request' }], http: { ...http, status: 400 } },
        { errors: [{ message: 'down' }], http: { ...http, status: 503 } },
        { errors: [{ message: 'missing query', path: ['search'] }], data: null },
        { errors: [{ message: 'missing query' }], data: { a: 1 } },
      ]
      const memory = memoryLink(() => others.shift() ?? ok)
      const link = chain(persistedLink(), memory)
      for (let count = others.length; count >= 0; count--)
        await lastResult(link, createOperation({ document: text })).catch(() => {})
      expect(wireOf(memory)).toEqual(Array.from({ length: 7 }, () => ({ text: false, hash: sha256(text) })))
    })

    test('P4 another link has not heard of it', async () => {
      const memory = memoryLink({ errors: [{ message: 'PersistedQueryNotSupported' }] })
      await run({}, memory)
      await run({}, memory)
      expect(wireOf(memory).map((sent) => sent.text)).toEqual([false, true, false, true])
    })
  })

  test('P5 apollo-client#7456 hashes by GET where the link is told, the text by POST; mutations as they are', async () => {
    const memory = automaticServer()
    const link = chain(persistedLink({ queryMethod: 'GET' }), memory)
    await lastResult(link, createOperation({ document: text }))
    expect(wireOf(memory).map(({ queryMethod }) => queryMethod)).toEqual(['GET', 'POST'])
  })

  test('P5 apollo-client#13124 headers, context and extensions of the operation go with both', async () => {
    const memory = automaticServer()
    await run({}, memory, { headers: { 'x-a': '1' }, extensions: { trace: 1 }, variables: { b: 2 } })
    for (const { headers, operation } of memory.sent) {
      expect(headers).toEqual({ 'x-a': '1' })
      expect(operation.extensions).toMatchObject({ trace: 1, persistedQuery: { version: 1 } })
      expect(operation.variables).toEqual({ b: 2 })
    }
  })

  test('P6 apollo-link#748 of many at the same time, each misses for itself, and only those are sent again', async () => {
    const known = new Set(['{ a1 }', '{ a3 }'].map(sha256))
    const memory = automaticServer(notFound, known)
    const client = createClient({ link: chain(persistedLink(), memory) })
    const documents = ['{ a0 }', '{ a1 }', '{ a2 }', '{ a3 }']
    expect(await Promise.all(documents.map(async (document) => client.query(document)))).toEqual([ok, ok, ok, ok])
    const again = memory.sent.filter(({ operation }) => operation.context.get(documentTransfer)?.text !== false)
    // In the order in which their hashes were there.
    expect(new Set(again.map(({ operation }) => operation.document.source))).toEqual(new Set(['{ a0 }', '{ a2 }']))
    expect(again).toHaveLength(2)
  })

  test('subscriptions go with their text, unless they are among the kinds', async () => {
    const memory = memoryLink(ok)
    const document = 'subscription { n }'
    await run({}, memory, { document })
    await run({ kinds: ['subscription'] }, memory, { document })
    await run({ kinds: ['subscription'] }, memory)
    expect(wireOf(memory)).toEqual([{ text: true }, { text: false, hash: sha256(document) }, { text: true }])
  })

  test('an operation with files goes once, with text and hash; other objects are no files', async () => {
    const files: unknown[] = [
      new Blob(['a']),
      new File(['a'], 'a.txt'),
      [{ deep: new Blob(['a']) }],
      Promise.resolve(new Blob(['a'])),
      new ReadableStream(),
    ]
    for (const file of files) {
      const memory = memoryLink(notFound)
      await run({}, memory, { document: 'mutation M { a }', variables: { file } })
      expect(wireOf(memory)).toEqual([{ text: true, queryMethod: 'POST', hash: sha256('mutation M { a }') }])
    }
    const cycle: Record<string, unknown> = { date: new Date(), none: null, list: [1, 'Blob'] }
    let layers: object = cycle
    for (let depth = 0; depth < 60; depth++) layers = { left: layers, right: layers }
    cycle['self'] = layers
    const memory = memoryLink(ok)
    await run({}, memory, { variables: cycle })
    expect(wireOf(memory)[0]?.text).toBe(false)
  })

  test('an operation for which somebody said it already is left alone', async () => {
    const memory = memoryLink(notFound)
    const extensions = { persistedQuery: { version: 1, sha256Hash: 'mine' } }
    await run({}, memory, { extensions })
    await run({}, memory, { context: emptyContext.with(documentTransfer, {}) })
    expect(memory.sent.map(({ operation }) => operation.extensions)).toEqual([extensions, undefined])
    expect(wireOf(memory).map((sent) => sent.text)).toEqual([true, true])
  })

  test('H4 it says which documents have @defer or @stream, once for each', async () => {
    const has = ['{ ... @defer { a } }', '{ a @stream(initialCount: 1) }', '{ a ... @\n defer(if: true) { b } }']
    const hasNot = ['{ a }', '{ defer stream }', '{ a @include(if: true) }', '{ ...deferred @skip(if: false) }']
    for (const [texts, incremental] of [
      [has, true],
      [hasNot, false],
    ] as const) {
      for (const source of texts) {
        for (const document of [
          source,
          parse(source),
          JSON.parse(JSON.stringify(parse(source, { noLocation: true }))),
        ]) {
          const memory = memoryLink(ok)
          await run({}, memory, { document: document as never })
          expect(wireOf(memory)[0]?.incremental ?? false).toBe(incremental)
        }
      }
    }
  })

  test('a resend is noted', async () => {
    const notes: unknown[] = []
    const watch: Link = (operation, next) => {
      executionOf(operation)?.onEnd(() => notes.push(Object.fromEntries(executionOf(operation)?.notes ?? [])))
      return next(operation)
    }
    const link = chain(watch, persistedLink(), automaticServer())
    for (let round = 0; round < 2; round++) await lastResult(link, createOperation({ document: text }))
    expect(notes).toEqual([{ resend: 1 }, {}])
  })

  describe('cancellation', () => {
    test('field notes E5: aborted while it is hashed, an operation is not sent', async () => {
      for (const leave of ['abort', 'return'] as const) {
        let answer = (_hash: string): void => {}
        const memory = memoryLink(ok)
        const controller = new AbortController()
        const link = chain(persistedLink({ sha256: () => new Promise((resolve) => (answer = resolve)) }), memory)
        const operation = createOperation({ document: text, signal: controller.signal })
        const iterator = execute(link, operation)[Symbol.asyncIterator]()
        const pending = iterator.next()
        await settle()
        const reason = new Error('the user left')
        if (leave === 'abort') {
          const failure = errorOf(pending)
          controller.abort(reason)
          expect(await failure).toBe(reason)
        } else {
          await iterator.return?.()
          expect(await pending).toEqual({ done: true, value: undefined })
        }
        answer(sha256(text))
        await settle()
        expect(memory.sent).toEqual([])
      }
    })

    test('field notes 2.25: aborted during the first attempt, there is no second one; during the second, it ends', async () => {
      for (const at of [1, 2]) {
        const memory = memoryLink(async () => (memory.sent.length === at ? new Promise<never>(() => {}) : notFound))
        const controller = new AbortController()
        const pending = errorOf(run({}, memory, { signal: controller.signal }))
        while (memory.sent.length < at) await settle()
        const reason = new Error('the user left')
        controller.abort(reason)
        expect(await pending).toBe(reason)
        await settle()
        expect(memory.sent.map(({ ended }) => ended !== undefined)).toEqual(Array.from({ length: at }, () => true))
      }
    })
  })

  test('P2 property: the caller sees one result and the server executes once, whatever it remembers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat({ max: 3 }), fc.boolean()), { maxLength: 20 }), async (steps) => {
        const known = new Set<string>()
        const memory = automaticServer(notFound, known)
        const link = chain(persistedLink({ sha256 }), memory)
        for (const [which, forgets] of steps) {
          if (forgets) known.clear()
          const document = `{ a${which} }`
          const before = memory.sent.length
          const wasKnown = known.has(sha256(document))
          expect(await lastResult(link, createOperation({ document }))).toBe(ok)
          expect(memory.sent.length - before).toBe(wasKnown ? 1 : 2)
        }
      }),
      { numRuns: 50 },
    )
  })
})

describe('persisted documents', () => {
  const hashed = (hash: unknown, of: string = text): OperationInit['document'] =>
    // oxlint-disable-next-line no-new-wrappers
    Object.assign(new String(of), { __meta__: { hash } }) as never
  const documents = (options: Partial<PersistedDocumentOptions> = {}): PersistedDocumentOptions => ({
    documentId: embeddedId(),
    ...options,
  })

  test('P7 the id of GraphQL Code Generator in place of the text, in both of its modes, of all kinds', async () => {
    const memory = memoryLink(ok)
    for (const document of [
      hashed('sha256:01'),
      { ...parse(text), __meta__: { hash: 'sha256:02' } },
      { __meta__: { hash: 'sha256:03' } },
    ] as OperationInit['document'][])
      await run(documents(), memory, { document, kind: 'query' })
    await run(documents(), memory, { document: hashed('sha256:04', 'subscription { n }') })
    await run(documents(), memory, { document: hashed('sha256:05', 'mutation { n }') })
    expect(wireOf(memory)).toEqual(
      ['01', '02', '03', '04', '05'].map((hash) => ({ text: false, id: `sha256:${hash}` })),
    )
  })

  test('P7 a document of which only a hash is left, by the methods of a client', async () => {
    const memory = memoryLink(ok)
    const client = createClient({ link: chain(persistedLink(documents()), memory) })
    const document = { __meta__: { hash: 'sha256:01', deferredFields: { F: ['a'] } } } as never
    await client.query(document)
    await client.mutate(document)
    expect(wireOf(memory)).toEqual([
      { text: false, id: 'sha256:01', incremental: true },
      { text: false, id: 'sha256:01', incremental: true },
    ])
  })

  test('never prints where an id suffices', async () => {
    const document = Object.defineProperty(parse(text), '__meta__', { value: { hash: 'x' } })
    const operation = createOperation({ document: document as never })
    const printed = jest.spyOn(operation.document, 'text')
    await lastResult(chain(persistedLink(documents()), memoryLink(ok)), operation)
    expect(printed).not.toHaveBeenCalled()
  })

  test('the name of the property, or a function that gives the id, now or later', async () => {
    const memory = memoryLink(ok)
    const document = Object.assign(parse(text), { __meta__: { md5: 'm' }, documentId: 'd' })
    await run(documents({ documentId: embeddedId('md5') }), memory, { document })
    const ofDocument = ({ document: { source } }: Operation): string =>
      (source as { documentId?: string }).documentId ?? ''
    await run(documents({ documentId: ofDocument }), memory, { document })
    await run(documents({ documentId: async (given) => ofDocument(given) }), memory, { document })
    expect(wireOf(memory).map(({ id }) => id)).toEqual(['m', 'd', 'd'])
  })

  test('P7 an id made of the text', async () => {
    const memory = memoryLink(ok)
    await run(documents({ documentId: hashedId() }), memory)
    await run(documents({ documentId: hashedId({ sha256 }) }), memory)
    expect(wireOf(memory).map(({ id }) => id)).toEqual([`sha256:${sha256(text)}`, `sha256:${sha256(text)}`])
  })

  test("P7 Apollo's extension, there without the prefix; or an id as a function writes it", async () => {
    const memory = memoryLink(ok)
    const document = hashed('sha256:01')
    await run(documents({ sendAs: 'persistedQuery' }), memory, { document, extensions: { trace: 1 } })
    await run(documents({ formatId: (id, { kind }) => `web~1.4.0~${kind}~${id}` }), memory, { document })
    await run(documents({ sendAs: 'persistedQuery', formatId: (id) => id }), memory, { document })
    expect(wireOf(memory)).toEqual([
      { text: false, hash: '01' },
      { text: false, id: 'web~1.4.0~query~sha256:01' },
      { text: false, hash: 'sha256:01' },
    ])
    expect(memory.sent[0]?.operation.extensions).toEqual({
      trace: 1,
      persistedQuery: { version: 1, sha256Hash: '01' },
    })
  })

  test('P8 an operation without an id fails and is not sent, or is sent with its text', async () => {
    const memory = memoryLink(ok)
    for (const documentId of [() => undefined, () => '', async () => undefined, embeddedId(), () => null as never]) {
      const error = await errorOf(run({ documentId }, memory))
      expect(error).toBeInstanceOf(UnknownDocumentError)
      expect(UnknownDocumentError.is(error)).toBe(true)
      expect(error).toMatchObject({ code: 'UNKNOWN_DOCUMENT', link: 'persistedLink', operationName: 'Q' })
    }
    expect(memory.sent).toEqual([])
    await run({ documentId: embeddedId(), onUnknown: 'text' }, memory)
    expect(wireOf(memory)).toEqual([{ text: true }])
  })

  test('P8 without id and text, there is nothing to send', async () => {
    const client = createClient({
      link: chain(persistedLink(documents({ documentId: () => undefined, onUnknown: 'text' })), async (operation) => {
        await operation.document.text()
        throw new Error('it has no text')
      }),
    })
    expect(await errorOf(client.query({ __meta__: { hash: 'x' } } as never))).toBeInstanceOf(DocumentError)
  })

  test.each([
    ['Apollo Server and Router', notFound],
    ['Yoga', { errors: [{ message: 'no', extensions: { code: 'PERSISTED_QUERY_NOT_IN_LIST' } }] }],
    ['Hive', { errors: [{ message: 'no', extensions: { code: 'PERSISTED_DOCUMENT_NOT_FOUND' } }] }],
  ] as [string, Result][])(
    'P8 what the server, as %s, does not know is the result; its text is sent on request only',
    async (_, miss) => {
      const memory = memoryLink((operation) => (operation.context.get(documentTransfer)?.text === false ? miss : ok))
      const document = hashed('sha256:01')
      expect(await run(documents(), memory, { document })).toBe(miss)
      expect(memory.sent).toHaveLength(1)
      const options = documents({ onNotFound: 'text', queryMethod: 'GET' })
      expect(await run(options, memory, { document })).toBe(ok)
      expect(wireOf(memory).slice(1)).toEqual([
        { text: false, id: 'sha256:01', queryMethod: 'GET' },
        { text: true, queryMethod: 'POST' },
      ])
      // What was uploaded is not uploaded again.
      const upload = memoryLink(miss)
      expect(await run(options, upload, { document, variables: { file: new Blob(['a']) } })).toBe(miss)
      expect(upload.sent).toHaveLength(1)
    },
  )

  test('P8 a server that misses the query changes nothing: ids are sent all the same', async () => {
    const memory = memoryLink({ errors: [{ message: 'Missing query' }] })
    const link = chain(persistedLink(documents({ onNotFound: 'text' })), memory)
    for (let round = 0; round < 2; round++) await lastResult(link, createOperation({ document: hashed('x') }))
    expect(wireOf(memory)).toEqual([
      { text: false, id: 'x' },
      { text: false, id: 'x' },
    ])
  })

  test('an id that is none fails', async () => {
    for (const id of ['a b', 'ü', 'a/b', 'a\n', '{ a }']) {
      const error = await errorOf(run(documents(), memoryLink(ok), { document: hashed(id) }))
      expect(error).toBeInstanceOf(OptionsError)
      expect(error.message).toContain('persistedLink, operation Q: an id has letters')
    }
  })

  test('a function that fails is the cause of the error', async () => {
    const boom = new Error('boom')
    const fail = (): never => {
      throw boom
    }
    for (const options of [documents({ documentId: fail }), documents({ documentId: () => 'x', formatId: fail })]) {
      const error = await errorOf(run(options, memoryLink(ok)))
      expect(error).toBeInstanceOf(LinkError)
      expect([error.link, error.cause]).toEqual(['persistedLink', boom])
    }
  })
})

test('isNotFound and isNotSupported say what results mean, and are asked of the first alone', async () => {
  const miss = { errors: [{ message: 'kenne ich nicht' }] }
  const isNotFound = jest.fn((result: Result) => result === miss)
  const memory = memoryLink((operation) => (operation.context.get(documentTransfer)?.text === false ? miss : [ok, ok]))
  expect(await run({ isNotFound }, memory)).toBe(ok)
  expect(isNotFound.mock.calls).toEqual([[miss]])
  const isNotSupported = (result: Result): boolean => result === miss
  const link = chain(persistedLink({ isNotSupported }), memory)
  for (let round = 0; round < 2; round++) await lastResult(link, createOperation({ document: text }))
  expect(wireOf(memory).slice(2)).toEqual([{ text: false, hash: sha256(text) }, { text: true }, { text: true }])
})

test('a result whose errors are null says nothing', async () => {
  const result = { data: null, errors: null } as unknown as Result
  const memory = memoryLink(() => result)
  expect(await run({}, memory)).toEqual(result)
  expect(memory.sent).toHaveLength(1)
})

test('in JavaScript, an async function in their place says nothing: a mutation is not sent twice', async () => {
  const later = (async () => false) as never
  const memory = memoryLink(ok)
  await lastResult(
    chain(persistedLink({ isNotFound: later, isNotSupported: later }), memory),
    createOperation({ document: 'mutation M { a }' }),
  )
  expect(memory.sent).toHaveLength(1)
})

test('P1 where there is no WebCrypto, as on pages without https, the link is not built without another', async () => {
  const property = Object.getOwnPropertyDescriptor(globalThis, 'crypto') as PropertyDescriptor
  try {
    for (const value of [undefined, { subtle: undefined }]) {
      Object.defineProperty(globalThis, 'crypto', { value, configurable: true })
      expect(() => persistedLink()).toThrow(/there is no WebCrypto here.*sha256/)
      expect(() => hashedId()).toThrow(OptionsError)
      expect(await run({ sha256 }, automaticServer())).toEqual(ok)
      persistedLink({ documentId: embeddedId() })
    }
  } finally {
    Object.defineProperty(globalThis, 'crypto', property)
  }
})

test('a hash that is none fails', async () => {
  for (const bad of [
    '',
    'x',
    sha256(text).toUpperCase(),
    Buffer.from(sha256(text), 'hex').toString('base64'),
    5,
    null,
  ]) {
    const error = await errorOf(run({ sha256: () => bad as never }, memoryLink(ok)))
    expect(error).toBeInstanceOf(OptionsError)
    expect(error.message).toContain('64 hexadecimal digits')
  }
})

test('K-10 options that are no good', () => {
  const documentId = (): string => 'x'
  for (const [options, message] of [
    [{ documentId: 'x' }, 'documentId is a function'],
    [{ sha256: 'md5' }, 'sha256 is a function'],
    [{ isNotFound: true }, 'isNotFound is a function'],
    [{ kinds: 'query' }, 'kinds is a list'],
    [{ queryMethod: 'get' }, 'queryMethod is GET or POST'],
    [{ documentId, onUnknown: 'ignore' }, 'onUnknown is error or text'],
    [{ documentId, onNotFound: true }, 'onNotFound is result or text'],
    [{ documentId, sendAs: 'id' }, 'sendAs is documentId or persistedQuery'],
    [{ documentId, sha256 }, 'sha256 has no meaning with documentId'],
    [{ documentId, isNotSupported: documentId }, 'isNotSupported has no meaning with documentId'],
    [{ onUnknown: 'text' }, 'onUnknown has no meaning without documentId'],
    [{ formatId: documentId }, 'formatId has no meaning without documentId'],
  ] as unknown as [PersistedLinkOptions, string][]) {
    expect(() => persistedLink(options)).toThrow(OptionsError)
    expect(() => persistedLink(options)).toThrow(`persistedLink: ${message}`)
  }
  persistedLink({ sha256: undefined, queryMethod: undefined, documentId: undefined, kinds: undefined })
  const { name, stage } = persistedLink()
  expect([name, stage]).toEqual(['persistedLink', 'attempt'])
})

test('what it throws holds no variables and no text of a document', async () => {
  const canary = secretCanary()
  const secret = createOperation({
    document: `query Q { a(b: "${canary.value}") }`,
    variables: { token: canary.value },
    headers: { authorization: `Bearer ${canary.value}` },
  })
  const options: PersistedLinkOptions[] = [
    { sha256: () => canary.value },
    { documentId: () => undefined },
    { documentId: () => `${canary.value} x` },
  ]
  for (const each of options)
    canary.check(await errorOf(lastResult(chain(persistedLink(each), memoryLink(ok)), secret)))
})
