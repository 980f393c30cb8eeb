import { startApart } from './apart.ts'
import { apolloClient, apolloInFlight } from './kernel/apollo.ts'
import { data, type InFlight, type Pipeline } from './kernel/contestant.ts'
import { graphlinksClient, graphlinksInFlight, graphlinksSession } from './kernel/graphlinks.ts'
import { trpc, trpcInFlight } from './kernel/trpc.ts'
import { urql, urqlInFlight } from './kernel/urql.ts'
import { atMost, type Part, type Row } from './outcome.ts'

const links = 6
const inFlight = 10_000
const million = 1_000_000
/** So many of them are for the compiler, and for caches that fill. */
const warm = 200_000
const samples = 8

/** urql tells each operation of all others, so that 10,000 take minutes. */
const waiting: Readonly<Record<string, readonly [start: (count: number) => InFlight, operations: number]>> = {
  'graphlinks client': [graphlinksInFlight, inFlight],
  'Apollo Link, SetContextLink': [apolloInFlight, inFlight],
  'urql, mapExchange': [urqlInFlight, inFlight / 5],
  'tRPC links': [trpcInFlight, inFlight],
}

/** Those who take long run fewer: the growth is one of a million all the same. */
const sequences: readonly (readonly [pipeline: Pipeline, part: number])[] = [
  [graphlinksClient, 1],
  [graphlinksSession, 1],
  [apolloClient, 0.2],
  [urql, 0.1],
  [trpc, 0.1],
]

type Question = { readonly inFlight: string } | { readonly sequence: number }

export const memory: Part = {
  method:
    'The heap after garbage collection, each contestant with six links in a process of its own, in memory: what 10,000' +
    ' operations hold while they wait for an answer, and how it grows over 1,000,000 operations, one after the other, as the' +
    ' slope of eight samples after a fifth of them. Something forgotten in each operation would be eight bytes at least.',
  async answer(question: Question) {
    return 'inFlight' in question ? bytesInFlight(question.inFlight) : growth(question.sequence)
  },
  async run(add) {
    const ask = async <Answer>(question: Question): Promise<Answer> => {
      const apart = startApart('memory')
      try {
        return await apart.ask<Answer>(question)
      } finally {
        await apart.end()
      }
    }
    const held: Row[] = []
    for (const [contestant, [, operations]] of Object.entries(waiting)) {
      const bytes = await ask<number>({ inFlight: contestant })
      held.push({ contestant, measure: 'operations', value: operations })
      held.push({ contestant, measure: 'heap, MB', value: bytes / 1e6 })
      held.push({ contestant, measure: 'bytes each', value: bytes / operations })
    }
    const title = 'operations in flight'
    add({ title, rows: held, chart: { name: 'memory', measures: ['bytes each'] } })

    const grown: Row[] = []
    const slopes: number[] = []
    for (const [sequence, [pipeline, part]] of sequences.entries()) {
      const { operations, bytesEach } = await ask<Growth>({ sequence })
      const contestant = pipeline(links).name
      grown.push({ contestant, measure: 'operations', value: operations })
      grown.push({ contestant, measure: 'kB more after a million', value: (bytesEach * million) / 1e3 })
      if (part === 1) slopes.push(bytesEach)
    }
    add({ title: 'operations one after the other', rows: grown })
    return [atMost('bytes by which the heap grows with each of 1,000,000 operations', Math.max(...slopes), 0.5)]
  },
}

/** Bytes of heap that operations hold while they wait for an answer. */
async function bytesInFlight(name: string): Promise<number> {
  const [startAll = graphlinksInFlight, operations = inFlight] = waiting[name] ?? []
  const { start, stop } = startAll(links)
  const pending: Promise<unknown>[] = []
  const bytesOf = async (count: number): Promise<number> => {
    const before = await heap()
    for (let started = 0; started < count; started++) pending.push(start().catch(() => undefined))
    return (await heap()) - before
  }
  // What everybody has once, such as the compiled functions, is not counted.
  await bytesOf(operations / 10)
  const bytes = await bytesOf(operations)
  await stop()
  return bytes
}

interface Growth {
  readonly operations: number
  readonly bytesEach: number
}

/** How the heap grows with each operation, when nothing is in flight. */
async function growth(sequence: number): Promise<Growth> {
  const [pipeline, part] = sequences[sequence] ?? [graphlinksClient, 1]
  const { name, run } = pipeline(links)
  const runMany = async (count: number): Promise<void> => {
    for (let done = 0; done < count; done++) {
      if ((await run()) !== data) throw new Error(`${name} gave other data`)
    }
  }
  await runMany(warm * part)
  const each = ((million - warm) * part) / samples
  const points: (readonly [operations: number, bytes: number])[] = []
  for (let sample = 0; sample <= samples; sample++) {
    if (sample > 0) await runMany(each)
    points.push([sample * each, await heap()])
  }
  return { operations: million * part, bytesEach: slopeOf(points) }
}

/** Of the line that is closest to some points. */
function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (of: 0 | 1): number => points.reduce((sum, point) => sum + point[of], 0) / points.length
  const [meanX, meanY] = [mean(0), mean(1)]
  const covariance = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  return covariance / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
}

async function heap(): Promise<number> {
  // A turn of the event loop first: asynchronous links are then through, and what waits is at the terminal.
  await new Promise((resolve) => setImmediate(resolve))
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}
