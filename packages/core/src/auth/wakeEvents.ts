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
  const page = globalThis as Partial<Target<string>> & { readonly document?: Target<string> }
  return ['online', 'pageshow', 'visibilitychange'].flatMap((type) => {
    const target = type === 'visibilitychange' ? page.document : page
    return target?.addEventListener ? listen(target as Target<string>, type, listener) : []
  })
}
