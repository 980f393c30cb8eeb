import { isDeepStrictEqual } from 'node:util'
import { median, printPromises, printTable, type Kept } from './print.ts'
import { apollo } from './stampede/apollo.ts'
import type { Contestant } from './stampede/contestant.ts'
import { floor } from './stampede/floor.ts'
import { graphlinks, graphlinksByHand } from './stampede/graphlinks.ts'
import { startServer, type Counts, type Refusal } from './stampede/server.ts'
import { urql } from './stampede/urql.ts'

const everybodys = 10_000
const spreadMs = 500
// As many rounds as fit, so that the whole part ends in time also on a busy machine; the last of them only for the two
// that a promise is about.
const rounds = { least: 2, everybodys: 2, most: 15, budgetMs: 30_000 }
/** An operation that has no answer by then is not going to have one. */
const boundMs = 20_000
/** The heap is measured at each of so many requests. */
const sampleEvery = 2_000
const partMs = 120_000

const contestants: readonly Contestant[] = [graphlinks, graphlinksByHand, floor, apollo, urql]
const refusals: readonly Refusal[] = ['UNAUTHENTICATED', '401']

/** What came of one stampede. */
interface Run extends Counts {
  readonly ok: number
  readonly failed: number
  readonly ms: number
  /** Of the processor, which a busy machine does not make longer as it does the time on the wall. */
  readonly cpuMs: number
}

/** 10,000 operations on an expired token: how often everybody renews it, what is lost, and what that costs. */
export async function stampede(): Promise<boolean> {
  const start = performance.now()
  const ownRuns: Run[] = []
  const ratios = new Map<Refusal, number>()

  // The memory first, which also warms everybody up.
  const peaks: [name: string, bytes: number, operations: number][] = []
  for (const contestant of contestants) {
    peaks.push([contestant.name, await peakOf(contestant), operationsOf(contestant)])
  }
  printTable(
    ['heap in use at the worst moment', 'operations', 'MB', 'bytes each'],
    peaks.map(([name, bytes, each]) => [name, count(each), (bytes / 1e6).toFixed(1), (bytes / each).toFixed(0)]),
  )

  for (const refusal of refusals) {
    const runs = await measure(refusal)
    const runsOf = ({ name }: Contestant): readonly Run[] => runs.get(name) ?? []
    const usEach = (run: Run | undefined): number => (run ? (run.cpuMs * 1e3) / (run.ok + run.failed) : NaN)
    // Round by round, since what disturbs the machine disturbs neighbours alike; and for each operation, since not
    // everybody runs as many.
    const ratio = (contestant: Contestant): number =>
      median(runsOf(contestant).map((run, round) => usEach(run) / usEach(runsOf(graphlinksByHand)[round])))
    printTable(
      [`all at once, ${answered(refusal)}`, ...countHeadings, 'ms', 'CPU µs each', 'x by hand'],
      contestants.map((contestant) => [
        contestant.name,
        ...countCells(runsOf(contestant)),
        median(runsOf(contestant).map(({ ms }) => ms)).toFixed(0),
        median(runsOf(contestant).map(usEach)).toFixed(0),
        ratio(contestant).toFixed(2),
      ]),
    )
    ratios.set(refusal, ratio(graphlinks))
    ownRuns.push(...runsOf(graphlinks))
  }
  for (const refusal of refusals) {
    const rows: string[][] = []
    for (const contestant of contestants) {
      const run = await runOnce(contestant, refusal, spreadMs)
      rows.push([contestant.name, ...countCells([run])])
      if (contestant === graphlinks) ownRuns.push(run)
    }
    printTable([`over ${spreadMs} ms, ${answered(refusal)}`, ...countHeadings], rows)
  }

  const worst = (of: (run: Run) => number): number => Math.max(...ownRuns.map(of))
  const seconds = (performance.now() - start) / 1_000
  const kept: Kept[] = [
    {
      what: 'refreshes by tokenRefreshLink, in every run',
      value: range(ownRuns.map(({ refreshes }) => refreshes)),
      limit: 'exactly 1',
      holds: ownRuns.every(({ refreshes }) => refreshes === 1),
    },
    atMost(
      'operations that it lost',
      worst(({ failed }) => failed),
      0,
      0,
    ),
    atMost(
      'refresh tokens that it used twice',
      worst(({ reuses }) => reuses),
      0,
      0,
    ),
    ...refusals.map((refusal) =>
      atMost(`its CPU time, times a link written by hand, ${answered(refusal)}`, ratios.get(refusal) ?? NaN, 1.15),
    ),
    atMost('seconds that all this took', seconds, partMs / 1_000, 0),
  ]
  printPromises(kept)
  return kept.every(({ holds }) => holds)
}

function operationsOf({ operations = everybodys }: Contestant): number {
  return operations
}

function atMost(what: string, value: number, limit: number, digits = 2): Kept {
  return { what, value: value.toFixed(digits), limit: `at most ${limit}`, holds: value <= limit }
}

const countHeadings = ['refreshes', 'reuses', 'requests', 'ok', 'failed']

function countCells(runs: readonly Run[]): string[] {
  return [
    range(runs.map(({ refreshes }) => refreshes)),
    range(runs.map(({ reuses }) => reuses)),
    range(runs.map(({ requests }) => requests)),
    range(runs.map(({ ok }) => ok)),
    range(runs.map(({ failed }) => failed)),
  ]
}

/** The least and the most. */
function range(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  return least === most ? count(least) : `${count(least)}-${count(most)}`
}

function count(value: number): string {
  return value.toLocaleString('en')
}

function answered(refusal: Refusal): string {
  return refusal === '401' ? 'HTTP 401' : 'HTTP 200 and UNAUTHENTICATED'
}

/** The runs of everybody, by name. */
async function measure(refusal: Refusal): Promise<ReadonlyMap<string, readonly Run[]>> {
  const runs = new Map<string, Run[]>(contestants.map(({ name }) => [name, []]))
  const end = performance.now() + rounds.budgetMs
  for (let round = 0; round < rounds.least || (round < rounds.most && performance.now() < end); round++) {
    const present = round < rounds.everybodys ? contestants : [graphlinks, graphlinksByHand]
    // Another order each time, so that nobody always runs after the same neighbour.
    const start = (round * 3) % present.length
    for (const contestant of [...present.slice(start), ...present.slice(0, start)]) {
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
