import { apollo } from './multipart/apollo.ts'
import { largePart, responseOf, smallParts, type Body } from './multipart/body.ts'
import type { Contestant } from './multipart/contestant.ts'
import { floor } from './multipart/floor.ts'
import { decoder, link } from './multipart/graphlinks.ts'
import { meros } from './multipart/meros.ts'
import { atMost, median, type Part } from './outcome.ts'
import { roundsWithin, type Rounds } from './rounds.ts'

const contestants: readonly Contestant[] = [floor, decoder, link, meros, apollo]
const sizes = [1, 4, 16] as const
const largest = Math.max(...sizes)
const manyParts = 50_000
const rounds: Rounds = { least: 3, most: 9, budgetMs: 50_000 }
const quadraticRounds = 1

/** What came of one body, read once or several times. */
interface Run {
  readonly us: number
  readonly lost: number
}

export const multipart: Part = {
  method:
    'Multipart responses in chunks of 16 KiB, as sockets give them: one large part, to see whether the time grows with the' +
    ' size alone, and many small ones, to see whether all arrive. Everybody takes a turn in each of up to nine rounds;' +
    ' those whose time grows with the square of a part have one.',
  async run(add) {
    const bodies = sizes.map((mib) => ({ mib, body: largePart(mib) }))
    const runs = new Map(contestants.map(({ name }) => [name, sizes.map((): Run[] => [])]))
    for (const round of roundsWithin(rounds)) {
      for (const contestant of contestants.filter(({ isQuadratic }) => !isQuadratic || round < quadraticRounds)) {
        for (const [column, { mib, body }] of bodies.entries()) {
          // As many bytes of each size, so that each causes as much garbage; but one is all that there is time for.
          const times = contestant.isQuadratic ? 1 : largest / mib
          const run = await measure(contestant, body, times)
          // The first round is for the compiler, where there is another.
          if (round > 0 || contestant.isQuadratic)
            runs.get(contestant.name)?.[column]?.push({ ...run, us: run.us / mib })
        }
      }
    }
    const runsOf = ({ name }: Contestant): readonly (readonly Run[])[] => runs.get(name) ?? []
    const usPerMib = (contestant: Contestant): number[] =>
      runsOf(contestant).map((each) => median(each.map(({ us }) => us)))
    const floors = usPerMib(floor)
    const measures = sizes.map((mib) => `${mib} MiB, µs per MiB`)
    add({
      title: 'one part',
      rows: contestants.flatMap((contestant) => {
        const { name } = contestant
        const times = usPerMib(contestant)
        return [
          ...times.map((value, column) => ({
            contestant: name,
            measure: measures[column] ?? '',
            value,
            ratios: { floor: value / (floors[column] ?? NaN) },
          })),
          { contestant: name, measure: 'most / least', value: spread(times) },
        ]
      }),
      chart: { name: 'multipart', measures, isLogarithmic: true },
    })

    const many = smallParts(manyParts)
    const small = new Map<Contestant, Run>()
    for (const contestant of contestants) {
      await measure(contestant, many, 1)
      small.set(contestant, await measure(contestant, many, 1))
    }
    add({
      title: `${manyParts.toLocaleString('en')} small parts`,
      rows: contestants.flatMap((contestant) => {
        const { us, lost } = small.get(contestant) ?? { us: NaN, lost: NaN }
        const ratios = { floor: us / (small.get(floor)?.us ?? NaN) }
        return [
          { contestant: contestant.name, measure: 'lost', value: lost },
          { contestant: contestant.name, measure: 'µs per part', value: us / manyParts, ratios },
        ]
      }),
    })

    const lost = [decoder, link]
      .flatMap((own) => [...runsOf(own).flat(), small.get(own)])
      .map((run) => run?.lost ?? NaN)
    return [
      atMost('µs per MiB of our decoder at 1, 4 and 16 MiB, most by least', spread(usPerMib(decoder)), 1.5),
      atMost('parts that we lost', Math.max(...lost), 0),
    ]
  },
}

/** Reads a body a few times. @returns microseconds each time, and the parts that never came. */
async function measure({ read }: Contestant, body: Body, times: number): Promise<Run> {
  globalThis.gc?.()
  let lost = 0
  const start = performance.now()
  for (let time = 0; time < times; time++) lost += body.parts - (await read(responseOf(body)))
  return { us: ((performance.now() - start) * 1e3) / times, lost }
}

function spread(values: readonly number[]): number {
  return Math.max(...values) / Math.min(...values)
}
