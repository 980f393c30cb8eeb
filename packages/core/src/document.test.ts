import * as fc from 'fast-check'
import { parse, print, version, type DocumentNode } from 'graphql'
import { createOperation, DocumentError, parseDocument, scanOperations, type OperationSignature } from './index.ts'

/** As GraphQL Code Generator's client preset writes it with `documentMode: 'string'`. */
class TypedDocumentString<Data, Variables> extends String {
  __apiType?: (variables: Variables) => Data
  private value: string

  constructor(value: string) {
    super(value)
    this.value = value
  }

  override toString(): string {
    return this.value
  }
}

function operationsOf(text: string): OperationSignature[] {
  return parse(text).definitions.flatMap((definition) =>
    definition.kind === 'OperationDefinition'
      ? [{ kind: definition.operation, operationName: definition.name?.value }]
      : [],
  )
}

// Documents are made of texts that the scanner could trip over, joined by whatever the grammar ignores.
const trap = fc.constantFrom(
  ...'query mutation subscription fragment on type extend schema true null query1 _ __typename A b2 Query'.split(' '),
)
const name = fc.oneof(trap, fc.stringMatching(/^[_a-zA-Z][_a-zA-Z0-9]{0,6}$/))
const fragmentName = name.filter((word) => word !== 'on')
const comment = fc
  .stringMatching(/^[^\r\n]{0,12}$/u)
  .map((text) => `# {"query" ${text.replaceAll(/[\ud800-\udfff]/g, '')}`)
const ignored = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(' ', '  ', '\t', ',', '\n', '\r\n', '\r', ' , ', '\ufeff', ' \ufeff ') },
  {
    weight: 1,
    arbitrary: fc.tuple(comment, fc.constantFrom('\n', '\r', '\r\n')).map((parts) => `\n${parts.join('')}`),
  },
)
const joined = (...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...parts.flatMap((part) => [part, ignored])).map((texts) => texts.join(''))
const text = (value: string): fc.Arbitrary<string> => fc.constant(value)
const maybe = (part: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.oneof(text(''), part)
const many = (part: fc.Arbitrary<string>, minLength = 0): fc.Arbitrary<string> =>
  fc.array(joined(part), { minLength, maxLength: 2 }).map((parts) => parts.join(''))

const plainString = fc
  .array(fc.constantFrom('a', ' ', '{', '}', '#', "'", '\\"', '\\\\', '\\n', '\\u007D', 'query X {', '""'.slice(2)), {
    maxLength: 5,
  })
  .map((parts) => `"${parts.join('')}"`)
const blockString = fc
  .array(
    fc.constantFrom('a', '\n', '{', '}', '#', ' " ', ' "" ', '\\"""', '\\', '\\\\ ', 'mutation M {', '\r\n', '\\n'),
    { maxLength: 6 },
  )
  // A quote at the end would make four of them, and a backslash would escape the end.
  .map((parts) => `"""${parts.join('')} """`)

const { value, selection } = fc.letrec<{ value: string; selection: string; selections: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('1', '-1.5e3', 'true', 'null', 'ENUM', 'query'),
    plainString,
    blockString,
    joined(text('['), many(tie('value')), text(']')),
    joined(text('{'), many(joined(name, text(':'), tie('value'))), text('}')),
  ),
  selections: fc.array(joined(tie('selection')), { minLength: 1, maxLength: 2 }).map((parts) => `{${parts.join('')}}`),
  selection: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    name,
    joined(text('...'), fragmentName),
    joined(name, text('('), joined(name, text(':'), tie('value')), text(')')),
    joined(name, text(':'), name, tie('selections')),
    joined(text('... on'), name, tie('selections')),
    joined(text('...'), tie('selections')),
  ),
}))
const directive = fc.oneof(
  joined(text('@'), name),
  joined(text('@'), name, text('('), joined(name, text(':'), value), text(')')),
)
const selections = many(selection, 1).map((parts) => `{${parts}}`)
const type = fc.oneof(
  name,
  name.map((word) => `${word}!`),
  name.map((word) => `[${word}!]!`),
)
const constant = value.filter((candidate) => !candidate.includes('$'))
const variable = joined(text('$'), name, text(':'), type, maybe(joined(text('='), constant)), many(directive))
const variables = maybe(joined(text('('), many(variable, 1), text(')')))
const description = version.startsWith('17') ? maybe(fc.oneof(plainString, blockString)) : text('')
const kind = fc.constantFrom('query', 'mutation', 'subscription')
const definition = fc.oneof(
  selections,
  joined(description, kind, maybe(name), variables, many(directive), selections),
  joined(description, text('fragment'), fragmentName, text('on'), name, many(directive), selections),
)
const documentText = fc
  .tuple(
    maybe(text('\ufeff')),
    maybe(ignored),
    fc.array(joined(definition), { minLength: 1, maxLength: 4 }),
    maybe(comment),
  )
  .map(([mark, before, definitions, after]) => mark + before + definitions.join('') + after)

