import { DocumentError, parseDocument, scanOperations } from '@graphlinks/core'
import fc from 'fast-check'
import { parse } from 'graphql'
import { bent, wild } from '../inputs.ts'
import { fuzzTarget, must } from '../target.ts'

const words = [
  'query',
  'mutation',
  'subscription',
  'fragment',
  'on',
  'A',
  '{',
  '}',
  '(',
  ')',
  '[',
  ']',
  '@',
  '$',
  ':',
  '!',
  '"',
  '"""',
  '\\',
  '\\"""',
  '#',
  ' ',
  '\n',
  ',',
  '...',
  '{ a }',
  '"}"',
  'query Q($a: I = {b: 1}) @d { a }',
]
const documents = [
  'query Q($a: Int = 1, $b: [In!]! = {c: "}"}) @d(e: "{") { a(b: """ } \\""" """) ...F } fragment F on T { b }',
  '# {\nmutation M { a } subscription S { b }',
  '{ a ... @defer(if: true, label: "x") { b } }',
]

/** The scanner of documents agrees with graphql's parser, and throws at nothing. */
export const document = fuzzTarget('document', fc.oneof(wild(words), bent(documents, words)), (text) => {
  const found = scanOperations(text)
  for (const { kind, operationName } of found) {
    must(['query', 'mutation', 'subscription'].includes(kind), `a kind is ${kind}`)
    must(operationName === undefined || /^\w+$/.test(operationName), 'a name is none')
  }
  try {
    parseDocument(text).select(found.at(-1)?.operationName)
  } catch (error) {
    must(DocumentError.is(error), `it threw ${String(error)}`)
  }
  const expected = operationsOf(text)
  must(!expected || JSON.stringify(found) === JSON.stringify(expected), 'it does not agree with the parser')
})

/** As the parser sees it; `undefined` where it is none. */
function operationsOf(text: string): readonly object[] | undefined {
  // The parser of graphql is recursive and not fast: it is not what is tested here.
  if (text.length > 5_000) return undefined
  try {
    return parse(text).definitions.flatMap((definition) =>
      definition.kind === 'OperationDefinition'
        ? [{ kind: definition.operation, operationName: definition.name?.value }]
        : [],
    )
  } catch {
    return undefined
  }
}
