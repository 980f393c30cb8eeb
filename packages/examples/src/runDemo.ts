import { readFile } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { patterns as allPatterns, type Pattern } from './patterns.ts'
import { paint, printBlock, type Output } from './print.ts'
import { startServer, type DemoServer } from './server.ts'

/** Runs every pattern against a real server and prints it. @returns whether all went as expected. */
export async function runDemo(output: Output, patterns: readonly Pattern[] = allPatterns): Promise<boolean> {
  const source = await readFile(new URL('../src/patterns.ts', import.meta.url), 'utf8')
  const server = await startServer()
  let asExpected = 0
  try {
    output.write(`A server that checks credentials is at ${server.url}`)
    for (const [index, pattern] of patterns.entries()) {
      output.write('')
      output.write(paint(output, 'title', `${index + 1}. ${pattern.title}`))
      if (await show(output, pattern, source, server)) asExpected++
    }
  } finally {
    await server.close()
  }
  const good = asExpected === patterns.length
  output.write('')
  output.write(paint(output, good ? 'good' : 'bad', `${asExpected} of ${patterns.length} patterns as expected.`))
  return good
}

async function show(output: Output, pattern: Pattern, source: string, server: DemoServer): Promise<boolean> {
  printBlock(output, 'client', bodyOf(pattern.run, source), 'code')
  const before = server.seen.length
  const result = await inTime(pattern.run(server)).catch((error: unknown) => String(error))
  const seen = server.seen.slice(before)
  printBlock(output, 'server', seen)
  printBlock(output, 'result', printed(result))

  const seenIsGood = isDeepStrictEqual(seen, pattern.seen)
  const resultIsGood = isDeepStrictEqual(result, pattern.result)
  if (!seenIsGood) printBlock(output, 'WRONG', ['the server should have seen:', ...pattern.seen], 'bad')
  if (!resultIsGood) printBlock(output, 'WRONG', ['the result should be:', ...printed(pattern.result)], 'bad')
  return seenIsGood && resultIsGood
}

/** Rejects when a pattern hangs: the demo must end, whatever is broken. */
async function inTime(running: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no result after ${timeoutMs} ms`)), timeoutMs)
  })
  try {
    return await Promise.race([running, tooLate])
  } finally {
    clearTimeout(timer)
  }
}

const timeoutMs = 10_000

/** The lines between the braces of a function, as they stand in its file: what is shown is what runs. */
function bodyOf({ name }: { readonly name: string }, source: string): string[] {
  const body = new RegExp(`^export async function ${name}\\(.*\\{\\n([^]*?)\\n\\}$`, 'm').exec(source)?.[1]
  if (body === undefined) throw new Error(`patterns.ts has no function ${name}`)
  return body.split('\n').map((line) => line.replace(/^ {2}/, ''))
}

function printed(result: unknown): string[] {
  if (typeof result === 'string') return [result]
  return (Array.isArray(result) ? result : [result]).map((entry) => JSON.stringify(entry))
}
