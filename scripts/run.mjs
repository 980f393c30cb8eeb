// Runs a TypeScript file of a workspace in plain Node, against the built packages:
// node scripts/run.mjs <file.ts> [arguments]
import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { build } from 'esbuild'

const [file, ...args] = process.argv.slice(2)
if (file === undefined) throw new Error('Usage: node scripts/run.mjs <file.ts> [arguments]')

// Beside src, so that imports and paths relative to the file mean what they mean in the source.
const outfile = resolve(file).replace(/(.*[/\\])src([/\\].*)\.ts$/, '$1.run$2.mjs')
await build({
  entryPoints: [file],
  outfile,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'warning',
})

const { status } = spawnSync(process.execPath, ['--enable-source-maps', outfile, ...args], { stdio: 'inherit' })
process.exitCode = status ?? 1
