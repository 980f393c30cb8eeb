import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { createEventDecoder } from './eventDecoder.ts'
import { PayloadError, PayloadTooLargeError } from './streamDecoder.ts'

interface Decoded {
  readonly payloads: unknown[]
  readonly isComplete: boolean
  readonly error: unknown
}

/** What comes of a body in these chunks. */
function decode(chunks: Iterable<Uint8Array>, maxBytes = 1_000_000): Decoded {
  const decoder = createEventDecoder(maxBytes)
  const payloads: unknown[] = []
  for (const chunk of chunks) {
    payloads.push(...decoder.push(chunk))
    if (decoder.isComplete) break
  }
  try {
    decoder.end()
    return { payloads, isComplete: decoder.isComplete, error: undefined }
  } catch (error) {
    return { payloads, isComplete: decoder.isComplete, error }
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function* ofSize(body: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < body.length; at += size) yield body.subarray(at, at + size)
}

/** Every way to cut a body in two, and in pieces of 1 to 7 bytes. */
function* everySplit(body: Uint8Array): Generator<Uint8Array[]> {
  for (let at = 0; at <= body.length; at++) yield [body.subarray(0, at), body.subarray(at)]
  for (let size = 1; size <= 7; size++) yield [...ofSize(body, size)]
}

const bodies: Readonly<Record<string, readonly [body: string, payloads: unknown[], isComplete: boolean]>> = {
  'S4 next and complete': [
    'event: next\ndata: {"data":{"a":1}}\n\nevent: complete\ndata:\n\n',
    [{ data: { a: 1 } }],
    true,
  ],
  'S4 complete without data': ['event: next\ndata: {"a":1}\n\nevent: complete\n\n', [{ a: 1 }], true],
  'S4 complete without a space': ['event:next\ndata:{"a":1}\n\nevent:complete\n\n', [{ a: 1 }], true],
  'S4 complete with its data first': [
    'data: {"a":1}\nevent: next\n\ndata: null\nevent: complete\n\n',
    [{ a: 1 }],
    true,
  ],
  'S2 CRLF': ['event: next\r\ndata: {"a":1}\r\n\r\nevent: complete\r\ndata: \r\n\r\n', [{ a: 1 }], true],
  'S2 CR, and CRLF without data': ['event: next\rdata: {"a":1}\r\revent: complete\r\n\r\n', [{ a: 1 }], true],
  'S2 CR alone, and after the last one what is no line': ['data: {"a":1}\r\revent: complete\r\r:', [{ a: 1 }], true],
  'S2 mixed line ends': [
    'event: next\ndata: {"a":1}\r\n\nevent: next\rdata: {"a":2}\n\r\nevent: complete\n\n\n',
    [{ a: 1 }, { a: 2 }],
    true,
  ],
  'S2 a byte order mark, comments, id, retry and unknown fields': [
    '\uFEFF: hi\n\nid: 7\nretry: 100\nfoo: bar\nnothing\nevent: next\n:\ndata: {"a":1}\n\nevent: complete\n\n',
    [{ a: 1 }],
    true,
  ],
  'S2 several lines of data, and one space only is dropped': [
    'event: next\ndata: {"a":\ndata:  "ü小\\n💧"\ndata:}\n\nevent: complete\n\n',
    [{ a: 'ü小\n💧' }],
    true,
  ],
  'S5 no name, and message': [
    'data: {"a":1}\n\nevent: message\ndata: {"a":2}\n\nevent: complete\n\n',
    [{ a: 1 }, { a: 2 }],
    true,
  ],
  'S5 names that mean nothing': [
    'event: ping\ndata: {}\n\nevent: heartbeat\ndata: x\n\nevent: error\ndata: {"a":0}\n\nevent: next\ndata: {"a":1}\n\nevent: complete\n\n',
    [{ a: 1 }],
    true,
  ],
  'S2 an event without its empty line is dropped, S6 and nothing is complete': [
    'event: next\ndata: {"a":1}\n\nevent: next\ndata: {"a":2}\n',
    [{ a: 1 }],
    false,
  ],
  'S6 a complete that breaks off is none': ['event: next\ndata: {"a":1}\n\nevent: complete\n', [{ a: 1 }], false],
  'text that looks like the end, in data': [
    'event: next\ndata: {"a":"\\nevent: complete","b":"\u2028event: complete"}\n\ndata: "event: complete"\n\nevent: completed\n\nevent: complete\n\n',
    [{ a: '\nevent: complete', b: '\u2028event: complete' }, 'event: complete'],
    true,
  ],
  'a line that ends like the end, and is another': [
    ': event: complete\n\ndata: {"a":1}\n\n: éevent: complete\n\nxevent: complete\n\nevent: complete\n\n',
    [{ a: 1 }],
    true,
  ],
  'what follows the end does not count': ['event: complete\n\nevent: next\ndata: nonsense\n\n', [], true],
}

describe.each(Object.entries(bodies))('%s', (_, [body, payloads, isComplete]) => {
  test('at every split', () => {
    for (const chunks of everySplit(bytes(body)))
      expect(decode(chunks)).toEqual({ payloads, isComplete, error: undefined })
  })
})

describe('S2 what real servers sent', () => {
  const folder = join(__dirname, 'fixtures')
  const captures = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => [name, JSON.parse(readFileSync(join(folder, name), 'utf8')) as Capture] as const)
    .filter(([, { contentType }]) => contentType.startsWith('text/event-stream'))

  interface Capture {
    readonly contentType: string
    readonly payloads: unknown[]
  }

  test('there are some', () => expect(captures.length).toBeGreaterThanOrEqual(4))

  test.each(captures)('%s, at every split', (name, { payloads }) => {
    const body = readFileSync(join(folder, name.replace(/json$/, 'http')))
    for (const chunks of everySplit(body)) expect(decode(chunks)).toMatchObject({ payloads, isComplete: true })
  })
})

