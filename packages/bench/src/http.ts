import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { startApart, type Apart } from './apart.ts'
import type { Connection, Contestant } from './http/contestant.ts'
import { rawDispatch, rawFetch } from './http/floors.ts'
import { overFetch, overFetchOf, overUndici, overUndiciOf } from './http/graphlinks.ts'
import { apollo, graphqlRequest, urql } from './http/peers.ts'
import { relay } from './http/relay.ts'
import { atLeast, atMost, median, type Kept, type Part, type Table } from './outcome.ts'
import { inTurn, roundsWithin, type Rounds } from './rounds.ts'

const peers = [apollo, urql, graphqlRequest, relay]
const compared = [rawFetch, overFetch, rawDispatch, overUndici]
const contestants = [...compared, ...peers]
const sizes = [200, 100_000] as const
const concurrencies = [1, 32, 256] as const
/** At least so many queries make a round of one contestant, by size. */
const queries: Readonly<Record<number, number>> = { 200: 300, 100_000: 64 }
/** So long each is at work before the first round: until then the compiler and the heap are still busy with themselves. */
const warmMs = 2_500
/** Before each round, as a part of it: what grew cold in the meantime. */
const warmPart = 0.1
const rounds: Rounds = { least: 3, most: 24, budgetMs: 9_000 }
/** The peers are far away, and what they cost needs no percents: they take part in each round of so many. */
const roundsOfPeers = 3
// Those that are compared to the percent have more than one, since processes have their moods.
const processes = 2
const atOnce = 10_000

/** What a query costs: microseconds of the processor, by contestant, round by round. */
type Costs = ReadonlyMap<Contestant, number[]>

/** So many queries of one size, so many at a time. */
interface Round {
  readonly url: string
  readonly count: number
  /** Before those that are measured come so many, or as many as take so long. */
  readonly warm: { readonly queries: number } | { readonly ms: number }
  readonly concurrency: number
  readonly contestant: string
}

export const http: Part = {
  method:
    'Queries with a bearer token to a server in a process of its own, by size of the answer and number at a time; each' +
    ' contestant has a process of its own as well, those that are compared to the percent two. All of those take a turn' +
    ' in each round, the peers in each third, every answer is looked at, and given is the median of what one query costs the processor of the' +
    ' client, since throughput depends on the moods of the machine.',
  answer: measure,
  async run(add) {
    const server = await startServer()
    const kept: Kept[] = []
    const apart = [...contestants, ...Array.from({ length: processes - 1 }, () => compared).flat()].map(
      (contestant) => [contestant, startApart('http')] as const,
    )
    try {
      for (const size of sizes) {
        const url = `${server.url}/${size}`
        // Two at a time: a server that has hundreds of large answers to give leaves some for half a minute, and links have a
        // time limit.
        const cold = [...apart]
        const warmUp = async (): Promise<void> => {
          for (let next = cold.pop(); next; next = cold.pop())
            await next[1].ask({
              url,
              count: 1,
              warm: { ms: warmMs },
              concurrency: 32,
              contestant: next[0].name,
            } satisfies Round)
        }
        await Promise.all([warmUp(), warmUp()])
        for (const concurrency of concurrencies) {
          const count = Math.max(queries[size] ?? 0, concurrency)
          const costs = await costsOf(apart, { url, count, warm: { queries: count * warmPart }, concurrency })
          add(tableOf(size, concurrency, costs))
          kept.push(...promisesOf(`${size} B, ${concurrency} at a time`, costs))
        }
      }
    } finally {
      await Promise.all(apart.map(([, { end }]) => end()))
      server.process.kill()
    }
    return kept
  },
}

export const crowd: Part = {
  method:
    `${atOnce.toLocaleString('en')} queries at once: what fails, and how many sockets there are. Fetch by hand opens as many as` +
    ' it likes.',
  async run(add) {
    const server = await startServer()
    try {
      return await crowds(server, add)
    } finally {
      server.process.kill()
    }
  },
}

async function costsOf(
  apart: readonly (readonly [Contestant, Apart])[],
  cell: Omit<Round, 'contestant'>,
): Promise<Costs> {
  const costs = new Map<Contestant, number[]>(contestants.map((contestant) => [contestant, []]))
  for (const round of roundsWithin(rounds)) {
    const taking = round % roundsOfPeers === 0 ? apart : apart.filter(([contestant]) => compared.includes(contestant))
    for (const [contestant, { ask }] of inTurn(taking, round)) {
      costs.get(contestant)?.push(await ask<number>({ ...cell, contestant: contestant.name }))
    }
  }
  return costs
}

