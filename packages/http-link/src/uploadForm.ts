// Loaded with the first operation that has a file in its variables.
import { executionOf, type Operation } from '@graphlinks/core'
import { unfit } from './failure.ts'
import { isUpload, type FileTest } from './files.ts'
import type { RequestParts } from './request.ts'

/** Files, or what they are read from, each with its places in the operation. */
type Places = Map<object, string[]>

/**
 * The form of an operation with files: `operations`, `map`, then the files, in this order, because servers read it as it
 * comes. A file in several places is sent once.
 *
 * @throws `OptionsError` naming the place of what cannot be sent as a file.
 *
 * @see https://github.com/jaydenseric/graphql-multipart-request-spec
 */
export async function buildForm(
  operation: Operation,
  { query, transfer }: Pick<RequestParts, 'query' | 'transfer'>,
  isFile: FileTest,
): Promise<FormData> {
  const { operationName, variables, extensions } = operation
  const sources: Places = new Map()
  const others = withoutFiles({ documentId: transfer?.id, operationName, variables, extensions }, isFile, sources)
  const files = await readFiles(sources, operation)
  const form = new FormData()
  // Something follows the query: the variables that hold the files.
  form.append('operations', `{${query ? `"query":${query},` : ''}${others.slice(1)}`)
  form.append('map', JSON.stringify(Object.fromEntries([...files.values()].entries())))
  for (const [index, [file, places]] of [...files].entries()) {
    const name = String(index)
    // React Native takes `{ uri, name, type }`; its form has no `get`.
    form.append(name, file as Blob)
    if (typeof (form as Partial<FormData>).get?.(name) === 'string') throw unfit(operation, `${places[0]} is no file`)
  }
  return form
}

/** The members as JSON text, with `null` in the place of each file. */
function withoutFiles(members: object, isFile: FileTest, sources: Places): string {
  // An object in several places has the path of the one that is being written.
  const paths = new Map<unknown, string>()
  const at = (path: string, value: unknown): unknown => {
    if (typeof value === 'object') paths.set(value, path)
    return value
  }
  return JSON.stringify(members, function replace(this: Record<string, unknown>, key: string, written: unknown) {
    // As it was before `toJSON`, which what `isFile` knows may have.
    const value = this[key]
    const parent = paths.get(this)
    const path = parent ? `${parent}.${key}` : key
    if (typeof value !== 'object' || value === null || !isUpload(value, isFile)) return at(path, written)
    if (Object.prototype.toString.call(value) === '[object FileList]') return at(path, Array.from(value as FileList))
    addPlaces(sources, value, [path])
    return null
  })
}

/** Reads all at once: were one left for later, nobody would handle its failure after that of another. */
async function readFiles(sources: Places, operation: Operation): Promise<Places> {
  const files: Places = new Map()
  const execution = executionOf(operation)
  const over = new Promise<void>((resolve) => (execution?.aborted ? resolve() : execution?.onEnd(resolve)))
  const read = await Promise.all(
    Array.from(sources, async ([source, places]) => {
      const file = await readFile(source, over)
      if (file) return { file, places }
      throw unfit(operation, `${places[0]} is a stream that gives nothing, as one does that was read before`)
    }),
  )
  for (const { file, places } of read) addPlaces(files, file, places)
  return files
}

/** What a form takes: a `Blob` of this realm, or what is left for the form to judge; `undefined` for an empty stream. */
async function readFile(source: object | Promise<object>, over: Promise<void>): Promise<object | undefined> {
  const value = Object(await source) as Partial<File> & Stream
  if (value instanceof Blob) return value
  const isFile = value.slice && value.arrayBuffer
  if (!isFile && !value.getReader && !value[Symbol.asyncIterator]) return value
  const parts = isFile ? [await (value as File).arrayBuffer()] : await readStream(value, over)
  return parts.length === 0 ? undefined : new File(parts, value.name ?? 'blob', { type: value.type ?? '' })
}

/** A stream of the web, which not every browser can iterate, or of Node, or something else to iterate. */
type Stream = Partial<Pick<ReadableStream<BlobPart>, 'getReader'> & AsyncIterable<BlobPart> & { destroy(): void }>

/** Reads a stream, but no longer than its operation lasts. */
async function readStream(stream: Stream, over: Promise<void>): Promise<BlobPart[]> {
  const reader = stream.getReader?.()
  const chunks: AsyncIterator<BlobPart> = reader
    ? {
        next: () => reader.read() as Promise<IteratorResult<BlobPart>>,
        return: () => reader.cancel() as Promise<never>,
      }
    : (stream as AsyncIterable<BlobPart>)[Symbol.asyncIterator]()
  // One of Node waits with its return for what it reads. After the end, all this does nothing.
  over.then(() => (stream.destroy?.(), chunks.return?.())).catch(() => {})
  const parts: BlobPart[] = []
  for (let step = await chunks.next(); !step.done; step = await chunks.next()) parts.push(step.value)
  return parts
}

function addPlaces(files: Places, file: object, places: readonly string[]): void {
  const known = files.get(file)
  if (known) known.push(...places)
  else files.set(file, [...places])
}
