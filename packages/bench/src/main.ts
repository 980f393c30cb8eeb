// Side-by-side measurements: `npm run bench -- <part>` prints one part; `npm run bench` runs all of them and writes
// docs/benchmarks.md and its charts. Exits with 1 when a promise of the project is broken.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { loadavg } from 'node:os'
import { answerQuestions } from './apart.ts'
import { bundle } from './bundle.ts'
import { crowd, http } from './http.ts'
import { install } from './install.ts'
import { kernel } from './kernel.ts'
import { memory } from './memory.ts'
import { multipart } from './multipart.ts'
import { atMost, printKept, printTable, type Outcome, type Part, type Table } from './outcome.ts'
import { stampede } from './stampede.ts'
import { threats } from './threats.ts'
import { types } from './types.ts'
import { ws } from './ws.ts'

/** In the order of the report. */
const parts: Readonly<Record<string, Part>> = {
  kernel,
  http,
  crowd,
  ws,
  stampede,
  multipart,
  bundle,
  install,
  memory,
  types,
  threats,
}
const maxSeconds = { part: 120, all: 600 }

const [name] = process.argv.slice(2)
const part = name !== undefined && Object.hasOwn(parts, name) ? parts[name] : undefined
if (name !== undefined && !part) {
  console.error(`There is no part "${name}". Usage: npm run bench -- <part>`)
  console.error(`Parts: ${Object.keys(parts).join(', ')}`)
  process.exitCode = 1
} else if (part?.answer && process.env['BENCH_APART']) {
  answerQuestions(part.answer)
} else if (part && process.env['BENCH_PART']) {
  const outcome = await measure(part)
  // What a contestant leaves open must not keep the next part waiting.
  process.send?.(outcome, () => process.exit())
} else {
  const start = performance.now()
  const [load = NaN] = loadavg()
  const outcomes: Record<string, Outcome> = {}
  for (const each of name === undefined ? Object.keys(parts) : [name]) {
    if (name === undefined) console.log(`\n== ${each}`)
    outcomes[each] = await outcomeOf(each)
  }
  if (name === undefined) {
    const seconds = (performance.now() - start) / 1_000
    const kept = [atMost('seconds that all parts took', seconds, maxSeconds.all)]
    printKept(kept)
    outcomes['all'] = { tables: [], kept }
    const { writeReport } = await import('./report.ts')
    writeReport(parts, outcomes, load)
  }
  process.exitCode = Object.values(outcomes).every(({ kept }) => kept.every(({ holds }) => holds)) ? 0 : 1
}

/** Each part is alone in its process, as when it is asked for alone. */
async function outcomeOf(name: string): Promise<Outcome> {
  const child = fork(process.argv[1] ?? '', [name], {
    // Peers read NODE_ENV when they are loaded, and development checks would slow them down.
    env: { ...process.env, NODE_ENV: 'production', BENCH_PART: 'yes' },
    execArgv: [...process.execArgv, '--expose-gc'],
  })
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`${name} ended with ${code}`)
  })
  failed.catch(() => {})
  const [outcome] = (await Promise.race([once(child, 'message'), failed])) as [Outcome]
  await failed.catch(() => {})
  return outcome
}

async function measure({ run }: Part): Promise<Outcome> {
  const start = performance.now()
  const tables: Table[] = []
  const kept = await run((table) => {
    printTable(table)
    tables.push(table)
  })
  const outcome = {
    tables,
    kept: [...kept, atMost('seconds that this part took', (performance.now() - start) / 1_000, maxSeconds.part)],
  }
  printKept(outcome.kept)
  return outcome
}
