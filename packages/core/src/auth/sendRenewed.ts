import type { LeasedSource } from '../credentialLease.ts'
import { withSource } from '../credentialSource.ts'
import type { Next } from '../link.ts'
import { admission, executionOf, type Operation } from '../operation.ts'
import type { ReplayRefusal, Result } from '../results.ts'
import type { Attempt, Verdict } from './refresher.ts'
import type { AttemptOutcome } from './rejection.ts'
import type { Ticket } from './sessionState.ts'
import type { SessionTokenSource } from './sessionTokenSource.ts'

/** How operations are sent with what a session has. */
export interface RenewedSending {
  readonly session: SessionTokenSource
  /** A copy with what the session has now. */
  readonly attach: (operation: Operation, ticket: Ticket) => Operation
  /** Whether what came back means that the server refused it. What it throws counts as no. */
  readonly isRefused: (outcome: AttemptOutcome, operation: Operation) => boolean
}

/** Sends an operation with what a session has, and once more where that was refused and has been renewed. */
export async function* sendRenewed(
  operation: Operation,
  next: Next,
  { session, attach, isRefused }: RenewedSending,
): AsyncGenerator<Result> {
  /** What an outcome means: `'replay'` to send the operation again, why not to, or nothing that has to do with it. */
  const judge = (outcome: AttemptOutcome, attempt: Attempt): Promise<Verdict> | undefined => {
    session.checkEpoch(attempt.ticket, operation)
    try {
      if (attempt.isDelegated || !attempt.ticket.stored || isRefused(outcome, operation) !== true) return undefined
    } catch {
      return undefined
    }
    return session.judge(operation, outcome, attempt)
  }

  session.running.add(operation)
  try {
    await admission(operation)
    for (let isReplay = false, again = true; again; isReplay = true) {
      again = false
      if (isReplay) executionOf(operation)?.note('replay')
      const attempt = {
        isReplay,
        isFirst: true,
        session,
        attach: async (before: Operation) => attach(before, (attempt.ticket = await session.admit(before))),
      } as LeasedSource
      const credentialed = withSource(operation, await attempt.attach(operation), attempt)
      try {
        for await (const result of next(credentialed)) {
          const verdict = await judge({ result }, attempt)
          if ((again = verdict === 'replay')) break
          if (isReplay && !verdict && attempt.isFirst) session.refresher?.accept()
          attempt.isFirst = false
          yield verdict ? { ...result, notReplayed: verdict as ReplayRefusal } : result
        }
      } catch (error) {
        again = (await judge({ error }, attempt)) === 'replay'
        if (!again) throw error
      }
    }
  } finally {
    session.running.delete(operation)
  }
}
