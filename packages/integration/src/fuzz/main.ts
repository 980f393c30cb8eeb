// Gives the parsers whatever may come, for as long as you like: npm run fuzz -- [seconds] [targets] [--seed=1]
import { availableParallelism } from 'node:os'
import { isMainThread, Worker } from 'node:worker_threads'
import { addToCorpus } from './corpus.ts'
import { fuzzTargets } from './targets.ts'
import { noteHeadBytes, readNote, runWorker, type WorkerReport, type WorkerTask } from './worker.ts'

// Where the corpus is: this is bundled to somewhere else.
declare const sourceFolder: string

const hangMs = 15_000
const megabytes = 512
const noteBytes = 4_000_000
// Of an input, in characters. The seed gives all of a longer one.
const longestShown = 10_000

async function main(args: readonly string[]): Promise<void> {
  const seed = Number(args.find((arg) => arg.startsWith('--seed='))?.slice(7) ?? Math.floor(Math.random() * 2 ** 30))
  const seconds = Number(args.find((arg) => /^[\d.]+$/.test(arg)) ?? 60)
  const wanted = args.filter((arg) => /^[a-z]/.test(arg))
  const all = fuzzTargets(sourceFolder).map(({ name }) => name)
  const unknown = wanted.filter((name) => !all.includes(name))
  if (unknown.length > 0) throw new Error(`There is no target ${unknown.join(', ')}. Targets: ${all.join(', ')}`)
  const waiting = wanted.length > 0 ? [...wanted] : [...all]
  console.log(`${waiting.length} targets, ${seconds} s each, seed ${seed} (--seed=${seed} runs the same again)`)
  const lanes = Array.from({ length: availableParallelism() }, async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await fuzz(name, seed, seconds * 1_000)
  })
  await Promise.all(lanes)
  console.log(process.exitCode ? 'Something failed. What it was is in the corpus now.' : 'Nothing was found.')
}

/** Runs one target, and says what came of it. */
async function fuzz(target: string, seed: number, ms: number): Promise<void> {
  const note = new SharedArrayBuffer(noteHeadBytes + noteBytes)
  const task: WorkerTask = { target, folder: sourceFolder, seed, ms, note }
  const { runs, failure } = await runInThread(task)
  console.log(`${target.padEnd(30)} ${String(runs).padStart(8)} inputs  ${failure ? 'FAILED' : 'ok'}`)
  if (!failure) return
  process.exitCode = 1
  const file = addToCorpus(sourceFolder, target, { why: failure.error, input: failure.input })
  const input = JSON.stringify(failure.input)
  const shown = input.length > longestShown ? `${input.slice(0, longestShown)}... (${input.length} characters)` : input
  console.log(`  ${failure.error}: ${shown}\n  kept in ${file}`)
  console.log(`  again: npm run fuzz -- ${target} --seed=${failure.seed}`)
}

function runInThread(task: WorkerTask): Promise<WorkerReport> {
  return new Promise((resolve) => {
    const worker = new Worker(__filename, { workerData: task, resourceLimits: { maxOldGenerationSizeMb: megabytes } })
    let seen = -1
    const watch = setInterval(() => {
      const { begun } = readNote(task.note)
      if (begun === seen) finish(failureOf(`it did not end within ${hangMs / 1_000} s`))
      seen = begun
    }, hangMs)
    const failureOf = (error: string): WorkerReport => {
      const { begun: runs, seed, input } = readNote(task.note)
      return { runs, failure: { seed, input, error } }
    }
    const finish = (report: WorkerReport): void => {
      clearInterval(watch)
      void worker.terminate()
      resolve(report)
    }
    worker.on('message', finish)
    // Out of memory, an error that nobody was there to take, a rejection that nobody handled.
    worker.on('error', (error) => finish(failureOf(`it ended the thread: ${String(error)}`)))
  })
}

if (isMainThread) {
  main(process.argv.slice(2)).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  })
} else void runWorker()
