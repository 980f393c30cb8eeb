import type { SessionEvent, SessionListener } from './tokenSource.ts'

/** The listeners of a session, and what they are being told. */
export class SessionEvents {
  readonly #listeners = new Set<SessionListener>()
  readonly #untold: SessionEvent[] = []

  subscribe(listener: SessionListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Tells what happened, in order: a listener may sign in or out, which is told when it is done. */
  tell(events: readonly SessionEvent[]): void {
    const isTelling = this.#untold.length > 0
    this.#untold.push(...events)
    if (isTelling) return
    // The list grows while it is walked.
    for (const event of this.#untold) {
      for (const listener of this.#listeners) {
        // One listener must not keep the others, or the session, from going on; it may be an async function, too.
        void (async () => listener(event))().catch(() => {})
      }
    }
    this.#untold.length = 0
  }
}
