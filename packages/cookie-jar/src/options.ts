import { OptionsError, ownOptions, systemClock, type Clock } from '@graphlinks/core'

/** What jars have in common. */
export interface CookieJarOptions {
  /** The `fetch` that `jar.fetch` uses. Default: the one that is global when a request is sent. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined
  /** Lets `jar.fetch` send to other machines over http. Default: `false`; this machine is always allowed. */
  readonly allowInsecure?: boolean | undefined
  /** Time for when cookies expire. Default: the platform's. */
  readonly clock?: Clock | undefined
}

/** Options, checked. */
export interface Settings extends CookieJarOptions {
  readonly link: string
  readonly allowInsecure: boolean
  readonly clock: Clock
}

/** @throws {@link OptionsError} that names the jar and the option. */
export function checkOptions(link: string, options: CookieJarOptions | undefined): Settings {
  const { fetch, allowInsecure = false, clock = systemClock } = ownOptions(options)
  const problem =
    (fetch !== undefined && typeof fetch !== 'function' && 'fetch is a function') ||
    (typeof allowInsecure !== 'boolean' && 'allowInsecure is true or false') ||
    (typeof clock?.date !== 'function' && 'clock has now, date and after, as systemClock does')
  if (problem) throw new OptionsError(problem, { link })
  return { link, fetch, allowInsecure, clock }
}
