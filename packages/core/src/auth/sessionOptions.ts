import { systemClock } from '../clock.ts'
import { OptionsError } from '../errors.ts'
import { inBrowser } from '../headers.ts'
import { inDevelopment } from '../inDevelopment.ts'
import { ownOptions } from '../ownOptions.ts'
import type { urgent } from '../urgent.ts'
import type { replay } from './rejection.ts'
import { hasAccessToken, type Tokens } from './tokens.ts'
import type { TokenSourceOptions } from './tokenSource.ts'

/** What a session is for. */
export interface SessionOwner {
  /** The link, for errors. */
  readonly link: string
  /** Keys, handed over because the source of a `cookieLink` is a copy that is loaded lazily. */
  readonly replay: typeof replay
  readonly urgent: typeof urgent
  /** Whether tokens can be had again whatever they were refused with, as a sign-in can be repeated. */
  readonly isEndless?: true
}

/** The options of a source and its owner, checked and with their defaults. */
export type SessionOptions = ReturnType<typeof checkOptions>

/** @throws {@link OptionsError} for those that can never work. */
export function checkOptions(given: TokenSourceOptions, owner: SessionOwner) {
  const options = ownOptions(given)
  const { timeoutMs = 30_000, maxQueued = 10_000, mode = inBrowser() ? 'eager' : 'lazy' } = options
  const { skewMs = 0, store, clock = systemClock, random = Math.random } = options
  const [way, another] = [options.refresh, options.fetchToken, options.readonly].filter(Boolean)
  const isGood = {
    refresh: !another && (way === true || typeof way === 'function'),
    skewMs: skewMs >= 0,
    timeoutMs: timeoutMs > 0 && timeoutMs < 2 ** 31,
    maxQueued: maxQueued > 0,
    mode: mode === 'eager' || mode === 'lazy',
    store: !store || typeof store.replace === 'function',
  }
  const wrong = (Object.keys(isGood) as (keyof typeof isGood)[]).find((option) => !isGood[option])
  if (wrong) {
    throw new OptionsError(
      inDevelopment(
        () =>
          ({
            refresh: 'give it one of refresh, fetchToken (functions) and readonly: true',
            skewMs: `skewMs is a number of milliseconds, not ${skewMs}`,
            timeoutMs: `timeoutMs is a positive number of milliseconds below 2,147,483,648, not ${timeoutMs}`,
            maxQueued: `maxQueued is a positive number, not ${maxQueued}`,
            mode: 'mode is "eager" or "lazy"',
            store: 'store has read, write and replace',
          })[wrong],
      ) ?? wrong,
      { link: 'createTokenSource' },
    )
  }
  if (options.initial) checkTokens(options.initial)
  return Object.assign(options, { ...owner, timeoutMs, maxQueued, mode, clock, random })
}

/** @throws {@link OptionsError} that says what is missing, never what is there. */
export function checkTokens(tokens: Tokens): void {
  if (hasAccessToken(tokens)) return
  throw new OptionsError(inDevelopment(() => 'there is no accessToken, a string, in the tokens') ?? 'accessToken')
}
