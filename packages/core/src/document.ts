import type { DocumentNode } from 'graphql'
import { DocumentError } from './errors.ts'

/** The three kinds of operation of GraphQL (spec section 2.3). */
export type OperationKind = 'query' | 'mutation' | 'subscription'

/**
 * What types a document: the data it gives and the variables it takes. Matches, by structure, the documents of
 * GraphQL Code Generator (`TypedDocumentNode`, `TypedDocumentString`) and of gql.tada.
 */
export interface TypedDocument<Data, Variables> {
  __apiType?: (variables: Variables) => Data
}

/**
 * A document as a caller may give it: text, a `TypedDocumentString`, or an AST (`TypedDocumentNode`). The last two
 * carry the types of data and variables.
 */
export type Document<Data = unknown, Variables = Record<string, unknown>> =
  | string
  | (TypedDocument<Data, Variables> & (DocumentNode | { toString(): string }))

/** Kind and name of one operation in a document. */
export interface OperationSignature {
  readonly kind: OperationKind
  readonly operationName: string | undefined
}

/**
 * A document, ready to be sent: the operations in it are known, and its text is had without a parser. Made by
 * {@link parseDocument}; immutable, so that one serves any number of executions.
 */
export class GraphQLDocument {
  /** What the caller passed: a string, a `TypedDocumentString` or an AST. For links that read a hash off it. */
  readonly source: Document
  /** The operations of the document, in order. */
  readonly operations: readonly OperationSignature[]
  #text: string | undefined
  #json: string | undefined

  constructor(source: Document, operations: readonly OperationSignature[], text: string | undefined) {
    this.source = source
    this.operations = operations
    this.#text = text
  }

  /** The text of the document. A promise only for an AST that was not printed yet: that loads graphql's printer. */
  text(): string | Promise<string> {
    return this.#text ?? this.#print()
  }

