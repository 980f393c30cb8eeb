import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

export const packages = readdirSync(`${root}packages`)
  .map((dir) => ({ dir, path: `${root}packages/${dir}` }))
  .filter(({ path }) => existsSync(`${path}/package.json`))
  .map((pkg) => ({ ...pkg, manifest: JSON.parse(readFileSync(`${pkg.path}/package.json`, 'utf8')) }))

export const publishable = packages.filter(({ manifest }) => !manifest.private)

/** What the entries of a package lead to, in Node and elsewhere: objects of conditions. */
export function targets({ manifest }) {
  return Object.values(manifest.exports)
    .filter((target) => typeof target === 'object')
    .flatMap(({ node, ...elsewhere }) => (node ? [node, elsewhere] : [elsewhere]))
}

/** The entry files of a package by name: `{ index: 'src/index.ts', node: 'src/node.ts' }`. */
export function entries(pkg) {
  const sources = targets(pkg).map((target) => target['@graphlinks/source'])
  return Object.fromEntries(sources.map((source) => [/^\.\/src\/(.+)\.ts$/.exec(source)[1], source.slice(2)]))
}
