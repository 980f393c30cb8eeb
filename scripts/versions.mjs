// The version that all packages have: that of the root, which is the newest of CHANGELOG.md.
import { readFileSync } from 'node:fs'
import { packages, root } from './packages.mjs'

export const project = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))

/** Where a manifest names other packages of the project, and how it writes their version there. */
export const ranges = {
  dependencies: (version) => `^${version}`,
  peerDependencies: (version) => `^${version}`,
  // Of the same checkout.
  devDependencies: (version) => version,
}

/** The newest release of the changelog, `undefined` where there is none. */
const newestOf = (changelog) => /^## \[(\d+\.\d+\.\d+[^\]]*)\] - \d{4}-\d{2}-\d{2}$/m.exec(changelog)?.[1]

/** What of versions does not agree, a sentence for each. */
export function versionProblems() {
  const { version } = project
  const problems = []
  const newest = newestOf(readFileSync(`${root}CHANGELOG.md`, 'utf8'))
  if (newest !== version) problems.push(`The project is ${version}, but the newest release of CHANGELOG.md ${newest}`)

  const lock = JSON.parse(readFileSync(`${root}package-lock.json`, 'utf8'))
  const manifests = [
    { name: 'package-lock.json', version: lock.version },
    ...packages.map(({ manifest }) => manifest),
    ...packages.map(({ dir }) => ({ ...lock.packages[`packages/${dir}`], name: `package-lock.json: ${dir}` })),
  ]
  for (const manifest of manifests) {
    if (manifest.version !== version) problems.push(`${manifest.name} is ${manifest.version}, the project ${version}`)
    for (const [kind, rangeOf] of Object.entries(ranges)) {
      for (const [name, range] of Object.entries(manifest[kind] ?? {})) {
        if (!packages.some((pkg) => pkg.manifest.name === name) || range === rangeOf(version)) continue
        problems.push(`${manifest.name}: ${kind} has ${name} ${range}, not ${rangeOf(version)}`)
      }
    }
  }
  return problems
}
