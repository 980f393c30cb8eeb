import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { chain, createClient } from '@graphlinks/core'
import { wsLink } from '@graphlinks/ws-link'
import { WebSocket } from 'ws'
import { subscription, type Contestant } from './ws/contestant.ts'
import { apollo, graphlinks, graphqlWs, raw, urql } from './ws/contestants.ts'
import { median, printPromises, printTable, type Kept } from './print.ts'

const compared = [raw, graphqlWs, graphlinks]
const contestants = [...compared, urql, apollo]
const subscriptionCounts = [1, 10, 100, 1_000] as const
const backlogs = [15_000, 30_000, 60_000] as const
// Peers take several times as long, and need not be measured to the percent.
const rounds = { count: 3, events: 60_000, peerEvents: 4_000 }
// As machines have their moods, those that are compared to the percent have more than one.
const processes = 4
const partMs = 120_000

/** So many subscriptions on one socket. */
interface Cell {
  readonly url: string
  readonly contestant: string
  readonly subscriptions: number
}

/** What an event costs: microseconds of the processor. */
type Costs = ReadonlyMap<Contestant, readonly number[]>

/** Events over WebSocket: one subscription and many, beside the stack below and the peers; and a backlog. */
export async function ws(): Promise<boolean> {
  const { WS_CELL: cell } = process.env
  if (cell) {
    process.send?.(await measure(JSON.parse(cell) as Cell))
    return true
  }
  const start = performance.now()
  const server = fork(fileURLToPath(new URL('../src/ws/server.cjs', import.meta.url)), { execArgv: [] })
  const kept: Kept[] = []
  try {
    const [{ port }] = (await once(server, 'message')) as [{ port: number }]
    const url = `ws://127.0.0.1:${port}/`
    const all = new Map<number, Costs>()
    for (const subscriptions of subscriptionCounts) {
      const costs = new Map<Contestant, readonly number[]>()
      for (let process = 0; process < processes; process++) {
        for (const contestant of process === 0 ? contestants : compared) {
          const cell = { url, subscriptions, contestant: contestant.name }
          costs.set(contestant, [...(costs.get(contestant) ?? []), ...(await measureApart(cell))])
        }
      }
      all.set(subscriptions, costs)
      report(subscriptions, costs)
      kept.push(...promisesOf(subscriptions, costs))
    }
    const [one, many] = [1, 1_000].map((count) => median(all.get(count)?.get(graphlinks) ?? []))
    kept.push(atMost('graphlinks, an event of 1,000 subscriptions, times one of 1', (many ?? NaN) / (one ?? NaN), 1.5))
    kept.push(...(await drain(url)))
  } finally {
    server.kill()
  }
  const seconds = (performance.now() - start) / 1_000
  kept.push(atMost('seconds that all this took', seconds, partMs / 1_000, 0))
  printPromises(kept)
  return kept.every(({ holds }) => holds)
}

function report(subscriptions: number, costs: Costs): void {
  printTable(
    [`${subscriptions} subscriptions`, 'CPU µs an event', 'x ws', 'x graphql-ws'],
    contestants.map((contestant) => [
      contestant.name,
      median(costs.get(contestant) ?? []).toFixed(2),
      ...[raw, graphqlWs].map((other) => ratio(costs, contestant, other).toFixed(2)),
    ]),
  )
}

function promisesOf(subscriptions: number, costs: Costs): Kept[] {
  const title = `${subscriptions} subscriptions`
  return [
    atMost(`${title}: graphlinks, times graphql-ws`, ratio(costs, graphlinks, graphqlWs), 1.3),
    ...[urql, apollo].map((peer) =>
      atMost(`${title}: graphlinks, times ${peer.name}`, ratio(costs, graphlinks, peer), 1),
    ),
  ]
}

function ratio(costs: Costs, one: Contestant, other: Contestant): number {
  return median(costs.get(one) ?? []) / median(costs.get(other) ?? [])
}

/** In a process of its own, as in an application. */
async function measureApart(cell: Cell): Promise<readonly number[]> {
  const child = fork(process.argv[1] ?? '', ['ws'], { env: { ...process.env, WS_CELL: JSON.stringify(cell) } })
  const exited = once(child, 'exit').then(() => {
    throw new Error(`${cell.contestant} ended before it had measured anything`)
  })
  const [costs] = (await Promise.race([once(child, 'message'), exited])) as [readonly number[]]
  child.kill()
  await exited.catch(() => {})
  return costs
}

async function measure({ url, subscriptions, contestant: name }: Cell): Promise<readonly number[]> {
  const contestant = contestants.find((each) => each.name === name) ?? raw
  const connection = contestant.connect(url)
  let lastId = 0
  const run = async (events: number): Promise<number> => {
    let seen = 0
    let sum = 0
    const cpu = process.cpuUsage()
    await new Promise<void>((resolve) => {
      for (let count = 0; count < subscriptions; count++) {
        connection.subscribe({ id: String(++lastId), subscriptions, events }, ({ event }) => {
          sum += event.n
          if (++seen === events) resolve()
        })
      }
    })
    const { user, system } = process.cpuUsage(cpu)
    if (sum !== (events * (events - 1)) / 2) throw new Error(`${name}: the events add up to ${sum}`)
    return (user + system) / events
  }
  const events = compared.includes(contestant) ? rounds.events : rounds.peerEvents
  // The first is for the compiler.
  await run(events / 4)
  const costs: number[] = []
  for (let round = 0; round < rounds.count; round++) costs.push(await run(events))
  await connection.close()
  return costs
}

/** A consumer that comes late: what it costs to read what waits, an event. */
async function drain(url: string): Promise<Kept[]> {
  const link = chain(wsLink({ url, webSocket: WebSocket, maxQueuedResults: Infinity }))
  const client = createClient({ link })
  const costs = new Map<number, number[]>(backlogs.map((events) => [events, []]))
  let lastId = 0
  // The first round is for the compiler.
  for (let round = 0; round < 6; round++) {
    for (const events of backlogs) {
      const variables = { id: String(++lastId), subscriptions: 1, events }
      const results = client.subscribe(subscription, variables)[Symbol.asyncIterator]()
      await results.next()
      // Its answer comes after all events.
      await client.query('query Asked($asked: Int) { asked(asked: $asked) }', { asked: 1 })
      // The garbage of the one before is not this one's.
      globalThis.gc?.()
      const cpu = process.cpuUsage()
      let read = 1
      while (!(await results.next()).done) read++
      const { user, system } = process.cpuUsage(cpu)
      if (read !== events) throw new Error(`${read} events of ${events} came`)
      if (round > 0) costs.get(events)?.push((user + system) / events)
    }
  }
  await client.dispose()
  const measured = backlogs.map((events) => median(costs.get(events) ?? []))
  printTable(
    ['a backlog of', 'CPU µs an event'],
    backlogs.map((events, index) => [String(events), (measured[index] ?? NaN).toFixed(2)]),
  )
  const [largest = NaN, ...smaller] = [...measured].reverse()
  const growth = largest / Math.min(...smaller)
  return [atMost('an event of a backlog of 60,000, times the cheapest of a smaller one', growth, 1.5)]
}

function atMost(what: string, value: number, limit: number, digits = 2): Kept {
  return { what, value: value.toFixed(digits), limit: `at most ${limit}`, holds: value <= limit }
}
