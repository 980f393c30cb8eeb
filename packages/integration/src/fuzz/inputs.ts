// What inputs are made of: texts that mean something, bent.
import fc from 'fast-check'

/** A text of bytes, one character each, as `latin1` has it: JSON cannot hold bytes. */
export type Binary = string

export function toBinary(text: string): Binary {
  return Buffer.from(text).toString('latin1')
}

export function toBytes(binary: Binary): Uint8Array {
  return new Uint8Array(Buffer.from(binary, 'latin1'))
}

/** Any text: of words that mean something where they are read, of any characters, and long ones of few kinds. */
export function wild(words: readonly string[]): fc.Arbitrary<string> {
  const word = fc.constantFrom(...words)
  const piece = fc.oneof(
    { weight: 6, arbitrary: word },
    { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 8 }) },
    { weight: 1, arbitrary: fc.constantFrom(...edges) },
  )
  const repeated = fc.tuple(fc.oneof(word, piece), fc.nat(3_000)).map(([text, times]) => text.repeat(times))
  const pieces = fc.array(piece, { maxLength: 30 }).map((parts) => parts.join(''))
  return fc.oneof(
    { weight: 12, arbitrary: pieces },
    { weight: 1, arbitrary: fc.tuple(pieces, repeated, pieces).map((parts) => parts.join('').slice(0, 100_000)) },
  )
}

// Ends of lines, ends of texts, halves of characters, a byte order mark, numbers at their limits.
const edges = [
  '\0',
  '\n',
  '\r',
  '\r\n',
  '\u2028',
  '\ufeff',
  '\ufffd',
  '\ud800',
  '\udc00',
  '💧',
  'ü',
  '\x7f',
  '\x85',
  '\xff',
  '-1',
  '0',
  '1e999',
  '-0',
  'NaN',
  '9007199254740993',
  '__proto__',
  'constructor',
  'toString',
  'length',
  'then',
]

interface Edit {
  readonly at: number
  readonly length: number
  readonly text: string
  readonly from: number
}

/** One of these texts with a few places cut out, put in, doubled or exchanged. */
export function bent(texts: readonly string[], words: readonly string[]): fc.Arbitrary<string> {
  const edit: fc.Arbitrary<Edit> = fc.record({
    at: fc.nat(),
    length: fc.oneof(fc.nat(3), fc.nat(40)),
    text: fc.oneof(fc.constant(''), fc.constantFrom(...words, ...edges), fc.string({ unit: 'binary', maxLength: 3 })),
    from: fc.nat(),
  })
  return fc
    .tuple(fc.constantFrom(...texts), fc.array(edit, { maxLength: 5 }))
    .map(([text, edits]) => edits.reduce(applyEdit, text))
}

function applyEdit(text: string, { at, length, text: put, from }: Edit): string {
  const position = at % (text.length + 1)
  // Without a text of its own, it is a piece of another place.
  const copied = from % (text.length + 1)
  const piece = put === '' && at % 2 ? text.slice(copied, copied + length) : put
  return text.slice(0, position) + piece + text.slice(position + length)
}

/** Where to cut a body: sizes of chunks, over and over. */
export const sizes: fc.Arbitrary<number[]> = fc.array(fc.oneof(fc.nat(4), fc.nat(60), fc.nat(5_000)), {
  minLength: 1,
  maxLength: 5,
})

/** The chunks of a body. */
export function* chunksOf(body: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < body.length; turn++) {
    // A size of zero gives an empty chunk, and then one byte, so that there is an end.
    const size = lengths[turn % lengths.length] as number
    if (size === 0) yield body.subarray(at, at)
    yield body.subarray(at, (at += Math.max(1, size)))
  }
}

/** JSON of these names, among others. */
export function jsonWith(names: readonly string[], leaves: readonly unknown[] = []): fc.Arbitrary<unknown> {
  const key = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...names) },
    { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString', 'length', 'toJSON', 'then', '0') },
    { weight: 1, arbitrary: fc.string({ maxLength: 3 }) },
  )
  const leaf = fc.oneof(
    fc.constantFrom<unknown>(null, true, false, 0, 1, -1, 2, 1e9, '', 'a', {}, [], ...leaves),
    fc.string({ maxLength: 4 }),
    fc.double({ noNaN: true }),
  )
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, depthSize: 'medium' },
      leaf,
      fc.array(tie('value'), { maxLength: 4 }),
      // Not fc.dictionary, which would give a `__proto__` that JSON.parse has as a member like others.
      fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map(objectOf),
    ),
  }))
  return value
}

function objectOf(entries: readonly (readonly [string, unknown])[]): object {
  const object = {}
  for (const [name, value] of entries)
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
  return object
}
