// How servers spell a text when they echo it, undone.

/** A text with its escapes decoded, and where in the original each of its characters starts (and the last one ends). */
export interface View {
  readonly text: string
  readonly starts: readonly number[]
}

/** The text as it is, and as readers of JSON, URLs and HTML understand it, and of what those understood. */
export function viewsOf(text: string): View[] {
  const starts = Array.from({ length: text.length + 1 }, (_, index) => index)
  const views = new Map<string, View>([[text, { text, starts }]])
  for (let depth = 0; depth < 2; depth++) {
    const known = [...views.values()]
    for (const view of known) {
      for (const [escapes, decode] of decoders) {
        const decoded = decodeView(view, escapes, decode)
        if (!views.has(decoded.text)) views.set(decoded.text, decoded)
      }
    }
  }
  return [...views.values()].map((view) => ({ ...view, text: fold(view.text) }))
}

function decodeView(view: View, escapes: RegExp, decode: (escape: string) => string): View {
  let text = ''
  const starts: number[] = []
  let position = 0
  const copyUntil = (end: number): void => {
    text += view.text.slice(position, end)
    for (; position < end; position++) starts.push(view.starts[position] as number)
  }
  for (const { 0: escape, index } of view.text.matchAll(escapes)) {
    copyUntil(index)
    const decoded = decode(escape)
    text += decoded
    for (let unit = 0; unit < decoded.length; unit++) starts.push(view.starts[index] as number)
    position = index + escape.length
  }
  copyUntil(view.text.length)
  starts.push(view.starts[view.text.length] as number)
  return { text, starts }
}

/** Every escape stands for one character. */
const decoders: readonly (readonly [RegExp, (escape: string) => string])[] = [
  // JSON, and strings of JavaScript
  [
    /\\(?:u[\da-fA-F]{4}|x[\da-fA-F]{2}|["'\\/bfnrt])/g,
    (escape) => jsonEscapes[escape] ?? (escape.length > 2 ? fromCode(escape.slice(2), 16) : escape.slice(1)),
  ],
  // URLs: the bytes of one character in UTF-8, or else in Latin-1
  [
    /%[c-f][\da-f](?:%[89ab][\da-f]){1,3}|%[\da-f]{2}/gi,
    (escape) => {
      try {
        return decodeURIComponent(escape)
      } catch {
        return escape.replace(/%(..)/g, (_, hex: string) => fromCode(hex, 16))
      }
    },
  ],
  // HTML and XML
  [
    /&(?:#\d{1,7}|#x[\da-f]{1,6}|amp|lt|gt|quot|apos);/gi,
    (escape) => {
      if (escape[1] !== '#') return htmlEntities[escape.toLowerCase()] as string
      return /x/i.test(escape) ? fromCode(escape.slice(3), 16) : fromCode(escape.slice(2), 10)
    },
  ],
]

const jsonEscapes: Readonly<Record<string, string>> = {
  '\\b': '\b',
  '\\f': '\f',
  '\\n': '\n',
  '\\r': '\r',
  '\\t': '\t',
}

const htmlEntities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&apos;': "'",
}

function fromCode(digits: string, radix: number): string {
  return String.fromCodePoint(Math.min(Number.parseInt(digits, radix), 0x10ffff))
}

/** Of equal length: forms spell a space as a plus, and half a character becomes U+FFFD on its way. */
export function fold(text: string): string {
  return text.replaceAll('+', ' ').replace(/[\ud800-\udfff]/gu, '\ufffd')
}
