import { isDeepStrictEqual } from 'node:util'
import { atMost, median, type Kept, type Part, type Row, type Table } from './outcome.ts'
import { inTurn, roundsWithin, type Rounds } from './rounds.ts'
import { apollo } from './stampede/apollo.ts'
import type { Contestant } from './stampede/contestant.ts'
import { floor } from './stampede/floor.ts'
import { graphlinks, graphlinksByHand } from './stampede/graphlinks.ts'
import { graphqlRequest } from './stampede/graphqlRequest.ts'
import { relay } from './stampede/relay.ts'
import { startServer, type Counts, type Refusal } from './stampede/server.ts'
import { urql } from './stampede/urql.ts'

const everybodys = 10_000
const spreadMs = 500
// As many rounds as fit, so that the whole part ends in time also on a busy machine; the last of them only for the two
// that a promise is about.
const rounds: Rounds = { least: 2, most: 15, budgetMs: 22_000 }
const everybodysRounds = 2
/** An operation that has no answer by then is not going to have one. */
const boundMs = 20_000
/** The heap is measured at each of so many requests. */
const sampleEvery = 2_000

const contestants: readonly Contestant[] = [graphlinks, graphlinksByHand, floor, apollo, urql, graphqlRequest, relay]
/** A promise is about these two. */
const compared = [graphlinks, graphlinksByHand]
const refusals: readonly Refusal[] = ['UNAUTHENTICATED', '401']

/** What came of one stampede. */
interface Run extends Counts {
  readonly ok: number
  readonly failed: number
  readonly ms: number
  /** Of the processor, which a busy machine does not make longer as it does the time on the wall. */
  readonly cpuMs: number
}

export const stampede: Part = {
  method:
    'Operations on an expired token, which a server in memory refuses with HTTP 401 or with 200 and UNAUTHENTICATED, all at' +
    ' once or spread over half a second; a refresh takes 20 ms and ends the tokens before. Counted is what the server saw' +
    ' and what the callers got, the least and the most of all rounds; the time is that of the processor for one operation,' +
    ' round by round beside a link for this server alone, as short as it can be.',
  async run(add) {
    const ownRuns: Run[] = []
    const kept: Kept[] = []

    // The memory first, which also warms everybody up.
    const peaks: Row[] = []
    for (const contestant of contestants) {
      const bytes = await peakOf(contestant)
      const each = operationsOf(contestant)
      const { name } = contestant
      peaks.push({ contestant: name, measure: 'operations', value: each })
      peaks.push({ contestant: name, measure: 'MB', value: bytes / 1e6 })
      peaks.push({ contestant: name, measure: 'bytes each', value: bytes / each })
    }
    add({ title: 'heap in use at the worst moment', rows: peaks })

    for (const refusal of refusals) {
      const runs = await measure(refusal)
      const runsOf = ({ name }: Contestant): readonly Run[] => runs.get(name) ?? []
      const usEach = (run: Run | undefined): number => (run ? (run.cpuMs * 1e3) / (run.ok + run.failed) : NaN)
      // Round by round, since what disturbs the machine disturbs neighbours alike; and for each operation, since not
      // everybody runs as many.
      const ratio = (contestant: Contestant): number =>
        median(runsOf(contestant).map((run, round) => usEach(run) / usEach(runsOf(graphlinksByHand)[round])))
      add({
        ...tableOf(`all at once, ${answered(refusal)}`, runsOf, (contestant) => [
          { measure: 'ms', value: median(runsOf(contestant).map(({ ms }) => ms)) },
          {
            measure: 'CPU µs each',
            value: median(runsOf(contestant).map(usEach)),
            ratios: { 'by hand': ratio(contestant) },
          },
        ]),
        chart: { name: `stampede-${refusal.toLowerCase()}`, measures: ['CPU µs each'], isLogarithmic: true },
      })
      kept.push(atMost(`its CPU time, times a link written by hand, ${answered(refusal)}`, ratio(graphlinks), 1.15))
      ownRuns.push(...runsOf(graphlinks))
    }
    for (const refusal of refusals) {
      const runs = new Map<Contestant, Run>()
      for (const contestant of contestants) runs.set(contestant, await runOnce(contestant, refusal, spreadMs))
      const runsOf = (contestant: Contestant): readonly Run[] => [runs.get(contestant)].flatMap((run) => run ?? [])
      add(tableOf(`over ${spreadMs} ms, ${answered(refusal)}`, runsOf))
      ownRuns.push(...runsOf(graphlinks))
    }

    const worst = (of: (run: Run) => number): number => Math.max(...ownRuns.map(of))
    const refreshes = ownRuns.map((run) => run.refreshes)
    return [
      {
        what: 'refreshes by tokenRefreshLink, in every run',
        value: [...new Set(refreshes)].join(', '),
        limit: 'exactly 1',
        holds: refreshes.every((count) => count === 1),
      },
      atMost(
        'operations that it lost',
        worst(({ failed }) => failed),
        0,
      ),
      atMost(
        'refresh tokens that it used twice',
        worst(({ reuses }) => reuses),
        0,
      ),
      ...kept,
    ]
  },
}

