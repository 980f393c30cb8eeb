// The suite in workerd, as what `workerd test` calls.
import { runSuite } from './suite.mjs'

const unhandled = []
addEventListener('unhandledrejection', ({ reason }) => unhandled.push(String(reason)))

export const suite = {
  async test(_, { SETTINGS: settings }) {
    console.log(JSON.stringify({ outcomes: await runSuite(settings), unhandled }))
  },
}