describe('K-9 scanOperations', () => {
  test('K-9 words that only contain a kind are none, and a string without an end goes on to the end', () => {
    expect(scanOperations('queryA { a } myquery B { b } subscriptions C { c }')).toEqual([])
    const first = { kind: 'query', operationName: undefined }
    for (const open of ['"', '"""', '""" " ', '"\\"']) {
      expect(scanOperations(`{ a(b: ${open}) } mutation M { b }`)).toEqual([first])
    }
    expect(scanOperations('{ a(b: "", c: """" " """) } mutation M { b }')).toEqual([
      first,
      { kind: 'mutation', operationName: 'M' },
    ])
  })

  test('K-9 the operations of a parsed document are those, and not its fragments', () => {
    const document = parseDocument(parse('fragment F on T { a } query Q { ...F } fragment G on T { a }'))
    expect(document.operations).toEqual([{ kind: 'query', operationName: 'Q' }])
  })

  test("K-9 agrees with graphql's parser on every document that it accepts", () => {
    let accepted = 0
    fc.assert(
      fc.property(documentText, (document) => {
        let expected: OperationSignature[]
        try {
          expected = operationsOf(document)
        } catch {
          return
        }
        accepted++
        expect(scanOperations(document)).toEqual(expected)
        expect(parseDocument(parse(document)).operations).toEqual(expected)
      }),
      { numRuns: 1_500 },
    )
    // The generator is only worth something where its documents are valid.
    expect(accepted).toBeGreaterThan(1_350)
  })

  const cases: [string, string][] = [
    ['shorthand', '{ a }'],
    ['a byte order mark', '\ufeff{ a }'],
    ['no white space', 'query A{a}mutation B{b}{c}'],
    ['names that are keywords', 'query query { query } mutation mutation { a } query on { on } query fragment { a }'],
    ['a fragment before', 'fragment query on query { query } query Q { ...query }'],
    ['a fragment called mutation', 'fragment mutation on T { a } subscription S { s }'],
    ['anonymous with variables', 'query ($a: I = { b: { c: "}" } }, $d: [Int!]! = [1]) { a }'],
    ['anonymous with directives', 'mutation @live(if: { a: "{" }) @x { a }'],
    ['a directive called like a name', 'query Q @query { a } query @Q { a }'],
    ['comments everywhere', '#{ x }\nquery#mutation\rQ#{\r\n{ a # }\n }\n#query Z { z }'],
    ['a comment at the end', '{ a } # query B { b }'],
    ['strings', 'query Q { a(b: "}", c: "\\"}", d: "\\\\", e: "", f: "# {") } query R { r }'],
    ['block strings', 'query Q { a(b: """ } \\""" " "" { """, c: """""", d: """\\ """) } query R { r }'],
    ['an empty string next to a block string', 'query Q { a(b: ["" """ x """ ""]) } query R { r }'],
    ['variables with directives', 'query Q($a: Int @dep(reason: "query X {")) { a }'],
    ['aliases that look like operations', '{ query: mutation subscription { query } } mutation { a }'],
    ['commas', ',,query,Q,(,$a,:,Int,,),{,a,},'],
  ]
  test.each(cases)('K-9 agrees with the parser on %s', (_, document) => {
    expect(scanOperations(document)).toEqual(operationsOf(document))
  })

  if (version.startsWith('17')) {
    test('K-9 agrees with the parser of graphql 17 on descriptions', () => {
      const document = '"query X {" query Q { a } """\nmutation {\n""" mutation M("d" $a: Int) { b }'
      expect(scanOperations(document)).toEqual(operationsOf(document))
    })
  }

  test('K-9 an invalid document is left to the server: never an exception, always an end', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc
            .array(fc.constantFrom('query', 'Q', '{', '}', '(', ')', '"', '"""', '\\', '#', '\n', '@', '$', ' '))
            .map((parts) => parts.join('')),
        ),
        (document) => {
          for (const { kind: found } of scanOperations(document)) {
            expect(['query', 'mutation', 'subscription']).toContain(found)
          }
        },
      ),
    )
    for (const document of ['', ' ', 'fragment F on T { a }', 'type T { a: Int }', 'nonsense', '"""', '"', 'query Q']) {
      expect(scanOperations(document)).toEqual([])
    }
  })

  test('K-9 threats 14 is linear: a document of many unclosed things reads each character a bounded number of times', () => {
    for (const part of ['{', '"', '#', '"""', '"\\', '""" \\', 'query ', '@', '(', 'q', '{a}', ')', 'a', ' ', 'é']) {
      const document = part.repeat(200_000)
      const start = performance.now()
      scanOperations(document)
      // Linear is 10 to 100 ms; a scanner that starts again at each of them would take minutes.
      expect(performance.now() - start).toBeLessThan(2_000)
    }
  })
})

