// Runs before scripts that need the built packages, so that they work in a fresh clone: installs and builds only what
// is not up to date.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { npm } from './npm.mjs'
import { entries, publishable, root } from './packages.mjs'

const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0

function sourceFiles(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => join(folder, name))
}

function step(reason, args) {
  console.log(`ready: ${reason}, running npm ${args.join(' ')}`)
  const { status } = npm(args)
  if (status !== 0) process.exit(status ?? 1)
}

const installed = modified(`${root}node_modules/.package-lock.json`)
if (installed < modified(`${root}package-lock.json`))
  step('dependencies are missing or outdated', ['ci', '--ignore-scripts'])

const inputs = publishable.flatMap(({ path }) => [`${path}/package.json`, ...sourceFiles(`${path}/src`)])
const outputs = publishable.flatMap((pkg) =>
  Object.keys(entries(pkg)).flatMap((name) =>
    ['js', 'cjs', 'd.ts', 'd.cts'].map((extension) => `${pkg.path}/dist/${name}.${extension}`),
  ),
)
const newestInput = Math.max(...[...inputs, `${root}rollup.config.mjs`, `${root}tsconfig.build.json`].map(modified))
const oldestOutput = Math.min(...outputs.map(modified))
if (oldestOutput < newestInput) step('the build is missing or outdated', ['run', 'build', '--silent'])
else console.log('ready: up to date')
