// Publishes all packages of this version, in an order in which each finds those that it needs. Without --publish it does
// all but that. See CONTRIBUTING.md.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { npm } from './npm.mjs'
import { publishable, root } from './packages.mjs'
import { project, versionProblems } from './versions.mjs'

const { values } = parseArgs({
  options: {
    // Publishes, and not only as a trial.
    publish: { type: 'boolean', default: false },
    // CI has passed for this commit: does not check it again.
    checked: { type: 'boolean', default: false },
    // Publishes to this registry, without provenance: for rehearsals.
    registry: { type: 'string' },
  },
})
const { publish, checked, registry } = values
const { version } = project

function refuse(problems) {
  for (const problem of problems) console.error(`Not released: ${problem}`)
  process.exit(1)
}

function git(...args) {
  const { status, stdout, stderr } = spawnSync('git', args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) refuse([`git ${args.join(' ')}: ${stderr}`])
  return stdout.trim()
}

const uncommitted = () => {
  const files = git('status', '--porcelain')
  return files ? [`there is what nobody has committed:\n${files}`] : []
}

/** What is wrong with the changelog: the release must be its newest entry, and nothing may wait for another one. */
function changelogProblems() {
  const changelog = readFileSync(`${root}CHANGELOG.md`, 'utf8')
  return /^## \[Unreleased\]\s+(?!## )\S/m.test(changelog) ? ['CHANGELOG.md has changes under Unreleased'] : []
}

/** What npm needs to sign where the packages come from, without a token that could be stolen. */
function provenanceProblems() {
  const problems = []
  const rule = (holds, sentence) => holds || problems.push(sentence)
  rule(project.repository, 'no manifest says where the repository is: npm run repository -- <url>')
  rule(git('tag', '--points-at', 'HEAD').split('\n').includes(`v${version}`), `this commit has no tag v${version}`)
  rule(
    process.env.ACTIONS_ID_TOKEN_REQUEST_URL,
    'there is no identity to sign with: a job of GitHub Actions with the permission "id-token: write" has one',
  )
  const [major, minor] = npm(['--version'], { stdio: 'pipe' }).stdout.split('.').map(Number)
  rule(major > 11 || (major === 11 && minor >= 6), 'trusted publishing needs npm 11.6')
  return problems
}

/** Each after those that it depends on. */
function inOrder(pkgs) {
  const ordered = []
  const visit = (pkg) => {
    if (ordered.includes(pkg)) return
    const { dependencies, peerDependencies } = pkg.manifest
    for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
      const needed = pkgs.find(({ manifest }) => manifest.name === name)
      if (needed) visit(needed)
    }
    ordered.push(pkg)
  }
  pkgs.forEach(visit)
  return ordered
}

const at = registry ? [`--registry=${registry}`] : []

/** The integrity of a version that the registry has, `undefined` where it has none. */
function publishedIntegrity(name) {
  const { status, stdout } = npm(['view', `${name}@${version}`, 'dist.integrity', '--json', '--prefer-online', ...at], {
    stdio: 'pipe',
  })
  if (status === 0) return stdout.trim() === '' ? undefined : JSON.parse(stdout)
  if (JSON.parse(stdout).error?.code === 'E404') return undefined
  return refuse([`the registry does not say whether it has ${name}: ${stdout}`])
}

/** Publishes what the registry does not have yet, so that it can be run again after a failure. */
function release({ manifest: { name } }, { tarball, integrity }) {
  const published = publish ? publishedIntegrity(name) : undefined
  if (published !== undefined) {
    // Another npm may compress it otherwise.
    const note = published === integrity ? '' : ', not with the same bytes as here: see whether that is right'
    return console.log(`${name}@${version}: published already${note}`)
  }
  const mode = publish ? (registry ? ['--provenance=false'] : ['--provenance']) : ['--dry-run', '--offline']
  // Who asks for no version gets no pre-release.
  const tag = version.includes('-') ? ['--tag=next'] : []
  const args = ['publish', tarball, '--access=public', '--loglevel=error', ...mode, ...tag, ...at]
  const { status, stdout, stderr } = npm(args, { stdio: 'pipe' })
  if (status !== 0)
    refuse([`npm ${args.join(' ')}\n${stdout}${stderr}`, 'run it again to publish the rest, once the cause is gone'])
  console.log(`${name}@${version}: ${publish ? 'published' : 'could be published'}`)
}

const problems = [...uncommitted(), ...versionProblems(), ...changelogProblems()]
if (publish && !registry) problems.push(...provenanceProblems())
if (problems.length > 0) refuse(problems)

const steps = checked
  ? [['run', 'build']]
  : [
      ['run', 'check'],
      ['run', 'test:built'],
    ]
for (const args of steps) if (npm(args).status !== 0) refuse([`npm ${args.join(' ')} failed`])
// Of what is committed, and nothing else.
const changed = uncommitted()
if (changed.length > 0) refuse(changed)

const folder = mkdtempSync(join(tmpdir(), 'graphlinks-release-'))
process.on('exit', () => rmSync(folder, { recursive: true }))
const workspaces = publishable.map(({ manifest }) => `--workspace=${manifest.name}`)
const packed = npm(['pack', '--json', '--ignore-scripts', `--pack-destination=${folder}`, ...workspaces], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
if (packed.status !== 0) refuse(['npm pack failed'])
const tarballs = new Map(
  JSON.parse(packed.stdout).map(({ name, filename, integrity }) => [
    name,
    { tarball: join(folder, filename), integrity },
  ]),
)
for (const pkg of inOrder(publishable)) release(pkg, tarballs.get(pkg.manifest.name))
console.log(
  publish
    ? `Released ${version}: ${publishable.length} packages`
    : `${version} could be released: ${publishable.length} packages. npm run release -- --publish does it`,
)
