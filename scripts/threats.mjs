// The threats of docs/security.md and their tests, which have "threats <number>" in their titles. Runs exactly those, then
// what other clients do; with --check it only looks whether each row has its tests, and lists them.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { packages, root } from './packages.mjs'

const count = 26
const page = readFileSync(`${root}docs/security.md`, 'utf8')

/** By number, the test files as the page names them: `core/auth/bearerLink`. */
const tested = new Map()
const files = new Set()
for (const { dir, path } of packages) {
  const source = `${path}/src`
  for (const name of existsSync(source) ? readdirSync(source, { recursive: true }).map(String) : []) {
    if (!name.endsWith('.test.ts')) continue
    const text = readFileSync(`${source}/${name}`, 'utf8')
    for (const [, numbers] of text.matchAll(/\bthreats (\d+(?:, \d+)*)/g)) {
      files.add(`packages/${dir}/src/${name}`)
      for (const number of numbers.split(', ')) {
        const named = `${dir}/${name.replaceAll('\\', '/').replace('.test.ts', '')}`
        tested.set(Number(number), (tested.get(Number(number)) ?? new Set()).add(named))
      }
    }
  }
}

const problems = []
for (const number of tested.keys()) if (number < 1 || number > count) problems.push(`there is no threat ${number}`)
for (let number = 1; number <= count; number++) {
  const row = new RegExp(`^\\| ${number} \\|.*$`, 'm').exec(page)?.[0]
  const found = tested.get(number) ?? new Set()
  if (found.size === 0) problems.push(`threat ${number} has no test`)
  if (row === undefined) problems.push(`docs/security.md has no row for threat ${number}`)
  const listed = new Set(Array.from((row?.split(' | ')[3] ?? '').matchAll(/`([^`]+)`/g), ([, name]) => name))
  for (const name of found)
    if (!listed.has(name)) problems.push(`docs/security.md, threat ${number}: ${name} is missing`)
  for (const name of listed)
    if (!found.has(name)) problems.push(`docs/security.md, threat ${number}: ${name} tests it not`)
}
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exitCode = 1
else console.log(`${count} threats, each with its tests, in ${files.size} files`)

if (!process.argv.includes('--check') && problems.length === 0) {
  const run = (...args) => spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1
  const jest = [
    'node_modules/jest/bin/jest.js',
    ...files,
    '-t',
    'threats \\d',
    '--selectProjects',
    'no-graphql',
    'graphql16',
  ]
  const status = run(...jest) || run('scripts/run.mjs', 'packages/bench/src/main.ts', 'threats')
  process.exitCode = status
}
