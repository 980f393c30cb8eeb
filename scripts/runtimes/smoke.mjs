// Runs the suite in a runtime, beside a server that nobody else talks to.
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'
import { root } from '../packages.mjs'
import { folder } from './installed.mjs'

const here = `${root}scripts/runtimes`
const timeLimitMs = 180_000
// After the last scenario.
const endLimitMs = 10_000

/** What a runtime has no means for, by scenario, in the words of the error. */
const cannot = {
  workerd: { 'cookie login; subscription over WebSocket': 'the WebSocket of this platform sends no headers' },
}

const ways = {
  Deno: (path, { origin }) => inProcess(path, denoArguments, origin, 'dist/index.js'),
  Bun: (path, { origin }) => inProcess(path, ['--no-install', `${here}/main.mjs`], origin, 'dist/index.js'),
  workerd: inWorkerd,
  Chromium: inChromium,
}

/** Two for any Node. */
const nodeWays = [(path, { origin }) => inProcess(path, [`${here}/main.mjs`], origin, 'dist/index.js'), asCommonJs]

/**
 * @returns the outcome of each scenario, of Node once for ES modules and once for CommonJS. @throws Error where there is
 * none, or where the runtime is left with something: a process that does not end, a rejection that nobody handled.
 */
export async function smoke(name, path) {
  const outcomes = []
  for (const way of name in ways ? [ways[name]] : nodeWays) {
    const server = await startServer()
    try {
      outcomes.push(...(await way(path, server)))
    } finally {
      server.child.kill()
    }
  }
  return outcomes
}

async function startServer() {
  const child = fork(`${root}packages/integration/src/servers/serve.mjs`, ['everything'], { execArgv: [] })
  const url = await new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message.url))
    child.once('exit', () => reject(new Error('the server ended')))
  })
  return { child, origin: new URL(url).origin }
}

const denoArguments = [
  'run',
  '--no-remote',
  '--node-modules-dir=manual',
  '--allow-net=127.0.0.1',
  '--allow-read',
  '--allow-env',
  `${here}/main.mjs`,
]

/** In the folder of the repository, so that packages are found, and with `require` in place of imports. */
async function asCommonJs(path, { origin }) {
  const file = `${folder}/main.cjs`
  await bundle('main.mjs', file, { format: 'cjs', platform: 'node', packages: 'external', logLevel: 'error' })
  // Otherwise it takes the ES modules for `require`, too: the export condition `module-sync`.
  return inProcess(path, ['--no-experimental-require-module', file], origin, 'dist/index.cjs')
}

/** What is bundled must be what was built. */
async function bundle(entry, outfile, options) {
  const { metafile } = await build({
    entryPoints: [`${here}/${entry}`],
    outfile,
    bundle: true,
    target: 'es2022',
    metafile: true,
    logLevel: 'warning',
    absWorkingDir: root,
    ...options,
  })
  if (options.packages !== 'external') checkBuilt('packages/core/dist/index.js', Object.keys(metafile.inputs))
}

function checkBuilt(expected, files) {
  const ours = files.filter((file) => /packages\/[\w-]+\/(src|dist)\//.test(file))
  const wrong = ours.filter((file) => file.includes('/src/'))
  if (!ours.some((file) => file.endsWith(expected)) || wrong.length > 0)
    throw new Error(`it has not ${expected}, but ${wrong[0] ?? files[0]}`)
}

async function inProcess(path, args, origin, expected) {
  const { core, outcomes } = await run(path, [...args, origin])
  checkBuilt(`packages/core/${expected}`, [core])
  return outcomes
}

/** Runs a command whose output has one line of JSON. @returns that line. */
async function run(path, args, options) {
  const env = { ...process.env, DENO_NO_UPDATE_CHECK: '1', DENO_DIR: `${folder}/deno-cache`, DO_NOT_TRACK: '1' }
  const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: timeLimitMs, env, ...options })
  let output = ''
  let errors = ''
  let line
  let timer
  child.stderr.on('data', (chunk) => (errors += chunk))
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk
    line ??= /^\{.*\}\n/m.exec(output)?.[0]
    if (line) timer ??= setTimeout(() => child.kill(), endLimitMs)
  })
  const [status, signal] = await once(child, 'close')
  clearTimeout(timer)
  if (status === 0 && line) return JSON.parse(line)
  const what =
    line && signal ? `it was still there ${endLimitMs} ms after the last scenario` : `it ended with ${status ?? signal}`
  throw new Error(`${what}: ${(output + errors).trim()}`)
}

async function inWorkerd(path, { origin }) {
  const home = mkdtempSync(join(tmpdir(), 'graphlinks-workerd-'))
  try {
    await bundle('worker.mjs', join(home, 'worker.js'), {
      format: 'esm',
      platform: 'browser',
      conditions: ['workerd', 'worker', 'browser'],
    })
    const settings = { origin, cannot: cannot.workerd }
    writeFileSync(join(home, 'config.capnp'), workerdConfig(JSON.stringify(settings)))
    const { outcomes, unhandled } = await run(path, ['test', 'config.capnp'], { cwd: home })
    if (unhandled.length > 0) throw new Error(`rejections that nobody handled: ${unhandled.join('; ')}`)
    return outcomes
  } finally {
    rmSync(home, { recursive: true })
  }
}

const workerdConfig = (settings) => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "suite", worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js")],
      compatibilityDate = "2026-11-01",
      bindings = [(name = "SETTINGS", json = ${JSON.stringify(settings)})],
      globalOutbound = "loopback",
    )),
    (name = "loopback", network = (allow = ["127.0.0.1/32"])),
  ],
);
`

const chromiumFlags = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Whatever it wants to tell its maker.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
]

async function inChromium(path, { origin, child }) {
  const home = mkdtempSync(join(tmpdir(), 'graphlinks-chromium-'))
  const script = join(home, 'suite.js')
  let browser
  try {
    await bundle('page.mjs', script, { format: 'iife', platform: 'browser' })
    const type = (name) => ({ 'content-type': `${name}; charset=utf-8` })
    child.send({
      pages: {
        '/page': {
          headers: type('text/html'),
          body: '<!doctype html><title>suite</title><script src="/suite.js"></script>',
        },
        '/suite.js': { headers: type('text/javascript'), body: readFileSync(script, 'utf8') },
      },
    })
    await new Promise((resolve) => child.on('message', (message) => message === 'told' && resolve()))
    const env = { ...process.env, HOME: home }
    browser = await chromium.launch({ executablePath: path, args: chromiumFlags, chromiumSandbox: false, env })
    const page = await browser.newPage()
    const unhandled = []
    page.on('pageerror', (error) => unhandled.push(String(error)))
    await page.goto(`${origin}/page`)
    const outcomes = await page.evaluate('runSuite()')
    if (unhandled.length > 0) throw new Error(`errors that nobody handled: ${unhandled.join('; ')}`)
    return outcomes
  } finally {
    await browser?.close()
    rmSync(home, { recursive: true })
  }
}
