// Checks what would be published. Arguments name the checks to run; without any, all of them do.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { inspect, isDeepStrictEqual } from 'node:util'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { npm } from './npm.mjs'
import { publishable, root, targets } from './packages.mjs'
import { project, versionProblems } from './versions.mjs'

function fail(message) {
  console.error(message)
  process.exitCode = 1
}

/** Names each problem that publint sees, its suggestions too. */
async function checkPublint({ manifest }, { tarball }) {
  const { messages } = await publint({ pack: { tarball: new Uint8Array(readFileSync(tarball)).buffer } })
  for (const message of messages)
    fail(`${manifest.name}: publint: ${formatMessage(message, manifest, { color: false })}`)
}

/**
 * Asks "are the types wrong?" in every mode of module resolution. Not by its command, which would load TypeScript for each
 * package anew. What the kinds of problems mean: https://github.com/arethetypeswrong/arethetypeswrong.github.io
 */
async function checkAttw({ manifest }, { tarball }) {
  const found = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(tarball))))
  if (!found.types) fail(`${manifest.name}: attw: it has no types`)
  for (const problem of found.problems ?? []) fail(`${manifest.name}: attw: ${inspect(problem)}`)
}

/** What nobody means to publish, in any file. The folder of this checkout stands for all paths of one machine. */
const secrets = [
  /-----BEGIN [A-Z ]*PRIVATE KEY/,
  /\bnpm_[A-Za-z0-9]{36}\b/,
  /\bgh[pousr]_[A-Za-z0-9]{36}\b/,
  /\b(AKIA|ASIA)[A-Z2-7]{16}\b/,
  /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/,
  /\/\/[^/\s]+\/:_authToken=/,
]

