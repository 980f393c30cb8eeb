// Runs the built packages in every runtime, and the tests in every Node that is not the oldest:
//
//   npm run test:runtimes                             all, in half an hour or more
//   npm run test:runtimes -- smoke Deno "Node 22"     a part of it, or some runtimes, or both
//   npm run test:runtimes -- --write                  all, and writes docs/runtimes.md
//
// What cannot be had here is skipped, by name, and is no failure. Outcomes are kept in .runtimes, each until the next one
// of its part and runtime, and the page is written from all of them, so that it can be brought up to date in parts.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { root } from './packages.mjs'
import { folder, install, runtimeNames } from './runtimes/installed.mjs'
import { jest } from './runtimes/jest.mjs'
import { isFailed, pageOf, summaryOf } from './runtimes/report.mjs'
import { smoke } from './runtimes/smoke.mjs'

// Node 20 is what `npm test` runs in.
const parts = { smoke: runtimeNames, jest: ['Node 22', 'Node 24', 'Node 26'] }

const { values, positionals } = parseArgs({ allowPositionals: true, options: { write: { type: 'boolean' } } })
const known = [...Object.keys(parts), ...runtimeNames]
const unknown = positionals.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')}, but ${known.join(', ')}`)
  process.exit(2)
}
/** Whether it was named, or none of its kind was. */
const isChosen = (name, kind) => positionals.includes(name) || !kind.some((each) => positionals.includes(each))

async function run(part, name) {
  const { path, version, missing } = install(name)
  if (missing) return { missing }
  console.log(`\n== ${part} in ${name} (${version})`)
  try {
    return { version, ...(part === 'smoke' ? { scenarios: await smoke(name, path) } : jest(path)) }
  } catch (error) {
    return { version, failure: error.message }
  }
}

mkdirSync(folder, { recursive: true })
const file = `${folder}/outcomes.json`
const kept = () => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {})
const summary = []
for (const part of Object.keys(parts).filter((each) => isChosen(each, Object.keys(parts)))) {
  for (const name of parts[part].filter((each) => isChosen(each, runtimeNames))) {
    const outcome = { ...(await run(part, name)), date: new Date().toISOString().slice(0, 10) }
    const outcomes = kept()
    writeFileSync(file, JSON.stringify({ ...outcomes, [part]: { ...outcomes[part], [name]: outcome } }, null, 2))
    const lines = `${part} in ${name}: ${summaryOf(outcome)}`
    console.log(lines)
    summary.push(lines.split('\n')[0])
    if (isFailed(outcome)) process.exitCode = 1
  }
}
console.log(`\n${summary.join('\n')}`)

if (values.write) {
  const outcomes = kept()
  const missing = Object.entries(parts).flatMap(([part, names]) =>
    names.filter((name) => !outcomes[part]?.[name]).map((name) => `${part} in ${name}`),
  )
  if (missing.length > 0) {
    console.error(`docs/runtimes.md is not written: there was no run yet of ${missing.join(', ')}`)
    process.exitCode = 1
  } else writeFileSync(`${root}docs/runtimes.md`, pageOf(outcomes))
}
