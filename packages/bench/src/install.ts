import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { median, type Part, type Row } from './outcome.ts'
import { inTurn, roundsWithin, type Rounds } from './rounds.ts'

/** What its documentation has one install, and what an application with a query imports. */
interface Contestant {
  readonly install: readonly string[]
  readonly imports: readonly string[]
}

const contestants: Readonly<Record<string, Contestant>> = {
  graphlinks: {
    install: ['@graphlinks/core', '@graphlinks/http-link', 'graphql'],
    imports: ['@graphlinks/core', '@graphlinks/http-link'],
  },
  'graphlinks with wsLink and retryLink': {
    install: ['@graphlinks/core', '@graphlinks/http-link', '@graphlinks/ws-link', '@graphlinks/retry-link', 'graphql'],
    imports: ['@graphlinks/core', '@graphlinks/http-link', '@graphlinks/ws-link', '@graphlinks/retry-link'],
  },
  'Apollo Client': {
    install: ['@apollo/client', 'graphql', 'rxjs'],
    imports: ['@apollo/client', '@apollo/client/link/context'],
  },
  'urql, core': { install: ['@urql/core', 'graphql'], imports: ['@urql/core'] },
  'urql, core and exchange-auth': {
    install: ['@urql/core', '@urql/exchange-auth', 'graphql'],
    imports: ['@urql/core', '@urql/exchange-auth'],
  },
  'graphql-request': { install: ['graphql-request', 'graphql'], imports: ['graphql-request'] },
  'react-relay-network-modern': {
    install: ['react-relay-network-modern', 'relay-runtime'],
    imports: ['react-relay-network-modern'],
  },
  'tRPC client': { install: ['@trpc/client', '@trpc/server'], imports: ['@trpc/client'] },
  'graphql-ws': { install: ['graphql-ws', 'graphql'], imports: ['graphql-ws'] },
  ws: { install: ['ws'], imports: ['ws'] },
  undici: { install: ['undici'], imports: ['undici'] },
}
const names = Object.keys(contestants)
const rounds: Rounds = { least: 3, most: 15, budgetMs: 40_000 }
const here = dirname(dirname(fileURLToPath(import.meta.url)))

export const install: Part = {
  method:
    'The time that `import()` takes in a process that has just started and does nothing else, the median of up to 15' +
    ' processes for each, in turn. And what `npm install` puts into an empty folder: packages and bytes, computed from the packages that' +
    ' are installed here, with all that they depend on, peers included that npm installs by itself; of ours, from what would' +
    ' be published.',
  async run(add) {
    const times = new Map<string, number[]>(names.map((name) => [name, []]))
    for (const round of roundsWithin(rounds)) {
      for (const name of inTurn(names, round)) times.get(name)?.push(importMs(name))
    }
    const own = names[0] ?? ''
    const msOf = (name: string): number => median(times.get(name) ?? [])
    const imports = names.map((contestant) => ({
      contestant,
      measure: 'ms',
      value: msOf(contestant),
      ratios: { graphlinks: msOf(contestant) / msOf(own) },
    }))
    add({ title: 'import in a new process', rows: imports, chart: { name: 'import', measures: ['ms'] } })

    const rows = names.flatMap((contestant): Row[] => {
      const packages = closureOf(contestants[contestant]?.install ?? [])
      const bytes = [...packages.values()].reduce((sum, size) => sum + size, 0)
      return [
        { contestant, measure: 'packages', value: packages.size },
        { contestant, measure: 'kB', value: bytes / 1e3 },
      ]
    })
    add({ title: 'installed', rows, chart: { name: 'install', measures: ['kB'] } })
    return []
  },
}

/** How long a new process imports. */
function importMs(name: string): number {
  const imports = (contestants[name]?.imports ?? []).map((each) => `import(${JSON.stringify(each)})`)
  const code = `const start = performance.now()
    await Promise.all([${imports.join(', ')}])
    process.stdout.write(String(performance.now() - start))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: here,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  const ms = Number.parseFloat(stdout)
  if (!(ms > 0)) throw new Error(`${name} could not be imported: ${stderr}`)
  return ms
}

interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

/** The folders of some packages and of all that npm installs with them, and their bytes. */
function closureOf(wanted: readonly string[]): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>()
  const visit = (name: string, from: string, isOptional = false): void => {
    const folder = folderOf(name, from)
    if (folder === undefined) {
      if (isOptional) return
      throw new Error(`${name}, which ${from} needs, is not installed`)
    }
    if (sizes.has(folder)) return
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
    sizes.set(folder, folder.includes('node_modules') ? bytesIn(folder) : publishedBytes(folder))
    for (const dependency of Object.keys(manifest.dependencies ?? {})) visit(dependency, folder)
    for (const dependency of Object.keys(manifest.optionalDependencies ?? {})) visit(dependency, folder, true)
    for (const peer of Object.keys(manifest.peerDependencies ?? {})) {
      if (!manifest.peerDependenciesMeta?.[peer]?.optional) visit(peer, folder)
    }
  }
  for (const name of wanted) visit(name, here)
  return sizes
}

/** Where Node would find it. */
function folderOf(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name)
    if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate)
    if (folder === dirname(folder)) return undefined
  }
}

/** Without the packages within. */
function bytesIn(folder: string): number {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.name !== 'node_modules')
    .map((entry) => join(folder, entry.name))
    .reduce((sum, path) => {
      const stats = statSync(path)
      return sum + (stats.isDirectory() ? bytesIn(path) : stats.size)
    }, 0)
}

function publishedBytes(folder: string): number {
  const npm = process.env['npm_execpath']
  if (!npm) throw new Error('start this by npm run bench')
  const output = execFileSync(process.execPath, [npm, 'pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [packed] = Object.values(JSON.parse(output) as Readonly<Record<string, { readonly unpackedSize: number }>>)
  if (!packed) throw new Error(`npm says nothing about ${folder}`)
  return packed.unpackedSize
}
