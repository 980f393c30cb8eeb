import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { fileURLToPath } from 'node:url'
import { chartOf } from './chart.ts'
import { cellsOf, type Outcome, type Part, type Table } from './outcome.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const charts = `${root}docs/benchmarks/`

const titles: Readonly<Record<string, string>> = {
  kernel: 'Links in memory',
  http: 'Queries over HTTP',
  ws: 'Events over WebSocket',
  stampede: 'A stampede on an expired token',
  multipart: 'Multipart responses',
  bundle: 'Bundles',
  install: 'Installed and imported',
  memory: 'Memory',
  types: 'Type checking',
  threats: 'Threats',
}

/** Whose versions matter. */
const measured = [
  '@apollo/client',
  '@trpc/client',
  '@urql/core',
  '@urql/exchange-auth',
  '@urql/exchange-retry',
  'graphql',
  'graphql-request',
  'graphql-ws',
  'meros',
  'react-relay-network-modern',
  'relay-runtime',
  'rxjs',
  'undici',
  'ws',
  'esbuild',
  '@typescript/native',
  'typescript',
]

/**
 * Writes docs/benchmarks.md, and its charts beside it.
 *
 * @param load - how busy the machine was with other things before the run.
 */
export function writeReport(
  parts: Readonly<Record<string, Part>>,
  outcomes: Readonly<Record<string, Outcome>>,
  load: number,
): void {
  rmSync(charts, { recursive: true, force: true })
  mkdirSync(charts, { recursive: true })
  const sections = Object.entries(parts).map(([name, { method }]) => {
    const { tables, kept } = outcomes[name] ?? { tables: [], kept: [] }
    return [
      `## ${titles[name] ?? name}`,
      `${method}\n\n\`npm run bench -- ${name}\``,
      ...tables.flatMap(sectionOf),
      limitsOf(kept),
    ].join('\n\n')
  })
  const page = [
    '# Benchmarks',
    introduction(),
    conditions(load),
    ...sections,
    ...(outcomes['all'] ? ['## All of it', limitsOf(outcomes['all'].kept)] : []),
  ]
  writeFileSync(`${root}docs/benchmarks.md`, `${page.join('\n\n')}\n`)
  console.log(`\ndocs/benchmarks.md and ${readdirSync(charts).length} charts are written`)
}

function introduction(): string {
  return `What graphlinks costs, beside other clients that do the same work. \`npm run bench\` measures all of it in less than
ten minutes on two cores and writes this page; \`npm run bench -- <part>\` prints one part.

Each contestant is written in the way that its own documentation recommends, and its answers are looked at: one that does less
fails the run. The contestants take turns, in short rounds, so that what disturbs the machine disturbs all of them; given are medians.
Numbers of different machines or runs are not comparable, ratios are. Where we lose, the row stays; where the project promises
a limit, it stands below the tables with whether it was held.`
}

function conditions(load: number): string {
  const [cpu] = cpus()
  const versions = measured.map((name) => `${name} ${versionOf(name)}`)
  const gib = (totalmem() / 2 ** 30).toFixed(0)
  return [
    '## Versions and machine',
    `- ${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node} (V8 ${process.versions.v8}), ${type()} ${release()}`,
    `- ${cpus().length} × ${cpu?.model.trim()}, ${gib} GiB; load average before the run: ${load.toFixed(1)}`,
    `- graphlinks ${versionOf('@graphlinks/core')}`,
    `- ${versions.join(', ')}`,
  ]
    .join('\n')
    .replace('\n- ', '\n\n- ')
}

function versionOf(name: string): string {
  const { version } = JSON.parse(readFileSync(`${root}node_modules/${name}/package.json`, 'utf8')) as {
    version: string
  }
  return version
}

function sectionOf(table: Table): string[] {
  const { headings, lines } = cellsOf(table)
  const [title, ...columns] = headings
  const grid = [
    line(['', ...columns]),
    line(headings.map((_, column) => (column ? '--:' : '---'))),
    ...lines.map(line),
  ].join('\n')
  const heading = `### ${capitalised(title ?? '')}`
  if (!table.chart) return [heading, grid]
  const { name } = table.chart
  writeFileSync(`${charts}${name}.svg`, chartOf(table, table.chart))
  return [heading, `![${capitalised(table.title)}: ${table.chart.measures.join('; ')}](benchmarks/${name}.svg)`, grid]
}

function limitsOf(kept: Outcome['kept']): string {
  return [
    line(['Promised', 'Limit', 'Measured', '']),
    line(['---', '--:', '--:', '---']),
    ...kept.map(({ what, limit, value, holds }) => line([what, limit, value, holds ? 'held' : '**missed**'])),
  ].join('\n')
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
