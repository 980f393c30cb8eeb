// The suite in Node, Deno and Bun: <runtime> main.mjs <origin>. The last line of its output is the outcome.
import { runSuite } from './suite.mjs'

void runSuite({ origin: process.argv[2] }).then((outcomes) => {
  // What is bundled as CommonJS has no import.meta.
  const core = import.meta.resolve?.('@graphlinks/core') ?? require.resolve('@graphlinks/core')
  console.log(JSON.stringify({ core, outcomes }))
})
