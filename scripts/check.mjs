// Everything that CI checks. Each step runs, also after a failed one; the last line is the number of tests.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { npm } from './npm.mjs'
import { root } from './packages.mjs'

const folder = mkdtempSync(join(tmpdir(), 'graphlinks-check-'))
const report = join(folder, 'jest.json')

const steps = {
  install: ['ci'],
  lint: ['run', 'lint'],
  format: ['run', 'format:check'],
  typecheck: ['run', 'typecheck'],
  knip: ['run', 'knip'],
  // What the tests in a browser need; they are skipped where it cannot be had.
  chromium: ['run', 'chromium'],
  test: ['test', '--', '--ci', '--json', `--outputFile=${report}`],
  threats: ['run', 'threats:check'],
  // That it works: what comes of one target. The tests have the corpus of all, and npm run fuzz a minute for each.
  fuzz: ['run', 'fuzz', '--', '3', 'response'],
  build: ['run', 'build'],
  packages: ['run', 'packages'],
  // A part, since all of it takes as long as the tests of the sources.
  built: ['run', 'test:built', '--', '--part'],
  size: ['run', 'size'],
  api: ['run', 'api'],
  lockfile: ['run', 'lockfile'],
  ...(existsSync(`${root}scripts/snippets.mjs`) && { snippets: ['run', 'snippets'] }),
  docs: ['run', 'docs'],
  demo: ['start'],
}

const failed = []
for (const [name, args] of Object.entries(steps)) {
  console.log(`\n== ${name}: npm ${args.join(' ')}`)
  const start = performance.now()
  const { status } = npm(args, { stdio: ['ignore', 'inherit', 'inherit'] })
  console.log(`== ${name}: ${status === 0 ? 'ok' : 'FAILED'}, ${((performance.now() - start) / 1000).toFixed(1)} s`)
  if (status !== 0) failed.push(name)
  if (name === 'install' && status !== 0) break
}

let totals = '0 passed, 1 failed'
if (existsSync(report)) {
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(report, 'utf8'))
  totals = `${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed`
}
rmSync(folder, { recursive: true })
if (failed.length > 0) console.log(`\nFailed steps: ${failed.join(', ')}`)
console.log(totals)
process.exitCode = failed.length > 0 ? 1 : 0