describe('parseDocument', () => {
  test('takes text, a TypedDocumentString and an AST, and keeps the source', async () => {
    const source = 'query Q { a }'
    const typed = new TypedDocumentString<{ a: string }, Record<string, never>>(source)
    const ast = parse(source)
    for (const given of [source, typed, ast]) {
      const document = parseDocument(given)
      expect(document.source).toBe(given)
      expect(document.operations).toEqual([{ kind: 'query', operationName: 'Q' }])
      expect(parse(await document.text())).toMatchObject({ kind: 'Document' })
    }
    expect(parseDocument(typed).text()).toBe(source)
    expect(parseDocument(typed).jsonText()).toBe(JSON.stringify(source))
  })

  test('what is no document is refused, and not shown', () => {
    for (const value of [undefined, null, 1, {}, [], () => {}, { kind: 'Field' }, { query: '{ secret }' }]) {
      expect(() => parseDocument(value as never)).toThrow(DocumentError)
      expect(() => parseDocument(value as never)).not.toThrow(/secret/)
    }
  })

  test('K-9 an AST is printed when its text is asked for, and once', async () => {
    let reads = 0
    const { definitions, ...rest } = parse('query Q { a(b: "x") }')
    const ast = Object.defineProperty({ ...rest } as DocumentNode, 'definitions', {
      get() {
        reads++
        return definitions
      },
      enumerable: true,
    })
    const document = parseDocument(ast)
    expect(document.operations).toEqual([{ kind: 'query', operationName: 'Q' }])
    const readsOfParsing = reads
    const printing = document.text()
    expect(printing).toBeInstanceOf(Promise)
    const text = print(parse('query Q { a(b: "x") }'))
    expect(await printing).toBe(text)
    const readsOfPrinting = reads
    expect(readsOfPrinting).toBeGreaterThan(readsOfParsing)
    expect(document.text()).toBe(text)
    expect(document.jsonText()).toBe(JSON.stringify(text))
    expect(reads).toBe(readsOfPrinting)
    expect(await parseDocument(ast).jsonText()).toBe(JSON.stringify(text))
  })

  test('K-9 a text is given at once, without a promise, and its JSON is made once', () => {
    const document = parseDocument('query Q { a(b: "ü\u2028") }')
    expect(document.text()).toBe('query Q { a(b: "ü\u2028") }')
    const stringify = jest.spyOn(JSON, 'stringify')
    try {
      expect(document.jsonText()).toBe(document.jsonText())
      expect(stringify).toHaveBeenCalledTimes(1)
    } finally {
      stringify.mockRestore()
    }
  })
})

