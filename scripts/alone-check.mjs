// Installs each package as its README says, into an empty folder and from what would be published, and runs the first
// snippet of the README there. Names of packages (their folders) may be given as arguments.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { transform } from 'esbuild'
import { npm } from './npm.mjs'
import { publishable } from './packages.mjs'
import { startServer } from './snippets-server.mjs'

const timeLimitMs = 120_000
const preload = new URL('snippets-preload.mjs', import.meta.url).href
const env = { ...process.env, GRAPHLINKS_SNIPPETS_PORT: await startServer() }
const folder = mkdtempSync(join(tmpdir(), 'graphlinks-alone-'))

const workspaces = publishable.map(({ manifest }) => `--workspace=${manifest.name}`)
const packed = npm(['pack', '--json', '--ignore-scripts', `--pack-destination=${folder}`, ...workspaces], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
const tarballs = new Map(JSON.parse(packed.stdout).map(({ name, filename }) => [name, join(folder, filename)]))

/** What the first `npm install` of a README installs, ours from the tarballs. */
function installed(readme) {
  const line = /^npm install (.+)$/m.exec(readme)?.[1]
  if (!line) throw new Error('its README has no line that begins with npm install')
  const names = line.replace(/#.*/, '').trim().split(/\s+/)
  return names.filter((name) => !name.startsWith('-')).map((name) => tarballs.get(name) ?? name)
}

/** What of ours a package cannot be without. */
function neededOf({ dependencies, peerDependencies, peerDependenciesMeta = {} }) {
  const names = Object.keys({ ...dependencies, ...peerDependencies })
  return names.filter((name) => tarballs.has(name) && !peerDependenciesMeta[name]?.optional)
}

/** The first `ts` fence, with its hidden set-up. */
function firstSnippet(readme) {
  const [, setup = '', code] = /(?:<!-- setup\n([^]*?)\n-->\n)?```ts\n([^]*?)\n```/.exec(readme) ?? []
  if (code === undefined) throw new Error('its README has no snippet')
  return `${setup}\n${code}\n`
}

/** Runs a command. @throws Error with what it printed, when it fails or takes too long. */
async function run(command, args, cwd) {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: timeLimitMs })
  const output = []
  child.stdout.on('data', (chunk) => output.push(chunk))
  child.stderr.on('data', (chunk) => output.push(chunk))
  const status = await new Promise((resolve) => child.on('close', resolve))
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')}: ${Buffer.concat(output).toString()}`)
}

async function check({ dir, path, manifest }) {
  const readme = readFileSync(`${path}/README.md`, 'utf8')
  const home = join(folder, dir)
  const { code } = await transform(firstSnippet(readme), { loader: 'ts', format: 'esm', target: 'node20' })
  const project = mkdtempSync(`${home}-`)
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'alone', private: true, type: 'module' }))
  writeFileSync(join(project, 'snippet.mjs'), code)
  writeFileSync(join(project, 'loaded.cjs'), `require('${manifest.name}')\nimport('${manifest.name}')\n`)
  const install = (names) => run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...names], project)
  // Beside what it needs of ours, most often core alone, and nothing of what its README adds for the snippet.
  await install([manifest.name, ...neededOf(manifest)].map((name) => tarballs.get(name)))
  await run(process.execPath, ['loaded.cjs'], project)
  await install(installed(readme))
  await run(process.execPath, ['--import', preload, 'snippet.mjs'], project)
}

const chosen = process.argv.slice(2)
const waiting = publishable.filter(({ dir }) => chosen.length === 0 || chosen.includes(dir))
const worker = async () => {
  for (let pkg = waiting.shift(); pkg; pkg = waiting.shift()) {
    try {
      await check(pkg)
      console.log(`${pkg.manifest.name}: installed alone, its snippet runs`)
    } catch (error) {
      console.error(`${pkg.manifest.name}: ${error.message}`)
      process.exitCode = 1
    }
  }
}
await Promise.all([worker(), worker()])
rmSync(folder, { recursive: true })
