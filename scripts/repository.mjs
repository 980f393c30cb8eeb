// Writes where the repository is into all manifests: npm run repository -- https://github.com/owner/name. npm refuses
// provenance without it, and shows the links of the READMEs by it.
import { readFileSync, writeFileSync } from 'node:fs'
import { packages, root } from './packages.mjs'

const [address] = process.argv.slice(2)
if (!/^https:\/\/[^/\s]+(\/[\w.-]+){2,}$/.test(address ?? ''))
  throw new Error('Usage: npm run repository -- https://github.com/owner/name')
const repository = { type: 'git', url: `git+${address.replace(/\.git$/, '')}.git` }

for (const dir of ['', ...packages.filter(({ manifest }) => !manifest.private).map(({ dir }) => `packages/${dir}`)]) {
  const path = `${root}${dir && `${dir}/`}package.json`
  const manifest = JSON.parse(readFileSync(path, 'utf8'))
  manifest.repository = dir ? { ...repository, directory: dir } : repository
  writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`)
}
