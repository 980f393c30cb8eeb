import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { createEventDecoder, createSharedEventDecoder } from '../../../../http-link/src/eventDecoder.ts'
import { createMultipartDecoder } from '../../../../http-link/src/multipartDecoder.ts'
import { PayloadError, PayloadTooLargeError, type StreamDecoder } from '../../../../http-link/src/streamDecoder.ts'
import type { Capture } from '../captures.ts'
import { bent, chunksOf, sizes, toBinary, toBytes, wild } from '../inputs.ts'
import { fuzzTarget, must, type FuzzTarget } from '../target.ts'

interface Outcome {
  readonly payloads: readonly unknown[]
  readonly isComplete: boolean
  readonly error: Error | undefined
}

const large = 10_000_000
const json = ['{', '}', '"', '\\', '[', ']', '{"data":{}}', '{"a":"}"}', 'null', ':', ',']
const eventWords = [
  'event',
  'event: next',
  'event: complete',
  'event:complete',
  'data',
  'data: ',
  'id',
  'retry: 1',
  ':',
]
const multipartWords = ['-', '--', '--b', '--b--', '\r\n--b\r\n', '\r\n\r\n', 'Content-Type: application/json', 'b']

/** The decoders of streams: whatever the chunks, the same payloads; flaws are typed, and an event has its limit. */
export function streamTargets(captures: readonly Capture[]): readonly FuzzTarget[] {
  const bodiesOf = (contentType: string): readonly string[] =>
    captures.filter((capture) => capture.contentType.startsWith(contentType)).map(({ body }) => body)
  const events = inputOf([...eventWords, ...json, '\n\n', '\r\n', '\r'].map(toBinary), bodiesOf('text/event-stream'))
  const parts = inputOf([...multipartWords, ...json].map(toBinary), bodiesOf('multipart/'))
  // Most captures have '-' as Apollo does.
  const boundaries = fc.oneof(fc.constantFrom('-', 'b', ''), fc.string({ maxLength: 5 }))
  return [
    fuzzTarget('events', events, (input) => checkDecoder(createEventDecoder, input)),
    fuzzTarget('shared-events', events, (input) => checkDecoder(createSharedEventDecoder, input)),
    fuzzTarget('multipart', fc.tuple(boundaries, parts), ([boundary, input]) =>
      checkDecoder((maxBytes) => createMultipartDecoder(boundary, maxBytes), input),
    ),
  ]
}

type Input = readonly [body: string, sizes: number[], maxBytes: number]

function inputOf(words: readonly string[], bodies: readonly string[]): fc.Arbitrary<Input> {
  const body = fc.oneof(wild(words).map(toBinary), bent(bodies, words))
  return fc.tuple(body, sizes, fc.oneof(fc.nat(100), fc.nat(5_000)))
}

function checkDecoder(create: (maxBytes: number) => StreamDecoder, [body, lengths, maxBytes]: Input): void {
  const bytes = toBytes(body)
  const whole = decode(create(large), [bytes])
  const cut = decode(create(large), chunksOf(bytes, lengths))
  // A flaw in the encoding is found before the events of its chunk are, so that those are not delivered.
  const isBroken = [whole, cut].some(({ error }) => error?.message.includes('UTF-8'))
  must(isBroken || cut.error?.message === whole.error?.message, 'another error in other chunks')
  must(isBroken || whole.isComplete === cut.isComplete, 'another end in other chunks')
  const [fewer, more] = [whole.payloads, cut.payloads].sort((a, b) => a.length - b.length) as [unknown[], unknown[]]
  must(isBroken || fewer.length === more.length, 'fewer payloads in other chunks')
  must(isDeepStrictEqual(fewer, more.slice(0, fewer.length)), 'other payloads in other chunks')
  const limited = decode(create(maxBytes), chunksOf(bytes, lengths))
  for (const payload of limited.payloads) if (typeof payload === 'string') must(payload.length <= maxBytes, 'too long')
  must(limited.payloads.length <= more.length, 'more payloads within a limit')
}

function decode(decoder: StreamDecoder, chunks: Iterable<Uint8Array>): Outcome {
  const payloads: unknown[] = []
  for (const chunk of chunks) {
    payloads.push(...decoder.push(chunk))
    if (decoder.isComplete) break
  }
  try {
    decoder.end()
    return { payloads, isComplete: decoder.isComplete, error: undefined }
  } catch (error) {
    must(error instanceof PayloadError || error instanceof PayloadTooLargeError, `it threw ${String(error)}`)
    return { payloads, isComplete: decoder.isComplete, error }
  }
}