describe('what is wrong', () => {
  test('S7 an event that is no JSON ends the stream, after the events before it', () => {
    const body = bytes('event: next\ndata: {"a":1}\n\nevent: next\ndata: {"a":\n\nevent: next\ndata: {"a":2}\n\n')
    for (const chunks of everySplit(body)) {
      const { payloads, isComplete, error } = decode(chunks)
      expect([payloads, isComplete]).toEqual([[{ a: 1 }], true])
      expect(error).toBeInstanceOf(PayloadError)
      expect(error).toMatchObject({ message: 'is no JSON', text: '{"a":' })
    }
  })

  test('S2 invalid UTF-8 is never data', () => {
    const body = Buffer.concat([bytes('event: next\ndata: {"a":"'), Buffer.from([0xc3]), bytes('"}\n\n')])
    for (const chunks of everySplit(body)) {
      const { payloads, error } = decode(chunks)
      expect(payloads).toEqual([])
      expect(error).toMatchObject({ message: 'is no valid UTF-8' })
    }
  })

  test.each([
    ['one line', `event: next\ndata: {"a":"${'x'.repeat(2_000)}"}\n\n`],
    ['many lines', `event: next\n${'data: 12345678901234567890\n'.repeat(100)}\n`],
    ['no end', `data: ${'x'.repeat(2_000)}`],
  ])('S9 an event has at most so many bytes: %s', (_, large) => {
    const body = bytes(`event: next\ndata: {"a":1}\n\n${large}`)
    for (const size of [64, 500, 10_000]) {
      const { payloads, error } = decode(ofSize(body, size), 1_000)
      expect(payloads).toEqual([{ a: 1 }])
      expect(error).toBeInstanceOf(PayloadTooLargeError)
    }
  })

  test('S9 and a stream has as many events as it likes', () => {
    const body = bytes('event: next\ndata: {"a":1}\n\n'.repeat(50_000))
    expect(decode(ofSize(body, 16_384), 1_000).payloads).toHaveLength(50_000)
  })
})

test('S2, S3 any events in any framing and chunks give their payloads, each as soon as its empty line is there', () => {
  const eol = fc.constantFrom('\n', '\r\n', '\r')
  const noise = fc.constantFrom('', ': ping\n\n', 'event: ping\ndata: {}\n\n', 'id: 3\n', 'retry: 1\n')
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.jsonValue(), noise, eol), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }),
      (events, sizes) => {
        const body = events.map(
          ([json, before, end]) => `${before}event: next${end}data: ${JSON.stringify(json)}${end}${end}`,
        )
        const decoder = createEventDecoder(1_000_000)
        const payloads: unknown[] = []
        for (const [index, text] of body.entries()) {
          const rest = bytes(text)
          for (let at = 0, turn = 0; at < rest.length; turn++) {
            const size = sizes[turn % sizes.length] as number
            payloads.push(...decoder.push(rest.subarray(at, at + size)))
            at += size
          }
          expect(payloads).toHaveLength(index + 1)
        }
        expect(payloads).toEqual(events.map(([json]) => JSON.parse(JSON.stringify(json))))
      },
    ),
  )
})
