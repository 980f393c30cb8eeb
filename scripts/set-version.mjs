// Gives all packages a new version: npm run version:set -- 0.2.0, or major, minor or patch. What the changelog has under
// Unreleased becomes the release of today. It only writes files; look at the difference, and commit it.
import { readFileSync, writeFileSync } from 'node:fs'
import { packages, root } from './packages.mjs'
import { project, ranges } from './versions.mjs'

function refuse(reason) {
  console.error(reason)
  process.exit(1)
}

const semver = /^(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/

function nextOf(wanted = '') {
  const [, major, minor, patch, preRelease] = semver.exec(project.version)
  const next = {
    major: `${Number(major) + 1}.0.0`,
    minor: `${major}.${Number(minor) + 1}.0`,
    // The release that a pre-release is for, if it is one.
    patch: `${major}.${minor}.${Number(patch) + (preRelease ? 0 : 1)}`,
  }
  if (Object.hasOwn(next, wanted)) return next[wanted]
  if (semver.test(wanted)) return wanted
  return refuse(`"${wanted}" is no version. Usage: npm run version:set -- 1.2.3 | major | minor | patch`)
}

const [wanted, ...rest] = process.argv.slice(2)
if (rest.length > 0) refuse('One argument is enough: npm run version:set -- 1.2.3 | major | minor | patch')
const version = nextOf(wanted)
if (version === project.version) refuse(`The version is ${version} already`)

const changelogPath = `${root}CHANGELOG.md`
const changelog = readFileSync(changelogPath, 'utf8')
if (changelog.includes(`## [${version}]`)) refuse(`CHANGELOG.md has ${version} already`)
const [heading, changes] = /^## \[Unreleased\]\n([^]*?)(?=^## |$(?![^]))/m.exec(changelog) ?? []
if (!changes?.trim()) refuse('CHANGELOG.md says nothing under "## [Unreleased]": what is it that users get?')

const today = new Date().toISOString().slice(0, 10)
const released = heading.replace('## [Unreleased]', () => `## [${version}] - ${today}`)
writeFileSync(
  changelogPath,
  changelog.replace(heading, () => released),
)

/** The version of a manifest, and those of the project's packages in it. */
function update(manifest) {
  if (manifest.version) manifest.version = version
  for (const [kind, rangeOf] of Object.entries(ranges)) {
    for (const { manifest: other } of packages) {
      if (manifest[kind]?.[other.name]) manifest[kind][other.name] = rangeOf(version)
    }
  }
}

const write = (path, json) => writeFileSync(`${root}${path}`, `${JSON.stringify(json, null, 2)}\n`)

for (const path of ['package.json', ...packages.map(({ dir }) => `packages/${dir}/package.json`)]) {
  const manifest = JSON.parse(readFileSync(`${root}${path}`, 'utf8'))
  update(manifest)
  write(path, manifest)
}

const lock = JSON.parse(readFileSync(`${root}package-lock.json`, 'utf8'))
for (const manifest of [lock, lock.packages[''], ...packages.map(({ dir }) => lock.packages[`packages/${dir}`])]) {
  update(manifest)
}
write('package-lock.json', lock)
console.log(`${project.version} -> ${version}: ${packages.length} packages, package-lock.json and CHANGELOG.md`)
