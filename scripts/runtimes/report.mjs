// What came of the runs: a line for the terminal, and docs/runtimes.md.
import { cpus, release, type } from 'node:os'
import { runtimeNames } from './installed.mjs'

const rest = ({ scenarios }, kind) => scenarios.filter((scenario) => scenario[kind])

export function isFailed({ failure, failed, scenarios = [] }) {
  return failure !== undefined || failed > 0 || scenarios.some((scenario) => scenario.failure)
}

/** One line; of what failed, all that is known. */
export function summaryOf(outcome) {
  const { missing, failure, scenarios, passed, again, failed, skipped, seconds } = outcome
  if (missing) return `skipped, ${missing}`
  if (failure) return `FAILED, ${failure}`
  if (!scenarios)
    return `${passed} passed, ${again} of them at the second try, ${failed} failed, ${skipped} skipped, in ${seconds} s`
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
const list = (title, lines) => (lines.length > 0 ? [`${title}\n\n${lines.map((line) => `- ${line}.`).join('\n')}`] : [])

/** docs/runtimes.md. */
export function pageOf({ smoke, jest }) {
  const runtimes = runtimeNames.map((name) => [name, smoke[name]])
  const scenarios = new Set(runtimes.flatMap(([, outcome]) => (outcome.scenarios ?? []).map(({ name }) => name)))
  const skips = runtimes.flatMap(([runtime, outcome]) =>
    (outcome.scenarios ? rest(outcome, 'skipped') : []).map(({ name, skipped }) => `${runtime}, ${name}: ${skipped}`),
  )
  const all = Object.entries({ smoke, jest }).flatMap(([part, outcomes]) =>
    Object.entries(outcomes).map(([name, outcome]) => ({ ...outcome, what: `${part} in ${name}` })),
  )
  const because = (kind) =>
    all.filter((outcome) => outcome[kind]).map((outcome) => `${outcome.what}: ${oneLine(outcome[kind])}`)

  return `${[
    '# Runtimes',
    `graphlinks runs in Node from 20.19 on, in Deno, Bun, workerd (Cloudflare Workers) and browsers. This page says what was
tried in each, and what came of it; \`npm run test:runtimes -- --write\` tries it again, and writes the page.`,
    '## The built packages',
    `[One suite](../scripts/runtimes/suite.mjs) runs in each, against a real server on this machine: GraphQL Yoga with its
plugins, graphql-ws and express-session. It has core, http-link, ws-link, cookie-jar, persisted-link and logger-link as
they are built, not their sources. A runtime fails, too, where something is left: a process that does not end, or a rejection that nobody
handled.`,
    table(
      ['', ...runtimes.map(([name]) => name)],
      [
        ['version', ...runtimes.map(([, { version = 'skipped' }]) => version)],
        ...Array.from(scenarios, (name) => [name, ...runtimes.map(([, outcome]) => cell(outcome, name))]),
        ['date', ...runtimes.map(([, { date }]) => date)],
      ],
    ),
    ...list('What cannot be there:', skips),
    `How each has the packages:

- Node: each scenario twice. As ES modules; and as CommonJS, with \`--no-experimental-require-module\`, since
  \`require\` takes the ES modules otherwise.
- Deno and Bun: as ES modules from \`node_modules\`. In Deno, with permission for 127.0.0.1 and no other host.
- workerd: in one file, bundled with the conditions \`workerd\`, \`worker\` and \`browser\`; without \`nodejs_compat\`.
- Chromium: in one file, bundled for browsers, in a page of the server.`,
    '## The tests',
    `All tests of the repository, which run from the sources, those that load graphql with both of its majors. \`npm test\` runs them in the Node that is there. Files with a
test that failed run once more, by themselves, since a busy machine lets tests run into their limits of time.`,
    table(
      ['Node', 'passed', 'at the second try', 'failed', 'skipped', 'seconds', 'date'],
      Object.keys(jest)
        .toSorted()
        .map((name) => jest[name])
        .map(({ version = 'skipped', date, ...counts }) => [
          version,
          ...['passed', 'again', 'failed', 'skipped', 'seconds'].map((name) => counts[name] ?? '–'),
          date,
        ]),
    ),
    ...list('What failed as a whole:', because('failure')),
    ...list('What was skipped, since it was not to be had:', because('missing')),
    `The machine: ${type()} ${release()}, ${process.arch}, ${cpus().length} cores (${cpus()[0]?.model.trim()}).`,
    '## What was not tried',
    'React Native, Firefox and Safari.',
  ].join('\n\n')}\n`
}
