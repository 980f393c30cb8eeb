import type { DocumentTypeDecoration, TypedDocumentNode } from '@graphql-typed-document-node/core'
import { httpLink } from '@graphlinks/http-link'
import { memoryLink } from '@graphlinks/testing'
import { expectTypeOf } from 'expect-type'
import { parse, type DocumentNode } from 'graphql'
import {
  bearerLink,
  chain,
  compose,
  createClient,
  createOperation,
  createRequest,
  execute,
  lastResult,
  parseDocument,
  single,
  split,
  WiringError,
  withHeader,
  type Client,
  type Link,
  type Result,
  type TerminalLink,
} from './index.ts'

/** As GraphQL Code Generator's client preset writes it with `documentMode: 'string'`. */
class TypedDocumentString<TResult, TVariables> extends String implements DocumentTypeDecoration<TResult, TVariables> {
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>
  private value: string
  public __meta__?: Record<string, unknown> | undefined

  constructor(value: string, __meta__?: Record<string, unknown>) {
    super(value)
    this.value = value
    this.__meta__ = __meta__
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value
  }
}

/** As gql.tada decorates a document. */
interface TadaDocumentNode<TResult, TVariables> extends DocumentNode {
  __apiType?(variables: TVariables): TResult
  __ensureTypesOfVariablesAndResultMatching?(variables: TVariables): TResult
}

type Exact<Shape extends Record<string, unknown>> = { [Key in keyof Shape]: Shape[Key] }
interface City {
  city: { name: string } | null
}
type CityVariables = Exact<{ id: string; first?: number | null }>
type OptionalVariables = Exact<{ first?: number | null }>
type NoVariables = Exact<{ [key: string]: never }>

const text = 'query City($id: ID!) { city(id: $id) { name } }'
const node = parse(text)
const documents = {
  node: node as TypedDocumentNode<City, CityVariables>,
  string: new TypedDocumentString<City, CityVariables>(text),
  tada: node as TadaDocumentNode<City, CityVariables>,
}
const optional = {
  node: node as TypedDocumentNode<City, OptionalVariables>,
  string: new TypedDocumentString<City, OptionalVariables>(text),
  tada: node as TadaDocumentNode<City, OptionalVariables>,
}
const none = {
  node: node as TypedDocumentNode<City, NoVariables>,
  string: new TypedDocumentString<City, NoVariables>(text),
  tada: node as TadaDocumentNode<City, {}>,
}

const data: City = { city: { name: 'Bern' } }
const makeClient = (): Client => createClient({ link: memoryLink({ data }) })

describe('data and variables of documents', () => {
  test('data is inferred from TypedDocumentNode, TypedDocumentString and gql.tada, by every method', async () => {
    const client = makeClient()
    const results = await Promise.all([
      client.query(documents.node, { id: '1' }),
      client.query(documents.string, { id: '1', first: null }),
      client.query(documents.tada, { id: '1', first: 5 }),
    ])
    expectTypeOf(results).toEqualTypeOf<[Result<City>, Result<City>, Result<City>]>()
    expect(results.map((result) => result.data)).toEqual([data, data, data])
    expectTypeOf(await client.request(documents.node, { id: '1' })).toEqualTypeOf<City>()
    expectTypeOf(await client.request(documents.string, { id: '1' })).toEqualTypeOf<City>()
    expectTypeOf(await client.request(documents.tada, { id: '1' })).toEqualTypeOf<City>()
    expectTypeOf(client.execute(documents.string, { id: '1' })).toEqualTypeOf<AsyncIterable<Result<City>>>()
    for await (const result of client.execute(documents.tada, { id: '1' })) {
      expectTypeOf(result.data).toEqualTypeOf<City | null | undefined>()
    }
  })

  test('variables are checked, and required exactly when the operation requires any', async () => {
    const client = makeClient()
    const mustNotCompile = async (): Promise<void> => {
      // @ts-expect-error variables are required
      await client.query(documents.node)
      // @ts-expect-error variables are required
      await client.query(documents.string)
      // @ts-expect-error variables are required
      await client.request(documents.tada)
      // @ts-expect-error variables are required
      client.subscribe(documents.node)
      // @ts-expect-error variables are required
      client.execute(documents.string)
      // @ts-expect-error id is missing
      await client.query(documents.node, {})
      // @ts-expect-error id is missing
      await client.mutate(documents.string, { first: 1 })
      // @ts-expect-error id is a string
      await client.query(documents.node, { id: 1 })
      // @ts-expect-error id is a string
      await client.query(documents.string, { id: 1 })
      // @ts-expect-error there is no such variable
      await client.query(documents.node, { id: '1', other: 1 })
      // @ts-expect-error there is no such variable
      await client.query(documents.tada, { id: '1', other: 1 })
      // @ts-expect-error null is no set of variables that has an id
      await client.query(documents.node, null)
      // @ts-expect-error first is a number
      await client.query(optional.node, { first: 'x' })
      // @ts-expect-error it has no variables
      await client.query(none.node, { first: 1 })
      // @ts-expect-error it has no variables
      await client.query(none.string, { first: 1 })
    }
    expect(mustNotCompile).toBeInstanceOf(Function)
    for (const document of [optional.node, optional.string, optional.tada]) {
      await client.query(document)
      await client.query(document, { first: 1 })
      await client.query(document, {}, { headers: { 'x-a': '1' } })
      await client.query(document, null, { headers: { 'x-a': '1' } })
      await client.query(document, undefined, { headers: { 'x-a': '1' } })
    }
    expectTypeOf(await client.query(none.node)).toEqualTypeOf<Result<City>>()
    expectTypeOf(await client.query(none.string)).toEqualTypeOf<Result<City>>()
    expectTypeOf(await client.query(none.tada)).toEqualTypeOf<Result<City>>()
    await client.query(documents.node, { id: '1' }, { headers: { 'x-a': null } })
  })

  test('a text has unknown data, any variables, and takes its types from the call', async () => {
    const client = makeClient()
    expectTypeOf(await client.query('{ a }')).toEqualTypeOf<Result<unknown>>()
    await client.query('{ a }', { anything: 1 })
    expectTypeOf(await client.query<City>('{ a }')).toEqualTypeOf<Result<City>>()
    expectTypeOf(await client.query<City, CityVariables>(text, { id: '1' })).toEqualTypeOf<Result<City>>()
    // @ts-expect-error variables are required
    const mustNotCompile = (): unknown => client.query<City, CityVariables>(text)
    expect(mustNotCompile).toBeInstanceOf(Function)
  })

  test('a request carries the types, and a call may leave out what the request has', async () => {
    const client = makeClient()
    const request = createRequest({ query: documents.node, variables: { first: 1 } })
    expectTypeOf(await client.query(request, { id: '1' })).toEqualTypeOf<Result<City>>()
    expectTypeOf(await client.request(createRequest({ query: documents.string }), { id: '1' })).toEqualTypeOf<City>()
    expectTypeOf(await client.query(createRequest({ query: '{ a }' }))).toEqualTypeOf<Result<unknown>>()
    const mustNotCompile = (): unknown[] => [
      // @ts-expect-error id is a string
      createRequest({ query: documents.node, variables: { id: 1 } }),
      // @ts-expect-error id is a string
      client.query(request, { id: 1 }),
    ]
    expect(mustNotCompile).toBeInstanceOf(Function)
  })

  test('what runs without a client takes every document', async () => {
    for (const document of [documents.node, documents.string, documents.tada, text, node]) {
      expect(parseDocument(document).operations).toEqual([{ kind: 'query', operationName: 'City' }])
      const operation = createOperation({ document, variables: { id: '1' } })
      expectTypeOf(await lastResult(memoryLink(), operation)).toEqualTypeOf<Result>()
    }
    const mustNotCompile = (): unknown[] => [
      // @ts-expect-error a number is no document
      parseDocument(5),
      // @ts-expect-error an operation is no link
      execute(createOperation({ document: text }), createOperation({ document: text })),
    ]
    expect(mustNotCompile).toBeInstanceOf(Function)
  })
})

