// GraphQL Yoga whose executor is that of graphql 17: incremental delivery in format (c).
require('./useGraphql.cjs')('graphql-17')
const { experimentalExecuteIncrementally } = require('graphql')
const { start } = require('./yoga.cjs')

/** Yoga expects one result or an iterable of all. */
async function execute(args) {
  const result = await experimentalExecuteIncrementally(args)
  if (!result.initialResult) return result
  const { initialResult, subsequentResults } = result
  return (async function* results() {
    yield initialResult
    yield* subsequentResults
  })()
}

exports.start = (context) => start(context, [{ onExecute: ({ setExecuteFn }) => setExecuteFn(execute) }])