/** The built files that the entries lead to: what they import, and the maps. */
function builtFiles(pkg) {
  const { path } = pkg
  const found = targets(pkg).flatMap((target) =>
    [target['module-sync'], target.import, target.require].flatMap((condition) => Object.values(condition)),
  )
  // The list grows while it is walked.
  for (const file of found) {
    if (!existsSync(`${path}/${file}`)) continue
    const isTypes = /\.d\.c?ts$/.test(file)
    for (const [, imported] of readFileSync(`${path}/${file}`, 'utf8').matchAll(/['"](\.\/[\w-]+\.c?js)['"]/g)) {
      const name = imported.slice(2)
      const next = `./dist/${isTypes ? name.replace(/\.(c?)js$/, '.d.$1ts') : name}`
      if (!found.includes(next)) found.push(next)
    }
    const map = `${file}.map`
    if (!isTypes && !file.endsWith('.map') && !found.includes(map)) found.push(map)
  }
  return [...new Set(found)].map((file) => file.slice(2))
}

/** The sources that are published: the maps and the condition `@graphlinks/source` lead to them. */
const sourceFiles = ({ path }) =>
  readdirSync(`${path}/src`, { recursive: true })
    .map((file) => `src/${file.replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.startsWith('src/fixtures/'))

function checkContents(pkg, { files }) {
  const { path, manifest } = pkg
  const expected = ['LICENSE', 'README.md', 'package.json', ...builtFiles(pkg), ...sourceFiles(pkg)]
  for (const file of expected) if (!files.includes(file)) fail(`${manifest.name}: ${file} is not in the package`)
  for (const file of files) if (!expected.includes(file)) fail(`${manifest.name}: nobody needs ${file}`)
  for (const file of files) {
    const content = readFileSync(`${path}/${file}`, 'utf8')
    const secret = secrets.find((pattern) => pattern.test(content))
    if (secret) fail(`${manifest.name}: ${file} has something like a secret: ${secret}`)
    if (content.includes(root)) fail(`${manifest.name}: ${file} has paths of this machine`)
    for (const source of file.endsWith('.map') ? JSON.parse(content).sources : []) {
      const named = posix.join('dist', source)
      if (!files.includes(named)) fail(`${manifest.name}: ${file} is about ${named}, which is not in the package`)
    }
  }
  if (readFileSync(`${path}/LICENSE`, 'utf8') !== readFileSync(`${root}LICENSE`, 'utf8'))
    fail(`${manifest.name}: its LICENSE is not that of the project`)
}

/** What npm shows of a package, and what it needs to publish it with provenance. */
function checkManifest({ dir, manifest }) {
  const { name, description, keywords = [], publishConfig = {}, peerDependencies = {}, exports } = manifest
  const rule = (holds, sentence) => holds || fail(`${name}: ${sentence}`)
  rule(name === `@graphlinks/${dir}`, `is not named after its folder, ${dir}`)
  rule(description?.length > 20, 'has no description')
  rule(keywords.includes('graphql') && keywords.length > 3, 'has no keywords, with graphql among them')
  for (const field of ['license', 'engines'])
    rule(isDeepStrictEqual(manifest[field], project[field]), `${field} is not that of the project`)
  rule(manifest.type === 'module', 'type is not module')
  rule(manifest.sideEffects === false, 'sideEffects is not false')
  rule(publishConfig.access === 'public' && publishConfig.provenance, 'publishConfig lacks access or provenance')
  rule(exports['./package.json'] === './package.json', 'does not export its package.json')
  for (const script of Object.keys(manifest.scripts ?? {})) fail(`${name}: has a script, ${script}`)
  // A second copy of core in an application would be another one.
  rule(!manifest.dependencies?.['@graphlinks/core'], 'depends on core, instead of asking for it as a peer')
  rule(peerDependencies['@graphlinks/core'] || dir === 'core', 'does not name core as its peer')
  // Where the repository is, the manifest of the project says: npm run repository -- <url>.
  const repository = project.repository && { ...project.repository, directory: `packages/${dir}` }
  rule(isDeepStrictEqual(manifest.repository, repository), 'repository is not that of the project')
}

/** A program for Node has no `lib` of browsers, and may look into the types of packages. One run, as each costs a second. */
function checkTypesInNode() {
  const files = publishable.flatMap(({ path }) =>
    readdirSync(`${path}/dist`)
      // An entry for browsers: it takes an `IDBFactory`.
      .filter((file) => file.endsWith('.d.ts') && file !== 'indexedDbKey.d.ts')
      .map((file) => `${path}/dist/${file}`),
  )
  const options = '--ignoreConfig --noEmit --strict --module nodenext --target es2022 --lib es2022 --types node'
  const tsc = `${root}node_modules/@typescript/native/bin/tsc`
  const { status, stdout } = spawnSync(process.execPath, [tsc, ...options.split(' '), ...files], { encoding: 'utf8' })
  if (status !== 0) fail(`types in a program for Node: ${stdout}`)
}

const checks = { publint: checkPublint, attw: checkAttw, contents: checkContents, manifest: checkManifest }
const names = process.argv.length > 2 ? process.argv.slice(2) : [...Object.keys(checks), 'types']

const folder = mkdtempSync(join(tmpdir(), 'graphlinks-pack-'))
const workspaces = publishable.map(({ manifest }) => `--workspace=${manifest.name}`)
const packed = npm(['pack', '--json', '--ignore-scripts', `--pack-destination=${folder}`, ...workspaces], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
const sizes = []
for (const { name, filename, files, size, unpackedSize } of JSON.parse(packed.stdout)) {
  const pkg = publishable.find(({ manifest }) => manifest.name === name)
  const tarball = { tarball: join(folder, filename), files: files.map(({ path }) => path) }
  for (const check of names) await checks[check]?.(pkg, tarball)
  sizes.push({
    package: name,
    files: files.length,
    kB: Math.round(size / 1000),
    'kB unpacked': Math.round(unpackedSize / 1000),
  })
}
rmSync(folder, { recursive: true })
if (names.includes('contents')) console.table(sizes)
if (names.includes('manifest')) versionProblems().forEach(fail)
if (names.includes('types')) checkTypesInNode()
if (!process.exitCode) console.log(`${names.join(', ')}: all ${publishable.length} packages are in order`)
