/** Something that has listeners, as far as it is used. */
interface Target<Type extends string> {
  addEventListener(type: Type, listener: () => void): void
  removeEventListener(type: Type, listener: () => void): void
}

/** Adds a listener. @returns a function that removes it. */
export function listen<Type extends string>(target: Target<Type>, type: Type, listener: () => void): () => void {
  target.addEventListener(type, listener)
  return () => target.removeEventListener(type, listener)
}

/**
 * Calls back when a page, or the machine below it, is awake or online again. Never where there is no page.
 *
 * @returns functions that take it back.
 *
 * @example
 * ```ts
 * import { onWake } from '@graphlinks/core'
 *
 * const releases = onWake(() => console.log('awake'))
 * for (const release of releases) release()
 * ```
 */
export function onWake(listener: () => void): (() => void)[] {
  const page = globalThis as unknown as Target<string>
  if (typeof (page as Partial<typeof page>).addEventListener !== 'function') return []
  // `visibilitychange` comes up to the window from the document (HTML section 6.2).
  return ['online', 'pageshow', 'visibilitychange'].map((type) => listen(page, type, listener))
}
