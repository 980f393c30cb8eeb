import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { chain, createClient } from '@graphlinks/core'
import { wsLink } from '@graphlinks/ws-link'
import { WebSocket } from 'ws'
import { startApart, type Apart } from './apart.ts'
import { atMost, median, type Kept, type Part, type Table } from './outcome.ts'
import { inTurn, roundsWithin, type Rounds } from './rounds.ts'
import { subscription, type Contestant, type WsConnection } from './ws/contestant.ts'
import { apollo, graphlinks, graphqlWs, raw, urql } from './ws/contestants.ts'

const compared = [raw, graphqlWs, graphlinks]
const contestants = [...compared, urql, apollo]
const subscriptionCounts = [1, 1_000] as const
const backlogs = [15_000, 30_000, 60_000] as const
// Peers take several times as long, and need not be measured to the percent.
const events = { compared: 30_000, peers: 4_000 }
const rounds: Rounds = { least: 6, most: 14, budgetMs: 25_000 }
/** The first of them are for the compiler. */
const warmRounds = 4
// Those that are compared to the percent have more than one, since processes have their moods.
const processes = 2

/** Events for so many subscriptions on one socket. */
interface Round {
  readonly url: string
  readonly contestant: string
  readonly subscriptions: number
}

/** What a round cost: microseconds of the processor. */
interface Cost {
  readonly start: number
  readonly event: number
}

type Costs = ReadonlyMap<Contestant, Cost[]>

export const ws: Part = {
  method:
    'A server in a process of its own pushes events as fast as the socket takes them, to subscriptions that share one' +
    ' socket; each contestant has a process of its own as well, those that are compared to the percent two. All take' +
    ' a turn in each round, the events must add up, and given are the medians of what an event costs the processor of the' +
    ' client, once each subscription has had its first, and of what it costs to start a subscription, first event included.',
  answer: measure,
  async run(add) {
    const server = fork(fileURLToPath(new URL('../src/ws/server.cjs', import.meta.url)), { execArgv: [] })
    const apart = [...contestants, ...Array.from({ length: processes - 1 }, () => compared).flat()].map(
      (contestant) => [contestant, startApart('ws')] as const,
    )
    const kept: Kept[] = []
    try {
      const [{ port }] = (await once(server, 'message')) as [{ port: number }]
      const url = `ws://127.0.0.1:${port}/`
      const own: number[] = []
      for (const subscriptions of subscriptionCounts) {
        const costs = await costsOf(apart, { url, subscriptions })
        add(tableOf(subscriptions, costs))
        kept.push(...promisesOf(subscriptions, costs))
        own.push(median((costs.get(graphlinks) ?? []).map(({ event }) => event)))
      }
      const [one = NaN, many = NaN] = own
      kept.push(atMost('graphlinks, an event of 1,000 subscriptions, times one of 1', many / one, 1.5))
      kept.push(...(await drain(url, add)))
    } finally {
      await Promise.all(apart.map(([, { end }]) => end()))
      server.kill()
    }
    return kept
  },
}

async function costsOf(
  apart: readonly (readonly [Contestant, Apart])[],
  cell: Omit<Round, 'contestant'>,
): Promise<Costs> {
  const costs = new Map<Contestant, Cost[]>(contestants.map((contestant) => [contestant, []]))
  for (const round of roundsWithin(rounds)) {
    for (const [contestant, { ask }] of inTurn(apart, round)) {
      const cost = await ask<Cost>({ ...cell, contestant: contestant.name })
      if (round >= warmRounds) costs.get(contestant)?.push(cost)
    }
  }
  return costs
}

function tableOf(subscriptions: number, costs: Costs): Table {
  const many = subscriptions > 1
  const measures = { event: 'CPU µs an event', start: 'CPU µs a start' }
  return {
    title: `${subscriptions.toLocaleString('en')} ${many ? 'subscriptions' : 'subscription'}`,
    rows: contestants.flatMap((contestant) => {
      const of = (what: keyof Cost): number => median((costs.get(contestant) ?? []).map((cost) => cost[what]))
      const ratios = {
        ws: ratio(costs, contestant, raw),
        'graphql-ws': ratio(costs, contestant, graphqlWs),
      }
      return [
        { contestant: contestant.name, measure: measures.event, value: of('event'), ratios },
        ...(many ? [{ contestant: contestant.name, measure: measures.start, value: of('start') }] : []),
      ]
    }),
    chart: { name: `ws-${subscriptions}`, measures: [measures.event], isLogarithmic: true },
  }
}

function promisesOf(subscriptions: number, costs: Costs): Kept[] {
  const title = `${subscriptions.toLocaleString('en')} ${subscriptions > 1 ? 'subscriptions' : 'subscription'}`
  return [
    atMost(`${title}: graphlinks, times graphql-ws`, ratio(costs, graphlinks, graphqlWs), 1.3),
    ...[urql, apollo].map((peer) =>
      atMost(`${title}: graphlinks, times ${peer.name}`, ratio(costs, graphlinks, peer), 1),
    ),
  ]
}

function ratio(costs: Costs, one: Contestant, other: Contestant): number {
  const [own, others] = [one, other].map((each) => median((costs.get(each) ?? []).map(({ event }) => event)))
  return (own ?? NaN) / (others ?? NaN)
}

const connections = new Map<string, WsConnection>()
const ids = { last: 0 }

/** Runs one round. */
async function measure({ url, subscriptions, contestant: name }: Round): Promise<Cost> {
  const contestant = contestants.find((each) => each.name === name) ?? raw
  const connection = connections.get(name) ?? contestant.connect(url)
  connections.set(name, connection)
  const count = compared.includes(contestant) ? events.compared : events.peers
  let seen = 0
  let sum = 0
  const start = process.cpuUsage()
  let first = start
  await new Promise<void>((resolve) => {
    for (let started = 0; started < subscriptions; started++) {
      connection.subscribe({ id: String(++ids.last), subscriptions, events: count }, ({ event }) => {
        sum += event.n
        seen++
        // The server sends to each in turn: all have had their first event, and their start is over.
        if (seen === subscriptions) first = process.cpuUsage()
        if (seen === count) resolve()
      })
    }
  })
  const last = process.cpuUsage()
  if (sum !== (count * (count - 1)) / 2) throw new Error(`${name}: the events add up to ${sum}`)
  return { start: us(start, first) / subscriptions, event: us(first, last) / (count - subscriptions) }
}

function us(from: NodeJS.CpuUsage, to: NodeJS.CpuUsage): number {
  return to.user - from.user + to.system - from.system
}

/** A consumer that comes late: what it costs to read what waits, an event. */
async function drain(url: string, add: (table: Table) => void): Promise<Kept[]> {
  const link = chain(wsLink({ url, webSocket: WebSocket, maxQueuedResults: Infinity }))
  const client = createClient({ link })
  const costs = new Map<number, number[]>(backlogs.map((events) => [events, []]))
  let lastId = 0
  // The first round is for the compiler.
  for (const round of roundsWithin({ least: 3, most: 8, budgetMs: 15_000 })) {
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
  add({
    title: 'a consumer that comes late',
    rows: backlogs.map((events, index) => ({
      contestant: `graphlinks, ${events.toLocaleString('en')} events wait`,
      measure: 'CPU µs an event',
      value: measured[index] ?? NaN,
    })),
  })
  const [largest = NaN, ...smaller] = [...measured].reverse()
  const growth = largest / Math.min(...smaller)
  return [atMost('an event of a backlog of 60,000, times the cheapest of a smaller one', growth, 1.5)]
}
