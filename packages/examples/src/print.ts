// Everything that the demo prints, in 80 columns.
import { stripVTControlCharacters, styleText } from 'node:util'

export const columns = 80

/** What a piece of text is: it decides the colour, where there are colours. */
export type Tone = 'title' | 'label' | 'code' | 'good' | 'bad'

/** Where lines go, and whether they may have colours. */
export interface Output {
  write(line: string): void
  readonly colour: boolean
}

const styles = { title: 'bold', label: 'dim', code: 'cyan', good: 'green', bad: 'red' } as const

/** Colours a text, where there are colours. */
export function paint({ colour }: Output, tone: Tone, text: string): string {
  // Whether there are colours was decided by whoever made the output; styleText would ask stdout.
  return colour ? styleText(styles[tone], text, { validateStream: false }) : text
}

/** Prints lines behind a label. What is too long continues below, indented. */
export function printBlock(output: Output, label: string, lines: readonly string[], tone?: Tone): void {
  const width = columns - labelWidth
  lines
    .flatMap((line) => wrap(line, width))
    .forEach((line, index) => {
      const margin = (index ? '' : label).padEnd(labelWidth)
      const text = tone ? paint(output, tone, line) : line
      output.write(line || !index ? `${paint(output, 'label', margin)}${text}` : '')
    })
}

const labelWidth = 7

/** Breaks a line at spaces so that no part is longer than `width`; a word that is, is cut. */
export function wrap(line: string, width: number): string[] {
  const parts: string[] = []
  let rest = line
  while (stripVTControlCharacters(rest).length > width) {
    const space = rest.lastIndexOf(' ', width)
    const end = space > width / 2 ? space : width
    parts.push(rest.slice(0, end))
    rest = `  ${rest.slice(end).trimStart()}`
  }
  return [...parts, rest]
}
