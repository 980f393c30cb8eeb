import { TimeoutError, type Clock, type CredentialLease, type GraphLinksError, type Operation } from '@graphlinks/core'
import { credentialSources, leaseOf, renewCredentials } from '@graphlinks/core/deferred'
import { blamed, type Failure } from './failures.ts'
import { createHandshake, inTime, type FullHandshake, type Handshake, type HandshakeOptions } from './handshake.ts'
import type { Run } from './run.ts'
import type { Runs } from './runs.ts'

// How often to look at clocks that may have stood still, or were set.
const longestTickMs = 60_000
const shortestTickMs = 1_000

/**
 * Learns when there are better credentials than those that a socket was opened with, and when they must not be used any
 * more, because somebody signed in or out. @returns functions that end it.
 */
export function watchCredentials(
  operation: Operation,
  clock: Clock,
  listener: (change: 'renewed' | 'ended') => void,
): (() => void)[] {
  return credentialSources(operation).flatMap((source) => {
    const lease = leaseOf(source)
    return lease ? [lease.subscribe(listener), checkInTime(lease, clock)] : []
  })
}

/** Has tokens that are due renewed, also where nobody sends anything. */
function checkInTime(lease: CredentialLease, clock: Clock): () => void {
  let cancel: () => void
  const arm = (): void => {
    const dueMs = Math.min(Math.max(lease.dueMs ?? longestTickMs, shortestTickMs), longestTickMs)
    cancel = clock.after(dueMs, () => {
      lease.check()
      arm()
    })
  }
  arm()
  return () => cancel()
}

/**
 * Says that a server refused the credentials of a connection.
 *
 * @param again - whether they had been renewed because those before had been refused.
 * @returns whether there are better ones, or may be: see {@link CredentialLease}.
 */
export async function refuseCredentials(
  runs: Iterable<Run>,
  again: boolean,
): Promise<'replaced' | 'renewable' | undefined> {
  const sources = new Set([...runs].flatMap(({ operation }) => credentialSources(operation)))
  const outcomes = await Promise.all(
    // What cannot say is asked again, once.
    [...sources].map(async (source) => {
      const lease = leaseOf(source)
      return lease ? lease.refused(again) : 'renewable'
    }),
  )
  return outcomes.includes('replaced') ? 'replaced' : outcomes.find(Boolean)
}

/** Credentials could not be had yet. */
export interface Delay {
  readonly retryAfterMs: number
  readonly error: GraphLinksError
}

/** An operation, and what its connection is to begin with. */
interface Candidate {
  readonly run: Run
  readonly handshake: Handshake
}

/**
 * Makes the credentials and the payload of the next socket: of each operation, as identities may part. Then what only one
 * socket needs, such as a ticket: once for all of them.
 *
 * @param first - that of the first operation, where it was made just now.
 * @param move - takes operations that have another identity than that of `key`. They are on no connection by then.
 * @returns `undefined` when no operation is left.
 */
export async function prepareHandshake(
  runs: Runs,
  key: string,
  options: HandshakeOptions,
  first: Handshake | undefined,
  move: (moved: readonly Candidate[]) => void,
  fail: (run: Run, failure: Failure) => void,
): Promise<FullHandshake | Delay | undefined> {
  let delay: Delay | undefined
  const refuse = (cause: unknown, run: Run): void => {
    const error = blamed(cause, 'the connection could not be prepared', run.operation)
    // What does not answer may do so the next time, as a server that does not.
    const { retryAfterMs = TimeoutError.is(error) ? 0 : undefined } = error as { readonly retryAfterMs?: number }
    if (retryAfterMs === undefined) fail(run, () => error)
    else delay = { retryAfterMs, error }
  }
  let lead: Candidate | undefined = first && { run: [...runs][0] as Run, handshake: first }
  // More may come meanwhile.
  for (; !delay && runs.size > 0; lead = undefined) {
    const moved: Candidate[] = []
    const prepare = async (run: Run): Promise<void> => {
      try {
        const operation = await inTime(run.operation, options, renewCredentials(run.operation))
        const handshake = await createHandshake(operation, options)
        if (!runs.has(run)) return
        run.operation = operation
        if (handshake.key !== key) moved.push({ run, handshake })
        else lead ??= { run, handshake }
      } catch (cause) {
        refuse(cause, run)
      }
    }
    if (!lead) await Promise.all([...runs].map(prepare))
    if (moved.length > 0) move(moved)
    if (!lead || delay) continue
    try {
      return { ...lead.handshake, ...(await lead.handshake.address()) }
    } catch (cause) {
      // What was left meanwhile may be the reason: others have another try.
      for (const run of runs.has(lead.run) ? runs : []) refuse(cause, run)
    }
  }
  return delay
}
