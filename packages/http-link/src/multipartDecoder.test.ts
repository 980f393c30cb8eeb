import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect, isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { parameterOf } from './contentType.ts'
import { createMultipartDecoder } from './multipartDecoder.ts'
import { PayloadError, PayloadTooLargeError } from './streamDecoder.ts'

/** What came of a body: `end` is how it ended. */
interface Outcome {
  readonly payloads: readonly unknown[]
  readonly end: string
}

const complete = 'complete'
const brokenOff = 'broken off'

/** Bodies by what is special about them, with the boundary `b`, and what must come of them. */
const bodies: Readonly<Record<string, Outcome & { readonly body: string | Uint8Array; readonly boundary?: string }>> = {
  'M2 a first delimiter without a line end before it': {
    body: '--b\r\nContent-Type: application/json\r\n\r\n{"a":1}\r\n--b\r\n\r\n{"a":2}\r\n--b--\r\n',
    payloads: [{ a: 1 }, { a: 2 }],
    end: complete,
  },
  'M2 a preamble, and an epilogue that looks like parts': {
    body: 'Hi\r\n --b\r\nx--b\r\n--\r\n\r\n{"a":0}\r\n--b\r\n\r\n{"a":1}\r\n--b--\r\n--b\r\n\r\n{"a":2}\r\n--b--',
    payloads: [{ a: 1 }],
    end: complete,
  },
  'M2 white space after delimiters': {
    body: '\r\n--b \t\r\n\r\n{"a":1}\r\n--b\t\t\r\n\r\n{"a":2}\r\n--b-- \t\r\n',
    payloads: [{ a: 1 }, { a: 2 }],
    end: complete,
  },
  'M2 lines that only begin like a delimiter': {
    body: '--bb\r\n\r\n{"a":0}\r\n--b-\r\n\r\n{"a":0}\r\n--b\r\n--bx: 1\r\n--: 1\r\n\r\n{"a":1}\r\n--b--',
    payloads: [{ a: 1 }],
    end: complete,
  },
  'M2 boundary, braces, quotes and escapes in strings': {
    body: String.raw`--b
h: 1

{"--b":"\r\n--b--\r\n","}":"{\"}\\","c":["{{","\\\"}"],"d":{"e":{}}}
--b

{"a":"--b--"}
--b--`.replaceAll('\n', '\r\n'),
    payloads: [{ '--b': '\r\n--b--\r\n', '}': '{"}\\', c: ['{{', '\\"}'], d: { e: {} } }, { a: '--b--' }],
    end: complete,
  },
  'M2 a boundary of dashes': {
    boundary: '-',
    body: '\r\n---\r\nContent-Length: 7\r\n\r\n{"a":1}\r\n---\r\n\r\n{"a":-1}\r\n-----\r\n',
    payloads: [{ a: 1 }, { a: -1 }],
    end: complete,
  },
  'M2 a boundary that holds separators': {
    boundary: "--a b:=?'()+_,./--",
    body: '\r\n----a b:=?\'()+_,./--\r\n\r\n{"a":1}\r\n----a b:=?\'()+_,./----\r\n',
    payloads: [{ a: 1 }],
    end: complete,
  },
  'M3 characters of one to four bytes, and a byte order mark': {
    body: '\r\n--b\r\n\r\n{"é€😀":"ß漢🏳️‍🌈\u2028"}\r\n--b\r\n\r\n\uFEFF{"a":"\uFEFF"}\r\n--b--\r\n',
    payloads: [{ 'é€😀': 'ß漢🏳️‍🌈\u2028' }, { a: '\uFEFF' }],
    end: complete,
  },
  'M4 headers of any kind, or none, or not even their empty line': {
    body:
      '\r\n--b\r\nCONTENT-TYPE:application/graphql-response+json; charset="utf-8"\r\nX: {"a":0}\r\nno header\r\n\r\n{"a":1}' +
      '\r\n--b\r\n\r\n{"a":2}\r\n--b\r\n{"a":3}\r\n--b--\r\n',
    payloads: [{ a: 1 }, { a: 2 }, { a: 3 }],
    end: complete,
  },
  'M4 lengths that are wrong': {
    body: '\r\n--b\r\nContent-Length: 2\r\n\r\n{"a":1}\r\n--b\r\nContent-Length: 900\r\n\r\n{"a":2}\r\n--b--\r\n',
    payloads: [{ a: 1 }, { a: 2 }],
    end: complete,
  },
  'M5 a delimiter before each part and none after': {
    body: '\r\n--b\r\n\r\n{"a":1}\r\n--b\r\n\r\n{"a":{"b":{}}}\r\n',
    payloads: [{ a: 1 }, { a: { b: {} } }],
    end: brokenOff,
  },
  'M6 a terminator without a line end': { body: '--b\r\n\r\n{}\r\n--b--', payloads: [{}], end: complete },
  'M6 a terminator alone': { body: '\r\n--b--\r\n', payloads: [], end: complete },
  'M7 an end within a part': { body: '--b\r\n\r\n{"a":1}\r\n--b\r\n\r\n{"a":', payloads: [{ a: 1 }], end: brokenOff },
  'M7 an end within headers': { body: '--b\r\n\r\n{"a":1}\r\n--b\r\nContent', payloads: [{ a: 1 }], end: brokenOff },
  'M7 an end within the terminator': { body: '--b\r\n\r\n{"a":1}\r\n--b-', payloads: [{ a: 1 }], end: brokenOff },
  'M7 no delimiter at all': { body: '{"data":null}', payloads: [], end: brokenOff },
  'M7 nothing at all': { body: '', payloads: [], end: brokenOff },
  'M8 a part that is cut short': {
    body: '--b\r\n\r\n{"a":1}\r\n--b\r\n\r\n{"a":{"b":1}\r\n--b\r\n\r\n{"a":2}\r\n--b--',
    payloads: [{ a: 1 }],
    end: 'is no complete JSON object: {"a":{"b":1}',
  },
  'M8 a part that is cut short within a string': {
    body: '--b\r\n\r\n{"a":"\n--b\r\n\r\n{"a":2}\r\n--b--',
    payloads: [],
    end: 'is no complete JSON object: {"a":"',
  },
  'M8 a part without a body': { body: '--b\r\nA: b\r\n\r\n--b--', payloads: [], end: 'is no complete JSON object: ' },
  'M8 a part that is null': { body: '--b\r\n\r\nnull\r\n--b--', payloads: [], end: 'is no complete JSON object: null' },
  'M8 a part that is text': { body: '--b\n\n"{a}"\n--b--', payloads: [], end: 'is no complete JSON object: "{a}"' },
  'M8 a part that is a list': { body: '--b\r\n\r\n[{}]\r\n--b--', payloads: [], end: 'is no JSON: [{}' },
  'M8 a part that is no JSON': {
    body: '--b\r\n\r\n{"a":1}\r\n--b\r\n\r\n{a:1}\r\n--b\r\n\r\n{"a":2}\r\n--b--',
    payloads: [{ a: 1 }],
    end: 'is no JSON: {a:1}',
  },
  'M8 a brace too many': { body: '--b\r\n\r\n}{\r\n--b--', payloads: [], end: 'is no JSON: }' },
  'M8 text before the JSON': { body: '--b\r\n\r\n--bx {}\r\n--b--', payloads: [], end: 'is no JSON: --bx {}' },
  'M8 text after the JSON': {
    body: '--b\r\n\r\n{"a":1} \r\n\t}',
    payloads: [{ a: 1 }],
    end: 'goes on after its JSON: }',
  },
  'M8 half a delimiter after the JSON': {
    body: '--b\r\n\r\n{"a":1}\r\n--\n',
    payloads: [{ a: 1 }],
    end: 'goes on after its JSON: \n',
  },
  'M8 bytes that are no UTF-8': {
    body: Uint8Array.of(...encode('--b\r\n\r\n{}\r\n--b\r\n\r\n{"a":"'), 0xc3, 0x28, ...encode('"}\r\n--b--')),
    payloads: [{}],
    end: 'is no valid UTF-8: {"a":"\uFFFD("}',
  },
  'M11 lines that end in LF': {
    body: 'Hi\n--b\nContent-Type: application/json\n\n{"a":1}\n--b \n\n{\n  "a": "--b"\n}\n--b--\n',
    payloads: [{ a: 1 }, { a: '--b' }],
    end: complete,
  },
  'M11 lines that end now in LF, now in CRLF, and JSON over several': {
    body: '--b\n\r\n{\n"a"\r\n:\n1\r\n}\n\n--b\r\nA: b\n\n\r\n{"a":2\n}--b'.replace('}--b', '}\n--b--'),
    payloads: [{ a: 1 }, { a: 2 }],
    end: complete,
  },
  'R3 heartbeats': {
    body: '\r\n--b\r\n\r\n{}\r\n--b\r\n\r\n{"payload":{"data":{"a":1}}}\r\n--b\r\n\r\n{ }\r\n--b--\r\n',
    payloads: [{}, { payload: { data: { a: 1 } } }, {}],
    end: complete,
  },
}

