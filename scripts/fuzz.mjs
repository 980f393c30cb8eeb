// Bundles the fuzzer with the sources, which need no build, and runs it: node scripts/fuzz.mjs [seconds] [targets]
import { spawnSync } from 'node:child_process'
import { build } from 'esbuild'
import { root } from './packages.mjs'

const folder = `${root}packages/integration/src/fuzz`
const outfile = `${root}packages/integration/.run/fuzz.cjs`
await build({
  entryPoints: [`${folder}/main.ts`],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  conditions: ['@graphlinks/source'],
  define: { sourceFolder: JSON.stringify(folder) },
  logLevel: 'warning',
})
const { status } = spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], {
  stdio: 'inherit',
})
process.exitCode = status ?? 1
