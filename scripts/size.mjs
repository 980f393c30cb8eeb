// Checks the bundle sizes of size-budgets.json, minified and gzipped. The `graphql` peer doesn't count.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { root } from './packages.mjs'

const bundle = (code, options) =>
  build({
    stdin: { contents: code, resolveDir: root },
    absWorkingDir: root,
    outdir: 'out',
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    define: { 'process.env.NODE_ENV': '"production"' },
    external: ['graphql'],
    metafile: true,
    write: false,
    ...options,
  })

const gzipped = ({ contents }) => gzipSync(contents, { level: 9 }).length

/** What a browser must load before anything runs: chunks behind a dynamic import don't count. */
async function firstLoad(code, options) {
  const { metafile, outputFiles } = await bundle(code, { splitting: true, ...options })
  const chunks = Object.keys(metafile.outputs).filter((path) => metafile.outputs[path].entryPoint === '<stdin>')
  // An array grows while it is walked, so this visits what the chunks import in turn.
  for (const path of chunks) {
    for (const { kind, external, path: imported } of metafile.outputs[path].imports) {
      if (kind === 'import-statement' && !external && !chunks.includes(imported)) chunks.push(imported)
    }
  }
  return chunks
    .map((chunk) => gzipped(outputFiles.find(({ path }) => path.replaceAll('\\', '/').endsWith(`/${chunk}`))))
    .reduce((total, size) => total + size, 0)
}

const others = ['graphql', '@graphlinks/core', 'cross-fetch', 'eventsource-parser']

/** A package alone, with everything that it loads lazily, in one file. */
async function whole(code) {
  const { outputFiles } = await bundle(code, { external: others })
  return gzipped(outputFiles[0])
}

/** Where httpLink asks whether an operation has files or several results, and what a link without these has. */
const questions = {
  'httpLink.ts': [
    [/operation\.kind === 'subscription' && settings/, 'false'],
    [/isStream\(response\)/, 'false'],
    [/const parts = .*/, ''],
    [/connection\?\.dispose\(\)/, ''],
  ],
  'request.ts': [
    [/!mayStream\(query\)/, 'true'],
    [/!hasFiles\([^)]*\)/, 'true'],
  ],
  'fetchTransport.ts': [[/!isOwn && isForm\(request\.body\)/, 'false']],
  // Rules.
  'options.ts': ['subscriptions', 'isFile', 'idleTimeoutMs', 'completion', 'incremental'].map((option) => [
    new RegExp(`^ +${option}[:,].*`, 'gm'),
    '',
  ]),
}

const postOnly = {
  name: 'post-only',
  setup({ onLoad, onResolve }) {
    // What only they need is not there either, such as their errors.
    onResolve({ filter: /(streams|formRequest|singleConnection)\.ts$/ }, ({ path }) => ({ path, external: true }))
    onLoad({ filter: /http-link[\\/]src[\\/]\w+\.ts$/ }, ({ path }) => {
      let contents = readFileSync(path, 'utf8')
      for (const [question, answer] of questions[/\w+\.ts$/.exec(path)[0]] ?? []) {
        if (contents.search(question) < 0) throw new Error(`size: ${question} is not in ${path} any more`)
        contents = contents.replace(question, answer)
      }
      return { contents, loader: 'ts' }
    })
  },
}

/** What the first load has for multipart, server-sent events and uploads, in bytes. From the sources. */
async function beyondPost(code) {
  const options = { external: others, conditions: ['@graphlinks/source'] }
  const [all, post] = await Promise.all([
    firstLoad(code, options),
    firstLoad(code, { ...options, plugins: [postOnly] }),
  ])
  return all - post
}

const measures = { firstLoad, whole, beyondPost }
const budgets = JSON.parse(readFileSync(`${root}size-budgets.json`, 'utf8'))
const rows = await Promise.all(
  budgets.map(async ({ name, measure = 'firstLoad', code, maxBytes }) => ({
    name,
    bytes: await measures[measure](code),
    'max bytes': maxBytes,
  })),
)
console.table(rows)
for (const row of rows.filter((row) => row.bytes > row['max bytes'])) {
  console.error(`Over budget: ${row.name} is ${row.bytes} bytes, at most ${row['max bytes']} are allowed`)
  process.exitCode = 1
}
