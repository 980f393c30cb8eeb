// Inputs that failed once, and those that somebody thought of: the ordinary tests run all of them.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** One input of a corpus. */
export interface Sample {
  readonly why: string
  readonly input: unknown
}

function fileOf(from: string, target: string): string {
  return join(from, 'corpus', `${target}.json`)
}

/** @param from - the folder of this file, wherever it was bundled to. */
export function readCorpus(from: string, target: string): readonly Sample[] {
  const file = fileOf(from, target)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Sample[]) : []
}

export function addToCorpus(from: string, target: string, sample: Sample): string {
  const file = fileOf(from, target)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify([...readCorpus(from, target), sample], undefined, 2)}\n`)
  return file
}
