import { TimeoutError } from '../errors.ts'
import { isPromise } from '../results.ts'
import type { SessionOptions } from './sessionOptions.ts'

/**
 * What comes of a promise, or an error where nothing does: nothing is waited for for ever, nor longer than a session lasts.
 *
 * @param releases - has what is to be undone when the session ends.
 */
export function inTime<Value>(
  { link, clock, timeoutMs }: SessionOptions,
  releases: Set<() => void>,
  answer: Value | Promise<Value>,
  who = 'the store',
): Promise<Value> {
  if (!isPromise(answer)) return Promise.resolve(answer)
  return new Promise((resolve, reject) => {
    const cancelTimer = clock.after(timeoutMs, () =>
      reject(new TimeoutError(`${who} did not answer within ${timeoutMs} ms (timeoutMs)`, { link })),
    )
    const release = (): void => {
      cancelTimer()
      releases.delete(release)
    }
    releases.add(release)
    answer.then(resolve, reject).finally(release)
  })
}
