// Compiles and runs the code of the documentation: every `ts` fence of the Markdown files must compile against the
// sources and run to its end in plain Node against the built packages; those of TSDoc comments must compile. Names of
// files may be given as arguments, to check only those.
//
// Lines that a reader need not see stand in a comment directly above the fence: <!-- setup ... -->
//
// What stands under the heading "See it work" must print what its comments say.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { transform } from 'esbuild'
import { packages, root } from './packages.mjs'
import { printedBy, shown } from './printed.mjs'
import { startServer } from './snippets-server.mjs'

const timeLimitMs = 20_000
const folder = `${root}.snippets/`
const preload = new URL('snippets-preload.mjs', import.meta.url).href

const list = (directory, extension) =>
  existsSync(root + directory)
    ? readdirSync(root + directory, { recursive: true })
        .map((name) => `${directory}/${name.replaceAll('\\', '/')}`)
        .filter((name) => name.endsWith(extension) && !name.endsWith('.test.ts'))
    : []

const chosen = process.argv.slice(2)
const only = (files) =>
  files.filter((file) => existsSync(root + file) && (chosen.length === 0 || chosen.includes(file)))
const pages = only(['README.md', ...list('docs', '.md'), ...packages.map(({ dir }) => `packages/${dir}/README.md`)])
const sources = only(packages.flatMap(({ dir }) => list(`packages/${dir}/src`, '.ts')))

/** Takes the fences out of a text. A snippet keeps the line numbers of its file, so that an error names the right one. */
function snippetsOf(file, { runs }) {
  const found = []
  const lines = readFileSync(root + file, 'utf8').split('\n')
  const strip = runs ? (line) => line : (line) => line.replace(/^\s*\* ?/, '')
  let snippet
  let setup = []
  let inSetup = false
  let heading
  lines.forEach((raw, index) => {
    const line = strip(raw)
    if (!snippet && line.startsWith('#')) heading = line.replace(/^#+ /, '')
    if (snippet && line === '```') {
      const { isShown } = snippet
      found.push({ file, name: `${file}:${snippet.line}`, runs, isShown, text: snippet.text.join('\n') })
      snippet = undefined
    } else if (snippet) {
      snippet.text[index] = line
    } else if (inSetup) {
      if (line === '-->') inSetup = false
      else setup[index] = line
    } else if (runs && line === '<!-- setup') {
      inSetup = true
    } else if (line === '```ts' && (runs || raw.trim().startsWith('*'))) {
      snippet = { line: index + 1, text: [...setup], isShown: heading === shown }
      setup = []
    } else if (setup.length > 0) {
      throw new Error(`${file}:${index}: a setup comment belongs directly above a fence`)
    }
  })
  if (snippet || inSetup) throw new Error(`${file}: a fence or a setup comment is not closed`)
  return found
}

function write(path, text) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

/** One run of tsc over everything. @returns what it complains about, by snippet. */
function compile(snippets) {
  const files = snippets.map(({ path }) => path)
  write(`${folder}tsconfig.json`, JSON.stringify({ extends: '../tsconfig.json', files, include: [] }))
  // The export makes a module of a snippet without imports.
  for (const { path, text } of snippets) write(path, `${text}\nexport {}\n`)
  const { stdout, status } = spawnSync(
    process.execPath,
    [`${root}node_modules/@typescript/native/bin/tsc`, '-p', folder],
    {
      cwd: folder,
      encoding: 'utf8',
    },
  )
  const complaints = new Map()
  for (const complaint of stdout.split(/\n(?=\S)/)) {
    const snippet = snippets.find(({ path }) => complaint.startsWith(path.slice(folder.length)))
    if (snippet) complaints.set(snippet, [...(complaints.get(snippet) ?? []), complaint.trimEnd()])
  }
  if (status !== 0 && complaints.size === 0) throw new Error(`tsc failed:\n${stdout}`)
  return complaints
}

/** @returns what went wrong, or undefined. */
async function run({ path, text, file, isShown }) {
  const { code } = await transform(text, {
    loader: 'ts',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    sourcefile: root + file,
  })
  const outfile = path.replace(/\.ts$/, '.mjs')
  write(outfile, code)
  const child = spawn(process.execPath, ['--enable-source-maps', '--import', preload, outfile], { cwd: root, env })
  const output = []
  child.stdout.on('data', (chunk) => output.push(chunk))
  child.stderr.on('data', (chunk) => output.push(chunk))
  const timer = setTimeout(() => child.kill('SIGKILL'), timeLimitMs)
  const [status, signal] = await new Promise((resolve) => child.on('close', (...ended) => resolve(ended)))
  clearTimeout(timer)
  const printed = Buffer.concat(output).toString().trimEnd()
  if (status !== 0) {
    const how = signal ? `did not end within ${timeLimitMs} ms` : `ended with exit code ${status}`
    return `${how}\n${printed}`
  }
  const expected = printedBy(text)
  return isShown && printed !== expected ? `prints\n${printed}\nand says\n${expected}` : undefined
}

rmSync(folder, { recursive: true, force: true })
const snippets = [
  ...pages.flatMap((file) => snippetsOf(file, { runs: true })),
  ...sources.flatMap((file) => snippetsOf(file, { runs: false })),
].map((snippet) => ({ ...snippet, path: join(folder, `${snippet.name.replace(':', '.')}.ts`).replaceAll('\\', '/') }))

const failures = new Map([...compile(snippets)].map(([snippet, complaints]) => [snippet, complaints.join('\n')]))
const env = { ...process.env, GRAPHLINKS_SNIPPETS_PORT: await startServer() }
const waiting = snippets.filter((snippet) => snippet.runs && !failures.has(snippet))
const worker = async () => {
  for (let snippet = waiting.shift(); snippet; snippet = waiting.shift()) {
    const failure = await run(snippet)
    if (failure) failures.set(snippet, failure)
  }
}
await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, worker))

for (const [{ name }, failure] of failures) console.error(`${name}\n  ${failure.replaceAll('\n', '\n  ')}\n`)
const ran = snippets.filter(({ runs }) => runs).length
console.log(
  `snippets: ${snippets.length - failures.size} passed, ${failures.size} failed (${ran} of the pages, run; ${snippets.length - ran} of TSDoc, compiled)`,
)
process.exitCode = failures.size > 0 || snippets.length === 0 ? 1 : 0
