import { strictEqual } from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build, type BuildOptions } from 'esbuild'
import { WebSocket } from 'ws'
import { startApart } from './apart.ts'
import type { Connect } from './bundle/app.ts'
import { startServer } from './bundle/server.ts'
import { atMost, type Part, type Row } from './outcome.ts'

const contestants = {
  floor: 'fetch and graphql-ws by hand',
  graphlinks: 'graphlinks',
  apollo: 'Apollo Client, its cache included',
  urql: 'urql, no cache',
  graphqlRequest: 'graphql-request',
  relay: 'react-relay-network-modern, no store',
}
const apps = {
  query: 'a query with a bearer token',
  refresh: 'and refresh and retry',
  subscriptions: 'and subscriptions',
}
type Name = keyof typeof contestants
type App = keyof typeof apps
const names = Object.keys(contestants) as Name[]
const appNames = Object.keys(apps) as App[]

const measures = {
  first: 'first load, B',
  all: 'all, B',
  firstWithout: 'first load without graphql, B',
  allWithout: 'all without graphql, B',
}
const boundMs = 20_000

export const bundle: Part = {
  method:
    'Three applications, each written for each client as its documentation has it, bundled for browsers by esbuild, minified,' +
    ' and compressed by gzip. `graphql` is in the bundle of everybody whose code imports it; the last columns leave it out' +
    ' for all. The first load is what runs before anything is asked, all is with what loads lazily; and each bundle is' +
    ' run against a server that refuses, fails and sends events, and must do what its application is for.',
  answer: prove,
  async run(add) {
    const firsts: Row[] = []
    for (const app of appNames) {
      const rows = (await Promise.all(names.map((name) => rowsOf(name, app)))).flat()
      firsts.push(
        ...rows.filter(({ measure }) => measure === measures.first).map((row) => ({ ...row, measure: apps[app] })),
      )
      add({ title: apps[app], rows })
    }
    add({
      title: 'first load of the three, B',
      rows: firsts,
      chart: { name: 'bundle', measures: Object.values(apps) },
    })
    await Promise.all(names.map(proveAll))

    const own = firsts.find(
      ({ contestant, measure }) => contestant === contestants.graphlinks && measure === apps.query,
    )
    return [atMost('graphlinks, a query with a bearer token: first load in bytes', Number(own?.value), 5_000)]
  },
}

async function rowsOf(name: Name, app: App): Promise<Row[]> {
  const { first, all } = await sizesOf(name, app, [])
  const without = await sizesOf(name, app, ['graphql'])
  return [
    { contestant: contestants[name], measure: measures.first, value: first },
    { contestant: contestants[name], measure: measures.all, value: all },
    { contestant: contestants[name], measure: measures.firstWithout, value: without.first },
    { contestant: contestants[name], measure: measures.allWithout, value: without.all },
  ]
}

function options(name: Name, app: App): BuildOptions {
  return {
    entryPoints: [fileURLToPath(new URL(`../src/bundle/${name}/${app}.ts`, import.meta.url))],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    // Apollo has files of its own for production.
    conditions: ['module', 'production'],
    define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
    logLevel: 'warning',
  }
}

async function sizesOf(name: Name, app: App, external: string[]): Promise<{ first: number; all: number }> {
  const { metafile, outputFiles } = await build({
    ...options(name, app),
    external,
    splitting: true,
    metafile: true,
    write: false,
    outdir: 'out',
  })
  const sizes = new Map(outputFiles.map(({ path, contents }) => [path, gzipSync(contents, { level: 9 }).length]))
  const sizeOf = (chunk: string): number =>
    [...sizes].find(([path]) => path.replaceAll('\\', '/').endsWith(`/${chunk}`))?.[1] ?? NaN
  const chunks = Object.entries(metafile.outputs).flatMap(([path, { entryPoint }]) =>
    entryPoint?.endsWith(`${name}/${app}.ts`) ? [path] : [],
  )
  // It grows while it is walked, so that this visits what the chunks import in turn.
  for (const chunk of chunks) {
    for (const { kind, external: isExternal, path } of metafile.outputs[chunk]?.imports ?? []) {
      if (kind === 'import-statement' && !isExternal && !chunks.includes(path)) chunks.push(path)
    }
  }
  return {
    first: chunks.reduce((sum, chunk) => sum + sizeOf(chunk), 0),
    all: [...sizes.values()].reduce((sum, size) => sum + size, 0),
  }
}

/** What a bundle is to be run for. */
interface Proof {
  readonly name: Name
  readonly app: App
}

/** Runs the bundles of a contestant, in a process that ends with whatever they would still do. */
async function proveAll(name: Name): Promise<void> {
  const apart = startApart('bundle')
  try {
    for (const app of appNames) await apart.ask({ name, app } satisfies Proof)
  } finally {
    await apart.end()
  }
}

/** Runs a bundle, so that nobody is small by doing less. */
async function prove({ name, app }: Proof): Promise<string> {
  const folder = fileURLToPath(new URL('../.run/bundle/', import.meta.url))
  mkdirSync(folder, { recursive: true })
  const outfile = `${folder}${name}-${app}.mjs`
  await build({ ...options(name, app), outfile })
  const { connect } = (await import(pathToFileURL(outfile).href)) as { connect: Connect }
  // In Node 20 there is none, and in browsers there is.
  Object.assign(globalThis, { WebSocket })
  const isExpired = app !== 'query'
  const { settings, renewals } = await startServer({ isExpired })
  const what = `${contestants[name]}, ${apps[app]}`
  const { viewer, listen } = connect(settings)
  strictEqual(await inTime(viewer(), what), 'Ada', what)
  strictEqual(renewals(), isExpired ? 1 : 0, `${what}: renewals`)
  if (app === 'subscriptions') {
    strictEqual(await inTime(new Promise<string>((resolve) => listen?.(resolve)), what), 'hello', what)
  }
  return what
}

async function inTime<Value>(promise: Promise<Value>, what: string): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${boundMs} ms`)), boundMs)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
