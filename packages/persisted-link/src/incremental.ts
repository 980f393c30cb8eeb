import type { GraphQLDocument } from '@graphlinks/core'

// In a text, where a comment that looks like it does no harm; in an AST as JSON; and what GraphQL Code Generator leaves
// of a document that it replaced.
const streams =
  /@[\s,\uFEFF]*(defer|stream)\b|"Directive","name":\{"kind":"Name","value":"(defer|stream)"|"deferredFields":/

/** Makes a function that says whether a document has `@defer` or `@stream`. It prints none, and remembers each. */
export function incrementalTest(): (document: GraphQLDocument) => boolean {
  const known = new WeakMap<GraphQLDocument, boolean>()
  return (document) => {
    const isIncremental = known.get(document) ?? streams.test(outlineOf(document))
    known.set(document, isIncremental)
    return isIncremental
  }
}

function outlineOf({ source }: GraphQLDocument): string {
  return typeof source === 'string' || source instanceof String ? String(source) : JSON.stringify(source)
}
