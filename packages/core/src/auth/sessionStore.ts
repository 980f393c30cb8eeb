import { isPromise } from '../results.ts'
import { listen } from '../wakeEvents.ts'
import { inTime } from './inTime.ts'
import type { SessionOptions } from './sessionOptions.ts'
import type { Ticket } from './sessionState.ts'
import type { SessionMessage } from './tokenSource.ts'
import type { StoredTokens, TokenStore } from './tokenStore.ts'

/** What others can know of a session: what the store has, written in order and in time, and what the tabs are told. */
export class SessionStore {
  readonly #options: SessionOptions
  /** What is to be undone in the end. */
  readonly #releases: Set<() => void>
  readonly #ticket: () => Ticket
  /** When the store has what the session is; `undefined` if it does. */
  written: Promise<void> | undefined

  /** @param look - is called when another tab says that something happened. */
  constructor(options: SessionOptions, releases: Set<() => void>, ticket: () => Ticket, look: () => void) {
    this.#options = options
    this.#releases = releases
    this.#ticket = ticket
    const { channel } = options
    if (!channel) return
    releases.add(listen(channel, 'message', look)).add(() => channel.close())
  }

  /** Gives what is stored, at once where the store is synchronous. One that cannot be read is an empty one. */
  read(give: (found?: StoredTokens | null) => void): void {
    let found: ReturnType<TokenStore['read']>
    try {
      found = this.#options.store?.read()
    } catch {
      // It is empty, then.
    }
    if (isPromise(found)) inTime(this.#options, this.#releases, found).then(give, () => give())
    else give(found)
  }

  /** Stores what the session is now, after what was to be stored before, and tells the other tabs. */
  write(event?: SessionMessage['event'], replacing = false): Promise<void> {
    const { store } = this.#options
    const { stored } = this.#ticket()
    const write = async (): Promise<void> => {
      await inTime(
        this.#options,
        // Also after the end: somebody may wait for it, and nothing is to be written before it.
        new Set(),
        replacing && stored ? store?.replace(stored, undefined) : store?.write(stored),
      )
      if (event) this.post(event)
      if (this.written === written) this.written = undefined
    }
    const written = this.written ? this.written.then(write, write) : write()
    this.written = written
    // Whoever does not wait for it has no use for its error; the next refresh makes up for it.
    written.catch(() => {})
    return written
  }

  /** Tells the other tabs to look into the store. */
  post(event: SessionMessage['event']): void {
    try {
      const { generation, stored } = this.#ticket()
      this.#options.channel?.postMessage({ session: stored?.session, generation, event })
    } catch {
      // They learn of it when they look into the store.
    }
  }
}
