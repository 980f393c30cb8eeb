// Mutation testing of packages/core by StrykerJS: npm run mutation [-- file or folder ...]
// Results of earlier runs are kept and used where neither the code nor its tests have changed; --force runs all anew.
// --report only prints what is known.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { root } from './packages.mjs'

const leastScore = 80
const known = `${root}.mutation/incremental.json`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { report: { type: 'boolean' }, force: { type: 'boolean' } },
})

function mutatePattern(path) {
  const isFolder = statSync(`${root}${path}`).isDirectory()
  return isFolder ? `${path.replace(/\/$/, '')}/**/*.ts,!packages/core/src/**/*.test.ts` : path
}

if (!values.report) {
  const args = ['run', ...(values.force ? ['--force'] : [])]
  if (positionals.length > 0) args.push('--mutate', positionals.map(mutatePattern).join(','))
  const stryker = `${root}node_modules/@stryker-mutator/core/bin/stryker.js`
  const { status } = spawnSync(process.execPath, [stryker, ...args], { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
if (!existsSync(known)) {
  console.error('Nothing was measured yet')
  process.exit(1)
}

const { files } = JSON.parse(readFileSync(known, 'utf8'))
const undetected = new Set(['Survived', 'NoCoverage'])
const total = { killed: 0, timeout: 0, survived: 0, 'not run': 0, other: 0 }
const columns = { Killed: 'killed', Timeout: 'timeout', Survived: 'survived', NoCoverage: 'not run' }

function scoreOf({ killed, timeout, survived, 'not run': notRun }) {
  return (100 * (killed + timeout)) / Math.max(1, killed + timeout + survived + notRun)
}

const rows = []
const survivors = []
for (const [path, { source, mutants }] of Object.entries(files).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
  const lines = source.split('\n')
  const counts = { killed: 0, timeout: 0, survived: 0, 'not run': 0, other: 0 }
  for (const mutant of mutants) {
    const column = columns[mutant.status] ?? 'other'
    counts[column] += 1
    total[column] += 1
    if (undetected.has(mutant.status)) survivors.push({ path, lines, ...mutant })
  }
  rows.push({ file: path.replace('packages/core/src/', ''), ...counts, score: scoreOf(counts).toFixed(1) })
}

const oneLine = (text) => text.replace(/\s+/g, ' ').trim()

function original(lines, { start, end }) {
  const text = lines.slice(start.line - 1, end.line)
  text[text.length - 1] = text.at(-1).slice(0, end.column - 1)
  text[0] = text[0].slice(start.column - 1)
  return oneLine(text.join('\n'))
}

for (const { path, lines, location, mutatorName, status, replacement } of survivors) {
  if (positionals.length > 0 && !positionals.some((wanted) => path.startsWith(wanted))) continue
  const was = original(lines, location)
  console.log(
    `${path}:${location.start.line}:${location.start.column} ${mutatorName}${status === 'NoCoverage' ? ' (not run)' : ''}`,
  )
  console.log(`    ${was.slice(0, 160)}  ->  ${oneLine(replacement).slice(0, 160)}`)
}
console.table(rows)
const score = scoreOf(total)
console.log(`${JSON.stringify(total)}: ${score.toFixed(2)} % of the mutants in ${rows.length} files were detected`)
if (positionals.length === 0 && score < leastScore) {
  console.error(`That is less than ${leastScore} %`)
  process.exitCode = 1
}
