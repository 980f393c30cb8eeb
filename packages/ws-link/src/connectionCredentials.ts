import type { Clock, CredentialLease, GraphLinksError, Operation } from '@graphlinks/core'
import { credentialSources, leaseOf, renewCredentials } from '@graphlinks/core/deferred'
import { blamed, type Failure } from './failures.ts'
import { createHandshake, type Handshake, type HandshakeOptions } from './handshake.ts'
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

/**
 * Makes the credentials and the payload of the next socket: of each operation, as identities may part.
 *
 * @param move - takes an operation that has another identity than that of `key`.
 * @returns `undefined` when no operation is left.
 */
export async function prepareHandshake(
  runs: Runs,
  key: string,
  options: HandshakeOptions,
  move: (run: Run, operation: Operation, handshake: Handshake) => void,
  fail: (run: Run, failure: Failure) => void,
): Promise<Handshake | Delay | undefined> {
  let prepared: Handshake | Delay | undefined
  const prepare = async (run: Run): Promise<void> => {
    try {
      const operation = await renewCredentials(run.operation)
      const handshake = await createHandshake(operation, options)
      if (!runs.has(run)) return
      if (handshake.key !== key) return move(run, operation, handshake)
      run.operation = operation
      prepared ??= handshake
    } catch (cause) {
      const error = blamed(cause, 'the connection could not be prepared', run.operation)
      const { retryAfterMs } = error as { readonly retryAfterMs?: number }
      if (retryAfterMs === undefined) fail(run, () => error)
      else prepared = { retryAfterMs, error }
    }
  }
  // More may come meanwhile.
  while (!prepared && runs.size > 0) await Promise.all([...runs].map(prepare))
  return prepared
}
