import { createOperation } from '@graphlinks/core'
import { Run } from './run.ts'
import { Runs } from './runs.ts'

const started = (runs: Runs, text: string): void => {
  const query = 'mutation M($text: String) { send(text: $text) }'
  const operation = createOperation({ document: query, variables: { text } })
  const size = query.length + text.length
  const run = new Run({ operation, query, size, createAssembler: undefined, maxQueuedResults: 1, overflow: 'error' })
  runs.add(run)
  runs.start(run, 0)
  runs.delete(run)
  run.complete()
}

test('variables of what is over are remembered for errors: the last 1,000, and never large ones', () => {
  const runs = new Runs()
  started(runs, 'x'.repeat(1_000_000))
  expect(runs.variables).toEqual([])
  for (let number = 0; number < 1_500; number++) started(runs, String(number))
  expect(runs.variables).toHaveLength(1_000)
  expect(runs.variables.at(-1)).toEqual({ text: '1499' })
  expect([runs.size, [...runs], [...runs.waiting]]).toEqual([0, [], []])
})
