// The regular expressions of the sources, and texts that a backtracking engine could lose itself in.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/** A regular expression in a source. */
export interface FoundExpression {
  readonly file: string
  readonly source: string
  readonly flags: string
}

const packages = join(__dirname, '../..')
// Not what is published.
const others = ['bench', 'examples', 'integration']

/** The files of all packages that are published, without their tests. */
export function sourceFiles(): readonly string[] {
  return readdirSync(packages)
    .filter((name) => !others.includes(name))
    .flatMap((name) =>
      readdirSync(join(packages, name, 'src'), { recursive: true })
        .map((file) => `${name}/src/${String(file)}`)
        .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts')),
    )
}

export function readSource(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(join(packages, file), 'utf8'), ts.ScriptTarget.ES2022)
}

/** Every literal, and every `new RegExp`, which has an empty source and no test can judge. */
export function findExpressions(): readonly FoundExpression[] {
  const found: FoundExpression[] = []
  for (const file of sourceFiles()) {
    const visit = (node: ts.Node): void => {
      if (ts.isRegularExpressionLiteral(node)) {
        const end = node.text.lastIndexOf('/')
        found.push({ file, source: node.text.slice(1, end), flags: node.text.slice(end + 1) })
      } else if (ts.isNewExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'RegExp') {
        found.push({ file, source: '', flags: '' })
      }
      ts.forEachChild(node, visit)
    }
    visit(readSource(file))
  }
  return found
}

/** What to repeat: each character that the expression knows, two of them, and its words. */
export function pumpsOf(source: string): readonly string[] {
  const text = source
    .replace(/\\[wd]/g, '1')
    .replace(/\\s/g, ' ')
    .replace(/\\t/g, '\t')
    .replace(/\\n/g, '\n')
    .replace(/\\r/g, '\r')
    .replace(/\\x([\da-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\\u[\da-fA-F]{4}/g, '\ufeff')
    .replace(/\\b/g, '')
  const words = text.match(/[a-z]{2,}[ :]*|\\?"+|--/gi) ?? []
  const characters = [...new Set(['a', '\0', ...Array.from(text.replace(/[?+*^$|()]/g, ''))])]
  // The punctuation among them is what makes an expression turn back.
  const marks = characters.filter((character) => !/[a-z]/i.test(character)).slice(0, 9)
  const pairs = marks.flatMap((first) => marks.map((second) => first + second))
  return [...new Set([...characters, ...pairs, ...words, ...words.map((word) => `${word}a`)])]
}

/** How long an expression takes for a text, all matches of it, in milliseconds; of several tries the best. */
export function timeOf({ source, flags }: FoundExpression, text: string, enoughMs: number): number {
  let best = Infinity
  for (let turn = 0; turn < 3 && (turn === 0 || best > enoughMs); turn++) {
    const expression = new RegExp(source, flags)
    const start = performance.now()
    text.replace(expression, '')
    best = Math.min(best, performance.now() - start)
  }
  return best
}
