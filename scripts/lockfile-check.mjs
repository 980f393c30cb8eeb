// A lockfile that lacks another platform's binaries installs here and fails there; npm says "Missing" even in a dry run.
import { npm } from './npm.mjs'

const { stdout, stderr, status } = npm(['ci', '--dry-run', '--ignore-scripts'], { stdio: 'pipe' })
const output = stdout + stderr
const missing = output.split('\n').filter((line) => line.includes('Missing:'))
if (status !== 0 || missing.length > 0) {
  console.error(missing.join('\n') || output)
  process.exitCode = 1
} else {
  console.log('package-lock.json is complete')
}
