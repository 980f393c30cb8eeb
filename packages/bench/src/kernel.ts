import { strictEqual } from 'node:assert/strict'
import { Bench } from 'tinybench'
import { apollo, apolloInFlight, apolloPlain } from './kernel/apollo.ts'
import { data, type Contestant, type InFlight } from './kernel/contestant.ts'
import { floor } from './kernel/floor.ts'
import { graphlinks, graphlinksAsync, graphlinksClient, graphlinksInFlight } from './kernel/graphlinks.ts'
import { trpc } from './kernel/trpc.ts'
import { urql } from './kernel/urql.ts'
import { median, printPromises, printTable, type Kept } from './print.ts'

// Short rounds in which everybody takes a turn: a busy moment of the machine then hits all of them, not one.
const rounds = 100
const roundMs = 8
const batch = 50
const inFlight = 10_000

/** What a pipeline costs in memory, without a network: time of one query, microtask turns, memory of waiting ones. */
export async function kernel(): Promise<boolean> {
  const chains = { none: graphlinks(0), one: graphlinks(1), six: graphlinks(6), twelve: graphlinks(12) }
  const others = { apollo: apollo(6), apolloPlain: apolloPlain(6), trpc: trpc(6), urql: urql(6) }
  const contestants = [
    floor,
    ...Object.values(chains),
    graphlinksAsync(6),
    graphlinksClient(6),
    ...Object.values(others),
  ]
  for (const { name, run } of contestants) strictEqual((await run()) === data, true, `${name} gave other data`)

  const times = await measure(contestants)
  const timesOf = ({ name }: Contestant): readonly number[] => times.get(name) ?? []
  // Round by round, since what disturbs the machine disturbs neighbours alike.
  const ratio = (one: Contestant, other: Contestant): number =>
    median(timesOf(one).map((time, round) => time / (timesOf(other)[round] ?? NaN)))
  printTable(
    ['one query with 6 headers unless it says otherwise', 'median ns', 'x floor'],
    contestants.map((contestant) => [
      contestant.name,
      median(timesOf(contestant)).toFixed(0),
      ratio(contestant, floor).toFixed(2),
    ]),
  )

  const turns = { none: await turnsOf(chains.none), six: await turnsOf(chains.six) }
  const memory = { graphlinks: await memoryOf(graphlinksInFlight(6)), apollo: await memoryOf(apolloInFlight(6)) }
  printTable(
    [`${inFlight.toLocaleString('en')} operations in flight, 6 links`, 'heap MB', 'bytes each'],
    Object.entries(memory).map(([name, bytes]) => [name, (bytes / 1e6).toFixed(1), (bytes / inFlight).toFixed(0)]),
  )

  const kept: Kept[] = [
    atMost('6 header links, times the floor', ratio(chains.six, floor), 5),
    atMost('6 header links, part of Apollo Link (SetContextLink)', ratio(chains.six, others.apollo), 0.25),
    atMost('microtask turns that 6 header links add', turns.six - turns.none, 0),
  ]
  printPromises(kept)
  return kept.every(({ holds }) => holds)
}

function atMost(what: string, value: number, limit: number): Kept {
  return { what, value: value.toFixed(2), limit: `at most ${limit}`, holds: value <= limit }
}

/** Nanoseconds of one run, by name: the median of each round. */
async function measure(contestants: readonly Contestant[]): Promise<ReadonlyMap<string, readonly number[]>> {
  const samples = new Map<string, number[]>(contestants.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    const bench = new Bench({ time: roundMs, iterations: 1, warmup: round === 0, warmupTime: 150, throws: true })
    // Another order each time, so that nobody always runs after the same neighbour.
    const start = (round * 3) % contestants.length
    for (const { name, run } of [...contestants.slice(start), ...contestants.slice(0, start)]) {
      bench.add(name, async () => {
        for (let count = 0; count < batch; count++) await run()
      })
    }
    for (const { name, result } of await bench.run()) {
      if (result.state !== 'completed') throw new Error(`${name} did not complete`)
      samples.get(name)?.push((result.latency.p50 * 1e6) / batch)
    }
  }
  return samples
}

/** Turns of the microtask queue until a run is over. */
async function turnsOf({ run }: Contestant): Promise<number> {
  let over = false
  let turns = 0
  const running = run().then(() => (over = true))
  while (!over) {
    turns++
    await Promise.resolve()
  }
  await running
  return turns
}

/** Bytes of heap that {@link inFlight} operations hold while they wait for an answer. */
async function memoryOf({ start, stop }: InFlight): Promise<number> {
  const waiting: Promise<unknown>[] = []
  const measured: number[] = []
  for (let round = 0; round < 3; round++) {
    const before = await heap()
    for (let count = 0; count < inFlight; count++) waiting.push(start().catch(() => undefined))
    measured.push((await heap()) - before)
  }
  await stop()
  await Promise.all(waiting)
  return median(measured)
}

async function heap(): Promise<number> {
  // A turn of the event loop first: asynchronous links are then through, and what waits is at the terminal.
  await new Promise((resolve) => setImmediate(resolve))
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}
