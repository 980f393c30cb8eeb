import type { DocumentNode } from 'graphql'
import { DocumentError } from './errors.ts'
import { inDevelopment } from './inDevelopment.ts'

/** The three kinds of operation of GraphQL (spec section 2.3). */
export type OperationKind = 'query' | 'mutation' | 'subscription'

/**
 * What types a document: the data it gives and the variables it takes. Matches, by structure, the documents of
 * GraphQL Code Generator (`TypedDocumentNode`, `TypedDocumentString`) and of gql.tada.
 */
export interface TypedDocument<Data, Variables> {
  __apiType?: ((variables: Variables) => Data) | undefined
}

/**
 * A document as a caller may give it: text, a `TypedDocumentString`, or an AST (`TypedDocumentNode`). The last two
 * carry the types of data and variables.
 */
export type Document<Data = unknown, Variables = Record<string, unknown>> =
  | string
  | (TypedDocument<Data, Variables> & (DocumentNode | StringObject))

/** A document of any data and variables. */
export type AnyDocument = Document<unknown, never>

/** What a `TypedDocumentString` is beside its types: an object of a class that extends `String`. */
interface StringObject {
  toString(): string
  // Every object has toString; a number and a request have not this one.
  charAt(position: number): string
}

/** Kind and name of one operation in a document. */
export interface OperationSignature {
  readonly kind: OperationKind
  readonly operationName: string | undefined
}

/**
 * A document, ready to be sent: the operations in it are known, and its text is had without a parser. Made by
 * {@link parseDocument}; immutable, so that one serves any number of executions.
 *
 * @example
 * ```ts
 * import { parseDocument } from '@graphlinks/core'
 *
 * const document = parseDocument('query A { a } query B { b }')
 * console.log(document.operations.length, document.select('B').operationName) // 2 B
 * console.log(await document.text())
 * ```
 */
export class GraphQLDocument {
  /** What the caller passed: a string, a `TypedDocumentString`, an AST, or what a build put in its place. For links that read a hash off it. */
  declare readonly source: Document<unknown, never>
  /** The operations of the document, in order; none are known of one that a build replaced by its hash. */
  declare readonly operations: readonly OperationSignature[]
  #text: string | undefined
  #json: string | undefined

  constructor(source: Document<unknown, never>, operations: readonly OperationSignature[], text: string | undefined) {
    this.source = source
    this.operations = operations
    this.#text = text
  }

  /**
   * The text of the document. A promise only for an AST that was not printed yet: that loads graphql's printer. Rejects
   * with a {@link DocumentError} for a document that a build replaced by its hash.
   */
  text(): string | Promise<string> {
    return this.#text ?? this.#print()
  }

  /** The text as a JSON string with its quotes, kept after the first call since it is part of every request body. */
  jsonText(): string | Promise<string> {
    if (this.#text === undefined) return this.#print().then(() => this.jsonText())
    return (this.#json ??= JSON.stringify(this.#text))
  }

  /**
   * The operation that a request with this `operationName` runs (GraphQL spec section 6.1, GetOperation).
   *
   * @param kind - of the operation, where nothing but a hash is left of the document.
   * @throws {@link DocumentError} when there is no such operation, or the document has several and none is named.
   */
  select(operationName?: string, kind?: OperationKind): OperationSignature {
    const { operations } = this
    if (this.#isReplaced && kind) return { kind, operationName }
    const selected =
      operationName === undefined
        ? operations.length === 1 && operations[0]
        : operations.find((operation) => operation.operationName === operationName)
    if (selected) return selected
    throw new DocumentError(
      inDevelopment(() => {
        if (this.#isReplaced)
          return 'of this document only a hash is left: use query, mutate or subscribe, which say its kind'
        const names = operations.map((operation) => operation.operationName ?? '(anonymous)').join(', ') || 'none'
        return operationName === undefined
          ? `the document must have one operation, or operationName must select one; it has: ${names}`
          : `the document has no operation "${operationName}"; it has: ${names}`
      }) ?? 'operationName',
    )
  }

  /** Whether a build left nothing but a hash (`replaceDocumentWithHash` of GraphQL Code Generator). */
  get #isReplaced(): boolean {
    return this.#text === undefined && !(this.source as DocumentNode).definitions?.length
  }

  async #print(): Promise<string> {
    if (this.#isReplaced) {
      throw new DocumentError(
        inDevelopment(
          () => 'of this document only a hash is left: send that, by persistedLink({ documentId: embeddedId() })',
        ) ?? 'no text',
      )
    }
    const { print } = await import('./printDocument.ts')
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
export function parseDocument(source: Document<unknown, never>): GraphQLDocument {
  // A TypedDocumentString is an object, so `typeof` cannot tell; a plain object would be text like "[object Object]".
  if (typeof source === 'string' || source instanceof String)
    return new GraphQLDocument(source, scanOperations(String(source)), String(source))
  if (isDocumentNode(source)) return new GraphQLDocument(source, operationsOf(source), undefined)
  throw new DocumentError(
    inDevelopment(() => 'the document is no GraphQL text, TypedDocumentString or parsed document') ?? 'no document',
  )
}

/** Whether a document is an AST, or what is left of one: `{ __meta__: { hash } }`. */
function isDocumentNode(source: unknown): source is Partial<DocumentNode> {
  const { kind, __meta__ } = Object(source) as { readonly kind?: unknown; readonly __meta__?: unknown }
  return kind === 'Document' || Boolean(__meta__)
}

function operationsOf({ definitions = [] }: Partial<DocumentNode>): OperationSignature[] {
  return definitions.flatMap((definition) =>
    definition.kind === 'OperationDefinition'
      ? [{ kind: definition.operation as OperationKind, operationName: definition.name?.value }]
      : [],
  )
}

/**
 * Finds the operations in the text of a document, in one linear pass and without a parser. It agrees with graphql's
 * parser on every valid document; on an invalid one it finds what it can and leaves the complaint to the server.
 *
 * @example
 * ```ts
 * import { scanOperations } from '@graphlinks/core'
 *
 * console.log(scanOperations('query Me { me { id } }')) // [{ kind: 'query', operationName: 'Me' }]
 * ```
 */
export function scanOperations(text: string): OperationSignature[] {
  const operations: OperationSignature[] = []
  let depth = 0
  // The words and punctuators that a definition starts with, before its first brace.
  let head: string[] = []

  for (const [token] of text.matchAll(tokens)) {
    if (/^["#]/.test(token)) continue
    if (depth === 0) {
      const [kind = 'query', name = ''] = head
      if (token !== '{') head.push(token)
      else if (isOperationKind(kind)) operations.push({ kind, operationName: /\w/.test(name) ? name : undefined })
    }
    if ('{(['.includes(token)) depth++
    if ('})]'.includes(token) && --depth === 0 && token === '}') head = []
  }
  return operations
}

// Comments, block strings, strings, names and numbers, punctuators (GraphQL spec section 2.1). A string without an end
// goes on to the end of the text, so that no character is read twice.
const tokens = /#[^\n\r]*|"""(?:\\"""|[^])*?(?:"""|$)|"(?:\\?[^])*?(?:"|$)|\w+|[{([})\]@$]/g

function isOperationKind(word: string): word is OperationKind {
  return /^(query|mutation|subscription)$/.test(word)
}
