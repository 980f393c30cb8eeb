// Checks the bundle sizes of size-budgets.json: what a browser must load, minified and gzipped, before anything runs.
// Chunks behind a dynamic import and the `graphql` peer don't count.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { root } from './packages.mjs'

async function size(code) {
  const { metafile, outputFiles } = await build({
    stdin: { contents: code, resolveDir: root },
    absWorkingDir: root,
    outdir: 'out',
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    define: { 'process.env.NODE_ENV': '"production"' },
    external: ['graphql'],
    metafile: true,
    write: false,
  })
  const chunks = Object.keys(metafile.outputs).filter((path) => metafile.outputs[path].entryPoint === '<stdin>')
  // An array grows while it is walked, so this visits what the chunks import in turn.
  for (const path of chunks) {
    for (const { kind, external, path: imported } of metafile.outputs[path].imports) {
      if (kind === 'import-statement' && !external && !chunks.includes(imported)) chunks.push(imported)
    }
  }
  return chunks
    .map((chunk) => outputFiles.find(({ path }) => path.replaceAll('\\', '/').endsWith(`/${chunk}`)).contents)
    .reduce((total, contents) => total + gzipSync(contents, { level: 9 }).length, 0)
}

const budgets = JSON.parse(readFileSync(`${root}size-budgets.json`, 'utf8'))
const rows = await Promise.all(
  budgets.map(async ({ name, code, maxBytes }) => ({ name, bytes: await size(code), 'max bytes': maxBytes })),
)
console.table(rows)
for (const row of rows.filter((row) => row.bytes > row['max bytes'])) {
  console.error(`Over budget: ${row.name} is ${row.bytes} bytes, at most ${row['max bytes']} are allowed`)
  process.exitCode = 1
}
