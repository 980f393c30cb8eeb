import { parseDocument, type AnyDocument, type GraphQLDocument } from './document.ts'

const maxTexts = 1_000

/** Parsed documents of one client: objects for as long as they live, texts up to a number, the oldest leaving first. */
export class DocumentCache {
  readonly #objects = new WeakMap<object, GraphQLDocument>()
  readonly #texts = new Map<unknown, GraphQLDocument>()

  get(source: AnyDocument): GraphQLDocument {
    const cache = typeof source === 'object' ? this.#objects : this.#texts
    let document = cache.get(source as object)
    if (!document) {
      document = parseDocument(source)
      cache.set(source as object, document)
      if (this.#texts.size > maxTexts) this.#texts.delete(this.#texts.keys().next().value)
    }
    return document
  }
}
