import {
  contextKey,
  createOperation,
  DocumentError,
  emptyContext,
  HeaderError,
  isOverridden,
  OptionsError,
  parseDocument,
  renderFields,
  withContext,
  withCredential,
  withExtensions,
  withHeader,
  withVariables,
  type Operation,
} from './index.ts'
import { isRemoved } from './operation.ts'

const endpoint = new URL('https://api.test/graphql')
const wire = (operation: Operation): Record<string, string | null> =>
  Object.fromEntries(renderFields(operation, { endpoint, link: 'test' }).headers)

describe('createOperation', () => {
  test('takes text or a parsed document, and selects the operation', () => {
    const document = parseDocument('query A { a } mutation B { b }')
    const operation = createOperation({ document, operationName: 'B', variables: { x: 1 }, extensions: { y: 2 } })
    expect(operation).toMatchObject({ kind: 'mutation', operationName: 'B', variables: { x: 1 }, extensions: { y: 2 } })
    expect(operation.document).toBe(document)
    expect(operation.context).toBe(emptyContext)
    expect(createOperation({ document: '{ a }' })).toMatchObject({
      kind: 'query',
      operationName: undefined,
      variables: undefined,
      extensions: undefined,
    })
    expect(createOperation({ document: '{ a }', variables: null }).variables).toBeUndefined()
  })

  test('K-10 what can never work fails here, with a sentence', () => {
    const failures: [() => unknown, typeof OptionsError, string][] = [
      [() => createOperation({ document: 'query A { a } query B { b }' }), DocumentError, 'A, B'],
      [() => createOperation({ document: '{ a }', operationName: 'A' }), DocumentError, 'no operation "A"'],
      [
        () => createOperation({ document: 'query A { a }', variables: [1] as never }),
        OptionsError,
        'operation A: variables',
      ],
      [() => createOperation({ document: '{ a }', variables: 'x' as never }), OptionsError, 'variables'],
      [() => createOperation({ document: 'query A { a }', headers: { 'x\n': 'v' } }), HeaderError, 'operation A: '],
      [() => createOperation({ document: '{ a }', headers: 'x' as never }), HeaderError, 'headers are'],
      [() => withHeader(createOperation({ document: 'query A { a }' }), 'x\n', 'v'), HeaderError, 'operation A: '],
    ]
    for (const [run, Class, words] of failures) {
      expect(run).toThrow(Class)
      expect(run).toThrow(words)
    }
  })

  test('the signal outside an execution is the one of the caller, or one that never aborts', () => {
    const { signal } = new AbortController()
    expect(createOperation({ document: '{ a }', signal }).signal).toBe(signal)
    expect(createOperation({ document: '{ a }' }).signal.aborted).toBe(false)
  })
})

describe('K-1 operations are values', () => {
  const key = contextKey<number>('key')
  const base = Object.freeze(
    createOperation({
      document: 'query A { a }',
      variables: { a: 1 },
      extensions: { e: 1 },
      headers: { 'x-call': '1' },
    }),
  )

  test('K-1 every change is a copy that keeps the rest, and the original is untouched', () => {
    const changes: [keyof Operation | 'wire', Operation, unknown][] = [
      ['wire', withHeader(base, 'x-link', '1'), { 'x-call': '1', 'x-link': '1' }],
      ['wire', withCredential(base, { name: 'x-key', value: 'k' }), { 'x-call': '1', 'x-key': 'k' }],
      ['variables', withVariables(base, { b: 2 }), { b: 2 }],
      ['variables', withVariables(base, undefined), undefined],
      ['extensions', withExtensions(base, { e: 2, f: 3 }), { e: 2, f: 3 }],
    ]
    for (const [changed, copy, value] of changes) {
      expect(copy).not.toBe(base)
      const { kind, operationName, document, variables, extensions, context } = copy
      const actual = { kind, operationName, document, variables, extensions, context, wire: wire(copy) }
      expect(actual).toEqual({
        kind: 'query',
        operationName: 'A',
        document: base.document,
        variables: { a: 1 },
        extensions: { e: 1 },
        context: emptyContext,
        wire: { 'x-call': '1' },
        [changed]: value,
      })
    }
    expect(withContext(base, key, 1).context.get(key)).toBe(1)
    expect(base.context.get(key)).toBeUndefined()
    expect([base.variables, base.extensions, wire(base)]).toEqual([{ a: 1 }, { e: 1 }, { 'x-call': '1' }])
  })

  test('K-1 copies keep what was attached before, whatever the order', () => {
    let copy = withHeader(base, 'x-first', '1')
    copy = withVariables(copy, { v: 1 })
    copy = withContext(copy, key, 2)
    copy = withExtensions(copy, { f: 1 })
    copy = withHeader(copy, 'x-second', '2')
    expect(wire(copy)).toEqual({ 'x-call': '1', 'x-first': '1', 'x-second': '2' })
    expect([copy.variables, copy.extensions, copy.context.get(key)]).toEqual([{ v: 1 }, { e: 1, f: 1 }, 2])
  })

  test('K-1 two copies of one operation share nothing of what was attached after it', () => {
    const shared = withHeader(base, 'x-shared', '1')
    const [a, b] = [withHeader(shared, 'x-a', '1'), withHeader(shared, 'x-shared', '2')]
    expect([wire(a), wire(b), wire(shared)]).toEqual([
      { 'x-call': '1', 'x-shared': '1', 'x-a': '1' },
      { 'x-call': '1', 'x-shared': '2' },
      { 'x-call': '1', 'x-shared': '1' },
    ])
  })
})

test('AUTH-7 isOverridden holds for what the call sets or removes, in any spelling, and not for what links set', () => {
  const operation = withHeader(
    createOperation({ document: '{ a }', headers: { Authorization: null, 'X-Other': '1' } }),
    'x-link',
    '1',
  )
  expect(['authorization', 'x-other', 'x-link', 'x-none'].map((name) => isOverridden(operation, name))).toEqual([
    true,
    true,
    false,
    false,
  ])
  expect(isOverridden(createOperation({ document: '{ a }' }), 'authorization')).toBe(false)
})

test('isRemoved holds for what the call removes, and not for what it sets, says nothing of, or links remove', () => {
  const operation = withHeader(
    createOperation({ document: '{ a }', headers: { 'X-Other': null, Cookie: 'a=b', 'x-last': null } }),
    'x-link',
    null,
  )
  const names = ['x-other', 'cookie', 'x-last', 'x-link', 'x-none']
  expect(names.filter((name) => isRemoved(operation, name))).toEqual(['x-other', 'x-last'])
})