function operationsOf({ operations = everybodys }: Contestant): number {
  return operations
}

const counts = ['refreshes', 'reuses', 'requests', 'ok', 'failed'] as const

/** The counts of everybody, the least and the most of their runs, and what else there is of them. */
function tableOf(
  title: string,
  runsOf: (contestant: Contestant) => readonly Run[],
  others: (contestant: Contestant) => readonly Omit<Row, 'contestant'>[] = () => [],
): Table {
  const rows = contestants.flatMap((contestant) => [
    ...counts.map((measure) => {
      const values = runsOf(contestant).map((run) => run[measure])
      return { contestant: contestant.name, measure, value: Math.min(...values), most: Math.max(...values) }
    }),
    ...others(contestant).map((row) => ({ ...row, contestant: contestant.name })),
  ])
  return { title, rows }
}

function answered(refusal: Refusal): string {
  return refusal === '401' ? 'HTTP 401' : 'HTTP 200 and UNAUTHENTICATED'
}

/** The runs of everybody, by name. */
async function measure(refusal: Refusal): Promise<ReadonlyMap<string, readonly Run[]>> {
  const runs = new Map<string, Run[]>(contestants.map(({ name }) => [name, []]))
  for (const round of roundsWithin(rounds)) {
    for (const contestant of inTurn(round < everybodysRounds ? contestants : compared, round)) {
      runs.get(contestant.name)?.push(await runOnce(contestant, refusal))
    }
  }
  return runs
}

/** One stampede on a new server, all at once or spread over some time. */
async function runOnce(contestant: Contestant, refusal: Refusal, overMs = 0, server = startServer(refusal)) {
  const operations = operationsOf(contestant)
  const run = contestant.connect(server)
  // What an earlier run left behind is not for this one to clean up.
  globalThis.gc?.()
  let ok = 0
  // An operation that gives no data, or that of another, is lost, whatever it says.
  const settle = async (id: string): Promise<void> => {
    try {
      if (isDeepStrictEqual(await run(id), { me: { id, name: 'Ada' } })) ok++
    } catch {
      // Not ok.
    }
  }
  const cpu = process.cpuUsage()
  const start = performance.now()
  const settled: Promise<void>[] = []
  for (;;) {
    const due = overMs ? Math.min(operations, ((performance.now() - start) / overMs) * operations) : operations
    while (settled.length < due) settled.push(settle(String(settled.length)))
    if (settled.length >= operations) break
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  let timer: ReturnType<typeof setTimeout> | undefined
  await Promise.race([Promise.all(settled), new Promise((resolve) => (timer = setTimeout(resolve, boundMs)))])
  clearTimeout(timer)
  const ms = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  return { ...server.counts, ok, failed: operations - ok, ms, cpuMs: (user + system) / 1e3 } satisfies Run
}

/** Bytes of heap that are in use at the worst moment of a stampede. */
async function peakOf(contestant: Contestant): Promise<number> {
  const before = heap()
  let peak = before
  const every = sampleEvery * (operationsOf(contestant) / everybodys)
  const server = startServer('UNAUTHENTICATED', (request) => {
    if (request % every === 0) peak = Math.max(peak, heap())
  })
  await runOnce(contestant, 'UNAUTHENTICATED', 0, server)
  return peak - before
}

function heap(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}
