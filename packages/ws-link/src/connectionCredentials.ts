import { credentialSources, leaseOf, type Clock, type CredentialLease, type Operation } from '@graphlinks/core'

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
  operations: readonly Operation[],
  again: boolean,
): Promise<'replaced' | 'renewable' | undefined> {
  const sources = new Set(operations.flatMap(credentialSources))
  const outcomes = await Promise.all(
    // What cannot say is asked again, once.
    [...sources].map(async (source) => {
      const lease = leaseOf(source)
      return lease ? lease.refused(again) : 'renewable'
    }),
  )
  return outcomes.find((found) => found === 'replaced') ?? outcomes.find(Boolean)
}
