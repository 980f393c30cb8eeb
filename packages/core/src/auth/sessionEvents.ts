import type { SessionEvent, SessionListener } from './tokenSource.ts'

/** The listeners of a session, and what they were not told yet. */
export class SessionEvents {
  readonly #listeners = new Set<SessionListener>()
  readonly #untold: SessionEvent[] = []
  #isTelling = false

  subscribe(listener: SessionListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  add(event: SessionEvent): void {
    this.#untold.push(event)
  }

  /** Tells what happened, in order: a listener may sign in or out, which is told when it is done. */
  tell(): void {
    if (this.#isTelling) return
    this.#isTelling = true
    for (let event = this.#untold.shift(); event; event = this.#untold.shift()) {
      for (const listener of this.#listeners) {
        // One listener must not keep the others, or the session, from going on; it may be an async function, too.
        new Promise((resolve) => resolve(listener(event))).catch(() => {})
      }
    }
    this.#isTelling = false
  }
}