describe('select', () => {
  const select = (text: string, operationName?: string): OperationSignature => parseDocument(text).select(operationName)

  test('finds the only operation, or the one that is named', () => {
    expect(select('{ a }')).toEqual({ kind: 'query', operationName: undefined })
    expect(select('fragment F on T { a } mutation M { ...F }')).toEqual({ kind: 'mutation', operationName: 'M' })
    expect(select('query A { a } subscription B { b }', 'B')).toEqual({ kind: 'subscription', operationName: 'B' })
    expect(select('query A { a }', 'A').operationName).toBe('A')
  })

  test('K-10 no operation, several without a name, or a name that is not there: the sentence lists what is', () => {
    const messageOf = (text: string, operationName?: string): string => {
      try {
        select(text, operationName)
      } catch (error) {
        expect(error).toBeInstanceOf(DocumentError)
        return (error as Error).message
      }
      throw new Error('it should have thrown')
    }
    expect(messageOf('fragment F on T { a }')).toMatch(/operation.*it has: none$/)
    expect(messageOf('')).toMatch(/operation/)
    expect(messageOf('query A { a } { b }')).toMatch(/A, \(anonymous\)/)
    expect(messageOf('query A { a } { b }')).toMatch(/operationName/)
    expect(messageOf('query A { a } mutation B { b }', 'C')).toMatch(/"C".*A, B/)
    expect(messageOf('{ a }', '')).toMatch(/""/)
  })
})

describe('a document of which a build left only a hash', () => {
  // As GraphQL Code Generator (replaceDocumentWithHash) and others write it.
  const replaced = [
    { __meta__: { hash: 'sha256:01' } },
    { kind: 'Document', definitions: [], documentId: '01' },
  ] as unknown as DocumentNode[]

  test('its kind is what the caller says, its name too; without a kind there is a sentence', () => {
    for (const source of replaced) {
      const document = parseDocument(source)
      expect(document.source).toBe(source)
      expect(document.operations).toEqual([])
      expect(document.select(undefined, 'mutation')).toEqual({ kind: 'mutation', operationName: undefined })
      expect(document.select('A', 'query')).toEqual({ kind: 'query', operationName: 'A' })
      expect(() => document.select()).toThrow(/only a hash is left: use query, mutate or subscribe/)
      expect(createOperation({ document: source, kind: 'subscription' }).kind).toBe('subscription')
    }
  })

  test('it has no text, and is not printed', async () => {
    for (const source of replaced) {
      const document = parseDocument(source)
      for (const text of [document.text(), document.jsonText()]) {
        await expect(text).rejects.toThrow(DocumentError)
        await expect(text).rejects.toThrow(/only a hash is left: send that, by persistedLink/)
      }
    }
  })

  test('a kind says nothing of a document with a text', () => {
    expect(createOperation({ document: '{ a }', kind: 'mutation' }).kind).toBe('query')
    expect(createOperation({ document: parse('{ a }'), kind: 'mutation' }).kind).toBe('query')
    expect(() => parseDocument(parse('fragment F on T { a }')).select('A', 'query')).toThrow(DocumentError)
    expect(() => parseDocument('').select('A', 'query')).toThrow(DocumentError)
    const typed = Object.assign(new String('mutation { a }'), { __meta__: { hash: '01' } }) // oxlint-disable-line no-new-wrappers
    expect(parseDocument(typed as never).select(undefined, 'query').kind).toBe('mutation')
  })
})
