// Checks what would be published. Arguments name the checks to run (publint, attw, contents); without any, all run.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { npm } from './npm.mjs'
import { packages, publishable, root } from './packages.mjs'

function fail(message) {
  console.error(message)
  process.exitCode = 1
}

/** Names each problem that publint sees, its suggestions too. */
async function checkPublint({ manifest }, { tarball }) {
  const { messages } = await publint({ pack: { tarball: new Uint8Array(readFileSync(tarball)).buffer } })
  for (const message of messages)
    fail(`${manifest.name}: publint: ${formatMessage(message, manifest, { color: false })}`)
}

/** Asks "are the types wrong?" in every mode of module resolution. */
function checkAttw({ manifest }, { tarball }) {
  const attw = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js')
  const { status, stdout } = spawnSync(
    process.execPath,
    [attw, tarball, '--no-summary', '--format=ascii', '--no-color'],
    { encoding: 'utf8' },
  )
  if (status !== 0) fail(`${manifest.name}: attw:\n${stdout}`)
}

function checkContents({ manifest }, { files }) {
  for (const required of ['LICENSE', 'README.md']) {
    if (!files.includes(required)) fail(`${manifest.name}: ${required} is not in the package`)
  }
}

/** All packages have one version: the newest of the changelog. */
function checkVersions() {
  const changelog = readFileSync(`${root}CHANGELOG.md`, 'utf8')
  const newest = /^## \[?(\d+\.\d+\.\d+[^\s\]]*)/m.exec(changelog)?.[1]
  for (const { manifest } of packages) {
    if (manifest.version !== newest)
      fail(`${manifest.name} is ${manifest.version}, but CHANGELOG.md begins with ${newest}`)
  }
}

const checks = { publint: checkPublint, attw: checkAttw, contents: checkContents }
const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(checks)

const folder = mkdtempSync(join(tmpdir(), 'graphlinks-pack-'))
const workspaces = publishable.map(({ manifest }) => `--workspace=${manifest.name}`)
const packed = npm(['pack', '--json', '--ignore-scripts', `--pack-destination=${folder}`, ...workspaces], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
for (const { name, filename, files } of JSON.parse(packed.stdout)) {
  const pkg = publishable.find(({ manifest }) => manifest.name === name)
  const tarball = { tarball: join(folder, filename), files: files.map(({ path }) => path) }
  for (const check of names) await checks[check](pkg, tarball)
}
rmSync(folder, { recursive: true })
if (names.includes('contents')) checkVersions()
if (!process.exitCode) console.log(`${names.join(', ')}: all ${publishable.length} packages are in order`)
