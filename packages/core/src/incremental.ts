// Loaded when a response has several parts: terminal links import it lazily.
import { GraphLinksError, type ErrorDetails } from './errors.ts'
import { Draft, isNode, type JsonNode } from './incremental/draft.ts'
import type { IncrementalPart, Result } from './results.ts'

type Path = IncrementalPart['path']

/** What servers put into payloads and into the entries of their lists. Nothing is known of the values. */
interface Payload {
  readonly data?: unknown
  readonly errors?: unknown
  readonly extensions?: unknown
  readonly hasNext?: unknown
  readonly incremental?: unknown
  readonly items?: unknown
  readonly path?: unknown
  readonly label?: unknown
  readonly pending?: unknown
  readonly completed?: unknown
  readonly id?: unknown
  readonly subPath?: unknown
}

/**
 * The payloads of a response with `@defer` or `@stream` cannot be put together. Results that came before have been
 * delivered.
 *
 * @example
 * ```ts
 * import { IncrementalDeliveryError } from '@graphlinks/core/incremental'
 *
 * export const soFar = (error: unknown): unknown =>
 *   IncrementalDeliveryError.is(error) ? error.partial?.data : undefined
 * ```
 */
export class IncrementalDeliveryError extends GraphLinksError {
  static override readonly name: string = 'IncrementalDeliveryError'
  static override readonly code: string = 'INCREMENTAL_DELIVERY'
  readonly #partial: Result | undefined

  constructor(message: string, details: ErrorDetails = {}, partial?: Result) {
    super(message, details)
    this.#partial = partial
  }

  /** The data so far. Not printed with the error. */
  get partial(): Result | undefined {
    return this.#partial
  }
}

/** Whether a payload is part of a response with several, in any of the formats. A plain result is not. */
export function isIncrementalPayload(payload: object): boolean {
  return Object.keys(payload).some((key) => /^(hasNext|incremental|pending|completed|path|items)$/.test(key))
}

/**
 * Puts the payloads of one response together, in each of the formats that servers speak: patches that name a path (one
 * per payload, as Grafserv sends them, or in lists, as of 2022), and parts that are announced and then named by an id.
 *
 * Results are snapshots: none changes later, what a payload does not touch is the same object as in the snapshot before,
 * and payloads are left as they came. A patch below a field that is null is dropped, as is one below a fragment that
 * failed, and listed in `incremental.failed`; below any other field that is not there it is an error.
 *
 * @see https://github.com/graphql/graphql-spec/pull/1110
 * @see https://github.com/graphql/graphql-over-http/blob/main/rfcs/IncrementalDelivery.md
 *
 * @example
 * ```ts
 * import { IncrementalMerger } from '@graphlinks/core/incremental'
 *
 * const merger = new IncrementalMerger()
 * merger.add({ data: { id: '1' }, pending: [{ id: '0', path: [] }], hasNext: true })
 * const { data } = merger.add({ incremental: [{ id: '0', data: { name: 'Ada' } }], completed: [{ id: '0' }], hasNext: false })
 * console.log(data) // { id: '1', name: 'Ada' }
 * ```
 */
export class IncrementalMerger {
  readonly #details: ErrorDetails | undefined
  #latest: Result | undefined
  // By id.
  readonly #pending = new Map<unknown, IncrementalPart>()
  // Paths, as JSON.
  readonly #endedLists = new Set<string>()
  #holes = 0

  /** @param details - for errors: the link and the operation. */
  constructor(details?: ErrorDetails) {
    this.#details = details
  }

  /** Whether more must come. */
  get hasNext(): boolean {
    return this.#latest?.hasNext === true
  }

  /** The last snapshot, if there is one: also what came before an error. */
  get latest(): Result | undefined {
    return this.#latest
  }

  /** Takes a payload as it came. @returns the snapshot with it. @throws {@link IncrementalDeliveryError} */
  add(payload: unknown): Result {
    try {
      return this.#add(payload)
    } catch (error) {
      // Objects that are merged may be nested deeper than the stack.
      throw error instanceof RangeError ? this.#error('a payload is nested too deeply') : error
    }
  }

