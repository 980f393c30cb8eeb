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

/** Reads the files of the packages of links with changes. */
function changing(name, change, setup = () => {}) {
  return {
    name,
    setup(build) {
      setup(build)
      build.onLoad({ filter: /-link[\\/]dist[\\/]\w+\.js$/ }, ({ path }) => ({
        contents: change(readFileSync(path, 'utf8'), path),
      }))
    },
  }
}

/** What only developers read, production builds leave out. Where core is not built in, they cannot know. */
function withoutWords(contents) {
  if (!contents.includes(' inDevelopment')) return contents
  return `${contents.replace(/\binDevelopment,?\s*/, '')}\nfunction inDevelopment() {}`
}

/** A package alone, with everything that it loads lazily, in one file. */
async function whole(code) {
  const peers = ['@graphlinks/core', '@graphlinks/http-link', '@graphlinks/http-link/batch']
  const packages = [
    'graphql',
    'cross-fetch',
    'eventsource-parser',
    'isomorphic-ws',
    'tough-cookie',
    '@smithy/signature-v4',
  ]
  const external = [...packages, ...peers].filter((name) => !code.includes(`'${name}'`))
  const { outputFiles } = await bundle(code, { external, plugins: [changing('production', withoutWords)] })
  return gzipped(outputFiles[0])
}

/** Where httpLink asks whether an operation has files or several results, and what a link without these has. */
const questions = [
  [/operation\.kind === "subscription" && settings/, 'false && settings'],
  [/isStream\(response\)/, 'false'],
  [/^const parts = .*/m, ''],
  [/connection\?\.dispose\(\)/, ''],
  [/!mayStream &&/, ''],
  [/^ +const mayStream = .*/m, ''],
  [/!\(variables && mayHaveFiles\([^)]*\)\)/, 'true'],
  // Rules.
  ...['subscriptions', 'isFile', 'takesForms', 'completion', 'incremental'].map((option) => [
    new RegExp(`^ +${option}: .*`, 'gm'),
    '',
  ]),
]

function forPosts(contents, path) {
  if (!path.endsWith('index.js')) return contents
  return questions.reduce((changed, [question, answer]) => {
    if (changed.search(question) < 0) throw new Error(`size: ${question} is not in ${path} any more`)
    return changed.replace(question, answer)
  }, contents)
}

/** Leaves out files that load lazily, and with them what they need of the rest, such as errors. */
const without =
  (filter) =>
  ({ onResolve }) =>
    onResolve({ filter }, ({ path }) => ({ path, external: true }))

/** What the first load has for multipart, server-sent events and uploads, in bytes. */
async function beyondPost(code) {
  // Cookies and signatures go with any request.
  const all = { name: 'all', setup: without(/exchanges\.js$/) }
  const posts = changing('posts', forPosts, without(/(exchanges|streams|singleConnection|formRequest)\.js$/))
  return (await firstLoad(code, { plugins: [all] })) - (await firstLoad(code, { plugins: [posts] }))
}

/** What some code adds to the first load of other code. */
const added = async (code, base) => (await firstLoad(code)) - (await firstLoad(base))

const measures = { firstLoad, whole, beyondPost, added }
const budgets = JSON.parse(readFileSync(`${root}size-budgets.json`, 'utf8'))
const rows = await Promise.all(
  budgets.map(async ({ name, measure = 'firstLoad', code, base, maxBytes }) => ({
    name,
    bytes: await measures[measure](code, base),
    'max bytes': maxBytes,
  })),
)
console.table(rows)
for (const row of rows.filter((row) => row.bytes > row['max bytes'])) {
  console.error(`Over budget: ${row.name} is ${row.bytes} bytes, at most ${row['max bytes']} are allowed`)
  process.exitCode = 1
}
