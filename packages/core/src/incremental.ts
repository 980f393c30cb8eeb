// Loaded when a response has several parts: terminal links import it lazily.
import { GraphLinksError, type ErrorDetails } from './errors.ts'
import { isNode, SnapshotTree, type JsonNode } from './incremental/snapshotTree.ts'
import type { IncrementalPart, Result, ResultError } from './results.ts'

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

/** What one payload adds to the snapshot before it. */
interface Gain {
  readonly tree: SnapshotTree
  readonly errors: ResultError[]
  extensions: Result['extensions'] | undefined
  readonly delivered: IncrementalPart[]
  readonly failed: IncrementalPart[]
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
  return ['hasNext', 'incremental', 'pending', 'completed', 'path', 'items'].some((key) => Object.hasOwn(payload, key))
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
    const [given = {}] = this.#entries([payload])
    const before = this.#latest
    if (before && !before.hasNext) throw this.#error('a payload came after the last one')
    if (!before && !isResult(given)) throw this.#error('the first payload is no result')
    if (!before && !isIncrementalPayload(given)) return (this.#latest = given as Result)

    const gain: Gain = {
      tree: new SnapshotTree(before ? before.data : given.data, this.#holes),
      errors: [],
      extensions: before?.extensions,
      delivered: [],
      failed: [],
    }
    this.#note(given, gain)
    for (const entry of this.#entries(given.pending)) this.#pending.set(entry.id, this.#part(entry))
    if (before && (given.path ?? given.data ?? given.items) !== undefined) this.#patchPath(given, gain)
    for (const patch of this.#entries(given.incremental)) {
      this.#note(patch, gain)
      if (patch.id === undefined) this.#patchPath(patch, gain)
      else this.#patchPending(patch, gain)
    }
    for (const { id, errors } of this.#entries(given.completed)) {
      const part = this.#announced(id)
      this.#pending.delete(id)
      gain[this.#note({ errors }, gain) ? 'failed' : 'delivered'].push(part)
    }

    this.#holes = gain.tree.holes
    const isOver = given.hasNext !== true
    const latest = (this.#latest = snapshot(before, gain, !isOver, this.#pending))
    if (isOver && this.#pending.size + this.#holes > 0)
      throw this.#error('the server said that nothing follows, with parts of the data still to come')
    return latest
  }

  /** Formats of before 2023. */
  #patchPath(patch: Payload, gain: Gain): void {
    const part = this.#part(patch)
    const { items, data = null } = patch
    const list = { ...part, path: part.path.slice(0, -1) }
    const index = part.path.at(-1)
    // Grafserv sends an item of a list as the data of a place that is not there yet.
    const added = items === undefined && gain.tree.lacks(list.path, index) ? [data] : items
    if (added === undefined) gain[this.#merge(part.path, data, gain) ? 'delivered' : 'failed'].push(part)
    else if (!this.#insert(list.path, added, gain, index)) gain.failed.push(list)
  }

  /** The format of graphql 17, which announces nothing below what is null or failed. */
  #patchPending({ id, subPath, items, data }: Payload, gain: Gain): void {
    const { path } = this.#announced(id)
    const isPlaced =
      items === undefined ? this.#merge([...path, ...this.#path(subPath)], data, gain) : this.#insert(path, items, gain)
    if (!isPlaced) throw this.#error(nowhere)
  }

  /** @returns whether there was something to merge, and a place for it. */
  #merge(path: Path, data: unknown, gain: Gain): boolean {
    const node = data == null ? undefined : this.#open(path, gain)
    if (node && !gain.tree.merge(node, data)) throw this.#error(nowhere)
    return node !== undefined
  }

  /** @returns whether there were items, and a list for them. */
  #insert(path: Path, items: unknown, gain: Gain, start?: unknown): boolean {
    const key = JSON.stringify(path)
    // A server may send items that it had at hand before it knew that the list is over.
    if (this.#endedLists.has(key)) return true
    if (items === null) this.#endedLists.add(key)
    const list = items === null ? undefined : this.#open(path, gain)
    if (list && !gain.tree.insert(list, items, start)) throw this.#error(nowhere)
    return list !== undefined
  }

  #open(path: Path, { tree, failed }: Gain): JsonNode | undefined {
    const node = tree.open(path)
    if (node === undefined && failed.length + (this.#latest?.incremental?.failed.length ?? 0) === 0)
      throw this.#error(nowhere)
    return node ?? undefined
  }

  /** Keeps the errors and extensions of a payload or an entry. @returns whether there are errors. */
  #note({ errors, extensions }: Payload, gain: Gain): boolean {
    const entries = this.#entries(errors)
    for (const error of entries) gain.errors.push(error as ResultError)
    if (isNode(extensions)) gain.extensions = { ...gain.extensions, ...extensions }
    return entries.length > 0
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
    if (Array.isArray(path) && path.every((key) => typeof key === 'string' || typeof key === 'number')) return path
    throw this.#error('a payload has a path that is none')
  }

  #entries(list: unknown): readonly Payload[] {
    if (list == null) return []
    if (Array.isArray(list) && list.every(isNode)) return list
    throw this.#error('a payload is malformed')
  }

  /** Names nothing of a payload: all of it is data. */
  #error(message: string): IncrementalDeliveryError {
    return new IncrementalDeliveryError(message, this.#details, this.#latest)
  }
}

const nowhere = 'a payload is for a place that is not there'

function isResult({ data, errors }: Payload): boolean {
  return typeof data === 'object' ? !Array.isArray(data) : data === undefined && Array.isArray(errors)
}

function snapshot(
  before: Result | undefined,
  { tree, errors, extensions, delivered, failed }: Gain,
  hasNext: boolean,
  pending: ReadonlyMap<unknown, IncrementalPart>,
): Result {
  const allErrors = joined(before?.errors, errors)
  return {
    ...(tree.data !== undefined && { data: tree.data }),
    ...(allErrors.length > 0 && { errors: allErrors }),
    ...(extensions && { extensions }),
    hasNext,
    incremental: {
      delivered: joined(before?.incremental?.delivered, delivered),
      pending: [...pending.values()],
      failed: joined(before?.incremental?.failed, failed),
    },
  }
}

function joined<Value>(before: readonly Value[] = [], more: readonly Value[]): readonly Value[] {
  return more.length > 0 ? [...before, ...more] : before
}
