/** Options as the caller gave them: a name that somebody put on `Object.prototype` is no option. */
export function ownOptions<Options extends object>(options: Options | undefined): Options {
  return Object.assign(Object.create(null), options) as Options
}
