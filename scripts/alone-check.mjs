// Installs each package from what would be published into an empty folder, beside what it needs of ours (most often core
// alone), and runs the snippet of its README there that needs no more; then installs what the README says, and runs its
// first snippet. Names of packages (their folders) may be given as arguments.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { transform } from 'esbuild'
import { npm } from './npm.mjs'
import { publishable } from './packages.mjs'
import { printedBy, shown } from './printed.mjs'
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

/** The `ts` fences, with their hidden set-ups. */
function snippetsOf(text) {
  const fences = text.matchAll(/(?:<!-- setup\n([^]*?)\n-->\n)?```ts\n([^]*?)\n```/g)
  return Array.from(fences, ([, setup = '', code]) => `${setup}\n${code}\n`)
}

/** The first snippet that imports nothing of ours but these. */
function snippetWith(names, text) {
  const needsNoMore = (code) =>
    [...code.matchAll(/ from '(@graphlinks\/[^/']+)/g)].every(([, name]) => names.includes(name))
  const found = snippetsOf(text).find(needsNoMore)
  if (found === undefined)
    throw new Error(`its README has no snippet that imports nothing of ours but ${names.join(', ')}`)
  return found
}

/** Runs a command. @returns what it printed. @throws Error with that, when it fails or takes too long. */
async function run(command, args, cwd) {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: timeLimitMs })
  const output = []
  child.stdout.on('data', (chunk) => output.push(chunk))
  child.stderr.on('data', (chunk) => output.push(chunk))
  const status = await new Promise((resolve) => child.on('close', resolve))
  const printed = Buffer.concat(output).toString()
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')}: ${printed}`)
  return printed.trimEnd()
}

async function check({ dir, path, manifest }) {
  const readme = readFileSync(`${path}/README.md`, 'utf8')
  const needed = [manifest.name, ...neededOf(manifest)]
  const project = mkdtempSync(`${join(folder, dir)}-`)
  const install = (names) => run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...names], project)
  const runSnippet = async (file, snippet) => {
    const { code } = await transform(snippet, { loader: 'ts', format: 'esm', target: 'node20' })
    writeFileSync(join(project, file), code)
    return run(process.execPath, ['--import', preload, file], project)
  }
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'alone', private: true, type: 'module' }))
  writeFileSync(join(project, 'loaded.cjs'), `require('${manifest.name}')\nimport('${manifest.name}')\n`)

  await install(needed.map((name) => tarballs.get(name)))
  await run(process.execPath, ['loaded.cjs'], project)
  // Of others, what its README names: the package is loaded without its optional peers, but may not work without them.
  const ofOthers = installed(readme).filter((name) => !name.startsWith(folder))
  if (ofOthers.length > 0) await install(ofOthers)
  // httpLink, wsLink and the test tools have none: the first snippet of each needs nothing else.
  const [, section] = readme.split(`\n## ${shown}\n`)
  const alone = snippetWith(needed, section ?? readme)
  const printed = await runSnippet('alone.mjs', alone)
  const expected = printedBy(alone)
  if (section && printed !== expected) throw new Error(`its snippet prints\n${printed}\nand says\n${expected}`)

  await install(installed(readme))
  await runSnippet('first.mjs', snippetsOf(readme)[0])
}

const chosen = process.argv.slice(2)
const waiting = publishable.filter(({ dir }) => chosen.length === 0 || chosen.includes(dir))
const worker = async () => {
  for (let pkg = waiting.shift(); pkg; pkg = waiting.shift()) {
    try {
      await check(pkg)
      console.log(`${pkg.manifest.name}: snippets of its README run, beside what it needs and as it says`)
    } catch (error) {
      console.error(`${pkg.manifest.name}: ${error.message}`)
      process.exitCode = 1
    }
  }
}
await Promise.all([worker(), worker()])
rmSync(folder, { recursive: true })
