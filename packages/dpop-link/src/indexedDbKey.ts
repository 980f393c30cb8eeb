/** A key that a browser keeps. An entry of its own. */
import { createDpopKey, type DpopKey } from './dpopKey.ts'

/** Which key is meant. */
export interface IndexedDbKeyOptions {
  /** One name for each session that is to have a key of its own. Default: `'default'`. */
  readonly name?: string | undefined
  /** Default: the `indexedDB` that is global when the key is asked for. */
  readonly indexedDB?: IDBFactory | undefined
}

const store = 'keys'

/**
 * The key of this browser for this site: the same after a reload, and in every tab. It is made when it is first asked
 * for. Scripts of the site can use it, and nobody can read its private part.
 *
 * @throws what IndexedDB fails with, as in a private window of some browsers: `createDpopKey` makes one that lasts as long
 * as the page.
 *
 * @example
 * ```ts
 * import { createDpopKey, dpopLink } from '@graphlinks/dpop-link'
 * import { indexedDbKey } from '@graphlinks/dpop-link/indexeddb'
 *
 * const key = 'indexedDB' in globalThis ? indexedDbKey() : createDpopKey()
 * export const proofs = dpopLink({ key: () => key })
 * ```
 */
export function indexedDbKey({ name = 'default', indexedDB }: IndexedDbKeyOptions = {}): Promise<DpopKey> {
  return withDatabase(indexedDB, async (database) => {
    const kept = await settled<DpopKey | undefined>(keysOf(database, 'readonly').get(name))
    if (kept) return kept
    const made = await createDpopKey()
    const keys = keysOf(database, 'readwrite')
    // Another tab may have been faster: the tokens of both are bound to the same key.
    const other = await settled<DpopKey | undefined>(keys.get(name))
    if (other) return other
    await settled(keys.add(made, name))
    // It may succeed where there is no room, and a key that is lost with the page binds tokens that are not.
    await settled(keys.transaction)
    return made
  })
}

/**
 * Throws the key away, for instance when somebody signs out: tokens that are bound to it are of no use any more.
 *
 * @throws what IndexedDB fails with.
 *
 * @example
 * ```ts
 * import { forgetIndexedDbKey } from '@graphlinks/dpop-link/indexeddb'
 *
 * export const onSignedOut = (): Promise<void> => forgetIndexedDbKey()
 * ```
 */
export function forgetIndexedDbKey({ name = 'default', indexedDB }: IndexedDbKeyOptions = {}): Promise<void> {
  return withDatabase(indexedDB, async (database) => {
    const keys = keysOf(database, 'readwrite')
    await settled(keys.delete(name))
    await settled(keys.transaction)
  })
}

async function withDatabase<Value>(
  factory: IDBFactory = globalThis.indexedDB,
  use: (database: IDBDatabase) => Promise<Value>,
): Promise<Value> {
  const opening = factory.open('graphlinks-dpop', 1)
  opening.onupgradeneeded = () => opening.result.createObjectStore(store)
  const database = await settled(opening)
  try {
    return await use(database)
  } finally {
    database.close()
  }
}

function keysOf(database: IDBDatabase, mode: IDBTransactionMode): IDBObjectStore {
  return database.transaction(store, mode).objectStore(store)
}

/** What became of a request, or whether a transaction was written. */
function settled<Value>(asked: IDBRequest<Value> | IDBTransaction): Promise<Value> {
  return new Promise((resolve, reject) => {
    const done = (): void => resolve((asked as IDBRequest<Value>).result)
    const failed = (): void => reject(asked.error as Error)
    Object.assign(asked, { onsuccess: done, oncomplete: done, onerror: failed, onabort: failed })
  })
}
