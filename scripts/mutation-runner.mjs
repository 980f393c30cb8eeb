// Runs the tests of packages/core for StrykerJS, thousands of times over: in one process, with the parts of Jest (its
// circus, expect and mocks), where a run by Jest itself starts anew for each mutant, which takes a second per file.
// As in Jest, each test file has modules of its own, read anew each time; so a mutant of what runs once, when a module
// is loaded, is tested as any other.
import { readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises'
import { jestExpect } from '@jest/expect'
import { PluginKind, declareClassPlugin } from '@stryker-mutator/api/plugin'
import { DryRunStatus, TestStatus, determineHitLimitReached, toMutantRunResult } from '@stryker-mutator/api/test-runner'
import * as circus from 'jest-circus'
import { TestFile } from './mutation-modules.mjs'

const folder = 'packages/core/src'

// Tests that are left out, always or for mutants of other files than those of `but`.
const leftOut = [
  // They take seconds, which each survivor would pay, and try at random what the others of their file test.
  ['auth/sessionModel.test.ts', ''],
  ['auth/sessionMachine.test.ts', 'any sequence of events', { but: /^auth\/session(Machine|State)/ }],
  ['document.test.ts', "K-9 agrees with graphql's parser on every document"],
  ['document.test.ts', 'K-9 an invalid document is left to the server'],
  // It measures time, in which the search for mutants has a part.
  ['document.test.ts', 'is linear'],
  // It counts what is done to each array, and so to those of jest-mock, which are no others here.
  ['stream.test.ts', 'K-7 linear: no array'],
  // Slow, and about one thing.
  ['headers.test.ts', 'every character but visible ASCII', { but: /^(headers|field)/ }],
  ['headers.test.ts', 'a name is an RFC 9110 token', { but: /^(headers|field)/ }],
  ['incremental.test.ts', 'I9 a payload copies', { but: /^incremental/ }],
  ['auth/refresher.test.ts', 'a thousand', { but: /^auth\/waitingLine/ }],
  ['auth/tokenRefreshLink.test.ts', 'a thousand', { but: /^auth\/waitingLine/ }],
  ['auth/tokenRefreshLink.test.ts', 'staggered over', { but: /^auth\/waitingLine/ }],
]
const isLeftOut = (id, mutated) =>
  leftOut.some(([file, title, { but } = {}]) => {
    return id.startsWith(file) && id.includes(title) && !(but && (mutated === undefined || but.test(mutated)))
  })

// What a mutant makes wait for ever is found by its doing nothing for this long, which no test does, and not by a limit
// of time: a busy machine takes long over what is right. What never ends is left to Stryker, which ends the process.
const idleMs = 1_000
const timeoutMs = 300_000

const watched = /^(TCP|TLS|UDP|Pipe|Process|Timeout|Worker|MessagePort)/i
const graceMs = 500

const context = (globalThis.__stryker__ ??= {})

const openHandles = () => process.getActiveResourcesInfo().filter((name) => watched.test(name))

/** What is open that was not, as scripts/jest-environment.mjs looks for it. */
async function leftOpen(before) {
  for (let waitedMs = 0; ; waitedMs += 10) {
    const rest = [...before]
    const leaked = openHandles().filter((name) => {
      const index = rest.indexOf(name)
      if (index >= 0) rest.splice(index, 1)
      return index < 0
    })
    if (leaked.length === 0 || waitedMs >= graceMs) return leaked
    await delay(10)
  }
}

/** What a test gives, or a rejection where nothing happens that it could wait for. */
async function orIdle(outcome) {
  if (typeof outcome?.then !== 'function') return outcome
  let timer
  const idle = new Promise((_, reject) => {
    let before = performance.eventLoopUtilization()
    timer = setInterval(() => {
      const { utilization } = performance.eventLoopUtilization(before)
      if (utilization < 0.01) reject(new Error(`nothing happened for ${idleMs} ms`))
      before = performance.eventLoopUtilization()
    }, idleMs)
  })
  try {
    return await Promise.race([outcome, idle])
  } finally {
    clearInterval(timer)
  }
}

const nameOf = (node) => (node.parent ? `${nameOf(node.parent)} ${node.name}`.trimStart() : '')

class CoreTestRunner {
  current = undefined
  late = []
  unhandled = new Map()

  capabilities() {
    return { reloadEnvironment: true }
  }

  init() {
    this.files = readdirSync(folder, { recursive: true })
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => name.split(sep).join('/'))
      .filter((name) => !isLeftOut(name))
      .toSorted((a, b) => (a < b ? -1 : 1))
    const { test, it, describe, beforeAll, beforeEach, afterAll, afterEach } = circus
    Object.assign(globalThis, { test, it, describe, beforeAll, beforeEach, afterAll, afterEach, expect: jestExpect })
    circus.addEventHandler((event) => this.onEvent(event))
    // What comes when no test runs any more belongs to the last one.
    process.on('uncaughtException', (error) => this.late.push(error))
    // Stryker's listener keeps Node from making such errors of these.
    process.on('unhandledRejection', (error, promise) => this.unhandled.set(promise, error ?? 'undefined'))
    process.on('rejectionHandled', (promise) => this.unhandled.delete(promise))
  }

  async dryRun({ coverageAnalysis }) {
    delete context.mutantCoverage
    const tests = []
    for (const file of this.files) {
      const results = await this.runFile({ file, bail: false })
      if (results.error) return { status: DryRunStatus.Error, errorMessage: `${file}: ${results.error}` }
      tests.push(...results.tests)
    }
    return {
      status: DryRunStatus.Complete,
      tests,
      ...(coverageAnalysis !== 'off' && { mutantCoverage: context.mutantCoverage }),
    }
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, sandboxFileName, mutantActivation, disableBail }) {
    const wanted = testFilter && new Set(testFilter)
    const files = wanted ? this.files.filter((file) => testFilter.some((id) => id.startsWith(`${file} `))) : this.files
    const tests = []
    context.hitCount = hitLimit === undefined ? undefined : 0
    // Stryker allows a hundred times as many as without a mutant, for which a slow loop takes a minute.
    context.hitLimit = hitLimit === undefined ? undefined : Math.ceil(hitLimit / 10)
    const mutated = relative(join(process.cwd(), folder), sandboxFileName).split(sep).join('/')
    for (const file of nearestFirst(files, mutated, testFilter)) {
      const results = await this.runFile({
        file,
        wanted,
        bail: !disableBail,
        mutated,
        mutant: activeMutant.id,
        early: mutantActivation === 'static',
      })
      const timeout = determineHitLimitReached(context.hitCount, context.hitLimit)
      if (timeout) return toMutantRunResult(timeout)
      tests.push(...results.tests)
      if (results.error) tests.push(failed(`${file} loads`, results.error))
      if (!disableBail && tests.some(({ status }) => status === TestStatus.Failed)) break
    }
    return toMutantRunResult({ status: DryRunStatus.Complete, tests }, disableBail)
  }

  /** Runs the tests of one file, which are all, or those of `wanted`. */
  async runFile({ file, wanted, bail, mutated, mutant, early }) {
    const path = join(process.cwd(), folder, file)
    const before = openHandles()
    const environment = { ...process.env }
    const testFile = new TestFile()
    this.unhandled.clear()
    circus.resetState()
    const state = circus.getState()
    state.parentProcess = process
    state.testTimeout = timeoutMs
    const tests = []
    this.current = { file, wanted, bail, mutated, tests, over: false }
    try {
      context.activeMutant = early ? mutant : undefined
      testFile.load(path)
      context.activeMutant = mutant
      await circus.run()
      await turn()
      const failures = [...state.unhandledErrors.flat(), ...this.late.splice(0), ...this.unhandled.values()]
      const failure = failures.find(Boolean)
      if (failure) return { tests, error: describeError(failure) }
    } catch (error) {
      return { tests, error: describeError(error) }
    } finally {
      context.activeMutant = undefined
      context.currentTestId = undefined
      testFile.mocker.restoreAllMocks()
      for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name]
      Object.assign(process.env, environment)
    }
    const passed = tests.every(({ status }) => status !== TestStatus.Failed)
    const leaked = passed ? await leftOpen(before) : []
    return { tests, ...(leaked.length > 0 && { error: `left open: ${leaked.join(', ')}` }) }
  }

  async onEvent(event) {
    const { current } = this
    if (!current) return
    const { test } = event
    if (event.name === 'test_start') {
      const id = `${current.file} ${nameOf(test)}`
      if (current.over || isLeftOut(id, current.mutated) || (current.wanted && !current.wanted.has(id)))
        test.mode = 'skip'
      else {
        context.currentTestId = id
        const { fn } = test
        test.fn = () => orIdle(fn())
      }
      jestExpect.setState({ currentTestName: id, suppressedErrors: [] })
    } else if (event.name === 'test_done') {
      // A rejection is known to be unhandled a turn later.
      await turn()
      context.currentTestId = undefined
      const id = `${current.file} ${nameOf(test)}`
      const error = test.errors.flat().find(Boolean)
      if (error && current.bail) current.over = true
      // Without a file: where a test stands in its own is not known here, and without that Stryker would take it for new.
      current.tests.push({
        id,
        name: id,
        timeSpentMs: test.duration ?? 0,
        ...(error
          ? { status: TestStatus.Failed, failureMessage: describeError(error) }
          : { status: TestStatus.Success }),
      })
    }
  }
}

const failed = (id, failureMessage) => ({ id, name: id, timeSpentMs: 0, status: TestStatus.Failed, failureMessage })

const describeError = (error) => String(error?.stack ?? error).slice(0, 2_000)

/** The test file of the mutated file comes first, then those with the most tests that reach the mutant. */
function nearestFirst(files, mutated, wanted = []) {
  const own = mutated.replace(/\.ts$/, '.test.ts')
  const rank = (file) => (file === own ? Infinity : wanted.filter((id) => id.startsWith(`${file} `)).length)
  const ranks = new Map(files.map((file) => [file, rank(file)]))
  return files.toSorted((a, b) => (ranks.get(a) === ranks.get(b) ? 0 : ranks.get(b) - ranks.get(a)))
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'core', CoreTestRunner)]
