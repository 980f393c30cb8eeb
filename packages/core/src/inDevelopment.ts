/**
 * What only a developer reads, such as how to mend an option: production builds leave it out. Bundlers that know
 * `process.env.NODE_ENV` find an empty function, and drop the calls of it and the words; without a bundler it runs
 * unless `NODE_ENV` is `production`.
 *
 * @example
 * ```ts
 * import { inDevelopment } from '@graphlinks/core'
 *
 * export function checkRate(rate: number): void {
 *   if (rate > 1) throw new RangeError(inDevelopment(() => `rate is at most 1, not ${rate}`) ?? 'rate')
 * }
 * ```
 */
export function inDevelopment<Value>(make: () => Value): Value | undefined {
  try {
    if (process.env['NODE_ENV'] !== 'production') return make()
  } catch {
    // A browser has no `process`, where no bundler put it in.
    return make()
  }
  return undefined
}
