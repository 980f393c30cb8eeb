import { strictEqual } from 'node:assert/strict'
import { Bench } from 'tinybench'
import { apollo, apolloAsync, apolloClient, apolloPlain } from './kernel/apollo.ts'
import { data, type Contestant, type Pipeline } from './kernel/contestant.ts'
import { floor, floorAsync } from './kernel/floor.ts'
import { graphlinks, graphlinksAsync, graphlinksClient } from './kernel/graphlinks.ts'
import { trpc, trpcAsync } from './kernel/trpc.ts'
import { urql, urqlAsync } from './kernel/urql.ts'
import { atMost, median, type Chart, type Part, type Table } from './outcome.ts'
import { inTurn } from './rounds.ts'

// Short rounds in which everybody takes a turn: a busy moment of the machine then hits all of them, not one.
const rounds = 70
const roundMs = 8
const batch = 50

const counts = [0, 1, 6, 12] as const
const measureOf = (count: number): string => `${count} ${count === 1 ? 'link' : 'links'}, ns`

/** Contestants by the number of their links. */
type Group = readonly (readonly [count: number, contestant: Contestant])[]

const groupOf = (pipelines: readonly Pipeline[], numbers: readonly number[]): Group =>
  pipelines.flatMap((pipeline) => numbers.map((count) => [count, pipeline(count)] as const))

export const kernel: Part = {
  method:
    'One query in memory, through links that each set a header, to a terminal that checks that all of them arrived and' +
    ' answers at once. Everybody takes a turn of 8 ms in each of 70 rounds, in another order each time; given are the' +
    ' medians, and the medians of the ratios of each round. Apollo Link is measured without its client, as are our' +
    ' chains; tRPC and urql have their clients around them, without a cache.',
  async run(add) {
    const sync = groupOf([floor, graphlinks, apolloPlain, apollo, urql, trpc], counts)
    const async = groupOf([floorAsync, graphlinksAsync, apolloAsync, urqlAsync, trpcAsync], counts.slice(1))
    const clients = groupOf([graphlinksClient, apolloClient], [6])
    const contestants = [...sync, ...async, ...clients].map(([, contestant]) => contestant)
    for (const { name, run } of contestants) strictEqual((await run()) === data, true, `${name} gave other data`)

    const times = await measure(contestants)
    const timesOf = (group: Group, name: string, count: number): readonly number[] => {
      const [, contestant] = group.find(([own, each]) => own === count && each.name === name) ?? []
      return (contestant && times.get(contestant)) ?? []
    }
    const table = (title: string, group: Group, floors: Group): Table => ({
      title,
      rows: group.map(([count, { name }]) => ({
        contestant: name,
        measure: measureOf(count),
        value: median(timesOf(group, name, count)),
        ratios: { floor: ratio(timesOf(group, name, count), timesOf(floors, floor(count).name, count)) },
      })),
    })
    const chartOf = (name: string, numbers: readonly number[]): Chart => ({
      name,
      measures: numbers.map(measureOf),
      isLogarithmic: true,
    })
    add({ ...table('one query, links that are functions', sync, sync), chart: chartOf('kernel', counts) })
    add({ ...table('one query, links that wait', async, async), chart: chartOf('kernel-async', counts.slice(1)) })
    add(table('one query, through the client', clients, sync))

    const [own, apollos, floors] = [graphlinks, apollo, floor].map((each) => timesOf(sync, each(6).name, 6))
    const turns = (await turnsOf(graphlinks(6))) - (await turnsOf(graphlinks(0)))
    return [
      atMost('6 header links, times the floor', ratio(own, floors), 5),
      atMost('6 header links, part of Apollo Link (SetContextLink)', ratio(own, apollos), 0.25),
      atMost('microtask turns that 6 header links add', turns, 0),
    ]
  },
}

/** Round by round, since what disturbs the machine disturbs neighbours alike. */
function ratio(ones: readonly number[] = [], others: readonly number[] = []): number {
  return median(ones.map((time, round) => time / (others[round] ?? NaN)))
}

/** Nanoseconds of one run: the median of each round. */
async function measure(contestants: readonly Contestant[]): Promise<ReadonlyMap<Contestant, readonly number[]>> {
  const samples = new Map<Contestant, number[]>(contestants.map((contestant) => [contestant, []]))
  for (let round = 0; round < rounds; round++) {
    const bench = new Bench({ time: roundMs, iterations: 1, warmup: round === 0, warmupTime: 150, throws: true })
    const order = inTurn(contestants, round)
    for (const [index, { run }] of order.entries()) {
      bench.add(String(index), async () => {
        for (let count = 0; count < batch; count++) await run()
      })
    }
    const tasks = await bench.run()
    for (const [index, contestant] of order.entries()) {
      const result = tasks[index]?.result
      if (result?.state !== 'completed') throw new Error(`${contestant.name} did not complete`)
      samples.get(contestant)?.push((result.latency.p50 * 1e6) / batch)
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