describe('createMultipartDecoder', () => {
  test.each(Object.entries(bodies))('%s: the same for every split (M3)', (_, { body, boundary, payloads, end }) => {
    const bytes = typeof body === 'string' ? encode(body) : body
    expectForEverySplit(bytes, (chunks) => decode(chunks, boundary), { payloads, end })
  })

  const fixtures = join(__dirname, 'fixtures')
  const captures = existsSync(fixtures)
    ? readdirSync(fixtures)
        .filter((name) => name.endsWith('.json'))
        .map((name) => ({
          name,
          body: readFileSync(join(fixtures, name.replace('.json', '.http'))),
          ...(JSON.parse(readFileSync(join(fixtures, name), 'utf8')) as { contentType: string; payloads: unknown[] }),
        }))
        .filter(({ contentType }) => contentType.startsWith('multipart/'))
    : []

  test('M3 there are captures of real servers', () => expect(captures.length).toBeGreaterThanOrEqual(12))

  test.each(captures)('M3 every split of $name gives what the server sent', ({ body, contentType, payloads }) => {
    const boundary = parameterOf(contentType, 'boundary')
    expectForEverySplit(body, (chunks) => decode(chunks, boundary ?? '-'), { payloads, end: complete })
  })

  test('M3 any payloads, in any framing and any chunks', () => {
    const framing = fc.record({
      boundary: fc.constantFrom('-', 'graphql', '----', "a b'c"),
      eol: fc.constantFrom('\r\n', '\n'),
      preamble: fc.constantFrom('', 'Hi', '\r\n', '-- \n--x\r\n'),
      headers: fc.array(fc.constantFrom('A: b', 'content-type: application/json', 'Content-Length: 3')),
      padding: fc.constantFrom('', ' ', '\t \t'),
      indent: fc.constantFrom(0, 2),
      epilogue: fc.constantFrom('', '\r\n', '\r\nbye {"a":1}'),
    })
    const payload = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ stringUnit: 'binary' }))
    const sizes = fc.array(fc.oneof(fc.nat(8), fc.nat(200)), { minLength: 1 }).filter((all) => all.some(Boolean))
    fc.assert(
      fc.property(fc.array(payload), framing, sizes, (payloads, given, chunkSizes) => {
        const { boundary, eol, preamble, headers, padding, indent, epilogue } = given
        const delimiter = `${eol}--${boundary}`
        const parts = payloads.map((each) => {
          const lines = headers.map((header) => header + eol).join('')
          return `${delimiter}${padding}${eol}${lines}${eol}${JSON.stringify(each, null, indent)}`
        })
        const body = encode(`${preamble}${parts.join('')}${delimiter}--${epilogue}`)
        const expected = JSON.parse(JSON.stringify(payloads)) as unknown[]
        expect(decode(split(body, chunkSizes), boundary)).toEqual({ payloads: expected, end: complete })
      }),
      { numRuns: 500 },
    )
  })

  test('M3 of 50,000 parts none is lost, wherever chunks end', () => {
    const parts = Array.from(
      { length: 50_000 },
      (_, n) => `\r\n--b\r\ncontent-type: application/json\r\n\r\n{"n":${n}}`,
    )
    const { payloads, end } = decode(split(encode(`${parts.join('')}\r\n--b--\r\n`), [1_371]))
    expect(payloads.map((payload) => (payload as { n: number }).n)).toEqual(parts.map((_, n) => n))
    expect(end).toBe(complete)
  })

  test('M5 a part is given with the byte that closes its object', () => {
    const body = encode('\r\n--b\r\nX: {}\r\n\r\n{"a":{"b":"}"}}\r\n--b\r\n\r\n{}\r\n\r\n--b\r\n\r\n{\n}')
    const decoder = createMultipartDecoder('b', Infinity)
    const closed = Array.from(body.keys()).filter((index) => decoder.push(body.subarray(index, index + 1)).length > 0)
    const text = new TextDecoder().decode(body)
    expect(closed).toEqual([text.indexOf('}}') + 1, text.indexOf('{}\r\n\r\n--') + 1, text.length - 1])
  })

  test('M6 the terminator completes the stream though it stays open, and nothing after it counts', () => {
    const decoder = createMultipartDecoder('b', Infinity)
    expect(decoder.push(encode('--b\r\n\r\n{}\r\n--b-'))).toEqual([{}])
    expect(decoder.isComplete).toBe(false)
    expect(decoder.push(encode('-'))).toEqual([])
    expect(decoder.isComplete).toBe(true)
    expect(decoder.push(encode('\r\n--b\r\n\r\n{"a":1}'))).toEqual([])
    expect(() => decoder.end()).not.toThrow()
  })

  test('M8 a flaw ends the stream at once, after the payloads before it', () => {
    const decoder = createMultipartDecoder('b', Infinity)
    expect(decoder.push(encode('--b\r\n\r\n{"a":1}\r\n--b\r\n\r\n{secret}'))).toEqual([{ a: 1 }])
    expect(decoder.isComplete).toBe(true)
    expect(decoder.push(encode('\r\n--b\r\n\r\n{"a":2}'))).toEqual([])
    expect(() => decoder.end()).toThrow(PayloadError)
  })

  test('M8 the text of a flaw is not printed with it', () => {
    const decoder = createMultipartDecoder('b', Infinity)
    decoder.push(encode('--b\r\n\r\n{secret}'))
    const flaw = flawOf(decoder) as PayloadError
    expect(flaw.text).toBe('{secret}')
    expect(inspect(flaw, { showHidden: true, depth: 9 }) + String(flaw) + JSON.stringify(flaw)).not.toContain('secret')
  })

  test('M10 a part has at most so many bytes, however it comes', () => {
    const text = '--b\r\n\r\n{"a":"é"}\r\n--b\r\n\r\n\r\n{"a":12}\r\n--b--'
    const decodeUpTo = (maxPartBytes: number) => (chunks: readonly Uint8Array[]) => decode(chunks, 'b', maxPartBytes)
    const tooLarge = 'PayloadTooLargeError'
    expectForEverySplit(encode(text), decodeUpTo(10), { payloads: [{ a: 'é' }, { a: 12 }], end: complete })
    expectForEverySplit(encode(text), decodeUpTo(9), { payloads: [], end: tooLarge })
    expectForEverySplit(encode(text.replace('é', 'e')), decodeUpTo(9), { payloads: [{ a: 'e' }], end: tooLarge })
  })

  test('M10 a part that is too large is cut off before it is complete', () => {
    const decoder = createMultipartDecoder('b', 1_000)
    decoder.push(encode('--b\r\n\r\n{"a":"'))
    decoder.push(encode('x'.repeat(994)))
    expect(decoder.isComplete).toBe(false)
    decoder.push(encode('x'))
    expect(flawOf(decoder)).toBeInstanceOf(PayloadTooLargeError)
  })

  describe('M10', () => {
    afterEach(() => jest.restoreAllMocks())

    test.each([1, 7, 100, 4_096])('work is linear, memory that of the largest part, in chunks of %i', (size) => {
      // Every chunk may end in a brace, where a decoder that tries to parse would do so again and again.
      const large = JSON.stringify({ list: Array.from({ length: 20_000 }, () => ({})) })
      const small = JSON.stringify({ a: 1 })
      const parts = [small, large, ...Array.from({ length: 5_000 }, () => small)]
      const body = encode(`${parts.map((part) => `\r\n--b\r\n\r\n${part}`).join('')}\r\n--b--`)
      const work = countWork()
      const { payloads, end } = decode(split(body, [size]).map(work.watch))
      expect([payloads.length, end]).toEqual([parts.length, complete])
      expect(work.parses).toBe(parts.length)
      expect(work.bytesRead).toBeLessThan(6 * body.length)
      expect(work.bytesMoved).toBeLessThan(3 * body.length)
      expect(work.largestBuffer).toBeLessThanOrEqual(2 * large.length)
    })

    test('what is no part is not kept', () => {
      const work = countWork()
      const decoder = createMultipartDecoder('b', 10)
      const noise = encode('x'.repeat(1_000))
      for (const begin of ['', '\r\n--b\r\nX-Long: ', '\r\n\r\n{}\r\n--b--']) {
        decoder.push(encode(begin))
        for (let count = 0; count < 10; count++) decoder.push(noise)
      }
      expect(decoder.isComplete).toBe(true)
      expect(() => decoder.end()).not.toThrow()
      expect(work.bytesMoved).toBe(0)
    })
  })
})

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function decode(chunks: readonly Uint8Array[], boundary = 'b', maxPartBytes = Infinity): Outcome {
  const decoder = createMultipartDecoder(boundary, maxPartBytes)
  const payloads = chunks.flatMap((chunk) => decoder.push(chunk))
  const flaw = flawOf(decoder)
  if (flaw instanceof PayloadError) return { payloads, end: `${flaw.message}: ${flaw.text}` }
  if (flaw) return { payloads, end: flaw.constructor.name }
  return { payloads, end: decoder.isComplete ? complete : brokenOff }
}

