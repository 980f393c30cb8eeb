// Everything that CI checks. Each step runs, also after a failed one; the last line is the number of tests.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './packages.mjs'

const folder = mkdtempSync(join(tmpdir(), 'graphlinks-check-'))
const report = join(folder, 'jest.json')

const install = { install: ['ci', '--ignore-scripts'] }

const alone = {
  build: ['run', 'build'],
  // What the tests in a browser need; they are skipped where it cannot be had.
  chromium: ['run', 'chromium'],
  test: ['test', '--', '--ci', '--json', `--outputFile=${report}`],
  // A part, since all of it takes as long as the tests of the sources.
  built: ['run', 'test:built', '--', '--part'],
}

// A target of each parser that strangers reach, a minute each. The tests have the corpus of all, and new inputs of each.
const parsers = ['document', 'headers', 'set-cookie', 'multipart', 'events', 'messages-graphql-transport-ws']
const fuzz = { fuzz: ['run', 'fuzz', '--', '60', ...parsers] }

// Most of these keep one core busy, and nothing fails when it takes longer, as a test with a deadline might.
const besideFuzz = {
  lint: ['run', 'lint'],
  format: ['run', 'format:check'],
  typecheck: ['run', 'typecheck'],
  knip: ['run', 'knip'],
  threats: ['run', 'threats:check'],
  packages: ['run', 'packages'],
  size: ['run', 'size'],
  api: ['run', 'api'],
  lockfile: ['run', 'lockfile'],
  snippets: ['run', 'snippets'],
  docs: ['run', 'docs'],
  demo: ['start'],
}

const failed = []

/** Runs steps one after the other. What they say is printed at once, or else in one piece when `others` are over. */
async function run(steps, others) {
  for (const [name, args] of Object.entries(steps)) {
    const title = `\n== ${name}: npm ${args.join(' ')}`
    if (!others) console.log(title)
    const start = performance.now()
    const stream = others ? 'pipe' : 'inherit'
    // npm is a .cmd file on Windows, which only a shell starts.
    const shell = process.platform === 'win32'
    const child = spawn('npm', args, { cwd: root, stdio: ['ignore', stream, stream], shell })
    const said = []
    for (const output of [child.stdout, child.stderr]) output?.on('data', (chunk) => said.push(chunk))
    const [status] = await once(child, 'close')
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    await others
    if (others) console.log(`${title}\n${Buffer.concat(said).toString()}`)
    console.log(`== ${name}: ${status === 0 ? 'ok' : 'FAILED'}, ${seconds} s`)
    if (status !== 0) failed.push(name)
  }
}

await run(install)
if (failed.length === 0) {
  await run(alone)
  const others = run(besideFuzz)
  await Promise.all([others, run(fuzz, others)])
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
