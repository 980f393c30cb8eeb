import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { median, type Part, type Row } from './outcome.ts'
import { inTurn, roundsWithin, type Rounds } from './rounds.ts'

const operations = 200
const rounds: Rounds = { least: 2, most: 5, budgetMs: 30_000 }

/** How an application calls each operation, and reads a name from its data. */
interface Contestant {
  readonly name: string
  /** The client, as `client`. */
  readonly setup: string
  /** An expression: the name that an operation gives. */
  readonly call: (document: string, variables: string) => string
}

const documents: Contestant = { name: 'the documents alone', setup: '', call: (document) => `${document}.definitions` }
const graphlinks: Contestant = {
  name: 'graphlinks',
  setup: `import { bearerLink, chain, createClient } from '@graphlinks/core'
import { httpLink } from '@graphlinks/http-link'
const client = createClient({ link: chain(bearerLink('secret-token'), httpLink({ url: 'https://api.example.com' })) })`,
  call: (document, variables) => `(await client.query(${document}, ${variables})).data?.city?.name`,
}
const apollo: Contestant = {
  name: 'Apollo Client',
  setup: `import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client'
const client = new ApolloClient({ link: new HttpLink({ uri: 'https://api.example.com' }), cache: new InMemoryCache() })`,
  call: (query, variables) => `(await client.query({ query: ${query}, variables: ${variables} })).data?.city?.name`,
}
const urql: Contestant = {
  name: 'urql',
  setup: `import { Client, fetchExchange } from '@urql/core'
const client = new Client({ url: 'https://api.example.com', exchanges: [fetchExchange], preferGetMethod: false })`,
  call: (document, variables) => `(await client.query(${document}, ${variables}).toPromise()).data?.city?.name`,
}
const graphqlRequest: Contestant = {
  name: 'graphql-request',
  setup: `import { GraphQLClient } from 'graphql-request'
const client = new GraphQLClient('https://api.example.com')`,
  call: (document, variables) => `(await client.request(${document}, ${variables})).city?.name`,
}
const contestants = [documents, graphlinks, apollo, urql, graphqlRequest]

const bin = fileURLToPath(new URL('../../../node_modules/.bin/', import.meta.url))
const compilers = { 'TypeScript 7': 'tsc', 'TypeScript 6': 'tsc6' }

/** What the compiler says of itself. */
interface Diagnostics {
  readonly instantiations: number
  readonly types: number
  readonly checkMs: number
}

export const types: Part = {
  method:
    `A program with ${operations} operations, each a \`TypedDocumentNode\` with types of its own, called with its variables and` +
    ' read from its data; a call that lacks its variable must be an error. The compilers say how many types they had to' +
    ' instantiate, which is the same on each machine, and how long they checked, the median of up to five runs in turn; what the' +
    ' documents alone cost is the first row, and part of the others.',
  async run(add) {
    for (const contestant of contestants) write(contestant)
    for (const [compiler, command] of Object.entries(compilers)) {
      const runs = new Map<Contestant, Diagnostics[]>(contestants.map((contestant) => [contestant, []]))
      for (const round of roundsWithin(rounds)) {
        for (const contestant of inTurn(contestants, round)) runs.get(contestant)?.push(check(contestant, command))
      }
      const of = (contestant: Contestant, what: keyof Diagnostics): number =>
        median((runs.get(contestant) ?? []).map((run) => run[what]))
      const measures = { instantiations: 'instantiations', types: 'types', checkMs: 'check, ms' } as const
      const rows = contestants.flatMap((contestant) =>
        (Object.keys(measures) as (keyof Diagnostics)[]).map((what): Row => {
          const ratios = { graphlinks: of(contestant, what) / of(graphlinks, what) }
          return { contestant: contestant.name, measure: measures[what], value: of(contestant, what), ratios }
        }),
      )
      const name = `types-${command}`
      add({ title: compiler, rows, chart: { name, measures: [measures.instantiations] } })
    }
    return []
  },
}

const folderOf = ({ name }: Contestant): string =>
  fileURLToPath(new URL(`../.run/types/${name.replaceAll(/\W+/g, '-')}/`, import.meta.url))

/** Writes the program of a contestant. */
function write(contestant: Contestant): void {
  const folder = folderOf(contestant)
  mkdirSync(folder, { recursive: true })
  const numbers = Array.from({ length: operations }, (_, index) => index + 1)
  const definitions = numbers.map(
    (
      n,
    ) => `export interface City${n}Data { readonly city: { readonly id: string; readonly name: string; readonly field${n}: number; readonly twins: readonly { readonly id: string; readonly name: string }[] } | null }
export interface City${n}Variables { readonly id: string; readonly argument${n}?: number | null }
export const City${n} = { kind: 'Document', definitions: [] } as unknown as TypedDocumentNode<City${n}Data, City${n}Variables>`,
  )
  const head = `import type { TypedDocumentNode } from '@graphql-typed-document-node/core'`
  writeFileSync(`${folder}documents.ts`, [head, ...definitions, ''].join('\n'))
  const calls = numbers.map(
    (n) =>
      `const name${n}: ${contestant === documents ? 'unknown' : 'string | undefined'} = ${contestant.call(`City${n}`, `{ id: '${n}' }`)}`,
  )
  const wrong =
    contestant === documents
      ? []
      : ['// @ts-expect-error the variable is missing', `console.log(${contestant.call('City1', '{}')})`]
  const imports = `import { ${numbers.map((n) => `City${n}`).join(', ')} } from './documents.js'`
  const output = `console.log(${numbers.map((n) => `name${n}`).join(', ')})`
  writeFileSync(
    `${folder}index.ts`,
    [contestant.setup, imports, ...calls, ...wrong, output, ''].filter((line) => line !== '').join('\n'),
  )
  const compilerOptions = {
    target: 'es2022',
    module: 'nodenext',
    lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable', 'esnext.disposable'],
    types: ['node'],
    strict: true,
    skipLibCheck: true,
    noEmit: true,
  }
  writeFileSync(`${folder}tsconfig.json`, JSON.stringify({ compilerOptions, include: ['*.ts'] }))
}

/** Checks the program of a contestant once. */
function check(contestant: Contestant, command: string): Diagnostics {
  const args = ['--project', folderOf(contestant), '--extendedDiagnostics']
  const { status, stdout } = spawnSync(process.execPath, [`${bin}${command}`, ...args], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} of ${contestant.name}: ${stdout.slice(0, 2_000)}`)
  const numberOf = (label: string): number =>
    Number.parseFloat(new RegExp(`^${label}:\\s*([\\d.]+)`, 'm').exec(stdout)?.[1] ?? '')
  const found = {
    instantiations: numberOf('Instantiations'),
    types: numberOf('Types'),
    checkMs: numberOf('Check time') * 1_000,
  }
  if (Object.values(found).some(Number.isNaN)) throw new Error(`${command} says something else: ${stdout}`)
  return found
}
