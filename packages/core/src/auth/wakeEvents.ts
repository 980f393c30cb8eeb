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
  const { document, addEventListener } = globalThis as { document?: Target<string>; addEventListener?: unknown }
  const page = globalThis as unknown as Target<string>
  return [
    ...(typeof addEventListener === 'function'
      ? ['online', 'pageshow'].map((type) => listen(page, type, listener))
      : []),
    ...(document ? [listen(document, 'visibilitychange', listener)] : []),
  ]
}
