import { executionOf, type Next, type Operation, type Result } from '@graphlinks/core'

/**
 * The results of an operation that is sent without its text; or those of another one, where the first result says that
 * it takes more.
 *
 * @param judge - gives the other one, at most once.
 */
export async function* withFallback(
  short: Operation,
  next: Next,
  judge: (result: Result) => Operation | undefined,
): AsyncGenerator<Result> {
  let full: Operation | undefined
  let isFirst = true
  for await (const result of next(short)) {
    if (isFirst) full = judge(result)
    if (full) break
    isFirst = false
    yield result
  }
  if (!full) return
  executionOf(full)?.note('resend')
  yield* next(full)
}
