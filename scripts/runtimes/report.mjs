// What came of the runs: a line for the terminal, and docs/runtimes.md.
import { cpus, release, type } from 'node:os'

const rest = ({ scenarios }, kind) => scenarios.filter((scenario) => scenario[kind])

export function isFailed({ failure, failed, scenarios = [] }) {
  return failure !== undefined || failed > 0 || scenarios.some((scenario) => scenario.failure)
}

/** One line; of what failed, all that is known. */
export function summaryOf(outcome) {
  const { missing, failure, scenarios, passed, failed, skipped, seconds } = outcome
  if (missing) return `skipped, ${missing}`
  if (failure) return `FAILED, ${failure}`
  if (!scenarios) return `${passed} passed, ${failed} failed, ${skipped} skipped, in ${seconds} s`
  const failures = rest(outcome, 'failure').map(({ name, failure: text }) => `\n  FAILED ${name}: ${text}`)
  const skips = rest(outcome, 'skipped').map(({ name, skipped: reason }) => `\n  skipped ${name}: ${reason}`)
  const counts = `${rest(outcome, 'ok').length} passed, ${failures.length} failed, ${skips.length} skipped`
  return [counts, ...failures, ...skips].join('')
}

const row = (cells) => `| ${cells.join(' | ')} |`
const table = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')

/** Of a scenario that ran twice, both. */
function cell(outcome, name) {
  if (outcome.missing || outcome.failure) return '–'
  const of = outcome.scenarios.filter((scenario) => scenario.name === name)
  if (of.length === 0) return '–'
  if (of.some(({ failure }) => failure)) return '**fails**'
  return of.every(({ ok }) => ok) ? 'yes' : 'no'
}

const oneLine = (text) => text.split('\n')[0].replaceAll('|', '\\|')

const loading = {
  Node: 'each scenario twice: as ES modules; and as CommonJS, with `--no-experimental-require-module`, since `require` takes the ES modules otherwise',
  Deno: 'as ES modules from `node_modules`; its permission for the network is for 127.0.0.1',
  Bun: 'as ES modules from `node_modules`',
  workerd: 'bundled into one file with the conditions `workerd`, `worker` and `browser`; without `nodejs_compat`',
  Chromium: 'bundled into one file for browsers, in a page of the server',
}

export function pageOf({ smoke, jest }) {
  const runtimes = Object.entries(smoke)
  const names = new Set(runtimes.flatMap(([, { scenarios = [] }]) => scenarios.map(({ name }) => name)))
  const skips = runtimes.flatMap(([runtime, { scenarios = [] }]) =>
    scenarios.flatMap(({ name, skipped }) => (skipped ? [`- ${runtime}, ${name}: ${skipped}.`] : [])),
  )
  const missing = Object.entries({ smoke, jest }).flatMap(([part, outcomes]) =>
    Object.entries(outcomes).flatMap(([name, { missing: why }]) =>
      why ? [`- ${part} in ${name}: ${oneLine(why)}.`] : [],
    ),
  )
  const failures = Object.entries({ smoke, jest }).flatMap(([part, outcomes]) =>
    Object.entries(outcomes).flatMap(([name, outcome]) =>
      outcome.failure ? [`- ${part} in ${name}: ${oneLine(outcome.failure)}.`] : [],
    ),
  )
  return `${[
    '# Runtimes',
    `graphlinks runs in Node from 20.19 on, in Deno, Bun, workerd (Cloudflare Workers) and browsers; this page says what was
tried in each, and what came of it. \`npm run test:runtimes -- --write\` runs all of it and writes this page.`,
    '## The built packages',
    `One suite, [\`scripts/runtimes/suite.mjs\`](../scripts/runtimes/suite.mjs), runs in each against a real server on
127.0.0.1: GraphQL Yoga with its plugins, graphql-ws and express-session. It uses core, http-link, ws-link, cookie-jar
and persisted-link as they are built, not their sources. A runtime that is left with something fails, too: a process
that does not end, or a rejection that nobody handled.`,
    table(
      ['', ...runtimes.map(([name]) => name)],
      [...names].map((name) => [name, ...runtimes.map(([, outcome]) => cell(outcome, name))]),
    ),
    skips.length > 0 ? `Not possible:\n\n${skips.join('\n')}` : undefined,
    '| runtime | version | date | how the packages are loaded |\n| --- | --- | --- | --- |\n' +
      runtimes
        .map(([name, { version, date }]) => row([name, version ?? 'skipped', date, loading[name.split(' ')[0]]]))
        .join('\n'),
    '## The tests',
    `All tests of the repository, from the sources. \`npm test\` runs them in Node 20.`,
    table(
      ['Node', 'passed', 'failed', 'skipped', 'seconds', 'date'],
      Object.entries(jest).map(
        ([name, { version, passed = '–', failed = '–', skipped = '–', seconds = '–', date }]) => [
          version ?? `${name.replace('Node ', '')}, skipped`,
          passed,
          failed,
          skipped,
          seconds,
          date,
        ],
      ),
    ),
    failures.length > 0 ? `Failed:\n\n${failures.join('\n')}` : undefined,
    missing.length > 0 ? `Skipped, since it was not to be had:\n\n${missing.join('\n')}` : undefined,
    `Machine: ${type()} ${release()}, ${process.arch}, ${cpus().length} cores (${cpus()[0]?.model.trim()}).`,
    '## What was not tried',
    `React Native, Firefox and Safari. They have the web platform APIs that the suite uses, apart from React Native, whose
\`fetch\` gives no stream: see [httpLink](links/httpLink.md).`,
  ]
    .filter((part) => part !== undefined)
    .join('\n\n')}\n`
}