  /** The text as a JSON string with its quotes, kept after the first call since it is part of every request body. */
  jsonText(): string | Promise<string> {
    if (this.#json !== undefined) return this.#json
    const text = this.text()
    return typeof text === 'string' ? (this.#json = JSON.stringify(text)) : text.then(() => this.jsonText())
  }

  /**
   * The operation that a request with this `operationName` runs (GraphQL spec section 6.1, GetOperation).
   *
   * @throws {@link DocumentError} when there is no such operation, or the document has several and none is named.
   */
  select(operationName?: string): OperationSignature {
    const { operations } = this
    const selected =
      operationName === undefined
        ? operations.length === 1 && operations[0]
        : operations.find((operation) => operation.operationName === operationName)
    if (selected) return selected
    const names = operations.map((operation) => operation.operationName ?? '(anonymous)').join(', ')
    throw new DocumentError(
      operations.length === 0
        ? 'the document has no operation: write a query, mutation or subscription in it'
        : operationName === undefined
          ? `the document has ${operations.length} operations (${names}): say which one with operationName`
          : `the document has no operation "${operationName}", only ${names}`,
    )
  }

  async #print(): Promise<string> {
    const { print } = await import('graphql')
    return (this.#text = print(this.source as DocumentNode))
  }
}

/**
 * Reads a document of any accepted shape. No GraphQL parser is involved: the kind and name of each operation come from
 * {@link scanOperations}, and an AST is printed only when its text is asked for.
 *
 * @throws {@link DocumentError} when the value is no document.
 *
 * @example
 * ```ts
 * import { parseDocument } from '@graphlinks/core'
 *
 * const document = parseDocument('mutation AddCity { addCity { id } }')
 * console.log(document.select().kind) // mutation
 * ```
 */
export function parseDocument(source: Document): GraphQLDocument {
  if (isDocumentNode(source)) return new GraphQLDocument(source, operationsOf(source), undefined)
  // A TypedDocumentString is an object, so `typeof` cannot tell; a plain object would be text like "[object Object]".
  const text = typeof source === 'string' || source instanceof String ? String(source) : undefined
  if (text === undefined) {
    throw new DocumentError('the document is no GraphQL text, TypedDocumentString or parsed document')
  }
  return new GraphQLDocument(source, scanOperations(text), text)
}

function isDocumentNode(source: unknown): source is DocumentNode {
  return typeof source === 'object' && source !== null && (source as { kind?: unknown }).kind === 'Document'
}

function operationsOf(node: DocumentNode): OperationSignature[] {
  return node.definitions.flatMap((definition) =>
    definition.kind === 'OperationDefinition'
      ? [{ kind: definition.operation as OperationKind, operationName: definition.name?.value }]
      : [],
  )
}

/**
 * Finds the operations in the text of a document, in one linear pass and without a parser. It agrees with graphql's
 * parser on every valid document; on an invalid one it finds what it can and leaves the complaint to the server.
 */
export function scanOperations(text: string): OperationSignature[] {
  const operations: OperationSignature[] = []
  let depth = 0
  // What the definition being read starts with; undefined between definitions.
  let definition: string | undefined
  let operationName: string | undefined
  let expectsName = false

  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === Hash) {
      at = endOfLine(text, at)
    } else if (char === Quote) {
      at = endOfString(text, at)
    } else if (char === OpenBrace || char === OpenParen || char === OpenBracket) {
      if (char === OpenBrace && depth === 0) {
        const kind = definition ?? 'query'
        if (isOperationKind(kind)) operations.push({ kind, operationName })
      }
      depth++
      expectsName = false
    } else if (char === CloseBrace || char === CloseParen || char === CloseBracket) {
      depth = Math.max(0, depth - 1)
      if (depth === 0 && char === CloseBrace) definition = operationName = undefined
    } else if (char === At || char === Dollar) {
      expectsName = false
    } else if (isNameStart(char)) {
      const end = endOfName(text, at)
      if (depth === 0) {
        if (definition === undefined) {
          definition = text.slice(at, end)
          expectsName = true
        } else if (expectsName) {
          operationName = text.slice(at, end)
          expectsName = false
        }
      }
      at = end - 1
    }
  }
  return operations
}

const Hash = 0x23
const Quote = 0x22
const Backslash = 0x5c
const At = 0x40
const Dollar = 0x24
const OpenBrace = 0x7b
const CloseBrace = 0x7d
const OpenParen = 0x28
const CloseParen = 0x29
const OpenBracket = 0x5b
const CloseBracket = 0x5d
const LineFeed = 0x0a
const CarriageReturn = 0x0d

function isOperationKind(word: string): word is OperationKind {
  return word === 'query' || word === 'mutation' || word === 'subscription'
}

function isNameStart(char: number): boolean {
  return (char >= 0x61 && char <= 0x7a) || (char >= 0x41 && char <= 0x5a) || char === 0x5f
}

function endOfName(text: string, at: number): number {
  let end = at + 1
  for (; end < text.length; end++) {
    const char = text.charCodeAt(end)
    if (!isNameStart(char) && !(char >= 0x30 && char <= 0x39)) break
  }
  return end
}

function endOfLine(text: string, at: number): number {
  let end = at
  while (end < text.length && text.charCodeAt(end) !== LineFeed && text.charCodeAt(end) !== CarriageReturn) end++
  return end
}

/** The position of the last quote of the string (or block string, GraphQL spec section 2.9.4) that starts at `at`. */
function endOfString(text: string, at: number): number {
  if (text.startsWith('"""', at)) {
    let end = text.indexOf('"""', at + 3)
    while (end > 0 && text.charCodeAt(end - 1) === Backslash) end = text.indexOf('"""', end + 3)
    return end < 0 ? text.length : end + 2
  }
  for (let end = at + 1; end < text.length; end++) {
    const char = text.charCodeAt(end)
    if (char === Backslash) end++
    else if (char === Quote) return end
  }
  return text.length
}
