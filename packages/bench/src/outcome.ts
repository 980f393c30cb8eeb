/** One number that was measured, or a word. */
export interface Row {
  readonly contestant: string
  /** What the value is, with its unit: the heading of its column. */
  readonly measure: string
  readonly value: number | string
  /** The greatest, where runs differed in a count; the value is the least then. */
  readonly most?: number
  /** The value in terms of that of another contestant, by its name. */
  readonly ratios?: Readonly<Record<string, number>>
}

/** What was measured of several contestants under the same conditions. */
export interface Table {
  readonly title: string
  readonly rows: readonly Row[]
  readonly chart?: Chart
}

/** A picture of some columns of a table. */
export interface Chart {
  /** The name of its file, without an extension. */
  readonly name: string
  readonly measures: readonly string[]
  /** For values of several orders of magnitude. */
  readonly isLogarithmic?: boolean
}

/** A promise of the project, and what was measured. */
export interface Kept {
  readonly what: string
  readonly value: string
  readonly limit: string
  readonly holds: boolean
}

/** A part of the measurements: `npm run bench -- <its name>`. */
export interface Part {
  /** What is measured, and how: two sentences or three. */
  readonly method: string
  /** Measures, adds each table as soon as it is complete, and gives the promises of the project. */
  readonly run: (add: (table: Table) => void) => Promise<readonly Kept[]>
  /** Answers a question in a process of its own, see {@link startApart}. */
  readonly answer?: (question: never) => Promise<unknown>
}

/** What came of a part. */
export interface Outcome {
  readonly tables: readonly Table[]
  readonly kept: readonly Kept[]
}

/** A limit, and what was measured. */
export function atMost(what: string, value: number, limit: number): Kept {
  return { what, value: text(value), limit: `at most ${text(limit)}`, holds: value <= limit }
}

/** A limit from below, and what was measured. */
export function atLeast(what: string, value: number, limit: number): Kept {
  return { what, value: text(value), limit: `at least ${text(limit)}`, holds: value >= limit }
}

/** The value in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? NaN
}

/** The headings and the lines of a table: a line for each contestant, a column for each measure and each ratio. */
export function cellsOf({ title, rows }: Table): { headings: string[]; lines: string[][] } {
  const contestants = [...new Set(rows.map(({ contestant }) => contestant))]
  const columns = [...new Set(rows.map(({ measure }) => measure))].flatMap((measure) => {
    const own = rows.filter((row) => row.measure === measure)
    const others = [...new Set(own.flatMap(({ ratios = {} }) => Object.keys(ratios)))]
    const cell = (contestant: string, of: (row: Row) => string | undefined): string => {
      const row = own.find((each) => each.contestant === contestant)
      return (row && of(row)) ?? ''
    }
    return [
      { heading: measure, cellOf: (contestant: string) => cell(contestant, valueText) },
      ...others.map((other) => ({
        heading: `× ${other}`,
        cellOf: (contestant: string) => cell(contestant, ({ ratios }) => ratios?.[other]?.toFixed(2)),
      })),
    ]
  })
  return {
    headings: [title, ...columns.map(({ heading }) => heading)],
    lines: contestants.map((contestant) => [contestant, ...columns.map(({ cellOf }) => cellOf(contestant))]),
  }
}

function valueText({ value, most }: Row): string {
  if (typeof value === 'string') return value
  return most === undefined || most === value ? text(value) : `${text(value)}-${text(most)}`
}

/** As many digits as mean something. */
function text(value: number): string {
  const digits = Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** Prints a table; the first column to the left, the others to the right. */
export function printTable(table: Table): void {
  const { headings, lines } = cellsOf(table)
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...lines.map((line) => line[column]?.length ?? 0)),
  )
  const aligned = (cells: readonly string[]): string =>
    cells.map((cell, column) => (column ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[0] ?? 0))).join('  ')
  console.log(`\n${aligned(headings)}\n${widths.map((width) => '-'.repeat(width)).join('  ')}`)
  for (const line of lines) console.log(aligned(line))
}

/** Prints which promises hold. */
export function printKept(kept: readonly Kept[]): void {
  console.log()
  for (const { what, value, limit, holds } of kept) {
    console.log(`${holds ? 'held  ' : 'MISSED'}  ${what}: ${value} (${limit})`)
  }
}
