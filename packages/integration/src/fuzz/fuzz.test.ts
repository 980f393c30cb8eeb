import fc from 'fast-check'
import { readCorpus } from './corpus.ts'
import { runTarget } from './target.ts'
import { fuzzTargets } from './targets.ts'

describe.each(fuzzTargets(__dirname).map((target) => [target.name, target] as const))('fuzzing: %s', (name, target) => {
  test('every sample of the corpus', async () => {
    for (const { why, input } of readCorpus(__dirname, name)) {
      await runTarget(target, input).catch((error: unknown) => {
        throw new Error(`${why}: ${String(error)}`, { cause: error })
      })
    }
  })

  // More of them, for as long as you like: npm run fuzz
  test('some inputs that nobody thought of', async () => {
    await fc.assert(
      fc.asyncProperty(target.input, (input) => runTarget(target, input)),
      { numRuns: 40 },
    )
  })
})
