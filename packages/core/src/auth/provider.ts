import { systemClock, type Clock } from '../clock.ts'
import { CredentialError, OptionsError, TimeoutError } from '../errors.ts'
import { kindOf } from '../headers.ts'
import { inDevelopment } from '../inDevelopment.ts'
import { blame } from '../invoke.ts'
import type { Operation, OperationValue } from '../operation.ts'
import { admission } from '../operationExecution.ts'
import { checkOrigin } from '../origin.ts'
import { isPromise } from '../results.ts'

/** A credential as an application may give it: a value, or a function of the operation that gives or promises one. */
export type Provided<Value> =
  | Value
  | ((operation: Operation) => Value | undefined | null | Promise<Value | undefined | null>)

/** Whether something may stand for a text: one, a function that gives it, or, with `null`, none. */
export function isProvided(given: unknown): boolean {
  return given === null || typeof given === 'string' || typeof given === 'function'
}

/** Options that every auth link has. */
export interface CredentialOptions {
  /**
   * Origins that may see the credential, such as `https://api.example.com`; ws counts as http, wss as https.
   * Default: the origin of the terminal link that sends the operation, and no other.
   */
  readonly origins?: readonly string[] | undefined
  /**
   * What happens when there is no credential (`undefined`, `null` or an empty string): `'omit'` sends the operation
   * without it, `'error'` fails it with a {@link CredentialError}. Default: `'omit'`.
   */
  readonly onMissing?: 'omit' | 'error' | undefined
  /** How long a function may take to give the credential, in milliseconds. Default: 30,000. `Infinity`: no limit. */
  readonly timeoutMs?: number | undefined
  /** Time for `timeoutMs`. Default: the platform's. */
  readonly clock?: Clock | undefined
}

/** The options of a link, with defaults, after they were checked. */
export interface CheckedOptions {
  readonly link: string
  readonly origins: readonly string[] | undefined
  readonly onMissing: 'omit' | 'error'
  readonly timeoutMs: number
  readonly clock: Clock
  /** Whether an empty text is a value, as an empty password is. */
  readonly allowEmpty?: boolean
}

/** Checks the options that auth links share. @throws {@link OptionsError} naming the link and the option. */
export function checkOptions(link: string, options: CredentialOptions): CheckedOptions {
  const { origins, onMissing = 'omit', timeoutMs = 30_000, clock = systemClock } = options
  if (onMissing !== 'omit' && onMissing !== 'error')
    throw new OptionsError(inDevelopment(() => 'onMissing is "omit" or "error"') ?? 'onMissing', { link })
  if (!(timeoutMs > 0)) {
    throw new OptionsError(
      inDevelopment(() => `timeoutMs is a positive number of milliseconds, not ${timeoutMs}`) ?? 'timeoutMs',
      { link },
    )
  }
  // Of a text in place of a list, no letter is an origin, and the error says what one looks like.
  const known = origins && [...origins].map((origin) => checkOrigin(origin, link))
  return { link, origins: known, onMissing, timeoutMs, clock }
}

/**
 * Calls `then` with what a function gives, in time. Stays synchronous for as long as the function does.
 *
 * @throws {@link CredentialError} when the function fails, {@link TimeoutError} when it takes too long.
 */
export function provideValue<Value, Outcome>(
  provider: (operation: Operation) => Value | Promise<Value>,
  what: string,
  operation: Operation,
  options: CheckedOptions,
  then: (value: Value) => Outcome | Promise<Outcome>,
): Outcome | Promise<Outcome> {
  const fail = (error: unknown): never => {
    throw blame(
      error,
      CredentialError,
      `the function that gives the ${what} failed; see cause`,
      options.link,
      operation,
    )
  }
  const call = (): Outcome | Promise<Outcome> => {
    let value: Value | Promise<Value>
    try {
      value = provider(operation)
    } catch (error) {
      return fail(error)
    }
    return isPromise(value) ? inTime(value, what, operation, options, then, fail) : then(value)
  }
  // What is fetched before would age in the queue of the terminal link.
  return admission(operation)?.then(call) ?? call()
}

/** Calls `then` with the text that was provided, or with `undefined` where there is none and that is allowed. */
export function provideText<Outcome>(
  provided: Provided<string> | undefined | null,
  what: string,
  operation: Operation,
  options: CheckedOptions,
  then: (value: string | undefined) => Outcome | Promise<Outcome>,
): Outcome | Promise<Outcome> {
  const check = (value: string | undefined | null): Outcome | Promise<Outcome> =>
    then(checkProvided(value, what, operation, options))
  return typeof provided === 'function' ? provideValue(provided, what, operation, options, check) : check(provided)
}

/** Whether a value is a text, and not that of a missing value that became a string. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== 'undefined' && value !== 'null'
}

function checkProvided(
  value: string | undefined | null,
  what: string,
  { operationName }: Operation,
  { link, onMissing, allowEmpty }: CheckedOptions,
): string | undefined {
  const details = { link, operationName }
  if (value === undefined || value === null || (value === '' && !allowEmpty)) {
    if (onMissing === 'omit') return undefined
    throw new CredentialError(`there is no ${what} (onMissing: "error")`, details)
  }
  if (isText(value)) return value
  throw new CredentialError(
    inDevelopment(() =>
      typeof value === 'string'
        ? `the ${what} is the text "${String(value)}": a missing value became a string`
        : `the ${what} is ${kindOf(value)}, not a string`,
    ) ?? `the ${what} is no text`,
    details,
  )
}

/** What `then` or `fail` make of a promise, unless it takes too long or the operation is cancelled. */
function inTime<Value, Outcome>(
  promise: Promise<Value>,
  what: string,
  operation: Operation,
  { link, timeoutMs, clock }: CheckedOptions,
  then: (value: Value) => Outcome | Promise<Outcome>,
  fail: (error: unknown) => never,
): Promise<Outcome> {
  const { operationName, execution } = operation as OperationValue
  // By hand and in one promise: every operation pays for each one that finally(), race() or another then() would make.
  return new Promise((resolve, reject) => {
    let isOver = false
    let cancelTimer: (() => void) | undefined
    let forget: (() => void) | undefined
    const settle =
      <Settled>(proceed: (settled: Settled) => Outcome | Promise<Outcome>) =>
      (settled: Settled): void => {
        if (isOver) return
        isOver = true
        cancelTimer?.()
        forget?.()
        try {
          resolve(proceed(settled))
        } catch (error) {
          reject(error)
        }
      }
    const wait = (): void => {
      if (isOver) return
      const onTime = (): void =>
        settle(fail)(
          new TimeoutError(`the function that gives the ${what} did not answer within ${timeoutMs} ms`, {
            link,
            operationName,
          }),
        )
      if (timeoutMs < Infinity) cancelTimer = clock.after(timeoutMs, onTime)
      // An operation that was cancelled leaves no timer behind, and the links around this one can finish.
      const leave = (): void => settle(fail)(execution?.reason)
      forget = execution?.onAbort(leave)
      if (execution?.aborted) leave()
    }
    Promise.resolve(promise).then(settle(then), settle(fail))
    // A turn later: most functions have the answer at hand, and a timer would cost more than all the rest.
    Promise.resolve().then(wait).catch(reject)
  })
}
