// Runs one target in a thread of its own, whose memory has a limit, and notes each input before it is run: of one that
// never ends, or takes all the memory, nobody else could tell.
import { parentPort, workerData } from 'node:worker_threads'
import fc from 'fast-check'
import { runTarget } from './target.ts'
import { fuzzTargets } from './targets.ts'

/** What a worker is given. */
export interface WorkerTask {
  readonly target: string
  readonly folder: string
  readonly seed: number
  readonly ms: number
  /** How many inputs were begun, how many bytes the present one has as JSON, the seed of its turn, and those bytes. */
  readonly note: SharedArrayBuffer
}

/** What a worker has to say in the end. */
export interface WorkerReport {
  readonly runs: number
  readonly failure?: { readonly seed: number; readonly input: unknown; readonly error: string } | undefined
}

const inputsAtOnce = 100
/** What comes before the input in a note. */
export const noteHeadBytes = 12

/** What the main thread makes of a note. */
export function readNote(note: SharedArrayBuffer) {
  const [begun = 0, length = 0, seed = 0] = new Int32Array(note, 0, 3)
  const text = new TextDecoder().decode(new Uint8Array(note, noteHeadBytes, length).slice())
  try {
    return { begun, seed, input: JSON.parse(text) as unknown }
  } catch {
    return { begun, seed, input: text }
  }
}

/** @returns when the time is over, or something failed. */
export async function runWorker(): Promise<void> {
  const { target: name, folder, seed, ms, note } = workerData as WorkerTask
  const target = fuzzTargets(folder).find((candidate) => candidate.name === name)
  if (!target) throw new Error(`there is no target ${name}`)
  const head = new Int32Array(note, 0, 3)
  const space = new Uint8Array(note, noteHeadBytes)
  // encodeInto takes no shared memory.
  const run = async (input: unknown): Promise<void> => {
    const bytes = new TextEncoder().encode(JSON.stringify(input)).subarray(0, space.length)
    space.set(bytes)
    Atomics.store(head, 1, bytes.length)
    Atomics.add(head, 0, 1)
    await runTarget(target, input)
  }
  const property = fc.asyncProperty(target.input, run)
  const end = performance.now() + ms
  let report: WorkerReport = { runs: 0 }
  for (let turn = seed; performance.now() < end && !report.failure; turn++) {
    Atomics.store(head, 2, turn)
    const details = await fc.check(property, {
      seed: turn,
      numRuns: inputsAtOnce,
      // To make it smaller may take as long again, and no longer.
      interruptAfterTimeLimit: Math.max(1_000, 2 * (end - performance.now())),
    })
    report = {
      runs: report.runs + details.numRuns,
      failure: details.counterexample
        ? { seed: turn, input: details.counterexample[0], error: String(details.errorInstance) }
        : undefined,
    }
  }
  parentPort?.postMessage(report)
}
