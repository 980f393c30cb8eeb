import {
  createClient,
  chain,
  createOperation,
  documentTransfer,
  LinkError,
  OptionsError,
  type OperationInit,
} from '@graphlinks/core'
import { memoryLink, settle } from '@graphlinks/testing'
import { parse, print } from 'graphql'
import { persistedLink } from './index.ts'
import { manifestId, type Manifest } from './manifest.ts'

// As GraphQL Code Generator writes it: on one line, fragments first.
const flat: Manifest = {
  'sha256:01': 'fragment F on P { id } query Hello { hello me { ...F } }',
  'sha256:02': 'mutation Add($name: String!) { add(name: $name) }',
  'sha256:03': 'query Twin { a }',
  'sha256:04': 'query Twin { b }',
  'sha256:05': '{\n  anonymous\n}',
  'sha256:06': 'query One { a } query Two { b }',
}

// As Apollo's generate-persisted-query-manifest does.
const apollo: Manifest = {
  format: 'apollo-persisted-query-manifest',
  version: 1,
  operations: [
    { id: '01', name: 'Hello', type: 'query', body: 'query Hello {\n  hello\n}' },
    { id: '02', name: 'Add', type: 'mutation', body: 'mutation Add {\n  add\n}' },
  ],
}

const idIn = async (manifest: Parameters<typeof manifestId>[0], init: OperationInit): Promise<string | undefined> =>
  manifestId(manifest)(createOperation(init))

test('P8 by its text as it is, or by kind and name where it is written otherwise', async () => {
  for (const [document, id, operationName] of [
    [flat['sha256:01'], 'sha256:01'],
    ['query Hello {\n  hello\n  me { ...F }\n}\nfragment F on P { id }', 'sha256:01'],
    ['mutation Add { add }', 'sha256:02'],
    ['mutation Hello { add }', undefined],
    ['query Unknown { a }', undefined],
    ['query Twin { b }', 'sha256:04'],
    ['query Twin { c }', undefined],
    ['{\n  anonymous\n}', 'sha256:05'],
    ['{ anonymous }', undefined],
    ['query undefined { a }', undefined],
    [flat['sha256:06'], 'sha256:06', 'Two'],
    ['query Two { b }', 'sha256:06'],
  ] as [string, string | undefined, string?][])
    expect([document, await idIn(flat, { document, operationName })]).toEqual([document, id])
  expect(await idIn(apollo, { document: 'query Hello { hello }' })).toBe('01')
  expect(await idIn(apollo, { document: 'mutation Add {\n  add\n}' })).toBe('02')
  expect(await idIn(apollo, { document: 'query Add { add }' })).toBeUndefined()
})

test('P8 an AST is printed only where its name does not tell', async () => {
  for (const [text, id, isPrinted] of [
    ['query Hello { hello }', 'sha256:01', false],
    ['query Twin { b }', undefined, true],
    ['{ anonymous }', 'sha256:05', true],
  ] as [string, string | undefined, boolean][]) {
    const operation = createOperation({ document: parse(text) })
    const printed = jest.spyOn(operation.document, 'text')
    expect(await manifestId(flat)(operation)).toBe(id)
    expect(printed).toHaveBeenCalledTimes(isPrinted ? 1 : 0)
  }
  const printed = print(parse('query Twin { b }'))
  expect(await idIn({ ...flat, 'sha256:07': printed }, { document: parse('query Twin { b }') })).toBe('sha256:07')
})

test('a document of which only a hash is left is known by its name, where the call says it', async () => {
  const document = { __meta__: {} } as never
  expect(await idIn(flat, { document, kind: 'query', operationName: 'Hello' })).toBe('sha256:01')
  expect(await idIn(flat, { document, kind: 'query' })).toBeUndefined()
})

test('a String object, as a TypedDocumentString is one', async () => {
  // oxlint-disable-next-line no-new-wrappers
  expect(await idIn(flat, { document: new String('query Twin { a }') as never })).toBe('sha256:03')
})

test('loaded once, with the first operation; what failed is loaded again; a module of JSON is one, too', async () => {
  let loads = 0
  const failures = [new Error('offline')]
  const client = createClient({
    link: chain(
      persistedLink({
        documentId: manifestId(async () => {
          loads++
          await settle()
          const failure = failures.pop()
          if (failure) throw failure
          return { default: flat }
        }),
      }),
      memoryLink(({ context }) => ({ data: context.get(documentTransfer)?.id })),
    ),
  })
  expect(loads).toBe(0)
  const error = await client.query('query Hello { hello }').catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(LinkError)
  const results = await Promise.all([1, 2, 3].map(async () => client.query('query Hello { hello }')))
  expect(results.map(({ data }) => data)).toEqual(['sha256:01', 'sha256:01', 'sha256:01'])
  expect((await client.mutate('mutation Add { add }')).data).toBe('sha256:02')
  expect(loads).toBe(2)
})

test('K-10 what is no manifest', async () => {
  for (const bad of [
    undefined,
    null,
    5,
    '{"a":"{ a }"}',
    './persisted-documents.json',
    ['{ a }', 5],
    { a: 5 },
    { a: { body: '{ a }' } },
    { operations: [{ name: 'A' }] },
    { operations: [{ id: '', name: 'A', type: 'query', body: '{ a }' }] },
    { '': '{ a }' },
  ] as never[]) {
    expect(() => manifestId(bad)).toThrow(OptionsError)
    expect(() => manifestId(bad)).toThrow('manifestId: the manifest has neither')
    await expect(idIn(() => bad, { document: '{ a }' })).rejects.toThrow(OptionsError)
  }
  expect(await idIn({}, { document: '{ a }' })).toBeUndefined()
})
