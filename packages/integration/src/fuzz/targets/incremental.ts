import { IncrementalDeliveryError, IncrementalMerger } from '@graphlinks/core/incremental'
import fc from 'fast-check'
import type { Capture } from '../captures.ts'
import { bent, jsonWith } from '../inputs.ts'
import { fuzzTarget, must, type FuzzTarget } from '../target.ts'

const names = [
  'data',
  'hasNext',
  'incremental',
  'pending',
  'completed',
  'path',
  'items',
  'errors',
  'id',
  'subPath',
  'label',
]
const words = [
  ...names.map((name) => `"${name}":`),
  'null',
  'true',
  'false',
  '"0"',
  '0',
  '[',
  ']',
  '{',
  '}',
  ',',
  '9999999',
]

/** Payloads give a result or a typed error; no payload and no result changes later. */
export function incrementalTarget(captures: readonly Capture[]): FuzzTarget {
  const sequences = captures
    .filter(({ payloads }) => payloads.length > 1)
    .map(({ payloads }) => JSON.stringify(payloads))
  const payloads = fc.oneof<fc.Arbitrary<unknown>[]>(
    fc.array(jsonWith(names, ['0', [0], ['a'], ['a', 0]]), { maxLength: 6 }),
    bent(sequences, words).map(parsed).filter(Array.isArray),
  )
  return fuzzTarget('incremental', payloads, (input) => {
    const merger = new IncrementalMerger()
    let before: unknown
    try {
      for (const payload of input as unknown[]) {
        // Whoever changes one afterwards gets a TypeError.
        const result = merger.add(deepFreeze(payload))
        deepFreeze(result)
        must(merger.latest === result, 'latest is another one')
        must(typeof result === 'object' && result !== null, 'the result is none')
        must(typeof result.data === 'object' || result.data === undefined || !before, 'data is no object')
        before = result
        if (!merger.hasNext) return
      }
    } catch (error) {
      must(IncrementalDeliveryError.is(error), `it threw ${String(error)}`)
      must(error.message.length < 100, 'the message quotes the payload')
    }
    must(Object.keys(Object.prototype).length === 0, 'Object.prototype was polluted')
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function deepFreeze(value: unknown): unknown {
  const reached = new Set([value])
  // The set grows meanwhile.
  for (const each of reached) {
    if (typeof each !== 'object' || each === null) continue
    Object.freeze(each)
    for (const inner of Object.values(each)) if (!Object.isFrozen(inner)) reached.add(inner)
  }
  return value
}
