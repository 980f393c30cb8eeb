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

/** What says that a page, or the machine below it, is awake again; nothing where there is no page. */
export function onWake(listener: () => void): (() => void)[] {
  const page = globalThis as unknown as Target<string>
  if (typeof (page as Partial<typeof page>).addEventListener !== 'function') return []
  // `visibilitychange` comes up to the window from the document (HTML section 6.2).
  return ['online', 'pageshow', 'visibilitychange'].map((type) => listen(page, type, listener))
}
