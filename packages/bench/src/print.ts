/** A promise of the project, and what was measured. */
export interface Kept {
  readonly what: string
  readonly value: string
  readonly limit: string
  readonly holds: boolean
}

/** Prints rows under their headings; the first column to the left, the others to the right. */
export function printTable(headings: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string =>
    cells.map((cell, column) => (column ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[0] ?? 0))).join('  ')
  console.log(`\n${line(headings)}\n${widths.map((width) => '-'.repeat(width)).join('  ')}`)
  for (const row of rows) console.log(line(row))
}

/** Prints which promises hold. */
export function printPromises(promises: readonly Kept[]): void {
  console.log()
  for (const { what, value, limit, holds } of promises) {
    console.log(`${holds ? 'holds ' : 'BROKEN'}  ${what}: ${value} (${limit})`)
  }
}

/** The value in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? NaN
}
