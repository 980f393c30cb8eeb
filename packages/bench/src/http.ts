import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Connection, Contestant } from './http/contestant.ts'
import { rawDispatch, rawFetch } from './http/floors.ts'
import { overFetch, overFetchOf, overUndici, overUndiciOf } from './http/graphlinks.ts'
import { apollo, graphqlRequest, urql } from './http/peers.ts'
import { median, printPromises, printTable, type Kept } from './print.ts'

const peers = [apollo, urql, graphqlRequest]
const compared = [rawFetch, overFetch, rawDispatch, overUndici]
const contestants = [...compared, ...peers]
const sizes = [200, 100_000] as const
const concurrencies = [1, 32, 256] as const
/** So many queries of a size make a round of one contestant. */
const queries: Readonly<Record<number, number>> = { 200: 1_000, 100_000: 150 }
// The first rounds are for the compiler.
const rounds = { warm: 3, least: 7, budgetMs: 1_800 }
// Those that are compared to the percent have more than one, between those of the others, since machines have their moods.
const processes = 3
const atOnce = 10_000
const partMs = 400_000

/** What a query costs: microseconds of the processor, by contestant, round by round. */
type Costs = ReadonlyMap<Contestant, readonly number[]>

/** Queries of one size, so many at a time. */
interface Cell {
  readonly url: string
  readonly size: number
  readonly concurrency: number
  readonly contestant: string
}

/** Queries over HTTP: what each client adds to the stack below it, and what 10,000 at once come to. */
export async function http(): Promise<boolean> {
  const { HTTP_CELL: cell } = process.env
  if (cell) {
    process.send?.(await measure(JSON.parse(cell) as Cell))
    return true
  }
  const start = performance.now()
  const server = await startServer()
  const kept: Kept[] = []
  try {
    // First, because fetch keeps its sockets, and those of other queries would be counted.
    kept.push(...(await crowds(server)))
    for (const size of sizes) {
      for (const concurrency of concurrencies) {
        const title = `${size} B, ${concurrency} at a time`
        const costs = new Map<Contestant, readonly number[]>()
        for (let process = 0; process < processes; process++) {
          for (const contestant of process === 0 ? contestants : compared) {
            const cell = { url: `${server.url}/${size}`, size, concurrency, contestant: contestant.name }
            costs.set(contestant, [...(costs.get(contestant) ?? []), ...(await measureApart(cell))])
          }
        }
        report(title, costs)
        kept.push(...promisesOf(title, costs))
      }
    }
  } finally {
    server.process.kill()
  }
  const seconds = (performance.now() - start) / 1_000
  kept.push(atMost('seconds that all this took', seconds, partMs / 1_000, 0))
  printPromises(kept)
  return kept.every(({ holds }) => holds)
}

function report(title: string, costs: Costs): void {
  printTable(
    [title, 'CPU µs a query', 'x fetch', 'x dispatch', 'x httpLink over undici'],
    contestants.map((contestant) => [
      contestant.name,
      median(costs.get(contestant) ?? []).toFixed(0),
      ...[rawFetch, rawDispatch, overUndici].map((other) => ratio(costs, contestant, other).toFixed(2)),
    ]),
  )
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

/** In a process of its own, as in an application: the garbage of others costs, and so do the shapes of their objects. */
async function measureApart(cell: Cell): Promise<readonly number[]> {
  const child = fork(process.argv[1] ?? '', ['http'], { env: { ...process.env, HTTP_CELL: JSON.stringify(cell) } })
  const [costs] = (await once(child, 'message')) as [readonly number[]]
  await once(child, 'exit')
  return costs
}

async function measure({ url, size, concurrency, contestant: name }: Cell): Promise<readonly number[]> {
  const contestant = contestants.find((each) => each.name === name) ?? rawFetch
  const { run, close } = contestant.connect(url)
  const costs: number[] = []
  const count = queries[size] ?? 0
  const end = performance.now() + rounds.budgetMs
  for (let round = 0; round < rounds.least || performance.now() < end; round++) {
    const cpu = process.cpuUsage()
    await runMany(run, count, concurrency)
    const { user, system } = process.cpuUsage(cpu)
    if (round >= rounds.warm) costs.push((user + system) / count)
  }
  await close?.()
  return costs
}

/** Runs that many queries, so many at a time, and looks at each answer. */
async function runMany(run: Connection['run'], count: number, concurrency: number): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) {
      const id = String(next++)
      const data = (await run(id)) as { item?: { id?: string } } | undefined
      if (data?.item?.id !== id) throw new Error(`the answer to ${id} is that of ${data?.item?.id}`)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
}

/** 10,000 queries at once: what fails, and how many sockets there are. */
async function crowds(server: Server): Promise<Kept[]> {
  const limits = [16, 32, 64, 128, 256]
  const crowd = [
    ...limits.map((limit) => ({ limit, ...overUndiciOf(limit) })),
    ...limits.map((limit) => ({ limit, ...overFetchOf(limit) })),
    { limit: undefined, ...rawFetch },
  ]
  const kept: Kept[] = []
  const rows: string[][] = []
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
    rows.push([contestant.name, ms.toFixed(0), String(sockets), String(failed)])
    if (limit === undefined) continue
    kept.push(
      atMost(`${atOnce} at once, ${contestant.name}: failed`, failed, 0, 0),
      atMost(`${atOnce} at once, ${contestant.name}: sockets`, sockets, limit, 0),
    )
  }
  printTable([`${atOnce} at once`, 'ms', 'sockets', 'failed'], rows)
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

function atMost(what: string, value: number, limit: number, digits = 2): Kept {
  return { what, value: value.toFixed(digits), limit: `at most ${limit}`, holds: value <= limit }
}

function atLeast(what: string, value: number, limit: number): Kept {
  return { what, value: value.toFixed(2), limit: `at least ${limit}`, holds: value >= limit }
}
