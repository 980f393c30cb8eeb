// Fails a test file that leaves sockets, servers, timers or processes open, or that has an unhandled rejection after
// its last test (Jest itself fails the earlier ones). It is an environment, not a set-up file, because it has to look
// after the file's own afterAll hooks have run.
import { setTimeout } from 'node:timers/promises'
import { TestEnvironment } from 'jest-environment-node'

const watched = /^(TCP|TLS|UDP|Pipe|Process|Timeout|Worker|MessagePort)/i
// Node's own WebSocket, closed while it was connecting, connects once more, and leaves that for four seconds.
const graceMs = 6_000
const pollMs = 10

// The streams of a worker process are pipes that Node opens on first use: open them before anything is compared.
void [process.stdin, process.stdout, process.stderr]

const openHandles = () => process.getActiveResourcesInfo().filter((name) => watched.test(name))

function openedSince(before) {
  const rest = [...before]
  return openHandles().filter((name) => {
    const index = rest.indexOf(name)
    if (index >= 0) rest.splice(index, 1)
    return index < 0
  })
}

export default class extends TestEnvironment {
  before = openHandles()
  finished = false
  lateRejections = new Map()

  async handleTestEvent(event, state) {
    if (event.name === 'error' && event.promise && this.finished) this.lateRejections.set(event.promise, event.error)
    if (event.name === 'error_handled') this.lateRejections.delete(event.promise)
    if (event.name !== 'run_finish') return

    this.finished = true
    let leaked
    for (let waitedMs = 0; waitedMs < graceMs; waitedMs += pollMs) {
      await setTimeout(pollMs)
      leaked = openedSince(this.before)
      if (leaked.length === 0) break
    }
    if (leaked.length > 0) {
      const error = new Error(`This file left open: ${leaked.join(', ')}`)
      error.stack = error.message // Where the check stands helps nobody.
      state.unhandledErrors.push(error)
    }
    state.unhandledErrors.push(...this.lateRejections.values())
  }
}
