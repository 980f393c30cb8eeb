import type { LeasedSource } from '../credentialLease.ts'
import { withSource } from '../credentialSource.ts'
import type { Next } from '../link.ts'
import type { Operation } from '../operation.ts'
import { admission } from '../operationExecution.ts'
import type { Result } from '../results.ts'
import type { Verdict } from './refresher.ts'
import type { AttemptOutcome } from './rejection.ts'
import type { Ticket } from './sessionState.ts'
import type { SessionTokenSource } from './sessionTokenSource.ts'

/** How operations are sent with what a session has. */
export interface RenewedSending {
  readonly session: SessionTokenSource
  /** A copy with what the session has now. */
  readonly attach: (operation: Operation, ticket: Ticket) => Operation | Promise<Operation>
  /** Whether what came back means that the server refused it. What it throws counts as no. */
  readonly isRefused: (outcome: AttemptOutcome, operation: Operation) => boolean
}

/** Sends an operation with what a session has, and once more where that was refused and has been renewed. */
export async function* sendRenewed(
  operation: Operation,
  next: Next,
  { session, attach, isRefused }: RenewedSending,
): AsyncGenerator<Result> {
  session.running.add(operation)
  try {
    await admission(operation)
    for (const isReplay of [false, true]) {
      let ticket!: Ticket
      const attempt = {
        isReplay,
        session,
        ticket: () => ticket,
        attach: async (before: Operation) => attach(before, (ticket = await session.admit(before))),
      } as LeasedSource
      const credentialed = withSource(operation, await attempt.attach(operation), attempt)
      let verdict: Verdict | undefined
      try {
        for await (const result of next(credentialed)) {
          verdict = await session.judge(operation, { result }, attempt, isRefused)
          if (verdict === 'replay') break
          if (isReplay && !verdict && !attempt.isDelivered) session.refresher?.accept()
          attempt.isDelivered = true
          yield verdict ? { ...result, notReplayed: verdict } : result
        }
      } catch (error) {
        verdict = await session.judge(operation, { error }, attempt, isRefused)
        if (verdict !== 'replay') throw error
      }
      // At most once: a replay that is refused is not sent again.
      if (verdict !== 'replay') return
    }
  } finally {
    session.running.delete(operation)
  }
}
