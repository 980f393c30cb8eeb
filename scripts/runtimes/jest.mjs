// All tests, in another Node.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { delimiter, dirname } from 'node:path'
import { root } from '../packages.mjs'
import { folder } from './installed.mjs'

/**
 * Files with a test that failed run once more, by themselves: in half an hour, a machine is busy with something else for a
 * while, and tests run into their limits of time.
 *
 * @returns how many tests passed, how many of them only then, how many failed and were skipped. @throws Error where there
 * is no report. A file that could not run, or left something open, counts as one that failed.
 */
export function jest(path) {
  const start = performance.now()
  const first = run(path, [])
  const files = first.testResults.filter(({ status }) => status === 'failed').map(({ name }) => name)
  if (files.length > 0) console.log(`Once more: ${files.map((name) => name.slice(root.length)).join(', ')}`)
  const last = files.length > 0 ? run(path, ['--maxWorkers=1', '--runTestsByPath', ...files]) : first
  // They run against both versions of graphql then, also where they failed with one.
  const failures = new Set(namesOfFailures(last))
  const again = namesOfFailures(first).filter((name) => !failures.has(name)).length
  return {
    passed: first.numPassedTests + again,
    again,
    failed: first.numFailedTests - again + last.numRuntimeErrorTestSuites,
    skipped: first.numPendingTests,
    seconds: Math.round((performance.now() - start) / 1000),
  }
}

const namesOfFailures = ({ testResults }) =>
  testResults.flatMap(({ name: file, assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => `${file} ${fullName}`),
  )

function run(path, args) {
  const report = `${folder}/jest.json`
  rmSync(report, { force: true })
  const all = ['node_modules/jest/bin/jest.js', '--ci', '--json', `--outputFile=${report}`, ...args]
  const { status } = spawnSync(path, all, {
    cwd: root,
    // Not the report, which is in the file.
    stdio: ['ignore', 'ignore', 'inherit'],
    // For tests that start npm, and that its scripts.
    env: { ...process.env, PATH: `${dirname(path)}${delimiter}${process.env.PATH}` },
  })
  if (!existsSync(report)) throw new Error(`jest ended with ${status}, and without a report`)
  const outcome = JSON.parse(readFileSync(report, 'utf8'))
  if (status !== 0 && outcome.success) throw new Error(`jest ended with ${status}, though no test failed`)
  return outcome
}