describe('K-10 wrong wiring does not compile', () => {
  const tenant: Link = (operation, next) => next(withHeader(operation, 'x-tenant', 'acme'))

  test('K-10 results in the place of a result', () => {
    // @ts-expect-error it must be yield* next(operation)
    const starless: Link = async function* starless(operation, next) {
      yield next(operation)
    }
    expect(starless).toBeDefined()
  })

  test('K-10 a chain without a terminal link', () => {
    // @ts-expect-error bearerLink is no terminal link
    expect(() => chain(bearerLink('t'))).toThrow(WiringError)
    // @ts-expect-error compose makes no terminal link
    expect(() => chain(tenant, compose(tenant))).toThrow(WiringError)
    // @ts-expect-error a chain has a terminal link at least
    expect(() => chain()).toThrow(WiringError)
    const mustNotCompile = (): unknown[] => [
      // @ts-expect-error tenant calls next
      chain(tenant),
      // @ts-expect-error tenant calls next
      chain(memoryLink(), tenant),
      // @ts-expect-error a client needs a terminal link
      createClient({ link: tenant }),
      // @ts-expect-error both sides are terminal links
      split(() => true, memoryLink(), tenant),
      // @ts-expect-error a factory is no link
      chain(bearerLink, memoryLink()),
    ]
    expect(mustNotCompile).toBeInstanceOf(Function)
    expectTypeOf(chain(tenant, memoryLink())).toEqualTypeOf<TerminalLink>()
    expectTypeOf(compose(tenant)).toEqualTypeOf<Link>()
    expectTypeOf(
      split(
        () => true,
        memoryLink(),
        () => single({}),
      ),
    ).toEqualTypeOf<TerminalLink>()
  })

  test('TL-3 httpLink with a function as the url and no origins', () => {
    // @ts-expect-error a function may choose among origins, and has to say which
    expect(() => httpLink({ url: () => 'https://api.test/graphql' })).toThrow(/origins/)
    expectTypeOf(
      httpLink({ url: () => 'https://api.test/graphql', origins: ['https://api.test'] }),
    ).toExtend<TerminalLink>()
  })

  test('options are typed: no unknown ones, and a token is a text or gives one', () => {
    const mustNotCompile = (): unknown[] => [
      // @ts-expect-error there is no such option
      bearerLink('t', { schema: 'Token' }),
      // @ts-expect-error a token is a text
      bearerLink(5),
      // @ts-expect-error a token is a text
      bearerLink(async () => 5),
    ]
    expect(mustNotCompile).toBeInstanceOf(Function)
    bearerLink(async (operation) => (operation.kind === 'query' ? 't' : undefined))
  })
})
