// What real servers sent: the best of inputs to begin with.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Binary } from './inputs.ts'

/** A response as `packages/http-link/src/fixtures` has it. */
export interface Capture {
  readonly contentType: string
  readonly body: Binary
  readonly payloads: readonly unknown[]
}

/** @param from - the folder of this file, wherever it was bundled to. */
export function readCaptures(from: string): readonly Capture[] {
  const folder = join(from, '../../../http-link/src/fixtures')
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => {
      const { contentType, payloads } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Capture
      return { contentType, payloads, body: readFileSync(join(folder, name.replace(/json$/, 'http')), 'latin1') }
    })
}