function flawOf(decoder: ReturnType<typeof createMultipartDecoder>): Error | undefined {
  try {
    decoder.end()
    return undefined
  } catch (error) {
    return error as Error
  }
}

function expectForEverySplit(
  body: Uint8Array,
  read: (chunks: readonly Uint8Array[]) => Outcome,
  expected: Outcome,
): void {
  for (const chunks of everySplit(body)) {
    const outcome = read(chunks)
    // Thousands of times: Jest only has to look when they differ.
    if (!isDeepStrictEqual(outcome, expected)) expect({ chunks: chunks.map(String), ...outcome }).toEqual(expected)
  }
}

/** In one, in two at each offset, and in chunks of 1 to 7 bytes; some of them empty. */
function everySplit(body: Uint8Array): Uint8Array[][] {
  const inTwo = Array.from({ length: body.length + 1 }, (_, at) => [body.subarray(0, at), body.subarray(at)])
  return [[body], ...inTwo, ...[1, 2, 3, 4, 5, 6, 7].map((size) => split(body, [size])), split(body, [0, 1])]
}

/** Chunks of these sizes, over and over. */
function split(body: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let start = 0; start < body.length;) {
    const size = sizes[chunks.length % sizes.length] ?? 1
    chunks.push(body.subarray(start, start + size))
    start += size
  }
  return chunks
}

/** Counts what the decoder does, since time says little on a busy machine. */
function countWork() {
  const work = { parses: 0, bytesRead: 0, bytesMoved: 0, largestBuffer: 0, watch }
  const parse = JSON.parse
  jest.spyOn(JSON, 'parse').mockImplementation((text: string) => {
    work.parses++
    return parse(text) as unknown
  })
  const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array
  const set = Reflect.get(typedArray, 'set') as (this: Uint8Array, from: ArrayLike<number>, offset?: number) => void
  jest.spyOn(typedArray, 'set').mockImplementation(function (this: Uint8Array, from: ArrayLike<number>, offset) {
    work.bytesMoved += from.length
    work.largestBuffer = Math.max(work.largestBuffer, this.length)
    set.call(this, from, offset)
  })
  function watch(chunk: Uint8Array): Uint8Array {
    return new Proxy(chunk, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value === 'function') return value.bind(target) as unknown
        if (typeof name === 'string' && /^\d+$/.test(name)) work.bytesRead++
        return value
      },
    })
  }
  return work
}