function tableOf(size: number, concurrency: number, costs: Costs): Table {
  const measure = 'CPU µs a query'
  return {
    title: `${size.toLocaleString('en')} B, ${concurrency} at a time`,
    rows: contestants.map((contestant) => ({
      contestant: contestant.name,
      measure,
      value: median(costs.get(contestant) ?? []),
      ratios: {
        fetch: ratio(costs, contestant, rawFetch),
        dispatch: ratio(costs, contestant, rawDispatch),
        'httpLink over undici': ratio(costs, contestant, overUndici),
      },
    })),
    ...(concurrency === 32 && { chart: { name: `http-${size}`, measures: [measure] } }),
  }
}

function promisesOf(title: string, costs: Costs): Kept[] {
  const times = (one: Contestant, other: Contestant): string => `${title}: ${one.name}, times ${other.name}`
  return [
    atMost(times(overFetch, rawFetch), ratio(costs, overFetch, rawFetch), 1.1),
    atMost(times(overUndici, rawDispatch), ratio(costs, overUndici, rawDispatch), 1.3),
    ...peers.map((peer) => atLeast(times(peer, overUndici), ratio(costs, peer, overUndici), 2.5)),
  ]
}

function ratio(costs: Costs, one: Contestant, other: Contestant): number {
  return median(costs.get(one) ?? []) / median(costs.get(other) ?? [])
}

const connections = new Map<string, Connection>()

/** Runs one round. @returns microseconds of the processor that a query cost. */
async function measure({ url, count, warm, concurrency, contestant: name }: Round): Promise<number> {
  const contestant = contestants.find((each) => each.name === name)
  const { run } = connections.get(url) ?? contestant?.connect(url) ?? {}
  if (!run) throw new Error(`there is no contestant ${name}`)
  connections.set(url, { run })
  if ('queries' in warm) await runMany(run, warm.queries, concurrency)
  else for (const end = performance.now() + warm.ms; performance.now() < end;) await runMany(run, 100, concurrency)
  const cpu = process.cpuUsage()
  await runMany(run, count, concurrency)
  const { user, system } = process.cpuUsage(cpu)
  return (user + system) / count
}

/** Runs that many queries, so many at a time, and looks at each answer. */
async function runMany(run: Connection['run'], count: number, concurrency: number): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) {
      const id = String(next++)
      const data = (await run(id)) as { item?: { id?: string; content?: string } } | undefined
      if (data?.item?.id !== id) throw new Error(`the answer to ${id} is that of ${data?.item?.id}`)
      if (!data.item.content?.length) throw new Error(`the answer to ${id} has no content`)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
}

/** 10,000 queries at once: what fails, and how many sockets there are. */
async function crowds(server: Server, add: (table: Table) => void): Promise<Kept[]> {
  const crowd = [
    ...[16, 64, 256].map((limit) => ({ limit, ...overUndiciOf(limit) })),
    ...[64].map((limit) => ({ limit, ...overFetchOf(limit) })),
    { limit: undefined, ...rawFetch },
  ]
  const kept: Kept[] = []
  const rows: Table['rows'][number][] = []
  for (const { limit, ...contestant } of crowd) {
    const { run, close } = contestant.connect(`${server.url}/200`)
    await server.mostSockets()
    const start = performance.now()
    const outcomes = await Promise.allSettled(
      Array.from({ length: atOnce }, (_, id) => runMany(run, 1, 1).then(() => id)),
    )
    const ms = performance.now() - start
    const failed = outcomes.filter(({ status }) => status === 'rejected').length
    const sockets = await server.mostSockets()
    await close?.()
    // The server hears of it a little later, and these are not the next one's. Fetch keeps its own.
    while (contestant.name.includes('undici') && (await server.mostSockets()) > 0);
    rows.push(
      { contestant: contestant.name, measure: 'ms', value: ms },
      { contestant: contestant.name, measure: 'sockets', value: sockets },
      { contestant: contestant.name, measure: 'failed', value: failed },
    )
    if (limit === undefined) continue
    kept.push(
      atMost(`${atOnce.toLocaleString('en')} at once, ${contestant.name}: failed`, failed, 0),
      atMost(`${atOnce.toLocaleString('en')} at once, ${contestant.name}: sockets`, sockets, limit),
    )
  }
  add({ title: `${atOnce.toLocaleString('en')} queries at once`, rows })
  return kept
}

interface Server {
  readonly process: ChildProcess
  readonly url: string
  /** The most sockets that there were at one time since it was last asked. */
  readonly mostSockets: () => Promise<number>
}

async function startServer(): Promise<Server> {
  const child = fork(fileURLToPath(new URL('../src/http/server.cjs', import.meta.url)), { execArgv: [] })
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  return {
    process: child,
    url: `http://127.0.0.1:${port}`,
    async mostSockets() {
      child.send('sockets')
      const [{ most }] = (await once(child, 'message')) as [{ most: number }]
      return most
    },
  }
}
