import { detached, execute, executionOf, type Clock, type Next, type Operation, type Result } from '@graphlinks/core'

/** When another attempt is made, and whether it may be. */
export interface RaceRules {
  readonly delayMs: number
  readonly maxHedges: number
  readonly clock: Clock
  /** Asked once for each further attempt. */
  readonly mayHedge: () => boolean
}

/** The attempt whose results count, and the first of them. */
interface Winner {
  readonly attempt: AsyncIterator<Result>
  readonly step: IteratorResult<Result>
}

/** The results of the attempt that is first to have one. Each has a run of its own, so that it can be closed alone. */
export async function* race(operation: Operation, next: Next, rules: RaceRules): AsyncGenerator<Result> {
  const execution = executionOf(operation)
  const attempts = new Set<AsyncIterator<Result>>()
  const close = (except?: AsyncIterator<Result>): void => {
    for (const attempt of attempts) if (attempt !== except) void attempt.return?.()
  }
  let cancelTimer: (() => void) | undefined
  // What is closed ends, and with it the race.
  const forget = execution?.onAbort(close)
  try {
    const { attempt, step } = await new Promise<Winner>((resolve, reject) => {
      let running = 0
      let reserve: (() => void) | undefined
      /** One that failed counts only where no other may do better; then it is the first of those that did. */
      const lose = (settle: () => void): void => {
        running--
        reserve ??= settle
        if (running === 0) reserve()
      }
      const start = (): void => {
        const attempt = execute(next, detached(operation))[Symbol.asyncIterator]()
        attempts.add(attempt)
        running++
        const win = (step: IteratorResult<Result>): void => resolve({ attempt, step })
        attempt.next().then(
          (step) => (isFailure(step) ? lose(() => win(step)) : win(step)),
          (error: unknown) => lose(() => reject(error as Error)),
        )
      }
      const schedule = (left: number): void => {
        if (left === 0 || rules.delayMs === Infinity) return
        cancelTimer = rules.clock.after(rules.delayMs, () => {
          if (!rules.mayHedge()) return
          execution?.note('hedge')
          start()
          schedule(left - 1)
        })
      }
      start()
      schedule(rules.maxHedges)
    })
    cancelTimer?.()
    close(attempt)
    for (let { done, value } = step; !done; { done, value } = await attempt.next()) yield value as Result
    if (execution?.aborted) throw execution.reason
  } finally {
    cancelTimer?.()
    forget?.()
    close()
  }
}

/** Whether a server that is unwell answered, which another may be spared. GraphQL errors are answers. */
function isFailure({ done, value }: IteratorResult<Result>): boolean {
  return !done && (value as Result).data == null && ((value as Result).http?.status ?? 0) >= 500
}
