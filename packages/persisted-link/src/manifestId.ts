import { inDevelopment, OptionsError, scanOperations, type Operation } from '@graphlinks/core'
import type { DocumentIdSource } from './documentIdSource.ts'

/** One operation in a manifest of Apollo. */
export interface ManifestOperation {
  readonly id: string
  readonly name: string
  /** `query`, `mutation` or `subscription`. */
  readonly type: string
  readonly body: string
}

/**
 * What a build published: texts by id, as GraphQL Code Generator and Relay write it, or Apollo's list of operations.
 */
export type Manifest =
  | Readonly<Record<string, string>>
  | { readonly format: string; readonly version: number; readonly operations: readonly ManifestOperation[] }

/** A manifest, or the module that a JSON file is imported as. */
export type LoadedManifest = Manifest | { readonly default: Manifest }

/**
 * Ids from the manifest that a build wrote. A document is found by its text as it is, and else by the name of its
 * operation, which must be the only one of that name then.
 *
 * @param manifest - or a function that loads it, which is called with the first operation, and again where that failed.
 *
 * @throws `OptionsError` when it is no manifest.
 *
 * @example
 * ```ts
 * import { persistedLink } from '@graphlinks/persisted-link'
 * import { manifestId } from '@graphlinks/persisted-link/manifest'
 *
 * const manifest = { 'sha256:ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38': '{__typename}' }
 * export const link = persistedLink({ documentId: manifestId(manifest) })
 * ```
 */
export function manifestId(manifest: Manifest | (() => LoadedManifest | Promise<LoadedManifest>)): DocumentIdSource {
  let index = typeof manifest === 'function' ? undefined : new Index(manifest)
  let loading: Promise<Index> | undefined
  const load = async (): Promise<Index> => {
    try {
      return (index = new Index(await (manifest as () => LoadedManifest | Promise<LoadedManifest>)()))
    } finally {
      loading = undefined
    }
  }
  return (operation) => {
    if (index) return index.find(operation)
    loading ??= load()
    return loading.then((loaded) => loaded.find(operation))
  }
}

/** The ids of a manifest, by text and by kind and name of the operation. */
class Index {
  readonly #byText = new Map<string, string>()
  /** `undefined` where several have one name. */
  readonly #byName = new Map<string, string | undefined>()

  constructor(manifest: LoadedManifest) {
    for (const { id, type, name, body } of operationsOf(manifest)) {
      this.#byText.set(body, id)
      const key = `${type} ${name}`
      if (name !== undefined)
        this.#byName.set(key, this.#byName.has(key) && this.#byName.get(key) !== id ? undefined : id)
    }
  }

  find({ kind, operationName, document }: Operation): string | undefined | Promise<string | undefined> {
    const { source } = document
    const isText = typeof source === 'string' || source instanceof String
    const id =
      (isText ? this.#byText.get(String(source)) : undefined) ??
      (operationName === undefined ? undefined : this.#byName.get(`${kind} ${operationName}`))
    if (id !== undefined || isText || document.operations.length === 0) return id
    // An AST is printed only where its name does not tell.
    const text = document.text()
    return typeof text === 'string' ? this.#byText.get(text) : text.then((printed) => this.#byText.get(printed))
  }
}

/** What is in a manifest of either format, an entry for each operation. */
function operationsOf(given: LoadedManifest): readonly Entry[] {
  const { default: imported } = Object(given) as { readonly default?: unknown }
  const manifest = typeof imported === 'object' ? imported : given
  const { operations } = Object(manifest) as { readonly operations?: unknown }
  const texts = Object.entries(typeof manifest === 'object' && manifest ? manifest : { '': '' })
  const entries = Array.isArray(operations) ? (operations as readonly Entry[]) : texts.flatMap(toEntries)
  if (entries.every((entry) => isText(entry.id) && isText(entry.body))) return entries
  throw new OptionsError(
    inDevelopment(() => 'the manifest has neither texts by id nor a list of operations with id and body') ?? 'manifest',
    { link: 'manifestId' },
  )
}

type Entry = Omit<ManifestOperation, 'name'> & { readonly name?: string | undefined }

function toEntries([id, body]: readonly [string, unknown]): readonly Entry[] {
  // What is none is complained about above.
  if (!isText(body)) return [{ id: '', body: '', type: '' }]
  return scanOperations(body).map(({ kind, operationName }) => ({ id, body, type: kind, name: operationName }))
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
