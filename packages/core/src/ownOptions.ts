/**
 * Options as the caller gave them, for factories of links: a name that somebody put on `Object.prototype` is no option,
 * and options that are missing altogether are none.
 *
 * @example
 * ```ts
 * import { ownOptions } from '@graphlinks/core'
 *
 * export function sampleLink(options: { readonly rate?: number } = {}) {
 *   const { rate = 0.1 } = ownOptions(options)
 *   return rate
 * }
 * ```
 */
export function ownOptions<Options extends object>(options: Options | undefined): Options {
  return Object.assign(Object.create(null), options) as Options
}