  #add(payload: unknown): Result {
    const [given = {}] = this.#entries([payload])
    const { data } = given
    const before = this.#latest
    if (before && !before.hasNext) throw this.#error('a payload came after the last one')
    if (!before && !isIncrementalPayload(given)) return (this.#latest = given as Result)
    if (!before && (!isNode(data ?? {}) || Array.isArray(data))) throw this.#error(malformed)

    const pending: IncrementalPart[] = []
    const { delivered = [], failed = [] } = before?.incremental ?? {}
    const draft = new Draft(
      {
        ...(before ?? (data !== undefined && { data })),
        hasNext: given.hasNext === true,
        incremental: { delivered, pending, failed },
      },
      this.#holes,
    )
    this.#note(given, draft)
    for (const entry of this.#entries(given.pending)) this.#pending.set(entry.id, this.#part(entry))
    if (before && (given.path ?? data ?? given.items) !== undefined) this.#patchPath(given, draft)
    for (const patch of this.#entries(given.incremental)) {
      this.#note(patch, draft)
      if (patch.id === undefined) this.#patchPath(patch, draft)
      else this.#patchPending(patch, draft)
    }
    for (const { id, errors } of this.#entries(given.completed)) {
      draft.append(['incremental', this.#note({ errors }, draft) ? 'failed' : 'delivered'], [this.#announced(id)])
      this.#pending.delete(id)
    }
    for (const part of this.#pending.values()) pending.push(part)

    this.#latest = draft.result
    this.#holes = draft.holes
    if (!this.hasNext && pending.length + this.#holes > 0)
      throw this.#error('nothing follows, and parts of the data have not come')
    return draft.result
  }

  /** Formats (a) and (b), of before graphql 17. */
  #patchPath(patch: Payload, draft: Draft): void {
    const part = this.#part(patch)
    const { items, data = null } = patch
    const index = part.path.at(-1)
    const list = { ...part, path: part.path.slice(0, -1) }
    const parent = draft.open(['data', ...list.path])
    // Grafserv sends an item as the data of a place that its list does not have yet.
    const isItem = typeof index === 'number' && Array.isArray(parent) && !Object.hasOwn(parent, index)
    if (items === undefined && !isItem) {
      const isMerged = data !== null && this.#write(part.path, draft, (node) => draft.merge(node, data))
      draft.append(['incremental', isMerged ? 'delivered' : 'failed'], [part])
      return
    }
    const key = JSON.stringify(list.path)
    // A server may still send items that it had at hand when it ended the list.
    if (this.#endedLists.has(key)) return
    if (items === null) this.#endedLists.add(key)
    const isInserted =
      items !== null && this.#write(list.path, draft, (node) => draft.insert(node, items ?? [data], index))
    if (!isInserted) draft.append(['incremental', 'failed'], [list])
  }

  /** Format (c), of graphql 17, which announces nothing below what is null or failed. */
  #patchPending({ id, subPath, items, data }: Payload, draft: Draft): void {
    const path = [...this.#announced(id).path, ...this.#path(subPath)]
    const isWritten = this.#write(path, draft, (node) =>
      items === undefined ? draft.merge(node, data) : draft.insert(node, items),
    )
    if (!isWritten) throw this.#error(nowhere)
  }

  /** @returns whether there is a place to write to. */
  #write(path: Path, draft: Draft, write: (node: JsonNode) => boolean): boolean {
    const node = draft.open(['data', ...path])
    // What a fragment that failed would have brought is not there.
    if (!node && (node === null || draft.result.incremental?.failed.length)) return false
    if (!node || !write(node)) throw this.#error(nowhere)
    return true
  }

  /** Keeps the errors and extensions of a payload or an entry. @returns whether there are errors. */
  #note({ errors, extensions }: Payload, draft: Draft): boolean {
    const { result } = draft
    if (isNode(extensions)) result.extensions = { ...result.extensions, ...extensions }
    const entries = this.#entries(errors)
    if (entries.length === 0) return false
    result.errors ??= []
    draft.append(['errors'], entries)
    return true
  }

  #announced(id: unknown): IncrementalPart {
    const part = this.#pending.get(id)
    if (!part) throw this.#error('a payload has an id that is not pending')
    return part
  }

  #part({ path, label }: Payload): IncrementalPart {
    return { path: this.#path(path), ...(typeof label === 'string' && { label }) }
  }

  #path(path: unknown): Path {
    if (path == null) return []
    if (Array.isArray(path)) return path
    throw this.#error(malformed)
  }

  #entries(list: unknown): readonly Payload[] {
    if (list == null) return []
    if (Array.isArray(list) && list.every(isNode)) return list
    throw this.#error(malformed)
  }

  /** Names nothing of a payload: all of it is data. */
  #error(message: string): IncrementalDeliveryError {
    return new IncrementalDeliveryError(message, this.#details, this.#latest)
  }
}

const malformed = 'a payload is malformed'
const nowhere = 'a payload is for a place that is not there'
