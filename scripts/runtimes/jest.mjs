// All tests, in another Node.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { delimiter, dirname } from 'node:path'
import { root } from '../packages.mjs'
import { folder } from './installed.mjs'

/** @returns how many tests passed, failed and were skipped. @throws Error where there is no report. */
export function jest(path) {
  const report = `${folder}/jest.json`
  rmSync(report, { force: true })
  const start = performance.now()
  const { status } = spawnSync(path, ['node_modules/jest/bin/jest.js', '--ci', '--json', `--outputFile=${report}`], {
    cwd: root,
    // Not the report, which is in the file.
    stdio: ['ignore', 'ignore', 'inherit'],
    // For tests that start npm, and that its scripts.
    env: { ...process.env, PATH: `${dirname(path)}${delimiter}${process.env.PATH}` },
  })
  if (!existsSync(report)) throw new Error(`jest ended with ${status}, and without a report`)
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, numPendingTests } = JSON.parse(
    readFileSync(report, 'utf8'),
  )
  const failed = numFailedTests + numRuntimeErrorTestSuites
  if (status !== 0 && failed === 0) throw new Error(`jest ended with ${status}, though no test failed`)
  const seconds = Math.round((performance.now() - start) / 1000)
  return { passed: numPassedTests, failed, skipped: numPendingTests, seconds }
}
