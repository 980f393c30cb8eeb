// Mutation testing of packages/core by StrykerJS: npm run mutation [-- file or folder ...]
// Results of earlier runs are kept, in .mutation, and used for mutants of which neither the code nor the names of tests
// have changed; --survivors tries anew those that survived, --force all. --report only prints what is known.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { root } from './packages.mjs'

const leastScore = 80
const known = `${root}.mutation/incremental.json`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { report: { type: 'boolean' }, survivors: { type: 'boolean' }, force: { type: 'boolean' } },
})

function mutatePattern(path) {
  const isFolder = statSync(`${root}${path}`).isDirectory()
  return isFolder ? `${path.replace(/\/$/, '')}/**/*.ts,!packages/core/src/**/*.test.ts` : path
}

const undetected = new Set(['Survived', 'NoCoverage'])
const isAsked = (path) => positionals.length === 0 || positionals.some((asked) => path.startsWith(asked))

function forgetSurvivors() {
  const results = JSON.parse(readFileSync(known, 'utf8'))
  for (const [path, file] of Object.entries(results.files)) {
    if (isAsked(path)) file.mutants = file.mutants.filter(({ status }) => !undetected.has(status))
  }
  writeFileSync(known, JSON.stringify(results))
}

if (values.survivors) forgetSurvivors()
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
const columns = { Killed: 'killed', Timeout: 'timeout', Survived: 'survived', NoCoverage: 'notRun' }
const none = { killed: 0, timeout: 0, survived: 0, notRun: 0, invalid: 0 }
const total = { ...none }

function scoreOf({ killed, timeout, survived, notRun }) {
  return (100 * (killed + timeout)) / Math.max(1, killed + timeout + survived + notRun)
}

function row(name, counts) {
  const { killed, timeout, survived, notRun } = counts
  return `| ${name} | ${killed + timeout + survived + notRun} | ${killed} | ${timeout} | ${survived} | ${notRun} | ${scoreOf(counts).toFixed(1)} |`
}

const oneLine = (text) => text.replace(/\s+/g, ' ').trim().slice(0, 160)

function textAt(lines, { start, end }) {
  const text = lines.slice(start.line - 1, end.line)
  text[text.length - 1] = text.at(-1).slice(0, end.column - 1)
  text[0] = text[0].slice(start.column - 1)
  return oneLine(text.join('\n'))
}

const rows = []
for (const [path, { source, mutants }] of Object.entries(files).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
  const lines = source.split('\n')
  const counts = { ...none }
  for (const { status, location, mutatorName, replacement } of mutants) {
    const column = columns[status] ?? 'invalid'
    counts[column] += 1
    total[column] += 1
    if (!undetected.has(status) || !isAsked(path)) continue
    const { start } = location
    console.log(`${path}:${start.line}:${start.column} ${mutatorName}${status === 'NoCoverage' ? ', not run' : ''}`)
    console.log(`    ${textAt(lines, location)}  ->  ${oneLine(replacement)}`)
  }
  rows.push(row(path.replace('packages/core/src/', ''), counts))
}

console.log('\n| file | mutants | killed | timeout | survived | not run | score, % |')
console.log(['|---|---:|---:|---:|---:|---:|---:|', ...rows, row('all', total)].join('\n'))
const score = scoreOf(total)
console.log(`\n${score.toFixed(2)} % of the mutants in ${rows.length} files were detected`)
if (positionals.length === 0 && score < leastScore) {
  console.error(`That is less than ${leastScore} %`)
  process.exitCode = 1
}
